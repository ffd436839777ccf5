// Refunds asked for by an operator, on a real Postgres.
#include "api/test_payments.h"

namespace paydesk::api {
namespace {

class Refunds : public TestPayments {};

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

}  // namespace
}  // namespace paydesk::api
