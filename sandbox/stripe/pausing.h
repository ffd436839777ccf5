#pragma once
// Pausing a subscription (status `paused`) and resuming it. Not pause_collection, which pauses the
// money alone and leaves the status.

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::int64_t resumption_seconds = 23 * 3600;

// `why`: pause_requested, trial_end_without_payment_method, ... (status_details).
// Emits customer.subscription.updated and .paused.
void pause_subscription(Account& account, const std::string& subscription, std::string_view why);

struct ResumeTerms {
    bool keeps_anchor = false;                             // else a new period begins now
    std::string proration_behavior = "create_prorations";  // of the rest of a kept period
    std::int64_t proration_date = 0;
    bool needs_payment = false;  // a declined payment leaves it paused; else it is past_due
};
// A new period, or the rest of the old cycle's one, is billed at once. Active when nothing is due
// or the payment succeeds; paused until the invoice is paid where it could not be charged, and for
// good when it is voided or 23 hours have passed.
// Emits customer.subscription.updated, invoice.*, customer.subscription.resumed.
void resume_subscription(Account& account, const std::string& subscription,
                         const ResumeTerms& terms = {});

// The invoice for which a resumption waits was paid (`status` active), or its payment failed.
void finish_resuming(Account& account, const std::string& subscription, const std::string& invoice,
                     std::string_view status);
// It was voided.
void forget_resuming(Account& account, const std::string& subscription, const std::string& invoice);
// Nobody paid in time.
void expire_resuming(Account& account, const std::string& subscription);
// By itself, at the time that somebody chose when pausing.
void resume_paused(Account& account, const std::string& subscription);

}  // namespace paydesk::sandbox::stripe
