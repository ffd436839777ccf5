#include "sandbox/stripe/bank_accounts.h"

#include <algorithm>
#include <cctype>

#include "base/assert.h"
#include "base/crypto.h"
#include "sandbox/stripe/sepa_ibans.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

using enum DebitEnd;

constexpr std::int64_t day = 86400;

// clang-format off
constexpr DebitFate fates[] = {
    {.name = "success", .says = "pays"},
    {.name = "successDelayed", .says = "pays days later", .delayed = true},
    {.name = "failed", .says = "fails", .end = fails, .failure_code = "generic_could_not_process",
     .error_code = "payment_intent_payment_attempt_failed", .message = "This payment couldn't be processed."},
    {.name = "failedDelayed", .says = "fails days later", .end = fails, .delayed = true, .failure_code = "generic_could_not_process",
     .error_code = "payment_intent_payment_attempt_failed", .message = "This payment couldn't be processed."},
    {.name = "disputed", .says = "pays, then the bank takes the money back", .disputed = true},
    {.name = "dispute", .says = "pays, then the bank takes the money back", .disputed = true},
    {.name = "exceedsWeeklyVolumeLimit", .says = "fails: over the week's limit", .end = fails, .failure_code = "charge_exceeds_source_limit",
     .message = "This payment exceeds the weekly payment volume limit of the account."},
    {.name = "exceedsWeeklyTransactionLimit", .says = "fails: over the limit of one transaction", .end = fails,
     .failure_code = "charge_exceeds_weekly_limit", .error_code = "charge_exceeds_source_limit",
     .message = "This payment exceeds the transaction volume limit of the account."},
    {.name = "exceedsWeeklyLimit", .says = "fails: over the week's limit", .end = fails, .failure_code = "charge_exceeds_source_limit",
     .message = "This payment exceeds the weekly payment volume limit of the account."},
    {.name = "exceedsTransactionLimit", .says = "fails: over the limit of one transaction", .end = fails,
     .failure_code = "charge_exceeds_transaction_limit", .error_code = "charge_exceeds_source_limit",
     .message = "This payment exceeds the transaction volume limit of the account."},
    {.name = "weeklyLimitExceeded", .says = "fails: over the week's limit", .end = fails, .failure_code = "charge_exceeds_source_limit",
     .message = "This payment exceeds the weekly payment volume limit of the account."},
    {.name = "insufficientFunds", .says = "fails: insufficient funds", .end = fails, .failure_code = "insufficient_funds",
     .message = "The customer's account has insufficient funds to cover this payment."},
    {.name = "insufficientFundsDelayed", .says = "fails days later: insufficient funds", .end = fails, .delayed = true,
     .failure_code = "insufficient_funds", .message = "The customer's account has insufficient funds to cover this payment."},
    {.name = "debitNotAuthorized", .says = "fails: the customer has not authorised it", .end = fails, .revokes = true,
     .failure_code = "debit_not_authorized", .message = "The customer has notified their bank that this payment was unauthorized."},
    {.name = "debitNotAuthorizedDelayed", .says = "fails days later: the customer has not authorised it", .end = fails, .delayed = true,
     .revokes = true, .failure_code = "debit_not_authorized",
     .message = "The customer has notified their bank that this payment was unauthorized."},
    {.name = "mandateRefused", .says = "is saved, then the bank refuses the mandate", .end = fails, .revokes = true,
     .failure_code = "debit_not_authorized", .message = "The customer's bank has refused the mandate."},
    {.name = "accountClosed", .says = "fails: the account is closed", .end = fails, .failure_code = "account_closed",
     .message = "The bank account has been closed."},
    {.name = "noAccount", .says = "fails: there is no such account", .end = fails, .failure_code = "no_account",
     .message = "The bank account could not be found."},
    {.name = "invalidCurrency", .says = "fails: the account takes another currency", .end = fails, .failure_code = "invalid_currency",
     .error_code = "payment_method_currency_mismatch", .message = "The bank was unable to process this payment because of its currency."},
    {.name = "riskLevelHighest", .says = "is blocked as too risky", .end = blocked, .failure_code = "payment_method_bank_account_blocked",
     .message = "This payment was blocked: its risk is too high."},
    {.name = "failMicrodeposits", .says = "can't be verified: the small deposits never arrive", .verifiable = false},
    {.name = "processing", .says = "stays in processing for ever", .end = never},
    {.name = "tokenizedAccountNumberDeactivated", .says = "fails: its account number is deactivated", .end = fails,
     .failure_code = "tokenized_account_number_deactivated", .error_code = "bank_account_unusable",
     .message = "The tokenized account number has been deactivated."},
};

struct Numbered {
    std::string_view type, number, fate;
};
constexpr Numbered numbered[] = {
    {"us_bank_account", "000123456789", "success"},
    {"us_bank_account", "000111111113", "accountClosed"},
    {"us_bank_account", "000000004954", "riskLevelHighest"},
    {"us_bank_account", "000111111116", "noAccount"},
    {"us_bank_account", "000222222227", "insufficientFunds"},
    {"us_bank_account", "000333333335", "debitNotAuthorized"},
    {"us_bank_account", "000444444440", "invalidCurrency"},
    {"us_bank_account", "000666666661", "failMicrodeposits"},
    {"us_bank_account", "000555555559", "dispute"},
    {"us_bank_account", "000000000009", "processing"},
    {"us_bank_account", "000777777771", "weeklyLimitExceeded"},
    {"us_bank_account", "000888888885", "tokenizedAccountNumberDeactivated"},
    {"bacs_debit", "00012345", "success"},
    {"bacs_debit", "90012345", "successDelayed"},
    {"bacs_debit", "33333335", "debitNotAuthorized"},
    {"bacs_debit", "93333335", "debitNotAuthorizedDelayed"},
    {"bacs_debit", "22222227", "insufficientFunds"},
    {"bacs_debit", "92222227", "insufficientFundsDelayed"},
    {"bacs_debit", "55555559", "dispute"},
    {"bacs_debit", "00033333", "mandateRefused"},
    {"bacs_debit", "34343434", "exceedsWeeklyLimit"},
    {"bacs_debit", "12121212", "exceedsTransactionLimit"},
};

struct DebitKind {
    std::string_view type, currency, name, prefix, routing;
    std::int64_t days;
};
constexpr DebitKind kinds[] = {
    {"bacs_debit", "gbp", "Bacs Direct Debit", "pm_bacsDebit_", "108800", 6},
    {"sepa_debit", "eur", "SEPA Direct Debit", "pm_sepaDebit_", "", 5},
    {"us_bank_account", "usd", "ACH Direct Debit", "pm_usBankAccount_", "110000000", 4},
};
// clang-format on

const DebitKind& kind_of(std::string_view type) {
    const auto* found = std::ranges::find(kinds, type, &DebitKind::type);
    PD_ASSERT(found != std::end(kinds));
    return *found;
}

std::string without_spaces(std::string_view text) {
    std::string bare;
    for (const char c : text) {
        if (c == ' ' || c == '-') continue;
        bare += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return bare;
}

// ISO 13616: the rearranged number, letters as 10 to 35, leaves 1 when divided by 97.
bool is_iban(std::string_view iban) {
    if (iban.size() < 15 || iban.size() > 34) return false;
    int rest = 0;
    for (std::size_t i = 0; i < iban.size(); ++i) {
        const char c = iban[(i + 4) % iban.size()];
        if (c >= '0' && c <= '9')
            rest = (rest * 10 + (c - '0')) % 97;
        else if (c >= 'A' && c <= 'Z')
            rest = (rest * 100 + (c - 'A' + 10)) % 97;
        else
            return false;
    }
    return rest == 1;
}

const SepaCountry* sepa_country(std::string_view code) {
    const auto* found = std::ranges::find(sepa_countries, code, &SepaCountry::code);
    return found == std::end(sepa_countries) ? nullptr : found;
}

const DebitFate& fate_of_iban(std::string_view iban) {
    const auto* country = sepa_country(iban.substr(0, 2));
    if (country) {
        const auto found = std::ranges::find(country->ibans, iban);
        if (found != country->ibans.end()) {
            return fate_named(sepa_fates[static_cast<std::size_t>(found - country->ibans.begin())]);
        }
    }
    if (!is_iban(iban)) {
        refuse("invalid_bank_account_iban", "The IBAN you provided is invalid.",
               "sepa_debit[iban]");
    }
    // Two more per country: they can't even be saved.
    if (iban.ends_with("00055555")) {
        refuse("sepa_debit_bank_not_supported",
               "The bank of this account does not support SEPA Direct Debit.", "sepa_debit[iban]");
    }
    if (iban.ends_with("00066666")) {
        refuse("sepa_debit_debits_not_supported", "This account can't be debited.",
               "sepa_debit[iban]");
    }
    refuse("invalid_bank_account_iban",
           "This IBAN is no test account: in test mode no real one may be used. Try "
           "DE89370400440532013000; the sandbox's start page lists them.",
           "sepa_debit[iban]");
}

const DebitFate& fate_of_number(const BankDetails& details) {
    const DebitKind& kind = kind_of(details.type);
    const bool ach = details.type == "us_bank_account";
    if (details.routing != kind.routing) {
        refuse(ach ? "routing_number_invalid" : "bank_account_sort_code_invalid",
               ach ? "Invalid routing number: in test mode it is 110000000."
                   : "Invalid sort code: in test mode it is 108800.",
               ach ? "us_bank_account[routing_number]" : "bacs_debit[sort_code]");
    }
    const auto* found = std::ranges::find_if(numbered, [&](const Numbered& row) {
        return row.type == details.type && row.number == details.number;
    });
    if (found == std::end(numbered)) {
        refuse("account_number_invalid",
               "This account number is no test account. Try " +
                   std::string(ach ? "000123456789" : "00012345") +
                   "; the sandbox's start page lists them.",
               std::string(details.type) + "[account_number]");
    }
    return fate_named(found->fate);
}

void fill_details(const BankDetails& details, Object& shown) {
    const auto last4 = details.number.substr(details.number.size() - 4);
    const auto fingerprint = to_hex(sha256(details.routing + details.number)).substr(0, 16);
    if (details.type == "sepa_debit") {
        const auto* country = sepa_country(details.number.substr(0, 2));
        const auto length = country ? static_cast<std::size_t>(country->bank_code_length) : 0;
        shown = Object{
            {"bank_code", text_or_null(details.number.substr(4, length))},
            {"branch_code", nullptr},
            {"country", details.number.substr(0, 2)},
            {"fingerprint", fingerprint},
            {"generated_from", Object{{"charge", nullptr}, {"setup_attempt", nullptr}}},
            {"last4", last4}
        };
    } else if (details.type == "bacs_debit") {
        shown = Object{
            {"fingerprint", fingerprint    },
            {"last4",       last4          },
            {"sort_code",   details.routing}
        };
    } else {
        shown = Object{
            {"account_holder_type",           details.holder_type                                            },
            {"account_type",                  details.account_type                                           },
            {"bank_name",                     "STRIPE TEST BANK"                                             },
            {"financial_connections_account", nullptr                                                        },
            {"fingerprint",                   fingerprint                                                    },
            {"last4",                         last4                                                          },
            {"networks",                      Object{{"preferred", "ach"}, {"supported", json::array{"ach"}}}},
            {"routing_number",                details.routing                                                },
            {"status_details",                Object()                                                       }
        };
    }
}

const Object& add_method(Account& account, const BankDetails& details, const DebitFate& fate) {
    Object method = blank("payment_method");
    method["id"] = account.new_id("pm_1");
    method["type"] = details.type;
    method.erase("card");
    Object shown;
    fill_details(details, shown);
    method[details.type] = std::move(shown);
    Object& billing = method["billing_details"].as_object();
    billing["name"] = text_or_null(details.name);
    billing["email"] = text_or_null(details.email);
    method["_fate"] = fate.name;
    method["_verified"] = details.type != "us_bank_account" || details.verified;
    return account.add(std::move(method));
}

// "pm_failed_de" and "pm_sepaDebit_failed_de" both: Stripe has renamed them.
std::optional<BankDetails> sepa_by_method(std::string_view name) {
    if (!name.starts_with("pm_")) return std::nullopt;
    name.remove_prefix(3);
    if (name.starts_with("sepaDebit_")) name.remove_prefix(10);
    const auto bar = name.find('_');
    if (bar == std::string_view::npos) return std::nullopt;
    const auto* country = sepa_country(without_spaces(name.substr(bar + 1)));
    const auto fate = std::ranges::find(sepa_fates, name.substr(0, bar));
    if (!country || fate == sepa_fates.end()) return std::nullopt;
    const auto iban = country->ibans[static_cast<std::size_t>(fate - sepa_fates.begin())];
    if (iban.empty()) return std::nullopt;
    return BankDetails{.type = "sepa_debit",
                       .number = std::string(iban),
                       .name = "Jenny Rosen",
                       .email = "jenny@example.com"};
}

}  // namespace

bool is_debit(std::string_view type) {
    return std::ranges::find(debit_types, type) != std::end(debit_types);
}

std::string_view currency_of_debit(std::string_view type) { return kind_of(type).currency; }
std::string_view name_of_debit(std::string_view type) { return kind_of(type).name; }
std::int64_t debit_seconds(std::string_view type) { return kind_of(type).days * day; }

std::vector<TestAccount> shown_accounts(std::string_view type) {
    std::vector<TestAccount> shown;
    if (type == "sepa_debit") {
        const auto& ibans = sepa_country("DE")->ibans;
        for (std::size_t i = 0; i < ibans.size(); ++i) {
            shown.push_back({type, ibans[i], &fate_named(sepa_fates[i]),
                             "pm_" + std::string(sepa_fates[i]) + "_de"});
        }
    }
    for (const Numbered& row : numbered) {
        if (row.type != type) continue;
        shown.push_back({type, row.number, &fate_named(row.fate),
                         std::string(kind_of(type).prefix) + std::string(row.fate)});
    }
    return shown;
}

const Object& add_bank_method(Account& account, const BankDetails& details) {
    BankDetails bare = details;
    bare.number = without_spaces(details.number);
    bare.routing = without_spaces(details.routing);
    const DebitFate& fate =
        bare.type == "sepa_debit" ? fate_of_iban(bare.number) : fate_of_number(bare);
    return add_method(account, bare, fate);
}

const Object* add_test_bank_method(Account& account, std::string_view method_name) {
    if (const auto sepa = sepa_by_method(method_name)) {
        return &add_method(account, *sepa, fate_of_iban(sepa->number));
    }
    for (const Numbered& row : numbered) {
        const DebitKind& kind = kind_of(row.type);
        if (method_name != std::string(kind.prefix) + std::string(row.fate)) continue;
        return &add_method(account,
                           {.type = std::string(row.type),
                            .number = std::string(row.number),
                            .routing = std::string(kind.routing),
                            .name = "Jenny Rosen",
                            .email = "jenny@example.com",
                            .verified = fate_named(row.fate).verifiable},
                           fate_named(row.fate));
    }
    return nullptr;
}

const DebitFate& fate_of(const Object& payment_method) {
    return fate_named(text(payment_method, "_fate"));
}

const DebitFate& fate_named(std::string_view name) {
    const auto* found = std::ranges::find(fates, name, &DebitFate::name);
    PD_ASSERT(found != std::end(fates));
    return *found;
}

}  // namespace paydesk::sandbox::stripe
