#include "provider/stripe/stripe_metering.h"

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"
#include "provider/stripe/stripe_usage_records.h"

namespace paydesk::provider::stripe {
namespace {

// A function: what a Decimal is made of may not be there yet when a constant is.
UsageReport report() {
    return {.event_name = "paydesk_api_calls",
            .customer = {"cus_1"},
            .quantity = Decimal::from_int(12),
            .identifier = "usage_abc",
            .at = from_unix(1'780'000'000)};
}

TEST(StripeMetering, AReportCarriesItsIdentifier) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"object":"billing.meter_event","identifier":"usage_abc"})");
    stripe.with_client([](Client& client) -> Task<> {
        StripeMetering metering(client);
        EXPECT_TRUE(co_await metering.report_usage(report()));
    });
    ASSERT_EQ(stripe.transport.requests.size(), 1U);
    EXPECT_TRUE(stripe.transport.requests[0].url.ends_with("/v1/billing/meter_events"));
    EXPECT_EQ(stripe.transport.requests[0].body,
              "event_name=paydesk_api_calls&payload[stripe_customer_id]=cus_1&payload[value]=12&"
              "identifier=usage_abc&timestamp=1780000000");
}

TEST(StripeMetering, AnIdentifierThatIsKnownIsASuccess) {
    ScriptedStripe stripe;
    stripe.transport.answer(400, R"({"error":{"type":"invalid_request_error","message":
        "An event already exists with identifier usage_abc."}})");
    stripe.transport.answer(
        400, R"({"error":{"type":"invalid_request_error","message":"No such customer"}})");
    stripe.with_client([](Client& client) -> Task<> {
        StripeMetering metering(client);
        EXPECT_TRUE(co_await metering.report_usage(report()));
        const auto refused = co_await metering.report_usage(report());
        EXPECT_EQ(refused.error().code, ErrorCode::provider_rejected);
    });
}

TEST(StripeMetering, AMeterIsMadeOnceAndRenamed) {
    ScriptedStripe stripe;
    const std::string there =
        R"({"id":"mtr_1","event_name":"paydesk_api_calls","display_name":"Calls",
        "default_aggregation":{"formula":"sum"}})";
    stripe.transport.answer(200, R"({"object":"list","data":[],"has_more":false})");
    stripe.transport.answer(200, there);
    stripe.transport.answer(200, R"({"object":"list","data":[)" + there + R"(],"has_more":false})");
    stripe.transport.answer(200, there);
    stripe.transport.answer(200, R"({"object":"list","data":[)" + there + R"(],"has_more":false})");
    stripe.with_client([](Client& client) -> Task<> {
        StripeMetering metering(client);
        const NewMeter meter{.event_name = "paydesk_api_calls", .name = "API calls"};
        EXPECT_EQ((co_await metering.sync_meter(meter, {})).value().meter.value, "mtr_1");
        EXPECT_EQ((co_await metering.sync_meter(meter, {})).value().meter.value, "mtr_1");
        NewMeter other = meter;
        other.counts_last = true;
        EXPECT_EQ((co_await metering.sync_meter(other, {})).error().code,
                  ErrorCode::provider_rejected);
    });
    EXPECT_EQ(
        stripe.transport.requests[1].body,
        "display_name=API%20calls&event_name=paydesk_api_calls&default_aggregation[formula]=sum&"
        "customer_mapping[type]=by_id&customer_mapping[event_payload_key]=stripe_customer_id&"
        "value_settings[event_payload_key]=value");
    EXPECT_TRUE(stripe.transport.requests[3].url.ends_with("/v1/billing/meters/mtr_1"));
}

// $29 with 1,000 calls, then $0.01 each.
NewUsagePrice calls() {
    return {
        .lookup_key = "api_monthly.api_calls",
        .currency = Currency::usd(),
        .interval = "month",
        .tiers = {{.up_to = 1000}, {.unit_price = Decimal::from_int(1)}}
    };
}

TEST(StripeMetering, APriceIsMadeOfItsTermsAndFoundAgainByThem) {
    const std::string meters =
        R"({"object":"list","data":[{"id":"mtr_1","event_name":"paydesk_api_calls",
        "display_name":"API calls","default_aggregation":{"formula":"sum"}}],"has_more":false})";
    const std::string product =
        R"({"id":"usage_paydesk_api_calls","name":"API calls","active":true})";
    const NewMeter meter{.event_name = "paydesk_api_calls", .name = "API calls"};
    std::string digest;
    {
        ScriptedStripe stripe;
        stripe.transport.answer(200, meters);
        stripe.transport.answer(404, R"({"error":{"type":"invalid_request_error"}})");
        stripe.transport.answer(200, product);
        stripe.transport.answer(200, R"({"object":"list","data":[]})");
        stripe.transport.answer(200, R"({"id":"price_1"})");
        stripe.with_client([&](Client& client) -> Task<> {
            const auto made = co_await StripeMetering(client).sync_meter(meter, {calls()});
            EXPECT_EQ(made.value().prices.at(0).price.value, "price_1");
            EXPECT_EQ(made.value().prices.at(0).product.value, "usage_paydesk_api_calls");
        });
        const std::string form = stripe.transport.requests.back().body;
        const std::string terms =
            "product=usage_paydesk_api_calls&currency=usd&recurring[interval]=month&"
            "recurring[usage_type]=metered&recurring[meter]=mtr_1&billing_scheme=tiered&"
            "tiers_mode=graduated&tiers[0][up_to]=1000&tiers[0][unit_amount_decimal]=0&"
            "tiers[1][up_to]=inf&tiers[1][unit_amount_decimal]=1&"
            "lookup_key=api_monthly.api_calls&transfer_lookup_key=true&metadata[paydesk_terms]=";
        ASSERT_TRUE(form.starts_with(terms)) << form;
        digest = form.substr(terms.size());
    }
    ScriptedStripe stripe;
    const auto answer_price = [&] {
        stripe.transport.answer(200, R"({"object":"list","data":[{"id":"price_1","active":true,
            "metadata":{"paydesk_terms":")" +
                                         digest + R"("}}]})");
    };
    const auto compare = [&](Client& client, NewUsagePrice price) -> Task<std::string> {
        stripe.transport.answer(200, meters);
        answer_price();
        const auto difference = co_await StripeMetering(client).compare_meter(meter, {price});
        co_return difference.value().changes.empty() ? "" : difference.value().changes.at(0);
    };
    stripe.with_client([&](Client& client) -> Task<> {
        EXPECT_EQ(co_await compare(client, calls()), "");
        NewUsagePrice dearer = calls();
        dearer.tiers.back().unit_price = Decimal::from_int(2);
        EXPECT_EQ(co_await compare(client, dearer),
                  "metered price api_monthly.api_calls: a new one; price_1 is archived, who "
                  "subscribes to it keeps it");
        // Now for good: a new price takes the name over, the old one is archived.
        stripe.transport.answer(200, meters);
        stripe.transport.answer(200, product);
        answer_price();
        stripe.transport.answer(200, R"({"id":"price_2"})");
        stripe.transport.answer(200, R"({"id":"price_1"})");
        const auto made = co_await StripeMetering(client).sync_meter(meter, {dearer});
        EXPECT_EQ(made.value().prices.at(0).price.value, "price_2");
    });
    EXPECT_TRUE(stripe.transport.requests.back().url.ends_with("/v1/prices/price_1"));
    EXPECT_EQ(stripe.transport.requests.back().body, "active=false");
}

TEST(StripeMetering, WhatAMeterCounted) {
    ScriptedStripe stripe;
    for (const char* value : {"12", "120.4", "1e21", "0.000000000012345", "-0.5", "\"12\""})
        stripe.transport.answer(200,
                                std::string(R"({"data":[{"aggregated_value":)") + value + "}]}");
    stripe.transport.answer(200, R"({"data":[]})");
    stripe.with_client([](Client& client) -> Task<> {
        StripeMetering metering(client);
        const auto ask = [&] {
            return metering.counted({"mtr_1"}, {"cus_1"}, from_unix(1'780'272'000),
                                    from_unix(1'780'275'600));
        };
        EXPECT_EQ((co_await ask()).value().to_string(), "12");
        EXPECT_EQ((co_await ask()).value().to_string(), "120.4");
        EXPECT_EQ((co_await ask()).value().to_string(), "1000000000000000000000");
        EXPECT_EQ((co_await ask()).value().to_string(), "0.000000000012");
        EXPECT_EQ((co_await ask()).value().to_string(), "-0.5");
        EXPECT_EQ((co_await ask()).error().code, ErrorCode::provider_unavailable);
        EXPECT_EQ((co_await ask()).value().to_string(), "0");
    });
    EXPECT_TRUE(stripe.transport.requests[0].url.ends_with(
        "/v1/billing/meters/mtr_1/event_summaries?customer=cus_1&start_time=1780272000&"
        "end_time=1780275600"));
}

// Before meters: the level of an hour, set at its own second.
TEST(StripeUsageRecords, AReportSetsItsHoursLevelOnTheItem) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"object":"usage_record","quantity":14})");
    stripe.with_client([](Client& client) -> Task<> {
        StripeMetering newest(client);
        StripeUsageRecords records(client, newest);
        UsageReport wanted = report();
        wanted.level = Decimal::from_int(14);
        EXPECT_EQ((co_await records.report_usage(wanted)).error().code,
                  ErrorCode::provider_rejected)
            << "no item";
        wanted.item = Ref{"si_1"};
        EXPECT_TRUE(co_await records.report_usage(wanted));
        for (const char* level : {"1.5", "-1"}) {
            wanted.level = Decimal::parse(level).value();
            EXPECT_EQ((co_await records.report_usage(wanted)).error().code,
                      ErrorCode::provider_rejected);
        }
    });
    ASSERT_EQ(stripe.transport.requests.size(), 1U);
    EXPECT_TRUE(
        stripe.transport.requests[0].url.ends_with("/v1/subscription_items/si_1/usage_records"));
    EXPECT_EQ(stripe.transport.requests[0].body, "quantity=14&timestamp=1780000000&action=set");
}

TEST(StripeMetering, ALineOnADraft) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"id":"ii_1","object":"invoiceitem"})");
    stripe.with_client([](Client& client) -> Task<> {
        StripeMetering metering(client);
        const auto item = co_await metering.add_invoice_item(
            {"usage:x"}, {.customer = {"cus_1"},
                          .invoice = {"in_1"},
                          .amount = Money(4000, Currency::usd()),
                          .description = "API calls: 5000",
                          .period_start = from_unix(1'780'000'000),
                          .period_end = from_unix(1'782'000'000)});
        EXPECT_EQ(item.value().value, "ii_1");
    });
    EXPECT_EQ(
        stripe.transport.requests[0].body,
        "customer=cus_1&invoice=in_1&amount=4000&currency=usd&description=API%20calls%3A%205000&"
        "period[start]=1780000000&period[end]=1782000000&metadata[paydesk_intent]=usage%3Ax");
}

}  // namespace
}  // namespace paydesk::provider::stripe
