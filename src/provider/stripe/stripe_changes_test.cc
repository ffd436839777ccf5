// Changes of a running subscription: what is asked of Stripe, and what its answers mean.

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"

namespace paydesk::provider::stripe {
namespace {

using Lines = std::vector<std::string>;

constexpr std::int64_t day = 86'400, start = 1'780'272'000, end = start + 30 * day;

std::string subscription(const std::string& more = "") {
    return R"({"id":"sub_1","object":"subscription","customer":"cus_1","status":"active","created":1,
        "latest_invoice":"in_1","items":{"object":"list","data":[{"id":"si_1","quantity":2,
        "price":{"id":"price_pro"},"current_period_start":)" +
           std::to_string(start) + R"(,"current_period_end":)" + std::to_string(end) + "}]}" +
           more + "}";
}

std::string line(std::int64_t amount, const char* price, std::int64_t from, std::int64_t to,
                 bool proration) {
    return R"({"amount":)" + std::to_string(amount) + R"(,"description":"x","period":{"start":)" +
           std::to_string(from) + R"(,"end":)" + std::to_string(to) +
           R"(},"pricing":{"price_details":{"price":")" + price +
           R"("}},"parent":{"subscription_item_details":{"proration":)" +
           (proration ? "true" : "false") + "}}}";
}

std::string invoice(std::int64_t total, const std::string& lines, const std::string& more = "") {
    const std::string due = std::to_string(std::max<std::int64_t>(total, 0));
    return R"({"id":"upcoming_in_1","object":"invoice","customer":"cus_1","status":"draft",
        "currency":"usd","amount_paid":0,"amount_due":)" +
           due + R"(,"amount_remaining":)" + due + R"(,"subtotal":)" + std::to_string(total) +
           R"(,"total":)" + std::to_string(total) + R"(,"lines":{"data":[)" + lines + "]}" + more +
           "}";
}

PlanChange to_business() {
    return {.subscription = {"sub_1"},
            .item = {"si_1"},
            .price = {"price_business"},
            .quantity = 1,
            .interval = "month"};
}

TEST(StripeChanges, APreviewIsWhatIsDueNowAndWhatComesThen) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(
        200, invoice(5000, line(-4900, "price_pro", start + day, end, true) + "," +
                               line(9900, "price_business", start + day, end, true)));
    stripe.transport.answer(
        200, invoice(9900, line(9900, "price_business", end, end + 30 * day, false)));
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto preview = co_await p.preview_change(to_business(), false);
        EXPECT_EQ(preview.value().now->amount_due, Money(5000, Currency::usd()));
        EXPECT_EQ(preview->now->lines.size(), 2U);
        EXPECT_EQ(preview->proration_date, from_unix(start + day));
        EXPECT_EQ(preview->renewal.amount, Money(9900, Currency::usd()));
        EXPECT_EQ(preview->renewal.at, from_unix(end));
    });
    const std::string asked =
        "POST /v1/invoices/create_preview subscription=sub_1&subscription_details[items][0][id]="
        "si_1&subscription_details[items][0][price]=price_business&"
        "subscription_details[items][0][quantity]=1&subscription_details[proration_behavior]=";
    EXPECT_EQ(sent(stripe),
              (Lines{"GET /v1/subscriptions/sub_1", asked + "always_invoice", asked + "none"}));
}

TEST(StripeChanges, AnotherIntervalRenewsAtTheEndOfItsOwnPeriod) {
    ScriptedStripe stripe;
    const std::int64_t year = start + 366 * day;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(
        200, invoice(44100, line(49000, "price_business", start + day, year, false) + "," +
                                line(-4900, "price_pro", start + day, end, true)));
    stripe.transport.answer(
        200, invoice(49000, line(49000, "price_business", start + day, year, false)));
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto preview = co_await p.preview_change(to_business(), false);
        EXPECT_EQ(preview.value().renewal.at, from_unix(year));
        EXPECT_EQ(preview->renewal.amount, Money(49000, Currency::usd()));
    });
}

TEST(StripeChanges, AtThePeriodsEndNothingIsDueNow) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(
        200, invoice(9900, line(9900, "price_business", start, start + 366 * day, false)));
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto preview = co_await p.preview_change(to_business(), true);
        EXPECT_FALSE(preview.value().now);
        EXPECT_EQ(preview->renewal.at, from_unix(end));
    });
}

TEST(StripeChanges, ThereMayBeNoRenewal) {
    ScriptedStripe stripe;
    stripe.transport.answer(404, R"({"error":{"type":"invalid_request_error"}})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        EXPECT_EQ((co_await p.preview_renewal({"sub_1"})).error().code, ErrorCode::not_found);
    });
}

// A code for one invoice is used up where the change's own invoice is less by it; prorations are not.
TEST(StripeChanges, APreviewHasThePromotionCodeInIt) {
    const auto ask = [](const char* discounts, const char* duration) {
        ScriptedStripe stripe;
        stripe.transport.answer(200, subscription());
        stripe.transport.answer(
            200, invoice(4000, line(5000, "price_business", start, end, false), discounts));
        stripe.transport.answer(
            200, invoice(9900, line(9900, "price_business", end, end + 30 * day, false)));
        stripe.with_provider([&](Provider& p) -> Task<> {
            PlanChange change = to_business();
            change.promotion_code = {
                .promotion_code = {"promo_1"}, .code = "SPRING", .duration = duration};
            EXPECT_TRUE(co_await p.preview_change(change, false));
        });
        Lines lines = sent(stripe);
        for (auto& text : lines) text.erase(0, text.find("[proration_behavior]="));
        return Lines(lines.begin() + 1, lines.end());
    };
    const char* taken = R"(,"total_discount_amounts":[{"amount":1000,"discount":"di_1"}])";
    const std::string with = "&discounts[0][promotion_code]=promo_1";
    const std::string now = "[proration_behavior]=always_invoice" + with;
    EXPECT_EQ(ask(taken, "once"), (Lines{now, "[proration_behavior]=none&discounts="}));
    EXPECT_EQ(ask(taken, "forever"), (Lines{now, "[proration_behavior]=none" + with}));
    EXPECT_EQ(ask("", "once"), (Lines{now, "[proration_behavior]=none" + with}));
}

const std::string change_form =
    "POST /v1/subscriptions/sub_1 items[0][id]=si_1&items[0][price]=price_business&items[0]"
    "[quantity]=1&proration_behavior=always_invoice&payment_behavior=pending_if_incomplete";
const std::string payment_of =
    "GET /v1/invoices/in_1?expand[0]=payments.data.payment.payment_intent";

std::string open_invoice(const std::string& intent) {
    return R"({"id":"in_1","object":"invoice","customer":"cus_1","status":"open","currency":"usd",
        "amount_paid":0,"amount_due":5000,"amount_remaining":5000,"subtotal":5000,"total":5000,
        "hosted_invoice_url":"https://pay.example/in_1","lines":{"data":[]},"payments":{"data":[
        {"payment":{"type":"payment_intent","payment_intent":{"id":"pi_1",)" +
           intent + "}}}]}}";
}

// What charged the old plan's usage goes, what charges the new one's comes, what both have stays.
TEST(StripeChanges, TheMeteredPricesAreThoseOfTheNewPlan) {
    const auto metered = [](const char* id, const char* price) {
        return std::string(R"({"id":")") + id + R"(","price":{"id":")" + price +
               R"(","recurring":{"usage_type":"metered"}}})";
    };
    const std::string now =
        R"({"id":"sub_1","object":"subscription","customer":"cus_1","status":"active","created":1,
        "items":{"object":"list","data":[)" +
        metered("si_calls", "price_calls") +
        R"(,{"id":"si_1","quantity":2,"price":{"id":"price_pro"},
        "current_period_end":)" +
        std::to_string(end) + "}," + metered("si_images", "price_images") + "]}}";
    const auto ask = [&](const char* price) {
        ScriptedStripe stripe;
        stripe.transport.answer(200, now);
        stripe.transport.answer(200, subscription());
        stripe.with_provider([&](Provider& p) -> Task<> {
            PlanChange change = to_business();
            change.price = {price};
            change.metered_prices = {{"price_images"}, {"price_tokens"}};
            EXPECT_TRUE(co_await p.change_plan({"change:1"}, change));
        });
        return sent(stripe).back();
    };
    const std::string rest =
        "&proration_behavior=always_invoice&payment_behavior=pending_if_incomplete";
    EXPECT_EQ(ask("price_business"),
              "POST /v1/subscriptions/sub_1 items[0][id]=si_1&items[0][price]=price_business&"
              "items[0][quantity]=1&items[1][id]=si_calls&items[1][deleted]=true&"
              "items[2][price]=price_tokens" +
                  rest);
    // More seats of the same plan: who subscribes to a price keeps it.
    EXPECT_EQ(ask("price_pro"),
              "POST /v1/subscriptions/sub_1 items[0][id]=si_1&items[0][price]=price_pro&"
              "items[0][quantity]=1" +
                  rest);
}

TEST(StripeChanges, AChangeThatIsPaidIsApplied) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, subscription(R"(,"pending_update":null)"));
    stripe.with_provider([&](Provider& p) -> Task<> {
        PlanChange change = to_business();
        change.proration_date = from_unix(start + 5);
        const auto changed = co_await p.change_plan({"change:1"}, change);
        EXPECT_EQ(changed.value().state, PlanChanged::State::applied);
        EXPECT_EQ(changed->subscription.object.value, "sub_1");
    });
    EXPECT_EQ(sent(stripe), (Lines{"GET /v1/subscriptions/sub_1",
                                   change_form + "&proration_date=" + std::to_string(start + 5)}));
    EXPECT_EQ(stripe.transport.requests[1].headers.get("Idempotency-Key"), "change:1");
}

TEST(StripeChanges, AChangeThatTheBankAsksAboutWaits) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, subscription(R"(,"pending_update":{"expires_at":1780350000})"));
    stripe.transport.answer(200, open_invoice(R"("status":"requires_action")"));
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto changed = co_await p.change_plan({"change:1"}, to_business());
        EXPECT_EQ(changed.value().state, PlanChanged::State::requires_action);
        EXPECT_EQ(changed->url, "https://pay.example/in_1");
        EXPECT_EQ(changed->expires_at, from_unix(1'780'350'000));
        EXPECT_EQ(changed->invoice->object.value, "in_1");
    });
    EXPECT_EQ(sent(stripe), (Lines{"GET /v1/subscriptions/sub_1", change_form, payment_of}));
}

TEST(StripeChanges, AChangeThatIsDeclinedIsUndone) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, subscription(R"(,"pending_update":{"expires_at":1780350000})"));
    stripe.transport.answer(200,
                            open_invoice(R"("status":"requires_payment_method","last_payment_error":
             {"code":"card_declined","decline_code":"stolen_card","message":"It is stolen."})"));
    stripe.transport.answer(200, R"({"id":"in_1","status":"void"})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto changed = co_await p.change_plan({"change:1"}, to_business());
        EXPECT_EQ(changed.error().code, ErrorCode::payment_declined);
        EXPECT_EQ(changed.error().message, "Your card was declined.");
    });
    EXPECT_EQ(sent(stripe), (Lines{"GET /v1/subscriptions/sub_1", change_form, payment_of,
                                   "POST /v1/invoices/in_1/void"}));
}

std::string schedule(const std::string& status = "active") {
    return R"({"id":"sub_sched_1","object":"subscription_schedule","customer":"cus_1","status":")" +
           status +
           R"(","subscription":"sub_1","created":1,"current_phase":{"start_date":10,"end_date":20},
        "phases":[{"start_date":5,"end_date":10,"items":[{"price":"price_old","quantity":1}]},
                  {"start_date":10,"end_date":20,"discounts":[{"coupon":null,"discount":"di_1"}],
                   "items":[{"price":"price_pro","quantity":2},{"price":"price_metered"}]}]})";
}

TEST(StripeChanges, WhatIsScheduledIsAPhaseAfterThisOne) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, schedule());
    stripe.transport.answer(200, schedule());
    stripe.transport.answer(200, schedule());
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto scheduled = co_await p.schedule_change({"change:1"}, to_business());
        EXPECT_EQ(scheduled.value().kind, ObjectKind::subscription_schedule);
    });
    const auto lines = sent(stripe);
    EXPECT_EQ(lines[2], "POST /v1/subscription_schedules from_subscription=sub_1");
    EXPECT_EQ(lines[4],
              "POST /v1/subscription_schedules/sub_sched_1 end_behavior=release&"
              "phases[0][items][0][price]=price_pro&phases[0][items][0][quantity]=2&"
              "phases[0][items][1][price]=price_metered&phases[0][discounts][0][discount]=di_1&"
              "phases[0][start_date]=10&phases[0][end_date]=20&"
              "phases[1][items][0][price]=price_business&phases[1][items][0][quantity]=1&"
              "phases[1][items][1][price]=price_metered&phases[1][discounts][0][discount]=di_1&"
              "phases[1][proration_behavior]=none&phases[1][duration][interval]=month&"
              "phases[1][duration][interval_count]=1");
    EXPECT_EQ(stripe.transport.requests[2].headers.get("Idempotency-Key"), "change:1:schedule");
    EXPECT_EQ(stripe.transport.requests[4].headers.get("Idempotency-Key"), "change:1");
}

TEST(StripeChanges, APromotionCodeIsSetByTheChangeItself) {
    PlanChange change = to_business();
    change.promotion_code = {.promotion_code = {"promo_1"}, .code = "SPRING"};
    ScriptedStripe now;
    now.transport.answer(200, subscription());
    now.transport.answer(200, subscription(R"(,"pending_update":null)"));
    now.with_provider(
        [&](Provider& p) -> Task<> { EXPECT_TRUE(co_await p.change_plan({"change:1"}, change)); });
    EXPECT_EQ(sent(now).back(), change_form + "&discounts[0][promotion_code]=promo_1");

    ScriptedStripe later;
    later.transport.answer(200, subscription(R"(,"schedule":"sub_sched_1")"));
    later.transport.answer(200, subscription(R"(,"schedule":"sub_sched_1")"));
    later.transport.answer(200, schedule());
    later.transport.answer(200, schedule());
    later.with_provider([&](Provider& p) -> Task<> {
        EXPECT_TRUE(co_await p.schedule_change({"change:2"}, change));
    });
    const std::string sent_last = sent(later).back();
    EXPECT_NE(sent_last.find("phases[0][discounts][0][discount]=di_1"), std::string::npos);
    EXPECT_NE(sent_last.find("phases[1][discounts][0][promotion_code]=promo_1"), std::string::npos);
    EXPECT_EQ(sent_last.find("phases[1][discounts][0][discount]"), std::string::npos);
}

TEST(StripeChanges, TwoThatScheduleAtOnceShareOneSchedule) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(400, R"({"error":{"type":"invalid_request_error"}})");
    stripe.transport.answer(200, subscription(R"(,"schedule":"sub_sched_1")"));
    stripe.transport.answer(200, schedule());
    stripe.transport.answer(200, schedule());
    stripe.with_provider([&](Provider& p) -> Task<> {
        EXPECT_TRUE(co_await p.schedule_change({"change:1"}, to_business()));
    });
    EXPECT_TRUE(stripe.transport.finished());
}

TEST(StripeChanges, AScheduleIsReleasedOnce) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, subscription(R"(,"schedule":"sub_sched_1")"));
    stripe.transport.answer(400, R"({"error":{"type":"invalid_request_error"}})");
    stripe.transport.answer(200, schedule("released"));
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto none = co_await p.release_schedule({"i"}, {"sub_1"});
        EXPECT_FALSE(none.value());
        const auto already = co_await p.release_schedule({"i"}, {"sub_1"});
        EXPECT_EQ(std::get<ScheduleSnapshot>(already.value().value().fact).status, "released");
    });
    EXPECT_EQ(sent(stripe).at(2), "POST /v1/subscription_schedules/sub_sched_1/release");
}

TEST(StripeChanges, WhoLeavesGivesUpWhatWasScheduledAndSaysWhy) {
    ScriptedStripe stripe;
    const std::string scheduled = subscription(R"(,"schedule":"sub_sched_1")");
    stripe.transport.answer(200, scheduled);
    stripe.transport.answer(200, scheduled);
    stripe.transport.answer(200, schedule("released"));
    stripe.transport.answer(200, subscription(R"(,"cancel_at_period_end":true)"));
    stripe.with_provider([&](Provider& p) -> Task<> {
        EXPECT_TRUE(co_await p.cancel_subscription({"cancel:1"}, {"sub_1"}, CancelWhen::period_end,
                                                   {.feedback = "unused", .comment = "a b"}));
    });
    EXPECT_EQ(sent(stripe).back(),
              "POST /v1/subscriptions/sub_1 cancel_at_period_end=true&"
              "cancellation_details[feedback]=unused&cancellation_details[comment]=a%20b");
}

TEST(StripeChanges, APauseCreditsUnusedTimeAndAResumptionIsPaid) {
    ScriptedStripe stripe;
    std::string paused = subscription();
    paused.replace(paused.find("active"), 6, "paused");
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, paused);
    stripe.transport.answer(200, paused);
    stripe.transport.answer(200, paused);
    stripe.transport.answer(200, open_invoice(R"("status":"requires_payment_method")"));
    stripe.with_provider([&](Provider& p) -> Task<> {
        EXPECT_TRUE(co_await p.pause_subscription({"i:1"}, {"sub_1"}));
        const auto resumed = co_await p.resume_subscription({"i:2"}, {"sub_1"});
        EXPECT_EQ(resumed.value().state, PlanChanged::State::requires_action);
        EXPECT_EQ(resumed->url, "https://pay.example/in_1");
    });
    EXPECT_EQ(sent(stripe),
              (Lines{"GET /v1/subscriptions/sub_1",
                     "POST /v1/subscriptions/sub_1/pause bill_for[unused_time_from][type]=now&"
                     "invoicing_behavior=pending_invoice_item",
                     "GET /v1/subscriptions/sub_1",
                     "POST /v1/subscriptions/sub_1/resume billing_cycle_anchor[type]=now&"
                     "payment_behavior=resume_on_payment_success",
                     payment_of}));
}

TEST(StripeChanges, OfPromotionCodesTheActiveOneWins) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"object":"list","data":[
        {"id":"promo_1","code":"SPRING","active":false,"expires_at":5},
        {"id":"promo_2","code":"SPRING","active":true,"customer":"cus_9","max_redemptions":7,
         "times_redeemed":2,"restrictions":{"first_time_transaction":true,"minimum_amount":5000,
         "minimum_amount_currency":"usd"},"promotion":{"coupon":{"id":"c","valid":true,
         "name":"Spring","percent_off":12.5,"duration":"repeating","duration_in_months":3}}}]})");
    stripe.transport.answer(200, R"({"object":"list","data":[]})");
    stripe.transport.answer(200, R"({"object":"list","data":[{"id":"promo_3","code":"FIVE",
        "active":true,"coupon":{"id":"c","amount_off":500,"currency":"usd","duration":"once"}}]})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto spring = (co_await p.find_promotion_code("spring")).value();
        EXPECT_EQ(spring->promotion_code.value, "promo_2");
        EXPECT_TRUE(spring->active && spring->first_time_only);
        EXPECT_EQ(spring->customer, Ref{"cus_9"});
        EXPECT_EQ(spring->percent_off, "12.5");
        EXPECT_EQ(spring->minimum_amount, Money(5000, Currency::usd()));
        EXPECT_EQ(spring->duration_in_months, 3);
        EXPECT_FALSE((co_await p.find_promotion_code("nope")).value());
        const auto five = (co_await p.find_promotion_code("FIVE")).value();
        EXPECT_EQ(five->amount_off, Money(500, Currency::usd()));
    });
    EXPECT_EQ(sent(stripe).front(),
              "GET /v1/promotion_codes?code=spring&limit=100&expand[0]=data.promotion.coupon");
}

TEST(StripeChanges, APromotionCodeTakesThePlaceOfAllDiscounts) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, subscription());
    stripe.transport.answer(200, subscription());
    stripe.with_provider([&](Provider& p) -> Task<> {
        EXPECT_TRUE(co_await p.set_promotion_code({"i:1"}, {"sub_1"}, Ref{"promo_1"}));
        EXPECT_TRUE(co_await p.set_promotion_code({"i:2"}, {"sub_1"}, std::nullopt));
    });
    EXPECT_EQ(sent(stripe),
              (Lines{"POST /v1/subscriptions/sub_1 discounts[0][promotion_code]=promo_1",
                     "POST /v1/subscriptions/sub_1 discounts="}));
}

}  // namespace
}  // namespace paydesk::provider::stripe
