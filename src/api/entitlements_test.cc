// What an account may do now: the view, by way of its route, on a real Postgres.
#include "api/test_api.h"
#include "billing/access.h"
#include "billing/access_policy_store.h"
#include "credits/facts.h"

namespace paydesk::api {
namespace {

using enum provider::SubscriptionStatus;

class Entitlements : public TestApi {
protected:
    json::value of(const std::string& user, const char* etag = nullptr) {
        auto asked = request("GET", "/api/entitlements", user);
        if (etag != nullptr) asked.headers.set("If-None-Match", etag);
        const Answer answer = send(asked);
        EXPECT_EQ(answer.status, 200) << json::serialize(answer.body);
        return answer.body.at("entitlements");
    }
    void set_policy(billing::access_policy_store::Policy policy) {
        run([](db::Database& db, billing::access_policy_store::Policy p) -> Task<int> {
            co_await billing::access_policy_store::set(db, p);
            co_return 0;
        }(db_, policy));
    }
    void change_subscription(const std::string& set) {
        database_.run("update paydesk.subscriptions set " + set);
    }
    void add_account(const std::string& account, const char* kind = "person") {
        database_.run(
            "insert into paydesk.accounts (account_id, kind) values ($1, $2) on conflict do "
            "nothing",
            {account, kind});
    }
    void dispute(const std::string& status) {
        database_.run(
            "insert into paydesk.disputes (account_id, id, provider, provider_dispute_id, amount, "
            "currency, status, closed_at, provider_stamp, created_at) values ($1, $1, 'stripe', "
            "'dp_1', 1, 'usd', $2, now(), now(), now()) on conflict (account_id, id) do update set "
            "status = excluded.status",
            {ada, status});
    }
};

TEST_F(Entitlements, WhoIsNewHasTheFreePlan) {
    const json::value mine = of(ada);
    EXPECT_EQ(mine.at("plan_key"), "free");
    EXPECT_EQ(mine.at("account_id"), json::value(ada));
    EXPECT_EQ(mine.at("status"), "none");
    EXPECT_FALSE(mine.at("is_active").as_bool());
    EXPECT_EQ(mine.at("limits").at("api_calls"), 1000);
    EXPECT_EQ(mine.at("credits_per_month"), 100);
    add_account(ada);
    EXPECT_EQ(of(ada), mine) << "with and without an account's row";
}

TEST_F(Entitlements, ASubscriptionGrantsItsPlan) {
    add_account(ada);
    const std::string id = add_subscription(ada, "sub_1", "active");
    const json::value mine = of(ada);
    EXPECT_EQ(mine.at("plan_key"), "pro");
    EXPECT_EQ(mine.at("tier"), "pro");
    EXPECT_EQ(mine.at("status"), "active");
    EXPECT_EQ(mine.at("subscription_id"), json::value(id));
    EXPECT_EQ(mine.at("limits").at("projects"), 10);
    EXPECT_TRUE(mine.at("is_active").as_bool());
    EXPECT_TRUE(mine.at("access_until").is_null());
    EXPECT_EQ(of(grace).at("plan_key"), "free");
}

// The view and access.h say the same of every status.
struct Case {
    const char* name;
    provider::SubscriptionStatus status;
    const char* set;  // columns, besides the status
    bool grants;
};
const Case cases[] = {
    {"active",               active,             "",                                                             true },
    {"trialing",             trialing,           "",                                                             true },
    {"scheduled",            active,             "cancel_at_period_end = true",                                  true },
    {"scheduled_is_over",    active,             "cancel_at = now() - interval '1 second'",                      false},
    {"past_due",             past_due,           "past_due_since = now() - interval '13 days'",                  true },
    {"past_due_too_long",    past_due,           "past_due_since = now() - interval '15 days'",                  false},
    {"past_due_unknown",     past_due,           "past_due_since = null",                                        false},
    {"past_due_long_period", past_due,
     "past_due_since = now() - interval '1 day', current_period_start = now() - interval '300 "
     "days'",                                                                                                    true },
    {"past_due_scheduled",   past_due,           "past_due_since = now(), cancel_at = now() + interval '1 day'",
     true                                                                                                             },
    {"paused",               paused,             "",                                                             false},
    {"unpaid",               unpaid,             "",                                                             false},
    {"incomplete",           incomplete,         "",                                                             false},
    {"incomplete_expired",   incomplete_expired, "",                                                             false},
    {"canceled",             canceled,           "",                                                             false},
    {"unknown_price",        active,             "plan_key = null",                                              false},
};

TEST_F(Entitlements, EachStatusIsWorthWhatTheDesignSays) {
    add_account(ada);
    add_subscription(ada, "sub_1", "active");
    database_.script("alter table paydesk.subscriptions disable trigger final_status");
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const std::string status(provider::to_string(c.status));
        change_subscription(
            "plan_key = 'pro', cancel_at = null, cancel_at_period_end = false, "
            "past_due_since = null, current_period_start = now(), status = '" +
            status + "'");
        if (*c.set != '\0') change_subscription(c.set);
        const json::value mine = of(ada);
        EXPECT_EQ(mine.at("is_active"), json::value(c.grants));
        EXPECT_EQ(mine.at("plan_key"), c.grants ? "pro" : "free");
        EXPECT_EQ(mine.at("status"), json::value(status));

        const db::Rows row = database_.run(
            "select plan_key, past_due_since, current_period_end, cancel_at_period_end, cancel_at "
            "from "
            "paydesk.subscriptions");
        const auto access =
            billing::access_of({.status = c.status,
                                .past_due_since = row.optional_instant(0, "past_due_since"),
                                .current_period_end = row.optional_instant(0, "current_period_end"),
                                .cancel_at_period_end = row.boolean(0, "cancel_at_period_end"),
                                .cancel_at = row.optional_instant(0, "cancel_at")},
                               clock_.now(), std::chrono::days(14));
        if (row.is_null(0, "plan_key")) continue;  // access.h does not look at the plan
        EXPECT_EQ(access.is_active, c.grants);
        EXPECT_EQ(mine.at("access_until"),
                  access.until ? json::value(to_iso8601(*access.until)) : json::value());
    }
}

TEST_F(Entitlements, TheGracePeriodIsConfigured) {
    add_account(ada);
    add_subscription(ada, "sub_1", "past_due");
    change_subscription("past_due_since = now() - interval '5 days'");
    EXPECT_EQ(of(ada).at("plan_key"), "pro");
    set_policy({.past_due_grace = std::chrono::days(3)});
    EXPECT_EQ(of(ada).at("plan_key"), "free");
    EXPECT_FALSE(of(ada).at("grace_until").is_null());
    set_policy({.past_due_grace = std::chrono::days(0)});
    EXPECT_EQ(of(ada).at("plan_key"), "free");
}

TEST_F(Entitlements, DisputesSuspendWhereTheOperatorWantsIt) {
    add_account(ada);
    add_subscription(ada, "sub_1", "active");
    dispute("needs_response");
    EXPECT_EQ(of(ada).at("plan_key"), "pro") << "keep is the default";
    set_policy({.suspends_disputed = true});
    EXPECT_EQ(of(ada).at("plan_key"), "free");
    EXPECT_TRUE(of(ada).at("suspended").as_bool());
    EXPECT_EQ(of(ada).at("status"), "active");
    for (const char* harmless : {"won", "warning_needs_response", "warning_closed"}) {
        dispute(harmless);
        EXPECT_EQ(of(ada).at("plan_key"), "pro") << harmless;
    }
    dispute("lost");
    EXPECT_EQ(of(ada).at("plan_key"), "free");
    database_.run(
        "insert into paydesk.payments (account_id, id, provider, source_kind, source_id, amount, "
        "currency, status, created_at) values ($1, $1, 'stripe', 'invoice', 'in_9', 100, 'usd', "
        "'succeeded', now() + interval '1 second')",
        {ada});
    EXPECT_EQ(of(ada).at("plan_key"), "pro") << "who pays again is welcome again";
}

TEST_F(Entitlements, MembersShareTheirTeamsPlan) {
    const std::string team = "0190ada0-0000-7000-8000-00000000aaaa";
    add_account(team, "team");
    add_subscription(team, "sub_team", "active", "business");
    database_.run("update paydesk.subscriptions set quantity = 2");
    database_.run("insert into paydesk.account_members (account_id, user_id) values ($1, $2)",
                  {team, ada});
    EXPECT_EQ(of(ada).at("plan_key"), "business");
    EXPECT_EQ(of(ada).at("account_id"), json::value(team));
    add_account(ada);
    add_subscription(ada, "sub_own", "active", "pro");
    EXPECT_EQ(of(ada).at("plan_key"), "business") << "the better one";
    EXPECT_EQ(of(grace).at("plan_key"), "free");
}

TEST_F(Entitlements, APlanThatIsNoLongerOfferedIsKept) {
    add_account(ada);
    add_subscription(ada, "sub_1", "active");
    database_.run("update paydesk.plans set is_active = false where plan_key = 'pro'");
    EXPECT_EQ(of(ada).at("plan_key"), "pro");
    EXPECT_EQ(of(ada).at("limits").at("projects"), 10);
}

TEST_F(Entitlements, PlansOfOtherFamiliesAreAddOns) {
    add_account(ada);
    database_.run(
        "insert into paydesk.plans (plan_key, plan_family, name, tier, limits) values "
        "('seats', 'seats', 'Seats', 'seats', '{\"seats\": 5}')");
    add_subscription(ada, "sub_1", "active", "seats");
    change_subscription("plan_family = 'seats'");
    const json::value mine = of(ada);
    EXPECT_EQ(mine.at("plan_key"), "free");
    ASSERT_EQ(mine.at("add_ons").as_array().size(), 1u);
    EXPECT_EQ(mine.at("add_ons").at(0).at("limits").at("seats"), 5);
    change_subscription("status = 'unpaid'");
    EXPECT_TRUE(of(ada).at("add_ons").as_array().empty());
}

TEST_F(Entitlements, NothingIsSentAgainWhileNothingChanges) {
    add_account(ada);
    add_subscription(ada, "sub_1", "active");
    const auto ask = [&](std::string etag) {
        auto asked = request("GET", "/api/entitlements", ada);
        if (!etag.empty()) asked.headers.set("If-None-Match", etag);
        return send(asked);
    };
    const std::string etag(ask("").headers.get("ETag"));
    ASSERT_FALSE(etag.empty());
    for (const std::string& header : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
        const Answer again = ask(header);
        EXPECT_EQ(again.status, 304) << header;
        EXPECT_TRUE(again.body.is_null());
        EXPECT_EQ(again.headers.get("ETag"), etag);
    }
    change_subscription("status = 'unpaid'");
    const Answer changed = ask(etag);
    EXPECT_EQ(changed.status, 200);
    EXPECT_NE(changed.headers.get("ETag"), etag);
    EXPECT_NE(changed.headers.get("Cache-Control").find("private"), std::string::npos);
}

TEST_F(Entitlements, TheCreditsAreThoseThatCanBeSpent) {
    EXPECT_EQ(of(ada).at("credits"), 100) << "a look gives the free month";
    EXPECT_EQ(of(ada).at("credits"), 100) << "and gives it once";
    EXPECT_EQ(get("/api/credits", ada).body.at("balance"), 100);

    auto asked = request("GET", "/api/entitlements", ada);
    const std::string etag(send(asked).headers.get("ETag"));
    EXPECT_EQ(post("/api/credits/consume", ada,
                   {
                       {"amount", 30}
    })
                  .status,
              200);
    asked.headers.set("If-None-Match", etag);
    const Answer spent = send(asked);
    EXPECT_EQ(spent.status, 200) << "the tag is of the credits, too";
    EXPECT_EQ(spent.body.at("entitlements").at("credits"), 70);
}

TEST_F(Entitlements, AnAnonymousSignInHasNoCredits) {
    auto asked = request("GET", "/api/entitlements");
    asked.headers.add("Authorization", "Bearer " + sign_claims({
                                                       {"sub",          ada                          },
                                                       {"role",         "authenticated"              },
                                                       {"aud",          "authenticated"              },
                                                       {"is_anonymous", true                         },
                                                       {"exp",          to_unix(clock_.now()) + 1'000}
    }));
    EXPECT_EQ(send(asked).body.at("entitlements").at("credits"), 0);
    EXPECT_EQ(count("paydesk.credit_grants"), "0");
}

// What was booked long ago is not what can be spent now: the plan's month is over, the next free one has
// begun, a hold has timed out.
TEST_F(Entitlements, WhatTimeHasDoneToTheCreditsIsBookedBeforeItIsShown) {
    const Instant then = clock_.now() - std::chrono::days(40);
    run([](db::Database& db, Instant at) -> Task<int> {
        const AccountId account{ada};
        std::vector<credits::Fact> facts{
            credits::Granted{account, credits::top_up("top_up/1", 1'000, at, "Top-up")}
        };
        for (credits::Grant& grant : credits::grants_of({.fact_key = "in_1",
                                                         .slot = "main",
                                                         .credits_per_month = 2'500,
                                                         .start = at,
                                                         .end = at + std::chrono::days(30),
                                                         .description = "Pro"}))
            facts.emplace_back(credits::Granted{account, std::move(grant)});
        co_await db.transaction(
            [&](db::Tx& tx) -> Task<> { co_await credits::apply_facts(tx, facts, at); });
        co_return 0;
    }(db_, then));
    EXPECT_EQ(database_
                  .run("select balance_after from paydesk.credit_transactions order by number "
                       "desc limit 1")
                  .integer(0, "balance_after"),
              3'500);

    EXPECT_EQ(of(ada).at("credits"), 1'100);

    EXPECT_EQ(count("paydesk.credit_transactions where kind = 'expire' and amount = -2500"), "1");
    EXPECT_EQ(of(ada).at("credits"), 1'100);
}

// The statement and the ledger say alike whether the free month is due: here it is not, although the
// plan's credits are all spent.
TEST_F(Entitlements, APlanThatIsSpentGetsNoFreeMonth) {
    run([](db::Database& db, Instant at) -> Task<int> {
        std::vector<credits::Fact> facts;
        for (credits::Grant& grant : credits::grants_of({.fact_key = "in_1",
                                                         .slot = "main",
                                                         .credits_per_month = 2'500,
                                                         .start = at,
                                                         .end = at + std::chrono::days(30),
                                                         .description = "Pro"}))
            facts.emplace_back(credits::Granted{AccountId{ada}, std::move(grant)});
        co_await db.transaction(
            [&](db::Tx& tx) -> Task<> { co_await credits::apply_facts(tx, facts, at); });
        co_return 0;
    }(db_, clock_.now() - std::chrono::days(1)));
    EXPECT_EQ(post("/api/credits/consume", ada,
                   {
                       {"amount", 2'500}
    })
                  .status,
              200);
    EXPECT_EQ(of(ada).at("credits"), 0);
    EXPECT_EQ(count("paydesk.credit_grants"), "1");
}

TEST_F(Entitlements, WithoutACatalogueItSaysSo) {
    database_.run("update paydesk.plans set is_active = false");
    EXPECT_EQ(get("/api/entitlements", ada).status, 503);
}

}  // namespace
}  // namespace paydesk::api
