#include "provider/stripe/stripe_metering.h"

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"

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
        EXPECT_EQ((co_await metering.sync_meter(meter)).value().value, "mtr_1");
        EXPECT_EQ((co_await metering.sync_meter(meter)).value().value, "mtr_1");
        NewMeter other = meter;
        other.counts_last = true;
        EXPECT_EQ((co_await metering.sync_meter(other)).error().code, ErrorCode::provider_rejected);
    });
    EXPECT_EQ(
        stripe.transport.requests[1].body,
        "display_name=API%20calls&event_name=paydesk_api_calls&default_aggregation[formula]=sum&"
        "customer_mapping[type]=by_id&customer_mapping[event_payload_key]=stripe_customer_id&"
        "value_settings[event_payload_key]=value");
    EXPECT_TRUE(stripe.transport.requests[3].url.ends_with("/v1/billing/meters/mtr_1"));
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
