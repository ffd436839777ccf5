#pragma once
// The one place where it is announced that a payment's refunded amount has changed, whoever refunded
// it: our flow, the provider's dashboard, or a refund that failed afterwards.
//
// What that means for credits is refund_credits.h's, since it locks the ledgers once, at the end.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "db/database.h"

namespace paydesk::billing {

struct RefundedPayment {
    AccountId account;
    std::string payment_id;              // ours
    std::string provider;                // "stripe", "paypal"
    std::string source_kind, source_id;  // "invoice", "checkout", "charge", and the provider's id
    Money amount;                        // of the payment
    // Refunded in all, now and before. Less than before where a refund has failed. `refunded` is
    // absolute: who keys an effect by (payment_id, refunded) has it once, however often it is told.
    Money refunded, refunded_before;
};

// In the transaction that changed the payments: what follows commits with it or not at all.
Task<> announce_refunded(db::Tx& tx, std::vector<RefundedPayment> payments);

}  // namespace paydesk::billing
