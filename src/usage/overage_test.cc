// What was used on PayPal's plans becomes an invoice, once, whatever dies and whoever is quick.
#include <random>

#include "base/json.h"
#include "usage/charge_flow.h"
#include "usage/overage_flow.h"
#include "usage/rating.h"
#include "usage/test_usage.h"

namespace paydesk::usage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using Play = TestUsage::Play;

// In the past by Postgres' clock too, which the trigger of the first late event goes by.
const Instant period_start = std::chrono::floor<std::chrono::hours>(SystemClock{}.now()) - days(20);
const Instant period_end = period_start + days(10);

class Overage : public testing::Test, public TestUsage {
protected:
    Overage() {
        clock_.set(period_start + hours(1));
        subscribe(ann, period_start, period_end);
        database_.script(R"(
            update paydesk.subscriptions set provider = 'paypal';
            delete from paydesk.usage_periods where provider = 'stripe';
            update paydesk.meters set charge = 'invoice_item' where metric in ('seats', 'storage_gb');
            update paydesk.plans set usage = '{
                "api_calls": {"model": "per_unit", "included": "1000", "per": "1", "flat": "0", "limit": "hard",
                              "tiers": [{"up_to": null, "price": "1", "flat": "0"}]},
                "seats": {"model": "per_unit", "included": "0", "per": "1", "flat": "0", "limit": "hard",
                          "tiers": [{"up_to": null, "price": "250", "flat": "0"}]},
                "storage_gb": {"model": "per_unit", "included": "10", "per": "1", "flat": "0", "limit": "hard",
                          "tiers": [{"up_to": null, "price": "10", "flat": "0"}]}}' where plan_key = 'pro';)");
        // A subscription of PayPal's from the first: what subscribe() made was told as Stripe's.
        database_.run(R"(
            insert into paydesk.usage_periods (account_id, starts_at, subscription_id, ends_at, provider,
                provider_subscription_id, plan_key, renews)
            select account_id, current_period_start, id, current_period_end, provider, provider_subscription_id, plan_key, true
            from paydesk.subscriptions where account_id = $1)",
                      {ann.value});
    }
    ~Overage() override { expect_sound(); }

    // Writes what billing/ would, in the transaction that it is given.
    OverageOptions options() {
        return {.make_invoice = [this](db::Tx& tx, provider::Change change,
                                       Instant) -> Task<Result<void>> {
                    const auto& made = std::get<provider::InvoiceSnapshot>(change.fact);
                    static constexpr db::Statement insert{"test_overage_invoice", R"(
                        insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, status, currency,
                            amount_due, amount_paid, billing_reason, provider_stamp, created_at)
                        values ($1, gen_random_uuid(), 'paypal', $2, 'open', 'usd', $3, 0, 'usage', $4, $4))"};
                    co_await tx.run(insert, {made.account->value, change.object.value,
                                             db::param(made.amount_due.minor_units()),
                                             db::param(made.created_at)});
                    if (while_open) co_await while_open();
                    if (dies) co_return Error{ErrorCode::unavailable, "killed here"};
                    last = made;
                    co_return Result<void>{};
                },
                .pay_url = [](std::string_view invoice) -> std::optional<std::string> {
                    return "https://app.example/pay?" + std::string(invoice);
                }};
    }

    Task<OverageResult> invoice(Play& play) {
        const auto metrics = co_await play.usage.metrics.fresh();
        const auto how = options();
        co_return co_await invoice_overage(play.db, metrics, how, clock_.now());
    }
    Task<bool> is_late(Play& play, const char* metric, const char* key) {
        co_return (co_await play.record({event(ann, metric, key, "1", period_end - hours(1))}))[0]
            .is_late;
    }
    static Event used(const char* metric, const char* key, std::string_view quantity) {
        return event(ann, metric, key, quantity, period_start + hours(1));
    }
    std::string invoices() {
        return one(
            "select coalesce(string_agg(provider_invoice_id || ' ' || amount_due, ', '), 'none') "
            "from paydesk.invoices");
    }

    std::function<Task<>()> while_open;  // once the invoice is written, before the transaction ends
    bool dies = false;
    std::optional<provider::InvoiceSnapshot> last;
};

TEST_F(Overage, AnEndedPeriodBecomesOneInvoiceALineForEachMetric) {
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000"), used("seats", "b", "3"),
                              used("storage_gb", "c", "45"), used("logins", "d", "7")});
        EXPECT_EQ((co_await invoice(play)).closed, 0U) << "the period is under way";
        clock_.set(period_end + minutes(1));
        EXPECT_EQ((co_await invoice(play)).closed, 0U) << "its last events may still come";
        EXPECT_FALSE(co_await is_late(play, "api_calls", "the last one"));
        clock_.advance(charge_after);
        const auto result = co_await invoice(play);
        EXPECT_EQ(result.closed, 1U);
        EXPECT_EQ(result.invoiced, 1U);
        EXPECT_EQ((co_await invoice(play)).closed, 0U);
        EXPECT_TRUE(co_await is_late(play, "api_calls", "late"));
        EXPECT_TRUE(co_await is_late(play, "people", "of a metric that was not counted in it"));
    });
    EXPECT_EQ(invoices(), "usage/sub_1/" + to_iso8601(period_start) + " 5101");
    ASSERT_TRUE(last.has_value());
    ASSERT_EQ(last->lines.size(), 3U);
    const std::pair<const char*, std::int64_t> lines[] = {
        {"API calls: 5001", 4001},
        {"Seats: 3",        750 },
        {"Storage: 45",     350 }
    };
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(last->lines[i].description, lines[i].first);
        EXPECT_EQ(last->lines[i].amount.minor_units(), lines[i].second);
        EXPECT_EQ(last->lines[i].period_start, period_start);
        EXPECT_EQ(last->lines[i].period_end, period_end);
    }
    EXPECT_EQ(last->billing_reason, provider::usage_billing_reason);
    EXPECT_EQ(last->subscription, provider::Ref{"sub_1"});
    EXPECT_EQ(last->period_end, period_end);
    EXPECT_TRUE(last->hosted_invoice_url->starts_with("https://app.example/pay?usage/sub_1/"));
    EXPECT_EQ(
        one("select string_agg(metric || ' ' || status || ' ' || amount, ', ' order by metric) "
            "from paydesk.usage_charges where provider = 'paypal'"),
        "api_calls charged 4001, seats charged 750, storage_gb charged 350");
    EXPECT_EQ(one("select sum(late_events) from paydesk.usage_totals"), "2");
}

TEST_F(Overage, NothingToPayIsChargedAndMakesNoInvoice) {
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "1000"), used("storage_gb", "b", "10")});
        clock_.set(period_end + charge_after);
        const auto result = co_await invoice(play);
        EXPECT_EQ(result.closed, 1U);
        EXPECT_EQ(result.invoiced, 0U);
        EXPECT_TRUE(co_await is_late(play, "api_calls", "late"));
        EXPECT_EQ((co_await invoice(play)).closed, 0U);
    });
    EXPECT_EQ(invoices(), "none");
    EXPECT_EQ(
        one("select count(*) from paydesk.usage_charges where status = 'charged' and amount = 0"),
        "2");
}

TEST_F(Overage, WhatIsUsedInATrialIsFree) {
    database_.script(
        "update paydesk.subscriptions set trial_start = current_period_start, trial_end = "
        "current_period_end");
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000")});
        clock_.set(period_end + charge_after);
        EXPECT_EQ((co_await invoice(play)).closed, 1U);
    });
    EXPECT_EQ(invoices(), "none");
}

TEST_F(Overage, WhatDiesInBetweenLeavesNothingAndTheNextRunDoesItOnce) {
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000")});
        clock_.set(period_end + charge_after);
        dies = true;
        EXPECT_EQ((co_await invoice(play)).moved, 1U);
        EXPECT_FALSE(co_await is_late(play, "api_calls", "in time"));
        dies = false;
        EXPECT_EQ((co_await invoice(play)).invoiced, 1U);
    });
    EXPECT_EQ(invoices(), "usage/sub_1/" + to_iso8601(period_start) + " 4001");
}

TEST_F(Overage, TwoServersMakeOneInvoice) {
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000"), used("seats", "b", "1")});
        clock_.set(period_end + charge_after);
        std::size_t invoiced = 0;
        co_await play.together(6, [&](int) -> Task<> {
            try {
                invoiced += (co_await invoice(play)).invoiced;
            } catch (const db::Failure& failure) {
                EXPECT_EQ(failure.constraint, "invoices_once");
            }
        });
        EXPECT_EQ(invoiced, 1U);
    });
    EXPECT_EQ(invoices(), "usage/sub_1/" + to_iso8601(period_start) + " 4250");
}

// Between the rating and the end of the transaction: another event, and the first one of a metric.
TEST_F(Overage, WhatIsCountedMeanwhileIsOnTheInvoiceOrLate) {
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000")});
        clock_.set(period_end + charge_after);
        int times = 0;
        while_open = [&]() -> Task<> {
            ++times;
            if (times == 1) EXPECT_FALSE(co_await is_late(play, "api_calls", "one more"));
            if (times == 2) EXPECT_FALSE(co_await is_late(play, "seats", "the first"));
        };
        EXPECT_EQ((co_await invoice(play)).moved, 1U);
        EXPECT_EQ((co_await invoice(play)).moved, 1U);
        EXPECT_EQ((co_await invoice(play)).invoiced, 1U);
    });
    EXPECT_EQ(invoices(), "usage/sub_1/" + to_iso8601(period_start) + " 4251");
    EXPECT_EQ(one("select sum(late_events) from paydesk.usage_totals"), "0");
}

TEST_F(Overage, EventsWithoutAPauseAreOnTheInvoiceOrLate) {
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "first", "2000")});
        clock_.set(period_end + charge_after);
        int counted = 0;
        bool is_over = false;
        co_await play.together(5, [&](int worker) -> Task<> {
            if (worker == 0) {
                co_await sleep_for(play.io, std::chrono::milliseconds(20));
                OverageResult result;
                while (result.invoiced == 0) result = co_await invoice(play);
                co_await sleep_for(play.io, std::chrono::milliseconds(20));
                is_over = true;
            }
            while (!is_over) {
                const int key = counted++;
                // Each worker also counts metrics that nobody has counted in this period before.
                const std::string name = std::to_string(key);
                const char* metric = key % 2 == 0 ? "api_calls" : "seats";
                co_await play.record({event(ann, metric, name, "1", period_end - hours(1))});
            }
        });
        EXPECT_GT(counted, 10);
    });
    EXPECT_EQ(one(R"(select bool_and(t.events = t.late_events + (
                  select count(*) from paydesk.usage_records r where not r.is_late
                      and (r.account_id, r.metric, r.period_start) = (t.account_id, t.metric, t.period_start)))
              from paydesk.usage_totals t)"),
              "true");
    EXPECT_EQ(one(R"(select t.quantity = c.quantity + t.late_events from paydesk.usage_totals t
        join paydesk.usage_charges c using (account_id, metric, period_start) where metric = 'api_calls')"),
              "true");
    EXPECT_EQ(one("select count(*) from paydesk.usage_totals where charged_at is null and events "
                  "<> late_events"),
              "0")
        << "no metric is left that is neither charged nor late";
}

TEST_F(Overage, ThePlanThatThePeriodLastHadRatesAllOfIt) {
    database_.script(R"(
        insert into paydesk.plans (plan_key, name, purchasable, usage) values ('max', 'Max', true, '{
            "api_calls": {"model": "per_unit", "included": "4000", "per": "1", "flat": "0", "limit": "hard",
                          "tiers": [{"up_to": null, "price": "2", "flat": "0"}]}}'))");
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000")});
        // Revised within the period, and ended a day later: its last period ends there.
        database_.run("update paydesk.subscriptions set plan_key = 'max'");
        database_.run("update paydesk.subscriptions set status = 'canceled', ended_at = $1",
                      {db::param(period_start + days(2))});
        clock_.set(period_start + days(2) + charge_after);
        EXPECT_EQ((co_await invoice(play)).invoiced, 1U);
    });
    EXPECT_EQ(invoices(), "usage/sub_1/" + to_iso8601(period_start) + " 2000");
    EXPECT_EQ(last->period_end, period_start + days(2));
}

TEST_F(Overage, WhatCannotBeRatedIsLeftAndTheOthersAreNot) {
    subscribe(bob, period_start + hours(1), period_end + hours(1), "pro", "sub_2");
    database_.run("update paydesk.subscriptions set provider = 'paypal' where account_id = $1",
                  {bob.value});
    database_.run("update paydesk.usage_periods set provider = 'paypal'");
    database_.run("update paydesk.subscriptions set currency = 'eur' where account_id = $1",
                  {ann.value});
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000"),
                              event(bob, "api_calls", "b", "1100", period_start + hours(2))});
        clock_.set(period_end + hours(1) + charge_after);
        auto result = co_await invoice(play);
        EXPECT_EQ(result.unrated, 1U);
        EXPECT_EQ(result.invoiced, 1U);
        database_.run("update paydesk.subscriptions set currency = 'usd'");
        result = co_await invoice(play);
        EXPECT_EQ(result.invoiced, 1U) << "once somebody has mended it";
    });
    EXPECT_EQ(one("select count(*) from paydesk.invoices"), "2");
}

TEST_F(Overage, StripesPeriodsAreStripes) {
    database_.run("update paydesk.usage_periods set provider = 'stripe'");
    play([&](Play& play) -> Task<> {
        co_await play.record({used("api_calls", "a", "5000")});
        clock_.set(period_end + charge_after);
        EXPECT_EQ((co_await invoice(play)).closed, 0U);
    });
}

// A renewal that is paid in advance says nothing of what was used: only the job invoices a period.
TEST_F(Overage, AnInvoiceOfPayPalsRenewalMakesNothingLate) {
    database_.run(R"(
        insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, provider_subscription_id, status,
            currency, amount_due, amount_paid, billing_reason, period_start, period_end, provider_stamp, created_at)
        values ($1, gen_random_uuid(), 'paypal', 'sub_1/1', 'sub_1', 'paid', 'usd', 4900, 4900, 'subscription_cycle',
                $2, $3, $2, $2))",
                  {ann.value, db::param(period_start), db::param(period_end)});
    play([&](Play& play) -> Task<> {
        EXPECT_FALSE(co_await is_late(play, "api_calls", "in time"));
    });
}

// The invoice is the sum of its lines, and they are what rate() says of the totals, whatever was used.
TEST_F(Overage, TheInvoiceIsWhatItsTotalsAreRated) {
    std::mt19937_64 random(20'261'126);
    const auto up_to = [&](std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(0, most)(random);
    };
    play([&](Play& play) -> Task<> {
        for (int round = 0; round < 25; ++round) {
            const Instant from = period_end + minutes(10 * round), to = from + minutes(10);
            database_.run(R"(
                insert into paydesk.usage_periods (account_id, starts_at, subscription_id, ends_at, provider,
                    provider_subscription_id, plan_key, renews)
                values ($1, $2, md5('sub_1')::uuid, $3, 'paypal', 'sub_1', 'pro', true))",
                          {ann.value, db::param(from), db::param(to)});
            const std::pair<const char*, std::string> quantities[] = {
                {"api_calls",  std::to_string(up_to(round % 5 == 0 ? 1'000 : 50'000))      },
                {"seats",      std::to_string(up_to(3))                                    },
                {"storage_gb", std::to_string(up_to(60)) + "." + std::to_string(up_to(999))}
            };
            const auto metrics = co_await play.usage.metrics.fresh();
            std::vector<Event> events;
            std::int64_t expected = 0;
            for (const auto& [metric, quantity] : quantities) {
                events.push_back(
                    event(ann, metric, std::to_string(round) + metric, quantity, from));
                expected += rate(metrics->plans.at("pro").prices.at(metric),
                                 Decimal::parse(quantity).value(), Currency::usd())
                                .value()
                                .minor_units();
            }
            co_await play.record(std::move(events));
            last.reset();
            clock_.set(to + charge_after);
            (void)co_await invoice(play);
            EXPECT_EQ(last.has_value(), expected > 0);
            if (!last) continue;
            std::int64_t sum = 0;
            for (const auto& line : last->lines) sum += line.amount.minor_units();
            EXPECT_EQ(sum, expected);
            EXPECT_EQ(last->amount_due.minor_units(), expected);
            EXPECT_EQ(last->amount_remaining.minor_units(), expected);
        }
    });
    EXPECT_EQ(
        one(R"(select coalesce(sum(i.amount_due), 0) = (select sum(c.amount) from paydesk.usage_charges c)
                     from paydesk.invoices i)"),
        "true");
}

}  // namespace
}  // namespace paydesk::usage
