#pragma once
// What explain() is put together from. Private to explain/.

#include "explain/explain.h"

namespace paydesk::explain {

Task<Result<Explanation>> explain_balance(const Parts& parts, std::string id);
Task<Result<Explanation>> explain_invoice(const Parts& parts, std::string id);
Task<Result<Explanation>> explain_subscription(const Parts& parts, std::string id);

// An invoice or a subscription, found by the provider's id or by ours.
struct Object {
    std::string account, ours, provider, provider_id;
};
Task<Result<Object>> find_object(db::Database& db, Subject subject, std::string id);

// The events about the object: what each changed, and whether it was applied.
Task<> add_events(const Parts& parts, const Object& object, Explanation& to);
// What a reconciliation found about it.
Task<> add_reconciliations(const Parts& parts, const Object& object, Explanation& to);
// What people were told about it: the metadata `field` of the notification names it.
Task<> add_told(const Parts& parts, const Object& object, std::string_view field, Explanation& to);

// "49.00 USD".
std::string amount_of(std::int64_t minor_units, std::string_view currency);
// "November 26, 2026".
std::string day_of(Instant instant);

}  // namespace paydesk::explain
