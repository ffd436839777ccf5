// The portal's features that change a plan: what a person sees, what it costs, what happens.

#include "sandbox/stripe/portal_updates.h"

#include <gmock/gmock.h>

#include "sandbox/stripe/subscribing.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::text;
using testing::HasSubstr;
using testing::Not;

class PortalUpdates : public SandboxTest {
protected:
    void begin(const std::string& feature =
                   "&features[subscription_update][proration_behavior]="
                   "always_invoice") {
        product_ = id(made("/v1/products", "name=Pro"));
        small_ = price_of(2000);
        large_ = price_of(6000);
        customer_ = customer_with("pm_card_visa");
        const auto begun =
            made("/v1/subscriptions", "customer=" + customer_ + "&items[0][price]=" + small_);
        subscription_ = id(begun);
        item_ = text(children(child(begun, "items"), "data").at(0).as_object(), "id");
        configuration_ = id(made("/v1/billing_portal/configurations", features() + feature));
        open("");
    }
    std::string price_of(int amount) {
        return id(made("/v1/prices", "currency=usd&recurring[interval]=month&unit_amount=" +
                                         std::to_string(amount) + "&product=" + product_));
    }
    std::string features() const {
        const std::string update = "&features[subscription_update]";
        return update.substr(1) + "[enabled]=true" + update + "[default_allowed_updates][0]=price" +
               update + "[default_allowed_updates][1]=quantity" + update +
               "[default_allowed_updates][2]=promotion_code" + update +
               "[products][0][product]=" + product_ + update +
               "[products][0][prices][0]=" + small_ + update +
               "[products][0][prices][1]=" + large_ + update +
               "[products][0][adjustable_quantity][enabled]=true" + update +
               "[products][0][adjustable_quantity][maximum]=9";
    }
    void open(const std::string& more) {
        portal_ = "/p/session/" +
                  id(made("/v1/billing_portal/sessions",
                          "customer=" + customer_ + "&configuration=" + configuration_ + more));
    }
    std::string wanted(const std::string& price, int quantity = 1) const {
        return "subscription=" + subscription_ + "&price=" + price +
               "&quantity=" + std::to_string(quantity);
    }
    std::string confirm_page(const std::string& price, int quantity = 1) {
        return call("GET", portal_ + "?view=confirm&" + wanted(price, quantity)).text;
    }
    Reply confirm(const std::string& price, int quantity = 1, const std::string& more = {}) {
        return call("POST", portal_ + "/update", wanted(price, quantity) + more);
    }
    std::string price_now() {
        const auto now = got("/v1/subscriptions/" + subscription_);
        return text(child(children(child(now, "items"), "data").at(0).as_object(), "price"), "id");
    }
    std::string product_, small_, large_, customer_, subscription_, item_, configuration_, portal_;
};

TEST_F(PortalUpdates, SwitchesThePlanAfterShowingWhatItCosts) {
    begin();
    EXPECT_THAT(call("GET", portal_).text, HasSubstr("data-testid=\"portal-update\""));
    const auto page = call("GET", portal_ + "?view=update&subscription=" + subscription_).text;
    EXPECT_THAT(page, HasSubstr("data-testid=\"portal-plan-" + large_));
    EXPECT_THAT(page, HasSubstr("data-testid=\"portal-quantity\""));
    const auto events = store_.ids("event").size();
    const auto quote = confirm_page(large_, 2);
    EXPECT_THAT(quote, HasSubstr("portal-due-now\">$100.00"));
    EXPECT_THAT(quote, HasSubstr("portal-next\">$120.00"));
    EXPECT_EQ(store_.ids("event").size(), events);
    EXPECT_EQ(price_now(), small_);

    EXPECT_EQ(confirm(large_, 2).status, 303);
    EXPECT_EQ(price_now(), large_);
    const auto invoice = text(got("/v1/subscriptions/" + subscription_), "latest_invoice");
    EXPECT_EQ(number(got("/v1/invoices/" + invoice), "amount_paid"), 10000);
    EXPECT_THAT(confirm(large_, 2).text, HasSubstr("have already"));
    EXPECT_THAT(confirm(large_, 10).text, HasSubstr("from 1 to 9"));
    EXPECT_THAT(confirm(price_of(1)).text, HasSubstr("not offered"));
}

TEST_F(PortalUpdates, ADowngradeWaitsForThePeriodsEnd) {
    begin(
        "&features[subscription_update][schedule_at_period_end][conditions][0][type]="
        "decreasing_item_amount");
    confirm(large_);
    EXPECT_EQ(price_now(), large_);
    EXPECT_THAT(confirm_page(small_), HasSubstr("data-testid=\"portal-changes-on\""));
    EXPECT_THAT(confirm_page(small_), HasSubstr("portal-next\">$20.00"));
    EXPECT_EQ(confirm(small_).status, 303);
    EXPECT_EQ(price_now(), large_);
    const auto schedule = text(got("/v1/subscriptions/" + subscription_), "schedule");
    EXPECT_EQ(children(got("/v1/subscription_schedules/" + schedule), "phases").size(), 2u);
    const auto home = call("GET", portal_).text;
    EXPECT_THAT(home, HasSubstr("data-testid=\"portal-scheduled\""));
    EXPECT_THAT(home, Not(HasSubstr("data-testid=\"portal-update\"")));

    // Kept after all; then left again for good.
    EXPECT_EQ(call("POST", portal_ + "/keep", "subscription=" + subscription_).status, 303);
    EXPECT_TRUE(got("/v1/subscriptions/" + subscription_).at("schedule").is_null());
    confirm(small_);
    advance(32 * 86400);
    EXPECT_EQ(price_now(), small_);
}

TEST_F(PortalUpdates, ADeclinedCardChangesNothing) {
    begin();
    const auto failing =
        id(made("/v1/payment_methods/pm_card_chargeCustomerFail/attach", "customer=" + customer_));
    made("/v1/subscriptions/" + subscription_, "default_payment_method=" + failing);
    EXPECT_THAT(confirm(large_).text, HasSubstr("Your card was declined."));
    EXPECT_EQ(price_now(), small_);
    const auto after = got("/v1/subscriptions/" + subscription_);
    EXPECT_TRUE(after.at("pending_update").is_null());
    EXPECT_EQ(text(after, "status"), "active");
}

TEST_F(PortalUpdates, ACardThatAsksIsAskedBeforeThePlanChanges) {
    begin();
    const auto asking = id(
        made("/v1/payment_methods/pm_card_authenticationRequired/attach", "customer=" + customer_));
    made("/v1/subscriptions/" + subscription_, "default_payment_method=" + asking);
    const auto answer = [&](const char* how) {
        const std::string page(confirm(large_).headers.get("Location"));
        EXPECT_THAT(page, HasSubstr("/3ds/pi_"));
        const auto answered =
            call("POST", page.substr(page.find("/3ds/")), std::string("answer=") + how);
        const std::string back(answered.headers.get("Location"));
        return call("GET", back.substr(back.find("/p/")));
    };
    EXPECT_THAT(answer("fail").text, HasSubstr("your plan has not changed"));
    EXPECT_EQ(price_now(), small_);
    EXPECT_EQ(answer("complete").status, 303);
    EXPECT_EQ(price_now(), large_);
}

TEST_F(PortalUpdates, FlowsLeadStraightThere) {
    begin();
    const std::string type = "&flow_data[type]=subscription_update";
    const std::string about = "&flow_data[subscription_update";
    open(type + about + "][subscription]=" + subscription_);
    EXPECT_THAT(call("GET", portal_).text, HasSubstr("data-testid=\"portal-continue\""));

    const auto coupon = id(made("/v1/coupons", "percent_off=50&duration=forever"));
    open(type + "_confirm" + about + "_confirm][subscription]=" + subscription_ + about +
         "_confirm][items][0][id]=" + item_ + about + "_confirm][items][0][price]=" + large_ +
         about + "_confirm][discounts][0][coupon]=" + coupon +
         "&flow_data[after_completion][type]=redirect&flow_data[after_completion][redirect]"
         "[return_url]=http%3A%2F%2Fx.y%2Fdone");
    EXPECT_THAT(call("GET", portal_).text, HasSubstr("portal-next\">$30.00"));
    EXPECT_EQ(call("POST", portal_ + "/update").headers.get("Location"), "http://x.y/done");
    EXPECT_EQ(price_now(), large_);
    EXPECT_EQ(children(got("/v1/subscriptions/" + subscription_), "discounts").size(), 1u);

    const auto session = "customer=" + customer_;
    EXPECT_EQ(call("POST", "/v1/billing_portal/sessions",
                   session + type + about + "][subscription]=" + subscription_)
                  .status,
              400);  // the default configuration does not allow it
    EXPECT_EQ(call("POST", "/v1/billing_portal/sessions", session + type).param(),
              "flow_data[subscription_update][subscription]");
}

TEST_F(PortalUpdates, ACodeGivesItsDiscount) {
    begin();
    const auto coupon = id(made("/v1/coupons", "percent_off=10&duration=forever"));
    made("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=" + coupon + "&code=TEN");
    EXPECT_THAT(call("GET", portal_ + "?view=confirm&code=ten&" + wanted(large_)).text,
                HasSubstr("portal-next\">$54.00"));
    EXPECT_THAT(call("GET", portal_ + "?view=confirm&code=nope&" + wanted(large_)).text,
                HasSubstr("data-testid=\"portal-continue\""));
    confirm(large_, 1, "&code=TEN");
    EXPECT_EQ(children(got("/v1/subscriptions/" + subscription_), "discounts").size(), 1u);
}

TEST_F(PortalUpdates, PausesForAMonthAndGoesOn) {
    const std::string pause = "&features[subscription_pause]";
    begin(pause + "[enabled]=true" + pause + "[duration][type]=interval_options" + pause +
          "[duration][interval_options][0][interval]=month" + pause +
          "[duration][interval_options][0][interval_count]=1");
    EXPECT_THAT(call("GET", portal_ + "?view=pause&subscription=" + subscription_).text,
                HasSubstr("For 1 month"));
    const auto status = [&] { return text(got("/v1/subscriptions/" + subscription_), "status"); };
    EXPECT_EQ(call("POST", portal_ + "/pause", "subscription=" + subscription_).status, 400);
    const auto form = "subscription=" + subscription_ + "&duration=1%20month";
    EXPECT_EQ(call("POST", portal_ + "/pause", form).status, 303);
    EXPECT_EQ(status(), "paused");
    advance(32 * 86400);
    EXPECT_EQ(status(), "active");
    call("POST", portal_ + "/pause", form);
    EXPECT_THAT(call("GET", portal_).text, HasSubstr("data-testid=\"portal-unpause\""));
    call("POST", portal_ + "/unpause", "subscription=" + subscription_);
    EXPECT_EQ(status(), "active");
}

TEST_F(PortalUpdates, AConfigurationIsCheckedAndShown) {
    begin();
    const auto refused = [&](const std::string& form) {
        return call("POST", "/v1/billing_portal/configurations", form).param();
    };
    const std::string update = "features[subscription_update]";
    EXPECT_EQ(refused(update + "[enabled]=true"), update + "[default_allowed_updates]");
    EXPECT_EQ(refused(features() + "&features[payment_method_update][enabled]=false"),
              update + "[enabled]");
    EXPECT_EQ(refused(update + "[products][0][product]=" + product_ + "&" + update +
                      "[products][0][prices][0]=nope"),
              update + "[products][0][prices]");
    const auto products = [&] {
        const auto shown = got("/v1/billing_portal/configurations/" + configuration_);
        return children(child(child(shown, "features"), "subscription_update"), "products");
    };
    EXPECT_EQ(number(child(products().at(0).as_object(), "adjustable_quantity"), "maximum"), 9);
    version_ = "2024-11-20.acacia";
    EXPECT_FALSE(products().at(0).as_object().contains("adjustable_quantity"));
    EXPECT_EQ(refused("features[subscription_pause][enabled]=true"),
              "features[subscription_pause]");
}

}  // namespace
}  // namespace paydesk::sandbox
