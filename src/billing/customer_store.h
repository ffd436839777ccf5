#pragma once
// customers and provider_refs: SQL, nothing else.

#include <optional>
#include <string>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::customer_store {

struct Customer {
    AccountId account;
    provider::Name provider;
    provider::Ref customer;
    std::optional<std::string> email = {}, name = {};
    bool deleted = false;  // at the provider
};

// The account's customer at the provider; its `customer` is empty while it is only intended (the
// provider has not answered yet). The row is locked until the transaction ends when
// `for_update`.
Task<std::optional<Customer>> find(db::Tx& tx, AccountId account, provider::Name provider,
                                   bool for_update = false);

// Whose customer it is.
Task<std::optional<AccountId>> account_of(db::Tx& tx, provider::Name provider,
                                          provider::Ref customer);

// Records a customer that the provider has made for the account, and releases the webhook events that
// wait for it. The first one stays the account's customer: when there is one already, not deleted,
// that is kept and given back, and `customer` becomes a further reference to the account.
// ENSURES: provider_refs leads from customer.customer to the account.
// REQUIRES: the reference does not lead to another account (throws db::Failure).
Task<Customer> record(db::Tx& tx, Customer customer);

}  // namespace paydesk::billing::customer_store
