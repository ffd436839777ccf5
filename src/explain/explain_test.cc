// What explain() finds and says, on a real Postgres; payloads are read by Stripe's own normaliser.
#include "explain/explain.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "db/test_database.h"
#include "provider/stripe/normalise.h"

namespace paydesk::explain {
namespace {

const std::string ann = "0198a000-0000-7000-8000-000000000001";
const std::string subscription_row = "0198a000-0000-7000-8000-0000000000a1";

class Explain : public testing::Test {
protected:
    Explain() {
        database_.run(
            "insert into paydesk.accounts (account_id, email) values ($1, 'ann@example.com')",
            {ann});
    }

    Result<Explanation> explain(Subject subject, const std::string& id) {
        std::optional<Result<Explanation>> answer;
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database_.server_url()});
            co_await db.ready(std::chrono::seconds(10));
            const Parts parts{.db = db,
                              .normalise = [](provider::Name, const json::value& payload) {
                                  return provider::stripe::normalise(payload);
                              }};
            answer = co_await explain::explain(parts, subject, id);
            db.stop();
        });
        return std::move(*answer);
    }
    // A line for each step.
    static std::string said(const Explanation& explanation) {
        std::string text;
        for (const Step& step : explanation.steps)
            text += std::string(to_string(step.kind)) + ": " + step.text + "\n";
        return text;
    }

    void subscribe() {
        database_.run(R"(
            insert into paydesk.subscriptions (account_id, id, provider, provider_subscription_id, plan_key, status,
                currency, unit_amount, current_period_start, current_period_end, provider_stamp)
            values ($1, $2, 'stripe', 'sub_1', 'pro', 'active', 'usd', 4900, '2026-11-01Z', '2026-12-01Z', '2026-11-01Z'))",
                      {ann, subscription_row});
        database_.run(
            "insert into paydesk.provider_refs (provider, kind, provider_id, account_id) "
            "values ('stripe', 'subscription', 'sub_1', $1)",
            {ann});
    }
    // `at` is when the provider says it happened; events come in the order of the calls.
    void event(const std::string& id, std::int64_t at, const std::string& object,
               const std::string& status = "processed", const std::string& error = "") {
        const std::string payload =
            R"({"id":")" + id + R"(","object":"event","created":)" + std::to_string(at) +
            R"(,"livemode":false,"type":"customer.subscription.updated","data":{"object":)" +
            object + "}}";
        database_.run(R"(
            insert into paydesk.webhook_events (provider, event_id, type, occurred_at, object_kind, object_id, account_id,
                status, attempts, error, payload, processed_at)
            values ('stripe', $1, 'customer.subscription.updated', $2, 'subscription', 'sub_1', $3, $4, 3,
                nullif($5, ''), $6::json, case when $4 in ('processed', 'ignored') then now() end))",
                      {id, db::param(from_unix(at)), ann, status, error, payload});
    }
    static std::string subscription(const std::string& status) {
        return R"({"id":"sub_1","object":"subscription","customer":"cus_1","created":1,"status":")" +
               status + R"(","items":{"object":"list","data":[{"id":"si_1","quantity":1,
               "price":{"id":"price_1","lookup_key":"pro_monthly"}}]}})";
    }

    db::TestDatabase database_;
};

TEST_F(Explain, EventsAreToldAsDifferencesInTheProvidersOrder) {
    subscribe();
    event("evt_2", 2'000, subscription("past_due"));
    event("evt_1", 1'000, subscription("active"));
    event("evt_3", 3'000, subscription("past_due"));
    const auto explained = explain(Subject::subscription, "sub_1");
    ASSERT_TRUE(explained) << explained.error().message;
    EXPECT_EQ(explained->account, ann);
    EXPECT_EQ(said(*explained),
              "event: stripe told customer.subscription.updated: status active; price pro_monthly; "
              "quantity 1.\n"
              "event: stripe told customer.subscription.updated: status active -> past_due.\n"
              "event: stripe told customer.subscription.updated: nothing new.\n");
    EXPECT_EQ(explained->steps.at(0).id, "evt_1");
}

TEST_F(Explain, WhatWasNotAppliedSaysSoAndWhatCannotBeReadToo) {
    subscribe();
    event("evt_1", 1'000, subscription("active"), "dead", "no such plan");
    event("evt_2", 2'000, R"({"id":"sub_1","object":"subscription"})", "failed", "unusable");
    event("evt_3", 3'000, subscription("active"), "waiting", "for cus_1");
    const std::string text = said(*explain(Subject::subscription, subscription_row));
    EXPECT_NE(text.find("It could not be applied: no such plan. `paydesk replay` tries again."),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("it can't be read: "), std::string::npos) << text;
    EXPECT_NE(text.find("Failed 3 times, tried again: unusable."), std::string::npos) << text;
    // Compared with the last one that could be read.
    EXPECT_NE(text.find("nothing new. It waits: for cus_1."), std::string::npos) << text;
}

TEST_F(Explain, ABalanceIsItsLedgerAndWhy) {
    database_.script(R"(
        insert into paydesk.credit_grants (account_id, id, kind, fact_key, since, amount, priority, effective_at,
                                           description, created_at)
        select account_id, account_id, 'top_up', 'top_up/stripe/cs_1', '2026-11-01Z', 1000, 30, '2026-11-01Z',
               'Credit top-up', '2026-11-01Z' from paydesk.accounts;
        with booked as (
            insert into paydesk.credit_transactions (account_id, number, kind, amount, balance_after, entry_count,
                                                     description, created_at)
            select account_id, n, t.kind, amount, after, 1, t.description, '2026-11-01Z'
            from paydesk.accounts, (values (1, 'grant', 1000, 1000, 'Credit top-up'), (2, 'consume', -10, 990, 'AI chat'))
                t (n, kind, amount, after, description))
        insert into paydesk.credit_entries (account_id, number, position, grant_id, from_account, to_account, amount)
        select account_id, n, 1, account_id, source, target, amount
        from paydesk.accounts, (values (1, 'issued', 'available', 1000), (2, 'available', 'consumed', 10))
            t (n, source, target, amount);)");
    for (const std::string& id : {ann, std::string("ANN@example.com")}) {
        const auto explained = explain(Subject::balance, id);
        ASSERT_TRUE(explained) << id;
        EXPECT_EQ(explained->now,
                  "ann@example.com has 990 credits. They are used in this order: 990 of \"Credit "
                  "top-up\".");
        EXPECT_EQ(
            said(*explained),
            "entry: +1000 credits were granted: Credit top-up, because checkout cs_1 was paid. "
            "The balance is 1000 then (1000 of \"Credit top-up\" issued -> available).\n"
            "entry: -10 credits were used: AI chat. The balance is 990 then (10 of \"Credit "
            "top-up\" available -> consumed).\n");
    }
}

TEST_F(Explain, WhatIsNotThereSaysHowToFindIt) {
    subscribe();
    const auto message = [&](Subject subject, const std::string& id) {
        const auto explained = explain(subject, id);
        return explained ? ""
                         : std::string(info(explained.error().code).name) + ": " +
                               explained.error().message;
    };
    EXPECT_EQ(
        message(Subject::balance, "bob@example.com"),
        "not_found: There is no account bob@example.com. Give its UUID or its e-mail address.");
    database_.run(
        "insert into paydesk.accounts (account_id, email) values "
        "('0198a000-0000-7000-8000-000000000002', 'Ann@example.com')");
    EXPECT_EQ(message(Subject::balance, "ann@example.com"),
              "not_found: Several accounts have the address ann@example.com. Give the UUID of one "
              "of them.");
    EXPECT_EQ(message(Subject::balance, ann), "");
    EXPECT_TRUE(message(Subject::invoice, "sub_1")
                    .starts_with("not_found: There is no invoice sub_1 here."));
    EXPECT_EQ(message(Subject::subscription, "sub_1"), "");
    EXPECT_TRUE(message(Subject::subscription, "'; drop table x; --").starts_with("not_found"));
}

TEST(Explanation, IsTextAndJson) {
    const Explanation explanation{
        .subject = Subject::balance,
        .id = "a",
        .account = "a",
        .now = "It is so.",
        .steps = {{from_unix(1'795'000'000), StepKind::entry, "Ten came.", "7"},
                  {from_unix(1'795'000'001), StepKind::rule, "They stay."}},
        .left_out = {"2 older entries are not shown"}
    };
    EXPECT_EQ(
        explanation.to_text(),
        "It is so.\n\n2026-11-18 11:06:40  entry  Ten came. [7]\n"
        "2026-11-18 11:06:41  rule   They stay.\n(2 older entries are not shown)\n\nTimes are "
        "UTC.\n");
    const auto object = explanation.to_json();
    EXPECT_EQ(object.at("kind"), "balance");
    EXPECT_TRUE(object.at("steps").at(1).at("id").is_null());
    for (const Subject subject : {Subject::balance, Subject::invoice, Subject::subscription})
        EXPECT_EQ(parse_subject(to_string(subject)), subject);
    EXPECT_FALSE(parse_subject("payment"));
}

}  // namespace
}  // namespace paydesk::explain
