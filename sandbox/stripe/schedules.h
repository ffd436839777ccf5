#pragma once
// The life of a subscription schedule: not_started ──▶ active ──▶ completed | released | canceled.
//
//     phases (schedule_phases.h) ──▶ at each phase's start the subscription becomes what it says
//
// While it is active it manages its subscription: `subscription.schedule` names it.

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox::stripe {

// subscription_schedule.expiring comes so long before the last phase ends.
inline constexpr std::int64_t schedule_notice_seconds = 7 * 86400;

// The subscription's schedule: one phase, its current period, and what it has now.
// Emits subscription_schedule.created and customer.subscription.updated. Gives the schedule's id.
// Refuses with 400 when it has one already, or has ended.
std::string schedule_subscription(Account& account, const std::string& subscription);

// The first phase begins: the subscription is made, its first invoice is a draft for an hour.
void start_schedule(Account& account, const std::string& schedule);
// The current phase is over: the next begins, or the schedule is completed.
// Emits customer.subscription.updated (or .deleted), subscription_schedule.updated or .completed.
void advance_schedule(Account& account, const std::string& schedule);
void announce_schedule_end(Account& account, const std::string& schedule);

// What is to become of a schedule that is not over.
struct ScheduleChange {
    json::array phases = {};        // all from then on; none given keeps those there are
    Object settings = {};           // of default_settings
    std::string end_behavior = {};  // "" keeps it
    std::string proration_behavior = "create_prorations";  // where the current phase changes
    Object metadata = {};  // {metadata: ...} as merge_metadata() takes it
};
// Emits subscription_schedule.updated, and what changing the subscription emits.
void change_schedule(Account& account, const std::string& schedule, const ScheduleChange& change);

// The subscription goes on by itself. Emits subscription_schedule.updated and .released.
void release_schedule(Account& account, const std::string& schedule, bool preserve_cancel_date);
// Ends the subscription too. Emits subscription_schedule.updated and .canceled.
void cancel_schedule(Account& account, const std::string& schedule, LastInvoice last);

// The customer is deleted: what has not started never will.
void cancel_schedules_of(Account& account, const std::string& customer);

// The subscription was changed by itself, from `before` on: its schedule's current phase is split.
void note_direct_change(Account& account, const Object& before);
// The subscription was ended by itself: so is its schedule, with .aborted after failed payments.
void subscription_of_schedule_ended(Account& account, const Object& subscription,
                                    std::string_view reason);

}  // namespace paydesk::sandbox::stripe
