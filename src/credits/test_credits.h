#pragma once
// What the tests of credits/ share: a database with the free plan, a clock that stands still, and what
// must hold after each test. Only tests include it.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "credits/due_job.h"
#include "credits/facts.h"
#include "credits/spending.h"
#include "db/test_database.h"

namespace paydesk::credits {

inline const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
inline const AccountId bob{"0198a000-0000-7000-8000-000000000002"};
inline constexpr Instant start = from_unix(1'780'000'000);

class TestCredits {
public:
    TestCredits() {
        database_.script(R"(
            insert into paydesk.plans (plan_key, name, purchasable, credits_per_month)
            values ('free', 'Free', false, 100), ('pro', 'Pro', true, 2500);)");
    }

    // A connected server.
    struct Play {
        TestCredits& test;
        asio::io_context& io;
        db::Database& db;
        Spending spending;

        Task<> tell(std::vector<Fact> facts) {
            co_await db.transaction(
                [&](db::Tx& tx) -> Task<> { co_await apply_facts(tx, facts, test.clock_.now()); });
        }
        Task<Answer> run(Request request) { return spending.run(std::move(request)); }
        static Key key(std::string text, std::string_view request) {
            std::string hex;
            for (const char c : request) hex += "0123456789abcdef"[c & 15];
            return {std::move(text), "00" + hex.substr(0, hex.size() / 2 * 2)};
        }
        Task<Answer> consume(AccountId account, std::int64_t amount,
                             const char* with_key = nullptr) {
            Request request{
                .account = std::move(account), .what = ConsumeRequest{amount, "test"}
            };
            if (with_key != nullptr) request.key = key(with_key, std::to_string(amount));
            return spending.run(std::move(request));
        }
        std::int64_t balance(const AccountId& account) const {
            return std::stoll(test.one(
                "select coalesce((select balance_after from paydesk.credit_transactions where "
                "account_id = '" +
                account.value + "' order by number desc limit 1), 0)"));
        }
        Task<> together(int count, std::function<Task<>(int)> body) {
            int left = count;
            for (int i = 0; i < count; ++i) {
                spawn(io, "test",
                      [](std::function<Task<>(int)>& one, int index, int& running) -> Task<> {
                          co_await one(index);
                          --running;
                      }(body, i, left));
            }
            while (left > 0) co_await sleep_for(io, std::chrono::milliseconds(1));
        }
    };

    void play(std::function<Task<>(Play&)> body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database_.server_url()});
            co_await db.ready(std::chrono::seconds(10));
            Play play{*this, io, db, Spending(io, db, clock_)};
            co_await body(play);
            db.stop();
        });
    }

    std::string one(const std::string& sql) const {
        const auto rows = database_.run("select (" + sql + ")::text as one");
        return std::string(rows.text(0, "one"));
    }

    // What holds whatever happened, computed from the entries alone.
    void expect_sound() const {
        // Both sides of every entry: the ledger's accounts are zero together, and issued is the
        // other side of all others.
        EXPECT_EQ(one(R"(select coalesce(sum(case side when 'to' then amount else -amount end), 0)
                         from paydesk.credit_entries, (values ('from'), ('to')) s (side))"),
                  "0");
        // Each bucket: what its lines add up to is what it says, and never below zero.
        EXPECT_EQ(one(R"(select count(*) from paydesk.credit_grants g left join lateral (
                           select coalesce(sum(e.amount) filter (where e.from_account = 'issued'), 0) as issued,
                                  coalesce(sum(case when e.to_account = 'available' then e.amount
                                           when e.from_account = 'available' then -e.amount end), 0) as remaining,
                                  coalesce(sum(case when e.to_account = 'held' then e.amount
                                           when e.from_account = 'held' then -e.amount end), 0) as held
                           from paydesk.credit_entries e
                           where e.account_id = g.account_id and e.grant_id = g.id) s on true
                         where (g.issued, g.remaining, g.held) <> (s.issued, s.remaining, s.held)
                            or s.remaining < 0 or s.held < 0 or s.issued not in (0, g.amount))"),
                  "0");
        // Each account: the running balance is the sum of the amounts, without a gap, and of the buckets.
        EXPECT_EQ(one(R"(select count(*) from (
                           select account_id, number, balance_after,
                                  sum(amount) over (partition by account_id order by number) as sum,
                                  row_number() over (partition by account_id order by number) as row
                           from paydesk.credit_transactions) t
                         where balance_after <> sum or number <> row or balance_after < 0)"),
                  "0");
        EXPECT_EQ(one(R"(select count(*) from (
                           select account_id, sum(remaining) as remaining from paydesk.credit_grants
                           group by account_id) g
                         full join (select account_id, sum(amount) as balance
                                    from paydesk.credit_transactions group by account_id) t using (account_id)
                         where coalesce(remaining, 0) <> coalesce(balance, 0))"),
                  "0");
        // What is held is what the open holds say.
        EXPECT_EQ(one(R"(select count(*) from (
                           select account_id, sum(held) as held from paydesk.credit_grants group by account_id) g
                         left join (select account_id, sum(amount) as held from paydesk.credit_holds
                                    where status = 'held' group by account_id) h using (account_id)
                         where g.held <> coalesce(h.held, 0))"),
                  "0");
    }

    db::TestDatabase database_;
    ManualClock clock_{start};
};

}  // namespace paydesk::credits
