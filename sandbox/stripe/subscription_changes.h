#pragma once
// Changes of a running subscription: its items, its trial, its cycle, and what they cost.
//
//     change ──▶ the subscription as it will be ──▶ prorations ──▶ invoice ──▶ payment
//                                                                                │
//     past_due, refused, or waiting (pending_updates.h) ◀── unpaid ──────────────┘

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

enum class PaymentBehavior : std::uint8_t {
    allow_incomplete,       // unpaid: the subscription is past_due
    default_incomplete,     // not charged by itself; past_due until somebody confirms the payment
    error_if_incomplete,    // unpaid: refused, nothing changes
    pending_if_incomplete,  // unpaid: the change waits for the payment (pending_updates.h)
};
// By its name; allow_incomplete for "".
PaymentBehavior payment_behavior_of(std::string_view name);

// What is to become of a subscription.
struct SubscriptionChange {
    // {id?, price?, quantity?, deleted?, metadata?} each, as POST /v1/subscriptions/{id} takes them.
    json::array items = {};
    json::array add_invoice_items = {};  // {price, quantity?, metadata?}
    // In place of those that it has (discounts.h); they wait with the rest.
    std::optional<json::array> discounts = {};
    // create_prorations, always_invoice or none.
    std::string proration_behavior = "create_prorations";
    std::int64_t proration_date = 0;             // from when prorations count; 0 for now
    bool anchor_now = false;                     // a new period begins now
    std::optional<std::int64_t> trial_end = {};  // not later than now: the trial ends now
    PaymentBehavior payment_behavior = PaymentBehavior::allow_incomplete;
    bool off_session = true;
};

// Emits customer.subscription.updated, invoiceitem.created for every proration, and, where a new
// period begins or the behaviour says so, an invoice at once, which is charged.
// A change at the very end of the period prorates and bills nothing: the renewal does.
// Refuses with resource_missing; with 402 as error_if_incomplete says.
void change_subscription(Account& account, const std::string& subscription,
                         const SubscriptionChange& change);

// Finalises an invoice of what waits for the subscription, and of its whole new period where one
// begins. "" when there is nothing to bill.
std::string add_update_invoice(Account& account, const std::string& subscription,
                               bool whole_period);

}  // namespace paydesk::sandbox::stripe
