#include "sandbox/faults.h"

#include <algorithm>
#include <array>

#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox {
namespace {

using stripe::number;
using stripe::Object;
using stripe::present;
using stripe::refuse;
using stripe::text;
using Place = Faults::Place;
using Kind = Faults::Kind;

constexpr std::size_t faults_max = 100;
constexpr std::size_t log_max = 1000;
constexpr std::int64_t count_max = 1'000'000;

constexpr std::array all_kinds = {
    Kind{"429", Place::call, 0, "the call is refused: too many requests"},
    Kind{"500", Place::call, 0, "the call fails inside Stripe"},
    Kind{"502", Place::call, 0, "the call fails before Stripe, with a page of HTML"},
    Kind{"timeout", Place::call, 90, "the call hangs, then its connection closes unanswered"},
    Kind{"reset", Place::call, 0, "the call's connection is reset"},
    Kind{"slow", Place::call, 5, "the answer comes in small pieces"},
    Kind{"same_second", Place::event, 60, "events carry one time of creation"},
    Kind{"duplicate", Place::delivery, 0, "the event is delivered again"},
    Kind{"reorder", Place::delivery, 2, "events are delivered in another order"},
    Kind{"delay", Place::delivery, 10, "the event is delivered late"},
    Kind{"drop", Place::delivery, 0, "the event is never delivered"},
    Kind{"old_version", Place::delivery, 0, "the event has the shape of an old API version"},
    Kind{"lost_cancelled", Place::delivery, 0, "PayPal never tells of a cancelled subscription",
         "BILLING.SUBSCRIPTION.CANCELLED"},
    Kind{"late_repeat", Place::delivery, 3 * 86400, "PayPal tells of a renewal again, days later",
         "PAYMENT.SALE.COMPLETED", 30 * 86400},
    Kind{"mail_451", Place::mail, 0, "the mail is refused for now"},
    Kind{"mail_550", Place::mail, 0, "the mail is refused for good"},
    Kind{"mail_hang", Place::mail, 90, "the mail server hangs, then the connection is reset"},
    Kind{"mail_reset", Place::mail, 0, "the mail server's connection is reset"},
    Kind{"mail_lost", Place::mail, 0, "the mail is taken and never arrives"},
};

constexpr std::array reasons = {"global-concurrency", "global-rate", "endpoint-concurrency",
                                "endpoint-rate", "resource-specific"};

constexpr std::array known_keys = {"fault",  "when",        "route", "event",
                                   "to",     "probability", "count", "seconds",
                                   "reason", "api_version", "copies"};
constexpr std::array<std::string_view, 3> filters = {"route", "event", "to"};

const Kind& kind_of(const Object& wanted) {
    std::string name = text(wanted, "fault");
    if (name.empty() && number(wanted, "fault") > 0) name = std::to_string(number(wanted, "fault"));
    const auto kind = std::ranges::find(all_kinds, name, &Kind::name);
    if (kind != all_kinds.end()) return *kind;
    std::string names;
    for (const Kind& known : all_kinds)
        names += (names.empty() ? "" : ", ") + std::string(known.name);
    refuse("", "`fault` must be one of: " + names, "fault");
}

// Numbers come as JSON numbers, or as text from the page's form.
std::int64_t whole(const Object& wanted, std::string_view key, std::int64_t fallback,
                   std::int64_t most) {
    if (!present(wanted, key)) return fallback;
    const std::int64_t value = number(wanted, key, -1);
    if (value >= 0 && value <= most) return value;
    refuse("",
           "`" + std::string(key) + "` must be a whole number from 0 to " + std::to_string(most),
           key);
}

double probability_of(const Object& wanted) {
    const auto* given = wanted.if_contains("probability");
    if (!given || given->is_null()) return 1;
    boost::system::error_code wrong;
    const auto value = given->to_number<double>(wrong);
    if (!wrong && value >= 0 && value <= 1) return value;
    refuse("", "`probability` must be a number from 0 (never) to 1 (always)", "probability");
}

std::string choice(const Object& wanted, std::string_view key, std::string_view fallback,
                   auto&& valid, std::string_view allowed) {
    if (!present(wanted, key)) return std::string(fallback);
    const auto value = text(wanted, key);
    if (valid(value)) return value;
    refuse("", "`" + std::string(key) + "` must be " + std::string(allowed), key);
}

}  // namespace

std::span<const Kind> Faults::kinds() { return all_kinds; }

std::string_view Faults::filter_of(Place place) {
    return place == Place::call ? "route" : place == Place::mail ? "to" : "event";
}

bool fits(std::string_view pattern, std::string_view subject) {
    if (pattern.empty()) return true;
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == subject;
    if (!subject.starts_with(pattern.substr(0, star))) return false;
    const auto rest = pattern.substr(star + 1);
    if (rest.empty()) return true;
    for (std::size_t at = star; at <= subject.size(); ++at) {
        if (fits(rest, subject.substr(at)) && (at < subject.size() || rest == "*")) return true;
    }
    return false;
}

Object Faults::add(const Object& wanted) {
    for (const auto& [key, value] : wanted) {
        if (std::ranges::find(known_keys, key) == known_keys.end()) {
            refuse("", "A fault has no `" + std::string(key) + "`", std::string(key));
        }
    }
    const Kind& kind = kind_of(wanted);
    const auto own_filter = filter_of(kind.place);
    for (const auto filter : filters) {
        if (filter == own_filter || !present(wanted, filter)) continue;
        refuse("", std::string(kind.place == Place::call   ? "This fault is of API calls"
                               : kind.place == Place::mail ? "This fault is of mails"
                                                           : "This fault is of webhooks") +
                       ": filter it by `" + std::string(own_filter) + "`, not by `" +
                       std::string(filter) + "`");
    }
    const bool has_after =
        kind.place == Place::call || (kind.place == Place::mail && kind.name != "mail_lost");
    if (all().size() >= faults_max) refuse("", "There are 100 faults already: remove some first");
    const auto count = whole(wanted, "count", 0, count_max);
    Object fault{
        {"id", account_.new_record_id("fault_", Chance::Stream::faults)},
        {"fault", kind.name},
        {"when", choice(
                     wanted, "when", "before",
         [&](const auto& v) { return v == "before" || (has_after && v == "after"); },
         has_after ? "before (no effect) or after (the effect)" : "left out")},
        {"filter",
         present(wanted, own_filter) ? text(wanted, own_filter) : std::string(kind.filter)},
        {"probability", probability_of(wanted)},
        {"count", present(wanted, "count") ? json::value(count) : json::value(nullptr)},
        {"hits", 0},
        {"seconds", whole(wanted, "seconds", kind.seconds, kind.seconds_max)},
        {"reason", choice(
                       wanted, "reason", "global-rate",
         [](const auto& v) { return std::ranges::find(reasons, v) != reasons.end(); },
         "global-concurrency, global-rate, endpoint-concurrency, endpoint-rate or "
                       "resource-specific")},
        {"api_version", choice(
                            wanted, "api_version", "2023-10-16",
         [](const auto& v) { return stripe::Version::parse(v).has_value(); },
         "a version of Stripe's API, such as 2023-10-16")},
        {"copies", whole(wanted, "copies", 1, 10)},
    };
    if (fault.at("count") == json::value(0)) refuse("", "`count` must be at least 1", "count");
    const auto id = text(fault, "id");
    account_.store().add("_fault", id, fault);
    account_.commit();
    return fault;
}

bool Faults::remove(std::string_view id) {
    if (!account_.store().find("_fault", id)) return false;
    account_.store().erase(id);
    account_.commit();
    return true;
}

void Faults::clear() {
    for (const auto& fault : all()) account_.store().erase(text(fault, "id"));
    account_.commit();
}

void Faults::clear_log() {
    for (const auto& entry : log()) account_.store().erase(text(entry, "id"));
    account_.commit();
}

std::vector<Object> Faults::all() const {
    std::vector<Object> found;
    const Store& store = account_.store();
    for (const auto& id : store.ids("_fault")) found.push_back(*store.find(id));
    return found;
}

std::vector<Object> Faults::log() const {
    std::vector<Object> found;
    const Store& store = account_.store();
    const auto& ids = store.ids("_fault_log");
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) found.push_back(*store.find(*id));
    return found;
}

std::vector<Object> Faults::strike(Place place, std::string_view when, std::string_view subject,
                                   std::string_view reference) {
    std::vector<Object> struck;
    for (const Object& fault : all()) {
        const auto kind = std::ranges::find(all_kinds, text(fault, "fault"), &Kind::name);
        if (kind == all_kinds.end() || kind->place != place) continue;
        if (!when.empty() && text(fault, "when") != when) continue;
        if (!fits(text(fault, "filter"), subject)) continue;
        boost::system::error_code none;
        const auto probability = fault.at("probability").to_number<double>(none);
        if (!account_.chance().happens(Chance::Stream::faults, probability)) continue;
        const auto id = text(fault, "id");
        const auto hits = number(fault, "hits") + 1;
        if (present(fault, "count") && hits >= number(fault, "count"))
            account_.store().erase(id);
        else
            account_.store().edit(id)["hits"] = hits;
        note(fault, subject, reference);
        struck.push_back(fault);
        if (place == Place::call || place == Place::mail) break;  // it fails in one way
    }
    return struck;
}

void Faults::note(const Object& fault, std::string_view subject, std::string_view reference) {
    Store& store = account_.store();
    while (store.ids("_fault_log").size() >= log_max) {
        const std::string oldest = store.ids("_fault_log").front();
        store.erase(oldest);
    }
    const auto id = account_.new_record_id("hit_", Chance::Stream::faults);
    store.add("_fault_log", id,
              Object{
                  {"id",        id               },
                  {"at",        account_.now()   },
                  {"fault_id",  fault.at("id")   },
                  {"fault",     fault.at("fault")},
                  {"when",      fault.at("when") },
                  {"subject",   subject          },
                  {"reference", reference        }
    });
}

}  // namespace paydesk::sandbox
