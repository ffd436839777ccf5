#pragma once
// A subscription's payments as charges and invoices. PayPal has no invoices: each period has one of ours.
//
//   <subscription>/<date>          the period that begins then: paid by its first payment that arrived; open while
//                                  that is owed; void where what was owed came with a later period's payment;
//                                  uncollectible where the subscription was cancelled owing it
//   <subscription>/<date>/<sale>   a further payment in that period
//
// A further payment that comes after failures pays the oldest period that they left unpaid. Pure.

#include <vector>

#include "provider/paypal/subscription.h"

namespace paydesk::provider::paypal {

// At most that many unpaid periods are looked for: then PayPal has suspended the subscription.
inline constexpr int failed_periods_max = 3;
// PayPal tries a failed payment again every five days, twice; only then it counts as a failure.
inline constexpr std::chrono::days retried_every{5};
inline constexpr std::int64_t attempts_in_period_max = 3;

struct Payment {
    Ref sale;
    std::string status;  // "COMPLETED", "DECLINED", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED"
    Money amount;
    Instant at;

    bool arrived() const;
};

// Of GET /v1/billing/subscriptions/{id}/transactions. Refuses with webhook_payload_invalid.
Result<std::vector<Payment>> read_payments(const json::value& list);

// From when on payments must be known to tell of those since `since` what they paid.
Instant payments_needed_from(const Subscription& subscription, Instant since);

struct Billed {
    std::vector<ChargeSnapshot> charges;
    std::vector<InvoiceSnapshot> invoices;
};
// `payments` are those from payments_needed_from() on.
Billed bill(const Subscription& subscription, const std::vector<Plan>& others,
            std::vector<Payment> payments, Instant at);

}  // namespace paydesk::provider::paypal
