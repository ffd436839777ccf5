#include "provider/paypal/verify_online.h"

#include <gtest/gtest.h>

#include "provider/paypal/scripted_paypal.h"

namespace paydesk::provider::paypal {
namespace {

const Instant now = from_unix(1'780'272'000);  // 2026-06-01

struct Asked {
    std::string outcome;
    std::vector<std::string> sent;
};

Asked ask(std::string body, int status, std::string answer,
          std::string cert_url = "https://api.paypal.com/v1/notifications/certs/CERT-1",
          std::string time = "2026-06-01T00:00:00Z", std::string webhook_id = "8PT") {
    ScriptedPayPal paypal;
    for (int i = 0; i < 4; ++i) paypal.transport.answer(status, answer);
    Asked asked;
    paypal.with_client([&](Client& client, asio::io_context&) -> Task<> {
        OnlineVerifier verifier(webhook_id, client);
        const auto result =
            co_await verifier.verify({"t-1", time, "QUJD", cert_url, "SHA256withRSA"}, body, now);
        asked.outcome =
            result ? "accepted"
                   : std::string(info(result.error().code).name) + ": " + result.error().detail;
    });
    asked.sent = paypal.sent();
    return asked;
}

constexpr const char* success = R"({"verification_status":"SUCCESS"})";

// Spaces, order of fields, escapes: all as they came.
TEST(PayPalVerifyOnline, TheBodyIsAskedAboutAsItCame) {
    const std::string body = "{ \"id\" : \"WH-1\",\n \"b\":1.0, \"a\":\"\\u00fc\\/\" }";
    const auto asked = ask(body, 200, success);
    EXPECT_EQ(asked.outcome, "accepted");
    EXPECT_EQ(
        asked.sent,
        (std::vector<std::string>{
            "POST /v1/notifications/verify-webhook-signature "
            R"({"auth_algo":"SHA256withRSA","cert_url":"https://api.paypal.com/v1/notifications/certs/CERT-1",)"
            R"("transmission_id":"t-1","transmission_sig":"QUJD","transmission_time":"2026-06-01T00:00:00Z",)"
            R"("webhook_id":"8PT","webhook_event":)" +
            body + "}"}));
}

TEST(PayPalVerifyOnline, RefusesWhatPayPalDoesNotVouchFor) {
    const std::string no = "webhook_signature_invalid: ";
    EXPECT_EQ(ask("{}", 200, R"({"verification_status":"FAILURE"})").outcome,
              no + "PayPal says FAILURE");
    EXPECT_EQ(ask("{}", 200, "{}").outcome, no + "PayPal says ");
    EXPECT_TRUE(ask("{}", 400, "{}").outcome.starts_with(no + "PayPal refused to verify it"));
    EXPECT_TRUE(ask("{}", 503, "{}").outcome.starts_with("unavailable: "));
}

TEST(PayPalVerifyOnline, AsksNothingAboutWhatCannotBeRight) {
    const std::string url = "https://api.paypal.com/v1/notifications/certs/CERT-1";
    // A body that would put its own webhook_id into our question.
    for (const char* body : {R"({},"webhook_id":"MINE")", R"({}} )", "[]", "", "{", "null"}) {
        const auto asked = ask(body, 200, success);
        EXPECT_EQ(asked.outcome, "webhook_signature_invalid: the body is no JSON object") << body;
        EXPECT_TRUE(asked.sent.empty());
    }
    EXPECT_TRUE(
        ask("{}", 200, success, "https://paypal.com.example.org/v1/notifications/certs/CERT-1")
            .sent.empty());
    EXPECT_EQ(ask("{}", 200, success, url, "2026-05-20T00:00:00Z").outcome,
              "webhook_timestamp_stale: sent 2026-05-20T00:00:00Z");
    EXPECT_TRUE(ask("{}", 200, success, url, "2026-06-01T00:00:00Z", " ").sent.empty());
}

}  // namespace
}  // namespace paydesk::provider::paypal
