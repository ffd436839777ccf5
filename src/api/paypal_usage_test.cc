// What was used on a PayPal plan becomes an invoice of ours, and an order that its buyer approves pays it.
#include "api/test_paypal_usage.h"

namespace paydesk::api {
namespace {

class PayPalUsage : public TestPayPalUsage {};

TEST_F(PayPalUsage, AMonthsUsageIsAnInvoiceThatAnApprovedOrderPays) {
    const std::string subscription = a_month_with(5'000);
    use("seats", "3");
    EXPECT_EQ(invoice_usage().invoiced, 1U);
    EXPECT_EQ(invoice_usage().closed, 0U);

    const Answer invoices = get("/api/stripe/get-invoices", ada);
    const auto& invoice = invoices.body.at("invoices").at(0);
    EXPECT_EQ(invoice.at("status").as_string(), "open");
    EXPECT_EQ(invoice.at("billing_reason").as_string(), "usage");
    EXPECT_EQ(invoice.at("provider").as_string(), "paypal");
    EXPECT_EQ(invoice.at("amount_remaining").as_int64(), 4'750);
    EXPECT_EQ(invoice.at("line_items").at(0).at("description").as_string(), "API calls: 5000");
    EXPECT_EQ(invoice.at("line_items").at(0).at("amount").as_int64(), 4'000);
    EXPECT_EQ(invoice.at("line_items").at(1).at("amount").as_int64(), 750);
    EXPECT_EQ(invoice.at("hosted_invoice_url").as_string(),
              "https://app.example/dashboard/billing?pay=" +
                  http::percent_encode("usage/" + subscription + "/" + to_iso8601(began_)));
    EXPECT_EQ(count("paydesk.notifications where type = 'usage_invoiced'"), "1");
    EXPECT_EQ(count("paydesk.emails where kind = 'usage_invoiced' and data ->> 'amount' = '4750' "
                    "and data ? 'url'"),
              "1");
    EXPECT_EQ(count("paydesk.subscriptions where status = 'active' and past_due_since is null"),
              "1")
        << "a healthy subscription stays one";
    tell_all(subscription);
    EXPECT_EQ(usage_invoice("status"), "open") << "PayPal's own answers know nothing of it";

    const std::string id = invoice.at("id").as_string().c_str();
    const Answer begun = pay(id);
    ASSERT_EQ(begun.status, 200) << json::serialize(begun.body);
    const std::string order = begun.text({"orderId"});
    EXPECT_EQ(begun.text({"status"}), "open");
    EXPECT_EQ(begun.text({"approvalUrl"}), "https://pay.example/" + order);
    const auto& asked = *paypal_.last_checkout;
    EXPECT_EQ(asked.unit_amount, Money(4'750, Currency::usd()));
    EXPECT_TRUE(asked.description.starts_with("Usage, ")) << asked.description;
    EXPECT_EQ(asked.success_url,
              "https://app.example/dashboard/billing?paid={CHECKOUT_SESSION_ID}");
    EXPECT_EQ(asked.cancel_url, "https://app.example/dashboard/billing");
    EXPECT_EQ(pay(id).text({"orderId"}), order) << "a double click";
    EXPECT_EQ(pay("usage/" + subscription + "/" + to_iso8601(began_)).text({"orderId"}), order)
        << "by the id of the link in the mail";
    EXPECT_EQ(capture(order).code(), "checkout_not_approved");

    paypal_.approved.insert(order);
    const Answer captured = capture(order);
    ASSERT_EQ(captured.status, 200) << json::serialize(captured.body);
    EXPECT_EQ(captured.text({"status"}), "complete");
    EXPECT_EQ(captured.text({"captureId"}), "CAP-" + order);
    EXPECT_NE(captured.text({"payment_id"}), "");
    EXPECT_EQ(captured.body.at("amount").as_int64(), 4'750);
    EXPECT_EQ(usage_invoice("status"), "paid");
    EXPECT_EQ(get("/api/checkout/" + asked.checkout_id, ada).text({"status"}), "complete");
    EXPECT_EQ(pay(id).code(), "invoice_not_payable");
    EXPECT_EQ(get("/api/payments", ada).text({"payments", "0", "receipt_url"}), "")
        << "the page where one pays is no receipt";
    EXPECT_EQ(get("/api/invoices/" + id + ".pdf", ada).status, 200);
    EXPECT_EQ(get("/api/invoices/" + id + ".html", ada).status, 200);
}

// The tutorials' three: $29 and 4,000 calls beyond, $10 and 35 GB beyond, three meters of which nothing is included.
TEST_F(PayPalUsage, TheTutorialsExamplesCostWhatTheySay) {
    struct Example {
        const char *user, *plan, *lines;
        std::vector<std::pair<std::string, std::string>> used;
        std::int64_t to_pay;
    };
    const Example examples[] = {
        {ada,
         "api_monthly",                                           "API calls: 5000",
         {{"api_calls", "4000"}, {"api_calls", "1000"}},
         4'000                                                                                                                                      },
        {grace,                                  "cloud_monthly", "Storage: 45 GB",                                      {{"storage_gb", "45"}}, 350},
        {"0190ada0-0000-7000-8000-000000000003",
         "ai_monthly",                                            "Fine-tuning: 2.5, GPT-4 tokens: 250000, Images: 120",
         {{"gpt4_tokens", "249999"},
          {"gpt4_tokens", "1"},
          {"images", "120"},
          {"finetuning_hours", "2.5"}},
         2'240                                                                                                                                      },
    };
    for (const auto& example : examples) {
        (void)a_month_on(example.plan, example.user);
        for (const auto& [metric, quantity] : example.used) use(metric, quantity, example.user);
    }
    EXPECT_EQ(invoice_usage().invoiced, 3U);
    for (const auto& example : examples) {
        const Answer invoices = get("/api/stripe/get-invoices", example.user);
        const auto& invoice = invoices.body.at("invoices").at(0);
        EXPECT_EQ(invoice.at("amount_due").as_int64(), example.to_pay) << example.plan;
        std::string lines;
        for (const auto& line : invoice.at("line_items").as_array())
            lines += (lines.empty() ? "" : ", ") + string_at(line, {"description"}).value();
        EXPECT_EQ(lines, example.lines);
    }
}

// While PayPal's answers about the subscription are applied as well: whoever waits for whom, nobody waits for ever.
TEST_F(PayPalUsage, ManyServersAtOnceMakeOneInvoice) {
    const std::string id = a_month_with(5'000);
    EXPECT_EQ(run(servers_at_once(answer_about(id))), 1U);
    EXPECT_EQ(usage_invoice("amount_due"), "4000");
    EXPECT_EQ(count("paydesk.usage_charges"), "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'usage_invoiced'"), "1");
}

TEST_F(PayPalUsage, WhatIsIncludedMakesNoInvoice) {
    (void)a_month_with(1'000);
    const auto result = invoice_usage();
    EXPECT_EQ(result.closed, 1U);
    EXPECT_EQ(result.invoiced, 0U);
    EXPECT_EQ(count("paydesk.invoices where billing_reason = 'usage'"), "0");
    EXPECT_EQ(count("paydesk.usage_charges where status = 'charged' and amount = 0"), "1");
}

TEST_F(PayPalUsage, TheLastPeriodOfACancelledSubscriptionIsInvoicedToo) {
    const std::string id = a_month_with(5'000);
    auto& snapshot = paypal_.subscriptions.at(id);
    snapshot.cancel_at_period_end = true;
    snapshot.cancel_at = snapshot.period_end;
    tell_all(id);
    snapshot.status = provider::SubscriptionStatus::canceled;
    snapshot.ended_at = snapshot.period_end;
    tell_all(id);
    EXPECT_EQ(invoice_usage().invoiced, 1U);
    const std::string order =
        approved_order(get("/api/stripe/get-invoices", ada).text({"invoices", "0", "id"}));
    EXPECT_EQ(capture(order).text({"status"}), "complete");
    expect_paid_by(order);
    EXPECT_EQ(count("paydesk.subscriptions where status = 'canceled'"), "1");
}

TEST_F(PayPalUsage, WhoHasNotPaidIsRemindedOnThreeDays) {
    const std::string invoice = owed();
    const auto remind = [&] {
        return run(billing::send_reminders(*services_.flows.paypal, {})).value();
    };
    const auto grow_older = [&](int days) {
        database_.run(
            "update paydesk.invoices set created_at = created_at - make_interval(days => $1) "
            "where billing_reason = 'usage'",
            {db::param(days)});
    };
    EXPECT_EQ(remind(), 0U);
    grow_older(3);
    EXPECT_EQ(remind(), 1U);
    EXPECT_EQ(remind(), 0U);
    grow_older(12);
    EXPECT_EQ(remind(), 1U) << "of the days that have passed the last";
    EXPECT_EQ(count("paydesk.emails where kind = 'usage_invoiced'"), "3");
    EXPECT_EQ(count("paydesk.subscriptions where status = 'active'"), "1");
    grow_older(100);
    EXPECT_EQ(remind(), 0U);
}

TEST_F(PayPalUsage, NobodyIsRemindedWhosePaymentIsOnItsWay) {
    const std::string order = approved_order(owed());
    paypal_.pending_captures.insert(order);
    EXPECT_EQ(capture(order).text({"status"}), "processing");
    database_.run("update paydesk.invoices set created_at = created_at - interval '4 days'");
    EXPECT_EQ(run(billing::send_reminders(*services_.flows.paypal, {})).value(), 0U);
}

TEST_F(PayPalUsage, NobodySeesOrPaysAnothers) {
    const std::string invoice = owed(), order = approved_order(invoice);
    EXPECT_TRUE(get("/api/stripe/get-invoices", grace).body.at("invoices").as_array().empty());
    EXPECT_EQ(get("/api/invoices/" + invoice + ".pdf", grace).status, 404);
    EXPECT_EQ(pay(invoice, grace).status, 404);
    EXPECT_EQ(capture(order, grace).status, 404);
    EXPECT_EQ(get("/api/paypal/orders/" + order, grace).status, 404);
    EXPECT_EQ(usage_invoice("status"), "open");
}

}  // namespace
}  // namespace paydesk::api
