// The life of a subscription by API, by portal and by time.

#include "sandbox/stripe/subscribing.h"

#include <gmock/gmock.h>

#include "sandbox/stripe/period.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::flag;
using stripe::number;
using stripe::text;
using testing::Contains;
using testing::HasSubstr;

class Subscription : public SandboxTest {
protected:
    json::object subscribe(const std::string& card, const std::string& more = {}) {
        customer_ = customer_with(card);
        return made("/v1/subscriptions",
                    "customer=" + customer_ + "&items[0][price]=" + price() + more);
    }
    std::string status(const std::string& subscription) {
        return text(got("/v1/subscriptions/" + subscription), "status");
    }
    // The newest event of this type, as it is delivered.
    json::object event(const std::string& type) {
        const auto list = got("/v1/events?type=" + type);
        EXPECT_FALSE(children(list, "data").empty()) << type;
        return children(list, "data").at(0).as_object();
    }
    std::string customer_;
};

TEST(Period, FollowsTheCalendarFromTheAnchor) {
    const std::int64_t jan31 = 1769817600;                                        // 2026-01-31
    EXPECT_EQ(stripe::next_boundary(jan31, jan31, "month", 1), 1772236800);       // February 28th
    EXPECT_EQ(stripe::next_boundary(jan31, 1772236800, "month", 1), 1774915200);  // March 31st
    EXPECT_EQ(stripe::next_boundary(jan31, jan31, "year", 1), 1801353600);        // 2027-01-31
    EXPECT_EQ(stripe::next_boundary(jan31, jan31, "week", 2), jan31 + 14 * 86400);
    EXPECT_EQ(stripe::next_boundary(jan31, jan31 + 86400, "day", 1), jan31 + 2 * 86400);
}

TEST_F(Subscription, CancelsAtThePeriodsEndAndResumes) {
    const auto subscription = id(subscribe("pm_card_visa"));
    const auto scheduled = made("/v1/subscriptions/" + subscription, "cancel_at_period_end=true");
    EXPECT_TRUE(flag(scheduled, "cancel_at_period_end"));
    EXPECT_EQ(number(scheduled, "cancel_at"), stripe::period_end_of(scheduled));
    EXPECT_EQ(text(child(scheduled, "cancellation_details"), "reason"), "cancellation_requested");
    EXPECT_EQ(text(scheduled, "status"), "active");
    const auto updated = event("customer.subscription.updated");
    const auto& previous = child(child(updated, "data"), "previous_attributes");
    EXPECT_EQ(previous.at("cancel_at_period_end"), json::value(false));
    EXPECT_FALSE(previous.contains("items"));

    const auto kept = made("/v1/subscriptions/" + subscription, "cancel_at_period_end=false");
    EXPECT_FALSE(flag(kept, "cancel_at_period_end"));
    for (const auto* key : {"cancel_at", "canceled_at"}) EXPECT_TRUE(kept.at(key).is_null()) << key;

    made("/v1/subscriptions/" + subscription, "cancel_at_period_end=true");
    advance(32 * 86400);
    EXPECT_EQ(status(subscription), "canceled");
    EXPECT_TRUE(happened("customer.subscription.deleted"));
    EXPECT_EQ(store_.ids("invoice").size(), 1u);
    EXPECT_EQ(call("POST", "/v1/subscriptions/" + subscription, "cancel_at_period_end=true").status,
              400);
    EXPECT_EQ(call("DELETE", "/v1/subscriptions/" + subscription).status, 404);
}

TEST_F(Subscription, ThePortalSetsCancelAtAloneInFlexibleMode) {
    const auto subscription = id(subscribe("pm_card_visa"));
    const auto portal = made("/v1/billing_portal/sessions",
                             "customer=" + customer_ + "&return_url=http%3A%2F%2Fshop.example%2F");
    const auto base = "/p/session/" + id(portal);
    EXPECT_THAT(call("GET", base).text, HasSubstr("data-testid=\"portal-cancel\""));
    EXPECT_THAT(call("GET", base + "?view=cancel&subscription=" + subscription).text,
                HasSubstr("data-testid=\"portal-confirm-cancel\""));
    EXPECT_EQ(call("POST", base + "/cancel", "subscription=" + subscription).status, 303);
    const auto scheduled = got("/v1/subscriptions/" + subscription);
    EXPECT_FALSE(flag(scheduled, "cancel_at_period_end"));
    EXPECT_EQ(number(scheduled, "cancel_at"), stripe::period_end_of(scheduled));

    EXPECT_THAT(call("GET", base).text, HasSubstr("data-testid=\"portal-resume\""));
    EXPECT_EQ(call("POST", base + "/resume", "subscription=" + subscription).status, 303);
    EXPECT_TRUE(got("/v1/subscriptions/" + subscription).at("cancel_at").is_null());

    // Another customer's subscription is none of this session's business.
    const auto stranger = id(subscribe("pm_card_visa"));
    EXPECT_EQ(call("POST", base + "/cancel", "subscription=" + stranger).status, 404);
}

TEST_F(Subscription, ThePortalSavesACard) {
    const auto subscription = id(subscribe("pm_card_visa"));
    const auto portal =
        made("/v1/billing_portal/sessions",
             "customer=" + customer_ +
                 "&flow_data[type]=payment_method_update&"
                 "flow_data[after_completion][type]=redirect&"
                 "flow_data[after_completion][redirect][return_url]=http%3A%2F%2Fx.y%2Fdone");
    const auto base = "/p/session/" + id(portal);
    EXPECT_THAT(call("GET", base).text, HasSubstr("data-testid=\"portal-save-card\""));
    const auto fill = [&](const char* number) {
        return call("POST", base + "/card",
                    std::string("card_exp=12%2F34&card_cvc=123&card_number=") + number);
    };
    EXPECT_THAT(fill("4000000000000002").text, HasSubstr("Your card was declined."));
    const auto answer = [&](const char* how) {
        const std::string page(fill("4000002500003155").headers.get("Location"));
        EXPECT_THAT(page, HasSubstr("/3ds/seti_"));
        const std::string next(
            call("POST", page.substr(page.find("/3ds/")), std::string("answer=") + how)
                .headers.get("Location"));
        return call("GET", next.substr(next.find("/p/")));
    };
    EXPECT_THAT(answer("fail").text, HasSubstr("card-error\">We are unable to authenticate"));
    EXPECT_EQ(answer("complete").headers.get("Location"), "http://x.y/done");
    const auto method = text(got("/v1/subscriptions/" + subscription), "default_payment_method");
    EXPECT_EQ(text(child(got("/v1/payment_methods/" + method), "card"), "last4"), "3155");
    EXPECT_EQ(fill("5555555555554444").headers.get("Location"), "http://x.y/done");
    EXPECT_THAT(event_types(), Contains("setup_intent.setup_failed"));
    EXPECT_THAT(event_types(), Contains("customer.updated"));
}

TEST_F(Subscription, StartsIncompleteUntilItsInvoiceIsPaid) {
    const auto begun = subscribe("pm_card_visa",
                                 "&payment_behavior=default_incomplete&"
                                 "expand[]=latest_invoice.confirmation_secret");
    EXPECT_EQ(text(begun, "status"), "incomplete");
    const auto secret =
        text(child(child(begun, "latest_invoice"), "confirmation_secret"), "client_secret");
    const auto intent = secret.substr(0, secret.find("_secret"));
    made("/v1/payment_intents/" + intent + "/confirm", "payment_method=pm_card_visa");
    EXPECT_EQ(status(id(begun)), "active");

    const auto abandoned = id(subscribe("pm_card_visa", "&payment_behavior=default_incomplete"));
    advance(24 * 3600);
    EXPECT_EQ(status(abandoned), "incomplete_expired");
    EXPECT_TRUE(happened("invoice.voided"));
}

TEST_F(Subscription, ADeclinedFirstPaymentDoesWhatPaymentBehaviorSays) {
    const auto allowed = subscribe("pm_card_chargeCustomerFail");
    EXPECT_EQ(text(allowed, "status"), "incomplete");
    EXPECT_TRUE(happened("invoice.payment_failed"));
    const auto count = store_.ids("subscription").size();
    const auto refused =
        call("POST", "/v1/subscriptions",
             "customer=" + customer_ +
                 "&payment_behavior=error_if_incomplete&items[0][price]=" + price());
    EXPECT_EQ(refused.status, 402);
    EXPECT_EQ(refused.code(), "card_declined");
    EXPECT_EQ(store_.ids("subscription").size(), count);
    EXPECT_EQ(call("POST", "/v1/invoices/" + text(allowed, "latest_invoice") + "/pay").status, 402);
}

TEST_F(Subscription, RenewsWithADraftAnHourBeforeItsCharge) {
    const auto subscription = subscribe("pm_card_visa");
    const auto first_end = stripe::period_end_of(subscription);
    advance(first_end - clock_.now().time_since_epoch().count() / 1'000'000 + 60);
    const auto renewed = got("/v1/subscriptions/" + id(subscription));
    EXPECT_GT(stripe::period_end_of(renewed), first_end);
    EXPECT_EQ(text(got("/v1/invoices/" + text(renewed, "latest_invoice")), "status"), "draft");
    advance(3600);
    const auto invoice = got("/v1/invoices/" + text(renewed, "latest_invoice"));
    EXPECT_EQ(text(invoice, "status"), "paid");
    EXPECT_EQ(text(invoice, "billing_reason"), "subscription_cycle");
    EXPECT_EQ(status(id(subscription)), "active");
}

TEST_F(Subscription, DunsAndGivesUp) {
    const auto subscription = id(subscribe("pm_card_visa"));
    const auto failing =
        id(made("/v1/payment_methods/pm_card_chargeCustomerFail/attach", "customer=" + customer_));
    made("/v1/subscriptions/" + subscription, "default_payment_method=" + failing);
    advance(32 * 86400);
    EXPECT_EQ(status(subscription), "past_due");
    EXPECT_TRUE(flag(got("/v1/customers/" + customer_), "delinquent"));
    const auto invoice = text(got("/v1/subscriptions/" + subscription), "latest_invoice");
    EXPECT_EQ(number(got("/v1/invoices/" + invoice), "attempt_count"), 1);
    advance(20 * 86400);
    EXPECT_EQ(status(subscription), "canceled");
    EXPECT_EQ(
        text(child(got("/v1/subscriptions/" + subscription), "cancellation_details"), "reason"),
        "payment_failed");
    EXPECT_EQ(number(got("/v1/invoices/" + invoice), "attempt_count"), 4);
    EXPECT_TRUE(got("/v1/invoices/" + invoice).at("next_payment_attempt").is_null());
}

TEST_F(Subscription, ACardSetUpOnceRenewsWithoutAQuestion) {
    const auto open = session(price());
    const std::string page(pay(id(open), "4000002500003155").headers.get("Location"));
    call("POST", page.substr(page.find("/3ds/")), "answer=complete");
    const auto subscription = text(got("/v1/checkout/sessions/" + id(open)), "subscription");
    advance(32 * 86400);
    EXPECT_EQ(status(subscription), "active");
    EXPECT_EQ(store_.ids("charge").size(), 2u);
}

TEST_F(Subscription, ACardThatAlwaysAsksFailsOffSession) {
    const auto open = session(price());
    const std::string page(pay(id(open), "4000002760003184").headers.get("Location"));
    call("POST", page.substr(page.find("/3ds/")), "answer=complete");
    const auto subscription = text(got("/v1/checkout/sessions/" + id(open)), "subscription");
    advance(32 * 86400);
    EXPECT_EQ(status(subscription), "past_due");
    EXPECT_TRUE(happened("invoice.payment_action_required"));
    // The customer comes to the hosted invoice and answers there.
    const auto invoice = text(got("/v1/subscriptions/" + subscription), "latest_invoice");
    const auto asked =
        call("POST", "/i/" + invoice, "card_number=4000002760003184&card_exp=12%2F34&card_cvc=123");
    const std::string url(asked.headers.get("Location"));
    ASSERT_THAT(url, HasSubstr("/3ds/"));
    call("POST", url.substr(url.find("/3ds/")), "answer=complete");
    EXPECT_EQ(status(subscription), "active");
}

TEST_F(Subscription, RecoversWhenPaid) {
    const auto subscription = id(subscribe("pm_card_visa"));
    const auto failing =
        id(made("/v1/payment_methods/pm_card_chargeCustomerFail/attach", "customer=" + customer_));
    made("/v1/subscriptions/" + subscription, "default_payment_method=" + failing);
    advance(32 * 86400);
    const auto invoice = text(got("/v1/subscriptions/" + subscription), "latest_invoice");
    made("/v1/invoices/" + invoice + "/pay", "payment_method=pm_card_visa");
    EXPECT_EQ(status(subscription), "active");
    EXPECT_FALSE(flag(got("/v1/customers/" + customer_), "delinquent"));
}

TEST_F(Subscription, ProratesAChangeOfPlan) {
    const auto subscription = subscribe("pm_card_visa");
    const auto item = text(children(child(subscription, "items"), "data").at(0).as_object(), "id");
    const auto product = id(made("/v1/products", "name=Business"));
    const auto bigger =
        id(made("/v1/prices",
                "currency=usd&unit_amount=9900&recurring[interval]=month&product=" + product));
    advance(15 * 86400 + 43200);  // half of a month of 31 days
    const auto changed = made("/v1/subscriptions/" + id(subscription),
                              "items[0][id]=" + item + "&items[0][price]=" + bigger);
    EXPECT_EQ(stripe::period_end_of(changed), stripe::period_end_of(subscription));
    const auto waiting = children(got("/v1/invoiceitems?pending=true"), "data");
    ASSERT_EQ(waiting.size(), 2u);
    EXPECT_EQ(number(waiting.at(1).as_object(), "amount"), -1450);
    EXPECT_EQ(number(waiting.at(0).as_object(), "amount"), 4950);
    advance(17 * 86400);
    const auto invoice =
        got("/v1/invoices/" + text(got("/v1/subscriptions/" + id(subscription)), "latest_invoice"));
    EXPECT_EQ(number(invoice, "total"), 9900 - 1450 + 4950);
    EXPECT_EQ(text(invoice, "status"), "paid");
}

TEST_F(Subscription, ATrialWithoutACardPausesAndResumes) {
    const auto customer = id(made("/v1/customers", "email=t%40example.com"));
    const auto subscription = id(made(
        "/v1/subscriptions",
        "trial_period_days=7&trial_settings[end_behavior][missing_payment_method]=pause&customer=" +
            customer + "&items[0][price]=" + price()));
    advance(8 * 86400);
    EXPECT_EQ(status(subscription), "paused");
    EXPECT_TRUE(happened("customer.subscription.paused"));
    const auto method = id(made("/v1/payment_methods/pm_card_visa/attach", "customer=" + customer));
    made("/v1/subscriptions/" + subscription, "default_payment_method=" + method);
    made("/v1/subscriptions/" + subscription + "/resume");
    advance(3700);
    EXPECT_EQ(status(subscription), "active");
    EXPECT_TRUE(happened("customer.subscription.resumed"));
    EXPECT_EQ(store_.ids("charge").size(), 1u);
}

TEST_F(Subscription, RefundsPartlyThenWholly) {
    subscribe("pm_card_visa");
    const auto charge =
        text(children(got("/v1/charges?customer=" + customer_), "data").at(0).as_object(), "id");
    made("/v1/refunds", "charge=" + charge + "&amount=900");
    EXPECT_FALSE(flag(got("/v1/charges/" + charge), "refunded"));
    EXPECT_EQ(call("POST", "/v1/refunds", "amount=2001&charge=" + charge).param(), "amount");
    made("/v1/refunds", "charge=" + charge);
    EXPECT_TRUE(flag(got("/v1/charges/" + charge), "refunded"));
    EXPECT_EQ(call("POST", "/v1/refunds", "charge=" + charge).code(), "charge_already_refunded");
    EXPECT_THAT(event_types(), Contains("charge.refunded").Times(2));
}

TEST_F(Subscription, OldVersionsHaveTheirShape) {
    const auto subscription = id(subscribe("pm_card_visa"));
    version_ = "2024-11-20.acacia";
    const auto old = got("/v1/subscriptions/" + subscription);
    const auto& item = children(child(old, "items"), "data").at(0).as_object();
    EXPECT_GT(number(old, "current_period_end"), number(old, "current_period_start"));
    EXPECT_FALSE(item.contains("current_period_end"));
    EXPECT_FALSE(old.contains("billing_mode"));
    const auto invoice = got("/v1/invoices/" + text(old, "latest_invoice"));
    EXPECT_EQ(text(invoice, "subscription"), subscription);
    EXPECT_TRUE(flag(invoice, "paid"));
    EXPECT_FALSE(invoice.contains("parent"));
    const auto intent = got("/v1/payment_intents/" + text(invoice, "payment_intent"));
    EXPECT_EQ(text(intent, "invoice"), text(invoice, "id"));
    version_ = "2026-10-28.endive";
    const auto fresh = got("/v1/subscriptions/" + subscription);
    EXPECT_FALSE(fresh.contains("current_period_end"));
    EXPECT_TRUE(fresh.contains("billing_schedules"));
}

}  // namespace
}  // namespace paydesk::sandbox
