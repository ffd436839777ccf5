#include "api/test_api.h"
#include "credits/facts.h"

namespace paydesk::api {
namespace {

class CreditRoutes : public TestApi {
protected:
    Answer consume(const char* user, std::int64_t amount, const std::string& key = {}) {
        auto asked = request("POST", "/api/credits/consume", user,
                             json::serialize(json::object{
                                 {"amount",      amount           },
                                 {"description", "AI Chat - GPT-4"}
        }));
        if (!key.empty()) asked.headers.add("Idempotency-Key", key);
        return send(asked);
    }
    std::int64_t balance(const char* user) {
        return int_at(get("/api/credits", user).body, {"balance"}).value_or(-1);
    }
    Answer grant(const std::string& token, json::value body, const std::string& key = {}) {
        auto asked = request("POST", "/api/admin/credits/grants", {}, json::serialize(body));
        asked.headers.add("Authorization", "Bearer " + token);
        if (!key.empty()) asked.headers.add("Idempotency-Key", key);
        return send(asked);
    }
};

TEST_F(CreditRoutes, ANewUserSeesTheFreePlansCredits) {
    const Answer seen = get("/api/credits", ada);
    EXPECT_EQ(seen.status, 200);
    EXPECT_EQ(int_at(seen.body, {"balance"}), 100);
    EXPECT_EQ(int_at(seen.body, {"held"}), 0);
    EXPECT_EQ(int_at(seen.body, {"next_expiry", "amount"}), 100);
    const auto& buckets = seen.body.at("buckets").as_array();
    ASSERT_EQ(buckets.size(), 1U);
    EXPECT_EQ(buckets[0].at("kind"), "free");
    EXPECT_EQ(get("/api/credits", ada).body, seen.body);
    EXPECT_EQ(get("/api/credits").status, 401);
}

TEST_F(CreditRoutes, AnAnonymousSignInGetsNone) {
    auto asked = request("GET", "/api/credits");
    asked.headers.add("Authorization", "Bearer " + sign_claims({
                                                       {"sub",          ada                          },
                                                       {"role",         "authenticated"              },
                                                       {"aud",          "authenticated"              },
                                                       {"is_anonymous", true                         },
                                                       {"exp",          to_unix(clock_.now()) + 1'000}
    }));
    const Answer seen = send(asked);
    EXPECT_EQ(seen.status, 200);
    EXPECT_EQ(int_at(seen.body, {"balance"}), 0);
    EXPECT_EQ(count("paydesk.credit_grants"), "0");
}

TEST_F(CreditRoutes, ConsumingIsAllOrNothing) {
    const Answer used = consume(ada, 30);
    EXPECT_EQ(used.status, 200);
    EXPECT_EQ(int_at(used.body, {"amount"}), -30);
    EXPECT_EQ(int_at(used.body, {"balance"}), 70);
    EXPECT_EQ(used.text({"description"}), "AI Chat - GPT-4");

    const Answer refused = consume(ada, 75);
    EXPECT_EQ(refused.status, 402);
    EXPECT_EQ(refused.code(), "insufficient_credits");
    EXPECT_EQ(int_at(refused.body, {"balance"}), 70);
    EXPECT_EQ(int_at(refused.body, {"shortfall"}), 5);
    EXPECT_EQ(balance(ada), 70);
    EXPECT_EQ(balance(grace), 100);
}

TEST_F(CreditRoutes, TheSameKeyGivesTheSameAnswer) {
    const Answer first = consume(ada, 30, "k1"), again = consume(ada, 30, "k1");
    EXPECT_EQ(first.headers.get("Idempotency-Replayed"), "");
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(consume(ada, 31, "k1").code(), "idempotency_key_reused");
    EXPECT_EQ(consume(ada, 31, "k 1").code(), "invalid_input");

    const Answer refused = consume(ada, 75, "k2"), refused_again = consume(ada, 75, "k2");
    EXPECT_EQ(refused_again.status, 402);
    EXPECT_EQ(refused_again.body, refused.body);
    EXPECT_EQ(refused_again.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(balance(ada), 70);
}

TEST_F(CreditRoutes, ManyAtOnceNeverOverdraw) {
    std::vector<http::Request> requests;
    for (int i = 0; i < 60; ++i)
        requests.push_back(
            request("POST", "/api/credits/consume", i % 2 ? ada : grace, R"({"amount":7})"));
    std::map<int, int> statuses;
    for (const Answer& answer : send_together(std::move(requests))) ++statuses[answer.status];
    EXPECT_EQ(statuses[200], 28);
    EXPECT_EQ(statuses[402], 32);
    EXPECT_EQ(balance(ada), 2);
    EXPECT_EQ(balance(grace), 2);
}

TEST_F(CreditRoutes, HoldSettleRelease) {
    const Answer held =
        post("/api/credits/holds", ada,
             {
                 {"amount",      60           },
                 {"description", "long answer"},
                 {"expiresIn",   60           }
    });
    EXPECT_EQ(held.status, 200);
    EXPECT_EQ(held.text({"hold", "status"}), "held");
    EXPECT_EQ(int_at(held.body, {"balance"}), 40);
    const std::string id = held.text({"hold", "id"});
    EXPECT_EQ(get("/api/credits/holds", ada).body.at("holds").as_array().size(), 1U);
    EXPECT_EQ(get("/api/credits/holds", grace).body.at("holds").as_array().size(), 0U);
    EXPECT_EQ(int_at(get("/api/credits", ada).body, {"held"}), 60);

    const std::string path = "/api/credits/holds/" + id;
    EXPECT_EQ(post(path + "/settle", grace,
                   {
                       {"amount", 1}
    })
                  .status,
              404);
    EXPECT_EQ(post(path + "/settle", ada,
                   {
                       {"amount", 61}
    })
                  .code(),
              "invalid_input");
    const Answer settled = post(path + "/settle", ada,
                                {
                                    {"amount", 45}
    });
    EXPECT_EQ(settled.status, 200);
    EXPECT_EQ(settled.text({"hold", "status"}), "settled");
    EXPECT_EQ(int_at(settled.body, {"hold", "settled_amount"}), 45);
    EXPECT_EQ(int_at(settled.body, {"amount"}), 15);
    EXPECT_EQ(int_at(settled.body, {"balance"}), 55);
    EXPECT_EQ(post(path + "/release", ada, json::object{}).code(), "hold_ended");

    const Answer second = post("/api/credits/holds", ada,
                               {
                                   {"amount", 5}
    });
    const std::string other = "/api/credits/holds/" + second.text({"hold", "id"});
    const Answer released = post(other + "/release", ada, json::object{});
    EXPECT_EQ(released.text({"hold", "status"}), "released");
    EXPECT_EQ(int_at(released.body, {"balance"}), 55);
    EXPECT_EQ(post("/api/credits/holds/no-uuid/release", ada, json::object{}).status, 404);
    EXPECT_EQ(post("/api/credits/holds", ada,
                   {
                       {"amount", 56}
    })
                  .status,
              402);
}

TEST_F(CreditRoutes, TheStatementSaysWhereEachCreditWent) {
    for (int i = 1; i <= 4; ++i) consume(ada, i);
    const Answer page = get("/api/credits/entries?limit=3", ada);
    EXPECT_EQ(page.status, 200);
    const auto& entries = page.body.at("entries").as_array();
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(page.body.at("has_more"), true);
    EXPECT_EQ(int_at(entries[0], {"id"}), 5);
    EXPECT_EQ(int_at(entries[0], {"amount"}), -4);
    EXPECT_EQ(int_at(entries[0], {"balance"}), 90);
    EXPECT_EQ(entries[0].at("description"), "AI Chat - GPT-4");
    EXPECT_EQ(string_at(entries[0], {"lines", "0", "to"}), "consumed");
    const Answer rest = get("/api/credits/entries?limit=3&starting_after=3", ada);
    EXPECT_EQ(rest.body.at("entries").as_array().size(), 2U);
    EXPECT_EQ(rest.body.at("has_more"), false);
    EXPECT_EQ(rest.body.at("entries").at(1).at("kind"), "grant");
    EXPECT_TRUE(get("/api/credits/entries", grace).body.at("entries").as_array().empty());
    EXPECT_EQ(get("/api/credits/entries?limit=0", ada).status, 422);
}

TEST_F(CreditRoutes, FieldsThatAreWrong) {
    const std::pair<const char*, const char*> bad[] = {
        {"/api/credits/consume", R"({})"                                       },
        {"/api/credits/consume", R"({"amount":0})"                             },
        {"/api/credits/consume", R"({"amount":-5})"                            },
        {"/api/credits/consume", R"({"amount":1.5})"                           },
        {"/api/credits/consume", R"({"amount":1000000000001})"                 },
        {"/api/credits/consume", R"({"amount":"1"})"                           },
        {"/api/credits/consume", R"({"amount":1,"user_id":"x"})"               },
        {"/api/credits/consume", "{\"amount\":1,\"description\":\"a\\u0000b\"}"},
        {"/api/credits/holds",   R"({"amount":1,"expiresIn":604801})"          },
    };
    for (const auto& [path, body] : bad)
        EXPECT_EQ(send(request("POST", path, ada, body)).status, 422) << body;
    EXPECT_EQ(send(request("POST", "/api/credits/consume", ada, "{")).status, 400);
    EXPECT_EQ(send(request("POST", "/api/credits/consume", {}, R"({"amount":1})")).status, 401);
    EXPECT_EQ(count("paydesk.credit_transactions"), "0");
}

TEST_F(CreditRoutes, AServiceActsForAUser) {
    auto asked = request("POST", "/api/credits/consume", {}, R"({"amount":10})");
    asked.headers.add("Authorization", std::string("Bearer ") + service_key);
    EXPECT_EQ(send(asked).status, 403);
    asked.headers.add("Paydesk-Account", ada);
    EXPECT_EQ(int_at(send(asked).body, {"balance"}), 90);
    EXPECT_EQ(balance(ada), 90);
}

TEST_F(CreditRoutes, AnAdminGrantsForAReason) {
    const json::object wish{
        {"accountId", ada                                              },
        {"amount",    250                                              },
        {"reason",    "Sorry for the outage"                           },
        {"expiresAt", to_iso8601(clock_.now() + std::chrono::hours(24))}
    };
    EXPECT_EQ(grant(token_of(grace), wish).status, 403);
    const Answer granted = grant(token_of(grace, true), wish, "g1");
    EXPECT_EQ(granted.status, 200);
    EXPECT_EQ(granted.text({"grant", "kind"}), "admin");
    EXPECT_EQ(int_at(granted.body, {"grant", "remaining"}), 250);
    EXPECT_EQ(grant(token_of(grace, true), wish, "g1").body, granted.body);
    EXPECT_EQ(balance(ada), 350);
    const db::Rows audit = database_.run(
        "select account_id, actor, details ->> 'reason' as reason from paydesk.audit_log");
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit.text(0, "account_id"), ada);
    EXPECT_EQ(audit.text(0, "actor"), std::string("admin:") + grace);
    EXPECT_EQ(audit.text(0, "reason"), "Sorry for the outage");

    for (const char* field : {"accountId", "amount", "reason"}) {
        json::object lacking = wish;
        lacking.erase(field);
        EXPECT_EQ(grant(token_of(grace, true), lacking).status, 422) << field;
    }
    json::object past = wish;
    past["expiresAt"] = "2020-01-01T00:00:00Z";
    EXPECT_EQ(grant(token_of(grace, true), past).status, 422);
    past["expiresAt"] = "soon";
    EXPECT_EQ(grant(token_of(grace, true), past).status, 422);
}

// Their own rows and no others, straight from the database.
TEST_F(CreditRoutes, PeopleReadTheirOwnLedgerAlone) {
    consume(ada, 5);
    consume(grace, 6);
    const db::Statement looks[] = {
        {"test_all_grants",
         "select count(*) as n, count(distinct account_id) as people from paydesk.credit_grants" },
        {"test_all_transactions",
         "select count(*) as n, count(distinct account_id) as people from "
         "paydesk.credit_transactions"                                                           },
        {"test_all_entries",
         "select count(*) as n, count(distinct account_id) as people from paydesk.credit_entries"},
    };
    for (const db::Statement& look : looks) {
        const auto people = run([](db::Database& db, db::Statement sql) -> Task<std::int64_t> {
            const db::Rows rows =
                co_await db.run_as({"authenticated", std::string(R"({"sub":")") + ada +
                                                         R"(","role":"authenticated"})"},
                                   sql);
            co_return rows.integer(0, "people");
        }(db_, look));
        EXPECT_EQ(people, 1) << look.name;
    }
}

}  // namespace
}  // namespace paydesk::api
