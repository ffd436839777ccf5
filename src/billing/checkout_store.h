#pragma once
// checkouts (our intents to sell) and the account's lock: SQL, nothing else.

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "db/database.h"
#include "provider/provider.h"

namespace paydesk::billing::checkout_store {

struct CheckoutRow {
    AccountId account;
    std::string id;  // ours
    provider::Name provider = provider::Name::stripe;
    std::string plan_key, plan_family, billing_cycle, mode;
    std::int64_t quantity = 1;
    std::optional<provider::Ref> price;     // none: an order of an amount that a service named
    std::optional<Money> unit_amount = {};  // what it was when it was begun
    std::string description = {};
    std::optional<std::string> invoice = {};  // the provider's id of ours that it pays
    std::string success_url, cancel_url;
    Instant expires_at;
    std::string status;                          // as in checkout_row.h
    std::optional<provider::Ref> checkout = {};  // once the provider has answered
    std::optional<std::string> url = {};
    std::int64_t trial_days = 0;  // read only: the plan's, 0 for who has had a subscription
};

// Makes the account's row where it is missing and locks it until the transaction ends: what must not
// happen twice at once for one account begins with this.
Task<> lock_account(db::Tx& tx, AccountId account, std::optional<std::string> email,
                    std::optional<std::string> name);

// The provider's id of a live (not terminal) subscription in the family.
Task<std::optional<provider::Ref>> live_subscription(db::Tx& tx, AccountId account,
                                                     std::string plan_family);

// Whether a checkout of the family is paid for and the bank still moves the money.
Task<bool> is_processing(db::Tx& tx, AccountId account, std::string plan_family);

// Whether an order has paid the invoice, or is about to: its money has come or is on its way.
Task<bool> is_being_paid(db::Tx& tx, AccountId account, provider::Name provider,
                         std::string invoice);

// The checkout in the way of another for the same thing: status creating or open, same slot.
Task<std::optional<CheckoutRow>> find_live(db::Tx& tx, AccountId account, std::string mode,
                                           std::string plan_family, std::string plan_key);
Task<std::optional<CheckoutRow>> find(db::Tx& tx, AccountId account, std::string id);
// By our id or the provider's.
Task<std::optional<CheckoutRow>> find_any(db::Tx& tx, AccountId account, std::string id);

// status 'creating'.
Task<> insert(db::Tx& tx, const CheckoutRow& row);

// creating -> open with what the provider made; nothing where it is not 'creating' any more. The
// reference to the account is recorded in any case.
Task<> open(db::Tx& tx, const CheckoutRow& row, const provider::Checkout& made);

// creating or open -> `status`; nothing where it has ended.
Task<> end(db::Tx& tx, AccountId account, std::string id, std::string status);

// customers: the intent to create one, and what it was going to be called.
struct CustomerIntent {
    std::optional<provider::Ref> customer;  // set: nothing is left to do
    std::optional<provider::Ref> deleted;   // the one before, which the provider has no more
    std::optional<std::string> email, name;
};
// REQUIRES: lock_account() in this transaction.
Task<CustomerIntent> intend_customer(db::Tx& tx, AccountId account, provider::Name provider,
                                     std::optional<std::string> email,
                                     std::optional<std::string> name);

}  // namespace paydesk::billing::checkout_store
