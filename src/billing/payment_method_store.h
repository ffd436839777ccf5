#pragma once
// payment_methods: SQL, nothing else.

#include <optional>
#include <string>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::payment_method_store {

struct PaymentMethod {
    AccountId account;
    provider::Name provider;
    provider::Ref payment_method;
    std::string type;  // "card", ...
    std::optional<std::string> brand, last4;
    std::optional<std::int64_t> exp_month, exp_year;
    bool is_default = false;
    Instant created_at;
};

// For db::run_as() and tx.run() alike. Attached ones only; the default first, then the newest.
extern const db::Statement list;
db::Params by_account(const AccountId& account);
PaymentMethod read(const db::Rows& rows, std::size_t row);

}  // namespace paydesk::billing::payment_method_store
