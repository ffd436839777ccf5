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
#include "billing/schedule_row.h"
#include "billing/subscription_row.h"
#include "notify/notifications.h"
#include "provider/change.h"

namespace paydesk::billing {

// `resumable`: a scheduled end can be taken back (at Stripe, not at PayPal).
//
// type                           fact key                                     when
// subscription_activated         subscription_activated:<sub>                 active or trialing seen
// subscription_cancel_scheduled  subscription_cancel_scheduled:<sub>:<unix>   an end is scheduled
// subscription_canceled          subscription_canceled:<sub>                  canceled
// trial_ending                   trial_ending:<sub>:<unix>                    the provider's reminder
std::vector<notify::Notification> facts_of(const AccountId& account, std::string_view event_type,
                                           const provider::SubscriptionSnapshot& snapshot,
                                           std::string_view plan_name, bool resumable = true);

// subscription_resumed           subscription_resumed:<sub>:<unix>            a scheduled end is gone
// Needs two snapshots of a live subscription, whichever came first.
std::optional<notify::Notification> resumed_fact(const AccountId& account, const std::string& sub,
                                                 const SubscriptionRow::Content& older,
                                                 const SubscriptionRow::Content& newer);

// payment_success                payment_success:<invoice>                    paid, more than nothing
// payment_failed                 payment_failed:<invoice>:<attempt>           each failed attempt
// action_required                action_required:<invoice>:<attempt>          the bank asks the buyer
// renewal_upcoming               renewal_upcoming:<sub>:<unix>                the provider's reminder
// usage_invoiced                 usage_invoiced:<invoice>                     ours, open: its buyer must pay it
std::vector<notify::Notification> facts_of(const AccountId& account, std::string_view event_type,
                                           const provider::InvoiceSnapshot& snapshot);

// payment_success                payment_success:<checkout>                   a one-time purchase
// payment_failed                 payment_failed:<checkout>                    failed after the session
std::vector<notify::Notification> facts_of(const AccountId& account, std::string_view event_type,
                                           const provider::CheckoutSnapshot& snapshot);

// refund_succeeded               refund_succeeded:<refund>                    the money is on its way back
// refund_failed                  refund_failed:<refund>                       the bank sent it back to us
std::vector<notify::Notification> facts_of(const AccountId& account,
                                           const provider::RefundSnapshot& snapshot);

// Whose notifications the operator reads (GET /api/admin/notifications): nobody's account.
inline const AccountId operator_account{"00000000-0000-0000-0000-000000000000"};

// For the operator, not for the buyer, who started it:
// dispute_opened                 dispute_opened:<dispute>                     a bank takes money back
// dispute_inquiry                dispute_inquiry:<dispute>                    a bank asks, no money moved
// dispute_closed                 dispute_closed:<dispute>:<status>            won, lost ...
std::vector<notify::Notification> facts_of(const AccountId& account,
                                           const provider::DisputeSnapshot& snapshot);

// "November 20, 2026", in UTC.
std::string date_for_people(Instant instant);

// subscription_change_scheduled  ...:<sub>:<price>:<quantity>:<unix>          it will be another plan
std::vector<notify::Notification> facts_of(const AccountId& account,
                                           const ScheduleRow::Content& content);

}  // namespace paydesk::billing
