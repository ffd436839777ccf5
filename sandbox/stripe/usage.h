#pragma once
// What was used: meter events and, before basil, usage records, counted over a span of time.
//
// A span includes its start and not its end. Events are stored as kind usage_kind(meter, customer):
//   {identifier, created, timestamp, value: decimal text}
// usage records as kind records_kind(item): {timestamp, quantity}

#include <string>
#include <string_view>

#include "base/decimal.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

struct Span {
    std::int64_t start = 0;
    std::int64_t end = 0;
    bool holds(std::int64_t at) const { return at >= start && at < end; }
};

std::string usage_kind(std::string_view meter, std::string_view customer);
std::string records_kind(std::string_view subscription_item);

// By the meter's formula (sum, count, last), of those events that its event_time_window leaves.
Decimal aggregate_events(const Account& account, const Object& meter, std::string_view customer,
                         Span span);

// By the legacy price's aggregate_usage (sum, max, last_during_period, last_ever).
Decimal aggregate_records(const Account& account, const Object& price, std::string_view item,
                          Span span);

// What this item of the customer's is billed for: never negative.
Decimal usage_of(const Account& account, const Object& price, std::string_view customer,
                 std::string_view item, Span span);

// A metered price without a meter, which only versions before basil know.
bool is_legacy_metered(const Object& price);
// Refuses such a price from basil on.
void refuse_legacy_metered(const Object& price, Shape shape, std::string_view param);

// The same of the prices that changes of items ask for.
void refuse_legacy_metered_items(const Account& account, const json::array& items, Shape shape,
                                 std::string_view param);

// A metered item has no quantity. `wanted` is the item in the request, `param` its name there.
void refuse_metered_quantity(const Object& price, const Object& wanted, const std::string& param);

}  // namespace paydesk::sandbox::stripe
