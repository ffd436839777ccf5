#pragma once
// The customer's balance: credit (negative) or debt (positive) that finalised invoices take up.
//
//     amount_due = total + starting_balance - ending_balance - pre-payment credit notes

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

struct Due {
    std::int64_t amount = 0;          // to be charged
    std::int64_t ending_balance = 0;  // of the customer, afterwards
};

// The smallest amount that a charge may have.
std::int64_t minimum_charge(std::string_view currency);

// As a charge's amount: not below the minimum, and no part of what the currency does not have in
// coins: the last digit of three-decimal ones, the last two of ISK and UGX.
// Refuses with amount_too_small, 400 for an unknown currency.
void check_amount(std::int64_t amount, std::string_view currency);

// What an invoice of `total` asks for: credit is used up, debt is added, what is below the minimum
// charge waits on the balance, a negative total becomes credit. `customer` may be "".
Due due_of(const Account& account, const std::string& customer, std::int64_t total,
           std::string_view currency);

// Moves the balance by `amount`; emits customer.updated. `fields`: invoice, credit_note, metadata...
const Object& add_balance_transaction(Account& account, const std::string& customer,
                                      std::int64_t amount, std::string_view currency,
                                      std::string_view type, const Object& fields = {});

// At finalisation: sets amount_due and the balances. `charged`: what a PaymentIntent that was made
// beforehand asks for already, -1 for none.
void apply_balance(Account& account, const std::string& invoice, std::int64_t charged);
// A voided invoice gives back what it had taken.
void return_balance(Account& account, const std::string& invoice);

}  // namespace paydesk::sandbox::stripe
