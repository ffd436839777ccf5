#pragma once
// What a snapshot proves that a person should be told. Pure.
//
// A fact is told from whichever snapshot proves it first, stale or not, and its key keeps it from
// being told twice: so the notifications do not depend on the order of events. Its text comes from the
// snapshot and the catalogue alone, never from the row, for the same reason.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "billing/subscription_row.h"
#include "notify/notifications.h"
#include "provider/change.h"

namespace paydesk::billing {

// type                           fact key                                     when
// subscription_activated         subscription_activated:<sub>                 active or trialing seen
// subscription_cancel_scheduled  subscription_cancel_scheduled:<sub>:<unix>   an end is scheduled
// subscription_canceled          subscription_canceled:<sub>                  canceled
// trial_ending                   trial_ending:<sub>:<unix>                    the provider's reminder
std::vector<notify::Notification> facts_of(const AccountId& account, std::string_view event_type,
                                           const provider::SubscriptionSnapshot& snapshot,
                                           std::string_view plan_name);

// subscription_resumed           subscription_resumed:<sub>:<unix>            a scheduled end is gone
// Needs two snapshots of a live subscription, whichever came first.
std::optional<notify::Notification> resumed_fact(const AccountId& account, const std::string& sub,
                                                 const SubscriptionRow::Content& older,
                                                 const SubscriptionRow::Content& newer);

// payment_success                payment_success:<invoice>                    paid, more than nothing
// payment_failed                 payment_failed:<invoice>:<attempt>           each failed attempt
// action_required                action_required:<invoice>:<attempt>          the bank asks the buyer
// renewal_upcoming               renewal_upcoming:<sub>:<unix>                the provider's reminder
std::vector<notify::Notification> facts_of(const AccountId& account, std::string_view event_type,
                                           const provider::InvoiceSnapshot& snapshot);

// payment_success                payment_success:<checkout>                   a one-time purchase
// payment_failed                 payment_failed:<checkout>                    failed after the session
std::vector<notify::Notification> facts_of(const AccountId& account, std::string_view event_type,
                                           const provider::CheckoutSnapshot& snapshot);

// "November 20, 2026", in UTC.
std::string date_for_people(Instant instant);

}  // namespace paydesk::billing
