// Meters, their events, and the prices that bill them.

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t day = 86400;

class MeteringTest : public SandboxTest {
protected:
    std::int64_t now() { return number(call("GET", "/_sandbox/clock").body, "now"); }

    std::string meter(const std::string& name, const std::string& formula = "sum",
                      const std::string& more = {}) {
        return id(made("/v1/billing/meters", "display_name=API+calls&event_name=" + name +
                                                 "&default_aggregation[formula]=" + formula +
                                                 more));
    }
    std::string metered_price(const std::string& meter_id, const std::string& amount) {
        return id(made("/v1/prices",
                       "currency=usd&product_data[name]=Calls&recurring[interval]=month&"
                       "recurring[usage_type]=metered&recurring[meter]=" +
                           meter_id + "&" + amount));
    }
    json::object subscribe(const std::string& customer, const std::string& price_id,
                           const std::string& more = {}) {
        return made("/v1/subscriptions",
                    "customer=" + customer + "&items[0][price]=" + price_id + more);
    }
    Reply use(const std::string& name, const std::string& customer, const std::string& value,
              const std::string& more = {}) {
        return call("POST", "/v1/billing/meter_events",
                    "event_name=" + name + "&payload[stripe_customer_id]=" + customer +
                        "&payload[value]=" + value + more);
    }
    void used(const std::string& name, const std::string& customer, const std::string& value,
              const std::string& more = {}) {
        const auto reply = use(name, customer, value, more);
        EXPECT_EQ(reply.status, 200) << reply.text;
    }
    json::object latest_invoice(const std::string& subscription) {
        return got("/v1/invoices/" +
                   text(got("/v1/subscriptions/" + subscription), "latest_invoice"));
    }
    static json::object line(const json::object& invoice, std::size_t index = 0) {
        return children(child(invoice, "lines"), "data").at(index).as_object();
    }
};

TEST_F(MeteringTest, AMeterIsMadeChangedAndSwitchedOffAndOn) {
    const auto made_meter =
        made("/v1/billing/meters",
             "display_name=Calls&event_name=call&default_aggregation[formula]=sum&"
             "customer_mapping[event_payload_key]=who&customer_mapping[type]=by_id&"
             "value_settings[event_payload_key]=much&event_time_window=hour");
    const auto path = "/v1/billing/meters/" + id(made_meter);
    EXPECT_EQ(text(child(made_meter, "customer_mapping"), "event_payload_key"), "who");
    EXPECT_EQ(text(made_meter, "event_time_window"), "hour");
    EXPECT_EQ(text(made(path, "display_name=All+calls"), "display_name"), "All calls");
    const auto off = made(path + "/deactivate");
    EXPECT_EQ(text(off, "status"), "inactive");
    EXPECT_GT(number(child(off, "status_transitions"), "deactivated_at"), 0);
    EXPECT_EQ(call("POST", path + "/deactivate").status, 400);
    EXPECT_EQ(children(got("/v1/billing/meters?status=active"), "data").size(), 0u);
    EXPECT_EQ(text(made(path + "/reactivate"), "status"), "active");
    EXPECT_EQ(children(got("/v1/billing/meters?status=active"), "data").size(), 1u);
    EXPECT_THAT(event_types(),
                testing::ElementsAre("billing.meter.created", "billing.meter.updated",
                                     "billing.meter.deactivated", "billing.meter.reactivated"));
}

TEST_F(MeteringTest, AnEventNameBelongsToOneActiveMeter) {
    const auto first = meter("call");
    EXPECT_EQ(call("POST", "/v1/billing/meters",
                   "display_name=B&event_name=call&default_aggregation[formula]=count")
                  .code(),
              "resource_already_exists");
    made("/v1/billing/meters/" + first + "/deactivate");
    meter("call", "count");
    EXPECT_EQ(call("POST", "/v1/billing/meters/" + first + "/reactivate").code(),
              "resource_already_exists");
}

TEST_F(MeteringTest, EventsWithoutMeterOrTimeAreRefused) {
    meter("call");
    made("/v1/billing/meters/" + meter("old") + "/deactivate");
    const auto customer = id(made("/v1/customers"));
    const auto at = [&](std::int64_t seconds) {
        return "&timestamp=" + std::to_string(now() + seconds);
    };
    const struct {
        Reply reply;
        const char *code, *param;
    } cases[] = {
        {use("nothing", customer, "1"), "no_meter", "event_name"},
        {use("old", customer, "1"), "archived_meter", "event_name"},
        {use("call", customer, "1", at(-35 * day - 1)), "timestamp_too_far_in_past", "timestamp"},
        {use("call", customer, "1", at(301)), "timestamp_in_future", "timestamp"},
    };
    for (const auto& test : cases) {
        EXPECT_EQ(test.reply.status, 400) << test.reply.text;
        EXPECT_EQ(test.reply.code(), test.code);
        EXPECT_EQ(test.reply.param(), test.param);
    }
    used("call", customer, "-2.5", at(-35 * day));
    used("call", customer, "0.5", at(300));
    EXPECT_EQ(store_.ids("v2.core.event").size(), 0u);
}

TEST_F(MeteringTest, WhatCannotBeCountedIsToldAfterwards) {
    const auto meter_id = meter("call");
    const auto customer = id(made("/v1/customers"));
    EXPECT_EQ(call("POST", "/v2/core/event_destinations",
                   R"({"name": "all", "type": "webhook_endpoint", "event_payload": "thin",
                       "enabled_events": ["v1.billing.meter.error_report_triggered"],
                       "webhook_endpoint": {"url": "http://app.example/thin"}})")
                  .status,
              200);
    const struct {
        std::string customer, value;
        const char* code;
    } cases[] = {
        {"cus_nobody", "1",                "meter_event_customer_not_found"   },
        {"",           "1",                "meter_event_no_customer_defined"  },
        {customer,     "many",             "meter_event_invalid_value"        },
        {customer,     "",                 "meter_event_invalid_value"        },
        {customer,     "1.2.3",            "meter_event_invalid_value"        },
        {customer,     "1e3",              "meter_event_invalid_value"        },
        {customer,     ".5",               "meter_event_invalid_value"        },
        {customer,     "0.0000000000001",  "meter_event_value_too_many_digits"},
        {customer,     "1234567890123456", "meter_event_value_too_many_digits"},
    };
    for (const auto& test : cases) {
        const auto reply = use("call", test.customer, test.value);
        EXPECT_EQ(reply.status, 200) << reply.text;
        const auto event = got("/v2/core/events/" + store_.ids("v2.core.event").back());
        EXPECT_EQ(text(event, "type"), "v1.billing.meter.error_report_triggered");
        EXPECT_EQ(text(child(event, "related_object"), "id"), meter_id);
        const auto error =
            children(child(child(event, "data"), "reason"), "error_types").at(0).as_object();
        EXPECT_EQ(text(error, "code"), test.code);
        EXPECT_EQ(text(child(children(error, "sample_errors").at(0).as_object(), "request"),
                       "identifier"),
                  text(reply.body, "identifier"));
    }
    EXPECT_EQ(children(got("/v2/core/events?object_id=" + meter_id), "data").size(), 9u);
    settle();
    ASSERT_EQ(receiver_.received.size(), 9u);
    const auto sent = json::parse(receiver_.received.back().body).as_object();
    EXPECT_EQ(text(sent, "object"), "v2.core.event");
    EXPECT_FALSE(sent.contains("data"));
    EXPECT_EQ(receiver_.received.back().url, "http://app.example/thin");
    EXPECT_FALSE(receiver_.received.back().headers.get("Stripe-Signature").empty());
}

TEST_F(MeteringTest, AStreamIsJudgedAfterwards) {
    const auto meter_id = meter("call");
    const auto customer = id(made("/v1/customers"));
    const auto session = call("POST", "/v2/billing/meter_event_session", "{}");
    const auto stream = [&](const std::string& events, const std::string& token) {
        http::Headers headers;
        headers.set("Authorization", "Bearer " + token);
        return call("POST", "/v2/billing/meter_event_stream", R"({"events": [)" + events + "]}",
                    headers);
    };
    const auto event = [&](const std::string& name, const std::string& more) {
        return R"({"event_name": ")" + name + R"(", "payload": {"stripe_customer_id": ")" +
               customer + R"(", "value": "2"})" + more + "}";
    };
    const auto token = text(session.body, "authentication_token");
    EXPECT_EQ(stream(event("call", ""), "sk_test_abcdefgh").status, 401);
    EXPECT_EQ(stream(event("call", R"(, "identifier": "a")") + "," +
                         event("call", R"(, "identifier": "a")") + "," +
                         event("call", R"(, "timestamp": "2027-01-15T09:00:00.5+01:00")") + "," +
                         event("call", R"(, "timestamp": "2020-01-01T00:00:00Z")") + "," +
                         event("nothing", ""),
                     token)
                  .status,
              200);
    const auto start = now() - now() % 3600;
    EXPECT_EQ(children(got("/v1/billing/meters/" + meter_id + "/event_summaries?customer=" +
                           customer + "&start_time=" + std::to_string(start) +
                           "&end_time=" + std::to_string(start + 3600)),
                       "data")
                  .at(0)
                  .as_object()
                  .at("aggregated_value"),
              4);
    std::vector<std::string> types;
    for (const auto& thin : store_.ids("v2.core.event")) {
        types.push_back(text(*store_.find(thin), "type"));
    }
    EXPECT_THAT(types, testing::ElementsAre("v1.billing.meter.error_report_triggered",
                                            "v1.billing.meter.no_meter_found"));
    EXPECT_EQ(stream(event("call", R"(, "timestamp": "yesterday")"), token).status, 400);
    advance(15 * 60);
    EXPECT_EQ(stream(event("call", ""), token).status, 401);
}

TEST_F(MeteringTest, AnIdentifierIsTakenOnceInADay) {
    meter("call");
    const auto customer = id(made("/v1/customers"));
    used("call", customer, "1", "&identifier=one");
    const auto again = use("call", customer, "1", "&identifier=one");
    EXPECT_EQ(again.status, 400);
    EXPECT_EQ(text(child(again.body, "error"), "message"),
              "An event already exists with identifier one.");
    advance(day);
    used("call", customer, "1", "&identifier=one");
}

TEST_F(MeteringTest, AnEventIsTakenBackWithinADay) {
    const auto meter_id = meter("call");
    const auto customer = id(made("/v1/customers"));
    const auto start = now() - now() % 60;
    const auto total = [&] {
        return children(got("/v1/billing/meters/" + meter_id + "/event_summaries?customer=" +
                            customer + "&start_time=" + std::to_string(start) +
                            "&end_time=" + std::to_string(start + 3 * day)),
                        "data")
            .at(0)
            .as_object()
            .at("aggregated_value");
    };
    const auto back = [&](const std::string& identifier, const std::string& name = "call") {
        return call("POST", "/v1/billing/meter_event_adjustments",
                    "type=cancel&event_name=" + name + "&cancel[identifier]=" + identifier);
    };
    used("call", customer, "5", "&identifier=a");
    used("call", customer, "7", "&identifier=b");
    EXPECT_EQ(total(), 12);
    EXPECT_EQ(back("a", "other").code(), "resource_missing");
    EXPECT_EQ(text(back("a").body, "status"), "complete");
    EXPECT_EQ(total(), 7);
    EXPECT_EQ(back("a").status, 400);
    EXPECT_EQ(use("call", customer, "5", "&identifier=a").status, 400);
    advance(day);
    EXPECT_EQ(back("b").status, 400);
    EXPECT_EQ(total(), 7);
}

TEST_F(MeteringTest, SummariesAlignAndGroup) {
    const auto meter_id = meter("call");
    const auto customer = id(made("/v1/customers"));
    const auto midnight = now() - now() % day;
    for (const auto& [offset, value] : {
             std::pair{-day,         "1"   },
             {-3600,        "2"   },
             {-1,           "0.25"},
             {-2 * day - 1, "8"   }
    }) {
        used("call", customer, value, "&timestamp=" + std::to_string(midnight + offset));
    }
    const auto ask = [&](std::int64_t from, std::int64_t to, const std::string& more = {}) {
        return call("GET", "/v1/billing/meters/" + meter_id + "/event_summaries?customer=" +
                               customer + "&start_time=" + std::to_string(from) +
                               "&end_time=" + std::to_string(to) + more);
    };
    EXPECT_EQ(ask(midnight - day + 1, midnight).param(), "start_time");
    EXPECT_EQ(ask(midnight - day, midnight - 60, "&value_grouping_window=hour").param(),
              "end_time");
    EXPECT_EQ(ask(midnight - 3600, midnight, "&value_grouping_window=day").param(), "start_time");
    EXPECT_EQ(ask(midnight, midnight).param(), "end_time");
    const auto all = children(ask(midnight - 3 * day, midnight).body, "data");
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all.at(0).as_object().at("aggregated_value"), 11.25);
    const auto days =
        children(ask(midnight - 3 * day, midnight, "&value_grouping_window=day").body, "data");
    ASSERT_EQ(days.size(), 2u);
    EXPECT_EQ(days.at(0).as_object().at("aggregated_value"), 3.25);
    EXPECT_EQ(number(days.at(1).as_object(), "start_time"), midnight - 3 * day);
    EXPECT_EQ(days.at(1).as_object().at("aggregated_value"), 8);
    EXPECT_EQ(
        children(ask(midnight - day, midnight, "&value_grouping_window=hour").body, "data").size(),
        2u);
}

TEST_F(MeteringTest, UsageIsBilledWhenThePeriodIsOver) {
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

TEST_F(MeteringTest, FormulasAndWindows) {
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

TEST_F(MeteringTest, ZeroAndNegativeUsageCostNothing) {
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

TEST_F(MeteringTest, GraduatedTiersOverALicensedFee) {
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

TEST_F(MeteringTest, ATrialsUsageIsFree) {
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

TEST_F(MeteringTest, CancellingBillsUsageWhenAsked) {
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

TEST_F(MeteringTest, CancellingNowIsPreviewed) {
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

TEST_F(MeteringTest, CancellingProratesWhenAsked) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(customer, price()));
    advance(10 * day);
    EXPECT_EQ(call("DELETE", "/v1/subscriptions/" + subscription + "?prorate=true").status, 200);
    const auto waiting =
        children(got("/v1/invoiceitems?pending=true&customer=" + customer), "data");
    ASSERT_EQ(waiting.size(), 1u);
    EXPECT_LT(number(waiting.at(0).as_object(), "amount"), 0);
}

TEST_F(MeteringTest, TheLastPeriodsUsageIsBilledAtItsEnd) {
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

TEST_F(MeteringTest, UsageOfARemovedItemWaitsForTheNextInvoice) {
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

TEST_F(MeteringTest, AnItemThatComesLaterCountsFromThere) {
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

TEST_F(MeteringTest, ANewPeriodBillsTheUsageOfTheOneItCutsShort) {
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

TEST_F(MeteringTest, ATrialThatBeginsLaterIsFreeFromThere) {
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

TEST_F(MeteringTest, AScheduleThatCancelsBillsTheLastUsage) {
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

TEST_F(MeteringTest, MeteredPricesNeedAnActiveMeter) {
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

TEST_F(MeteringTest, MeteredItemsHaveNoQuantity) {
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

TEST_F(MeteringTest, CheckoutSellsAMeteredPrice) {
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

TEST_F(MeteringTest, TheNextInvoiceIsAnnounced) {
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

TEST_F(MeteringTest, AnnouncementsComeWhenTheAccountWantsThem) {
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

TEST_F(MeteringTest, TestClocksKeepTheirCustomersTime) {
    const auto clock = id(made("/v1/test_helpers/test_clocks", "frozen_time=1700000000"));
    const auto customer = id(made("/v1/customers", "test_clock=" + clock));
    meter("call");
    EXPECT_EQ(use("call", customer, "1").status, 200);
    EXPECT_EQ(use("call", customer, "1", "&timestamp=1700000301").code(), "timestamp_in_future");
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
