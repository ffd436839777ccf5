// Prices in several currencies, currencies without and with three decimals, smallest amounts;
// the account.

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

class CurrencyTest : public SandboxTest {
protected:
    std::string many() {
        return id(made("/v1/prices",
                       "currency=usd&unit_amount=2900&recurring[interval]=month&product_data[name]="
                       "Pro&currency_options[eur][unit_amount]=2700&currency_options[jpy]"
                       "[unit_amount]=4000&currency_options[kwd][unit_amount]=8900"));
    }
    json::object subscribe(const std::string& more) {
        return made("/v1/subscriptions", "customer=" + customer_with("pm_card_visa") + more);
    }
    json::object invoice_of(const json::object& subscription) {
        return got("/v1/invoices/" + text(subscription, "latest_invoice"));
    }
    static Object first(const json::object& holder, std::string_view key) {
        const auto& list = children(holder, key);
        return list.empty() ? Object() : list.front().as_object();
    }
};

TEST_F(CurrencyTest, OptionsAreShownWhenAskedForAndCanChange) {
    const auto price_id = many();
    EXPECT_FALSE(got("/v1/prices/" + price_id).contains("currency_options"));
    const auto shown = got("/v1/prices/" + price_id + "?expand[]=currency_options");
    const Object& options = child(shown, "currency_options");
    EXPECT_EQ(options.size(), 4U);
    EXPECT_EQ(number(child(options, "eur"), "unit_amount"), 2700);
    EXPECT_EQ(number(child(options, "usd"), "unit_amount"), 2900);
    made("/v1/prices/" + price_id,
         "currency_options[eur][unit_amount]=2800&currency_options[jpy]=");
    const auto changed = got("/v1/prices/" + price_id + "?expand[]=currency_options");
    EXPECT_EQ(number(child(child(changed, "currency_options"), "eur"), "unit_amount"), 2800);
    EXPECT_FALSE(child(changed, "currency_options").contains("jpy"));
    EXPECT_EQ(
        call("POST", "/v1/prices/" + price_id, "currency_options[usd][unit_amount]=1").param(),
        "currency_options[usd]");
    EXPECT_EQ(call("POST", "/v1/prices/" + price_id, "currency_options[eur][nope]=1").code(),
              "parameter_unknown");
}

TEST_F(CurrencyTest, ASubscriptionIsInTheCurrencyAskedForFromThenOn) {
    const auto price_id = many();
    for (const auto& [currency, amount] : {
             std::pair{"usd", 2900},
             {"eur", 2700},
             {"jpy", 4000},
             {"kwd", 8900}
    }) {
        const auto subscription =
            subscribe("&items[0][price]=" + price_id + "&currency=" + currency);
        EXPECT_EQ(text(subscription, "currency"), currency);
        const auto invoice = invoice_of(subscription);
        EXPECT_EQ(text(invoice, "currency"), currency);
        EXPECT_EQ(number(invoice, "amount_paid"), amount);
        const Object line = first(child(invoice, "lines"), "data");
        EXPECT_EQ(text(child(line, "pricing"), "unit_amount_decimal"), std::to_string(amount));
        // The customer's currency is that one now, and the next subscription follows it.
        const auto next = made("/v1/subscriptions", "customer=" + text(subscription, "customer") +
                                                        "&items[0][price]=" + price_id);
        EXPECT_EQ(text(next, "currency"), currency);
    }
    advance(32 * 86400);
    EXPECT_NE(number(got("/v1/invoices/" + store_.ids("invoice").back()), "amount_paid"), 0);
    EXPECT_EQ(call("POST", "/v1/subscriptions",
                   "customer=" + customer_with("pm_card_visa") +
                       "&currency=gbp&items[0][price]=" + price_id)
                  .param(),
              "items[0][price]");
}

TEST_F(CurrencyTest, CheckoutPresentsTheCurrencyAskedFor) {
    const auto coupon_id = id(made("/v1/coupons",
                                   "amount_off=500&currency=usd&currency_options[eur][amount_off]="
                                   "400&duration=forever"));
    const auto opened = session(many(), "&currency=eur&discounts[0][coupon]=" + coupon_id);
    EXPECT_EQ(text(opened, "currency"), "eur");
    EXPECT_EQ(number(opened, "amount_total"), 2300);
    EXPECT_EQ(pay(id(opened), "4242424242424242").status, 303);
    const auto paid =
        got("/v1/checkout/sessions/" + id(opened) + "?expand[]=subscription.latest_invoice");
    const Object& invoice = child(child(paid, "subscription"), "latest_invoice");
    EXPECT_EQ(number(invoice, "amount_paid"), 2300);
    EXPECT_EQ(text(invoice, "currency"), "eur");
    const auto shown = got("/v1/coupons/" + coupon_id + "?expand[]=currency_options");
    EXPECT_EQ(number(child(child(shown, "currency_options"), "eur"), "amount_off"), 400);
    EXPECT_EQ(call("POST", "/v1/checkout/sessions",
                   "mode=payment&line_items[0][quantity]=1&success_url=http%3A%2F%2Fx.example&"
                   "line_items[0][price_data][currency]=jpy&line_items[0][price_data]"
                   "[unit_amount]=40&line_items[0][price_data][product_data][name]=Pen")
                  .code(),
              "amount_too_small");
}

TEST_F(CurrencyTest, SmallestAmountsAndSmallestParts) {
    const struct {
        const char* form;
        const char* code;
        int status;
    } cases[] = {
        {"amount=49&currency=usd",   "amount_too_small", 400},
        {"amount=50&currency=usd",   "",                 200},
        {"amount=30&currency=gbp",   "",                 200},
        {"amount=49&currency=jpy",   "amount_too_small", 400},
        {"amount=299&currency=sek",  "amount_too_small", 400},
        {"amount=5005&currency=kwd", "",                 400},
        {"amount=5010&currency=kwd", "",                 200},
        {"amount=500&currency=zzz",  "",                 400},
    };
    for (const auto& test : cases) {
        const auto reply = call("POST", "/v1/payment_intents", test.form);
        EXPECT_EQ(reply.status, test.status) << test.form << reply.text;
        EXPECT_EQ(reply.code(), test.code) << test.form;
    }
    const auto customer = customer_with("pm_card_visa");
    made("/v1/invoiceitems", "customer=" + customer + "&amount=299&currency=sek");
    const auto small =
        made("/v1/invoices", "pending_invoice_items_behavior=include&customer=" + customer);
    EXPECT_EQ(text(small, "currency"), "sek");
    const auto waits = made("/v1/invoices/" + id(small) + "/finalize");
    EXPECT_EQ(text(waits, "status"), "paid");
    EXPECT_EQ(number(got("/v1/customers/" + customer), "balance"), 299);
}

TEST_F(CurrencyTest, WhatIsAddedLaterIsInTheSubscriptionsCurrencyToo) {
    const auto monthly = many();
    const auto fee = id(made("/v1/prices",
                             "currency=usd&unit_amount=500&product_data[name]=Setup&"
                             "currency_options[eur][unit_amount]=450"));
    const auto dollars =
        id(made("/v1/prices", "currency=usd&unit_amount=500&product_data[name]=Support"));
    const auto subscription = subscribe("&currency=eur&items[0][price]=" + monthly +
                                        "&add_invoice_items[0][price]=" + fee);
    EXPECT_EQ(number(invoice_of(subscription), "total"), 2700 + 450);
    const auto path = "/v1/subscriptions/" + id(subscription);
    EXPECT_EQ(call("POST", path, "add_invoice_items[0][price]=" + dollars).param(),
              "add_invoice_items[0][price]");
    EXPECT_EQ(call("POST", path, "items[0][price]=" + price()).param(), "items[0][price]");
    const auto changed =
        made(path, "items[0][id]=" + text(first(child(subscription, "items"), "data"), "id") +
                       "&items[0][quantity]=2&proration_behavior=always_invoice&"
                       "add_invoice_items[0][price]=" +
                       fee);
    EXPECT_EQ(number(invoice_of(changed), "total"), 2700 + 450);
}

TEST_F(CurrencyTest, ASchedulesPhasesHaveOneCurrency) {
    const auto customer = customer_with("pm_card_visa");
    const auto euros = id(made("/v1/prices",
                               "currency=eur&unit_amount=900&recurring[interval]=month&"
                               "product_data[name]=Basic"));
    const auto form = [&](const std::string& next) {
        return "customer=" + customer + "&start_date=now&phases[0][items][0][price]=" + euros +
               "&phases[0][duration][interval]=month&phases[1][items][0][price]=" + next;
    };
    EXPECT_EQ(call("POST", "/v1/subscription_schedules", form(price())).param(),
              "phases[1][items][0][price]");
    const auto schedule = made("/v1/subscription_schedules", form(many()));
    for (const json::value& phase : children(schedule, "phases")) {
        EXPECT_EQ(text(phase.get_object(), "currency"), "eur");
    }
    advance(33 * 86400);
    const auto subscription = got("/v1/subscriptions/" + text(schedule, "subscription"));
    EXPECT_EQ(text(subscription, "currency"), "eur");
    EXPECT_EQ(number(invoice_of(subscription), "total"), 2700);
}

TEST_F(CurrencyTest, APaymentMadeElsewhereIsAttached) {
    const auto customer = customer_with("pm_card_visa");
    made("/v1/invoiceitems", "customer=" + customer + "&amount=3000&currency=usd");
    const auto open = id(made(
        "/v1/invoices/" +
        id(made("/v1/invoices", "pending_invoice_items_behavior=include&customer=" + customer)) +
        "/finalize"));
    const auto pay_apart = [&](const std::string& amount) {
        return id(made("/v1/payment_intents", "amount=" + amount +
                                                  "&currency=usd&customer=" + customer +
                                                  "&payment_method=pm_card_visa&"
                                                  "confirm=true&return_url=http%3A%2F%2Fx"));
    };
    const auto part =
        made("/v1/invoices/" + open + "/attach_payment", "payment_intent=" + pay_apart("1000"));
    EXPECT_EQ(number(part, "amount_remaining"), 2000);
    EXPECT_EQ(number(part, "amount_paid"), 1000);
    const auto whole =
        made("/v1/invoices/" + open + "/attach_payment", "payment_intent=" + pay_apart("2000"));
    EXPECT_EQ(text(whole, "status"), "paid");
    EXPECT_EQ(number(whole, "amount_paid"), 3000);
    EXPECT_EQ(
        children(child(got("/v1/invoices/" + open + "?expand[]=payments"), "payments"), "data")
            .size(),
        3U);
}

TEST_F(CurrencyTest, ThereIsOneAccountAndNoConnect) {
    const auto account = got("/v1/account");
    EXPECT_EQ(got("/v1/accounts/" + id(account)), account);
    EXPECT_EQ(call("GET", "/v1/accounts/acct_other").code(), "account_invalid");
    const auto connect = call("POST", "/v1/accounts", "type=express");
    EXPECT_EQ(connect.status, 404);
    EXPECT_NE(connect.text.find("sandbox lacks this route"), std::string::npos);
    EXPECT_NE(connect.text.find("Connect"), std::string::npos);
    http::Headers headers;
    headers.set("Stripe-Account", "acct_other");
    EXPECT_EQ(call("GET", "/v1/account", "", headers).code(), "sandbox_unsupported");
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
