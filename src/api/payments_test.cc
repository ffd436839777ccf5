// The payments that people see: what each was for, its dispute, and another try with another card.
#include "api/test_payments.h"

namespace paydesk::api {
namespace {

class Payments : public TestPayments {};

TEST_F(Payments, PaymentsAreListedWithTheirReceipts) {
    pay(100, "ch_1");
    pay(200, "ch_2");
    database_.run(
        "update paydesk.payments set created_at = created_at - interval '1 hour' where "
        "provider_charge_id = 'ch_1'");
    const Answer first = get("/api/payments?limit=1", ada);
    ASSERT_EQ(first.body.at("payments").as_array().size(), 1u);
    EXPECT_EQ(first.text({"payments", "0", "stripe_charge_id"}), "ch_2");
    EXPECT_EQ(first.text({"payments", "0", "receipt_url"}), "https://pay.example/receipts/ch_2");
    EXPECT_TRUE(first.body.at("has_more").as_bool());
    const Answer second =
        get("/api/payments?limit=1&starting_after=" + first.text({"payments", "0", "id"}), ada);
    EXPECT_EQ(second.text({"payments", "0", "stripe_charge_id"}), "ch_1");
    EXPECT_FALSE(second.body.at("has_more").as_bool());
    EXPECT_TRUE(get("/api/payments", grace).body.at("payments").as_array().empty());
    EXPECT_EQ(get("/api/payments?starting_after=" + payment("id", "ch_1"), grace).status, 404);
}

// A charge of which nothing tells what it was for: the provider is asked.
TEST_F(Payments, TheOriginOfAChargeIsAskedFor) {
    add_subscription(ada, "sub_1", "active");
    for (const char* id : {"ch_of_invoice", "ch_alone"}) {
        auto snapshot = charge(id, 700);
        snapshot.invoice = {};
        tell(ObjectKind::charge, id, snapshot, "charge.succeeded");
    }
    tell(ObjectKind::invoice, "in_7", invoice("in_7", 700, provider::InvoiceStatus::paid),
         "invoice.paid");
    provider_.origins["pi_of_ch_of_invoice"].invoice = provider::Ref{"in_7"};
    EXPECT_EQ(payment("id", "ch_alone"), "none") << "it may be an invoice's";
    run_job(billing::link_charges_job(services_.flows), {});
    EXPECT_EQ(provider_.count("origin_of_payment"), 0) << "it is given a minute";
    database_.script(
        "alter table paydesk.charges disable trigger touch; update paydesk.charges set "
        "updated_at = now() - interval '2 minutes'; alter table paydesk.charges enable "
        "trigger touch");
    run_job(billing::link_charges_job(services_.flows), {});
    EXPECT_EQ(payment("source_kind || ' ' || source_id", "ch_of_invoice"), "invoice in_7");
    EXPECT_EQ(payment("source_kind || ' ' || amount", "ch_alone"), "charge 700");
    EXPECT_EQ(count("paydesk.payments"), "2");
    run_job(billing::link_charges_job(services_.flows), {});
    EXPECT_EQ(provider_.count("origin_of_payment"), 2) << "known is known";
}

// Paid and refunded before anybody knew what the charge was for: the plan's credits go back all the same.
TEST_F(Payments, AChargeThatWasRefundedBeforeItsOriginIsKnownTakesCreditsBack) {
    add_subscription(ada, "sub_1", "active");
    const auto price = database_.run(
        "select provider_price_id as id from paydesk.plan_prices where plan_key = 'pro' and "
        "billing_cycle = 'monthly' and provider = 'stripe'");
    auto paid = invoice("in_7", 700, provider::InvoiceStatus::paid);
    paid.subscription = provider::Ref{"sub_1"};
    paid.lines.push_back({.description = "Pro",
                          .amount = Money(700, Currency::usd()),
                          .quantity = 1,
                          .price = provider::Ref{std::string(price.text(0, "id"))},
                          .period_start = clock_.now(),
                          .period_end = clock_.now() + std::chrono::days(30)});
    tell(ObjectKind::invoice, "in_7", paid, "invoice.paid");
    auto refunded = charge("ch_1", 700, 700);
    refunded.invoice = {};
    tell(ObjectKind::charge, "ch_1", refunded, "charge.refunded");
    EXPECT_EQ(count("paydesk.credit_grants where kind = 'plan' and remaining > 0"), "1");

    provider_.origins["pi_of_ch_1"].invoice = provider::Ref{"in_7"};
    database_.script(
        "alter table paydesk.charges disable trigger touch; update paydesk.charges set "
        "updated_at = now() - interval '2 minutes'; alter table paydesk.charges enable "
        "trigger touch");
    run_job(billing::link_charges_job(services_.flows), {});
    EXPECT_EQ(payment("status"), "refunded");
    EXPECT_EQ(count("paydesk.credit_grants where kind = 'plan' and remaining > 0"), "0");
}

// The invoice of a newer version names no payment: it is asked for before the refund.
TEST_F(Payments, ThePaymentOfAnInvoiceIsAskedFor) {
    add_subscription(ada, "sub_1", "active");
    auto paid = invoice("in_7", 700, provider::InvoiceStatus::paid);
    tell(ObjectKind::invoice, "in_7", paid, "invoice.paid");
    const std::string id(
        database_.run("select id from paydesk.payments where source_id = 'in_7'").text(0, "id"));
    provider_.invoices.insert_or_assign("in_7", paid);
    EXPECT_EQ(refund({
                         {"paymentId", id}
    })
                  .code(),
              "payment_not_refundable")
        << "paid outside of the provider";
    provider_.invoices.at("in_7").payment = provider::Ref{"pi_7"};
    EXPECT_EQ(refund({
                         {"paymentId", id}
    })
                  .status,
              201);
    EXPECT_EQ(provider_.refunds.begin()->second.payment, provider::Ref{"pi_7"});
}

TEST_F(Payments, ADisputeIsForTheOperator) {
    pay(4900);
    tell(ObjectKind::dispute, "dp_1",
         provider::DisputeSnapshot{.dispute = {"dp_1"},
                                   .charge = provider::Ref{"ch_1"},
                                   .payment = {},
                                   .amount = Money(4900, Currency::usd()),
                                   .status = "needs_response",
                                   .reason = "fraudulent",
                                   .evidence_due_by = clock_.now() + std::chrono::days(7),
                                   .created_at = clock_.now()},
         "charge.dispute.created");
    Answer answer = as_admin("/api/admin/disputes");
    ASSERT_EQ(answer.body.at("disputes").as_array().size(), 1u);
    EXPECT_EQ(answer.text({"disputes", "0", "status"}), "needs_response");
    EXPECT_EQ(answer.text({"disputes", "0", "payment_id"}), payment("id"));
    answer = as_admin("/api/admin/notifications");
    ASSERT_EQ(answer.body.at("notifications").as_array().size(), 1u);
    EXPECT_EQ(answer.text({"notifications", "0", "type"}), "dispute_opened");
    EXPECT_EQ(get("/api/notifications", ada).body.at("notifications").as_array().size(), 1u)
        << "the payment; a dispute is no news for who started it";
}

// A new card while an invoice is open: it is tried at once, once.
TEST_F(Payments, ANewCardRetriesTheOpenInvoice) {
    add_subscription(ada, "sub_1", "past_due");
    auto open = invoice("in_7", 700, provider::InvoiceStatus::open);
    open.attempt_count = 1;
    open.subscription = provider::Ref{"sub_1"};
    tell(ObjectKind::invoice, "in_7", open, "invoice.payment_failed", 600);
    provider_.invoices.insert_or_assign("in_7", open);
    const auto method = [&](std::string id, int ago) {
        tell(
            ObjectKind::payment_method, id,
            provider::PaymentMethodSnapshot{.payment_method = {id},
                                            .customer = provider::Ref{std::string("cus_of_") + ada},
                                            .previous_customer = {},
                                            .type = "card",
                                            .brand = "visa",
                                            .last4 = "4242",
                                            .fingerprint = {},
                                            .exp_month = 12,
                                            .exp_year = 2040,
                                            .created_at = clock_.now()},
            "payment_method.attached", ago);
    };
    const auto choose = [&](std::string id, int ago) {
        tell(ObjectKind::customer, std::string("cus_of_") + ada,
             provider::CustomerSnapshot{.customer = {std::string("cus_of_") + ada},
                                        .account = {},
                                        .email = {},
                                        .name = {},
                                        .default_payment_method = provider::Ref{id}},
             "customer.updated", ago);
    };
    const auto queued = [&] {
        return count("paydesk.jobs where kind = 'pay_invoice' and status = 'queued'");
    };
    EXPECT_EQ(queued(), "0");
    method("pm_new", 300);
    choose("pm_new", 299);
    EXPECT_EQ(queued(), "1");
    choose("pm_new", 200);
    database_.run("update paydesk.jobs set status = 'done' where kind = 'pay_invoice'");
    choose("pm_new", 100);
    EXPECT_EQ(queued(), "0") << "one card tries an invoice once";

    const json::value payload{
        {"account_id",     ada     },
        {"invoice",        "in_7"  },
        {"payment_method", "pm_new"}
    };
    provider_.failures.push_back({
        "pay_invoice", {ErrorCode::payment_declined, "Declined."}
    });
    run_job(billing::pay_invoice_job(services_.flows), payload);
    EXPECT_EQ(count("paydesk.invoices where status = 'open'"), "1");
    run_job(billing::pay_invoice_job(services_.flows), payload);
    EXPECT_EQ(count("paydesk.invoices where status = 'paid'"), "1");
    EXPECT_EQ(provider_.calls.back().second, "pay:in_7:pm_new");
    run_job(billing::pay_invoice_job(services_.flows), payload);
    EXPECT_EQ(provider_.count("pay_invoice"), 2) << "a paid invoice is left alone";
}

}  // namespace
}  // namespace paydesk::api
