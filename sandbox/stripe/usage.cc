#include "sandbox/stripe/usage.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/assert.h"
#include "sandbox/stripe/pricing.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

struct Used {
    std::int64_t at = 0;
    Decimal value;
};

// In the order in which they arrived.
std::vector<Used> events_in(const Account& account, const Object& meter, std::string_view customer,
                            Span span) {
    std::vector<Used> events;
    for (const auto& id : account.store().ids(usage_kind(text(meter, "id"), customer))) {
        const Object& event = *account.store().find(id);
        const auto at = number(event, "timestamp");
        if (!span.holds(at)) continue;
        const auto value = Decimal::parse(text(event, "value"));
        PD_ASSERT(value.has_value());
        events.push_back({at, *value});
    }
    return events;
}

// Of pre-aggregated usage, only what arrived last for each window counts.
std::vector<Used> last_of_each(const std::vector<Used>& events, std::int64_t window) {
    std::map<std::int64_t, Used> kept;
    for (const Used& event : events) kept.insert_or_assign(event.at / window, event);
    std::vector<Used> remaining;
    for (const auto& [index, event] : kept) remaining.push_back(event);
    return remaining;
}

Decimal total_of(const std::vector<Used>& used) {
    Decimal total;
    for (const Used& one : used) total = total.plus(one.value).value();
    return total;
}

// The latest; of two at the same time, the one that arrived last.
Decimal last_of(const std::vector<Used>& used) {
    Used last;
    for (const Used& one : used) {
        if (one.at >= last.at) last = one;
    }
    return last.value;
}

}  // namespace

std::string usage_kind(std::string_view meter, std::string_view customer) {
    return "_usage/" + std::string(meter) + "/" + std::string(customer);
}

std::string records_kind(std::string_view item) { return "_usage_record/" + std::string(item); }

Decimal aggregate_events(const Account& account, const Object& meter, std::string_view customer,
                         Span span) {
    auto events = events_in(account, meter, customer, span);
    const auto window = text(meter, "event_time_window");
    if (!window.empty()) events = last_of_each(events, window == "hour" ? 3600 : 86400);
    const auto formula = text(child(meter, "default_aggregation"), "formula");
    if (formula == "count") return Decimal::from_int(static_cast<std::int64_t>(events.size()));
    return formula == "last" ? last_of(events) : total_of(events);
}

Decimal aggregate_records(const Account& account, const Object& price, std::string_view item,
                          Span span) {
    const auto how = text(price, "_aggregate_usage");
    if (how == "last_ever") span.start = 0;
    std::vector<Used> records;
    for (const auto& id : account.store().ids(records_kind(item))) {
        const Object& record = *account.store().find(id);
        const auto at = number(record, "timestamp");
        if (span.holds(at)) records.push_back({at, Decimal::from_int(number(record, "quantity"))});
    }
    if (how == "last_ever" || how == "last_during_period") return last_of(records);
    if (how != "max") return total_of(records);
    Decimal most;
    for (const Used& record : records) most = std::max(most, record.value);
    return most;
}

Decimal usage_of(const Account& account, const Object& price, std::string_view customer,
                 std::string_view item, Span span) {
    if (is_legacy_metered(price)) return aggregate_records(account, price, item, span);
    const Object& meter =
        account.get("billing.meter", text(child(price, "recurring"), "meter"), "meter");
    return std::max(Decimal(), aggregate_events(account, meter, customer, span));
}

bool is_legacy_metered(const Object& price) {
    return is_metered(price) && !present(child(price, "recurring"), "meter");
}

void refuse_legacy_metered(const Object& price, Shape shape, std::string_view param) {
    if (shape < Shape::basil || !is_legacy_metered(price)) return;
    refuse("",
           "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by "
           "meters: the price `" +
               text(price, "id") + "` has none.",
           param);
}

void refuse_legacy_metered_items(const Account& account, const json::array& items, Shape shape,
                                 std::string_view param) {
    for (const json::value& value : items) {
        const Object& item = value.get_object();
        const auto* price =
            account.find("price", text(item, present(item, "price") ? "price" : "plan"));
        if (price) refuse_legacy_metered(*price, shape, param);
    }
}

void refuse_metered_quantity(const Object& price, const Object& wanted, const std::string& param) {
    if (!is_metered(price) || !present(wanted, "quantity")) return;
    refuse("",
           "Quantity should not be specified where usage_type is `metered`. Remove quantity from "
           "`" +
               param + "`",
           param + "[quantity]");
}

}  // namespace paydesk::sandbox::stripe
