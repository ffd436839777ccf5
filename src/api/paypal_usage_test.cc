// What was used on a PayPal plan, from its events to the payment: an invoice of ours, an order that its buyer approves.
#include "api/test_paypal.h"
#include "billing/reminders.h"

namespace paydesk::api {
namespace {

using std::chrono::days;
using std::chrono::hours;

class PayPalUsage : public TestPayPal {
protected:
    PayPalUsage() {
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
        const auto begun = post("/api/paypal/create-subscription", user,
                                {
                                    {"planId", "api_monthly"}
        });
        EXPECT_EQ(begun.status, 200) << json::serialize(begun.body);
        const std::string id = begun.text({"subscriptionId"});
        approve_subscription(id, began_);
        use("api_calls", calls, user);
        return id;
    }
    void use(const char* metric, int quantity, const std::string& user = ada) {
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

TEST_F(PayPalUsage, AMonthsUsageIsAnInvoiceThatAnApprovedOrderPays) {
    const std::string subscription = a_month_with(5'000);
    use("seats", 3);
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
    EXPECT_EQ(asked.success_url, "https://app.example/dashboard/billing?paid=" + asked.checkout_id);
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

// While PayPal's answers about the subscription are applied as well: whoever waits for whom, nobody waits for ever.
TEST_F(PayPalUsage, ManyServersAtOnceMakeOneInvoice) {
    const std::string id = a_month_with(5'000);
    EXPECT_EQ(run(servers_at_once(answer_about(id))), 1U);
    EXPECT_EQ(usage_invoice("amount_due"), "4000");
    EXPECT_EQ(count("paydesk.usage_charges"), "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'usage_invoiced'"), "1");
}

TEST_F(PayPalUsage, ReturnPageWebhookAndPollerPayItOnce) {
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

TEST_F(PayPalUsage, TheWebhookAlonePaysItInEitherOrder) {
    const std::string order = approved_order(owed());
    tell(paypal_.told_of_order({order}));
    run_jobs();
    expect_paid_by(order);
}

TEST_F(PayPalUsage, TheChargeMayBeToldFirst) {
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

TEST_F(PayPalUsage, ThePollerAlonePaysIt) {
    const std::string order = approved_order(owed());
    EXPECT_TRUE(run(billing::poll(*services_.flows.paypal, {.all = true})));
    run_jobs();
    expect_paid_by(order);
}

TEST_F(PayPalUsage, APendingPaymentLeavesItOpenUntilItHasCome) {
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

TEST_F(PayPalUsage, ADeniedPaymentIsToldAndAnotherOrderPays) {
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

TEST_F(PayPalUsage, AnotherOrderOnlyWhenTheOneBeforeIsVoid) {
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

TEST_F(PayPalUsage, ManyClicksAtOnceGetOneOrder) {
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
TEST_F(PayPalUsage, MoneyForAnInvoiceThatIsPaidIsAPaymentOfItsOwnAndTheOperatorIsTold) {
    const std::string invoice = owed(), first = approved_order(invoice);
    EXPECT_EQ(capture(first).text({"status"}), "complete");
    against_the_triggers("update paydesk.checkouts set status = 'expired' where mode = 'payment'");
    against_the_triggers(
        "update paydesk.invoices set status = 'open', amount_remaining = 4000 where "
        "billing_reason = 'usage'");
    const std::string second = approved_order(invoice);
    against_the_triggers(
        "update paydesk.invoices set status = 'paid' where billing_reason = 'usage'");
    EXPECT_EQ(capture(second).text({"status"}), "complete");
    EXPECT_EQ(
        count(
            "paydesk.payments where amount = 4000 and source_kind = 'checkout' and source_id = '" +
            second + "'"),
        "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'payment_doubled'"), "1");
    EXPECT_EQ(usage_invoice("provider_payment_id"), first);
}

TEST_F(PayPalUsage, WhatCannotBePaidIsRefused) {
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

TEST_F(PayPalUsage, NobodySeesOrPaysAnothers) {
    const std::string invoice = owed(), order = approved_order(invoice);
    EXPECT_TRUE(get("/api/stripe/get-invoices", grace).body.at("invoices").as_array().empty());
    EXPECT_EQ(get("/api/invoices/" + invoice + ".pdf", grace).status, 404);
    EXPECT_EQ(pay(invoice, grace).status, 404);
    EXPECT_EQ(capture(order, grace).status, 404);
    EXPECT_EQ(get("/api/paypal/orders/" + order, grace).status, 404);
    EXPECT_EQ(usage_invoice("status"), "open");
}

TEST_F(PayPalUsage, IsRefundedByTheRouteOfAllProviders) {
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

}  // namespace
}  // namespace paydesk::api
