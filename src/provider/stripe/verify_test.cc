#include "provider/stripe/verify.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "provider/stripe/testdata_file.h"

namespace paydesk::provider::stripe {
namespace {

using std::chrono::seconds;

const std::string secret = "whsec_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY";
const std::string other = "whsec_0123456789abcdef0123456789abcdef";
const std::string body = R"({"id": "evt_1"})";
const Instant signed_at = from_unix(1'780'272'000);

// What verify() says, as one word.
std::string outcome(const std::vector<std::string>& secrets, std::string_view header,
                    std::string_view raw_body, Instant now = signed_at) {
    const auto result = verify(secrets, header, raw_body, now);
    return result ? "accepted" : std::string(info(result.error().code).name);
}

TEST(StripeVerify, AcceptsWhatTheOfficialSdkSigned) {
    const json::value file = read_json(testdata() / "signatures.json");
    const json::array& vectors = file.at("vectors").as_array();
    ASSERT_GE(vectors.size(), 12u);
    for (const json::value& vector : vectors) {
        SCOPED_TRACE(*string_at(vector, {"name"}));
        const std::string key = *string_at(vector, {"secret"});
        const std::string text = *string_at(vector, {"body"});
        const std::string header = *string_at(vector, {"header"});
        const Instant at = from_unix(*int_at(vector, {"timestamp"}));
        EXPECT_EQ(outcome({key}, header, text, at), "accepted");
        EXPECT_EQ(outcome({key}, header, text + " ", at), "webhook_signature_invalid");
        EXPECT_EQ(outcome({key + "x"}, header, text, at), "webhook_signature_invalid");
        EXPECT_EQ(sign(key, text, at), header);
    }
}

TEST(StripeVerify, Secrets) {
    const std::string header = sign(secret, body, signed_at);
    const std::string invalid = "webhook_signature_invalid";
    EXPECT_EQ(outcome({}, header, body), invalid);
    EXPECT_EQ(outcome({""}, sign("", body, signed_at), body), invalid);
    EXPECT_EQ(outcome({" \t\r\n"}, sign(" \t\r\n", body, signed_at), body), invalid);
    EXPECT_EQ(outcome({other}, header, body), invalid);
    EXPECT_EQ(outcome({other, secret}, header, body), "accepted");
    EXPECT_EQ(outcome({secret, other}, header, body), "accepted");
    EXPECT_EQ(outcome({"", secret}, header, body), "accepted");
    EXPECT_EQ(outcome({"", secret}, sign("", body, signed_at), body), invalid);
    EXPECT_EQ(outcome({secret + "\n"}, header, body), invalid);
}

TEST(StripeVerify, Headers) {
    const std::string good = sign(secret, body, signed_at);
    const std::string t = good.substr(0, good.find(','));  // t=...
    const std::string v1 = good.substr(good.find(',') + 1);
    const std::string hex = v1.substr(3);
    const std::string wrong = "v1=" + std::string(64, '0');
    std::string upper = hex, flipped = hex, many;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    flipped.back() = flipped.back() == '0' ? '1' : '0';
    for (std::size_t i = 0; i < signatures_max; ++i) many += wrong + ",";

    struct Case {
        const char* name;
        std::string header;
        bool accepted;
    };
    const Case cases[] = {
        {"as_sent", good, true},
        {"other_order", v1 + "," + t, true},
        {"extra_v0", t + ",v0=" + hex + "," + v1, true},
        {"wrong_then_right", t + "," + wrong + "," + v1, true},
        {"spaces_after_commas", t + ", " + v1, true},
        {"unknown_scheme", t + ",v9=x," + v1 + ",zz", true},
        {"empty", "", false},
        {"garbage", "hello", false},
        {"only_commas", ",,,,", false},
        {"no_timestamp", v1, false},
        {"no_signature", t, false},
        {"only_v0", t + ",v0=" + hex, false},
        {"two_timestamps", t + "," + t + "," + v1, false},
        {"timestamp_not_digits", "t=12a," + v1, false},
        {"timestamp_negative", "t=-1780272000," + v1, false},
        {"timestamp_empty", "t=," + v1, false},
        {"timestamp_overflows", "t=99999999999999999999," + v1, false},
        {"another_timestamp", "t=1780272001," + v1, false},
        {"wrong", t + "," + wrong, false},
        {"last_digit_wrong", t + ",v1=" + flipped, false},
        {"upper_case", t + ",v1=" + upper, false},
        {"cut", t + ",v1=" + hex.substr(0, 63), false},
        {"too_long", t + ",v1=" + hex + "0", false},
        {"empty_signature", t + ",v1=", false},
        {"beyond_signatures_max", t + "," + many + v1, false},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(outcome({secret}, c.header, body),
                  c.accepted ? "accepted" : "webhook_signature_invalid");
    }
}

TEST(StripeVerify, Freshness) {
    const std::string header = sign(secret, body, signed_at);
    struct Case {
        seconds later;
        const char* outcome;
    };
    const Case cases[] = {
        {seconds(0),     "accepted"               },
        {seconds(300),   "accepted"               },
        {seconds(301),   "webhook_timestamp_stale"},
        {seconds(-300),  "accepted"               },
        {seconds(-301),  "webhook_timestamp_stale"},
        {seconds(-3600), "webhook_timestamp_stale"},
        {seconds(86400), "webhook_timestamp_stale"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.later.count());
        EXPECT_EQ(outcome({secret}, header, body, signed_at + c.later), c.outcome);
    }
    // The signature comes first: a stale forgery is a forgery.
    EXPECT_EQ(outcome({other}, header, body, signed_at + seconds(9999)),
              "webhook_signature_invalid");
    const Instant never = from_unix(0);
    EXPECT_EQ(outcome({secret}, sign(secret, body, never), body), "webhook_timestamp_stale");
}

TEST(StripeVerify, TheBodyIsBytes) {
    const std::string binary("\x00\xff{}\n\x00", 6);
    EXPECT_EQ(outcome({secret}, sign(secret, binary, signed_at), binary), "accepted");
    EXPECT_EQ(outcome({secret}, sign(secret, "", signed_at), ""), "accepted");
    // The same JSON, written again.
    EXPECT_EQ(outcome({secret}, sign(secret, body, signed_at), R"({"id":"evt_1"})"),
              "webhook_signature_invalid");
}

TEST(StripeVerify, OneVerifierServesManyDeliveries) {
    const Verifier verifier({other, secret});
    for (int i = 0; i < 100; ++i) {
        const std::string text = body + std::string(static_cast<std::size_t>(i * 7), 'x');
        EXPECT_TRUE(
            verifier.verify(sign(i % 2 ? other : secret, text, signed_at), text, signed_at));
        EXPECT_FALSE(verifier.verify(sign("whsec_no", text, signed_at), text, signed_at));
    }
}

TEST(StripeVerify, NoSecretSaysWhatToSet) {
    const auto result = verify({}, "t=1,v1=00", body, signed_at);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().detail.find("STRIPE_WEBHOOK_SECRET"), std::string::npos);
}

}  // namespace
}  // namespace paydesk::provider::stripe
