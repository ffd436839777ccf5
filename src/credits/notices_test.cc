// Who runs low and who has topped up is told once, with an e-mail.

#include "credits/notices.h"

#include "credits/test_credits.h"

namespace paydesk::credits {
namespace {

class Notices : public ::testing::Test, public TestCredits {
protected:
    std::string told(const std::string& kind) const {
        return one("select count(*) from paydesk.notifications where type = '" + kind + "'");
    }
    std::string mailed(const std::string& kind, const std::string& key) const {
        return one("select coalesce(string_agg(data ->> '" + key +
                   "', ' ' order by created_at), '') "
                   "from paydesk.emails where kind = '" +
                   kind + "'");
    }
};

Fact bought(const char* checkout, std::int64_t credits) {
    return Granted{ann, top_up(std::string("top_up/stripe/") + checkout, credits, start, "Top-up")};
}

TEST_F(Notices, WhoRunsLowIsToldOncePerGrant) {
    play([&](Play& play) -> Task<> {
        co_await play.consume(ann, 89);
        EXPECT_EQ(told("credits_low"), "0") << "11 of 100 are left";
        co_await play.consume(ann, 1);
        EXPECT_EQ(mailed("credits_low", "credits"), "10");
        co_await play.consume(ann, 5);
        co_await play.tell({bought("cs_1", 500)});
        co_await play.consume(ann, 500);
        EXPECT_EQ(told("credits_low"), "1") << "low again, of the same month";
        // The next free month is another grant.
        clock_.advance(std::chrono::days(32));
        co_await play.consume(ann, 96);
        EXPECT_EQ(mailed("credits_low", "credits"), "10 9");
    });
    expect_sound();
}

TEST_F(Notices, AHoldRunsLowToo) {
    play([&](Play& play) -> Task<> {
        co_await play.run({
            .account = ann, .what = HoldRequest{100, "long answer"}
        });
        EXPECT_EQ(mailed("credits_low", "credits"), "0");
    });
}

TEST_F(Notices, NobodyIsToldWhereItIsSwitchedOff) {
    play([&](Play& play) -> Task<> {
        Spending silent(play.io, play.db, clock_, 0);
        co_await silent.run({
            .account = ann, .what = ConsumeRequest{100, "test"}
        });
        EXPECT_EQ(told("credits_low"), "0");
    });
}

// Many at once in several groups: the threshold is crossed in one of them.
TEST_F(Notices, ManyAtOnceRunLowOnce) {
    play([&](Play& play) -> Task<> {
        co_await play.together(100, [&](int) -> Task<> { co_await play.consume(ann, 1); });
        EXPECT_EQ(mailed("credits_low", "credits"), "10");
    });
}

TEST_F(Notices, WhoHasToppedUpIsToldOnceHoweverOftenItIsTold) {
    play([&](Play& play) -> Task<> {
        co_await play.tell({bought("cs_1", 1'000)});
        co_await play.tell({bought("cs_1", 1'000)});
        co_await play.tell({bought("cs_2", 500), bought("cs_1", 1'000)});
        EXPECT_EQ(mailed("credits_topped_up", "credits"), "1000 500");
        EXPECT_EQ(mailed("credits_topped_up", "balance"), "1000 1500");
    });
}

TEST(RanLow, IsAPartOfTheNewestGrant) {
    const auto ledger_with = [](std::vector<Grant> grants, std::int64_t spend) {
        Ledger ledger({.account = ann}, start);
        for (Grant& grant : grants) ledger.add(std::move(grant));
        ledger.turn();
        EXPECT_FALSE(ledger.consume(spend, "test", std::nullopt));
        return ran_low(ledger, 10);
    };
    const auto free = [] { return free_month("signup", "main", 100, start, false); };
    EXPECT_FALSE(ledger_with({free()}, 89));
    EXPECT_EQ(ledger_with({free()}, 90)->balance, 10);
    // The plan's month counts where there is one, else what was bought last.
    const auto with_top_up = ledger_with({free(), top_up("t", 1'000, start, "Top-up")}, 1'090);
    EXPECT_EQ(with_top_up->threshold, 10);
    EXPECT_EQ(ledger_with({top_up("t", 1'000, start, "Top-up")}, 900)->threshold, 100);
    EXPECT_EQ(ledger_with({top_up("t", amount_max, start, "Top-up")}, amount_max)->threshold,
              amount_max / 10);
}

}  // namespace
}  // namespace paydesk::credits
