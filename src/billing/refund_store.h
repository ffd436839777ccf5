#pragma once
// The intents of refund_flow.h: SQL, nothing else.

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/money.h"
#include "billing/refund_row.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::refund_store {

// A payment that is to be refunded.
struct Payment {
    AccountId account;
    std::string id;
    provider::Name provider;
    std::string status;
    std::optional<provider::Ref> charge, payment, invoice;
    Money amount, left;  // left: of the amount, less what was given back and what is intended
};
// Locked until the transaction ends.
Task<std::optional<Payment>> find_payment(db::Tx& tx, std::string id);

struct Intent {
    AccountId account;
    std::string id;  // the refund's, ours
    std::string payment_id;
    provider::Name provider;
    std::optional<provider::Ref> charge, payment;
    Money amount;
    std::optional<std::string> reason, note;
    std::string actor;
    Instant created_at;
};
// Adds the row, its audit row, and the job that takes it up at `run_at`.
// Throws db::Failure with the constraint refunds_within_payment where it is above what is left.
Task<> intend(db::Tx& tx, Intent intent, Instant run_at);

// The intent while the provider has not told of it; nothing once it is done.
Task<std::optional<Intent>> find_open(db::Tx& tx, AccountId account, std::string id);
// Whether it is there at all, whatever became of it.
Task<bool> is_known(db::Tx& tx, AccountId account, std::string id);

// The provider refuses for good.
Task<> refuse(db::Tx& tx, Intent intent, std::string why);
// Its job goes, unless it is running just now.
Task<> forget_job(db::Tx& tx, std::string id);

}  // namespace paydesk::billing::refund_store
