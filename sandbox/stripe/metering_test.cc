// Meters and their events: what is taken, what is told, how it sums up.

#include "sandbox/stripe/test_metering.h"

namespace paydesk::sandbox::stripe {
namespace {

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

}  // namespace
}  // namespace paydesk::sandbox::stripe
