#pragma once
// What the provider tells of one buyer, and what becomes of the credits: what both test files about it share. Only tests
// include it.

#include <gtest/gtest.h>

#include <algorithm>

#include "billing/apply_change.h"
#include "billing/customer_store.h"
#include "credits/due_job.h"
#include "credits/facts.h"
#include "credits/spending.h"
#include "db/test_database.h"

namespace paydesk::billing {

using namespace std::chrono_literals;
using provider::ObjectKind;
using std::chrono::days;

inline const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
// Midnight of a May 1, so that months are easy to follow.
inline const Instant may = *parse_iso8601("2026-05-01T00:00:00Z");

inline Instant month(int n) { return credits::add_months(may, n); }

class TestApplyCredits : public testing::Test {
protected:
    void SetUp() override {
        database_.script(R"(
            insert into paydesk.accounts (account_id) values ('0198a000-0000-7000-8000-000000000001');
            insert into paydesk.plans (plan_key, name, kind, plan_family, credits_per_month, credits, purchasable, rank)
                values ('free', 'Free', 'plan', 'main', 100, 0, false, 0),
                       ('pro', 'Pro', 'plan', 'main', 2500, 0, true, 1),
                       ('business', 'Business', 'plan', 'main', 5000, 0, true, 2),
                       ('credits_1000', 'Credit top-up', 'top_up', 'top_up', 0, 1000, true, 0);
            insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider,
                provider_price_id)
            values ('pro', 'monthly', 'usd', 4900, 'stripe', 'price_pro'),
                   ('pro', 'yearly', 'usd', 49000, 'stripe', 'price_pro_year'),
                   ('business', 'monthly', 'usd', 9900, 'stripe', 'price_business'),
                   ('credits_1000', 'one_time', 'usd', 2000, 'stripe', 'price_top_up');
            insert into paydesk.checkouts (account_id, id, plan_key, plan_family, billing_cycle, mode, quantity)
            select '0198a000-0000-7000-8000-000000000001', id::uuid, 'credits_1000', 'top_up', 'one_time', 'payment', quantity
            from (values ('0198a000-0000-7000-8000-0000000000c1', 1)) c (id, quantity);
            update paydesk.checkouts set status = 'abandoned';
            insert into paydesk.checkouts (account_id, id, plan_key, plan_family, billing_cycle, mode, quantity, status)
            values ('0198a000-0000-7000-8000-000000000001', '0198a000-0000-7000-8000-0000000000c2',
                    'credits_1000', 'top_up', 'one_time', 'payment', 3, 'abandoned');)");
    }

    void play(std::function<Task<>()> body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database_.server_url()});
            co_await db.ready(10s);
            credits::Spending spending(io, db, clock_);
            db_ = &db;
            spending_ = &spending;
            co_await db.transaction([&](db::Tx& tx) -> Task<> {
                co_await customer_store::record(
                    tx,
                    {.account = ann, .provider = provider::Name::stripe, .customer = {"cus_1"}});
            });
            co_await body();
            db.stop();
        });
    }

    // ---- what the provider tells ----

    ToApply event(ObjectKind kind, std::string object, provider::Fact fact) {
        ++events_;
        return {
            .change = {.provider = provider::Name::stripe,
                       .event_id = "evt_" + std::to_string(events_),
                       .event_type = "test.updated",
                       .api_version = "",
                       .occurred_at = std::chrono::floor<std::chrono::seconds>(clock_.now()),
                       .kind = kind,
                       .object = {std::move(object)},
                       .fact = std::move(fact)}
        };
    }
    static provider::InvoiceLine line(std::string price, std::int64_t amount, Instant from,
                                      Instant to, bool proration = false) {
        return {.description = "a line",
                .amount = Money(amount, Currency::usd()),
                .quantity = 1,
                .price = provider::Ref{std::move(price)},
                .period_start = from,
                .period_end = to,
                .proration = proration};
    }
    ToApply paid(std::string id, std::vector<provider::InvoiceLine> lines) {
        const Money amount(4'900, Currency::usd());
        provider::InvoiceSnapshot invoice{.invoice = provider::Ref{id},
                                          .customer = {"cus_1"},
                                          .subscription = provider::Ref{"sub_1"},
                                          .account = {},
                                          .status = provider::InvoiceStatus::paid,
                                          .amount_due = amount,
                                          .amount_paid = amount,
                                          .amount_remaining = Money(0, Currency::usd()),
                                          .subtotal = amount,
                                          .total = amount,
                                          .number = {},
                                          .billing_reason = {},
                                          .hosted_invoice_url = {},
                                          .invoice_pdf = {},
                                          .lines = std::move(lines),
                                          .period_start = {},
                                          .period_end = {},
                                          .paid_at = {},
                                          .due_date = {},
                                          .next_payment_attempt = {},
                                          .payment = {},
                                          .created_at = clock_.now()};
        return event(ObjectKind::invoice, id, std::move(invoice));
    }
    ToApply paid_month(std::string id, const char* price, int n) {
        return paid(std::move(id), {line(price, 4'900, month(n), month(n + 1))});
    }
    // A subscription as it begins, and its plan's item.
    ToApply begun(std::string id, std::string price) {
        provider::SubscriptionSnapshot snapshot{};
        snapshot.subscription = {id};
        snapshot.customer = {"cus_1"};
        snapshot.status = provider::SubscriptionStatus::active;
        snapshot.created_at = clock_.now();
        snapshot.items.push_back({.item = {"si_" + id},
                                  .price = {std::move(price)},
                                  .product = {},
                                  .lookup_key = {},
                                  .quantity = 1,
                                  .period_start = clock_.now(),
                                  .period_end = clock_.now() + days(30)});
        return event(ObjectKind::subscription, id, std::move(snapshot));
    }
    ToApply ended(std::string id, std::string price) {
        auto change = begun(std::move(id), std::move(price));
        auto& snapshot = std::get<provider::SubscriptionSnapshot>(change.change.fact);
        snapshot.status = provider::SubscriptionStatus::canceled;
        snapshot.ended_at = clock_.now();
        return change;
    }
    ToApply of(std::string subscription, ToApply invoice) {
        std::get<provider::InvoiceSnapshot>(invoice.change.fact).subscription =
            provider::Ref{std::move(subscription)};
        return invoice;
    }
    ToApply ended() {
        provider::SubscriptionSnapshot snapshot{};
        snapshot.subscription = {"sub_1"};
        snapshot.customer = {"cus_1"};
        snapshot.status = provider::SubscriptionStatus::canceled;
        snapshot.created_at = may;
        snapshot.ended_at = clock_.now();
        return event(ObjectKind::subscription, "sub_1", std::move(snapshot));
    }
    ToApply topped_up(std::string checkout = "cs_1", std::string ours = "c1",
                      std::string payment_status = "paid") {
        provider::CheckoutSnapshot snapshot{};
        snapshot.checkout = {checkout};
        snapshot.customer = provider::Ref{"cus_1"};
        snapshot.mode = "payment";
        snapshot.status = "complete";
        snapshot.payment_status = std::move(payment_status);
        snapshot.total = Money(2'000, Currency::usd());
        snapshot.intent_id = "0198a000-0000-7000-8000-0000000000" + ours;
        snapshot.plan_key = "enterprise";  // metadata: not believed
        snapshot.created_at = clock_.now();
        return event(ObjectKind::checkout, std::move(checkout), std::move(snapshot));
    }
    // A charge of the payment pi_1, and how much of it has gone back.
    ToApply charged(std::int64_t amount, std::int64_t refunded) {
        const Currency usd = Currency::usd();
        return event(ObjectKind::charge, "ch_1",
                     provider::ChargeSnapshot{.charge = {"ch_1"},
                                              .payment = provider::Ref{"pi_1"},
                                              .customer = provider::Ref{"cus_1"},
                                              .invoice = {},
                                              .account = {},
                                              .status = provider::ChargeStatus::succeeded,
                                              .amount = Money(amount, usd),
                                              .amount_refunded = Money(refunded, usd),
                                              .failure_code = {},
                                              .failure_message = {},
                                              .receipt_url = {},
                                              .description = {},
                                              .created_at = clock_.now()});
    }
    Task<> apply(std::vector<ToApply> changes) {
        co_await db_->transaction(
            [&](db::Tx& tx) -> Task<> { (void)co_await apply_changes(tx, changes, clock_.now()); });
    }
    Task<> apply(ToApply change) { return apply(std::vector<ToApply>{std::move(change)}); }

    // ---- what a person does and sees ----

    Task<bool> use(std::int64_t amount) {
        const auto answer = co_await spending_->run({
            .account = ann, .what = credits::ConsumeRequest{amount, "AI Chat - GPT-4"}
        });
        co_return !answer.refusal;
    }
    Task<std::int64_t> balance() {
        co_await spending_->run({.account = ann, .what = credits::LookRequest{}});
        const auto rows = database_.run(
            "select coalesce(sum(remaining), 0)::bigint as balance from paydesk.credit_grants");
        co_return rows.integer(0, "balance");
    }
    std::string one(const std::string& sql) {
        const auto rows = database_.run("select (" + sql + ")::text as one");
        return std::string(rows.text(0, "one"));
    }

    db::TestDatabase database_;
    ManualClock clock_{may};
    db::Database* db_ = nullptr;
    credits::Spending* spending_ = nullptr;
    int events_ = 0;
};

}  // namespace paydesk::billing
