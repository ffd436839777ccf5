// Bank debits: what each test account does, in which order it is told, and what follows it: sessions, invoices, renewals.

#include "sandbox/stripe/debiting.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/sepa_ibans.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::flag;
using stripe::number;
using stripe::text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t day = 86400;

class Debits : public SandboxTest {
protected:
    static constexpr auto accepted = "&mandate_data[customer_acceptance][type]=offline";

    json::object debit(const std::string& method, const std::string& currency = "eur",
                       const std::string& more = {}) {
        return made("/v1/payment_intents", "amount=1500&confirm=true&currency=" + currency +
                                               "&payment_method=" + method + accepted + more);
    }
    json::object intent(const json::object& before) {
        return got("/v1/payment_intents/" + id(before) + "?expand[]=latest_charge");
    }
    // Types of the events after the first `seen`.
    std::vector<std::string> events_since(std::size_t seen) {
        auto types = event_types();
        types.erase(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(seen));
        return types;
    }
    // A customer who has let us debit that account, with it as the default.
    std::string customer_debiting(const std::string& method, const std::string& more = {}) {
        const auto customer = id(made("/v1/customers", "email=ada%40example.com" + more));
        const auto setup = made("/v1/setup_intents", "confirm=true&customer=" + customer +
                                                         "&payment_method=" + method + accepted);
        EXPECT_EQ(text(setup, "status"), "succeeded");
        made("/v1/customers/" + customer,
             "invoice_settings[default_payment_method]=" + text(setup, "payment_method"));
        return customer;
    }
    std::string price_in(const std::string& currency) {
        const auto product = id(made("/v1/products", "name=Pro"));
        return id(made("/v1/prices", "unit_amount=2900&recurring[interval]=month&product=" +
                                         product + "&currency=" + currency));
    }
    json::object latest_invoice(const std::string& subscription) {
        return json::object(
            child(got("/v1/subscriptions/" + subscription + "?expand[]=latest_invoice"),
                  "latest_invoice"));
    }
};

TEST_F(Debits, EachTestAccountEndsAsItsNameSays) {
    for (const auto type : stripe::debit_types) {
        const std::string currency(stripe::currency_of_debit(type));
        for (const auto& one : stripe::shown_accounts(type)) {
            if (one.fate->name == "failMicrodeposits" || one.fate->name == "riskLevelHighest" ||
                one.fate->name == "tokenizedAccountNumberDeactivated") {
                continue;
            }
            SCOPED_TRACE(one.method);
            const auto begun = debit(one.method, currency);
            EXPECT_EQ(text(begun, "status"), "processing");
            const bool waits = one.fate->delayed || one.fate->end == stripe::DebitEnd::never;
            EXPECT_EQ(text(intent(begun), "status") == "processing", waits);
            advance(15 * day);
            const auto ended = intent(begun);
            const auto& charge = child(ended, "latest_charge");
            switch (one.fate->end) {
                case stripe::DebitEnd::never:
                    EXPECT_EQ(text(ended, "status"), "processing");
                    break;
                case stripe::DebitEnd::succeeds:
                    EXPECT_EQ(text(ended, "status"), "succeeded");
                    EXPECT_EQ(number(charge, "amount_captured"), 1500);
                    EXPECT_EQ(flag(charge, "disputed"), one.fate->disputed);
                    break;
                default:
                    EXPECT_EQ(text(ended, "status"), "requires_payment_method");
                    EXPECT_EQ(text(charge, "failure_code"), one.fate->failure_code);
                    EXPECT_FALSE(text(child(ended, "last_payment_error"), "code").empty());
            }
        }
    }
}

TEST_F(Debits, EveryCountryHasEveryIbanUnderItsNameAndItsNumber) {
    int tried = 0;
    for (const auto& country : stripe::sepa_countries) {
        for (std::size_t i = 0; i < country.ibans.size(); ++i) {
            const std::string iban(country.ibans[i]);
            if (iban.empty()) continue;
            SCOPED_TRACE(iban);
            ++tried;
            const auto method =
                made("/v1/payment_methods",
                     "type=sepa_debit&billing_details[name]=Ada&billing_details[email]=a%40b.c&"
                     "sepa_debit[iban]=" +
                         iban);
            const auto& shown = child(method, "sepa_debit");
            EXPECT_EQ(text(shown, "country"), country.code);
            EXPECT_EQ(text(shown, "last4"), iban.substr(iban.size() - 4));
            EXPECT_EQ(text(*store_.find(id(method)), "_fate"), stripe::sepa_fates[i]);
        }
    }
    EXPECT_GE(tried, 150);
    for (const auto* name : {"pm_failed_fr", "pm_sepaDebit_failed_fr"}) {
        EXPECT_EQ(text(intent(debit(name)), "status"), "requires_payment_method") << name;
    }
}

TEST_F(Debits, AnAccountThatIsNoTestAccountIsRefused) {
    const auto refused = [&](const std::string& form) {
        const auto reply = call("POST", "/v1/payment_methods",
                                form + "&billing_details[name]=A&billing_details[email]=a%40b.c");
        EXPECT_EQ(reply.status, 400) << reply.text;
        return reply.code();
    };
    EXPECT_EQ(refused("type=sepa_debit&sepa_debit[iban]=DE00370400440532013000"),
              "invalid_bank_account_iban");
    EXPECT_EQ(refused("type=sepa_debit&sepa_debit[iban]=DE75512108001245126199"),
              "invalid_bank_account_iban");
    EXPECT_EQ(refused("type=sepa_debit&sepa_debit[iban]=IE36AIBK93115200055555"),
              "sepa_debit_bank_not_supported");
    EXPECT_EQ(refused("type=sepa_debit&sepa_debit[iban]=DE18370400440000066666"),
              "sepa_debit_debits_not_supported");
    EXPECT_EQ(refused("type=us_bank_account&us_bank_account[account_holder_type]=individual&"
                      "us_bank_account[account_number]=000123456789&"
                      "us_bank_account[routing_number]=021000021"),
              "routing_number_invalid");
    EXPECT_EQ(refused("type=bacs_debit&bacs_debit[account_number]=12345678&"
                      "bacs_debit[sort_code]=108800"),
              "account_number_invalid");
    EXPECT_EQ(call("POST", "/v1/payment_methods",
                   "type=sepa_debit&sepa_debit[iban]=DE89370400440532013000")
                  .param(),
              "billing_details[email]");
}

TEST_F(Debits, EventsComeInTheOrderOfThings) {
    const auto seen = event_types().size();
    const auto paid = debit("pm_successDelayed_de");
    advance(5 * day);
    EXPECT_THAT(events_since(seen),
                ElementsAre("payment_intent.created", "payment_intent.processing", "charge.pending",
                            "charge.succeeded", "payment_intent.succeeded"));
    const auto then = event_types().size();
    const auto failed = debit("pm_bacsDebit_debitNotAuthorizedDelayed", "gbp");
    advance(6 * day);
    EXPECT_THAT(events_since(then),
                ElementsAre("payment_intent.created", "payment_intent.processing", "charge.pending",
                            "charge.failed", "payment_intent.payment_failed", "mandate.updated"));
    // The mandate is gone, so the account can't be debited again without a new one.
    const auto method =
        text(child(child(intent(failed), "last_payment_error"), "payment_method"), "id");
    EXPECT_EQ(
        call("POST", "/v1/payment_intents/" + id(failed) + "/confirm", "payment_method=" + method)
            .code(),
        "payment_intent_mandate_invalid");
}

TEST_F(Debits, WhatTheBankTakesBackIsLostAtOnce) {
    const auto seen = event_types().size();
    const auto paid = debit("pm_usBankAccount_dispute", "usd");
    EXPECT_THAT(events_since(seen),
                testing::IsSupersetOf({"charge.succeeded", "charge.dispute.created",
                                       "charge.dispute.funds_withdrawn", "charge.dispute.closed"}));
    const auto dispute = got("/v1/disputes?limit=1").at("data").as_array().front().as_object();
    EXPECT_EQ(text(dispute, "status"), "lost");
}

TEST_F(Debits, CanBeCanceledWhileTheBankIsAsked) {
    const auto begun = debit("pm_successDelayed_de");
    made("/v1/payment_intents/" + id(begun) + "/cancel");
    advance(10 * day);
    const auto after = intent(begun);
    EXPECT_EQ(text(after, "status"), "canceled");
    EXPECT_EQ(text(child(after, "latest_charge"), "status"), "failed");
    EXPECT_FALSE(happened("payment_intent.succeeded"));
}

TEST_F(Debits, ARiskyAccountIsBlockedBeforeAnyBankIsAsked) {
    const auto reply = call("POST", "/v1/payment_intents",
                            "amount=1500&currency=usd&confirm=true&payment_method="
                            "pm_usBankAccount_riskLevelHighest" +
                                std::string(accepted));
    EXPECT_EQ(reply.status, 402);
    EXPECT_EQ(reply.code(), "payment_method_bank_account_blocked");
    EXPECT_FALSE(happened("charge.pending"));
}

TEST_F(Debits, MicrodepositsAreVerifiedOnTheirPage) {
    const auto method = id(made("/v1/payment_methods",
                                "type=us_bank_account&billing_details[name]=Ada&us_bank_account["
                                "account_holder_type]=company&us_bank_account[account_number]="
                                "000123456789&us_bank_account[routing_number]=110000000"));
    const auto waiting = debit(method, "usd");
    const auto& deposits = child(child(waiting, "next_action"), "verify_with_microdeposits");
    const auto url = text(deposits, "hosted_verification_url");
    const auto path = url.substr(url.find("/microdeposits/"));
    EXPECT_THAT(call("GET", path).text, HasSubstr("SM11AA"));
    EXPECT_THAT(call("POST", path, "code=SM00AA").text, HasSubstr("does not match"));
    EXPECT_EQ(text(intent(waiting), "status"), "requires_action");
    EXPECT_THAT(call("POST", path, "code=SM11AA").text, HasSubstr("Verified"));
    EXPECT_EQ(text(intent(waiting), "status"), "succeeded");
    EXPECT_EQ(call("GET", path).status, 404);

    const auto late = debit(id(made("/v1/payment_methods",
                                    "type=us_bank_account&billing_details[name]=Ada&"
                                    "us_bank_account[account_holder_type]=company&us_bank_account["
                                    "account_number]=000123456789&us_bank_account[routing_number]="
                                    "110000000")),
                            "usd");
    EXPECT_EQ(call("POST", "/v1/payment_intents/" + id(late) + "/verify_microdeposits",
                   "descriptor_code=SM44DD")
                  .code(),
              "payment_method_microdeposit_verification_timeout");
    EXPECT_EQ(text(intent(late), "status"), "requires_payment_method");
}

TEST_F(Debits, ASubscriptionIsActiveWhileItsFirstDebitIsProcessed) {
    const auto customer = customer_debiting("pm_successDelayed_de");
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price_in("eur"));
    EXPECT_EQ(text(subscription, "status"), "active");
    EXPECT_EQ(text(latest_invoice(id(subscription)), "status"), "open");
    EXPECT_EQ(call("POST", "/v1/invoices/" + id(latest_invoice(id(subscription))) + "/pay").status,
              400);
    EXPECT_THAT(call("GET", "/i/" + id(latest_invoice(id(subscription)))).text,
                HasSubstr("being processed"));
    advance(5 * day);
    EXPECT_EQ(text(latest_invoice(id(subscription)), "status"), "paid");
    EXPECT_EQ(number(latest_invoice(id(subscription)), "attempt_count"), 1);
    // Renewals are debited as well, and again it takes days.
    advance(28 * day);
    EXPECT_EQ(text(latest_invoice(id(subscription)), "status"), "open");
    EXPECT_EQ(text(latest_invoice(id(subscription)), "billing_reason"), "subscription_cycle");
    advance(6 * day);
    EXPECT_EQ(text(latest_invoice(id(subscription)), "status"), "paid");
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(subscription)), "status"), "active");
}

TEST_F(Debits, OneThatWaitedForItsFirstPaymentBeginsWhenItIsProcessed) {
    const auto customer = id(made("/v1/customers", "email=ada%40example.com"));
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price_in("eur") +
                                      "&payment_behavior=default_incomplete&payment_settings["
                                      "save_default_payment_method]=on_subscription");
    EXPECT_EQ(text(subscription, "status"), "incomplete");
    const auto invoice = id(latest_invoice(id(subscription)));
    const auto payment = text(*store_.find(invoice), "_payment_intent");
    made("/v1/payment_intents/" + payment + "/confirm",
         "payment_method=pm_failedDelayed_de" + std::string(accepted));
    const auto active = got("/v1/subscriptions/" + id(subscription));
    EXPECT_EQ(text(active, "status"), "active");
    EXPECT_FALSE(text(active, "default_payment_method").empty());
    advance(5 * day);
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(subscription)), "status"), "past_due");
    EXPECT_FALSE(latest_invoice(id(subscription)).at("next_payment_attempt").is_null());
    // Three retries, each of which takes days to fail; then the settings' end.
    advance(60 * day);
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(subscription)), "status"), "canceled");
}

TEST_F(Debits, AChangeOfPlanHoldsWhileItsDebitIsProcessed) {
    const auto customer = customer_debiting("pm_success_de");
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price_in("eur"));
    const auto late = made("/v1/setup_intents",
                           "confirm=true&payment_method=pm_failedDelayed_de&"
                           "customer=" +
                               customer + accepted);
    made("/v1/customers/" + customer,
         "invoice_settings[default_payment_method]=" + text(late, "payment_method"));
    const auto item = id(children(child(subscription, "items"), "data").front().as_object());
    advance(2 * day);
    made("/v1/subscriptions/" + id(subscription),
         "proration_behavior=always_invoice&items[0][quantity]=3&items[0][id]=" + item);
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(subscription)), "status"), "active");
    EXPECT_EQ(text(latest_invoice(id(subscription)), "status"), "open");
    advance(5 * day);
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(subscription)), "status"), "past_due");
}

TEST_F(Debits, ASessionHearsOfItsOwnPaymentOnly) {
    const auto open = session(price_in("eur"), "&allowed_payment_method_types[0]=sepa_debit");
    call("POST", "/c/pay/" + id(open),
         "email=a%40b.c&method=sepa_debit&bank_name=Ada&bank_number=DE78370400440532013004");
    advance(40 * day);
    const auto types = event_types();
    EXPECT_GT(std::ranges::count(types, "invoice.payment_failed"), 1);
    EXPECT_EQ(std::ranges::count(types, "checkout.session.async_payment_failed"), 1);
}

TEST_F(Debits, ASessionTakesTheTaxOfTheAccountsCountry) {
    const auto open = session(price_in("eur"),
                              "&allowed_payment_method_types[0]=sepa_debit&"
                              "automatic_tax[enabled]=true");
    call("POST", "/c/pay/" + id(open),
         "email=a%40b.c&method=sepa_debit&bank_name=Ada&bank_number=DE89370400440532013000");
    const auto paid = got("/v1/checkout/sessions/" + id(open));
    EXPECT_EQ(text(child(paid, "automatic_tax"), "status"), "complete");
    const auto net = number(paid, "amount_subtotal");
    EXPECT_EQ(number(paid, "amount_total"), net + net * 19 / 100);
    const auto invoice = latest_invoice(text(paid, "subscription"));
    EXPECT_EQ(stripe::value_of(invoice, "amount_paid"), stripe::value_of(paid, "amount_total"));
}

TEST_F(Debits, ARenewalWithoutAMandateFailsInsteadOfGettingStuck) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price()));
    const auto method =
        id(made("/v1/payment_methods/pm_usBankAccount_success/attach", "customer=" + customer));
    made("/v1/customers/" + customer, "invoice_settings[default_payment_method]=" + method);
    advance(33 * day);
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "past_due");
    EXPECT_TRUE(happened("invoice.payment_failed"));
}

TEST_F(Debits, FollowTheTestClockOfTheirCustomer) {
    const auto clock = id(made("/v1/test_helpers/test_clocks", "frozen_time=1735689600"));
    const auto customer = customer_debiting("pm_successDelayed_de", "&test_clock=" + clock);
    const auto subscription = id(
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price_in("eur")));
    advance(30 * day);
    EXPECT_EQ(text(latest_invoice(subscription), "status"), "open");
    made("/v1/test_helpers/test_clocks/" + clock + "/advance",
         "frozen_time=" + std::to_string(1735689600 + 6 * day));
    settle();
    EXPECT_EQ(text(latest_invoice(subscription), "status"), "paid");
}

TEST_F(Debits, AVoidedInvoiceStopsItsDebit) {
    const auto customer = customer_debiting("pm_successDelayed_de");
    const auto subscription = id(
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price_in("eur")));
    made("/v1/invoices/" + id(latest_invoice(subscription)) + "/void");
    advance(10 * day);
    EXPECT_EQ(text(latest_invoice(subscription), "status"), "void");
    EXPECT_FALSE(happened("charge.succeeded"));
}

TEST_F(Debits, TheHostedPageOffersWhatTheSessionTakes) {
    const auto open = session(price_in("eur"),
                              "&allowed_payment_method_types[0]=card"
                              "&allowed_payment_method_types[1]=sepa_debit");
    const auto path = "/c/pay/" + id(open);
    EXPECT_THAT(call("GET", path).text, HasSubstr("card-number"));
    EXPECT_THAT(call("GET", path).text, HasSubstr("method-sepa_debit"));
    const auto page = call("GET", path + "?method=sepa_debit").text;
    EXPECT_THAT(page, HasSubstr("DE89370400440532013000"));
    EXPECT_THAT(page, Not(HasSubstr("card-number")));
    EXPECT_THAT(
        call("POST", path, "email=a%40b.c&method=sepa_debit&bank_name=Ada&bank_number=DE1").text,
        HasSubstr("IBAN you provided is invalid"));
    EXPECT_EQ(call("POST", path,
                   "email=a%40b.c&method=sepa_debit&bank_name=Ada&bank_number=DE89+3704+0044+0532+"
                   "0130+00")
                  .status,
              303);
    const auto done = got("/v1/checkout/sessions/" + id(open));
    EXPECT_EQ(text(done, "payment_status"), "paid");
    EXPECT_TRUE(happened("checkout.session.async_payment_succeeded"));
    // A session for cards takes no bank account, whatever the form says.
    const auto cards = session(price_in("eur"));
    EXPECT_THAT(call("GET", "/c/pay/" + id(cards)).text, Not(HasSubstr("method-")));
}

TEST_F(Debits, AnAccountMayHaveDebitsTurnedOn) {
    EXPECT_EQ(call("POST", "/_sandbox/settings", R"({"payment_method_types":["cheque"]})").status,
              400);
    EXPECT_EQ(call("POST", "/_sandbox/settings",
                   R"({"payment_method_types":["card","sepa_debit","us_bank_account"]})")
                  .status,
              200);
    const auto types = [&](const std::string& currency) {
        return children(session(price_in(currency)), "payment_method_types");
    };
    EXPECT_EQ(types("eur"), (json::array{"card", "sepa_debit"}));
    EXPECT_EQ(types("usd"), (json::array{"card", "us_bank_account"}));
    EXPECT_EQ(types("jpy"), (json::array{"card"}));
    EXPECT_EQ(call("POST", "/v1/payment_intents",
                   "amount=1000&currency=jpy&allowed_payment_method_types[]=sepa_debit")
                  .param(),
              "allowed_payment_method_types");
}

}  // namespace
}  // namespace paydesk::sandbox
