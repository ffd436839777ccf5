#pragma once
// Which facts are mailed, and what each mail is called: by these names templates and the API speak.

#include <algorithm>
#include <array>
#include <string_view>

namespace paydesk::notify {

// Kinds of their own; a notification of the same type queues one. What is not here is told in the
// dashboard only (subscription_activated: the receipt of its payment is the mail).
inline constexpr std::array<std::string_view, 16> email_kinds = {
    "payment_success",
    "payment_failed",
    "action_required",
    "trial_ending",
    "trial_refused",
    "renewal_upcoming",
    "usage_invoiced",
    "subscription_cancel_scheduled",
    "subscription_canceled",
    "subscription_unpaid",
    "refund_succeeded",
    "card_expiring",
    "credits_low",
    "credits_topped_up",
    "seat_invitation",  // to one who has no account yet: seats.h queues it
    "free_form",        // written by an admin: POST /api/admin/send-email
};

constexpr bool is_email_kind(std::string_view type) {
    return std::ranges::find(email_kinds, type) != email_kinds.end();
}

// The job that sends what is due (outbox.h); queued in the transaction of the mail.
inline constexpr const char* send_emails_job_kind = "send_emails";

}  // namespace paydesk::notify
