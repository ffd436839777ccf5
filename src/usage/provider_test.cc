// What the provider is told: by its meters, and as lines on its invoices.
#include <map>

#include "usage/charge_flow.h"
#include "usage/report_flow.h"
#include "usage/sync_meters_flow.h"
#include "usage/test_usage.h"

namespace paydesk::usage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using Play = TestUsage::Play;

// Counts an identifier and an intent once, as a real one does. The next answers may be lost, or be a refusal.
class ScriptedMetering final : public provider::Metering {
public:
    provider::Name name() const override { return provider::Name::stripe; }
    bool has_meters() const override { return with_meters; }
    Task<Result<provider::SyncedMeter>> sync_meter(
        provider::NewMeter meter, std::vector<provider::NewUsagePrice> wanted) override {
        meters[meter.event_name] = meter;
        provider::SyncedMeter synced{.meter = {"mtr_" + meter.event_name}, .prices = {}};
        for (const auto& price : wanted) {
            prices.insert_or_assign(price.lookup_key, price);
            synced.prices.push_back({price.lookup_key, {"prod_1"}, {"price_" + price.lookup_key}});
        }
        co_return synced;
    }
    Task<Result<provider::CatalogDifference>> compare_meter(
        provider::NewMeter meter, std::vector<provider::NewUsagePrice> wanted) override {
        provider::CatalogDifference difference;
        if (!meters.contains(meter.event_name)) difference.changes.push_back(meter.event_name);
        for (const auto& price : wanted) {
            const auto there = prices.find(price.lookup_key);
            if (there == prices.end() || there->second.tiers != price.tiers)
                difference.changes.push_back(price.lookup_key);
        }
        co_return difference;
    }
    Task<Result<void>> report_usage(provider::UsageReport report) override {
        ++calls;
        if (refuses) co_return Error{ErrorCode::provider_rejected, "No such customer."};
        reports.emplace(report.identifier, report);
        if (lost_answers > 0 && lost_answers-- > 0)
            co_return Error{ErrorCode::provider_unavailable, "No answer."};
        co_return Result<void>{};
    }
    Task<Result<Decimal>> counted(provider::Ref, provider::Ref, Instant, Instant) override {
        co_return Error{ErrorCode::not_found, "Nothing here asks."};
    }
    Task<Result<provider::Ref>> add_invoice_item(provider::IntentId intent,
                                                 provider::NewInvoiceItem item) override {
        ++calls;
        if (refuses) co_return Error{ErrorCode::provider_rejected, "This invoice is no draft."};
        items.emplace(intent.value, item);
        if (lost_answers > 0 && lost_answers-- > 0)
            co_return Error{ErrorCode::provider_unavailable, "No answer."};
        co_return provider::Ref{"ii_" + std::to_string(items.size())};
    }

    // What the provider's meter says of a customer.
    std::string total(const std::string& event_name) const {
        Decimal sum;
        for (const auto& [identifier, report] : reports) {
            if (report.event_name == event_name) sum = sum.plus(report.quantity).value();
        }
        return sum.to_string();
    }

    std::map<std::string, provider::NewMeter> meters;
    std::map<std::string, provider::NewUsagePrice> prices;
    std::map<std::string, provider::UsageReport> reports;
    std::map<std::string, provider::NewInvoiceItem> items;
    int calls = 0, lost_answers = 0;
    bool refuses = false, with_meters = true;
};

class ProviderUsage : public testing::Test, public TestUsage {
protected:
    ProviderUsage() {
        subscribe(ann, start - days(2), start + days(28));
        database_.run(
            "insert into paydesk.customers (account_id, provider, provider_customer_id) values "
            "($1, 'stripe', 'cus_1')",
            {ann.value});
        database_.script(R"(
            update paydesk.plans set usage = '{
                "api_calls": {"model": "per_unit", "included": "1000", "per": "1", "flat": "0", "limit": "hard",
                              "tiers": [{"up_to": null, "price": "1", "flat": "0"}]},
                "seats": {"model": "per_unit", "included": "0", "per": "1", "flat": "0", "limit": "hard",
                          "tiers": [{"up_to": null, "price": "250", "flat": "0"}]}}' where plan_key = 'pro';)");
    }
    ~ProviderUsage() override { expect_sound(); }

    void draft(Instant period_end, Instant made_at, const char* status = "draft") {
        database_.run(R"(
            insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, provider_subscription_id,
                status, currency, amount_due, amount_paid, billing_reason, period_start, period_end, provider_stamp, created_at)
            values ($1, md5('in_1')::uuid, 'stripe', 'in_1', 'sub_1', $4, 'usd', 0, 0, 'subscription_cycle', $2::timestamptz - interval '1 day',
                    $2, $3, $3)
            on conflict (account_id, provider, provider_invoice_id) do update set status = excluded.status)",
                      {ann.value, db::param(period_end), db::param(made_at), status});
    }

    // What the tests' database says, as plans.toml.
    static catalog::Catalogue catalogue(const std::string& price = "0.01") {
        const auto plans = catalog::parse_plans(R"(
            [[meter]]
            key = "api_calls"
            name = "API calls"
            charge = "meter"
            [[meter]]
            key = "seats"
            name = "Seats"
            aggregation = "max"
            charge = "invoice_item"
            [[plan]]
            key = "free"
            name = "Free"
            [[plan]]
            key = "pro"
            name = "Pro"
            prices = { monthly = "29.00", yearly = "290.00" }
            [plan.usage.api_calls]
            included = 1000
            price = ")" + price + R"("
            [plan.usage.seats]
            price = "2.50")",
                                                "plans.toml");
        return plans.value();
    }

    ScriptedMetering stripe_;
};

// `plans sync` did nothing for meters where plans were in sync already.
TEST_F(ProviderUsage, ASyncLooksAtMetersByThemselves) {
    play([&](Play& play) -> Task<> {
        const auto compare = [&](const std::string& price) -> Task<std::string> {
            catalog::SyncPlan plan;
            EXPECT_TRUE(co_await compare_meters(play.db, stripe_, catalogue(price), plan));
            std::string text;
            for (const auto& change : plan.at_provider) text += change + " | ";
            for (const auto& change : plan.here) text += "| " + change;
            co_return text;
        };
        const char* all = "paydesk_api_calls | pro_monthly.api_calls | pro_yearly.api_calls | ";
        EXPECT_EQ(co_await compare("0.01"), all);
        EXPECT_EQ((co_await sync_meters(play.db, stripe_, catalogue())).value(), 1U);
        EXPECT_EQ(co_await compare("0.01"), "");
        EXPECT_EQ(co_await compare("0.02"), "pro_monthly.api_calls | pro_yearly.api_calls | ");
        // A database that was lost finds what the provider has.
        database_.script(
            "update paydesk.usage_prices set is_active = false;"
            "update paydesk.meters set event_name = null");
        EXPECT_EQ(co_await compare("0.01"), "| charge api_calls by the meter that is there");
        EXPECT_EQ((co_await sync_meters(play.db, stripe_, catalogue())).value(), 1U);
        EXPECT_EQ(co_await compare("0.01"), "");

        catalog::Catalogue free = catalogue();
        for (auto& plan : free.plans) plan.usage.clear();
        catalog::SyncPlan plan;
        EXPECT_TRUE(co_await compare_meters(play.db, stripe_, free, plan));
        EXPECT_EQ(plan.here.size(), 2U);
        EXPECT_EQ((co_await sync_meters(play.db, stripe_, free)).value(), 1U);
    });
    EXPECT_EQ(one("select count(*) from paydesk.usage_prices where is_active"), "0");
    EXPECT_EQ(stripe_.prices.at("pro_yearly.api_calls").interval, "year");
    ASSERT_EQ(stripe_.prices.at("pro_yearly.api_calls").tiers.size(), 2U);
    EXPECT_EQ(stripe_.prices.at("pro_yearly.api_calls").tiers[0].up_to, 1000);
}

TEST_F(ProviderUsage, AnHourIsReportedOnceItIsOverAndWhatComesLaterIsTheDifference) {
    play([&](Play& play) -> Task<> {
        EXPECT_EQ((co_await sync_meters(play.db, stripe_, catalogue())).value(), 1U);
        EXPECT_EQ(stripe_.meters.at("paydesk_api_calls").name, "API calls");
        co_await play.record({event(ann, "api_calls", "a", "10"),
                              event(ann, "api_calls", "b", "0.5"), event(ann, "seats", "c", "3"),
                              event(bob, "api_calls", "a", "7")});
        auto result = co_await report_usage(play.db, stripe_, start + minutes(10));
        EXPECT_EQ(result.sent, 0U);  // the hour is not over
        clock_.advance(hours(1));
        result = co_await report_usage(play.db, stripe_, clock_.now());
        EXPECT_EQ(result.sent, 1U);
        const auto& report = stripe_.reports.begin()->second;
        EXPECT_EQ(report.customer.value, "cus_1");
        EXPECT_EQ(report.quantity.to_string(), "10.5");
        EXPECT_EQ(to_iso8601(report.at), "2026-11-18T11:00:00Z");
        EXPECT_EQ((co_await report_usage(play.db, stripe_, clock_.now())).sent, 0U);

        // Late, and a correction, in the same hour.
        co_await play.record(
            {event(ann, "api_calls", "late", "5"), event(ann, "api_calls", "fix", "-2")});
        EXPECT_EQ((co_await report_usage(play.db, stripe_, clock_.now())).sent, 1U);
    });
    EXPECT_EQ(stripe_.total("paydesk_api_calls"), "13.5");
    EXPECT_EQ(
        one("select string_agg(status || ' ' || trim_scale(quantity), ', ' order by sequence) from "
            "paydesk.usage_reports"),
        "sent 10.5, sent 3");
}

TEST_F(ProviderUsage, ALostAnswerReportsTheSameAgainAndCountsOnce) {
    play([&](Play& play) -> Task<> {
        EXPECT_TRUE((co_await sync_meters(play.db, stripe_, catalogue())));
        co_await play.record({event(ann, "api_calls", "a", "10")});
        clock_.advance(hours(2));
        stripe_.lost_answers = 1;
        auto result = co_await report_usage(play.db, stripe_, clock_.now());
        EXPECT_EQ(result.left, 1U);
        // What is used in the meantime in that hour is another report.
        co_await play.record({event(ann, "api_calls", "b", "1")});
        result = co_await report_usage(play.db, stripe_, clock_.now());
        EXPECT_EQ(result.sent, 2U);
        EXPECT_EQ(stripe_.calls, 3);
        stripe_.refuses = true;
        co_await play.record({event(ann, "api_calls", "c", "1", start + hours(1))});
        result = co_await report_usage(play.db, stripe_, clock_.now());
        EXPECT_EQ(result.refused, 1U);
        EXPECT_EQ((co_await report_usage(play.db, stripe_, clock_.now())).left, 0U);
    });
    EXPECT_EQ(stripe_.total("paydesk_api_calls"), "11");
    EXPECT_EQ(
        one("select string_agg(status, ' ' order by hour, sequence) from paydesk.usage_reports"),
        "sent sent refused");
    EXPECT_EQ(
        one("select count(*) from paydesk.usage_reports where error like 'No such customer%'"),
        "1");
}

TEST_F(ProviderUsage, WhatEndsWithItsPeriodIsReportedAtItsEnd) {
    database_.run("update paydesk.subscriptions set status = 'canceled', ended_at = $1",
                  {db::param(start + minutes(5))});
    play([&](Play& play) -> Task<> {
        EXPECT_TRUE((co_await sync_meters(play.db, stripe_, catalogue())));
        co_await play.record({event(ann, "api_calls", "a", "10"),
                              event(ann, "api_calls", "free", "1", start + minutes(6))});
        EXPECT_EQ((co_await report_usage(play.db, stripe_, start + minutes(10))).sent, 1U);
    });
    EXPECT_EQ(stripe_.total("paydesk_api_calls"), "10");
}

TEST_F(ProviderUsage, ARenewalsDraftGetsALineForEachMetricOnce) {
    database_.script(
        "update paydesk.meters set charge = 'invoice_item' where metric in ('api_calls', 'seats')");
    const Instant period_end = start + days(28);
    play([&](Play& play) -> Task<> {
        const auto charge = [&]() -> Task<ChargeResult> {
            const auto metrics = co_await play.usage.metrics.fresh();
            co_return co_await charge_usage(play.db, stripe_, metrics, clock_.now());
        };
        co_await play.record({event(ann, "api_calls", "a", "5000"), event(ann, "seats", "b", "3")});
        EXPECT_EQ((co_await charge()).made, 0U);
        clock_.set(period_end + minutes(1));
        subscribe(ann, period_end, period_end + days(30));
        draft(period_end, clock_.now());
        EXPECT_EQ((co_await charge()).made, 0U);  // its last events may still come
        clock_.advance(charge_after);
        stripe_.lost_answers = 1;
        EXPECT_EQ((co_await charge()).left, 2U);
        EXPECT_EQ((co_await charge()).charged, 2U);
        EXPECT_EQ((co_await charge()).charged, 0U);
        // Its line is made, the invoice is a draft yet: too late for both. What no line was made of is not.
        const auto is_late = [&](const char* metric, const char* key) -> Task<bool> {
            co_return (
                co_await play.record({event(ann, metric, key, "1", period_end - hours(1))}))[0]
                .is_late;
        };
        EXPECT_TRUE(co_await is_late("api_calls", "between"));
        EXPECT_FALSE(co_await is_late("logins", "login"));
        draft(period_end, clock_.now(), "open");
        EXPECT_TRUE(co_await is_late("api_calls", "late"));
        EXPECT_TRUE(co_await is_late("logins", "last login"));
        EXPECT_EQ((co_await charge()).made, 0U);
    });
    EXPECT_EQ(one("select late_events from paydesk.usage_totals where metric = 'api_calls'"), "2");
    EXPECT_EQ(stripe_.items.size(), 2U);
    for (const auto& [intent, item] : stripe_.items) {
        const bool calls = intent.find("api_calls") != std::string::npos;
        EXPECT_EQ(item.amount.minor_units(), calls ? 4000 : 750) << intent;
        EXPECT_EQ(item.description, calls ? "API calls: 5000" : "Seats: 3");
        EXPECT_EQ(item.invoice.value, "in_1");
        EXPECT_EQ(item.customer.value, "cus_1");
    }
    EXPECT_EQ(one("select string_agg(status || ' ' || amount, ', ' order by metric) from "
                  "paydesk.usage_charges"),
              "charged 4000, charged 750");
}

TEST_F(ProviderUsage, WhatIsUsedInATrialIsFree) {
    database_.script(
        "update paydesk.meters set charge = 'invoice_item' where metric = 'api_calls'; update "
        "paydesk.subscriptions "
        "set trial_start = current_period_start, trial_end = current_period_end");
    const Instant period_end = start + days(28);
    play([&](Play& play) -> Task<> {
        co_await play.record({event(ann, "api_calls", "a", "5000")});
        clock_.set(period_end + minutes(1));
        subscribe(ann, period_end, period_end + days(30));
        draft(period_end, clock_.now());
        clock_.advance(charge_after);
        const auto metrics = co_await play.usage.metrics.fresh();
        EXPECT_EQ((co_await charge_usage(play.db, stripe_, metrics, clock_.now())).made, 1U);
    });
    EXPECT_TRUE(stripe_.items.empty());
    EXPECT_EQ(one("select status || ' ' || amount from paydesk.usage_charges"), "charged 0");
}

// More of them than are looked at in one go: subscriptions in a currency that plans.toml has no prices in.
TEST_F(ProviderUsage, WhatCannotBeRatedHoldsUpNobodyElse) {
    constexpr int others = 210;
    database_.script("update paydesk.meters set charge = 'invoice_item' where metric = 'seats'");
    const Instant period_end = start + days(28);
    const auto other = [](int i) {
        return AccountId{"0198a000-0000-7000-8000-0000000" + std::to_string(10'000 + i)};
    };
    play([&](Play& play) -> Task<> {
        std::vector<Event> events{event(ann, "seats", "a", "3")};
        for (int i = 0; i < others; ++i) {
            subscribe(other(i), start - days(2), period_end, "pro",
                      "sub_" + std::to_string(i + 100));
            events.push_back(event(other(i), "seats", "a", "3"));
        }
        co_await play.record(std::move(events));
        clock_.set(period_end + minutes(1));
        draft(period_end, clock_.now());
        database_.run(R"(
            insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, provider_subscription_id, status,
                currency, amount_due, amount_paid, billing_reason, period_start, period_end, provider_stamp, created_at)
            select p.account_id, md5(p.account_id::text)::uuid, 'stripe', 'in_of_' || p.provider_subscription_id,
                   p.provider_subscription_id, 'draft', 'eur', 0, 0, 'subscription_cycle', p.starts_at, p.ends_at,
                   $2, $2
            from paydesk.usage_periods p where p.account_id <> $1)",
                      {ann.value, db::param(period_end - hours(1))});
        clock_.advance(charge_after);
        const auto metrics = co_await play.usage.metrics.fresh();
        EXPECT_EQ((co_await charge_usage(play.db, stripe_, metrics, clock_.now())).charged, 1U);
    });
    EXPECT_EQ(one("select string_agg(provider_invoice_id, ' ') from paydesk.usage_charges"),
              "in_1");
}

// An event whose counting began before its period was rated, and is done after: it is flagged.
TEST_F(ProviderUsage, WhatIsCountedWhileItsPeriodIsRatedIsOnTheInvoiceOrLate) {
    database_.script(
        "update paydesk.meters set charge = 'invoice_item' where metric = 'api_calls'");
    const Instant period_end = start + days(28);
    play([&](Play& play) -> Task<> {
        co_await play.record({event(ann, "api_calls", "first", "2000")});
        clock_.set(period_end + minutes(1));
        subscribe(ann, period_end, period_end + days(30));
        draft(period_end, clock_.now());
        clock_.advance(charge_after);
        const auto metrics = co_await play.usage.metrics.fresh();
        int counted = 0;
        bool is_over = false;
        // Events come without a pause while the charge is made.
        co_await play.together(5, [&](int worker) -> Task<> {
            if (worker == 0) {
                co_await sleep_for(play.io, std::chrono::milliseconds(20));
                ChargeResult result;
                while (result.made == 0)
                    result = co_await charge_usage(play.db, stripe_, metrics, clock_.now());
                co_await sleep_for(play.io, std::chrono::milliseconds(20));
                is_over = true;
            }
            while (!is_over) {
                const std::string key = std::to_string(worker) + "-" + std::to_string(counted);
                co_await play.record({event(ann, "api_calls", key, "1", period_end - hours(1))});
                ++counted;
            }
        });
        EXPECT_GT(counted, 10);
    });
    // What is on the invoice and what is late are all there is.
    EXPECT_EQ(one(R"(select t.quantity = c.quantity + t.late_events from paydesk.usage_totals t
        join paydesk.usage_charges c using (account_id, metric, period_start))"),
              "true");
    EXPECT_NE(one("select late_events from paydesk.usage_totals where metric = 'api_calls'"), "0");
}

}  // namespace
}  // namespace paydesk::usage
