#include "transfer/import_usage.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "db/test_database.h"
#include "usage/report_store.h"

namespace paydesk::transfer {
namespace {

using std::chrono::days;
using std::chrono::hours;

const std::string lin = "0190ada0-0000-7000-8000-0000000000a1";
constexpr Instant now = from_unix(1'795'000'000);  // 2026-11-18T11:06:40Z

usage::Metric metric(const char* key, catalog::Aggregation aggregation,
                     catalog::UsageCharge charge) {
    return {.key = key, .name = key, .unit = {}, .aggregation = aggregation, .charge = charge};
}

UsageRules rules() {
    using enum catalog::Aggregation;
    auto metrics = std::make_shared<usage::Metrics>();
    for (const auto& one : {metric("calls", sum, catalog::UsageCharge::meter),
                            metric("seats", max, catalog::UsageCharge::invoice_item),
                            metric("projects", last, catalog::UsageCharge::none),
                            metric("people", unique, catalog::UsageCharge::none)})
        metrics->metrics.emplace(one.key, one);
    metrics->reported = {"calls"};
    metrics->last = {"projects"};
    metrics->plans.emplace("pro", usage::UsagePlan{.key = "pro",
                                                   .name = "Pro",
                                                   .is_free = true,
                                                   .limits = {{"calls", 100}},
                                                   .prices = {}});
    return {.metrics = metrics, .now = now, .keep = days(90)};
}

SourceRow row(const std::string& id, const std::string& metric_name, const std::string& quantity,
              Instant at = now - hours(1), bool reported = false) {
    return {
        .table = "usage_records",
        .id = id,
        .sort = "usage",
        .account = lin,
        .object = json::serialize(json::object{{"metric", metric_name},
                                               {"quantity", quantity},
                                               {"at_us", at.time_since_epoch().count()},
                                               {"reported", reported},
                                               {"metadata", json::object{{"model", "gpt-4"}}}}
          ),
        .skip = {}
    };
}

struct RowCase {
    const char* name;
    SourceRow row;
    const char* why;
};

TEST(ImportUsage, WhatCannotBeCountedSaysWhy) {
    SourceRow broken = row("1", "calls", "1");
    broken.object = "{";
    SourceRow undated = row("1", "calls", "1");
    undated.object = R"({"metric":"calls","quantity":"1","at_us":null})";
    const RowCase cases[] = {
        {"not JSON", broken, "it can't be read"},
        {"no time", undated, "it can't be read"},
        {"no meter", row("1", "cals", "1"), "no [[meter]] of plans.toml counts cals"},
        {"distinct values", row("1", "people", "1"),
         "its metric counts distinct values, and the table has none"},
        {"not a number", row("1", "calls", "NaN"), "its quantity is no number that can be counted"},
        {"too much", row("1", "calls", "1000000000000001"),
         "its quantity is no number that can be counted"},
        {"nothing", row("1", "calls", "0"), "its quantity is nothing that its metric counts"},
        {"less than nothing", row("1", "seats", "-1"),
         "its quantity is nothing that its metric counts"},
        {"tomorrow", row("1", "calls", "1", now + days(1)), "its time lies ahead"},
        {"its key may be gone", row("1", "calls", "1", now - days(91)),
         "it is older than 90 days (PAYDESK_USAGE_KEEP_DAYS)"},
        {"charged by Stripe", row("1", "seats", "1", now - hours(1), true),
         "it was reported to Stripe, which charges it: invoice_item would again"},
        {"a correction", row("1", "calls", "-1"), ""},
        {"a level of nothing", row("1", "projects", "0"), ""},
        {"just young enough", row("1", "calls", "1", now - days(90)), ""},
    };
    for (const RowCase& one : cases) {
        SCOPED_TRACE(one.name);
        const UsageRow read = read_usage_row(one.row, rules());
        EXPECT_EQ(read.why, one.why);
        EXPECT_EQ(read.event.has_value(), read.why.empty());
    }
    const UsageRow read = read_usage_row(row("7", "calls", "2.5"), rules());
    EXPECT_EQ(read.event->key, "import/usage_records/7");
    EXPECT_EQ(read.event->quantity.to_string(), "2.5");
    EXPECT_EQ(read.event->metadata, R"({"model":"gpt-4"})");
}

class ImportUsageDatabase : public testing::Test {
protected:
    ImportUsageDatabase() {
        database_.script(R"(
            insert into paydesk.meters (metric, name, aggregation, charge, event_name) values
                ('calls', 'Calls', 'sum', 'meter', 'paydesk_calls');
            insert into paydesk.customers (account_id, provider, provider_customer_id)
            values ('0190ada0-0000-7000-8000-0000000000a1', 'stripe', 'cus_1');)");
        database_.run(R"(
            insert into paydesk.usage_periods (account_id, starts_at, subscription_id, ends_at, provider,
                provider_subscription_id, plan_key, renews)
            values ($1, $2, $1, $2::timestamptz + interval '30 days', 'stripe', 'sub_1', 'pro', true))",
                      {lin, db::param(now - days(5))});
    }
    std::string one(const std::string& sql) const {
        return std::string(database_.run("select (" + sql + ")::text as one").text(0, "one"));
    }

    db::TestDatabase database_;
};

// Counted once; what the former code told Stripe is not told again; nobody is told of a limit.
TEST_F(ImportUsageDatabase, CountsOnceAndReportsOnlyTheRest) {
    std::vector<usage::Outcome> first, again;
    std::string pending;
    run_to_end([&](asio::io_context& io) -> Task<> {
        db::Database db(io, {.url = database_.server_url()});
        co_await db.ready(std::chrono::seconds(10));
        const auto import = [&]() -> Task<std::vector<usage::Outcome>> {
            co_return co_await db.transaction([&](db::Tx& tx) -> Task<std::vector<usage::Outcome>> {
                std::vector<UsageRow> rows;
                for (const auto& each : {row("1", "calls", "40", now - hours(3), true),
                                         row("2", "calls", "50", now - hours(3), true),
                                         row("3", "calls", "7.5", now - hours(3)),
                                         row("4", "calls", "3", now - days(40))})
                    rows.push_back(read_usage_row(each, rules()));
                co_return co_await count_usage(tx, std::move(rows), rules());
            });
        };
        first = co_await import();
        again = co_await import();
        (void)co_await usage::report_store::make(db, now, now, 100);
        for (const auto& report : co_await usage::report_store::pending(db, 10))
            pending += report.quantity.to_string() + " ";
        db.stop();
    });
    EXPECT_EQ(first, std::vector(4, usage::Outcome::recorded));
    EXPECT_EQ(again, std::vector(4, usage::Outcome::duplicate));
    EXPECT_EQ(one("select string_agg(trim_scale(quantity)::text, ' ' order by period_start) from "
                  "paydesk.usage_totals"),
              "3 97.5");
    EXPECT_EQ(pending, "7.5 ");
    EXPECT_EQ(
        one("select string_agg(status || ' ' || trim_scale(quantity), ', ' order by sequence) "
            "from paydesk.usage_reports"),
        "elsewhere 90, pending 7.5");
    EXPECT_EQ(one("select max(notified_percent) from paydesk.usage_totals"), "80");
    EXPECT_EQ(one("select count(*) from paydesk.notifications"), "0");
}

}  // namespace
}  // namespace paydesk::transfer
