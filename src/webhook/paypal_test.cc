// PayPal's deliveries: what verification has to fetch first, and what their envelope says.

#include "webhook/receiver.h"
#include "webhook/test_webhook.h"

namespace paydesk::webhook {
namespace {

using namespace std::chrono_literals;

const std::string activated =
    R"({"id":"WH-1","event_type":"BILLING.SUBSCRIPTION.ACTIVATED","create_time":"2026-06-01T10:20:30.123Z",)"
    R"("resource_type":"subscription","resource_version":"2.0","resource":{"id":"I-1"}})";

TEST(PayPalEnvelope, ReadsWhatTheEventSaysOfItself) {
    const auto envelope = paypal_envelope(activated, true);
    ASSERT_TRUE(envelope);
    EXPECT_EQ(envelope->event_id, "WH-1");
    EXPECT_EQ(envelope->type, "BILLING.SUBSCRIPTION.ACTIVATED");
    EXPECT_EQ(envelope->api_version, "2.0");
    EXPECT_TRUE(envelope->livemode);
    EXPECT_EQ(to_iso8601(envelope->occurred_at), "2026-06-01T10:20:30Z");
    EXPECT_EQ(envelope->object_kind, provider::ObjectKind::subscription);
    EXPECT_EQ(envelope->object_id, "I-1");
}

TEST(PayPalEnvelope, RefusesWhatIsNoEvent) {
    for (const char* body :
         {"", "x", "[]", "{}", R"({"id":"WH-1"})", R"({"id":"WH-1","event_type":"A"})",
          R"({"id":"WH-1","event_type":"A","create_time":"soon"})",
          R"({"id":"","event_type":"A","create_time":"2026-06-01T10:20:30Z"})",
          R"({"id":7,"event_type":"A","create_time":"2026-06-01T10:20:30Z"})"}) {
        const auto envelope = paypal_envelope(body, false);
        ASSERT_FALSE(envelope) << body;
        EXPECT_EQ(envelope.error().code, ErrorCode::webhook_payload_invalid);
    }
}

// What prepare() says decides first; verify() is asked once it has succeeded.
TEST(Receiver, WaitsForWhatVerificationNeeds) {
    World world;
    run_to_end([&](asio::io_context& io) -> Task<> {
        db::Database db(io, {.url = world.database().server_url()});
        co_await db.ready(10s);
        Result<void> prepared = Error{ErrorCode::unavailable, "later", ""};
        int verified = 0;
        Receiver receiver(
            io, db,
            {
                {provider::Name::paypal,
                 {.prepare = [&](const Delivery&) -> Task<Result<void>> {
                      co_await sleep_for(io, 1ms);
                      co_return prepared;
                  },
                  .verify =
                      [&](const Delivery&) {
                          ++verified;
                          return Result<void>{};
                      },
                  .envelope = [](std::string_view body) { return paypal_envelope(body, false); }}}
        },
            [] {});
        const auto deliver = [&]() -> Task<std::string> {
            const auto result = co_await receiver.receive(
                {.provider = provider::Name::paypal,
                 .header = [](std::string_view) -> std::string_view { return ""; },
                 .body = activated,
                 .received_at = world.clock().now()});
            if (!result) co_return std::string(info(result.error().code).name);
            co_return *result == Received::stored ? "stored" : "duplicate";
        };
        EXPECT_EQ(co_await deliver(), "unavailable");
        prepared = Error{ErrorCode::webhook_signature_invalid, "no", ""};
        EXPECT_EQ(co_await deliver(), "webhook_signature_invalid");
        EXPECT_EQ(verified, 0);
        prepared = Result<void>{};
        EXPECT_EQ(co_await deliver(), "stored");
        EXPECT_EQ(co_await deliver(), "duplicate");
        EXPECT_EQ(verified, 2);
        db.stop();
    });
    EXPECT_EQ(world.one("select concat_ws(' ', provider, event_id, type, object_kind, object_id) "
                        "from paydesk.webhook_events"),
              "paypal WH-1 BILLING.SUBSCRIPTION.ACTIVATED subscription I-1");
}

}  // namespace
}  // namespace paydesk::webhook
