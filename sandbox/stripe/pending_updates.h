#pragma once
// Paying for a change of a subscription, and changes that wait for their payment: `pending_update`,
// as payment_behavior=pending_if_incomplete makes them. They wait for 23 hours.

#include <string>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/subscription_changes.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::int64_t pending_update_seconds = 23 * 3600;

// Charges the invoice that a change made, and does what payment_behavior says when that fails.
// REQUIRES: the stored subscription is changed already; `before` is what it was.
// Refuses with card_error (402), or resource_missing where there is nothing to charge.
void collect_change(Account& account, const Object& before, const std::string& invoice,
                    const SubscriptionChange& change);

// The change that waits began these discounts: given up, it takes them back.
void note_pending_discounts(Account& account, const std::string& subscription,
                            const json::array& begun);

// The invoice was paid: what waited for it happens.
// Emits customer.subscription.updated and .pending_update_applied.
void apply_pending_update(Account& account, const std::string& subscription,
                          const std::string& invoice);
// Nobody paid in time. Emits customer.subscription.updated and .pending_update_expired.
void expire_pending_update(Account& account, const std::string& subscription);
// The invoice was voided: what waited for it never happens. Emits customer.subscription.updated.
void forget_pending_update(Account& account, const std::string& subscription,
                           const std::string& invoice);
// Another change comes: what waits is given up, its invoice is voided.
void drop_pending_update(Account& account, const std::string& subscription);

// A change waits for this invoice.
bool decides_pending_update(const Object& subscription, const std::string& invoice);

}  // namespace paydesk::sandbox::stripe
