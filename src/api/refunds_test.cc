// Refunds asked for by an operator, and the payments that people see, on a real Postgres.
#include "api/test_api.h"
#include "billing/apply_change.h"
#include "billing/link_charges_flow.h"
#include "billing/pay_invoice_flow.h"
#include "billing/refund_flow.h"

namespace paydesk::api {
namespace {

using provider::ObjectKind;

class Refunds : public TestApi {
protected:
    // Told by the provider, as its webhooks would.
    void tell(ObjectKind kind, std::string object, provider::Fact fact, std::string type,
              int seconds_ago = 60) {
        provider::Change change = provider_.change_of(kind, {std::move(object)}, std::move(fact));
        change.event_id = "evt_" + std::to_string(++events_);
        change.event_type = std::move(type);
        change.occurred_at = from_unix(to_unix(clock_.now()) - seconds_ago);
        run([](db::Database& db, provider::Change told, Instant now) -> Task<int> {
            co_await db.transaction([&](db::Tx& tx) -> Task<> {
                std::vector<billing::ToApply> changes;
                changes.push_back({.change = told});
                co_await billing::apply_changes(tx, std::move(changes), now);
            });
            co_return 0;
        }(db_, std::move(change), clock_.now()));
    }
    provider::ChargeSnapshot charge(std::string id, std::int64_t amount,
                                    std::int64_t amount_refunded = 0) {
        return {.charge = {id},
                .payment = provider::Ref{"pi_of_" + id},
                .customer = provider::Ref{std::string("cus_of_") + ada},
                .invoice = provider::Ref{"in_of_" + id},
                .account = {},
                .status = provider::ChargeStatus::succeeded,
                .amount = Money(amount, Currency::usd()),
                .amount_refunded = Money(amount_refunded, Currency::usd()),
                .failure_code = {},
                .failure_message = {},
                .receipt_url = "https://pay.example/receipts/" + id,
                .description = {},
                .created_at = from_unix(to_unix(clock_.now()) - 60)};
    }
    provider::InvoiceSnapshot invoice(std::string id, std::int64_t amount,
                                      provider::InvoiceStatus status) {
        const Money all(amount, Currency::usd()), none = Money::zero(Currency::usd());
        const bool paid = status == provider::InvoiceStatus::paid;
        return {.invoice = provider::Ref{std::move(id)},
                .customer = {std::string("cus_of_") + ada},
                .subscription = {},
                .account = {},
                .status = status,
                .amount_due = all,
                .amount_paid = paid ? all : none,
                .amount_remaining = paid ? none : all,
                .subtotal = all,
                .total = all,
                .number = "A-7",
                .billing_reason = {},
                .hosted_invoice_url = {},
                .invoice_pdf = {},
                .lines = {},
                .period_start = {},
                .period_end = {},
                .paid_at = {},
                .due_date = {},
                .next_payment_attempt = {},
                .payment = {},
                .created_at = from_unix(to_unix(clock_.now()) - 60)};
    }
    // A paid invoice of Ada's with its charge; gives our id of the payment.
    std::string pay(std::int64_t amount, const std::string& id = "ch_1") {
        add_subscription(ada, "sub_of_" + id, "active");
        tell(ObjectKind::charge, id, charge(id, amount), "charge.succeeded");
        tell(ObjectKind::invoice, "in_of_" + id,
             invoice("in_of_" + id, amount, provider::InvoiceStatus::paid), "invoice.paid");
        provider_.charged[id] = amount;
        return payment("id", id);
    }
    std::string payment(const std::string& column, const std::string& charge = "ch_1") {
        const auto rows = database_.run("select " + column +
                                            "::text as it from paydesk.payments where "
                                            "provider_charge_id = $1",
                                        {charge});
        return rows.empty() ? "none" : std::string(rows.text(0, "it"));
    }
    http::Request asking(json::object body, bool admin = true) {
        auto asked = request("POST", "/api/admin/refunds", "", json::serialize(body));
        asked.headers.set("Authorization", "Bearer " + token_of(grace, admin));
        return asked;
    }
    Answer refund(json::object body) { return send(asking(std::move(body))); }
    Answer as_admin(std::string target) {
        auto asked = request("GET", std::move(target));
        asked.headers.set("Authorization", "Bearer " + token_of(grace, true));
        return send(asked);
    }
    void run_job(const jobs::Handler& handler, json::value payload) {
        run([](const jobs::Handler& h, json::value p) -> Task<int> {
            const auto done = co_await h({.id = "job",
                                          .kind = "test",
                                          .payload = std::move(p),
                                          .attempts = 1,
                                          .attempts_max = 10,
                                          .run_at = {},
                                          .leased_until = {}});
            EXPECT_TRUE(done) << (done ? "" : done.error().message);
            co_return 0;
        }(handler, std::move(payload)));
    }

    int events_ = 0;
};

TEST_F(Refunds, InPartsUntilNothingIsLeft) {
    const std::string id = pay(4900);
    Answer answer = refund({
        {"paymentId", id                     },
        {"amount",    900                    },
        {"reason",    "requested_by_customer"},
        {"note",      "asked by phone"       }
    });
    ASSERT_EQ(answer.status, 201) << json::serialize(answer.body);
    EXPECT_EQ(answer.text({"refund", "status"}), "succeeded");
    EXPECT_EQ(answer.text({"refund", "stripe_refund_id"}), "re_1");
    EXPECT_EQ(answer.text({"refund", "actor"}), std::string("admin:") + grace);
    EXPECT_EQ(answer.text({"refund", "account_id"}), ada);
    EXPECT_EQ(payment("status || ' ' || amount_refunded"), "partially_refunded 900");

    EXPECT_EQ(refund({
                         {"paymentId", id  },
                         {"amount",    4001}
    })
                  .code(),
              "refund_exceeds_payment");
    ASSERT_EQ(refund({
                         {"paymentId", id}
    })
                  .status,
              201)
        << "without an amount: all that is left";
    EXPECT_EQ(payment("status || ' ' || amount_refunded"), "refunded 4900");
    EXPECT_EQ(refund({
                         {"paymentId", id}
    })
                  .code(),
              "refund_exceeds_payment");
    EXPECT_EQ(provider_.count("create_refund"), 2);
    EXPECT_EQ(count("paydesk.audit_log where action = 'refund.requested' and actor = 'admin:" +
                    std::string(grace) + "'"),
              "2");
    EXPECT_EQ(count("paydesk.audit_log where details ->> 'note' = 'asked by phone'"), "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'refund_succeeded' and account_id = '" +
                    std::string(ada) + "'"),
              "2");
    EXPECT_EQ(count("paydesk.jobs where kind = 'refund' and status = 'queued'"), "0");

    answer = as_admin("/api/admin/refunds?payment_id=" + id);
    ASSERT_EQ(answer.body.at("refunds").as_array().size(), 2u);
    EXPECT_EQ(as_admin("/api/admin/refunds?limit=1").body.at("has_more"), json::value(true));
    const std::string newest = answer.text({"refunds", "0", "id"});
    EXPECT_EQ(as_admin("/api/admin/refunds?starting_after=" + newest).text({"refunds", "0", "id"}),
              answer.text({"refunds", "1", "id"}));
}

TEST_F(Refunds, OnlyForOperators) {
    const std::string id = pay(4900);
    const Answer answer = send(asking(
        {
            {"paymentId", id}
    },
        false));
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.code(), "forbidden");
    for (const char* path :
         {"/api/admin/refunds", "/api/admin/disputes", "/api/admin/notifications"}) {
        EXPECT_EQ(get(path, ada).status, 403) << path;
        EXPECT_EQ(get(path).status, 401) << path;
        EXPECT_EQ(as_admin(path).status, 200) << path;
    }
    EXPECT_EQ(provider_.count("create_refund"), 0);
    EXPECT_EQ(count("paydesk.refunds"), "0");
}

TEST_F(Refunds, WrongFieldsAndUnknownPaymentsAreRefused) {
    const json::object wrong[] = {
        {},
        {{"paymentId", "pi_1"}},
        {{"paymentId", ada}, {"amount", 0}},
        {{"paymentId", ada}, {"amount", "9.00"}},
        {{"paymentId", ada}, {"reason", "because"}},
        {{"paymentId", ada}, {"ammount", 1}},
    };
    for (const auto& body : wrong) {
        EXPECT_EQ(refund(body).status, 422) << json::serialize(body);
    }
    EXPECT_EQ(refund({
                         {"paymentId", ada}
    })
                  .status,
              404);
}

// However many ask at once, and whatever they ask for: never more than was paid.
TEST_F(Refunds, ManyAtOnceNeverExceedThePayment) {
    for (int round = 0; round < 6; ++round) {
        SCOPED_TRACE(round);
        const std::string charge_id = "ch_" + std::to_string(round);
        const std::string id = pay(1'000, charge_id);
        std::vector<http::Request> requests;
        std::int64_t wished = 0;
        for (int i = 0; i < 8; ++i) {
            const std::int64_t amount = 90 + ((round * 97 + i * 61) % 400);
            wished += amount;
            requests.push_back(asking({
                {"paymentId", id    },
                {"amount",    amount}
            }));
        }
        if (round % 2 == 1)
            requests.push_back(asking({
                {"paymentId", id}
            }));  // and one for all
        std::int64_t given = 0;
        for (const auto& answer : send_together(std::move(requests))) {
            ASSERT_TRUE(answer.status == 201 || answer.code() == "refund_exceeds_payment")
                << json::serialize(answer.body);
            if (answer.status == 201) given += answer.body.at("refund").at("amount").as_int64();
        }
        EXPECT_LE(given, 1'000);
        EXPECT_GT(wished, 1'000);
        EXPECT_EQ(std::to_string(given), payment("amount_refunded", charge_id));
        EXPECT_EQ(provider_.refunded[charge_id], given);
    }
}

TEST_F(Refunds, AnIdempotencyKeyGivesTheFirstRefundAgain) {
    const std::string id = pay(4900);
    const auto once = [&] {
        auto asked = asking({
            {"paymentId", id },
            {"amount",    500}
        });
        asked.headers.add("Idempotency-Key", "refund-of-monday");
        return send(asked);
    };
    const std::string first = once().text({"refund", "id"});
    EXPECT_EQ(once().text({"refund", "id"}), first);
    EXPECT_EQ(payment("amount_refunded"), "500");
}

// The server died after the refund and before its answer was kept (or Postgres was away just then): the key comes
// again, to a server that knows nothing of the first answer.
TEST_F(Refunds, AnIdempotencyKeyOutlivesTheServer) {
    const std::string id = pay(4900);
    const auto once = [&](std::int64_t amount) {
        auto asked = asking({
            {"paymentId", id    },
            {"amount",    amount}
        });
        asked.headers.add("Idempotency-Key", "refund-of-monday");
        return send(asked);
    };
    const std::string first = once(500).text({"refund", "id"});
    database_.run("delete from paydesk.idempotency_keys");
    const Answer again = once(500);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.text({"refund", "id"}), first);
    EXPECT_EQ(payment("amount_refunded"), "500");
    EXPECT_EQ(provider_.refunds.size(), 1u);

    database_.run("delete from paydesk.idempotency_keys");
    provider_.failures.push_back({
        "create_refund", {ErrorCode::provider_unavailable, "no answer"}
    });
    const std::string second = once(700).text({"refund", "id"});
    EXPECT_NE(second, first) << "another request";
    database_.run("delete from paydesk.idempotency_keys");
    EXPECT_EQ(once(700).text({"refund", "id"}), second);
    EXPECT_EQ(payment("amount_refunded"), "1200");
    EXPECT_EQ(count("paydesk.refunds where status = 'succeeded'"), "2");
    EXPECT_EQ(count("paydesk.audit_log where action = 'refund.requested'"), "2");
}

// The answer is lost, or the server dies: the row is pending, and a job repeats the same call.
TEST_F(Refunds, ALostAnswerIsTakenUpByAJob) {
    const std::string id = pay(4900);
    provider_.failures.push_back({
        "create_refund", {ErrorCode::provider_unavailable, "no answer"}
    });
    const Answer answer = refund({
        {"paymentId", id  },
        {"amount",    1000}
    });
    ASSERT_EQ(answer.status, 201) << json::serialize(answer.body);
    EXPECT_EQ(answer.text({"refund", "status"}), "pending");
    EXPECT_TRUE(answer.body.at("refund").at("stripe_refund_id").is_null());
    EXPECT_EQ(count("paydesk.jobs where kind = 'refund' and status = 'queued'"), "1");
    EXPECT_EQ(refund({
                         {"paymentId", id  },
                         {"amount",    4000}
    })
                  .code(),
              "refund_exceeds_payment")
        << "what is intended counts already";

    const json::value payload{
        {"account_id", ada                          },
        {"refund_id",  answer.text({"refund", "id"})}
    };
    run_job(billing::refund_job(services_.flows), payload);
    run_job(billing::refund_job(services_.flows), payload);
    EXPECT_EQ(provider_.count("create_refund"), 2) << "done is done";
    EXPECT_EQ(provider_.refunds.size(), 1u) << "with the same key";
    EXPECT_EQ(payment("status || ' ' || amount_refunded"), "partially_refunded 1000");
    EXPECT_EQ(count("paydesk.jobs where kind = 'refund' and status = 'queued'"), "0");
}

// After a day the key is forgotten: our id in the metadata finds the refund.
TEST_F(Refunds, AfterADayItIsLookedForFirst) {
    const std::string id = pay(4900);
    provider_.failures.push_back({
        "create_refund", {ErrorCode::provider_unavailable, "no answer"}
    });
    const Answer answer = refund({
        {"paymentId", id}
    });
    database_.run("update paydesk.refunds set created_at = now() - interval '2 days'");
    run_job(billing::refund_job(services_.flows),
            {
                {"account_id", ada                          },
                {"refund_id",  answer.text({"refund", "id"})}
    });
    EXPECT_EQ(provider_.count("create_refund"), 1);
    EXPECT_EQ(provider_.count("find_refund"), 1);
    EXPECT_EQ(payment("status"), "refunded");
}

// The answer was lost, and the key to the provider's API changed meanwhile: that the next call is refused does
// not say that the first was.
TEST_F(Refunds, ARefusalAfterALostAnswerIsLookedIntoFirst) {
    const std::string id = pay(4900);
    provider_.failures.push_back({
        "create_refund", {ErrorCode::provider_unavailable, "no answer"}
    });
    const Answer answer = refund({
        {"paymentId", id}
    });
    const json::value payload{
        {"account_id", ada                          },
        {"refund_id",  answer.text({"refund", "id"})}
    };
    const Error key_refused{ErrorCode::provider_rejected, "wrong key"};
    provider_.failures.push_back({"create_refund", key_refused});
    provider_.failures.push_back({"find_refund", key_refused});
    const auto handler = billing::refund_job(services_.flows);
    const auto left = run([](jobs::Handler h, json::value p) -> Task<ErrorCode> {
        const auto done = co_await h({.id = "job",
                                      .kind = "test",
                                      .payload = std::move(p),
                                      .attempts = 1,
                                      .attempts_max = 10,
                                      .run_at = {},
                                      .leased_until = {}});
        co_return done ? ErrorCode::internal : done.error().code;
    }(handler, payload));
    EXPECT_TRUE(info(left).retryable) << "nobody knows yet: the job goes on";
    EXPECT_EQ(count("paydesk.refunds where status = 'pending'"), "1");
    EXPECT_EQ(refund({
                         {"paymentId", id}
    })
                  .code(),
              "refund_exceeds_payment")
        << "it may have been given back";

    provider_.failures.push_back({"create_refund", key_refused});
    run_job(handler, payload);
    EXPECT_EQ(payment("status"), "refunded");
    EXPECT_EQ(count("paydesk.refunds where status = 'succeeded'"), "1");
    EXPECT_EQ(provider_.refunds.size(), 1u);
}

// What we took for refused the provider made after all.
TEST_F(Refunds, ARefundThatWasTakenForRefusedCountsWhenItIsTold) {
    const std::string id = pay(4900);
    provider_.failures.push_back({
        "create_refund", {ErrorCode::provider_rejected, "odd"}
    });
    EXPECT_EQ(refund({
                         {"paymentId", id  },
                         {"amount",    1000}
    })
                  .code(),
              "provider_rejected");
    const std::string intent(database_.run("select id from paydesk.refunds").text(0, "id"));
    tell(ObjectKind::refund, "re_1",
         provider::RefundSnapshot{.refund = {"re_1"},
                                  .charge = provider::Ref{"ch_1"},
                                  .payment = {},
                                  .amount = Money(1000, Currency::usd()),
                                  .status = "succeeded",
                                  .reason = {},
                                  .failure_reason = {},
                                  .intent_id = intent,
                                  .created_at = clock_.now()},
         "refund.created", 0);
    EXPECT_EQ(payment("amount_refunded"), "1000");
    EXPECT_EQ(count("paydesk.refunds where status = 'succeeded' and provider_refund_id = 're_1'"),
              "1");
}

TEST_F(Refunds, WhatTheProviderRefusesIsRecordedAndFreesTheAmount) {
    const std::string id = pay(4900);
    provider_.failures.push_back({
        "create_refund",
        {ErrorCode::payment_not_refundable, "It is disputed.", "charge_disputed"}
    });
    EXPECT_EQ(refund({
                         {"paymentId", id}
    })
                  .code(),
              "payment_not_refundable");
    EXPECT_EQ(count("paydesk.refunds where status = 'failed' and failure_reason = "
                    "'charge_disputed'"),
              "1");
    EXPECT_EQ(count("paydesk.audit_log where action = 'refund.refused'"), "1");
    EXPECT_EQ(refund({
                         {"paymentId", id}
    })
                  .status,
              201)
        << "nothing was given back: all of it is left";
}

// Our refund's event comes before our own second transaction: it finds the intent by its id.
TEST_F(Refunds, TheWebhookMayBeFaster) {
    const std::string id = pay(4900);
    provider_.failures.push_back({
        "create_refund", {ErrorCode::provider_unavailable, "no answer"}
    });
    refund({
        {"paymentId", id  },
        {"amount",    1000}
    });
    tell(ObjectKind::refund, "re_1", provider_.refunds.begin()->second, "refund.created", 0);
    EXPECT_EQ(count("paydesk.refunds"), "1");
    EXPECT_EQ(count("paydesk.refunds where status = 'succeeded' and actor like 'admin:%'"), "1");
    EXPECT_EQ(payment("amount_refunded"), "1000");
}

// Made in the provider's dashboard, it looks the same.
TEST_F(Refunds, ARefundOfTheDashboardLooksTheSame) {
    const std::string id = pay(4900);
    tell(ObjectKind::refund, "re_9",
         provider::RefundSnapshot{.refund = {"re_9"},
                                  .charge = provider::Ref{"ch_1"},
                                  .payment = {},
                                  .amount = Money(4900, Currency::usd()),
                                  .status = "succeeded",
                                  .reason = "fraudulent",
                                  .failure_reason = {},
                                  .intent_id = {},
                                  .created_at = clock_.now()},
         "refund.created");
    EXPECT_EQ(payment("status"), "refunded");
    const Answer answer = as_admin("/api/admin/refunds");
    EXPECT_EQ(answer.text({"refunds", "0", "actor"}), "provider");
    EXPECT_EQ(answer.text({"refunds", "0", "payment_id"}), id);
    EXPECT_EQ(refund({
                         {"paymentId", id}
    })
                  .code(),
              "refund_exceeds_payment");
}

TEST_F(Refunds, OnlyWhatSucceededCanBeRefunded) {
    add_subscription(ada, "sub_1", "active");
    auto failed = charge("ch_2", 4900);
    failed.status = provider::ChargeStatus::failed;
    failed.failure_code = "card_declined";
    failed.failure_message = "Your card was declined.";
    tell(ObjectKind::charge, "ch_2", failed, "charge.failed");
    const Answer list = get("/api/payments", ada);
    ASSERT_EQ(list.body.at("payments").as_array().size(), 1u);
    EXPECT_EQ(list.text({"payments", "0", "status"}), "failed");
    EXPECT_EQ(list.text({"payments", "0", "failure_message"}), "Your card was declined.");
    EXPECT_EQ(refund({
                         {"paymentId", payment("id", "ch_2")}
    })
                  .code(),
              "payment_not_refundable");
}

TEST_F(Refunds, PaymentsAreListedWithTheirReceipts) {
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
TEST_F(Refunds, TheOriginOfAChargeIsAskedFor) {
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
TEST_F(Refunds, AChargeThatWasRefundedBeforeItsOriginIsKnownTakesCreditsBack) {
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
TEST_F(Refunds, ThePaymentOfAnInvoiceIsAskedFor) {
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

TEST_F(Refunds, ADisputeIsForTheOperator) {
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
TEST_F(Refunds, ANewCardRetriesTheOpenInvoice) {
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
