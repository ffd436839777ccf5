#pragma once
// A payment method as it is stored: what apply_change loads, decides about and saves.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct PaymentMethodRow {
    std::string id;  // ours
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::string payment_method;  // the provider's id
    Instant stamp;
    std::string revision;
    std::optional<Instant> detached_at;  // detached is for ever

    struct Content {
        bool attached = true;
        std::string type;
        std::optional<std::string> brand, last4, fingerprint;
        std::optional<std::int64_t> exp_month, exp_year;
        Instant created_at;
        friend bool operator==(const Content&, const Content&) = default;
    } content;
};

// Pure. What is no card number's end or no month is left out, as the row refuses it.
PaymentMethodRow::Content content_of(const provider::PaymentMethodSnapshot& snapshot);

namespace payment_method_rows {
// Locks and loads those that exist. Keys are (account, provider's id).
Task<std::vector<PaymentMethodRow>> load(db::Tx& tx,
                                         std::map<owner_store::ObjectKey, AccountId> keys);
Task<> save(db::Tx& tx, std::vector<PaymentMethodRow> rows);

// Sets is_default where it belongs: the customer's own default, else that of the newest live
// subscription. Derived from the rows alone, so it does not depend on what came first. Gives the accounts
// of which another method has become the default.
Task<std::set<AccountId>> refresh_defaults(db::Tx& tx, std::set<AccountId> accounts);
}  // namespace payment_method_rows

}  // namespace paydesk::billing
