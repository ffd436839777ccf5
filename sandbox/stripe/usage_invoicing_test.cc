// What metered prices come to: on which invoice, for which time.

#include "sandbox/stripe/test_metering.h"

namespace paydesk::sandbox::stripe {
namespace {

using UsageInvoicingTest = MeteringTest;

TEST_F(UsageInvoicingTest, UsageIsBilledWhenThePeriodIsOver) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(subscribe(customer, metered_price(meter("call"), "unit_amount_decimal=0.5")));
    auto invoice = latest_invoice(subscription);
    EXPECT_EQ(text(invoice, "status"), "paid");
    EXPECT_EQ(number(line(invoice), "quantity", -1), 0);
    const auto item = children(child(got("/v1/subscriptions/" + subscription), "items"), "data")
                          .at(0)
                          .as_object();
    EXPECT_FALSE(item.contains("quantity"));
    const auto end = number(item, "current_period_end");

    used("call", customer, "100");
    used("call", customer, "0.7");
    EXPECT_EQ(number(made("/v1/invoices/create_preview", "subscription=" + subscription), "total"),
              50);
    advance(end - now());
    invoice = latest_invoice(subscription);
    EXPECT_EQ(text(invoice, "status"), "draft");
    // Late for the period, in time for its invoice; and one that belongs to the next.
    used("call", customer, "2.3", "&timestamp=" + std::to_string(end - 1));
    used("call", customer, "1000", "&timestamp=" + std::to_string(end));
    advance(3600);
    invoice = latest_invoice(subscription);
    EXPECT_EQ(text(invoice, "status"), "paid");
    EXPECT_EQ(number(invoice, "total"), 52);  // 103 at half a cent, rounded once
    EXPECT_EQ(text(line(invoice), "quantity_decimal"), "103");
    EXPECT_EQ(number(child(line(invoice), "period"), "end"), end);
    used("call", customer, "50", "&timestamp=" + std::to_string(end - 1));  // too late
    EXPECT_EQ(number(latest_invoice(subscription), "total"), 52);
    EXPECT_EQ(number(made("/v1/invoices/create_preview", "subscription=" + subscription), "total"),
              500);
}

TEST_F(UsageInvoicingTest, FormulasAndWindows) {
    const struct {
        const char *formula, *more, *quantity;
    } cases[] = {
        {"sum",   "",                        "16.5"},
        {"count", "",                        "4"   },
        {"last",  "",                        "9"   },
        {"sum",   "&event_time_window=hour", "12.5"},
        {"sum",   "&event_time_window=day",  "3"   },
        {"count", "&event_time_window=hour", "3"   },
    };
    int index = 0;
    for (const auto& test : cases) {
        const auto name = "call" + std::to_string(++index);
        const auto customer = customer_with("pm_card_visa");
        const auto subscription = id(subscribe(
            customer, metered_price(meter(name, test.formula, test.more), "unit_amount=1")));
        const auto start = now() - now() % day;
        advance(day);
        const auto at = [&](std::int64_t seconds) {
            return "&timestamp=" + std::to_string(start + day / 2 + seconds);
        };
        used(name, customer, "4", at(30));
        used(name, customer, "0.5", at(60));
        used(name, customer, "9", at(7200));
        used(name, customer, "3", at(-7200));  // arrives last
        const auto preview = made("/v1/invoices/create_preview", "subscription=" + subscription);
        EXPECT_EQ(text(line(preview), "quantity_decimal"), test.quantity)
            << test.formula << test.more;
    }
}

TEST_F(UsageInvoicingTest, ZeroAndNegativeUsageCostNothing) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(subscribe(customer, metered_price(meter("call"), "unit_amount=9")));
    used("call", customer, "-5");
    advance(32 * day);
    const auto invoice = latest_invoice(subscription);
    EXPECT_EQ(number(invoice, "total", -1), 0);
    EXPECT_EQ(text(invoice, "status"), "paid");
    EXPECT_EQ(text(line(invoice), "quantity_decimal"), "0");
}

TEST_F(UsageInvoicingTest, GraduatedTiersOverALicensedFee) {
    const auto customer = customer_with("pm_card_visa");
    const auto usage = metered_price(
        meter("call"),
        "billing_scheme=tiered&tiers_mode=graduated&tiers[0][up_to]=1000&tiers[0][unit_amount]=0&"
        "tiers[1][up_to]=inf&tiers[1][unit_amount_decimal]=0.25");
    const auto subscription =
        id(subscribe(customer, usage, "&items[1][price]=" + price() + "&items[1][quantity]=2"));
    EXPECT_EQ(number(latest_invoice(subscription), "total"), 5800);
    used("call", customer, "1501");
    advance(32 * day);
    const auto invoice = latest_invoice(subscription);
    EXPECT_EQ(number(invoice, "total"), 5800 + 125);
    EXPECT_EQ(children(child(invoice, "lines"), "data").size(), 2u);
}

TEST_F(UsageInvoicingTest, ATrialsUsageIsFree) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(customer, metered_price(meter("call"), "unit_amount=10"),
                                           "&trial_period_days=7"));
    used("call", customer, "100");
    advance(7 * day + 3600);
    EXPECT_EQ(number(latest_invoice(subscription), "total", -1), 0);
    used("call", customer, "3");
    advance(32 * day);
    EXPECT_EQ(number(latest_invoice(subscription), "total"), 30);
}

TEST_F(UsageInvoicingTest, CancellingBillsUsageWhenAsked) {
    const auto usage = metered_price(meter("call"), "unit_amount=10");
    const struct {
        const char* query;
        std::int64_t billed;
    } cases[] = {
        {"",                  0 },
        {"?invoice_now=true", 70},
    };
    for (const auto& test : cases) {
        const auto customer = customer_with("pm_card_visa");
        const auto subscription = id(subscribe(customer, usage));
        used("call", customer, "3");
        advance(day);
        used("call", customer, "4");  // in the second in which it ends
        EXPECT_EQ(call("DELETE", "/v1/subscriptions/" + subscription + test.query).status, 200);
        const auto invoice = latest_invoice(subscription);
        EXPECT_EQ(number(invoice, "amount_paid"), test.billed) << test.query;
        EXPECT_EQ(text(invoice, "status"), "paid");
    }
}

TEST_F(UsageInvoicingTest, CancellingNowIsPreviewed) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(customer, metered_price(meter("call"), "unit_amount=10"),
                                           "&items[1][price]=" + price()));
    used("call", customer, "7");
    const auto ask = [&](const std::string& more) {
        return number(
            made("/v1/invoices/create_preview",
                 "subscription=" + subscription + "&subscription_details[cancel_now]=true" + more),
            "total");
    };
    EXPECT_EQ(ask("&subscription_details[proration_behavior]=none"), 70);
    EXPECT_EQ(ask(""), 70 - 2900);
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "active");
}

TEST_F(UsageInvoicingTest, CancellingProratesWhenAsked) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(customer, price()));
    advance(10 * day);
    EXPECT_EQ(call("DELETE", "/v1/subscriptions/" + subscription + "?prorate=true").status, 200);
    const auto waiting =
        children(got("/v1/invoiceitems?pending=true&customer=" + customer), "data");
    ASSERT_EQ(waiting.size(), 1u);
    EXPECT_LT(number(waiting.at(0).as_object(), "amount"), 0);
}

TEST_F(UsageInvoicingTest, TheLastPeriodsUsageIsBilledAtItsEnd) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(customer, metered_price(meter("call"), "unit_amount=10"),
                                           "&cancel_at_period_end=true"));
    used("call", customer, "7");
    advance(32 * day);
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "canceled");
    const auto invoice = latest_invoice(subscription);
    EXPECT_EQ(number(invoice, "amount_paid"), 70);
    EXPECT_EQ(text(invoice, "billing_reason"), "subscription_cycle");
}

TEST_F(UsageInvoicingTest, UsageOfARemovedItemWaitsForTheNextInvoice) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(customer, metered_price(meter("call"), "unit_amount=10"),
                                           "&items[1][price]=" + price()));
    const auto item =
        text(children(child(got("/v1/subscriptions/" + subscription), "items"), "data")
                 .at(0)
                 .as_object(),
             "id");
    used("call", customer, "7");
    advance(day);
    EXPECT_EQ(call("DELETE", "/v1/subscription_items/" + item).status, 200);
    used("call", customer, "1000");  // nobody bills it
    advance(32 * day);
    const auto invoice = latest_invoice(subscription);
    EXPECT_EQ(number(invoice, "total"), 2970);
}

TEST_F(UsageInvoicingTest, AnItemThatComesLaterCountsFromThere) {
    const auto customer = customer_with("pm_card_visa");
    const auto usage = metered_price(meter("call"), "unit_amount=10");
    const auto subscription = id(subscribe(customer, price()));
    used("call", customer, "1000");
    advance(day);
    made("/v1/subscriptions/" + subscription, "items[0][price]=" + usage);
    used("call", customer, "7");
    advance(32 * day);
    EXPECT_EQ(number(latest_invoice(subscription), "total"), 2970);
}

TEST_F(UsageInvoicingTest, ANewPeriodBillsTheUsageOfTheOneItCutsShort) {
    const auto customer = customer_with("pm_card_visa");
    const auto usage = metered_price(meter("call"), "unit_amount=10");
    const auto subscription = id(subscribe(customer, usage, "&items[1][price]=" + price()));
    used("call", customer, "7");
    advance(day);
    made("/v1/subscriptions/" + subscription,
         "billing_cycle_anchor[type]=now&proration_behavior=none");
    EXPECT_EQ(number(latest_invoice(subscription), "total"), 2970);
    used("call", customer, "3");
    advance(32 * day);
    EXPECT_EQ(number(latest_invoice(subscription), "total"), 2930);
}

TEST_F(UsageInvoicingTest, ATrialThatBeginsLaterIsFreeFromThere) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(subscribe(customer, metered_price(meter("call"), "unit_amount=10")));
    used("call", customer, "7");
    advance(day);
    made("/v1/subscriptions/" + subscription,
         "trial_end=" + std::to_string(now() + 10 * day) + "&proration_behavior=none");
    used("call", customer, "1000");
    advance(11 * day);
    EXPECT_EQ(number(latest_invoice(subscription), "total"), 70);
}

TEST_F(UsageInvoicingTest, AScheduleThatCancelsBillsTheLastUsage) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(subscribe(customer, metered_price(meter("call"), "unit_amount=10")));
    const auto schedule =
        id(made("/v1/subscription_schedules", "from_subscription=" + subscription));
    made("/v1/subscription_schedules/" + schedule, "end_behavior=cancel");
    used("call", customer, "7");
    advance(32 * day);
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "canceled");
    EXPECT_EQ(number(latest_invoice(subscription), "amount_paid"), 70);
}

TEST_F(UsageInvoicingTest, MeteredPricesNeedAnActiveMeter) {
    const auto refused = [&](const std::string& recurring) {
        return call("POST", "/v1/prices",
                    "currency=usd&unit_amount=1&product_data[name]=X&recurring[interval]=month&" +
                        recurring);
    };
    EXPECT_EQ(refused("recurring[usage_type]=metered").status, 400);
    EXPECT_EQ(refused("recurring[usage_type]=metered&recurring[meter]=mtr_none").code(),
              "resource_missing");
    const auto meter_id = meter("call");
    EXPECT_EQ(refused("recurring[meter]=" + meter_id).param(), "recurring[meter]");
    made("/v1/billing/meters/" + meter_id + "/deactivate");
    EXPECT_EQ(refused("recurring[usage_type]=metered&recurring[meter]=" + meter_id).status, 400);
    EXPECT_EQ(refused("recurring[usage_type]=metered&recurring[aggregate_usage]=max").code(),
              "parameter_unknown");
}

TEST_F(UsageInvoicingTest, MeteredItemsHaveNoQuantity) {
    const auto customer = customer_with("pm_card_visa");
    const auto usage = metered_price(meter("call"), "unit_amount=10");
    EXPECT_EQ(call("POST", "/v1/subscriptions",
                   "customer=" + customer + "&items[0][quantity]=1&items[0][price]=" + usage)
                  .param(),
              "items[0][quantity]");
    EXPECT_EQ(call("POST", "/v1/checkout/sessions",
                   "mode=subscription&success_url=http://x.example&line_items[0][quantity]=1&"
                   "line_items[0][price]=" +
                       usage)
                  .param(),
              "line_items[0][quantity]");
}

TEST_F(UsageInvoicingTest, CheckoutSellsAMeteredPrice) {
    const auto usage = metered_price(meter("call"), "unit_amount=10");
    const auto opened = made("/v1/checkout/sessions",
                             "mode=subscription&success_url=http%3A%2F%2Fx.example&"
                             "line_items[0][price]=" +
                                 usage);
    EXPECT_EQ(number(opened, "amount_total", -1), 0);
    EXPECT_EQ(call("GET", "/c/pay/" + id(opened)).status, 200);
    EXPECT_EQ(pay(id(opened), "4242424242424242").status, 303);
    const auto done = got("/v1/checkout/sessions/" + id(opened));
    EXPECT_EQ(text(done, "status"), "complete");
    const auto customer = text(done, "customer");
    const auto portal = made("/v1/billing_portal/sessions",
                             "return_url=http%3A%2F%2Fx.example&customer=" + customer);
    const auto page = call("GET", "/p/session/" + id(portal));
    EXPECT_THAT(page.text, testing::HasSubstr("what was used"));
    used("call", customer, "7");
    advance(32 * day);
    EXPECT_EQ(number(latest_invoice(text(done, "subscription")), "amount_paid"), 70);
}

TEST_F(UsageInvoicingTest, TheNextInvoiceIsAnnounced) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(
        customer, metered_price(meter("call"), "unit_amount=100"), "&items[1][price]=" + price()));
    used("call", customer, "7");
    const auto end =
        number(children(child(got("/v1/subscriptions/" + subscription), "items"), "data")
                   .at(0)
                   .as_object(),
               "current_period_end");
    advance(end - 7 * day - now() - 1);
    EXPECT_FALSE(happened("invoice.upcoming"));
    const auto invoices = store_.ids("invoice").size();
    advance(1);
    ASSERT_TRUE(happened("invoice.upcoming"));
    EXPECT_EQ(store_.ids("invoice").size(), invoices);
    const Object event = *store_.find(store_.ids("event").back());
    const Object& invoice = child(child(event, "data"), "object");
    EXPECT_FALSE(invoice.contains("id"));
    EXPECT_EQ(number(invoice, "total"), 2900 + 700);
    EXPECT_EQ(text(invoice, "billing_reason"), "upcoming");
    EXPECT_EQ(number(event, "created"), end - 7 * day);
    restart();
    advance(6 * day);
    EXPECT_EQ(std::ranges::count(event_types(), std::string("invoice.upcoming")), 1);
    advance(31 * day);
    EXPECT_EQ(std::ranges::count(event_types(), std::string("invoice.upcoming")), 2);
}

TEST_F(UsageInvoicingTest, AnnouncementsComeWhenTheAccountWantsThem) {
    const auto say = [&](const std::string& settings) {
        return call("POST", "/_sandbox/settings", settings).status;
    };
    EXPECT_EQ(say(R"({"upcoming_days": 91})"), 400);
    EXPECT_EQ(say(R"({"upcoming_days": "many"})"), 400);
    EXPECT_EQ(say(R"({"retry_days": [1, 0]})"), 400);
    EXPECT_EQ(say(R"({"other": 1})"), 400);
    EXPECT_EQ(say(R"({"upcoming_days": 0})"), 200);
    const auto subscription = id(subscribe(customer_with("pm_card_visa"), price()));
    advance(40 * day);
    EXPECT_FALSE(happened("invoice.upcoming"));
    EXPECT_EQ(say(R"({"upcoming_days": 3})"), 200);
    made("/v1/subscriptions/" + subscription, "cancel_at_period_end=true");
    advance(40 * day);  // nothing comes after the end
    EXPECT_FALSE(happened("invoice.upcoming"));
    subscribe(customer_with("pm_card_visa"), price());
    advance(40 * day);
    EXPECT_TRUE(happened("invoice.upcoming"));
}

TEST_F(UsageInvoicingTest, TestClocksKeepTheirCustomersTime) {
    const auto clock = id(made("/v1/test_helpers/test_clocks", "frozen_time=1700000000"));
    const auto customer = id(made("/v1/customers", "test_clock=" + clock));
    meter("call");
    EXPECT_EQ(use("call", customer, "1").status, 200);
    EXPECT_EQ(use("call", customer, "1", "&timestamp=1700000301").code(), "timestamp_in_future");
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
