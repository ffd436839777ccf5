#include "billing/expiring_cards.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "db/test_database.h"

namespace paydesk::billing {
namespace {

using namespace std::chrono_literals;

class ExpiringCards : public testing::Test {
protected:
    // An account with a default card and a subscription. Gives its id.
    std::string buyer(int year, int month, const std::string& status = "active",
                      bool cancelling = false) {
        const std::string account = uuid_v7(from_unix(1'764'000'000));
        database.run(
            "insert into paydesk.accounts (account_id, email) values ($1, 'a@example.com')",
            {account});
        database.run(
            "insert into paydesk.payment_methods (account_id, id, provider, "
            "provider_payment_method_id, type, card_brand, card_last4, card_exp_month, "
            "card_exp_year, is_default) values ($1::uuid, $1::uuid, 'stripe', 'pm_' || $1::text, "
            "'card', "
            "'visa', "
            "'4242', $2::int, $3::int, true)",
            {account, std::to_string(month), std::to_string(year)});
        database.run(
            "insert into paydesk.subscriptions (account_id, id, provider, "
            "provider_subscription_id, plan_name, status, price_id, cancel_at_period_end, "
            "ended_at, "
            "provider_stamp) values ($1::uuid, $1::uuid, 'stripe', 'sub_' || $1::text, 'Pro', "
            "$2::text, 'price_1', "
            "$3, "
            "case when $2::text = 'canceled' then now() end, now())",
            {account, status, db::param(cancelling)});
        return account;
    }
    std::size_t tell_at(std::string_view instant) {
        std::size_t told = 0;
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database.server_url()});
            co_await db.ready(10s);
            told = co_await tell_expiring_cards(db, parse_iso8601(instant).value());
            db.stop();
        });
        return told;
    }
    db::TestDatabase database;
};

TEST_F(ExpiringCards, AreToldFromAMonthBeforeOnceEach) {
    const auto december = buyer(2026, 12);
    EXPECT_EQ(tell_at("2026-10-31T23:59:59Z"), 0U);
    EXPECT_EQ(tell_at("2026-11-01T00:00:00Z"), 1U);
    EXPECT_EQ(tell_at("2026-11-02T00:00:00Z"), 0U) << "once";
    EXPECT_EQ(tell_at("2026-12-31T00:00:00Z"), 0U);
    const auto row = database.run(
        "select n.message, e.kind, e.data ->> 'card' as card, e.data ->> 'expires' as expires from "
        "paydesk.notifications n join paydesk.emails e using (account_id, fact_key)");
    ASSERT_EQ(row.size(), 1U);
    EXPECT_EQ(row.text(0, "kind"), "card_expiring");
    EXPECT_EQ(row.text(0, "card"), "Visa •••• 4242");
    EXPECT_EQ(row.text(0, "expires"), "12/2026");
    EXPECT_EQ(row.text(0, "message"),
              "Your card Visa •••• 4242 expires 12/2026. Please update your payment method.");

    // The new card of the same person has an end of its own.
    database.run(
        "update paydesk.payment_methods set card_exp_year = 2027, card_exp_month = 1 where "
        "account_id = $1",
        {december});
    EXPECT_EQ(tell_at("2026-12-31T00:00:00Z"), 1U) << "January of the next year is the next month";
}

TEST_F(ExpiringCards, OnlyWhereSomethingIsToBePaidWithThem) {
    buyer(2026, 11, "canceled");
    buyer(2026, 11, "active", true);
    buyer(2026, 10);
    EXPECT_EQ(tell_at("2026-11-15T00:00:00Z"), 0U) << "ended, ending, or expired long ago";
    buyer(2026, 11, "past_due");
    buyer(2026, 11, "trialing");
    EXPECT_EQ(tell_at("2026-11-15T00:00:00Z"), 2U);
}

}  // namespace
}  // namespace paydesk::billing
