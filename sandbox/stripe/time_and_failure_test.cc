// Test clocks, disputes, refunds that end later: what time does, and what goes wrong.

#include <gmock/gmock.h>

#include <chrono>
#include <map>

#include "sandbox/stripe/subscribing.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::flag;
using stripe::number;
using stripe::text;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class TimeAndFailure : public SandboxTest {
protected:
    static constexpr std::int64_t start = 1'735'689'600;  // 2025-01-01

    std::string test_clock() {
        return id(made("/v1/test_helpers/test_clocks", "frozen_time=" + std::to_string(start)));
    }
    // Waits until the clock stands at `at`.
    void advance_to(const std::string& clock, std::int64_t at) {
        made("/v1/test_helpers/test_clocks/" + clock + "/advance",
             "frozen_time=" + std::to_string(at));
        settle();
        const auto ready = got("/v1/test_helpers/test_clocks/" + clock);
        EXPECT_EQ(text(ready, "status"), "ready");
        EXPECT_EQ(number(ready, "frozen_time"), at);
    }
    std::string customer_on(const std::string& clock, const std::string& card) {
        return id(made("/v1/customers", "email=ada%40example.com&payment_method=" + card +
                                            "&invoice_settings[default_payment_method]=" + card +
                                            "&test_clock=" + clock));
    }
    // Types of the events since the last call.
    std::vector<std::string> new_events() {
        const auto all = event_types();
        std::vector<std::string> fresh(all.begin() + static_cast<std::ptrdiff_t>(seen_), all.end());
        seen_ = all.size();
        return fresh;
    }
    std::string paid_charge(const std::string& card) {
        const auto intent = made("/v1/payment_intents",
                                 "amount=5000&currency=usd&confirm=true&payment_method=" + card);
        return text(intent, "latest_charge");
    }
    std::size_t seen_ = 0;
};

TEST_F(TimeAndFailure, AClockOfItsOwn) {
    const auto clock = test_clock();
    const auto customer = customer_on(clock, "pm_card_visa");
    EXPECT_EQ(number(got("/v1/customers/" + customer), "created"), start);
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price());
    EXPECT_EQ(text(subscription, "test_clock"), clock);
    EXPECT_EQ(number(subscription, "created"), start);
    const auto other = id(made("/v1/subscriptions", "customer=" + customer_with("pm_card_visa") +
                                                        "&items[0][price]=" + price()));
    EXPECT_TRUE(children(got("/v1/customers?email=ada%40example.com"), "data").size() == 1u);
    EXPECT_EQ(children(got("/v1/customers?test_clock=" + clock), "data").size(), 1u);

    // The global clock moves none of it, and it moves nothing else.
    advance(40 * 86400);
    EXPECT_EQ(number(got("/v1/test_helpers/test_clocks/" + clock), "frozen_time"), start);
    EXPECT_EQ(children(got("/v1/invoices?customer=" + customer), "data").size(), 1u);
    const auto before = stripe::period_end_of(got("/v1/subscriptions/" + other));

    const auto path = "/v1/test_helpers/test_clocks/" + clock + "/advance";
    EXPECT_EQ(call("POST", path, "frozen_time=" + std::to_string(start)).param(), "frozen_time");
    EXPECT_EQ(call("POST", path, "frozen_time=" + std::to_string(start + 70 * 86400)).status, 400);
    const auto advancing = made(path, "frozen_time=" + std::to_string(start + 32 * 86400));
    EXPECT_EQ(text(advancing, "status"), "advancing");
    EXPECT_EQ(number(child(child(advancing, "status_details"), "advancing"), "target_frozen_time"),
              start + 32 * 86400);
    settle();
    EXPECT_EQ(text(got("/v1/test_helpers/test_clocks/" + clock), "status"), "ready");
    EXPECT_EQ(children(got("/v1/invoices?customer=" + customer), "data").size(), 2u);
    EXPECT_EQ(stripe::period_end_of(got("/v1/subscriptions/" + other)), before);
    EXPECT_TRUE(happened("test_helpers.test_clock.ready"));

    EXPECT_EQ(call("DELETE", "/v1/test_helpers/test_clocks/" + clock).status, 200);
    EXPECT_TRUE(flag(got("/v1/customers/" + customer), "deleted"));
    EXPECT_EQ(call("GET", "/v1/test_helpers/test_clocks/" + clock).status, 404);
}

// 12 renewals, one of them failed and recovered, one plan change, one refund, the end.
TEST_F(TimeAndFailure, AYearOfASubscriptionInOrderWithBooksThatBalance) {
    const auto began = std::chrono::steady_clock::now();
    const auto clock = test_clock();
    const auto customer = customer_on(clock, "pm_card_visa");
    const auto subscription =
        id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price()));
    const std::vector<std::string> renewal = {"customer.subscription.updated",
                                              "invoice.created",
                                              "invoice.finalized",
                                              "payment_intent.created",
                                              "charge.succeeded",
                                              "payment_intent.succeeded",
                                              "invoice.updated",
                                              "invoice.paid",
                                              "invoice.payment_succeeded",
                                              "invoice_payment.paid"};
    const std::vector<std::string> failure = {"customer.subscription.updated",
                                              "invoice.created",
                                              "invoice.finalized",
                                              "payment_intent.created",
                                              "charge.failed",
                                              "payment_intent.payment_failed",
                                              "invoice.payment_failed",
                                              "invoice.updated",
                                              "customer.subscription.updated",
                                              "customer.updated"};
    const std::vector<std::string> recovery = {"charge.succeeded",
                                               "payment_intent.succeeded",
                                               "invoice.updated",
                                               "invoice.paid",
                                               "invoice.payment_succeeded",
                                               "invoice_payment.paid",
                                               "customer.subscription.updated",
                                               "customer.updated"};
    const auto since = [&] {
        auto types = new_events();
        std::erase_if(types, [](const std::string& type) {
            return type.starts_with("test_helpers.") || type == "invoice.upcoming";
        });
        return types;
    };
    const auto good =
        text(child(got("/v1/customers/" + customer), "invoice_settings"), "default_payment_method");
    const auto use = [&](const std::string& method) {
        made("/v1/customers/" + customer, "invoice_settings[default_payment_method]=" + method);
    };
    for (int month = 1; month <= 12; ++month) {
        if (month == 4) {
            const auto item =
                text(children(child(got("/v1/subscriptions/" + subscription), "items"), "data")
                         .at(0)
                         .as_object(),
                     "id");
            const auto bigger = id(made(
                "/v1/prices",
                "currency=usd&unit_amount=9900&recurring[interval]=month&product_data[name]=Big"));
            made("/v1/subscriptions/" + subscription,
                 "items[0][id]=" + item + "&items[0][price]=" + bigger);
        }
        if (month == 7) {
            use(id(made("/v1/payment_methods/pm_card_chargeCustomerFail/attach",
                        "customer=" + customer)));
        }
        since();
        const auto end = stripe::period_end_of(got("/v1/subscriptions/" + subscription));
        advance_to(clock, end + 7200);
        if (month != 7) {
            EXPECT_EQ(since(), renewal) << "month " << month;
            continue;
        }
        EXPECT_EQ(since(), failure);
        use(good);
        since();
        advance_to(clock, end + 4 * 86400);
        EXPECT_EQ(since(), recovery);
    }
    const auto newest = children(got("/v1/charges?customer=" + customer), "data").at(0).as_object();
    made("/v1/refunds", "amount=1000&charge=" + id(newest));
    EXPECT_EQ(since(), (std::vector<std::string>{"refund.created", "charge.refunded"}));
    EXPECT_EQ(text(call("DELETE", "/v1/subscriptions/" + subscription).body, "status"), "canceled");
    EXPECT_EQ(since(), (std::vector<std::string>{"customer.subscription.deleted"}));
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_LT(took, std::chrono::seconds(2));

    std::int64_t invoiced = 0;
    std::int64_t charged = 0;
    std::int64_t refunded = 0;
    std::int64_t booked = 0;
    for (const auto& invoice : store_.ids("invoice")) {
        const auto& object = *store_.find(invoice);
        EXPECT_EQ(text(object, "status"), "paid");
        std::int64_t lines = 0;
        for (const auto& line : children(child(object, "lines"), "data")) {
            lines += number(line.as_object(), "amount");
        }
        EXPECT_EQ(lines, number(object, "total"));
        EXPECT_EQ(number(object, "amount_due"), number(object, "amount_paid"));
        invoiced += number(object, "amount_paid");
    }
    for (const auto& charge : store_.ids("charge")) {
        const auto& object = *store_.find(charge);
        if (text(object, "status") == "succeeded") charged += number(object, "amount");
        refunded += number(object, "amount_refunded");
    }
    for (const auto& transaction : store_.ids("balance_transaction")) {
        const auto& object = *store_.find(transaction);
        EXPECT_EQ(number(object, "net"), number(object, "amount") - number(object, "fee"));
        booked += number(object, "amount");
    }
    EXPECT_EQ(store_.ids("invoice").size(), 13u);
    EXPECT_EQ(invoiced, charged);
    EXPECT_EQ(charged - refunded, booked);
    EXPECT_EQ(refunded, 1000);
    std::int64_t last = 0;
    for (const auto& event : store_.ids("event")) {
        const auto& object = *store_.find(event);
        if (text(object, "type").starts_with("test_helpers.") ||
            text(object, "type").starts_with("pr") || text(object, "type") == "plan.created") {
            continue;  // of the global clock
        }
        EXPECT_GE(number(object, "created"), last) << text(object, "type");
        last = number(object, "created");
    }
}

TEST_F(TimeAndFailure, DisputesAreWonAndLost) {
    const auto charge = paid_charge("pm_card_createDispute");
    const auto dispute = children(got("/v1/disputes?charge=" + charge), "data").at(0).as_object();
    EXPECT_EQ(text(dispute, "status"), "needs_response");
    EXPECT_EQ(text(dispute, "reason"), "fraudulent");
    EXPECT_TRUE(flag(got("/v1/charges/" + charge), "disputed"));
    EXPECT_EQ(call("POST", "/v1/refunds", "charge=" + charge).code(), "charge_disputed");
    new_events();
    made("/v1/disputes/" + id(dispute), "evidence[uncategorized_text]=winning_evidence");
    EXPECT_THAT(new_events(), ElementsAre("charge.dispute.updated", "charge.dispute.closed",
                                          "charge.dispute.funds_reinstated"));
    const auto won = got("/v1/disputes/" + id(dispute));
    EXPECT_EQ(text(won, "status"), "won");
    EXPECT_EQ(children(won, "balance_transactions").size(), 2u);
    EXPECT_EQ(call("POST", "/v1/disputes/" + id(dispute), "submit=true").status, 400);

    const auto second = paid_charge("pm_card_createDisputeProductNotReceived");
    const auto lost = children(got("/v1/disputes?charge=" + second), "data").at(0).as_object();
    made("/v1/disputes/" + id(lost), "submit=false&evidence[uncategorized_text]=losing_evidence");
    EXPECT_EQ(text(got("/v1/disputes/" + id(lost)), "status"), "needs_response");
    made("/v1/disputes/" + id(lost), "submit=true");
    EXPECT_EQ(text(got("/v1/disputes/" + id(lost)), "status"), "lost");
}

TEST_F(TimeAndFailure, AnInquiryTakesNoMoneyAndADisputeUnansweredIsLost) {
    const auto charge = paid_charge("pm_card_createDisputeInquiry");
    const auto inquiry = children(got("/v1/disputes?charge=" + charge), "data").at(0).as_object();
    EXPECT_EQ(text(inquiry, "status"), "warning_needs_response");
    EXPECT_FALSE(happened("charge.dispute.funds_withdrawn"));
    const auto other = paid_charge("pm_card_createDispute");
    const auto dispute = children(got("/v1/disputes?charge=" + other), "data").at(0).as_object();
    advance(10 * 86400);
    EXPECT_EQ(text(got("/v1/disputes/" + id(inquiry)), "status"), "warning_closed");
    EXPECT_EQ(text(got("/v1/disputes/" + id(dispute)), "status"), "lost");
}

TEST_F(TimeAndFailure, RefundsEndLater) {
    const auto pending = made("/v1/refunds", "charge=" + paid_charge("pm_card_pendingRefund"));
    EXPECT_EQ(text(pending, "status"), "pending");
    const auto failing_charge = paid_charge("pm_card_refundFail");
    const auto failing = made("/v1/refunds", "charge=" + failing_charge);
    EXPECT_EQ(text(failing, "status"), "succeeded");
    advance(2 * 86400);
    EXPECT_EQ(text(got("/v1/refunds/" + id(pending)), "status"), "succeeded");
    EXPECT_EQ(text(got("/v1/refunds/" + id(failing)), "status"), "succeeded");
    EXPECT_TRUE(flag(got("/v1/charges/" + failing_charge), "refunded"));
    advance(2 * 86400);
    EXPECT_EQ(text(got("/v1/refunds/" + id(failing)), "status"), "failed");
    EXPECT_EQ(number(got("/v1/charges/" + failing_charge), "amount_refunded"), 0);
    EXPECT_THAT(event_types(), Contains("refund.failed"));
}

TEST_F(TimeAndFailure, RetriesAndGivesUpAsTheSettingsSay) {
    EXPECT_EQ(call("POST", "/_sandbox/settings", R"({"retry_end":"soon"})").status, 400);
    EXPECT_EQ(call("POST", "/_sandbox/settings", R"({"retry_days":[0]})").status, 400);
    EXPECT_EQ(
        call("POST", "/_sandbox/settings", R"({"retry_days":[1],"retry_end":"unpaid"})").status,
        200);
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price()));
    const auto failing =
        id(made("/v1/payment_methods/pm_card_chargeCustomerFail/attach", "customer=" + customer));
    made("/v1/customers/" + customer, "invoice_settings[default_payment_method]=" + failing);
    advance(34 * 86400);
    const auto unpaid = got("/v1/subscriptions/" + subscription);
    EXPECT_EQ(text(unpaid, "status"), "unpaid");
    const auto path = "/v1/invoices/" + text(unpaid, "latest_invoice");
    EXPECT_EQ(number(got(path), "attempt_count"), 2);
    // Later invoices stay drafts.
    advance(31 * 86400);
    const auto later = text(got("/v1/subscriptions/" + subscription), "latest_invoice");
    EXPECT_EQ(text(got("/v1/invoices/" + later), "status"), "draft");
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "unpaid");
}

TEST_F(TimeAndFailure, PausedCollectionBillsButDoesNotCharge) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price()));
    const auto path = "/v1/subscriptions/" + subscription;
    const auto newest = [&] {
        return text(got("/v1/invoices/" + text(got(path), "latest_invoice")), "status");
    };
    made(path, "pause_collection[behavior]=void");
    advance(32 * 86400);
    EXPECT_EQ(newest(), "void");
    made(path, "pause_collection[behavior]=keep_as_draft&pause_collection[resumes_at]=" +
                   std::to_string(1'800'000'000 + 70 * 86400));
    advance(31 * 86400);
    EXPECT_EQ(newest(), "draft");
    advance(31 * 86400);
    EXPECT_TRUE(got(path).at("pause_collection").is_null());
    EXPECT_EQ(newest(), "paid");
    EXPECT_EQ(store_.ids("charge").size(), 2u);
}

}  // namespace
}  // namespace paydesk::sandbox
