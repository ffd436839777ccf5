#pragma once
// Stripe's test bank accounts (SEPA, ACH, Bacs), and what becomes of a debit from each.
//
// As in Stripe's test mode, most debits end as soon as the call that began them was answered; those
// whose names say "Delayed" take the days that they take in life, by the sandbox's clock.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

enum class DebitEnd : std::uint8_t { succeeds, fails, blocked, never };

struct DebitFate {
    std::string_view name;  // the middle of "pm_usBankAccount_accountClosed", "pm_failed_de"
    std::string_view says;  // for people, on the hosted pages
    DebitEnd end = DebitEnd::succeeds;
    bool delayed = false;
    bool disputed = false;               // after it succeeded
    bool revokes = false;                // the mandate is inactive afterwards
    bool verifiable = true;              // false: the two small deposits never arrive
    std::string_view failure_code = {};  // of the charge
    std::string_view error_code = {};    // of the intent's error, where it is another
    std::string_view message = {};
};

struct TestAccount {
    std::string_view type;    // "sepa_debit"
    std::string_view number;  // IBAN or account number
    const DebitFate* fate;
    std::string method;  // "pm_usBankAccount_success"
};

inline constexpr std::string_view debit_types[] = {"bacs_debit", "sepa_debit", "us_bank_account"};
bool is_debit(std::string_view type);
// "eur" for sepa_debit.
std::string_view currency_of_debit(std::string_view type);
// "SEPA Direct Debit"
std::string_view name_of_debit(std::string_view type);
// How long a delayed debit takes.
std::int64_t debit_seconds(std::string_view type);

// For people: of SEPA only the German ones, all others there are.
std::vector<TestAccount> shown_accounts(std::string_view type);

struct BankDetails {
    std::string type;
    std::string number = {};   // IBAN or account number; spaces and dashes allowed
    std::string routing = {};  // routing number or sort code; "" for SEPA
    std::string account_type = "checking";
    std::string holder_type = "individual";
    std::string name = {};
    std::string email = {};
    // Nobody has to prove that the account is theirs (the hosted pages' instant verification).
    bool verified = false;
};

// Adds a PaymentMethod, attached to no one.
// Refuses with 400: a malformed number, or one that is no test account.
const Object& add_bank_method(Account& account, const BankDetails& details);
// From "pm_usBankAccount_success"; nullptr when it is no such name.
const Object* add_test_bank_method(Account& account, std::string_view method_name);

// REQUIRES: the method is a debit's.
const DebitFate& fate_of(const Object& payment_method);
const DebitFate& fate_named(std::string_view name);

}  // namespace paydesk::sandbox::stripe
