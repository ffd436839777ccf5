#pragma once
// payments: SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::payment_store {

struct Payment {
    AccountId account;
    provider::Name provider;
    std::string source_kind;               // "invoice", "checkout"
    std::string source_id;                 // the provider's id of it: one payment per source
    std::optional<provider::Ref> payment;  // the provider's, where it named one
    std::optional<provider::Ref> invoice;
    Money amount;
    std::string status = "succeeded";
    std::optional<std::string> description;
    Instant created_at;
};

inline constexpr std::int64_t list_limit_max = 100;

// For db::run_as() and tx.run() alike. The newest first. REQUIRES: 1 <= limit <= list_limit_max.
extern const db::Statement list;
db::Params list_params(const AccountId& account, std::int64_t limit);
Payment read(const db::Rows& rows, std::size_t row);

// Records payments that have succeeded, once per source; what a later telling adds (the payment's id)
// is filled in.
Task<> add(db::Tx& tx, std::vector<Payment> payments, Instant now);

}  // namespace paydesk::billing::payment_store
