#pragma once
// A month on a PayPal plan that has ended with something used: what both test files about it share. Only tests include it.

#include "api/test_paypal.h"
#include "billing/reminders.h"

namespace paydesk::api {

using std::chrono::days;
using std::chrono::hours;

class TestPayPalUsage : public TestPayPal {
protected:
    TestPayPalUsage() {
        auto plans = catalog::parse_plans(R"(
            currency = "usd"
            [[meter]]
            key = "api_calls"
            name = "API calls"
            charge = "meter"
            [[meter]]
            key = "seats"
            name = "Seats"
            aggregation = "max"
            charge = "invoice_item"
            [[meter]]
            key = "storage_gb"
            name = "Storage"
            unit = "GB"
            aggregation = "last"
            charge = "invoice_item"
            [[meter]]
            key = "gpt4_tokens"
            name = "GPT-4 tokens"
            charge = "meter"
            [[meter]]
            key = "images"
            name = "Images"
            charge = "invoice_item"
            [[meter]]
            key = "finetuning_hours"
            name = "Fine-tuning"
            charge = "invoice_item"
            [[plan]]
            key = "free"
            name = "Free"
            [[plan]]
            key = "api"
            name = "API service"
            rank = 1
            prices = { monthly = "29.00" }
            [plan.usage.api_calls]
            included = 1000
            price = "0.01"
            limit = "soft"
            [plan.usage.seats]
            price = "2.50"
            [[plan]]
            key = "cloud"
            name = "Cloud storage"
            rank = 2
            prices = { monthly = "10.00" }
            [plan.usage.storage_gb]
            included = 10
            price = "0.10"
            [[plan]]
            key = "ai"
            name = "AI platform"
            rank = 3
            prices = { monthly = "1.00" }
            [plan.usage.gpt4_tokens]
            price = "0.03"
            per = 1000
            [plan.usage.images]
            price = "0.02"
            [plan.usage.finetuning_hours]
            price = "5.00"
        )",
                                          "plans.toml");
        EXPECT_TRUE(plans) << plans.error().message;
        for (auto* provider : {&provider_, &paypal_})
            EXPECT_TRUE(run(catalog::sync_plans(db_, *provider, plans.value(), {})));
        paypal_.calls.clear();
    }

    const Instant began_ = from_unix(to_unix(clock_.now())) - days(30) - hours(2);

    // A month on the plan that ended an hour ago and more, with so many calls; gives the subscription.
    std::string a_month_with(int calls, const std::string& user = ada) {
        const std::string id = a_month_on("api_monthly", user);
        use("api_calls", std::to_string(calls), user);
        return id;
    }
    std::string a_month_on(const std::string& plan, const std::string& user) {
        const auto begun = post("/api/paypal/create-subscription", user,
                                {
                                    {"planId", plan}
        });
        EXPECT_EQ(begun.status, 200) << json::serialize(begun.body);
        const std::string id = begun.text({"subscriptionId"});
        approve_subscription(id, began_);
        return id;
    }
    void use(const std::string& metric, const std::string& quantity,
             const std::string& user = ada) {
        const std::string key = user + std::to_string(++used_);
        auto asked = request("POST", "/api/usage/events",
                             {
        },
                             json::serialize(json::array{
                                 json::object{{"metric", metric},
                                              {"quantity", quantity},
                                              {"idempotencyKey", key},
                                              {"timestamp", to_iso8601(began_ + hours(1))}}}));
        asked.headers.add("Authorization", std::string("Bearer ") + service_key);
        asked.headers.add("Paydesk-Account", user);
        const Answer answer = send(asked);
        EXPECT_EQ(answer.text({"results", "0", "status"}), "recorded")
            << json::serialize(answer.body);
    }
    // The open invoice of a month of 5,000 calls: $40.00.
    std::string owed(const std::string& user = ada) {
        (void)a_month_with(5'000, user);
        EXPECT_EQ(invoice_usage().invoiced, 1U);
        return get("/api/stripe/get-invoices", user).text({"invoices", "0", "id"});
    }
    Answer pay(const std::string& invoice, const std::string& user = ada) {
        return post("/api/paypal/pay-invoice", user,
                    {
                        {"invoiceId", invoice}
        });
    }
    Answer capture(const std::string& order, const std::string& user = ada) {
        return post("/api/paypal/capture-order", user,
                    {
                        {"orderId", order}
        });
    }
    std::string approved_order(const std::string& invoice) {
        const std::string order = pay(invoice).text({"orderId"});
        paypal_.approved.insert(order);
        return order;
    }
    // What must never be, and is put there all the same.
    void against_the_triggers(const std::string& statement) {
        database_.script("set session_replication_role = replica; " + statement);
    }
    std::string usage_invoice(const std::string& column) {
        const auto rows = database_.run("select coalesce((" + column +
                                        ")::text, 'null') as it from paydesk.invoices where "
                                        "billing_reason = 'usage'");
        EXPECT_EQ(rows.size(), 1U);
        return std::string(rows.text(0, "it"));
    }
    // Paid once, by the order, and told once.
    void expect_paid_by(const std::string& order) {
        EXPECT_EQ(usage_invoice(
                      "concat_ws(' ', status, amount_paid, amount_remaining, paid_at is not null, "
                      "provider_payment_id)"),
                  "paid 4000 0 t " + order);
        EXPECT_EQ(count("paydesk.payments where amount = 4000 and status <> 'failed'"), "1");
        EXPECT_EQ(count("paydesk.payments where source_kind = 'invoice' and source_id like "
                        "'usage/%' and amount = 4000 "
                        "and status = 'succeeded' and provider_charge_id = 'CAP-" +
                        order + "' and provider_invoice_id = source_id"),
                  "1");
        EXPECT_EQ(count("paydesk.notifications where type = 'payment_success' and fact_key like "
                        "'%:usage/%'"),
                  "1");
        EXPECT_EQ(count("paydesk.notifications where type = 'payment_success' and fact_key like "
                        "'%:ORDER-%'"),
                  "0");
        EXPECT_EQ(
            count("paydesk.emails where kind = 'payment_success' and data ->> 'amount' = '4000'"),
            "1");
        EXPECT_EQ(count("paydesk.checkouts where provider_checkout_id = '" + order +
                        "' and status = 'complete'"),
                  "1");
    }

    // Four that invoice and four that apply what PayPal says; gives how many invoices they made.
    Task<std::size_t> servers_at_once(std::vector<provider::Change> answers) {
        std::size_t made = 0;
        int running = 8;
        for (int i = 0; i < 8; ++i) {
            spawn(io_, "test", i % 2 == 0 ? invoicing(made, running) : applying(answers, running));
        }
        while (running > 0) co_await sleep_for(io_, std::chrono::milliseconds(2));
        co_return made;
    }
    Task<> invoicing(std::size_t& made, int& running) {
        const auto result = co_await invoice_usage_as_the_job_does();
        made += result.invoiced;
        --running;
    }
    Task<> applying(std::vector<provider::Change> answers, int& running) {
        co_await db_.transaction([&](db::Tx& tx) -> Task<> {
            std::vector<billing::ToApply> changes;
            for (const auto& answer : answers) changes.push_back({.change = answer});
            (void)co_await billing::apply_changes(tx, std::move(changes), clock_.now());
        });
        --running;
    }

    int used_ = 0;
};

}  // namespace paydesk::api
