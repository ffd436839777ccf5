// What all routes have in common: tokens, methods, limits, idempotency, webhooks, operations.
#include "api/test_api.h"

namespace paydesk::api {
namespace {

class Requests : public TestApi {
protected:
    http::Request with_key(std::string key,
                           std::string body = R"({"planId": "pro", "billingCycle": "monthly"})",
                           const char* user = ada) {
        auto asked = request("POST", "/api/create-checkout", user, std::move(body));
        asked.headers.add("Idempotency-Key", std::move(key));
        return asked;
    }
    http::Request as(std::string bearer, std::string target = "/api/session") {
        auto asked = request("GET", std::move(target));
        asked.headers.set("Authorization", "Bearer " + bearer);
        return asked;
    }
    http::Request webhook(std::string body, std::string signature) {
        auto asked = request("POST", "/api/webhooks/stripe", "", std::move(body));
        if (!signature.empty()) asked.headers.set("Stripe-Signature", std::move(signature));
        return asked;
    }
};

const std::pair<const char*, const char*> routes_of_people[] = {
    {"POST",  "/api/stripe/create-checkout"        },
    {"POST",  "/api/create-checkout"               },
    {"POST",  "/api/stripe/create-portal"          },
    {"POST",  "/api/stripe/cancel-subscription"    },
    {"GET",   "/api/stripe/get-subscription"       },
    {"GET",   "/api/stripe/get-invoices"           },
    {"GET",   "/api/payment-methods"               },
    {"GET",   "/api/payments"                      },
    {"GET",   "/api/entitlements"                  },
    {"GET",   "/api/admin/refunds"                 },
    {"POST",  "/api/admin/refunds"                 },
    {"GET",   "/api/admin/disputes"                },
    {"GET",   "/api/admin/notifications"           },
    {"GET",   "/api/notifications"                 },
    {"PATCH", "/api/notifications"                 },
    {"GET",   "/api/notifications/stream"          },
    {"GET",   "/api/checkout/cs_1"                 },
    {"POST",  "/api/paypal/create-order"           },
    {"POST",  "/api/paypal/capture-order"          },
    {"GET",   "/api/paypal/orders/1"               },
    {"POST",  "/api/paypal/create-subscription"    },
    {"POST",  "/api/paypal/cancel-subscription"    },
    {"POST",  "/api/paypal/suspend-subscription"   },
    {"POST",  "/api/paypal/reactivate-subscription"},
    {"GET",   "/api/paypal/subscriptions/I-1"      },
    {"POST",  "/api/admin/paypal/poll"             },
    {"GET",   "/api/session"                       },
};

TEST_F(Requests, EveryRouteOfPeopleNeedsAGoodToken) {
    const json::object good = {
        {"sub",  ada                       },
        {"role", "authenticated"           },
        {"aud",  "authenticated"           },
        {"exp",  to_unix(clock_.now()) + 60}
    };
    const auto changed = [&](const char* claim, json::value value) {
        json::object claims = good;
        claims[claim] = std::move(value);
        return sign_claims(claims);
    };
    std::string tampered = sign_claims(good);
    tampered.back() = tampered.back() == 'A' ? 'B' : 'A';
    const std::pair<const char*, std::string> bad[] = {
        {"none", ""},
        {"garbage", "x"},
        {"tampered", tampered},
        {"unsigned", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."},
        {"expired", changed("exp", to_unix(clock_.now()) - 3600)},
        {"anon key", changed("role", "anon")},
        {"other aud", changed("aud", "other")},
        {"sub no uuid", changed("sub", "ada")},
    };
    for (const auto& [method, path] : routes_of_people) {
        for (const auto& [what, bearer] : bad) {
            SCOPED_TRACE(std::string(method) + " " + path + " " + what);
            auto asked = request(method, path, "", "{}");
            if (!bearer.empty()) asked.headers.set("Authorization", "Bearer " + bearer);
            const Answer answer = send(asked);
            EXPECT_EQ(answer.status, 401);
            EXPECT_EQ(answer.code(), "unauthenticated");
            EXPECT_EQ(answer.headers.get("WWW-Authenticate"), "Bearer");
        }
    }
    EXPECT_EQ(send(as(sign_claims(good))).text({"user", "id"}), ada) << "and the good one is good";
    EXPECT_TRUE(provider_.calls.empty());
}

TEST_F(Requests, ASessionSaysWhoOneIs) {
    const Answer answer = get("/api/session", ada);
    EXPECT_EQ(answer.text({"user", "email"}), std::string(ada) + "@example.com");
    EXPECT_FALSE(answer.body.at("user").at("is_admin").as_bool());
    EXPECT_TRUE(send(as(token_of(grace, true))).body.at("user").at("is_admin").as_bool());
}

TEST_F(Requests, AServiceActsForANamedAccount) {
    auto asked = as(service_key, "/api/stripe/get-subscription");
    EXPECT_EQ(send(asked).status, 403);
    add_subscription(ada, "sub_1", "active");
    asked.headers.add("Paydesk-Account", ada);
    EXPECT_EQ(send(asked).text({"subscription", "stripe_subscription_id"}), "sub_1");
    asked.headers.set("Paydesk-Account", grace);
    EXPECT_TRUE(send(asked).body.at("subscription").is_null());
    asked.headers.set("Paydesk-Account", "everyone");
    EXPECT_EQ(send(asked).status, 422);
    auto user = request("GET", "/api/stripe/get-subscription", grace);
    user.headers.add("Paydesk-Account", ada);
    EXPECT_TRUE(send(user).body.at("subscription").is_null()) << "a user acts for nobody else";
}

TEST_F(Requests, UnknownPathsAndMethods) {
    EXPECT_EQ(get("/api/nothing", ada).code(), "not_found");
    const Answer wrong_method = send(request("DELETE", "/api/plans"));
    EXPECT_EQ(wrong_method.status, 405);
    EXPECT_EQ(wrong_method.code(), "method_not_allowed");
    EXPECT_NE(wrong_method.headers.get("Allow").find("GET"), std::string_view::npos);
    EXPECT_EQ(get("/api/stripe/create-checkout", ada).status, 405);
}

TEST_F(Requests, ABodyHasALimit) {
    const std::string body = R"({"planId": ")" + std::string(20'000, 'x') + R"("})";
    const Answer answer = send(request("POST", "/api/create-checkout", ada, body));
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.code(), "body_too_large");
    const std::string deep = std::string(200, '[') + std::string(200, ']');
    EXPECT_EQ(
        send(request("POST", "/api/create-checkout", ada, R"({"planId": )" + deep + "}")).status,
        400);
}

TEST_F(Requests, TheSameKeyGivesTheSameAnswer) {
    const Answer first = send(with_key("key-1"));
    ASSERT_EQ(first.status, 200);
    EXPECT_EQ(first.headers.get("Idempotency-Replayed"), "");
    const auto calls = provider_.calls.size();
    const Answer again = send(with_key("key-1"));
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(json::serialize(again.body), json::serialize(first.body));
    EXPECT_EQ(provider_.calls.size(), calls);

    EXPECT_EQ(
        send(with_key("key-1", R"({"planId": "business", "billingCycle": "monthly"})")).code(),
        "idempotency_key_reused");
    auto other_path = with_key("key-1");
    other_path.path = "/api/stripe/create-checkout";
    EXPECT_EQ(send(other_path).code(), "idempotency_key_reused");
    const Answer graces =
        send(with_key("key-1", R"({"planId": "pro", "billingCycle": "monthly"})", grace));
    EXPECT_EQ(graces.status, 200) << "keys are a person's own";
    EXPECT_NE(graces.text({"sessionId"}), first.text({"sessionId"}));
}

TEST_F(Requests, ARefusalIsKeptForItsKeyToo) {
    const Answer first = send(with_key("key-2", R"({"planId": "gold"})"));
    const Answer again = send(with_key("key-2", R"({"planId": "gold"})"));
    EXPECT_EQ(first.code(), "plan_unknown");
    EXPECT_EQ(again.code(), "plan_unknown");
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
}

TEST_F(Requests, AnOutageIsNotKept) {
    provider_.failures.push_back({
        "create_checkout", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(send(with_key("key-3")).status, 503);
    const Answer again = send(with_key("key-3"));
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "");
}

TEST_F(Requests, ParallelRequestsWithOneKeyRunOnce) {
    std::vector<http::Request> requests;
    for (int i = 0; i < 5; ++i) requests.push_back(with_key("key-4"));
    int done = 0;
    for (const Answer& answer : send_together(std::move(requests))) {
        if (answer.status == 200)
            ++done;
        else
            EXPECT_EQ(answer.code(), "idempotency_key_in_use");
    }
    EXPECT_EQ(done, 1);
    EXPECT_EQ(provider_.count("create_checkout"), 1);
}

TEST_F(Requests, AKeyLeftBehindByADeadNodeIsTakenUpAfterItsLease) {
    ASSERT_EQ(send(with_key("key-5")).status, 200);
    database_.run(
        "update paydesk.idempotency_keys set status = 'in_progress', response_status = null, "
        "response_headers = null, response_body = null, locked_until = now() + interval '1 "
        "minute'");
    EXPECT_EQ(send(with_key("key-5")).code(), "idempotency_key_in_use");
    database_.run("update paydesk.idempotency_keys set locked_until = now() - interval '1 second'");
    EXPECT_EQ(send(with_key("key-5")).status, 200);
}

TEST_F(Requests, KeysHaveAForm) {
    for (const std::string& key :
         {std::string(), std::string(256, 'k'), std::string("a b"), std::string("k\xc3\xa9y")}) {
        EXPECT_EQ(send(with_key(key)).status, 422) << key;
    }
    EXPECT_EQ(send(with_key(std::string(255, 'k'))).status, 200);
}

TEST_F(Requests, RateLimitsArePerPersonAndPerAddress) {
    limits_ = std::make_unique<Limits>(clock_, auth::Rate{2, 1}, auth::Rate{4, 1});
    const auto portal = [this](const char* user, const char* address) {
        auto asked = request("POST", "/api/stripe/create-portal", user, "{}");
        asked.remote_address = address;
        return send(asked);
    };
    EXPECT_EQ(portal(ada, "192.0.2.1").status, 404);
    EXPECT_EQ(portal(ada, "192.0.2.2").status, 404);
    const Answer limited = portal(ada, "192.0.2.3");
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.code(), "rate_limited");
    EXPECT_NE(limited.headers.get("Retry-After"), "");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(portal(grace, "192.0.2.4").status, 404);
    EXPECT_EQ(get("/api/stripe/get-subscription", ada).status, 200)
        << "reading is not limited here";
}

TEST_F(Requests, AWebhookIsStoredOnceAndOnlyWhenItIsSigned) {
    const std::string event =
        R"({"id": "evt_1", "object": "event", "type": "ping.ping", "created": 1700000000, "livemode": false, "data": {"object": {"id": "x", "object": "thing"}}})";
    const auto signed_at = [&](Instant at) {
        return provider::stripe::sign(webhook_secret, event, at);
    };
    const Answer stored = send(webhook(event, signed_at(clock_.now())));
    EXPECT_EQ(stored.status, 200) << json::serialize(stored.body);
    EXPECT_TRUE(stored.body.at("received").as_bool());
    EXPECT_EQ(send(webhook(event, signed_at(clock_.now()))).status, 200);
    EXPECT_EQ(count("paydesk.webhook_events"), "1");

    const std::tuple<const char*, std::string, std::string, int, const char*> refused[] = {
        {"unsigned", event, "", 400, "webhook_signature_invalid"},
        {"nonsense", event, "t=1,v1=zz", 400, "webhook_signature_invalid"},
        {"tampered", event + " ", signed_at(clock_.now()), 400, "webhook_signature_invalid"},
        {"other secret", event,
         provider::stripe::sign("whsec_other_0123456789", event, clock_.now()), 400,
         "webhook_signature_invalid"},
        {"stale", event, signed_at(clock_.now() - std::chrono::seconds(400)), 400,
         "webhook_timestamp_stale"},
        {"future", event, signed_at(clock_.now() + std::chrono::seconds(400)), 400,
         "webhook_timestamp_stale"},
        {"garbage", "\xff\xfe", provider::stripe::sign(webhook_secret, "\xff\xfe", clock_.now()),
         400, "webhook_payload_invalid"},
        {"too large", std::string(600'000, ' '), signed_at(clock_.now()), 413,
         "webhook_body_too_large"},
    };
    for (const auto& [what, body, signature, status, code] : refused) {
        SCOPED_TRACE(what);
        const Answer answer = send(webhook(body, signature));
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.code(), code);
    }
    EXPECT_EQ(count("paydesk.webhook_events"), "1");
}

TEST_F(Requests, TheLocalSignInIsForThisMachineOnly) {
    EXPECT_EQ(get("/api/local/users").text({"users", "0", "email"}), "ada@example.com");
    const Answer token =
        send(request("POST", "/api/local/sign-in", "", R"({"user": "ada@example.com"})"));
    ASSERT_EQ(token.status, 200);
    EXPECT_EQ(send(as(token.text({"access_token"}))).text({"user", "id"}), ada);
    EXPECT_EQ(
        send(request("POST", "/api/local/sign-in", "", R"({"user": "eve@example.com"})")).status,
        404);
    EXPECT_EQ(send(request("POST", "/api/local/sign-in", "", "{}")).status, 422);

    auto from_elsewhere =
        request("POST", "/api/local/sign-in", "", R"({"user": "ada@example.com"})");
    from_elsewhere.remote_address = "192.0.2.1";
    EXPECT_EQ(send(from_elsewhere).status, 403);
    auto through_a_proxy = request("GET", "/api/local/users");
    through_a_proxy.headers.add("X-Forwarded-For", "192.0.2.1");
    EXPECT_EQ(send(through_a_proxy).status, 403);
    auto rebound = request("GET", "/api/local/users");
    rebound.headers.set("Host", "evil.example");
    EXPECT_EQ(send(rebound).status, 403);
}

TEST_F(Requests, OperationsAnswer) {
    EXPECT_EQ(get("/healthz").text({"status"}), "ok");
    EXPECT_EQ(get("/readyz").text({"status"}), "ok");
    EXPECT_EQ(get("/openapi.yaml").status, 200);
    EXPECT_TRUE(get("/api/config").body.at("local_sign_in").as_bool());
    EXPECT_EQ(get("/metrics").status, 200);
    auto from_elsewhere = request("GET", "/metrics");
    from_elsewhere.remote_address = "192.0.2.1";
    EXPECT_EQ(send(from_elsewhere).status, 403);
    from_elsewhere.headers.set("Authorization", std::string("Bearer ") + service_key);
    EXPECT_EQ(send(from_elsewhere).status, 200);
    from_elsewhere.headers.set("Authorization", "Bearer " + token_of(ada, true));
    EXPECT_EQ(send(from_elsewhere).status, 403) << "a person, an admin even, is no service";
}

TEST_F(Requests, OtherOriginsPagesAreNotAllowed) {
    auto asked = request("GET", "/api/plans");
    asked.headers.set("Origin", "https://app.example");
    EXPECT_EQ(send(asked).headers.get("Access-Control-Allow-Origin"), "https://app.example");
    asked.headers.set("Origin", "https://evil.example");
    const Answer answer = send(asked);
    EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(answer.headers.get("X-Content-Type-Options"), "nosniff");
}

TEST_F(Requests, ALostDatabaseIsAnsweredWith503) {
    {
        db::BlockingConnection owner(database_.owner_url());
        owner.run("update pg_database set datallowconn = false where datname = current_database()");
        owner.run(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = "
            "'paydesk_server' "
            "and datname = current_database()");
    }
    for (const char* path : {"/readyz", "/api/plans"}) {
        const Answer answer = get(path);
        EXPECT_EQ(answer.status, 503) << path;
        EXPECT_EQ(answer.code(), "unavailable") << path;
    }
    EXPECT_EQ(get("/healthz").status, 200);
}

}  // namespace
}  // namespace paydesk::api
