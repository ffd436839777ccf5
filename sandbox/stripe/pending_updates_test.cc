// Changes whose payment fails or waits: what every payment_behavior makes of them.

#include "sandbox/stripe/test_changes.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::text;
using testing::Contains;
using testing::Not;

using PendingUpdates = SubscriptionChanges;

TEST_F(PendingUpdates, AnUpdateThatIsPaidAtOnceNeverWaits) {
    begin();
    path(upgrade("&payment_behavior=pending_if_incomplete"));
    EXPECT_EQ(price_now(), large_);
    EXPECT_TRUE(subscription().at("pending_update").is_null());
    EXPECT_EQ(number(latest_invoice(), "total"), 4000);
    EXPECT_THAT(event_types(), Not(Contains("customer.subscription.pending_update_applied")));
    EXPECT_THAT(event_types(), Contains("customer.subscription.updated"));
}

TEST_F(PendingUpdates, APendingUpdateWaitsForItsPayment) {
    begin();
    use_card("pm_card_chargeCustomerFail");
    const auto waiting = path(upgrade("&payment_behavior=pending_if_incomplete"));
    EXPECT_EQ(text(waiting, "status"), "active");
    EXPECT_EQ(price_now(), small_);
    const auto& pending = child(waiting, "pending_update");
    EXPECT_EQ(number(pending, "expires_at"), begun_ + 23 * 3600);
    EXPECT_EQ(text(child(children(pending, "subscription_items").at(0).as_object(), "price"), "id"),
              large_);
    const auto invoice = text(waiting, "latest_invoice");
    EXPECT_EQ(text(got("/v1/invoices/" + invoice), "status"), "open");
    made("/v1/invoices/" + invoice + "/pay", "payment_method=pm_card_visa");
    EXPECT_EQ(price_now(), large_);
    EXPECT_TRUE(subscription().at("pending_update").is_null());
    EXPECT_THAT(event_types(), Contains("customer.subscription.pending_update_applied"));
    advance(24 * 3600);
    EXPECT_EQ(price_now(), large_);
    EXPECT_THAT(event_types(), Not(Contains("customer.subscription.pending_update_expired")));
    EXPECT_EQ(stripe::period_end_of(subscription()), end_);
}

TEST_F(PendingUpdates, APendingUpdateExpiresAfter23Hours) {
    begin();
    use_card("pm_card_chargeCustomerFail");
    path(upgrade("&payment_behavior=pending_if_incomplete"));
    const auto invoice = text(subscription(), "latest_invoice");
    advance(23 * 3600 - 1);
    EXPECT_FALSE(subscription().at("pending_update").is_null());
    advance(2);
    EXPECT_TRUE(subscription().at("pending_update").is_null());
    EXPECT_EQ(price_now(), small_);
    EXPECT_EQ(text(got("/v1/invoices/" + invoice), "status"), "void");
    EXPECT_THAT(event_types(), Contains("customer.subscription.pending_update_expired"));
}

TEST_F(PendingUpdates, APendingUpdateIsGivenUpByVoidingOrByAnother) {
    begin();
    use_card("pm_card_chargeCustomerFail");
    path(upgrade("&payment_behavior=pending_if_incomplete"));
    made("/v1/invoices/" + text(subscription(), "latest_invoice") + "/void");
    EXPECT_TRUE(subscription().at("pending_update").is_null());
    path(upgrade("&payment_behavior=pending_if_incomplete"));
    const auto first = text(subscription(), "latest_invoice");
    path(upgrade("&items[0][quantity]=2&payment_behavior=pending_if_incomplete"));
    EXPECT_EQ(text(got("/v1/invoices/" + first), "status"), "void");
    EXPECT_EQ(number(children(child(subscription(), "pending_update"), "subscription_items")
                         .at(0)
                         .as_object(),
                     "quantity"),
              2);
    const auto reply = refused(upgrade("&description=x&payment_behavior=pending_if_incomplete"));
    EXPECT_EQ(reply.param(), "description");
}

// A code for 25 % off, once for anybody.
class PendingDiscounts : public SubscriptionChanges {
protected:
    void begin_with_codes() {
        begin();
        spring_ = code("percent_off=25&duration=forever", "SPRING");
        path("discounts[0][promotion_code]=" + code("percent_off=10&duration=forever", "OLD"));
        old_ = discounts();
    }
    std::string code(const std::string& coupon, const std::string& text_of_code) {
        return id(made("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=" +
                                                  id(made("/v1/coupons", coupon)) +
                                                  "&max_redemptions=1&code=" + text_of_code));
    }
    std::string change() {
        return upgrade("&payment_behavior=pending_if_incomplete&discounts[0][promotion_code]=" +
                       spring_);
    }
    json::array discounts() { return children(subscription(), "discounts"); }
    bool is_spent() { return !stripe::flag(got("/v1/promotion_codes/" + spring_), "active"); }

    std::string spring_;
    json::array old_;
};

TEST_F(PendingDiscounts, ComeWithAChangeThatIsPaid) {
    begin_with_codes();
    path(change());
    EXPECT_EQ(price_now(), large_);
    ASSERT_EQ(discounts().size(), 1U);
    EXPECT_NE(discounts(), old_);
    EXPECT_THAT(event_types(), Contains("customer.discount.deleted"));
}

TEST_F(PendingDiscounts, WaitWithAChangeThatWaits) {
    begin_with_codes();
    use_card("pm_card_chargeCustomerFail");
    const auto waiting = path(change());
    EXPECT_EQ(discounts(), old_) << "until it is paid";
    EXPECT_EQ(children(child(waiting, "pending_update"), "discounts").size(), 1U);
    made("/v1/invoices/" + text(waiting, "latest_invoice") + "/pay", "payment_method=pm_card_visa");
    EXPECT_EQ(price_now(), large_);
    EXPECT_EQ(discounts(), children(child(waiting, "pending_update"), "discounts"));
    EXPECT_TRUE(is_spent());
}

TEST_F(PendingDiscounts, GoWithAChangeThatIsGivenUp) {
    begin_with_codes();
    use_card("pm_card_chargeCustomerFail");
    const auto waiting = path(change());
    EXPECT_TRUE(is_spent());
    made("/v1/invoices/" + text(waiting, "latest_invoice") + "/void");
    EXPECT_EQ(discounts(), old_);
    EXPECT_FALSE(is_spent()) << "it can be used again";
    path(change());
    advance(23 * 3600 + 1);
    EXPECT_EQ(discounts(), old_);
    EXPECT_FALSE(is_spent());
}

TEST_F(PendingDiscounts, AreRefusedBeforeThatVersion) {
    begin_with_codes();
    version_ = "2026-03-25.dahlia";
    EXPECT_EQ(refused(change()).param(), "discounts");
}

TEST_F(PendingUpdates, ACardThatAsksLetsTheUpdateWait) {
    begin();
    use_card("pm_card_authenticationRequired");
    path(upgrade("&payment_behavior=pending_if_incomplete"));
    EXPECT_EQ(price_now(), small_);
    authenticate("complete");
    EXPECT_EQ(price_now(), large_);
    EXPECT_EQ(text(latest_invoice(), "status"), "paid");
}

TEST_F(PendingUpdates, TheOtherBehavioursOfAnUnpaidUpdate) {
    begin();
    use_card("pm_card_chargeCustomerFail");
    const auto strict = refused(upgrade("&payment_behavior=error_if_incomplete"));
    EXPECT_EQ(strict.status, 402);
    EXPECT_EQ(strict.code(), "card_declined");
    EXPECT_EQ(price_now(), small_);
    EXPECT_EQ(store_.ids("invoice").size(), 1u);

    const auto allowed = path(upgrade());
    EXPECT_EQ(text(allowed, "status"), "past_due");
    EXPECT_EQ(price_now(), large_);
    made("/v1/invoices/" + text(allowed, "latest_invoice") + "/pay", "payment_method=pm_card_visa");
    EXPECT_EQ(text(subscription(), "status"), "active");

    // Nobody is charged until the payment is confirmed.
    use_card("pm_card_visa");
    const auto charges = store_.ids("charge").size();
    const auto awaited = path("items[0][id]=" + item_ +
                              "&items[0][quantity]=2&proration_behavior=always_invoice&"
                              "payment_behavior=default_incomplete");
    EXPECT_EQ(text(awaited, "status"), "past_due");
    EXPECT_EQ(store_.ids("charge").size(), charges);
    made("/v1/invoices/" + text(awaited, "latest_invoice") + "/pay");
    EXPECT_EQ(text(subscription(), "status"), "active");

    use_card("pm_card_authenticationRequired");
    const auto asks =
        refused(upgrade("&items[0][quantity]=5&payment_behavior=error_if_incomplete"));
    EXPECT_EQ(asks.code(), "subscription_payment_intent_requires_action");
    path(upgrade("&items[0][quantity]=5"));
    EXPECT_EQ(text(subscription(), "status"), "past_due");
    authenticate("complete");
    EXPECT_EQ(text(subscription(), "status"), "active");
}

TEST_F(PendingUpdates, CreatingTakesNoPendingUpdate) {
    customer_ = customer_with("pm_card_authenticationRequired");
    const auto form = "customer=" + customer_ + "&items[0][price]=" + price_of(2000);
    EXPECT_EQ(
        call("POST", "/v1/subscriptions", form + "&payment_behavior=pending_if_incomplete").param(),
        "payment_behavior");
    EXPECT_EQ(
        call("POST", "/v1/subscriptions", form + "&payment_behavior=error_if_incomplete").code(),
        "subscription_payment_intent_requires_action");
    EXPECT_TRUE(store_.ids("subscription").empty());
    // allow_incomplete: the first payment waits for the customer.
    remember(made("/v1/subscriptions", form));
    EXPECT_EQ(text(subscription(), "status"), "incomplete");
    authenticate("fail");
    EXPECT_EQ(text(subscription(), "status"), "incomplete");
    made("/v1/invoices/" + text(subscription(), "latest_invoice") + "/pay",
         "payment_method=pm_card_visa");
    EXPECT_EQ(text(subscription(), "status"), "active");
}

TEST_F(PendingUpdates, RetriesWaitForSomethingToCharge) {
    customer_ = id(made("/v1/customers", "email=t%40example.com"));
    remember(made("/v1/subscriptions", "trial_period_days=5&customer=" + customer_ +
                                           "&items[0][price]=" + price_of(2000)));
    advance(5 * 86400 + 7200);
    EXPECT_EQ(text(subscription(), "status"), "past_due");
    advance(20 * 86400);
    EXPECT_EQ(text(subscription(), "status"), "past_due");
    EXPECT_EQ(number(latest_invoice(), "attempt_count"), 1);
    use_card("pm_card_visa");
    advance(86400);
    EXPECT_EQ(text(subscription(), "status"), "active");
    EXPECT_EQ(number(latest_invoice(), "amount_paid"), 2000);
}

TEST_F(PendingUpdates, AnotherChangeLeavesAPendingUpdateAlone) {
    begin();
    use_card("pm_card_chargeCustomerFail");
    path(upgrade("&payment_behavior=pending_if_incomplete"));
    path("metadata[a]=b&cancel_at_period_end=true");
    EXPECT_FALSE(subscription().at("pending_update").is_null());
    // The end of the subscription is the end of what waited.
    EXPECT_EQ(call("DELETE", "/v1/subscriptions/" + subscription_).status, 200);
    EXPECT_TRUE(subscription().at("pending_update").is_null());
    EXPECT_EQ(text(latest_invoice(), "status"), "void");
}

}  // namespace
}  // namespace paydesk::sandbox
