#pragma once
// All routes with Stripe and PayPal configured, and what a scripted PayPal tells. Only tests include it.

#include "api/test_api.h"
#include "billing/apply_change.h"
#include "billing/cancel_flow.h"
#include "billing/capture_flow.h"
#include "billing/change_flow.h"
#include "billing/poll_flow.h"
#include "billing/refund_flow.h"
#include "billing/second_subscription_flow.h"
#include "http/message.h"
#include "jobs/runner.h"
#include "usage/overage_flow.h"

namespace paydesk::api {

class TestPayPal : public TestApi {
protected:
    TestPayPal() {
        services_.flows.paypal.emplace(billing::Flow{db_, paypal_, clock_, urls_});
        auto catalogue = catalog::read_plans(PAYDESK_SOURCE_DIR "/plans.toml");
        EXPECT_TRUE(run(catalog::sync_plans(db_, paypal_, std::move(catalogue.value()), {})));
        paypal_.calls.clear();
    }

    // As webhooks bring it: each under an event of its own, in this order.
    void tell(std::vector<provider::Change> changes) {
        for (auto& change : changes) {
            change.event_id = "WH-" + std::to_string(++events_);
            if (change.kind == provider::ObjectKind::subscription ||
                change.kind == provider::ObjectKind::invoice) {
                change.event_id.clear();  // never told whole by an event: an answer
            }
        }
        run([](db::Database& db, const Clock& clock,
               std::vector<provider::Change> told) -> Task<int> {
            co_return co_await db.transaction([&](db::Tx& tx) -> Task<int> {
                std::vector<billing::ToApply> to_apply;
                for (const auto& change : told) to_apply.push_back({.change = change});
                (void)co_await billing::apply_changes(tx, std::move(to_apply), clock.now());
                co_return 0;
            });
        }(db_, clock_, std::move(changes)));
    }

    // Runs all jobs that are due, and those that that makes due.
    void run_jobs() {
        jobs::Runner runner(io_, db_, clock_);
        const auto& flows = services_.flows;
        runner.handle(billing::cancel_job_kind, billing::cancel_job(flows));
        runner.handle(billing::change_job_kind, billing::change_job(flows));
        runner.handle(billing::capture_job_kind, billing::capture_job(flows));
        runner.handle(billing::refund_job_kind, billing::refund_job(flows));
        runner.handle(billing::second_subscription_job_kind,
                      billing::second_subscription_job(flows));
        run(runner.run_due());
    }

    // Invoices what was used in the periods that are over.
    Task<usage::OverageResult> invoice_usage_as_the_job_does() {
        const usage::OverageOptions options{
            .make_invoice = billing::apply_change,
            .pay_url = [this](std::string_view invoice) -> std::optional<std::string> {
                return urls_.billing_url() + "?pay=" + http::percent_encode(invoice);
            }};
        const auto known = co_await usage_.metrics.fresh();
        co_return co_await usage::invoice_overage(db_, known, options, clock_.now());
    }
    usage::OverageResult invoice_usage() { return run(invoice_usage_as_the_job_does()); }

    // A subscription that its buyer has approved, with its first payment.
    std::string subscribe(const std::string& account, const std::string& plan_key = "pro_monthly") {
        const auto begun = post("/api/paypal/create-subscription", account,
                                {
                                    {"planId", plan_key}
        });
        EXPECT_EQ(begun.status, 200) << json::serialize(begun.body);
        const std::string id = begun.text({"subscriptionId"});
        approve_subscription(id);
        return id;
    }

    // `since`: when its first period began; now, if not given.
    void approve_subscription(const std::string& id, std::optional<Instant> since = {}) {
        const auto& input = paypal_.sold.at(id);
        const Instant start = since.value_or(from_unix(to_unix(clock_.now())));
        provider::SubscriptionSnapshot snapshot{};
        snapshot.subscription = {id};
        snapshot.customer = input.customer;
        snapshot.account = input.account;
        snapshot.status = provider::SubscriptionStatus::active;
        snapshot.period_start = start;
        snapshot.period_end = start + std::chrono::days(30);
        snapshot.items = {
            {.item = {id},
             .price = input.price,
             .product = {},
             .lookup_key = {},
             .quantity = input.quantity,
             .period_start = snapshot.period_start,
             .period_end = snapshot.period_end}
        };
        snapshot.created_at = start;
        paypal_.subscriptions.insert_or_assign(id, snapshot);
        add_sale(id, 1);
        tell_all(id);
    }

    // The payment of period `k` of a subscription.
    void add_sale(const std::string& id, int k) {
        const auto& subscription = paypal_.subscriptions.at(id);
        const provider::Ref sale{"SALE-" + id + "-" + std::to_string(k)};
        auto invoice = invoice_of(id, k);
        invoice.status = provider::InvoiceStatus::paid;
        invoice.amount_paid = invoice.amount_due;
        invoice.amount_remaining = Money::zero(invoice.amount_due.currency());
        invoice.paid_at = invoice.period_start;
        invoice.payment = sale;
        provider::ChargeSnapshot charge{.charge = sale,
                                        .payment = sale,
                                        .customer = subscription.customer,
                                        .invoice = invoice.invoice,
                                        .account = subscription.account,
                                        .status = provider::ChargeStatus::succeeded,
                                        .amount = invoice.amount_paid,
                                        .amount_refunded = invoice.amount_remaining,
                                        .failure_code = {},
                                        .failure_message = {},
                                        .receipt_url = {},
                                        .description = {},
                                        .created_at = *invoice.period_start};
        auto& sales = paypal_.sales[id];
        std::erase_if(sales,
                      [&](const auto& told) { return told.second.invoice == invoice.invoice; });
        sales.emplace_back(std::move(charge), std::move(invoice));
    }

    // What is owed for period `k`, unpaid.
    provider::InvoiceSnapshot invoice_of(const std::string& id, int k) {
        const auto& subscription = paypal_.subscriptions.at(id);
        const Money amount(4'900, Currency::usd()), nothing = Money::zero(Currency::usd());
        const Instant start =
            *subscription.items.front().period_start + (k - 1) * std::chrono::days(30);
        return {.invoice = provider::Ref{id + "/" + std::to_string(k)},
                .customer = subscription.customer,
                .subscription = subscription.subscription,
                .account = subscription.account,
                .status = provider::InvoiceStatus::open,
                .amount_due = amount,
                .amount_paid = nothing,
                .amount_remaining = amount,
                .subtotal = amount,
                .total = amount,
                .number = {},
                .billing_reason = k == 1 ? "subscription_create" : "subscription_cycle",
                .hosted_invoice_url = {},
                .invoice_pdf = {},
                .lines = {{.description = "Pro",
                           .amount = amount,
                           .quantity = 1,
                           .price = subscription.items.front().price,
                           .period_start = start,
                           .period_end = start + std::chrono::days(30)}},
                .period_start = start,
                .period_end = start + std::chrono::days(30),
                .paid_at = {},
                .due_date = {},
                .next_payment_attempt = {},
                .payment = {},
                .created_at = start};
    }

    // What an event of the subscription leads to: PayPal is asked for all of it.
    std::vector<provider::Change> answer_about(const std::string& id) {
        return run(paypal_.fetch_with_payments(provider::ObjectKind::subscription, {id}, {}))
            .value();
    }
    void tell_all(const std::string& id) { tell(answer_about(id)); }

    int events_ = 0;
};

}  // namespace paydesk::api
