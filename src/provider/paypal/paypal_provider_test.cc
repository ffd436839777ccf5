#include "provider/paypal/paypal_provider.h"

#include <gtest/gtest.h>

#include "provider/paypal/scripted_paypal.h"
#include "provider/paypal/test_subscription.h"

namespace paydesk::provider::paypal {
namespace {

const AccountId account{test_account};
constexpr const char* ask_path =
    "GET /v1/billing/subscriptions/I-1?fields=last_failed_payment,plan";

using Sent = std::vector<std::string>;

NewCheckout checkout_of(CheckoutMode mode) {
    return {.account = account,
            .customer = {account.value},
            .mode = mode,
            .price = {mode == CheckoutMode::payment ? "PAYDESK-CREDITS" : "P-PRO-M"},
            .quantity = 2,
            .plan_key = "pro",
            .billing_cycle = "monthly",
            .checkout_id = "0198",
            .success_url = "https://app.example/done?session_id={CHECKOUT_SESSION_ID}",
            .cancel_url = "https://app.example/plans",
            .expires_at = from_unix(1'780'272'000 + 86'400),
            .unit_amount = Money(950, Currency::usd()),
            .description = "1,000 credits"};
}

std::string order_text(std::string_view status, std::string_view capture = {}) {
    std::string payments;
    if (!capture.empty()) {
        payments = fmt::format(
            R"(,"payments":{{"captures":[{{"id":"2GG","status":"{}","amount":{}}}],"refunds":[{{"id":"1JU",)"
            R"("status":"COMPLETED","custom_id":"r-1","amount":{}}}]}})",
            capture, money_text("19.00"), money_text("5.00"));
    }
    return fmt::format(
        R"({{"id":"5O1","status":"{}","create_time":"2026-06-01T00:00:00Z","links":[{{"rel":"payer-action",)"
        R"("href":"https://paypal.example/pay"}}],"purchase_units":[{{"reference_id":"0198","custom_id":"{}",)"
        R"("amount":{}{}}}]}})",
        status, test_account, money_text("19.00"), payments);
}

std::string problem(const char* issue) {
    return fmt::format(R"({{"name":"UNPROCESSABLE_ENTITY","details":[{{"issue":"{}"}}]}})", issue);
}

Text live() {
    return {.created = "2026-05-15T10:00:00Z",
            .start = "2026-05-15T10:00:00Z",
            .paid_at = "2026-05-15T10:00:00Z",
            .next = "2026-06-15T10:00:00Z"};
}
Text with(Text text, std::string status, std::string note = {}) {
    text.status = std::move(status);
    text.note = std::move(note);
    text.since = "2026-06-01T00:00:00Z";
    if (text.status != "ACTIVE") text.next.clear();
    return text;
}

TEST(PayPalProvider, ACustomerIsOurAccount) {
    ScriptedPayPal paypal(false);
    paypal.with_provider([](Provider& provider) -> Task<> {
        EXPECT_EQ((co_await provider.create_customer({"c:1"}, {.account = account})).value(),
                  Ref{account.value});
    });
    EXPECT_TRUE(paypal.transport.requests.empty());
}

TEST(PayPalProvider, AnOrder) {
    ScriptedPayPal paypal;
    paypal.transport.answer(201, order_text("PAYER_ACTION_REQUIRED"));
    paypal.with_provider([&](Provider& provider) -> Task<> {
        const auto made = co_await provider.create_checkout({"checkout:0198"},
                                                            checkout_of(CheckoutMode::payment));
        EXPECT_EQ(made->checkout, Ref{"5O1"});
        EXPECT_EQ(made->url, "https://paypal.example/pay");
        EXPECT_EQ(made->expires_at, paypal.clock.now() + approval_lapses_after);
    });
    EXPECT_EQ(
        paypal.sent(),
        (Sent{
            "POST /v2/checkout/orders "
            R"({"intent":"CAPTURE","purchase_units":[{"reference_id":"0198","custom_id":")" +
            account.value +
            R"(","amount":{"currency_code":"USD","value":"19.00"},"description":"1,000 credits x 2"}],)"
            R"("payment_source":{"paypal":{"experience_context":{"return_url":"https://app.example/done?session_id=0198",)"
            R"("cancel_url":"https://app.example/plans","user_action":"PAY_NOW","shipping_preference":"NO_SHIPPING"}}}})"}));
    EXPECT_EQ(paypal.transport.requests[1].headers.get("PayPal-Request-Id"), "checkout:0198");
}

TEST(PayPalProvider, ASubscriptionAndItsTrial) {
    ScriptedPayPal paypal;
    paypal.transport.answer(201, subscription_text({.status = "APPROVAL_PENDING"}));
    paypal.with_provider([](Provider& provider) -> Task<> {
        auto wanted = checkout_of(CheckoutMode::subscription);
        wanted.trial_days = 14;
        const auto made = co_await provider.create_checkout({"checkout:0198"}, wanted);
        EXPECT_EQ(made->checkout, Ref{"I-1"});
        EXPECT_EQ(made->url, "https://paypal.example/approve");
    });
    EXPECT_EQ(
        paypal.sent(),
        (Sent{
            "POST /v1/billing/subscriptions "
            R"({"plan_id":"P-PRO-M","quantity":"2","custom_id":")" +
            account.value +
            R"(","application_context":{"return_url":"https://app.example/done?session_id=0198",)"
            R"("cancel_url":"https://app.example/plans","user_action":"SUBSCRIBE_NOW","shipping_preference":"NO_SHIPPING"},)"
            R"("start_time":"2026-06-15T00:00:00Z"})"}));
}

TEST(PayPalProvider, WhatPayPalCannotCarryIsRefusedWithoutACall) {
    ScriptedPayPal paypal(false);
    paypal.with_provider([](Provider& provider) -> Task<> {
        auto wanted = checkout_of(CheckoutMode::payment);
        wanted.unit_amount = Money(1'000, Currency::kwd());
        EXPECT_EQ((co_await provider.create_checkout({"checkout:1"}, wanted)).error().code,
                  ErrorCode::invalid_input);
    });
    EXPECT_TRUE(paypal.transport.requests.empty());
}

TEST(PayPalProvider, CheckoutsAreLookedAt) {
    ScriptedPayPal paypal;
    const auto look = [&](const char* id, int status, std::string answer) {
        std::string said;
        paypal.transport.answer(status, std::move(answer));
        paypal.with_provider([&](Provider& provider) -> Task<> {
            const auto checkout = co_await provider.get_checkout({id});
            said = checkout ? checkout->status + " " + checkout->url
                            : std::string(info(checkout.error().code).name);
        });
        paypal.transport.answer(200, ScriptedPayPal::token_answer);  // for the next one
        return said;
    };
    EXPECT_EQ(look("5O1", 200, order_text("PAYER_ACTION_REQUIRED")),
              "open https://paypal.example/pay");
    EXPECT_EQ(look("5O1", 200, order_text("COMPLETED", "COMPLETED")), "complete ");
    EXPECT_EQ(look("5O1", 200, order_text("COMPLETED", "DECLINED")), "expired ")
        << "nobody can approve it again";
    EXPECT_EQ(look("5O1", 404, problem("INVALID_RESOURCE_ID")), "expired ");
    EXPECT_EQ(look("I-1", 200, subscription_text({.status = "APPROVAL_PENDING"})),
              "open https://paypal.example/approve");
    EXPECT_EQ(look("I-1", 200, subscription_text(live())), "complete ");
}

TEST(PayPalProvider, CapturesAnApprovedOrder) {
    for (const bool again : {false, true}) {
        ScriptedPayPal paypal;
        if (again) {
            paypal.transport.answer(422, problem("ORDER_ALREADY_CAPTURED"));
        } else {
            paypal.transport.answer(201, "{}");
        }
        paypal.transport.answer(200, order_text("COMPLETED", "COMPLETED"));
        paypal.with_provider([](Provider& provider) -> Task<> {
            const auto changes = co_await provider.capture_checkout({"capture:0198"}, {"5O1"});
            EXPECT_EQ(changes->size(), 2u);
            const auto& checkout = std::get<CheckoutSnapshot>(changes->at(0).fact);
            EXPECT_EQ(checkout.status + " " + checkout.payment_status, "complete paid");
            const auto& charge = std::get<ChargeSnapshot>(changes->at(1).fact);
            EXPECT_EQ(charge.payment, checkout.payment);
            EXPECT_EQ(charge.account, account);
        });
        EXPECT_EQ(paypal.sent(),
                  (Sent{"POST /v2/checkout/orders/5O1/capture {}", "GET /v2/checkout/orders/5O1"}));
    }
}

// A payment that PayPal was looking at, and denied in the end.
TEST(PayPalProvider, TellsOfACaptureThatWasDenied) {
    ScriptedPayPal paypal;
    paypal.transport.answer(422, problem("ORDER_ALREADY_CAPTURED"));
    paypal.transport.answer(200, order_text("COMPLETED", "DECLINED"));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto changes = co_await provider.capture_checkout({"capture:0198"}, {"5O1"});
        EXPECT_EQ(changes->size(), 2u);
        EXPECT_TRUE(std::get<CheckoutSnapshot>(changes->at(0).fact).payment_failed);
        EXPECT_EQ(std::get<ChargeSnapshot>(changes->at(1).fact).status, ChargeStatus::failed);
    });
}

TEST(PayPalProvider, CapturesThatFail) {
    struct Case {
        int status;
        std::string answer, order;
        ErrorCode code;
    };
    for (const Case& c : {
             Case{422, problem("ORDER_NOT_APPROVED"), "", ErrorCode::checkout_not_approved},
             Case{422, problem("INSTRUMENT_DECLINED"), "", ErrorCode::payment_declined},
             Case{201, "{}", order_text("COMPLETED", "DECLINED"), ErrorCode::payment_declined},
             Case{201, "{}", order_text("APPROVED"), ErrorCode::payment_declined},
             Case{404, "{}", "", ErrorCode::not_found},
    }) {
        ScriptedPayPal paypal;
        paypal.transport.answer(c.status, c.answer);
        if (!c.order.empty()) paypal.transport.answer(200, c.order);
        paypal.with_provider([&](Provider& provider) -> Task<> {
            const auto changes = co_await provider.capture_checkout({"capture:0198"}, {"5O1"});
            EXPECT_EQ(changes.error().code, c.code) << c.answer;
        });
    }
}

TEST(PayPalProvider, CancelsAtTheEndOfThePaidPeriod) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.answer(204, "");
    paypal.transport.answer(
        200, subscription_text(
                 with(live(), "CANCELLED", "At period end 2026-06-15T10:00:00Z: too expensive")));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto change = co_await provider.cancel_subscription(
            {"cancel:1"}, {"I-1"}, CancelWhen::period_end, {.comment = "too expensive"});
        const auto& snapshot = std::get<SubscriptionSnapshot>(change->fact);
        EXPECT_EQ(snapshot.status, SubscriptionStatus::active);
        EXPECT_TRUE(snapshot.cancel_at_period_end);
        EXPECT_EQ(to_iso8601(*snapshot.cancel_at), "2026-06-15T10:00:00Z");
        EXPECT_EQ(snapshot.cancel_comment, "too expensive");
    });
    EXPECT_EQ(
        paypal.sent(),
        (Sent{
            ask_path,
            R"(POST /v1/billing/subscriptions/I-1/cancel {"reason":"At period end 2026-06-15T10:00:00Z: too expensive"})",
            ask_path}));
}

TEST(PayPalProvider, CancelsNowWhateverIsPaid) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.answer(204, "");
    paypal.transport.answer(
        200, subscription_text(with(live(), "CANCELLED", "Now: cancelled in the app")));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto change =
            co_await provider.cancel_subscription({"cancel:1"}, {"I-1"}, CancelWhen::now, {});
        EXPECT_EQ(std::get<SubscriptionSnapshot>(change->fact).status,
                  SubscriptionStatus::canceled);
    });
    EXPECT_EQ(
        paypal.sent().at(1),
        R"(POST /v1/billing/subscriptions/I-1/cancel {"reason":"Now: cancelled in the app"})");
}

TEST(PayPalProvider, ACancellationWhoseAnswerWasLostIsFound) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.fail();
    paypal.transport.answer(200, subscription_text(with(live(), "CANCELLED")));
    paypal.with_provider([](Provider& provider) -> Task<> {
        EXPECT_TRUE(co_await provider.cancel_subscription({"cancel:1"}, {"I-1"},
                                                          CancelWhen::period_end, {}));
    });
    EXPECT_EQ(paypal.sent().size(), 3u);
}

TEST(PayPalProvider, PayPalCannotUndoACancellation) {
    const auto refusal = [](const Text& text, CancelWhen when) {
        ScriptedPayPal paypal;
        paypal.transport.answer(200, subscription_text(text));
        Error error{};
        paypal.with_provider([&](Provider& provider) -> Task<> {
            error =
                (co_await provider.cancel_subscription({"cancel:1"}, {"I-1"}, when, {})).error();
        });
        EXPECT_EQ(paypal.sent().size(), 1u);
        return error;
    };
    const auto goes_on = refusal(with(live(), "CANCELLED"), CancelWhen::never);
    EXPECT_EQ(goes_on.code, ErrorCode::subscription_not_resumable);
    EXPECT_NE(goes_on.message.find("subscribe anew"), std::string::npos);
    EXPECT_EQ(refusal(with(live(), "CANCELLED"), CancelWhen::now).code,
              ErrorCode::subscription_not_cancelable);
    EXPECT_EQ(refusal(with(live(), "CANCELLED", "Now: x"), CancelWhen::never).message,
              "This subscription has ended: start a new one.");
}

TEST(PayPalProvider, PausesAndResumes) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.answer(204, "");
    paypal.transport.answer(200, subscription_text(with(live(), "SUSPENDED")));
    paypal.transport.answer(200, subscription_text(with(live(), "SUSPENDED")));
    paypal.transport.answer(204, "");
    paypal.transport.answer(200, subscription_text(live()));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto paused = co_await provider.pause_subscription({"p:1"}, {"I-1"});
        EXPECT_EQ(std::get<SubscriptionSnapshot>(paused->fact).status, SubscriptionStatus::paused);
        const auto resumed = co_await provider.resume_subscription({"p:2"}, {"I-1"});
        EXPECT_EQ(std::get<SubscriptionSnapshot>(resumed->subscription.fact).status,
                  SubscriptionStatus::active);
    });
    EXPECT_EQ(paypal.sent().at(1),
              R"(POST /v1/billing/subscriptions/I-1/suspend {"reason":"Paused in the app"})");
    EXPECT_EQ(paypal.sent().at(4),
              R"(POST /v1/billing/subscriptions/I-1/activate {"reason":"Resumed in the app"})");
}

TEST(PayPalProvider, WhatPayPalSuspendedItDoesNotReactivate) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(with(live(), "SUSPENDED")));
    paypal.transport.answer(422, problem("SUBSCRIPTION_CANNOT_BE_ACTIVATED"));
    paypal.transport.answer(200, subscription_text(with(live(), "SUSPENDED")));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto resumed = co_await provider.resume_subscription({"p:1"}, {"I-1"});
        EXPECT_EQ(resumed.error().code, ErrorCode::subscription_not_resumable);
    });
}

TEST(PayPalProvider, AnotherPlanWantsTheBuyersConsent) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.answer(
        200,
        R"({"plan_id":"P-PRO-Y","links":[{"rel":"approve","href":"https://paypal.example/consent"}]})");
    const PlanChange change{.subscription = {"I-1"},
                            .item = {"I-1"},
                            .price = {"P-PRO-Y"},
                            .quantity = 1,
                            .interval = "year"};
    paypal.with_provider([&](Provider& provider) -> Task<> {
        const auto changed = co_await provider.change_plan({"change:1"}, change);
        EXPECT_EQ(changed->state, PlanChanged::State::requires_action);
        EXPECT_EQ(changed->url, "https://paypal.example/consent");
        EXPECT_EQ(std::get<SubscriptionSnapshot>(changed->subscription.fact).items.at(0).price,
                  Ref{"P-PRO-M"});
    });
    EXPECT_EQ(paypal.sent().at(1),
              R"(POST /v1/billing/subscriptions/I-1/revise {"plan_id":"P-PRO-Y","quantity":"1"})");
}

TEST(PayPalProvider, APreviewIsTheNextBillingWithoutProration) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.answer(200, yearly());
    paypal.transport.answer(200, subscription_text(live()));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto preview = co_await provider.preview_change({.subscription = {"I-1"},
                                                               .item = {"I-1"},
                                                               .price = {"P-PRO-Y"},
                                                               .quantity = 2,
                                                               .interval = "year"},
                                                              false);
        EXPECT_FALSE(preview->now.has_value());
        EXPECT_EQ(preview->renewal.amount.to_string(), "380.00 USD");
        EXPECT_EQ(to_iso8601(preview->renewal.at), "2026-06-15T10:00:00Z");
        const auto renewal = co_await provider.preview_renewal({"I-1"});
        EXPECT_EQ(renewal->amount.to_string(), "19.00 USD");
    });
}

TEST(PayPalProvider, RefundsOrdersAndSales) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, order_text("COMPLETED", "COMPLETED"));
    paypal.transport.answer(
        201, R"({"id":"1JU","status":"COMPLETED","amount":)" + money_text("5.00") + "}");
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto change =
            co_await provider.create_refund({"refund:r-1"}, {.charge = {},
                                                             .payment = Ref{"5O1"},
                                                             .amount = Money(500, Currency::usd()),
                                                             .reason = "requested_by_customer",
                                                             .refund_id = "r-1"});
        const auto& refund = std::get<RefundSnapshot>(change->fact);
        EXPECT_EQ(refund.charge, Ref{"2GG"});
        EXPECT_EQ(refund.status, "succeeded");
        EXPECT_EQ(refund.intent_id, "r-1");
    });
    EXPECT_EQ(
        paypal.sent().at(1),
        R"(POST /v2/payments/captures/2GG/refund {"amount":{"currency_code":"USD","value":"5.00"},"custom_id":"r-1"})");
}

TEST(PayPalProvider, FindsARefundItMade) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, order_text("COMPLETED", "COMPLETED"));
    paypal.transport.answer(200, order_text("COMPLETED", "COMPLETED"));
    paypal.transport.answer(404, problem("INVALID_RESOURCE_ID"));
    paypal.with_provider([](Provider& provider) -> Task<> {
        NewRefund wanted{.charge = {},
                         .payment = Ref{"5O1"},
                         .amount = Money(500, Currency::usd()),
                         .refund_id = "r-1"};
        EXPECT_EQ((co_await provider.find_refund(wanted)).value()->object, Ref{"1JU"});
        wanted.refund_id = "r-2";
        EXPECT_FALSE((co_await provider.find_refund(wanted)).value().has_value());
        wanted.charge = Ref{"S1"};
        wanted.payment.reset();
        EXPECT_FALSE((co_await provider.find_refund(wanted)).value().has_value());
    });
}

TEST(PayPalProvider, CollectsWhatIsOutstanding) {
    Text owing = with(live(), "SUSPENDED");
    owing.balance = "19.00";
    owing.failed_at = "2026-06-15T10:00:00Z";
    owing.failures = 1;
    Text settled = live();
    settled.failed_at = owing.failed_at;
    settled.paid_at = "2026-06-20T00:00:00Z";
    ScriptedPayPal paypal;
    paypal.clock.set(moment("2026-06-20T00:00:00Z"));
    paypal.transport.answer(200, subscription_text(owing));
    paypal.transport.answer(202, "");
    paypal.transport.answer(200, subscription_text(settled));
    paypal.transport.answer(
        200, transactions_text({"2026-05-15T10:00:00Z=19.00", "2026-06-20T00:00:00Z=19.00"}));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto change = co_await provider.pay_invoice({"pay:1"}, {"I-1/2026-06-15"}, {""});
        EXPECT_EQ(std::get<InvoiceSnapshot>(change->fact).status, InvoiceStatus::paid);
    });
    EXPECT_EQ(
        paypal.sent().at(1),
        R"(POST /v1/billing/subscriptions/I-1/capture {"note":"Outstanding balance","capture_type":"OUTSTANDING_BALANCE","amount":{"currency_code":"USD","value":"19.00"}})");
}

TEST(PayPalProvider, TellsASubscriptionWithItsPayments) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.answer(200, transactions_text({"2026-05-15T10:00:00Z=19.00"}));
    paypal.with_provider([&](Provider& provider) -> Task<> {
        const auto changes =
            co_await provider.fetch_with_payments(ObjectKind::subscription, {"I-1"}, std::nullopt);
        std::string kinds;
        for (const Change& change : *changes) {
            kinds += std::string(to_string(change.kind)) + " " + change.object.value + "\n";
            EXPECT_EQ(change.occurred_at, paypal.clock.now());
        }
        EXPECT_EQ(kinds, "subscription I-1\ncheckout I-1\ncharge S1\ninvoice I-1/2026-05-15\n");
    });
    EXPECT_EQ(
        paypal.sent().at(1),
        "GET /v1/billing/subscriptions/I-1/transactions?start_time=2026-05-14T10:00:00Z&end_time="
        "2026-06-01T00:00:01Z");
}

TEST(PayPalProvider, PaymentsAreReadToTheLastPage) {
    const auto page = [](std::vector<std::string> payments) {
        auto list = *parse_json(transactions_text(payments));
        list.as_object()["total_pages"] = 2;
        return list;
    };
    auto last = page({"2026-05-17T10:00:00Z=2.00"});
    last.at("transactions").at(0).as_object()["id"] = "S3";
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(live()));
    paypal.transport.answer(
        200, json::serialize(page({"2026-05-15T10:00:00Z=19.00", "2026-05-16T10:00:00Z=1.00"})));
    paypal.transport.answer(200, json::serialize(last));
    paypal.transport.answer(200, R"({"plans":[]})");  // of which plan the small amounts are
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto changes =
            co_await provider.fetch_with_payments(ObjectKind::subscription, {"I-1"}, std::nullopt);
        EXPECT_EQ(changes->size(), 2u + 3u + 3u);
    });
    EXPECT_TRUE(paypal.sent().at(2).ends_with("&page_size=2&page=2"));
}

TEST(PayPalProvider, WhatWaitsForApprovalIsOnlyACheckout) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text({.status = "APPROVAL_PENDING"}));
    paypal.transport.answer(200, subscription_text({.status = "APPROVAL_PENDING"}));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto changes =
            co_await provider.fetch_with_payments(ObjectKind::subscription, {"I-1"}, std::nullopt);
        EXPECT_EQ(changes->size(), 1u);
        EXPECT_EQ(std::get<CheckoutSnapshot>(changes->at(0).fact).status, "open");
        EXPECT_EQ((co_await provider.fetch(ObjectKind::subscription, {"I-1"})).error().code,
                  ErrorCode::not_found);
    });
}

// After a revision the plan that was paid is found among those of the product.
TEST(PayPalProvider, AnAmountOfAnotherPlanIsLookedUp) {
    Text revised = live();
    revised.plan = yearly();
    revised.plan_id = "P-PRO-Y";
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(revised));
    paypal.transport.answer(200, R"({"plans":[)" + monthly() + "," + yearly() + "]}");
    paypal.transport.answer(200, transactions_text({"2026-05-15T10:00:00Z=19.00"}));
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto changes =
            co_await provider.fetch_with_payments(ObjectKind::subscription, {"I-1"}, std::nullopt);
        const auto& invoice = std::get<InvoiceSnapshot>(changes->at(3).fact);
        EXPECT_EQ(invoice.lines.at(0).price, Ref{"P-PRO-M"});
        EXPECT_EQ(date_text(*invoice.period_end), "2026-06-15");
    });
    EXPECT_EQ(paypal.sent().at(1),
              "GET /v1/billing/plans?product_id=PAYDESK-PLANS&page_size=20&page=1");
}

// A plan that does not come along is asked for.
TEST(PayPalProvider, APlanThatIsMissingIsAskedFor) {
    Text bare = live();
    bare.plan = "null";
    ScriptedPayPal paypal;
    paypal.transport.answer(200, subscription_text(bare));
    paypal.transport.answer(200, monthly());
    paypal.with_provider([](Provider& provider) -> Task<> {
        EXPECT_TRUE(co_await provider.fetch(ObjectKind::subscription, {"I-1"}));
    });
    EXPECT_EQ(paypal.sent().at(1), "GET /v1/billing/plans/P-PRO-M");
}

// What lasts until a date is judged by PayPal's clock.
TEST(PayPalProvider, FollowsPayPalsClock) {
    ScriptedPayPal paypal;
    const http::Headers later{
        {"Date", "Wed, 01 Jul 2026 00:00:00 GMT"}
    };
    paypal.transport.answer(200, subscription_text(with(live(), "CANCELLED")), later);
    paypal.with_provider([](Provider& provider) -> Task<> {
        const auto change = co_await provider.fetch(ObjectKind::subscription, {"I-1"});
        EXPECT_EQ(std::get<SubscriptionSnapshot>(change->fact).status,
                  SubscriptionStatus::canceled);
        EXPECT_EQ(to_iso8601(change->occurred_at), "2026-07-01T00:00:00Z");
    });
}

TEST(PayPalProvider, WhatIsNotThereIsSaid) {
    ScriptedPayPal paypal(false);
    paypal.with_provider([](Provider& provider) -> Task<> {
        const PlanChange change{
            .subscription = {"I-1"}, .item = {"I-1"}, .price = {"P-1"}, .interval = "year"};
        EXPECT_EQ((co_await provider.schedule_change({"s:1"}, change)).error().code,
                  ErrorCode::subscription_not_changeable);
        EXPECT_FALSE((co_await provider.release_schedule({"s:1"}, {"I-1"})).value().has_value());
        EXPECT_FALSE((co_await provider.find_promotion_code("SAVE")).value().has_value());
        EXPECT_EQ((co_await provider.set_promotion_code({"s:1"}, {"I-1"}, Ref{"x"})).error().code,
                  ErrorCode::promotion_code_invalid);
        EXPECT_EQ((co_await provider.create_portal({"s:1"}, {.customer = {"x"}, .return_url = ""}))
                      .error()
                      .code,
                  ErrorCode::provider_rejected);
        EXPECT_TRUE(co_await provider.expire_checkout({"s:1"}, {"5O1"}));
        EXPECT_EQ((co_await provider.fetch(ObjectKind::payment_method, {"x"})).error().code,
                  ErrorCode::not_found);
    });
    EXPECT_TRUE(paypal.transport.requests.empty());
}

TEST(PayPalProvider, OriginOfPayment) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, order_text("COMPLETED", "COMPLETED"));
    paypal.transport.answer(404, problem("INVALID_RESOURCE_ID"));
    paypal.with_provider([](Provider& provider) -> Task<> {
        EXPECT_EQ((co_await provider.origin_of_payment({"5O1"}))->checkout, Ref{"5O1"});
        EXPECT_FALSE((co_await provider.origin_of_payment({"S1"}))->checkout.has_value());
    });
}

}  // namespace
}  // namespace paydesk::provider::paypal
