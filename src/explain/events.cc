// What the provider told about one object, as differences.

#include <fmt/format.h>

#include <array>
#include <map>

#include "base/json.h"
#include "base/money.h"
#include "explain/explain_parts.h"

namespace paydesk::explain {

namespace {

const db::Statement read_events{
    "explain_events",
    R"(select event_id, type, occurred_at, received_at, status, attempts,
              error, payload, count(*) over () as all_of_them
       from paydesk.webhook_events
       where provider = $1 and object_kind = $2 and object_id = $3
       order by occurred_at desc, received_at desc limit $4)"};

const db::Statement read_findings{
    "explain_findings",
    R"(select r.started_at, r.dry_run, f ->> 'drift' as drift, f ->> 'note' as note
       from paydesk.reconciliations r
       cross join lateral jsonb_array_elements(coalesce(r.report -> 'findings', '[]')) f
       where r.drift > 0 and f ->> 'id' = $1 and not r.dry_run
       order by r.started_at limit $2)"};

const db::Statement read_told{"explain_told",
                              R"(select n.title, n.message, n.created_at, n.fact_key, e.status,
              e.recipient, e.sent_at, e.error
       from paydesk.notifications n
       left join paydesk.emails e on e.account_id = n.account_id and e.fact_key = n.fact_key
       where n.account_id = $1 and n.metadata ->> $2 = $3
       order by n.created_at desc limit $4)"};

// The fields of a snapshot (provider::to_string) that are worth a word, and the word.
struct Field {
    std::string_view name, word;
};
constexpr std::array fields = {
    Field{"status",                 "status"                },
    Field{"plan_key",               "plan"                  },
    Field{"items[0].lookup_key",    "price"                 },
    Field{"items[0].quantity",      "quantity"              },
    Field{"number",                 "number"                },
    Field{"amount_due",             "due"                   },
    Field{"amount_paid",            "paid"                  },
    Field{"amount_remaining",       "left to pay"           },
    Field{"attempt_count",          "attempts to collect it"},
    Field{"next_payment_attempt",   "next attempt"          },
    Field{"paid_at",                "paid at"               },
    Field{"period_start",           "period from"           },
    Field{"period_end",             "period to"             },
    Field{"trial_end",              "trial until"           },
    Field{"cancel_at_period_end",   "ends with the period"  },
    Field{"cancel_at",              "ends at"               },
    Field{"canceled_at",            "cancelled at"          },
    Field{"ended_at",               "ended at"              },
    Field{"cancel_reason",          "reason"                },
    Field{"collection_paused",      "collection paused"     },
    Field{"default_payment_method", "card"                  },
    Field{"deleted",                "deleted"               },
};

using Values = std::map<std::string, std::string, std::less<>>;

Values values_of(const provider::Change& change) {
    Values values;
    const std::string text = provider::to_string(change);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        const std::string_view line(text.data() + at, end - at);
        const auto colon = line.find(": ");
        if (colon != std::string_view::npos)
            values.emplace(line.substr(0, colon), line.substr(colon + 2));
        at = end + 1;
    }
    return values;
}

std::string difference(const Values& before, const Values& after) {
    std::string text;
    for (const auto& [name, word] : fields) {
        const auto old = before.find(name);
        const auto fresh = after.find(name);
        const std::string was = old == before.end() ? "" : old->second;
        const std::string is = fresh == after.end() ? "" : fresh->second;
        const bool says_nothing = was.empty() && (is == "false" || is == "0");
        if (was == is || says_nothing) continue;
        if (!text.empty()) text += "; ";
        if (was.empty()) {
            text += fmt::format("{} {}", word, is);
        } else {
            text += fmt::format("{} {} -> {}", word, was, is.empty() ? "none" : is);
        }
    }
    return text;
}

// What became of the event.
std::string outcome(std::string_view status, const std::string& error, std::int64_t attempts) {
    if (status == "processed") return error.empty() ? "" : " (" + error + ")";
    if (status == "ignored") return " (not followed)";
    if (status == "waiting") return " It waits: " + error + ".";
    if (status == "dead")
        return " It could not be applied: " + error + ". `paydesk replay` tries again.";
    if (status == "failed")
        return fmt::format(" Failed {} times, tried again: {}.", attempts, error);
    return " Not applied yet.";
}

}  // namespace

std::string amount_of(std::int64_t minor_units, std::string_view currency) {
    std::string code(currency);
    for (char& c : code) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const auto parsed = Currency::parse(code);
    return parsed ? Money(minor_units, *parsed).to_string()
                  : fmt::format("{} {}", minor_units, code);
}

std::string day_of(Instant instant) { return to_iso8601(instant).substr(0, 10); }

Task<> add_events(const Parts& parts, const Object& object, Explanation& to) {
    const auto rows =
        co_await parts.db.run(read_events, {object.provider, db::param(to_string(to.subject)),
                                            object.provider_id, db::param(steps_max)});
    if (!rows.empty() && rows.integer(0, "all_of_them") > steps_max) {
        to.left_out.push_back(fmt::format("{} older events are not shown",
                                          rows.integer(0, "all_of_them") - steps_max));
    }
    const auto from = object.provider == "paypal" ? provider::Name::paypal : provider::Name::stripe;
    Values before;
    for (std::size_t i = rows.size(); i-- > 0;) {
        const auto payload = parse_json(rows.text(i, "payload"));
        std::string says;
        Result<provider::Change> change = Error{ErrorCode::webhook_payload_invalid, "no JSON"};
        if (payload) change = parts.normalise(from, *payload);
        if (change) {
            Values after = values_of(*change);
            says = difference(before, after);
            if (says.empty()) says = "nothing new";
            before = std::move(after);
        } else {
            says = "it can't be read: " + change.error().message;
        }
        const std::string error = rows.optional_text(i, "error").value_or("");
        to.steps.push_back(
            {.at = rows.instant(i, "occurred_at"),
             .kind = StepKind::event,
             .text =
                 fmt::format("{} told {}: {}.{}", object.provider, rows.text(i, "type"), says,
                             outcome(rows.text(i, "status"), error, rows.integer(i, "attempts"))),
             .id = std::string(rows.text(i, "event_id"))});
    }
}

Task<> add_reconciliations(const Parts& parts, const Object& object, Explanation& to) {
    const auto rows =
        co_await parts.db.run(read_findings, {object.provider_id, db::param(steps_max)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto note = rows.optional_text(i, "note");
        const bool lost = rows.text(i, "drift") == "missing";
        to.steps.push_back(
            {.at = rows.instant(i, "started_at"),
             .kind = StepKind::asked,
             .text = std::string("A reconciliation found that our row ") +
                     (lost ? "was missing" : "said something else") +
                     (note ? ", and could not mend it: " + *note : ", and mended it.")});
    }
}

Task<> add_told(const Parts& parts, const Object& object, std::string_view field, Explanation& to) {
    const auto rows = co_await parts.db.run(
        read_told, {object.account, db::param(field), object.provider_id, db::param(steps_max)});
    for (std::size_t i = rows.size(); i-- > 0;) {
        std::string text = fmt::format("The customer was told: \"{}\"", rows.text(i, "message"));
        const auto status = rows.optional_text(i, "status");
        const std::string recipient = rows.optional_text(i, "recipient").value_or("the customer");
        if (status == "sent") text += " Mailed to " + recipient + ".";
        if (status == "queued") text += " The mail to " + recipient + " waits to be sent.";
        if (status == "skipped" || status == "dead") {
            text +=
                " It was not mailed: " + rows.optional_text(i, "error").value_or("no reason") + ".";
        }
        to.steps.push_back({.at = rows.instant(i, "created_at"),
                            .kind = StepKind::told,
                            .text = std::move(text),
                            .id = std::string(rows.text(i, "fact_key"))});
    }
}

}  // namespace paydesk::explain
