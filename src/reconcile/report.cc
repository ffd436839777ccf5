#include "reconcile/report.h"

#include <fmt/format.h>

#include <array>

#include "base/json.h"

namespace paydesk::reconcile {

namespace {

constexpr std::array all_drifts = {Drift::event_missing, Drift::missing, Drift::differs,
                                   Drift::derived};

std::int64_t number(const json::value& value, std::string_view field) {
    return int_at(value, {field}).value_or(0);
}

json::object to_json(const Counts& counts) {
    json::object object{
        {"checked",    counts.checked   },
        {"repaired",   counts.repaired  },
        {"in_flight",  counts.in_flight },
        {"unowned",    counts.unowned   },
        {"unreadable", counts.unreadable}
    };
    for (const Drift drift : all_drifts) {
        const auto found = counts.drift.find(drift);
        object[to_string(drift)] = found == counts.drift.end() ? 0 : found->second;
    }
    return object;
}

Counts read_counts(const json::value& value) {
    Counts counts{.checked = number(value, "checked"),
                  .drift = {},
                  .repaired = number(value, "repaired"),
                  .in_flight = number(value, "in_flight"),
                  .unowned = number(value, "unowned"),
                  .unreadable = number(value, "unreadable")};
    for (const Drift drift : all_drifts) {
        if (const auto n = number(value, to_string(drift)); n > 0) counts.drift[drift] = n;
    }
    return counts;
}

json::object to_json(const Finding& finding) {
    json::object object{
        {"kind",  finding.kind            },
        {"id",    finding.id              },
        {"drift", to_string(finding.drift)}
    };
    object["account_id"] = finding.account ? json::value(*finding.account) : json::value(nullptr);
    if (!finding.note.empty()) object["note"] = finding.note;
    return object;
}

std::string row(const std::string& kind, const Counts& counts) {
    const auto drift = [&](Drift which) {
        const auto found = counts.drift.find(which);
        return found == counts.drift.end() ? 0 : found->second;
    };
    return fmt::format("  {:<16}{:>9}{:>9}{:>9}{:>10}{:>11}{:>9}\n", kind, counts.checked,
                       drift(Drift::event_missing) + drift(Drift::missing),
                       drift(Drift::differs) + drift(Drift::derived), counts.repaired,
                       counts.in_flight, counts.unowned);
}

}  // namespace

std::string_view to_string(Drift drift) {
    switch (drift) {
        case Drift::event_missing:
            return "event_missing";
        case Drift::missing:
            return "missing";
        case Drift::differs:
            return "differs";
        case Drift::derived:
            return "derived";
    }
    std::unreachable();
}

std::int64_t Counts::drifted() const {
    std::int64_t sum = 0;
    for (const auto& [which, n] : drift) sum += n;
    return sum;
}

void Counts::add(const Counts& more) {
    checked += more.checked;
    for (const auto& [which, n] : more.drift) drift[which] += n;
    repaired += more.repaired;
    in_flight += more.in_flight;
    unowned += more.unowned;
    unreadable += more.unreadable;
}

Counts Report::total() const {
    Counts sum;
    for (const auto& [kind, counts] : kinds) sum.add(counts);
    return sum;
}

void Report::find(Finding finding) {
    const std::string kind = finding.drift == Drift::event_missing ? "event" : finding.kind;
    ++kinds[kind].drift[finding.drift];
    if (findings.size() < findings_max) findings.push_back(std::move(finding));
}

void Report::add(const Report& more) {
    for (const auto& [kind, counts] : more.kinds) kinds[kind].add(counts);
    for (const auto& finding : more.findings) {
        if (findings.size() < findings_max) findings.push_back(finding);
    }
}

json::object Report::to_json() const {
    json::object by_kind;
    for (const auto& [kind, counts] : kinds) by_kind[kind] = reconcile::to_json(counts);
    json::array list;
    for (const auto& finding : findings) list.push_back(reconcile::to_json(finding));
    return {
        {"kinds",    std::move(by_kind)},
        {"findings", std::move(list)   }
    };
}

Report read_report(const json::value& value) {
    Report report;
    if (const auto* kinds = at_path(value, {"kinds"}); kinds != nullptr && kinds->is_object()) {
        for (const auto& [kind, counts] : kinds->get_object()) {
            report.kinds[std::string(kind)] = read_counts(counts);
        }
    }
    if (const auto* list = at_path(value, {"findings"}); list != nullptr && list->is_array()) {
        for (const auto& one : list->get_array()) {
            const auto text = string_at(one, {"drift"}).value_or("");
            for (const Drift drift : all_drifts) {
                if (to_string(drift) != text) continue;
                report.findings.push_back({.kind = string_at(one, {"kind"}).value_or(""),
                                           .id = string_at(one, {"id"}).value_or(""),
                                           .drift = drift,
                                           .account = string_at(one, {"account_id"}),
                                           .note = string_at(one, {"note"}).value_or("")});
            }
        }
    }
    return report;
}

json::object Run::to_json() const {
    const Counts sum = report.total();
    json::object object{
        {"id",       id           },
        {"mode",     mode         },
        {"dry_run",  dry_run      },
        {"status",   status       },
        {"requests", requests     },
        {"checked",  sum.checked  },
        {"drift",    sum.drifted()},
        {"repaired", sum.repaired }
    };
    object["goes_on_at"] =
        position_text.empty() ? json::value(nullptr) : json::value(position_text);
    object["error"] = error ? json::value(*error) : json::value(nullptr);
    object["report"] = report.to_json();
    return object;
}

std::string Run::to_text() const {
    std::string text = fmt::format("  {:<16}{:>9}{:>9}{:>9}{:>10}{:>11}{:>9}\n", mode, "checked",
                                   "missing", "differs", "repaired", "in flight", "unowned");
    for (const auto& [kind, counts] : report.kinds) text += row(kind, counts);
    for (const auto& finding : report.findings) {
        text += fmt::format("    {} {} {}{}\n", finding.kind, finding.id, to_string(finding.drift),
                            finding.note.empty() ? "" : ": " + finding.note);
    }
    const Counts sum = report.total();
    if (status == "failed") {
        text += "  It failed: " + error.value_or("") + "\n";
    } else if (sum.drifted() == 0) {
        text += fmt::format("  No drift; {} requests.\n", requests);
    } else {
        text += fmt::format("  {} found, {} mended{}; {} requests.\n", sum.drifted(), sum.repaired,
                            dry_run ? " (only looked: --dry-run)" : "", requests);
    }
    if (sum.unreadable > 0) {
        text += fmt::format("  {} objects could not be read: see the log.\n", sum.unreadable);
    }
    if (status == "stopped") {
        text += "  It stopped within its budget at " + position_text +
                "; the next run goes on there.\n";
    }
    return text;
}

}  // namespace paydesk::reconcile
