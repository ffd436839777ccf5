#pragma once
// What the tests of usage/ share: a database with a small catalogue, a clock that stands still, and what must hold
// after each test. Only tests include it.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "db/test_database.h"
#include "usage/usage.h"

namespace paydesk::usage {

inline const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
inline const AccountId bob{"0198a000-0000-7000-8000-000000000002"};
inline constexpr Instant start = from_unix(1'795'000'000);  // 2026-11-18T11:06:40Z

class TestUsage {
public:
    TestUsage() {
        database_.script(R"(
            insert into paydesk.meters (metric, name, aggregation, charge) values
                ('api_calls', 'API calls', 'sum', 'meter'), ('logins', 'Logins', 'count', 'none'),
                ('seats', 'Seats', 'max', 'none'), ('storage_gb', 'Storage', 'last', 'none'),
                ('people', 'People', 'unique', 'none');
            insert into paydesk.plans (plan_key, name, purchasable, limits) values
                ('free', 'Free', false, '{"api_calls": 1000, "people": 3, "seats": 5}'),
                ('pro', 'Pro', true, '{"api_calls": 100000}');)");
    }

    // A connected server.
    struct Play {
        TestUsage& test;
        asio::io_context& io;
        db::Database& db;
        Usage usage;

        Task<std::vector<Recorded>> record(std::vector<Event> events) {
            co_return co_await usage.sink.record(std::move(events));
        }
        Task<> together(int count, std::function<Task<>(int)> body) {
            int left = count;
            for (int i = 0; i < count; ++i) {
                spawn(io, "test",
                      [](std::function<Task<>(int)>& run, int index, int& running) -> Task<> {
                          co_await run(index);
                          --running;
                      }(body, i, left));
            }
            while (left > 0) co_await sleep_for(io, std::chrono::milliseconds(1));
        }
        Task<> settle() {
            while (!usage.thresholds.is_idle())
                co_await sleep_for(io, std::chrono::milliseconds(1));
        }
    };

    void play(std::function<Task<>(Play&)> body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database_.server_url()});
            co_await db.ready(std::chrono::seconds(10));
            Play play{*this, io, db, Usage(io, db, clock_)};
            co_await body(play);
            co_await play.settle();
            db.stop();
        });
    }

    static Event event(AccountId account, std::string metric, std::string key,
                       std::string_view quantity = "1", Instant at = start) {
        return {.account = std::move(account),
                .metric = std::move(metric),
                .key = std::move(key),
                .quantity = Decimal::parse(quantity).value(),
                .occurred_at = at};
    }

    // A subscription as a webhook leaves it.
    void subscribe(const AccountId& account, Instant from, Instant to,
                   const std::string& plan = "pro", const std::string& id = "sub_1") const {
        database_.run(R"(
            insert into paydesk.subscriptions (account_id, id, provider, provider_subscription_id, plan_key,
                status, currency, unit_amount, current_period_start, current_period_end, provider_stamp)
            values ($1, md5($2)::uuid, 'stripe', $2, $3, 'active', 'usd', 2900, $4, $5, $4)
            on conflict (account_id, provider, provider_subscription_id) do update set
                current_period_start = excluded.current_period_start,
                current_period_end = excluded.current_period_end, plan_key = excluded.plan_key)",
                      {account.value, id, plan, db::param(from), db::param(to)});
        database_.run(
            "insert into paydesk.accounts (account_id) values ($1) on conflict do nothing",
            {account.value});
    }

    std::string one(const std::string& sql) const {
        const auto rows = database_.run("select (" + sql + ")::text as one");
        return std::string(rows.text(0, "one"));
    }

    // Roll-ups are what a recount of the records gives, to the last digit.
    void expect_sound() const {
        const std::string sums =
            R"(count(*) as events, sum(quantity) as quantity, max(quantity) as maximum,
            (array_agg(quantity order by occurred_at desc, quantity desc)
                filter (where metric = 'storage_gb'))[1] as last_value,
            max(occurred_at) filter (where metric = 'storage_gb') as last_at,
            count(distinct unique_value) as uniques)";
        EXPECT_EQ(one(R"(select coalesce(string_agg(to_jsonb(d)::text, '; '), '') from (
            (select account_id, metric, period_start, events, quantity, maximum, last_value, last_at, uniques,
                    late_events from paydesk.usage_totals
             except
             select account_id, metric, period_start, )" +
                      sums + R"(, count(*) filter (where is_late)
             from paydesk.usage_records group by 1, 2, 3)
            union all
            (select account_id, metric, period_start, )" +
                      sums + R"(, count(*) filter (where is_late)
             from paydesk.usage_records group by 1, 2, 3
             except
             select account_id, metric, period_start, events, quantity, maximum, last_value, last_at, uniques,
                    late_events from paydesk.usage_totals)) d)"),
                  "");
        const std::string hour_sums = R"(count(*) as events, sum(quantity) as quantity,
            max(quantity) as maximum,
            (array_agg(quantity order by occurred_at desc, quantity desc)
                filter (where metric = 'storage_gb'))[1] as last_value)";
        EXPECT_EQ(one(R"(select coalesce(string_agg(to_jsonb(d)::text, '; '), '') from (
            (select account_id, metric, hour, period_start, events, quantity, maximum, last_value
             from paydesk.usage_hours
             except
             select account_id, metric, date_trunc('hour', occurred_at, 'UTC'), period_start, )" +
                      hour_sums + R"( from paydesk.usage_records group by 1, 2, 3, 4)
            union all
            (select account_id, metric, date_trunc('hour', occurred_at, 'UTC'), period_start, )" +
                      hour_sums + R"( from paydesk.usage_records group by 1, 2, 3, 4
             except
             select account_id, metric, hour, period_start, events, quantity, maximum, last_value
             from paydesk.usage_hours)) d)"),
                  "");
        // A value is new in one hour of a period.
        EXPECT_EQ(one(R"(select count(*) from (
            select account_id, metric, period_start, sum(uniques) as uniques from paydesk.usage_hours group by 1, 2, 3) h
            full join (select account_id, metric, period_start, uniques from paydesk.usage_totals) t
                using (account_id, metric, period_start)
            where h.uniques is distinct from t.uniques)"),
                  "0");
    }

    db::TestDatabase database_;
    ManualClock clock_{start};
};

}  // namespace paydesk::usage
