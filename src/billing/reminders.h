#pragma once
// Reminders before something is charged: a trial that ends, a yearly plan that renews (in some places the
// law wants it). A job; the provider's own events (trial_will_end, invoice.upcoming) tell the same facts
// under the same keys, so each is told once, whoever is first. And of an invoice of ours that nobody collects and
// that stays unpaid, on days 3, 7 and 14.

#include <array>
#include <chrono>

#include "billing/flow.h"

namespace paydesk::billing {

inline constexpr const char* reminders_job_kind = "send_reminders";
inline constexpr std::chrono::hours reminders_period{6};

// After an invoice of usage was made: what is told again is told under a key of its own, once.
inline constexpr std::array<std::int64_t, 3> unpaid_reminder_days = {3, 7, 14};

struct ReminderDays {
    std::chrono::days trial{3};     // before it ends; Stripe's own event comes 3 days before
    std::chrono::days renewal{14};  // of a yearly plan; 0: none (PAYDESK_RENEWAL_REMINDER_DAYS)
};

// Tells what is due. The amount of a renewal is the provider's own preview; what it will not renew is left
// out. Gives how many were told. Refuses with provider_unavailable; what was told stays told.
Task<Result<std::size_t>> send_reminders(const Flow& flow, ReminderDays days);

}  // namespace paydesk::billing
