// Subscription schedules, first of all what a billing server does with them: a smaller plan from
// the end of the paid period on.

#include "sandbox/stripe/schedules.h"

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::text;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class Schedules : public SandboxTest {
protected:
    static constexpr std::int64_t month = 31 * 86400;  // of the fixture's first period

    std::string price_of(int amount, const std::string& interval = "month") {
        if (product_.empty()) product_ = id(made("/v1/products", "name=Pro"));
        return id(made("/v1/prices", "currency=usd&unit_amount=" + std::to_string(amount) +
                                         "&recurring[interval]=" + interval +
                                         "&product=" + product_));
    }
    // A subscription to a price of 60 dollars, paid, and its schedule.
    void begin() {
        customer_ = customer_with("pm_card_visa");
        large_ = price_of(6000);
        small_ = price_of(2000);
        const auto made_one =
            made("/v1/subscriptions", "customer=" + customer_ + "&items[0][price]=" + large_);
        subscription_ = id(made_one);
        end_ = stripe::period_end_of(made_one);
        const auto schedule =
            made("/v1/subscription_schedules", "from_subscription=" + subscription_);
        schedule_ = id(schedule);
        start_ = number(children(schedule, "phases").at(0).as_object(), "start_date");
    }
    // The phase that runs, and one more.
    std::string phases(const std::string& next, const std::string& more = {}) {
        return "phases[0][items][0][price]=" + large_ +
               "&phases[0][start_date]=" + std::to_string(start_) +
               "&phases[0][end_date]=" + std::to_string(end_) +
               "&phases[1][items][0][price]=" + next + more;
    }
    json::object subscription() { return got("/v1/subscriptions/" + subscription_); }
    json::object schedule() { return got("/v1/subscription_schedules/" + schedule_); }
    std::string price_now() {
        return text(
            child(children(child(subscription(), "items"), "data").at(0).as_object(), "price"),
            "id");
    }
    std::string product_, customer_, large_, small_, subscription_, schedule_;
    std::int64_t start_ = 0, end_ = 0;
};

TEST_F(Schedules, DowngradeAtThePeriodsEnd) {
    begin();
    EXPECT_EQ(text(subscription(), "schedule"), schedule_);
    EXPECT_EQ(text(schedule(), "status"), "active");
    EXPECT_EQ(number(child(schedule(), "current_phase"), "end_date"), end_);

    made("/v1/subscription_schedules/" + schedule_,
         phases(small_, "&phases[1][proration_behavior]=none&phases[1][duration][interval]=month"));
    EXPECT_EQ(price_now(), large_);
    EXPECT_TRUE(children(got("/v1/invoiceitems?pending=true"), "data").empty());
    EXPECT_TRUE(happened("subscription_schedule.updated"));

    advance(month + 60);
    EXPECT_EQ(price_now(), small_);
    EXPECT_GT(stripe::period_end_of(subscription()), end_);
    EXPECT_EQ(number(child(schedule(), "current_phase"), "start_date"), end_);
    const auto invoice = got("/v1/invoices/" + text(subscription(), "latest_invoice"));
    EXPECT_EQ(number(invoice, "total"), 2000);
    EXPECT_EQ(text(invoice, "billing_reason"), "subscription_cycle");
    EXPECT_EQ(children(child(invoice, "lines"), "data").size(), 1u);

    // The last phase ends: the subscription goes on by itself.
    advance(30 * 86400);
    EXPECT_EQ(text(schedule(), "status"), "completed");
    EXPECT_TRUE(schedule().at("subscription").is_null());
    EXPECT_EQ(text(schedule(), "released_subscription"), subscription_);
    EXPECT_TRUE(subscription().at("schedule").is_null());
    EXPECT_EQ(text(subscription(), "status"), "active");
    EXPECT_EQ(price_now(), small_);
    EXPECT_THAT(event_types(),
                IsSupersetOf({"subscription_schedule.created", "subscription_schedule.expiring",
                              "subscription_schedule.completed"}));
    EXPECT_THAT(event_types(), Not(Contains("subscription_schedule.released")));
}

TEST_F(Schedules, APromotionCodeComesWithItsPhase) {
    begin();
    const auto coupon = id(made("/v1/coupons", "percent_off=25&duration=forever"));
    const auto code =
        id(made("/v1/promotion_codes",
                "promotion[type]=coupon&promotion[coupon]=" + coupon + "&code=SPRING"));
    const auto changed =
        made("/v1/subscription_schedules/" + schedule_,
             phases(small_,
                    "&phases[1][proration_behavior]=none&phases[1][duration][interval]=month"
                    "&phases[1][discounts][0][promotion_code]=" +
                        code));
    const auto& discount =
        children(children(changed, "phases").at(1).as_object(), "discounts").at(0).as_object();
    EXPECT_EQ(text(discount, "promotion_code"), code);
    EXPECT_TRUE(discount.at("coupon").is_null());
    EXPECT_TRUE(children(subscription(), "discounts").empty());
    advance(month + 2 * 3600);
    EXPECT_EQ(price_now(), small_);
    EXPECT_EQ(children(subscription(), "discounts").size(), 1U);
    EXPECT_EQ(number(got("/v1/invoices/" + text(subscription(), "latest_invoice")), "total"), 1500);
}

TEST_F(Schedules, AnotherIntervalAtThePeriodsEndBillsOnce) {
    begin();
    const auto yearly = price_of(50000, "year");
    made("/v1/subscription_schedules/" + schedule_, phases(yearly));
    advance(month + 7200);
    EXPECT_EQ(price_now(), yearly);
    EXPECT_EQ(number(subscription(), "billing_cycle_anchor"), end_);
    EXPECT_GT(stripe::period_end_of(subscription()), end_ + 364 * 86400);
    const auto invoice = got("/v1/invoices/" + text(subscription(), "latest_invoice"));
    EXPECT_EQ(number(invoice, "total"), 50000);
    EXPECT_EQ(text(invoice, "status"), "paid");
    EXPECT_EQ(store_.ids("invoice").size(), 2u);
}

TEST_F(Schedules, ReleaseGivesTheSubscriptionBack) {
    begin();
    made("/v1/subscription_schedules/" + schedule_, phases(small_, "&end_behavior=cancel"));
    EXPECT_GT(number(subscription(), "cancel_at"), end_);
    const auto released = made("/v1/subscription_schedules/" + schedule_ + "/release");
    EXPECT_EQ(text(released, "status"), "released");
    EXPECT_EQ(text(released, "released_subscription"), subscription_);
    EXPECT_TRUE(subscription().at("schedule").is_null());
    EXPECT_TRUE(subscription().at("cancel_at").is_null());
    EXPECT_TRUE(happened("subscription_schedule.released"));
    advance(month + 60);
    EXPECT_EQ(price_now(), large_);
    EXPECT_EQ(call("POST", "/v1/subscription_schedules/" + schedule_ + "/release").status, 400);
    EXPECT_EQ(call("POST", "/v1/subscription_schedules/" + schedule_, "metadata[a]=b").status, 400);

    const auto again = id(made("/v1/subscription_schedules", "from_subscription=" + subscription_));
    made("/v1/subscription_schedules/" + again, "end_behavior=cancel");
    made("/v1/subscription_schedules/" + again + "/release", "preserve_cancel_date=true");
    EXPECT_EQ(number(subscription(), "cancel_at"), stripe::period_end_of(subscription()));
}

TEST_F(Schedules, CancelEndsTheSubscriptionToo) {
    begin();
    advance(month / 2);
    const auto canceled = made("/v1/subscription_schedules/" + schedule_ + "/cancel");
    EXPECT_EQ(text(canceled, "status"), "canceled");
    EXPECT_EQ(text(subscription(), "status"), "canceled");
    EXPECT_THAT(event_types(),
                IsSupersetOf({"subscription_schedule.canceled", "customer.subscription.deleted"}));
    // By default the unused half comes back, at once.
    const auto invoice = got("/v1/invoices/" + text(subscription(), "latest_invoice"));
    EXPECT_EQ(number(invoice, "total"), -3000);
    EXPECT_EQ(number(got("/v1/customers/" + customer_), "balance"), -3000);
}

TEST_F(Schedules, AnEndThatCancels) {
    begin();
    made("/v1/subscription_schedules/" + schedule_, phases(small_, "&end_behavior=cancel"));
    advance(month + 32 * 86400);
    EXPECT_EQ(text(schedule(), "status"), "completed");
    EXPECT_EQ(text(schedule(), "subscription"), subscription_);
    EXPECT_EQ(text(subscription(), "status"), "canceled");
    EXPECT_EQ(store_.ids("invoice").size(), 2u);
}

TEST_F(Schedules, AManagedSubscriptionIsNotCancelledByItself) {
    begin();
    const auto path = "/v1/subscriptions/" + subscription_;
    for (const auto* refused : {"cancel_at_period_end=true", "cancel_at=1900000000"}) {
        const auto reply = call("POST", path, refused);
        EXPECT_EQ(reply.status, 400);
        EXPECT_THAT(reply.text, HasSubstr("managed by the subscription schedule `" + schedule_));
    }
    EXPECT_EQ(call("POST", path + "/pause").status, 400);
    EXPECT_EQ(
        call("POST", "/v1/subscription_schedules", "from_subscription=" + subscription_).status,
        400);
    // Deleting it ends the schedule with it.
    EXPECT_EQ(call("DELETE", path).status, 200);
    EXPECT_EQ(text(schedule(), "status"), "canceled");
    EXPECT_TRUE(happened("subscription_schedule.canceled"));
}

TEST_F(Schedules, DirectChangesSplitTheCurrentPhase) {
    begin();
    made("/v1/subscription_schedules/" + schedule_, phases(small_));
    advance(month / 2);
    const auto item =
        text(children(child(subscription(), "items"), "data").at(0).as_object(), "id");
    made("/v1/subscriptions/" + subscription_,
         "items[0][id]=" + item + "&items[0][quantity]=3&proration_behavior=none");
    const auto& all = schedule();
    ASSERT_EQ(children(all, "phases").size(), 3u);
    const auto& split = children(all, "phases").at(1).as_object();
    EXPECT_EQ(number(split, "start_date"), start_ + month / 2);
    EXPECT_EQ(number(split, "end_date"), end_);
    EXPECT_EQ(number(children(split, "items").at(0).as_object(), "quantity"), 3);
    EXPECT_EQ(number(child(all, "current_phase"), "start_date"), start_ + month / 2);
    advance(month / 2 + 60);
    EXPECT_EQ(price_now(), small_);
}

TEST_F(Schedules, TheCurrentPhaseChangesAtOnce) {
    begin();
    advance(month / 2);
    const auto form = "phases[0][items][0][price]=" + small_ +
                      "&phases[0][start_date]=" + std::to_string(start_) +
                      "&phases[0][end_date]=" + std::to_string(end_);
    EXPECT_EQ(call("POST", "/v1/subscription_schedules/" + schedule_,
                   "phases[0][items][0][price]=" + small_)
                  .param(),
              "phases[0][start_date]");
    EXPECT_EQ(call("POST", "/v1/subscription_schedules/" + schedule_,
                   "phases[0][items][0][price]=" + small_ + "&phases[0][start_date]=" +
                       std::to_string(start_ + 5) + "&phases[0][end_date]=" + std::to_string(end_))
                  .param(),
              "phases[0][start_date]");
    made("/v1/subscription_schedules/" + schedule_, form + "&proration_behavior=always_invoice");
    EXPECT_EQ(price_now(), small_);
    const auto invoice = got("/v1/invoices/" + text(subscription(), "latest_invoice"));
    EXPECT_EQ(number(invoice, "total"), -2000);

    // Ending the phase now begins the next.
    made("/v1/subscription_schedules/" + schedule_,
         "phases[0][items][0][price]=" + small_ +
             "&phases[0][start_date]=" + std::to_string(start_) +
             "&phases[0][end_date]=now&phases[1][items][0][price]=" + large_ +
             "&phases[1][proration_behavior]=none");
    EXPECT_EQ(price_now(), large_);
}

TEST_F(Schedules, StartsInTheFutureWithATrialAndAFee) {
    customer_ = customer_with("pm_card_visa");
    const auto now = clock_.now().time_since_epoch().count() / 1'000'000;
    const auto monthly = price_of(3000);
    const auto fee = id(made("/v1/prices", "currency=usd&unit_amount=500&product=" + product_));
    const auto planned =
        made("/v1/subscription_schedules",
             "customer=" + customer_ + "&start_date=" + std::to_string(now + 86400) +
                 "&phases[0][items][0][price]=" + monthly +
                 "&phases[0][trial]=true&phases[0][duration][interval]=week" +
                 "&phases[0][metadata][step]=trial&phases[1][items][0][price]=" + monthly +
                 "&phases[1][items][0][quantity]=2&phases[1][metadata][step]=paid" +
                 "&phases[1][add_invoice_items][0][price]=" + fee +
                 "&default_settings[description]=planned");
    schedule_ = id(planned);
    EXPECT_EQ(text(planned, "status"), "not_started");
    EXPECT_TRUE(planned.at("subscription").is_null());
    EXPECT_TRUE(store_.ids("subscription").empty());
    EXPECT_EQ(children(got("/v1/subscription_schedules?scheduled=true"), "data").size(), 1u);

    advance(86400 + 60);
    subscription_ = text(schedule(), "subscription");
    EXPECT_EQ(text(subscription(), "status"), "trialing");
    EXPECT_EQ(text(subscription(), "description"), "planned");
    EXPECT_EQ(text(child(subscription(), "metadata"), "step"), "trial");
    EXPECT_EQ(number(subscription(), "trial_end"), now + 8 * 86400);

    advance(7 * 86400 + 7200);
    EXPECT_EQ(text(subscription(), "status"), "active");
    EXPECT_EQ(text(child(subscription(), "metadata"), "step"), "paid");
    const auto invoice = got("/v1/invoices/" + text(subscription(), "latest_invoice"));
    EXPECT_EQ(number(invoice, "total"), 6500);
    EXPECT_EQ(text(invoice, "status"), "paid");
    EXPECT_EQ(store_.ids("charge").size(), 1u);
}

TEST_F(Schedules, AScheduleThatStartsNowBillsAfterAnHourAndIsAbortedUnpaid) {
    const auto customer = customer_with("pm_card_chargeCustomerFail");
    const auto started = made("/v1/subscription_schedules",
                              "customer=" + customer +
                                  "&start_date=now&phases[0][items][0][price]=" + price_of(3000) +
                                  "&phases[0][duration][interval]=year");
    schedule_ = id(started);
    subscription_ = text(started, "subscription");
    EXPECT_EQ(text(subscription(), "status"), "active");
    const auto invoice = text(subscription(), "latest_invoice");
    EXPECT_EQ(text(got("/v1/invoices/" + invoice), "status"), "draft");
    advance(3700);
    EXPECT_EQ(text(subscription(), "status"), "past_due");
    advance(20 * 86400);
    EXPECT_EQ(text(subscription(), "status"), "canceled");
    EXPECT_EQ(text(schedule(), "status"), "canceled");
    EXPECT_TRUE(happened("subscription_schedule.aborted"));
    EXPECT_FALSE(happened("subscription_schedule.canceled"));
}

TEST_F(Schedules, FollowsATestClock) {
    constexpr std::int64_t start = 1'735'689'600;  // 2025-01-01
    const auto clock =
        id(made("/v1/test_helpers/test_clocks", "frozen_time=" + std::to_string(start)));
    const auto customer = id(made("/v1/customers", "test_clock=" + clock));
    const auto planned =
        made("/v1/subscription_schedules",
             "customer=" + customer + "&end_behavior=cancel&start_date=" + std::to_string(start) +
                 "&phases[0][items][0][price]=" + price_of(1500) +
                 "&phases[0][end_date]=" + std::to_string(start + 28 * 86400));
    EXPECT_EQ(text(planned, "test_clock"), clock);
    EXPECT_EQ(text(planned, "status"), "active");
    const auto advance_to = [&](std::int64_t at) {
        made("/v1/test_helpers/test_clocks/" + clock + "/advance",
             "frozen_time=" + std::to_string(at));
        settle();
    };
    advance(60 * 86400);  // the global clock moves none of it
    EXPECT_FALSE(happened("subscription_schedule.expiring"));
    advance_to(start + 20 * 86400);
    EXPECT_FALSE(happened("subscription_schedule.expiring"));
    advance_to(start + 21 * 86400);
    EXPECT_TRUE(happened("subscription_schedule.expiring"));
    advance_to(start + 28 * 86400);
    EXPECT_TRUE(happened("subscription_schedule.completed"));
    // Long ago by its clock, just now by the account's: it is in the log.
    EXPECT_EQ(children(got("/v1/events?type=subscription_schedule.completed"), "data").size(), 1u);
    EXPECT_EQ(text(got("/v1/subscriptions/" + text(planned, "subscription")), "status"),
              "canceled");
    EXPECT_TRUE(children(got("/v1/subscription_schedules"), "data").empty());
    EXPECT_EQ(children(got("/v1/subscription_schedules?customer=" + customer), "data").size(), 1u);
}

TEST_F(Schedules, SaysWhatIsWrong) {
    customer_ = customer_with("pm_card_visa");
    const auto monthly = price_of(3000);
    const auto refused = [&](const std::string& more) {
        const auto reply =
            call("POST", "/v1/subscription_schedules", "customer=" + customer_ + more);
        EXPECT_EQ(reply.status, 400) << more << reply.text;
        return reply.param();
    };
    const auto first = "&phases[0][items][0][price]=" + monthly;
    EXPECT_EQ(refused(""), "phases");
    EXPECT_EQ(refused("&phases[0][items][0][price]=nope"), "phases[0][items][0][price]");
    EXPECT_EQ(refused(first + "&phases[0][end_date]=5"), "phases[0][end_date]");
    EXPECT_EQ(refused(first + "&phases[1][items][0][price]=" + monthly), "phases[0][end_date]");
    EXPECT_EQ(refused(first + "&phases[0][iterations]=2"), "phases[0][iterations]");
    EXPECT_EQ(refused(first + "&start_date=1"), "start_date");
    EXPECT_EQ(refused(first + "&from_subscription=sub_1"), "customer");
    EXPECT_EQ(refused(first + "&phases[0][collection_method]=send_invoice"),
              "phases[0][invoice_settings][days_until_due]");
    EXPECT_EQ(refused(first + "&phases[0][trial]=true&phases[0][trial_end]=1900000000"),
              "phases[0][trial_end]");
    EXPECT_TRUE(store_.ids("subscription_schedule").empty());
    EXPECT_EQ(call("GET", "/v1/subscription_schedules/sub_sched_no").status, 404);
    version_ = "2024-11-20.acacia";
    EXPECT_EQ(refused(first + "&phases[0][duration][interval]=month"), "phases[0][duration]");
    const auto old = made("/v1/subscription_schedules",
                          "customer=" + customer_ + first + "&phases[0][iterations]=3");
    EXPECT_FALSE(old.contains("billing_mode"));
    EXPECT_TRUE(children(old, "phases").at(0).as_object().contains("coupon"));
}

}  // namespace
}  // namespace paydesk::sandbox
