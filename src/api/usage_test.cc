#include <zlib.h>

#include "api/test_api.h"

namespace paydesk::api {
namespace {

using std::chrono::days;

class UsageRoutes : public TestApi {
protected:
    // The tutorial's three examples as plans.
    static constexpr std::string_view catalogue = R"(
        [[meter]]
        key = "api_calls"
        name = "API calls"
        charge = "invoice_item"
        [[meter]]
        key = "storage_gb"
        name = "Storage"
        unit = "GB"
        aggregation = "last"
        charge = "invoice_item"
        [[meter]]
        key = "gpt4_tokens"
        name = "GPT-4 tokens"
        charge = "invoice_item"
        [[meter]]
        key = "images"
        name = "Images"
        charge = "invoice_item"
        [[meter]]
        key = "finetuning_hours"
        name = "Fine-tuning"
        charge = "invoice_item"
        [[meter]]
        key = "people"
        name = "Active people"
        aggregation = "unique"
        [[plan]]
        key = "free"
        name = "Free"
        limits = { api_calls = 1000, people = 2 }
        [[plan]]
        key = "api"
        name = "API service"
        rank = 1
        limits = { api_calls = 100000 }
        prices = { monthly = "29.00" }
        [plan.usage.api_calls]
        included = 1000
        price = "0.01"
        limit = "soft"
        [[plan]]
        key = "cloud"
        name = "Cloud storage"
        rank = 2
        prices = { monthly = "10.00" }
        [plan.usage.storage_gb]
        included = 10
        price = "0.10"
        [[plan]]
        key = "ai"
        name = "AI platform"
        rank = 3
        prices = { monthly = "1.00" }
        [plan.usage.gpt4_tokens]
        price = "0.03"
        per = 1000
        [plan.usage.images]
        price = "0.02"
        [plan.usage.finetuning_hours]
        price = "5.00"
    )";

    UsageRoutes() {
        auto plans = catalog::parse_plans(catalogue, "plans.toml");
        EXPECT_TRUE(plans) << plans.error().message;
        const auto synced = run(catalog::sync_plans(db_, provider_, plans.value(), {}));
        EXPECT_TRUE(synced);
    }

    void subscribe(const std::string& account, const std::string& plan, std::int64_t cents) {
        add_subscription(account, "sub_of_" + account, "active", plan);
        database_.run("update paydesk.subscriptions set unit_amount = $2 where account_id = $1",
                      {account, db::param(cents)});
        database_.run(
            "insert into paydesk.accounts (account_id) values ($1) on conflict do nothing",
            {account});
    }
    Answer track(const std::string& user, const std::string& metric, json::value quantity) {
        return post("/api/stripe/track-usage", user,
                    {
                        {"metricName", metric             },
                        {"quantity",   std::move(quantity)}
        });
    }
    Answer as_service(std::string path, std::string body, const std::string& account = {},
                      http::Headers headers = {}) {
        auto asked = request("POST", std::move(path), {}, std::move(body));
        asked.headers.add("Authorization", std::string("Bearer ") + service_key);
        if (!account.empty()) asked.headers.add("Paydesk-Account", account);
        for (const auto& [name, value] : headers) asked.headers.add(name, value);
        return send(asked);
    }
    json::value line(const Answer& usage, std::string_view metric) {
        for (const auto& one : usage.body.at("usage").as_array())
            if (string_at(one, {"metric_name"}) == metric) return one;
        return {};
    }
    std::string used(const std::string& user, const std::string& metric) {
        return json::serialize(line(get("/api/stripe/get-usage", user), metric).at("used"));
    }
    std::string key(int i) { return "req-" + std::to_string(i); }
};

std::string gzip(std::string_view text) {
    z_stream stream = {};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

TEST_F(UsageRoutes, ApiServiceOf29DollarsWith5000CallsIs69Dollars) {
    subscribe(ada, "api", 2900);
    const Answer tracked = track(ada, "api_calls", 5000);
    EXPECT_EQ(tracked.status, 200);
    EXPECT_EQ(bool_at(tracked.body, {"success"}), true);
    EXPECT_EQ(tracked.text({"record", "metric_name"}), "api_calls");
    EXPECT_EQ(int_at(tracked.body, {"record", "quantity"}), 5000);
    EXPECT_EQ(tracked.text({"record", "user_id"}), ada);

    const Answer usage = get("/api/stripe/get-usage", ada);
    EXPECT_EQ(usage.status, 200);
    EXPECT_EQ(int_at(usage.body, {"base_amount"}), 2900);
    EXPECT_EQ(int_at(line(usage, "api_calls"), {"estimated_amount"}), 4000);
    EXPECT_EQ(int_at(usage.body, {"estimated_amount"}), 6900);
    EXPECT_EQ(usage.text({"currency"}), "usd");
    EXPECT_EQ(usage.text({"plan_key"}), "api");
    EXPECT_EQ(tracked.text({"record", "billing_period_start"}),
              usage.text({"billing_period_start"}));
}

TEST_F(UsageRoutes, CloudStorageOf45GigabytesIs13Dollars50) {
    subscribe(ada, "cloud", 1000);
    EXPECT_EQ(track(ada, "storage_gb", 45).status, 200);
    const Answer usage = get("/api/stripe/get-usage", ada);
    EXPECT_EQ(int_at(usage.body, {"estimated_amount"}), 1350);
    EXPECT_EQ(line(usage, "storage_gb").at("unit"), "GB");
    EXPECT_EQ(int_at(usage.body, {"forecast_amount"}), 1350);  // the last value stays
}

TEST_F(UsageRoutes, AiPlatformWithTokensImagesAndHours) {
    subscribe(ada, "ai", 100);
    EXPECT_EQ(track(ada, "gpt4_tokens", 250000).status, 200);
    EXPECT_EQ(track(ada, "images", 120).status, 200);
    EXPECT_EQ(track(ada, "finetuning_hours", "2.5").status, 200);
    const Answer usage = get("/api/stripe/get-usage?series=day", ada);
    EXPECT_EQ(int_at(line(usage, "gpt4_tokens"), {"estimated_amount"}), 750);
    EXPECT_EQ(int_at(line(usage, "images"), {"estimated_amount"}), 240);
    EXPECT_EQ(int_at(line(usage, "finetuning_hours"), {"estimated_amount"}), 1250);
    EXPECT_EQ(int_at(usage.body, {"estimated_amount"}), 100 + 2240);
    EXPECT_GT(int_at(usage.body, {"forecast_amount"}), 100 + 2240);
    const auto today = line(usage, "images").at("days").as_array();
    ASSERT_EQ(today.size(), 1U);
    EXPECT_EQ(int_at(today[0], {"quantity"}), 120);
    EXPECT_EQ(string_at(today[0], {"date"}), to_iso8601(clock_.now()).substr(0, 10));
}

TEST_F(UsageRoutes, WhoHasNoSubscriptionMetersAgainstTheFreePlan) {
    EXPECT_EQ(track(ada, "api_calls", 900).status, 200);
    const Answer check = get("/api/usage/check?metric=api_calls", ada);
    EXPECT_EQ(check.status, 200);
    EXPECT_EQ(bool_at(check.body, {"allowed"}), true);
    EXPECT_EQ(int_at(check.body, {"used"}), 900);
    EXPECT_EQ(int_at(check.body, {"limit"}), 1000);
    EXPECT_EQ(int_at(check.body, {"remaining"}), 100);
    EXPECT_EQ(
        bool_at(get("/api/usage/check?feature=api_calls&quantity=101", ada).body, {"allowed"}),
        false);
    EXPECT_EQ(bool_at(get("/api/usage/check?metric=api_calls&quantity=100", ada).body, {"allowed"}),
              true);
    EXPECT_EQ(int_at(get("/api/usage/check?metric=images", ada).body, {"limit"}), -1);
    EXPECT_EQ(get("/api/usage/check?metric=nothing", ada).code(), "invalid_input");
    EXPECT_EQ(get("/api/usage/check", ada).code(), "invalid_input");
    EXPECT_EQ(get("/api/usage/check?metric=api_calls&quantity=NaN", ada).code(), "invalid_input");
    EXPECT_EQ(get("/api/stripe/get-usage?at=yesterday", ada).code(), "invalid_input");
    EXPECT_EQ(get("/api/stripe/get-usage?metric=nothing", ada).code(), "invalid_input");
    EXPECT_EQ(get("/api/stripe/get-usage").status, 401);
    EXPECT_EQ(used(grace, "api_calls"), "0");
}

TEST_F(UsageRoutes, ConsumeChecksAndRecordsInOneStep) {
    const auto consume = [&](json::value quantity, const char* with_key) {
        auto asked = request("POST", "/api/usage/consume", ada,
                             json::serialize(json::object{
                                 {"metric",   "api_calls"},
                                 {"quantity", quantity   }
        }));
        asked.headers.add("Idempotency-Key", with_key);
        return send(asked);
    };
    const Answer first = consume(600, "a"), second = consume(600, "b"), third = consume(400, "c");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(bool_at(first.body, {"allowed"}), true);
    EXPECT_EQ(bool_at(second.body, {"allowed"}), false);
    EXPECT_EQ(int_at(second.body, {"used"}), 600);
    EXPECT_EQ(int_at(second.body, {"remaining"}), 400);
    EXPECT_EQ(bool_at(third.body, {"allowed"}), true);
    EXPECT_EQ(int_at(third.body, {"used"}), 1000);
    const Answer again = consume(600, "a");
    EXPECT_EQ(bool_at(again.body, {"allowed"}), true);
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(consume(601, "a").code(), "idempotency_key_reused");
    EXPECT_EQ(used(ada, "api_calls"), "1000");

    // A soft limit warns and lets pass.
    subscribe(grace, "api", 2900);
    const Answer beyond = post("/api/usage/consume", grace,
                               {
                                   {"metric",   "api_calls"},
                                   {"quantity", 100001     }
    });
    EXPECT_EQ(bool_at(beyond.body, {"allowed"}), true);
    EXPECT_EQ(beyond.text({"limit_kind"}), "soft");
}

TEST_F(UsageRoutes, ABatchAnswersForEachEvent) {
    const std::string now = to_iso8601(clock_.now());
    const std::string body = R"([
        {"metric":"api_calls","quantity":0.1,"idempotencyKey":"k1","timestamp":")" +
                             now + R"("},
        {"metric":"api_calls","quantity":0.1,"idempotencyKey":"k1","timestamp":")" +
                             now + R"("},
        {"metric":"api_calls","quantity":0.2,"idempotencyKey":"k1","timestamp":")" +
                             now + R"("},
        {"metric":"api_calls","quantity":1e400,"idempotencyKey":"k2"},
        {"metric":"calls","idempotencyKey":"k3"},
        {"metric":"api_calls","idempotencyKey":"k4","timestamp":"2020-01-01T00:00:00Z"},
        {"metric":"api_calls","idempotencyKey":"k5","timestamp":"2999-01-01T00:00:00Z"},
        {"metric":"images","quantity":1234567890123456789012345678901234567890,"idempotencyKey":"k6"},
        {"metric":"images","quantity":-3,"idempotencyKey":"k7"},
        {"metric":"people","value":"u1","idempotencyKey":"k8"},
        7])";
    const Answer batch = as_service("/api/usage/events", body, ada);
    EXPECT_EQ(batch.status, 200);
    EXPECT_EQ(int_at(batch.body, {"recorded"}), 3);
    EXPECT_EQ(int_at(batch.body, {"duplicates"}), 1);
    EXPECT_EQ(int_at(batch.body, {"rejected"}), 7);
    const char* const expected[] = {"recorded",      "duplicate",      "idempotency_key_reused",
                                    "invalid_input", "unknown_metric", "too_old",
                                    "in_the_future", "invalid_input",  "recorded",
                                    "recorded",      "invalid_input"};
    for (std::size_t i = 0; i < std::size(expected); ++i) {
        const auto& result = batch.body.at("results").at(i);
        const auto said =
            result.at("status") == "rejected" ? result.at("code") : result.at("status");
        EXPECT_EQ(said, expected[i]) << i << json::serialize(result);
        if (result.at("status") == "rejected") {
            EXPECT_GT(result.at("errors").at(0).at("message").as_string().size(), 10U);
        }
    }
    EXPECT_EQ(used(ada, "api_calls"), "1E-1");  // as Boost.JSON writes what it read: 0.1
    EXPECT_EQ(used(ada, "images"), "-3");

    const Answer again = as_service("/api/usage/events", body, ada);
    EXPECT_EQ(int_at(again.body, {"recorded"}), 0);
    EXPECT_EQ(int_at(again.body, {"duplicates"}), 4);
    EXPECT_EQ(count("paydesk.usage_records"), "3");
}

TEST_F(UsageRoutes, AServiceSendsForManyAccountsAsLinesPacked) {
    std::string lines;
    for (int i = 0; i < 500; ++i) {
        lines += R"({"metric":"api_calls","idempotencyKey":")" + key(i) + R"(","accountId":")" +
                 std::string(i % 2 ? ada : grace) + "\"}\n";
    }
    const http::Headers packed{
        {"Content-Type",     "application/x-ndjson"},
        {"Content-Encoding", "gzip"                }
    };
    const Answer sent = as_service("/api/usage/events", gzip(lines), {}, packed);
    EXPECT_EQ(sent.status, 200);
    EXPECT_EQ(int_at(sent.body, {"recorded"}), 500);
    EXPECT_EQ(used(ada, "api_calls"), "250");

    // Cut short, no gzip at all, a bomb: refused as a whole, nothing recorded.
    const std::string whole = gzip(lines);
    EXPECT_EQ(as_service("/api/usage/events", whole.substr(0, whole.size() / 2), {}, packed).code(),
              "malformed_request");
    EXPECT_EQ(as_service("/api/usage/events", lines, {}, packed).code(), "malformed_request");
    EXPECT_EQ(as_service("/api/usage/events", gzip(std::string(64 << 20, '\n')), {}, packed).code(),
              "body_too_large");
    EXPECT_EQ(as_service("/api/usage/events", "[]",
                         {
    },
                         {{"Content-Encoding", "br"}})
                  .code(),
              "malformed_request");
    std::string many = "[";
    for (int i = 0; i <= 1000; ++i) many += std::string(i ? "," : "") + R"({"metric":"api_calls"})";
    EXPECT_EQ(as_service("/api/usage/events", many + "]").code(), "invalid_input");
    EXPECT_EQ(as_service("/api/usage/events", R"([{"metric":"api_calls","idempotencyKey":"x"}])")
                  .body.at("rejected"),
              1);
    EXPECT_EQ(count("paydesk.usage_records"), "500");
}

TEST_F(UsageRoutes, PeopleSendForThemselvesOnly) {
    const Answer mine =
        send(request("POST", "/api/usage/events", ada, R"([{"metric":"api_calls"}])"));
    EXPECT_EQ(int_at(mine.body, {"recorded"}), 1);
    const Answer others =
        send(request("POST", "/api/usage/events", ada,
                     R"([{"metric":"api_calls","accountId":")" + std::string(grace) + R"("}])"));
    EXPECT_EQ(int_at(others.body, {"rejected"}), 1);
    EXPECT_EQ(track(ada, "api_calls", -1).code(), "invalid_input");
    EXPECT_EQ(track(ada, "api_calls", "NaN").code(), "invalid_input");
    EXPECT_EQ(send(request("POST", "/api/usage/events", {}, "[]")).status, 401);
    EXPECT_EQ(send(request("POST", "/api/stripe/track-usage", ada, "{")).code(),
              "malformed_request");
    EXPECT_EQ(used(ada, "api_calls"), "1");
    EXPECT_EQ(used(grace, "api_calls"), "0");
}

TEST_F(UsageRoutes, ATrackedEventWithAKeyCountsOnce) {
    auto asked = request("POST", "/api/stripe/track-usage", ada,
                         R"({"metricName":"api_calls","quantity":2})");
    asked.headers.add("Idempotency-Key", "once");
    EXPECT_EQ(bool_at(send(asked).body, {"duplicate"}), false);
    EXPECT_EQ(bool_at(send(asked).body, {"duplicate"}), true);
    asked.body = R"({"metricName":"api_calls","quantity":3})";
    EXPECT_EQ(send(asked).code(), "idempotency_key_reused");
    EXPECT_EQ(used(ada, "api_calls"), "2");
}

TEST_F(UsageRoutes, ALookBackShowsThePeriodOfThatTime) {
    const std::string past = to_iso8601(clock_.now() - days(33));
    const Answer sent =
        as_service("/api/usage/events",
                   R"([{"metric":"api_calls","quantity":7,"idempotencyKey":"k","timestamp":")" +
                       past + R"("}])",
                   ada);
    EXPECT_EQ(int_at(sent.body, {"recorded"}), 1);
    EXPECT_EQ(used(ada, "api_calls"), "0");
    const Answer then = get("/api/stripe/get-usage?metric=api_calls&at=" + past, ada);
    EXPECT_EQ(int_at(line(then, "api_calls"), {"used"}), 7);
    EXPECT_EQ(then.body.at("usage").as_array().size(), 1U);
}

}  // namespace
}  // namespace paydesk::api
