// The ledger on a real Postgres: facts, keys, holds, time, and what must hold after each.

#include <gtest/gtest.h>

#include "credits/admin_grant.h"
#include "credits/facts.h"
#include "credits/ledger_store.h"
#include "credits/test_credits.h"

namespace paydesk::credits {
namespace {

using namespace std::chrono_literals;

class Credits : public testing::Test, public TestCredits {
protected:
    ~Credits() override { expect_sound(); }

    static Granted bought(std::string checkout, std::int64_t credits = 1'000) {
        return {ann, top_up("top_up/stripe/" + checkout, credits, start, "Credit top-up")};
    }
    static Granted pro(std::string invoice, int month) {
        const PlanPeriod period{.fact_key = "invoice_line/stripe/" + invoice + "/price_pro",
                                .slot = "main",
                                .credits_per_month = 2'500,
                                .start = add_months(start, month),
                                .end = add_months(start, month + 1),
                                .description = "Pro"};
        return {ann, grants_of(period).front()};
    }
};

TEST_F(Credits, AFactCountsOnceHoweverOftenItIsTold) {
    play([&](Play& play) -> Task<> {
        co_await play.tell({bought("cs_1"), bought("cs_1")});
        co_await play.tell({bought("cs_1")});
        co_await play.tell({pro("in_1", 0), bought("cs_1")});
        EXPECT_EQ(play.balance(ann), 3'500);
    });
}

TEST_F(Credits, TwoAtOnceCountOnce) {
    play([&](Play& play) -> Task<> {
        co_await play.together(
            8, [&](int) -> Task<> { co_await play.tell({bought("cs_1"), pro("in_1", 0)}); });
        EXPECT_EQ(play.balance(ann), 3'500);
    });
}

TEST_F(Credits, TheOrderOfThePeriodsDoesNotMatter) {
    play([&](Play& play) -> Task<> {
        clock_.set(add_months(start, 2) + 1h);
        co_await play.tell({pro("in_3", 2)});
        co_await play.tell({pro("in_1", 0)});
        co_await play.tell({pro("in_2", 1)});
        EXPECT_EQ(play.balance(ann), 2'500);
    });
}

TEST_F(Credits, ANewUserHasTheFreePlansCredits) {
    play([&](Play& play) -> Task<> {
        const Answer answer = co_await play.consume(ann, 30);
        EXPECT_FALSE(answer.refusal);
        EXPECT_EQ(answer.transaction.balance_after, 70);
        EXPECT_EQ(answer.transaction.number, 2);
        const Answer refused = co_await play.consume(ann, 71);
        EXPECT_EQ(refused.refusal->error.code, ErrorCode::insufficient_credits);
        EXPECT_EQ(refused.refusal->shortfall, 1);

        const Answer anonymous = co_await play.run({
            .account = bob, .what = ConsumeRequest{1, "x"},
                 .gives_free = false
        });
        EXPECT_EQ(anonymous.refusal->balance, 0);
    });
}

TEST_F(Credits, TheSameKeyGivesTheSameAnswer) {
    play([&](Play& play) -> Task<> {
        const Answer first = co_await play.consume(ann, 30, "k1");
        const Answer again = co_await play.consume(ann, 30, "k1");
        EXPECT_FALSE(first.replayed);
        EXPECT_TRUE(again.replayed);
        EXPECT_EQ(again.transaction.number, first.transaction.number);
        EXPECT_EQ(again.transaction.balance_after, 70);
        EXPECT_EQ(again.transaction.at, first.transaction.at);
        const Answer other = co_await play.consume(ann, 31, "k1");
        EXPECT_EQ(other.refusal->error.code, ErrorCode::idempotency_key_reused);

        // A refusal too, and also when credits have come since: who wants to try again says so.
        EXPECT_EQ((co_await play.consume(ann, 500, "k2")).refusal->shortfall, 430);
        co_await play.tell({bought("cs_1")});
        const Answer refused = co_await play.consume(ann, 500, "k2");
        EXPECT_TRUE(refused.replayed);
        EXPECT_EQ(refused.refusal->error.code, ErrorCode::insufficient_credits);
        EXPECT_EQ(refused.refusal->balance, 70);
        EXPECT_FALSE((co_await play.consume(ann, 500, "k3")).refusal);
        // Another's key is another's.
        EXPECT_FALSE((co_await play.consume(bob, 30, "k1")).replayed);
    });
}

TEST_F(Credits, OneKeyManyTimesAtOnceBooksOnce) {
    play([&](Play& play) -> Task<> {
        int replayed = 0;
        co_await play.together(40, [&](int) -> Task<> {
            const Answer answer = co_await play.consume(ann, 7, "k");
            EXPECT_FALSE(answer.refusal);
            EXPECT_EQ(answer.transaction.balance_after, 93);
            replayed += answer.replayed;
        });
        EXPECT_EQ(replayed, 39);
        EXPECT_EQ(play.balance(ann), 93);
    });
}

TEST_F(Credits, OfManyAtOnceAsManySucceedAsThereIsFor) {
    play([&](Play& play) -> Task<> {
        int booked = 0;
        co_await play.together(
            150, [&](int) -> Task<> { booked += !(co_await play.consume(ann, 1)).refusal; });
        EXPECT_EQ(booked, 100);
        EXPECT_EQ(play.balance(ann), 0);
    });
}

// Two servers on one database, each with a group commit of its own.
TEST_F(Credits, TwoServersNeverOverdraw) {
    play([&](Play& play) -> Task<> {
        Spending other(play.io, play.db, clock_);
        int booked = 0;
        co_await play.together(200, [&](int i) -> Task<> {
            const Request request{
                .account = i % 3 == 0 ? bob : ann, .what = ConsumeRequest{1, "x"}
            };
            const Answer answer =
                i % 2 == 0 ? co_await play.run(request) : co_await other.run(request);
            booked += !answer.refusal;
        });
        EXPECT_EQ(booked, 100 + 67);
    });
}

TEST_F(Credits, AHoldIsSettledOnce) {
    play([&](Play& play) -> Task<> {
        const Answer held = co_await play.run({
            .account = ann, .what = HoldRequest{80, "long answer"},
                 .key = play.key("h", "hold")
        });
        EXPECT_EQ(held.transaction.balance_after, 20);
        const std::string id = held.hold->id;
        EXPECT_EQ((co_await play.consume(ann, 21)).refusal->shortfall, 1);

        const Answer settled = co_await play.run({
            .account = ann, .what = SettleRequest{id, 50},
                 .key = play.key("s", "settle")
        });
        EXPECT_EQ(settled.hold->settled_amount, 50);
        EXPECT_EQ(settled.transaction.balance_after, 50);
        EXPECT_EQ(
            (co_await play.run({.account = ann, .what = ReleaseRequest{id}})).refusal->error.code,
            ErrorCode::hold_ended);
        // The keys' answers are those of their time.
        const Answer held_again = co_await play.run({
            .account = ann, .what = HoldRequest{80, "long answer"},
                 .key = play.key("h", "hold")
        });
        EXPECT_TRUE(held_again.replayed);
        EXPECT_EQ(held_again.hold->status, HoldStatus::held);
        const Answer settled_again = co_await play.run({
            .account = ann, .what = SettleRequest{id, 50},
                 .key = play.key("s", "settle")
        });
        EXPECT_EQ(settled_again.hold->settled_amount, 50);
        EXPECT_EQ(settled_again.transaction.number, settled.transaction.number);
        // Another's hold is no hold.
        EXPECT_EQ((co_await play.run({
                       .account = bob, .what = SettleRequest{id, 1}
        }))
                      .refusal->error.code,
                  ErrorCode::not_found);
    });
}

TEST_F(Credits, TheJobDoesWhatTimeHasDone) {
    play([&](Play& play) -> Task<> {
        co_await play.tell({pro("in_1", 0), bought("cs_1")});
        co_await play.run({
            .account = ann, .what = HoldRequest{300, "slow", 60s}
        });
        EXPECT_EQ(play.balance(ann), 3'200);
        EXPECT_EQ(co_await turn_due(play.db, clock_.now()), 0U);

        clock_.advance(60s);
        EXPECT_EQ(co_await turn_due(play.db, clock_.now()), 1U);
        EXPECT_EQ(play.balance(ann), 3'500);
        EXPECT_EQ(co_await turn_due(play.db, clock_.now()), 0U);

        clock_.set(add_months(start, 1) + renewal_grace);
        EXPECT_EQ(co_await turn_due(play.db, clock_.now()), 1U);
        EXPECT_EQ(play.balance(ann), 1'000);
        EXPECT_EQ(co_await turn_due(play.db, clock_.now() + std::chrono::days(4'000)), 0U);
    });
}

TEST_F(Credits, AYearTakesEffectMonthByMonth) {
    play([&](Play& play) -> Task<> {
        std::vector<Fact> facts;
        for (Grant& grant : grants_of({.fact_key = "invoice_line/stripe/in_1/price_pro_year",
                                       .slot = "main",
                                       .credits_per_month = 2'500,
                                       .start = start,
                                       .end = add_months(start, 12),
                                       .by_month = true,
                                       .description = "Pro"})) {
            facts.push_back(Granted{ann, std::move(grant)});
        }
        co_await play.tell(facts);
        co_await play.tell(facts);
        EXPECT_EQ(play.balance(ann), 2'500);
        EXPECT_FALSE((co_await play.consume(ann, 2'400)).refusal);
        for (int month = 1; month < 12; ++month) {
            clock_.set(add_months(start, month));
            EXPECT_EQ(co_await turn_due(play.db, clock_.now()), 1U) << month;
            EXPECT_EQ(play.balance(ann), 2'500) << month;
        }
        clock_.set(add_months(start, 12) + renewal_grace);
        co_await turn_due(play.db, clock_.now());
        EXPECT_EQ(play.balance(ann), 0);
    });
}

TEST_F(Credits, ARefundTakesUnspentCreditsBack) {
    play([&](Play& play) -> Task<> {
        const auto refunded = [](std::int64_t amount) {
            return PaymentRefunded{.account = ann,
                                   .grant_fact_key = "top_up/stripe/cs_1",
                                   .refunded = amount,
                                   .paid = 2'000};
        };
        co_await play.tell({refunded(500)});  // nothing is there
        co_await play.tell({bought("cs_1")});
        co_await play.tell({refunded(500)});
        EXPECT_EQ(play.balance(ann), 750);
        co_await play.tell({refunded(500)});
        EXPECT_EQ(play.balance(ann), 750);
        co_await play.run({
            .account = ann, .what = ConsumeRequest{700, "x"},
                 .gives_free = false
        });
        co_await play.tell({refunded(2'000)});
        EXPECT_EQ(play.balance(ann), 0);
        // Both at once, and the refund first.
        co_await play.tell({
            PaymentRefunded{.account = ann,
                            .grant_fact_key = "top_up/stripe/cs_2",
                            .refunded = 999,
                            .paid = 2'000},
            bought("cs_2")
        });
        EXPECT_EQ(play.balance(ann), 501);
    });
}

TEST_F(Credits, AnAdminsGrantIsAudited) {
    play([&](Play& play) -> Task<> {
        const AdminGrant wish{.account = ann,
                              .amount = 250,
                              .reason = "Sorry for the outage",
                              .effective_at = clock_.now(),
                              .expires_at = clock_.now() + 24h,
                              .actor = "admin:1",
                              .intent = "i1"};
        const Grant granted = co_await grant_by_admin(play.db, wish, clock_.now());
        EXPECT_EQ(granted.remaining, 250);
        EXPECT_EQ((co_await grant_by_admin(play.db, wish, clock_.now())).id, granted.id);
        EXPECT_EQ(one("select count(*) from paydesk.audit_log where action = 'credits.grant'"),
                  "1");
        clock_.advance(24h);
        co_await turn_due(play.db, clock_.now());
        EXPECT_EQ(play.balance(ann), 0);
    });
}

// The outcome of a COMMIT whose connection dies is unknown, and the transaction runs again: with or
// without a key, nothing is booked twice, and nothing that was answered is lost.
TEST_F(Credits, KilledConnectionsBookNothingTwice) {
    play([&](Play& play) -> Task<> {
        co_await play.tell({bought("cs_1", 100'000)});
        std::set<std::string> answered;
        bool over = false;
        spawn(play.io, "killer", [](TestCredits& test, asio::io_context& io, bool& stop) -> Task<> {
            int kills = 0;
            while (!stop) {
                co_await sleep_for(io, 25ms);
                if (++kills > 20) continue;
                test.database_.run(
                    "select pg_terminate_backend(pid) from (select pid from pg_stat_activity where "
                    "usename = 'paydesk_server' and datname = current_database() order by "
                    "random() limit 1) s");
            }
            stop = false;
        }(*this, play.io, over));
        co_await play.together(60, [&](int i) -> Task<> {
            for (int n = 0; n < 5; ++n) {
                const std::string what = std::to_string(i) + "/" + std::to_string(n);
                Request request{
                    .account = ann, .what = ConsumeRequest{1, what}
                };
                if (i % 2 == 0) request.key = Play::key("key" + what, what);
                try {
                    const Answer answer = co_await play.run(request);
                    EXPECT_FALSE(answer.refusal);
                    answered.insert(what);
                } catch (const Unavailable&) {
                    // It may be booked or not: the caller who sends no key never learns.
                }
            }
        });
        over = true;
        while (over) co_await sleep_for(play.io, 1ms);
        EXPECT_GT(answered.size(), 0U);
        for (const std::string& what : answered) {
            EXPECT_EQ(one("select count(*) from paydesk.credit_transactions where description = '" +
                          what + "'"),
                      "1");
        }
        EXPECT_EQ(one("select count(*) - count(distinct description) from "
                      "paydesk.credit_transactions where kind = 'consume'"),
                  "0");
    });
}

TEST_F(Credits, RefusalsAreSweptAndBookingsAreNot) {
    play([&](Play& play) -> Task<> {
        co_await play.consume(ann, 500, "k1");
        co_await play.consume(ann, 5, "k2");
        co_await ledger_store::sweep_refusals(play.db, clock_.now() + 1s);
        EXPECT_FALSE((co_await play.consume(ann, 500, "k1")).replayed);
        EXPECT_TRUE((co_await play.consume(ann, 5, "k2")).replayed);
    });
}

}  // namespace
}  // namespace paydesk::credits
