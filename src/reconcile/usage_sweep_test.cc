// What was used, what the provider's meters were told, and what they say they counted.
#include <gtest/gtest.h>

#include "reconcile/reconciler.h"
#include "webhook/test_webhook.h"

namespace paydesk::reconcile {
namespace {

// Counts what `counts` says.
class CountingMeters final : public provider::Metering {
public:
    provider::Name name() const override { return provider::Name::stripe; }
    bool has_meters() const override { return true; }
    Task<Result<Decimal>> counted(provider::Ref meter, provider::Ref customer, Instant from,
                                  Instant until) override {
        EXPECT_EQ(std::chrono::floor<std::chrono::minutes>(from), from);
        EXPECT_LT(from, until);
        ++calls;
        if (refusal) co_return *refusal;
        const auto found = counts.find(meter.value + " " + customer.value);
        if (found == counts.end()) co_return Error{ErrorCode::not_found, "No such meter."};
        co_return Decimal::parse(found->second).value();
    }
    Task<Result<provider::SyncedMeter>> sync_meter(provider::NewMeter,
                                                   std::vector<provider::NewUsagePrice>) override {
        co_return unasked();
    }
    Task<Result<provider::CatalogDifference>> compare_meter(
        provider::NewMeter, std::vector<provider::NewUsagePrice>) override {
        co_return unasked();
    }
    Task<Result<void>> report_usage(provider::UsageReport) override { co_return unasked(); }
    Task<Result<provider::Ref>> add_invoice_item(provider::IntentId,
                                                 provider::NewInvoiceItem) override {
        co_return unasked();
    }

    std::map<std::string, std::string> counts;
    std::optional<Error> refusal;
    int calls = 0;

private:
    static Error unasked() {
        ADD_FAILURE() << "a comparison only asks what was counted";
        return {ErrorCode::provider_rejected, "Not asked for."};
    }
};

class NothingListed final : public provider::Listing {
public:
    provider::Name name() const override { return provider::Name::stripe; }
    bool follows(std::string_view) const override { return false; }
    std::chrono::days events_kept() const override { return std::chrono::days(30); }
    Task<Result<provider::EventPage>> list_events(provider::EventQuery) override {
        co_return provider::EventPage{};
    }
    Task<Result<provider::ObjectPage>> list_objects(provider::ObjectQuery) override {
        co_return provider::ObjectPage{};
    }
};

class ReconcileUsage : public testing::Test {
protected:
    // Buyer 1 has used 12.5 calls in an hour of yesterday, and reported them.
    ReconcileUsage() {
        world_.add_buyers(1, 2);
        world_.database().script(R"(
            insert into paydesk.meters (metric, name, aggregation, charge, event_name, provider_meter_id) values
                ('api_calls', 'API calls', 'sum', 'meter', 'paydesk_api_calls', 'mtr_1'),
                ('seats', 'Seats', 'max', 'invoice_item', null, null);)");
        hour(1, "api_calls", "12.5", true);
        report(1, "12.5", "sent");
        counted(1) = "12.5";
    }

    std::string& counted(int buyer) {
        return meters_.counts["mtr_1 " +
                              world_.one("select provider_customer_id from paydesk.customers where "
                                         "account_id::text = $1",
                                         {webhook::account_id(buyer)})];
    }
    Instant yesterday() {
        return std::chrono::floor<std::chrono::hours>(world_.clock().now() -
                                                      std::chrono::hours(24));
    }
    void hour(int buyer, const std::string& metric, const std::string& quantity, bool reported) {
        const std::string account = webhook::account_id(buyer);
        const Instant start = yesterday() - std::chrono::days(5);
        world_.database().run(R"(
            insert into paydesk.usage_periods (account_id, starts_at, subscription_id, ends_at, provider,
                provider_subscription_id, plan_key, renews)
            values ($1, $2, $1, $2::timestamptz + interval '30 days', 'stripe', 'sub_1', 'pro', true)
            on conflict do nothing)",
                              {account, db::param(start)});
        world_.database().run(R"(
            insert into paydesk.usage_hours (account_id, metric, hour, period_start, events, quantity, maximum,
                is_reported) values ($1, $2, $3, $4, 1, $5::text::numeric, $5::text::numeric, $6))",
                              {account, metric, db::param(yesterday()), db::param(start), quantity,
                               db::param(reported)});
    }
    void report(int buyer, const std::string& quantity, const std::string& status,
                std::chrono::minutes age = std::chrono::hours(23)) {
        world_.database().run(R"(
            insert into paydesk.usage_reports (account_id, metric, hour, period_start, sequence, provider, identifier,
                quantity, occurred_at, status, created_at, sent_at, error)
            select $1, 'api_calls', $2, $2::timestamptz - interval '5 days',
                1 + (select count(*) from paydesk.usage_reports where account_id = $1), 'stripe',
                'usage_' || (select count(*) from paydesk.usage_reports), $3::text::numeric, $2, $4, $5,
                case when $4 = 'sent' then $5::timestamptz end, case when $4 = 'refused' then 'No.' end)",
                              {webhook::account_id(buyer), db::param(yesterday()), quantity, status,
                               db::param(world_.clock().now() - age)});
    }

    reconcile::Run run(Options options = {}) {
        reconcile::Run result;
        world_.clock().advance(std::chrono::seconds(1));
        world_.play([&](db::Database& db, webhook::Processor&) -> Task<> {
            Reconciler reconciler({.db = db,
                                   .clock = world_.clock(),
                                   .listing = listing_,
                                   .applier = world_.appliers().at(provider::Name::stripe),
                                   .envelope = webhook::stripe_envelope,
                                   .on_stored = {},
                                   .metering = &meters_});
            result = co_await reconciler.usage(options);
        });
        return result;
    }
    // "api_calls differs: ..." of each finding, without the account.
    static std::string found(const reconcile::Run& run) {
        std::string text;
        for (const auto& one : run.report.findings) {
            text += text.empty() ? "" : "; ";
            text += one.id.substr(0, one.id.find('/')) + " " + std::string(to_string(one.drift)) +
                    ": " + one.note.substr(0, one.note.find(" (from"));
        }
        return text;
    }

    webhook::World world_;
    NothingListed listing_;
    CountingMeters meters_;
};

TEST_F(ReconcileUsage, WhatWasReportedAndCountedIsNoDrift) {
    const auto same = run();
    EXPECT_EQ(same.status, "complete");
    EXPECT_EQ(same.report.kinds.at("usage").checked, 1);
    EXPECT_EQ(found(same), "");
    // A summary is a binary fraction.
    counted(1) = "12.500000001";
    EXPECT_EQ(found(run()), "");
}

TEST_F(ReconcileUsage, WhatTheMeterCountedOtherwiseIsToldAndNotMended) {
    counted(1) = "10";
    for (int i = 0; i < 2; ++i) {
        const auto differs = run();
        EXPECT_EQ(found(differs), "api_calls differs: the provider counted 10, reported were 12.5");
        EXPECT_EQ(differs.report.total().repaired, 0);
    }
    meters_.counts.clear();
    EXPECT_EQ(found(run()), "api_calls differs: the provider has no such meter or customer");
    EXPECT_EQ(world_.one("select count(*) from paydesk.usage_hours where not is_reported"), "0");
}

TEST_F(ReconcileUsage, WhatWasNeverReportedIsReportedByTheNextJob) {
    hour(2, "api_calls", "3", true);  // counted before the metric was charged by a meter
    const auto looked = run({.dry_run = true});
    EXPECT_EQ(found(looked), "api_calls missing: 1 hours were not reported whole");
    EXPECT_EQ(looked.report.total().repaired, 0);
    EXPECT_EQ(world_.one("select count(*) from paydesk.usage_hours where not is_reported"), "0");
    EXPECT_EQ(run().report.total().repaired, 1);
    EXPECT_EQ(
        world_.one("select string_agg(quantity::text, ' ') from paydesk.usage_hours where not "
                   "is_reported"),
        "3");
    EXPECT_EQ(found(run()), "") << "it is on its way";
}

TEST_F(ReconcileUsage, OfAnInvoicedPeriodItIsOnlyTold) {
    hour(2, "api_calls", "3", true);
    world_.database().script("update paydesk.usage_periods set invoiced_at = now()");
    const auto told = run();
    EXPECT_EQ(found(told),
              "api_calls missing: 1 hours were not reported whole; their period is invoiced");
    EXPECT_EQ(told.report.total().repaired, 0);
    EXPECT_EQ(world_.one("select count(*) from paydesk.usage_hours where not is_reported"), "0");
}

TEST_F(ReconcileUsage, WhatIsUnderWayIsNoDriftAndWhatWasRefusedIs) {
    counted(1) = "10";
    report(1, "2", "sent", std::chrono::minutes(5));
    world_.database().script("update paydesk.usage_hours set quantity = 14.5");
    const auto young = run();
    EXPECT_EQ(found(young), "");
    EXPECT_EQ(young.report.kinds.at("usage").in_flight, 1);
    EXPECT_EQ(meters_.calls, 0);
    report(2, "7", "refused");
    hour(2, "api_calls", "7", true);
    counted(2) = "0";
    EXPECT_EQ(found(run()), "api_calls differs: 1 reports were refused");
}

TEST_F(ReconcileUsage, APeriodThatWasInvoicedWithoutItsLineIsTold) {
    world_.database().script(R"(
        insert into paydesk.plans (plan_key, name, usage) values ('pro', 'Pro', '{"seats": {"tiers": [{}], "flat": "0"}}')
        on conflict (plan_key) do update set usage = excluded.usage;
        insert into paydesk.usage_totals (account_id, metric, period_start, period_end, plan_key, events, quantity,
            maximum) select account_id, 'seats', starts_at, ends_at, 'pro', 1, 1, 1 from paydesk.usage_periods;
        update paydesk.usage_periods set invoiced_at = now();)");
    EXPECT_TRUE(found(run()).starts_with("seats missing: the invoice of the period from "));
    world_.database().script("update paydesk.usage_totals set late_events = 1");
    EXPECT_EQ(found(run()), "") << "what is late is flagged";
}

TEST_F(ReconcileUsage, AProviderThatDoesNotAnswerFailsTheRun) {
    meters_.refusal = Error{ErrorCode::provider_unavailable, "no answer"};
    const auto failed = run();
    EXPECT_EQ(failed.status, "failed");
    EXPECT_EQ(failed.error, "no answer");
    meters_.refusal.reset();
    EXPECT_EQ(run().status, "complete");
}

}  // namespace
}  // namespace paydesk::reconcile
