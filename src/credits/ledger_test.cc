// The rules of one account, without a database.

#include "credits/ledger.h"

#include <gtest/gtest.h>

namespace paydesk::credits {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

const AccountId ann{"0198a000-0000-7000-8000-000000000001"};

Instant at(const char* text) { return *parse_iso8601(text); }

const FreePlan free_plan{.slot = "main", .credits = 100};

PlanPeriod period(const char* invoice, const char* start, const char* end,
                  std::int64_t credits = 2'500) {
    return {.fact_key = invoice,
            .slot = "main",
            .credits_per_month = credits,
            .start = at(start),
            .end = at(end),
            .description = "Pro"};
}

// An account whose ledger is carried from moment to moment, as the database does.
class Account {
public:
    // The ledger at a moment, turned.
    Ledger& at_moment(const char* moment) {
        Ledger::Loaded loaded{.account = ann};
        if (ledger_) {
            loaded.grants = ledger_->grants();
            loaded.balance = ledger_->balance();
            loaded.number = number_ += static_cast<std::int64_t>(ledger_->booked().size());
        }
        ledger_.emplace(std::move(loaded), at(moment));
        ledger_->turn();
        return *ledger_;
    }
    std::int64_t balance(const char* moment) { return at_moment(moment).balance(); }
    void grant(const char* moment, const PlanPeriod& paid) {
        Ledger& ledger = at_moment(moment);
        for (Grant& grant : grants_of(paid)) ledger.add(std::move(grant));
        ledger.turn();
    }
    void grant(const char* moment, Grant grant) {
        Ledger& ledger = at_moment(moment);
        ledger.add(std::move(grant));
        ledger.turn();
    }
    std::int64_t free(const char* moment) {
        at_moment(moment).give_free(free_plan);
        return ledger_->balance();
    }

private:
    std::optional<Ledger> ledger_;
    std::int64_t number_ = 0;
};

TEST(Months, TheDayIsCutToTheMonthsLast) {
    EXPECT_EQ(add_months(at("2026-01-31T10:20:30Z"), 1), at("2026-02-28T10:20:30Z"));
    EXPECT_EQ(add_months(at("2026-01-31T10:20:30Z"), 2), at("2026-03-31T10:20:30Z"));
    EXPECT_EQ(add_months(at("2028-01-30T00:00:00Z"), 1), at("2028-02-29T00:00:00Z"));
    EXPECT_EQ(add_months(at("2026-12-15T00:00:00Z"), 1), at("2027-01-15T00:00:00Z"));
}

TEST(Months, AYearIsTwelveGrantsAndAMonthIsOne) {
    EXPECT_EQ(grants_of(period("in_1", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z")).size(), 1U);
    auto year = period("in_1", "2026-01-31T00:00:00Z", "2027-01-31T00:00:00Z");
    year.by_month = true;
    const auto grants = grants_of(year);
    ASSERT_EQ(grants.size(), 12U);
    for (std::size_t i = 0; i + 1 < 12; ++i)
        EXPECT_EQ(grants[i].expires_at, grants[i + 1].effective_at);
    EXPECT_EQ(grants[1].effective_at, at("2026-02-28T00:00:00Z"));
    EXPECT_EQ(grants[11].expires_at, at("2027-01-31T00:00:00Z") + renewal_grace);
    EXPECT_TRUE(
        grants_of(period("in_1", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", 0)).empty());
}

TEST(Ledger, ANewUsersCreditsAreRenewedEachMonthThatIsLookedAt) {
    Account account;
    EXPECT_EQ(account.free("2026-01-10T00:00:00Z"), 100);
    EXPECT_EQ(account.free("2026-02-09T23:59:59Z"), 100);
    account.at_moment("2026-02-09T23:59:59Z").consume(30, "AI Chat", {});
    EXPECT_EQ(account.balance("2026-02-10T00:00:00Z"), 0);
    EXPECT_EQ(account.free("2026-02-10T00:00:00Z"), 100);
    EXPECT_EQ(account.free("2026-06-20T00:00:00Z"), 100);
    // Of the month that runs: it ends on July 10.
    EXPECT_EQ(account.balance("2026-07-09T00:00:00Z"), 100);
    EXPECT_EQ(account.balance("2026-07-10T00:00:00Z"), 0);
}

TEST(Ledger, APaidPlanTakesThePlaceOfTheFreeOne) {
    Account account;
    account.free("2026-01-10T00:00:00Z");
    account.grant("2026-01-15T00:00:00Z",
                  period("in_1", "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"));
    EXPECT_EQ(account.balance("2026-01-15T00:00:01Z"), 2'500);
    // Exhausted it is in force all the same.
    account.at_moment("2026-01-16T00:00:00Z").consume(2'500, "all", {});
    EXPECT_EQ(account.free("2026-02-11T00:00:00Z"), 0);
}

TEST(Ledger, ARenewalEndsWhatIsLeftOfThePeriodBefore) {
    Account account;
    account.grant("2026-01-15T00:00:00Z",
                  period("in_1", "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"));
    // Stripe takes an hour to bill the renewal: the old period's credits stay until then.
    EXPECT_EQ(account.balance("2026-02-15T00:59:00Z"), 2'500);
    account.at_moment("2026-02-15T00:59:00Z").consume(600, "between", {});
    account.grant("2026-02-15T01:00:00Z",
                  period("in_2", "2026-02-15T00:00:00Z", "2026-03-15T00:00:00Z"));
    EXPECT_EQ(account.balance("2026-02-15T01:00:00Z"), 2'500);
    // And not beyond the grace, where the renewal is not paid.
    EXPECT_EQ(account.balance("2026-03-15T02:59:59Z"), 2'500);
    EXPECT_EQ(account.balance("2026-03-15T03:00:00Z"), 0);
}

TEST(Ledger, ALateInvoiceOfAnOlderPeriodGivesNothing) {
    Account account;
    account.grant("2026-02-15T01:00:00Z",
                  period("in_2", "2026-02-15T00:00:00Z", "2026-03-15T00:00:00Z"));
    account.at_moment("2026-02-16T00:00:00Z").consume(2'500, "all", {});
    account.grant("2026-02-16T00:00:01Z",
                  period("in_1", "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"));
    EXPECT_EQ(account.balance("2026-02-16T00:00:02Z"), 0);
}

TEST(Ledger, AYearIsGivenMonthByMonthAndEndsWithTheSubscription) {
    auto year = period("in_1", "2026-01-31T00:00:00Z", "2027-01-31T00:00:00Z");
    year.by_month = true;
    Account account;
    account.grant("2026-01-31T00:00:05Z", year);
    EXPECT_EQ(account.balance("2026-02-27T23:00:00Z"), 2'500);
    account.at_moment("2026-02-27T23:00:00Z").consume(2'000, "some", {});
    EXPECT_EQ(account.balance("2026-02-28T00:00:00Z"), 2'500);
    // Nobody looked for months: only the month that runs counts.
    EXPECT_EQ(account.balance("2026-07-01T00:00:00Z"), 2'500);
    account.grant("2026-07-05T00:00:00Z", free_month("subscription_ended/sub_1", "main", 100,
                                                     at("2026-07-05T00:00:00Z"), true));
    EXPECT_EQ(account.balance("2026-07-05T00:00:00Z"), 100);
    EXPECT_EQ(account.balance("2026-08-01T00:00:00Z"), 100);
    EXPECT_EQ(account.balance("2026-08-31T00:00:00Z"), 0);
    EXPECT_EQ(account.free("2026-08-31T00:00:00Z"), 100);
}

TEST(Ledger, AnUpgradeAddsToThePeriodAndEndsWithIt) {
    Account account;
    account.grant("2026-01-15T00:00:00Z",
                  period("in_1", "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"));
    account.at_moment("2026-01-20T00:00:00Z").consume(2'400, "some", {});
    auto upgrade = period("in_2", "2026-01-20T00:00:00Z", "2026-02-15T00:00:00Z", 2'500);
    upgrade.supersedes = false;
    account.grant("2026-01-20T00:00:01Z", upgrade);
    EXPECT_EQ(account.balance("2026-01-20T00:00:02Z"), 2'600);
    account.grant("2026-02-15T01:00:00Z",
                  period("in_3", "2026-02-15T00:00:00Z", "2026-03-15T00:00:00Z", 5'000));
    EXPECT_EQ(account.balance("2026-02-15T01:00:00Z"), 5'000);
}

TEST(Ledger, AllOrNothing) {
    Account account;
    account.grant("2026-01-15T00:00:00Z", top_up("top_up/1", 40, at("2026-01-15T00:00:00Z"), "T"));
    Ledger& ledger = account.at_moment("2026-01-15T00:00:01Z");
    const auto refused = ledger.consume(41, "too much", {});
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->error.code, ErrorCode::insufficient_credits);
    EXPECT_EQ(refused->error.message, "This takes 41 credits, and there are 40: 1 are missing.");
    EXPECT_EQ(refused->balance, 40);
    EXPECT_EQ(refused->shortfall, 1);
    EXPECT_TRUE(ledger.booked().empty());
    EXPECT_FALSE(ledger.consume(40, "all", {}));
    EXPECT_EQ(ledger.balance(), 0);
    EXPECT_EQ(ledger.consume(1, "none left", {})->shortfall, 1);
}

TEST(Ledger, AHoldIsSettledForLessAndTheRestComesBack) {
    Account account;
    account.grant("2026-01-15T00:00:00Z",
                  top_up("top_up/1", 1'000, at("2026-01-15T00:00:00Z"), "T"));
    Ledger& ledger = account.at_moment("2026-01-15T00:00:01Z");
    ledger.add({.kind = GrantKind::admin,
                .fact_key = "gift",
                .amount = 50,
                .effective_at = ledger.now(),
                .description = "Gift"});
    ledger.turn();
    ASSERT_FALSE(ledger.hold("h1", 120, ledger.now() + 60s, "long answer", {}));
    EXPECT_EQ(ledger.balance(), 930);
    EXPECT_EQ(ledger.settle("h1", 121, {}, {})->error.code, ErrorCode::invalid_input);
    ASSERT_FALSE(ledger.settle("h1", 70, {}, {}));
    // 50 of the gift and 20 of the top-up were used, in the order of burning.
    EXPECT_EQ(ledger.balance(), 980);
    EXPECT_EQ(ledger.grants()[0].remaining, 980);
    EXPECT_EQ(ledger.grants()[1].remaining, 0);
    EXPECT_EQ(ledger.find_hold("h1")->settled_amount, 70);
    EXPECT_EQ(ledger.settle("h1", 1, {}, {})->error.message, "This hold was settled already.");
    EXPECT_EQ(ledger.release("h1", {})->error.code, ErrorCode::hold_ended);
    EXPECT_EQ(ledger.release("h2", {})->error.code, ErrorCode::not_found);

    ASSERT_FALSE(ledger.hold("h3", 10, ledger.now() + 60s, "nothing came of it", {}));
    ASSERT_FALSE(ledger.settle("h3", 0, {}, {}));
    ASSERT_FALSE(ledger.hold("h4", 10, ledger.now() + 60s, "given up", {}));
    ASSERT_FALSE(ledger.release("h4", {}));
    EXPECT_EQ(ledger.balance(), 980);
}

TEST(Ledger, WhatComesBackToAnEndedBucketExpires) {
    Account account;
    account.grant("2026-01-15T00:00:00Z",
                  period("in_1", "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"));
    Ledger before = account.at_moment("2026-02-14T00:00:00Z");
    ASSERT_FALSE(before.hold("h1", 500, at("2026-02-20T00:00:00Z"), "slow", {}));
    Ledger after({.account = ann,
                  .number = 9,
                  .balance = before.balance(),
                  .grants = before.grants(),
                  .holds = {*before.find_hold("h1")}},
                 at("2026-02-16T00:00:00Z"));
    after.turn();
    EXPECT_EQ(after.balance(), 0);
    // Work that was begun in time is paid for by what was set aside.
    ASSERT_FALSE(after.settle("h1", 200, {}, {}));
    EXPECT_EQ(after.balance(), 0);
    EXPECT_EQ(after.booked().back().amount, 0);
    EXPECT_EQ(after.grants()[0].held, 0);
}

TEST(Ledger, AHoldTimesOut) {
    Account account;
    account.grant("2026-01-15T00:00:00Z", top_up("top_up/1", 40, at("2026-01-15T00:00:00Z"), "T"));
    Ledger before = account.at_moment("2026-01-15T00:00:01Z");
    ASSERT_FALSE(before.hold("h1", 30, before.now() + 60s, "slow", {}));
    Ledger after({.account = ann,
                  .number = 2,
                  .balance = before.balance(),
                  .grants = before.grants(),
                  .holds = {*before.find_hold("h1")}},
                 before.now() + 60s);
    after.turn();
    EXPECT_EQ(after.balance(), 40);
    EXPECT_EQ(after.settle("h1", 30, {}, {})->error.message, "This hold timed out already.");
    EXPECT_EQ(after.booked().back().description, "Timed out: slow");
}

TEST(Ledger, OnlyWhatIsUnspentIsTakenBack) {
    Account account;
    account.grant("2026-01-15T00:00:00Z",
                  top_up("top_up/1", 1'000, at("2026-01-15T00:00:00Z"), "T"));
    Ledger& ledger = account.at_moment("2026-01-15T00:00:01Z");
    const std::string grant = ledger.grants()[0].id;
    ASSERT_FALSE(ledger.consume(700, "some", {}));
    EXPECT_EQ(ledger.take_back(grant, 1'000, "Refunded"), 300);
    EXPECT_EQ(ledger.balance(), 0);
    EXPECT_EQ(ledger.take_back(grant, 700, "Refunded"), 0);
}

}  // namespace
}  // namespace paydesk::credits
