// An invoice of ours is paid once, whoever captures, whatever is lost, doubled, denied or refused.
#include "api/test_paypal_usage.h"

namespace paydesk::api {
namespace {

class PayPalInvoices : public TestPayPalUsage {};

TEST_F(PayPalInvoices, ReturnPageWebhookAndPollerPayItOnce) {
    const std::string order = approved_order(owed());
    tell(paypal_.told_of_order({order}));
    const std::string body = json::serialize(json::object{
        {"orderId", order}
    });
    const auto answers = send_together({request("POST", "/api/paypal/capture-order", ada, body),
                                        request("POST", "/api/paypal/capture-order", ada, body)});
    for (const auto& answer : answers) EXPECT_EQ(answer.status, 200);
    run_jobs();
    tell(paypal_.told_of_order({order}));
    tell(paypal_.told_of_order({order}));
    EXPECT_TRUE(run(billing::poll(*services_.flows.paypal, {.all = true})));
    run_jobs();
    expect_paid_by(order);
    EXPECT_EQ(count("paydesk.charges where provider_invoice_id like 'usage/%'"), "1");
}

TEST_F(PayPalInvoices, TheWebhookAlonePaysItInEitherOrder) {
    const std::string order = approved_order(owed());
    tell(paypal_.told_of_order({order}));
    run_jobs();
    expect_paid_by(order);
}

TEST_F(PayPalInvoices, TheChargeMayBeToldFirst) {
    const std::string order = approved_order(owed());
    // Captured, and the answer lost: the events alone tell.
    paypal_.failures.push_back({
        "capture_checkout", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(capture(order).status, 503);
    auto told = paypal_.told_of_order({order});
    std::ranges::reverse(told);
    for (auto& change : told) tell({std::move(change)});
    run_jobs();
    expect_paid_by(order);
}

TEST_F(PayPalInvoices, ThePollerAlonePaysIt) {
    const std::string order = approved_order(owed());
    EXPECT_TRUE(run(billing::poll(*services_.flows.paypal, {.all = true})));
    run_jobs();
    expect_paid_by(order);
}

TEST_F(PayPalInvoices, APendingPaymentLeavesItOpenUntilItHasCome) {
    const std::string invoice = owed(), order = approved_order(invoice);
    paypal_.pending_captures.insert(order);
    EXPECT_EQ(capture(order).text({"status"}), "processing");
    EXPECT_EQ(usage_invoice("status"), "open");
    const Answer again = pay(invoice);
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(again.code(), "invoice_not_payable") << "its money is on the way";

    paypal_.pending_captures.clear();
    tell(paypal_.told_of_order({order}));
    run_jobs();
    expect_paid_by(order);
}

TEST_F(PayPalInvoices, ADeniedPaymentIsToldAndAnotherOrderPays) {
    const std::string invoice = owed(), order = approved_order(invoice);
    paypal_.pending_captures.insert(order);
    EXPECT_EQ(capture(order).text({"status"}), "processing");

    auto told = paypal_.told_of_order({order});
    std::erase_if(told, [](const auto& change) {
        return change.kind != provider::ObjectKind::charge;  // PAYMENT.CAPTURE.DENIED tells no more
    });
    std::get<provider::ChargeSnapshot>(told.front().fact).status = provider::ChargeStatus::failed;
    tell(told);
    tell(told);
    EXPECT_EQ(usage_invoice("status"), "open");
    EXPECT_EQ(count("paydesk.notifications where type = 'payment_failed'"), "1");
    EXPECT_EQ(count("paydesk.checkouts where status = 'failed'"), "1");

    const std::string other = approved_order(invoice);
    EXPECT_NE(other, order);
    EXPECT_EQ(capture(other).text({"status"}), "complete");
    expect_paid_by(other);
}

TEST_F(PayPalInvoices, AnotherOrderOnlyWhenTheOneBeforeIsVoid) {
    const std::string invoice = owed();
    const std::string first = pay(invoice).text({"orderId"});
    database_.run("update paydesk.checkouts set expires_at = now() where mode = 'payment'");
    EXPECT_EQ(pay(invoice).text({"orderId"}), first) << "PayPal says that it is open still";

    for (auto& [intent, made] : paypal_.checkouts)
        if (made.checkout.value == first) made.status = "expired";
    const std::string second = approved_order(invoice);
    EXPECT_NE(second, first);
    paypal_.approved.insert(first);
    EXPECT_EQ(capture(first).code(), "checkout_not_approved") << "what is void is not captured";
    EXPECT_EQ(capture(second).text({"status"}), "complete");
    expect_paid_by(second);
}

TEST_F(PayPalInvoices, ManyClicksAtOnceGetOneOrder) {
    const std::string invoice = owed();
    const std::string body = json::serialize(json::object{
        {"invoiceId", invoice}
    });
    std::vector<http::Request> clicks;
    for (int i = 0; i < 8; ++i)
        clicks.push_back(request("POST", "/api/paypal/pay-invoice", ada, body));
    std::set<std::string> orders;
    for (const auto& answer : send_together(std::move(clicks))) {
        EXPECT_EQ(answer.status, 200) << json::serialize(answer.body);
        orders.insert(answer.text({"orderId"}));
    }
    EXPECT_EQ(orders.size(), 1U);
    EXPECT_EQ(count("paydesk.checkouts where provider_invoice_id like 'usage/%'"), "1");
}

// It cannot come to this by what we do; somebody's backup may bring it about.
TEST_F(PayPalInvoices, MoneyForAnInvoiceThatIsPaidIsAPaymentOfItsOwnAndTheOperatorIsTold) {
    const std::string invoice = owed(), first = approved_order(invoice);
    EXPECT_EQ(capture(first).text({"status"}), "complete");
    against_the_triggers("update paydesk.checkouts set status = 'expired' where mode = 'payment'");
    against_the_triggers(
        "update paydesk.invoices set status = 'open', amount_remaining = 4000 where "
        "billing_reason = 'usage'");
    const std::string second = approved_order(invoice);
    paypal_.failures.push_back({
        "capture_checkout", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(capture(second).status, 503);
    against_the_triggers(
        "update paydesk.invoices set status = 'paid' where billing_reason = 'usage'");
    tell(paypal_.told_of_order({second}));
    EXPECT_EQ(
        count(
            "paydesk.payments where amount = 4000 and source_kind = 'checkout' and source_id = '" +
            second + "'"),
        "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'payment_doubled'"), "1");
    EXPECT_EQ(usage_invoice("provider_payment_id"), first);
}

TEST_F(PayPalInvoices, AnOrderOfWhatWasWrittenOffIsNotCaptured) {
    const std::string order = approved_order(owed());
    database_.run("update paydesk.invoices set status = 'void' where billing_reason = 'usage'");
    EXPECT_EQ(capture(order).code(), "invoice_not_payable");
    tell(paypal_.told_of_order({order}));
    run_jobs();
    EXPECT_EQ(paypal_.count("capture_checkout"), 0);
    EXPECT_EQ(count("paydesk.jobs where status = 'dead'"), "0");
    EXPECT_EQ(count("paydesk.charges where provider_payment_id = '" + order + "'"), "0");
}

TEST_F(PayPalInvoices, WhatCannotBePaidIsRefused) {
    const std::string invoice = owed();
    const std::string renewal = std::string(
        database_
            .run("select id from paydesk.invoices where billing_reason = 'subscription_create'")
            .text(0, "id"));
    const std::string stripes = add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    against_the_triggers(
        "update paydesk.invoices set status = 'open', amount_remaining = 2900, "
        "hosted_invoice_url = 'https://invoice.example/in_1' where id = '" +
        stripes + "'");
    struct Case {
        std::string invoice, user, code;
        int status;
    };
    const Case cases[] = {
        {invoice,                                grace, "not_found",           404},
        {"0190ada0-0000-7000-8000-00000000dead", ada,   "not_found",           404},
        {"usage/I-0/never",                      ada,   "not_found",           404},
        {"",                                     ada,   "invalid_input",       422},
        {renewal,                                ada,   "invoice_not_payable", 409},
        {stripes,                                ada,   "invoice_not_payable", 409},
    };
    for (const auto& [id, user, code, status] : cases) {
        const Answer refused = pay(id, user);
        EXPECT_EQ(refused.status, status) << id;
        EXPECT_EQ(refused.code(), code) << id;
    }
    EXPECT_NE(pay(stripes).text({"detail"}).find("https://invoice.example/in_1"),
              std::string::npos);
    EXPECT_EQ(send(request("POST", "/api/paypal/pay-invoice", ada, "{}")).status, 422);
    EXPECT_EQ(send(request("POST", "/api/paypal/pay-invoice", {}, "{}")).status, 401);
    EXPECT_EQ(post("/api/paypal/pay-invoice", ada,
                   {
                       {"invoiceId",  invoice                },
                       {"successUrl", "https://evil.example/"}
    })
                  .code(),
              "url_not_allowed");
    for (const char* status : {"void", "uncollectible", "draft"}) {
        against_the_triggers("update paydesk.invoices set status = '" + std::string(status) +
                             "' where billing_reason = 'usage'");
        EXPECT_EQ(pay(invoice).status, std::string_view(status) == "draft" ? 404 : 409) << status;
    }
    against_the_triggers(
        "update paydesk.invoices set status = 'open' where billing_reason = 'usage'");
    services_.flows.paypal.reset();
    EXPECT_EQ(pay(invoice).code(), "provider_not_configured");
}

TEST_F(PayPalInvoices, IsRefundedByTheRouteOfAllProviders) {
    const std::string order = approved_order(owed());
    const Answer captured = capture(order);
    paypal_.charged["CAP-" + order] = 4'000;
    const auto refund = [&](json::object body) {
        auto asked = request("POST", "/api/admin/refunds", {}, json::serialize(body));
        asked.headers.add("Authorization", "Bearer " + token_of(grace, true));
        return send(asked);
    };
    EXPECT_EQ(refund({
                         {"paymentId", captured.text({"payment_id"})},
                         {"amount",    1'500                        }
    })
                  .status,
              201);
    EXPECT_EQ(refund({
                         {"captureId", "CAP-" + order}
    })
                  .status,
              201);
    run_jobs();
    EXPECT_EQ(count("paydesk.payments where source_id like 'usage/%' and status = 'refunded' and "
                    "amount_refunded = 4000"),
              "1");
    EXPECT_EQ(usage_invoice("status"), "paid");
}

}  // namespace
}  // namespace paydesk::api
