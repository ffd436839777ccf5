// Prices that a call describes instead of naming one.

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

class InlinePrices : public SandboxTest {
protected:
    std::string monthly(const std::string& holder, int amount) const {
        const auto data = holder + "[price_data]";
        return data + "[currency]=usd&" + data + "[product]=" + product_ + "&" + data +
               "[recurring][interval]=month&" + data + "[unit_amount]=" + std::to_string(amount);
    }
    std::string once(const std::string& holder, int amount) const {
        const auto data = holder + "[price_data]";
        return data + "[currency]=usd&" + data + "[product]=" + product_ + "&" + data +
               "[unit_amount]=" + std::to_string(amount);
    }
    json::object invoice_of(const json::object& subscription) {
        return got("/v1/invoices/" + text(subscription, "latest_invoice"));
    }
    static Object item(const json::object& subscription) {
        return children(child(subscription, "items"), "data").at(0).as_object();
    }

    std::string product_ = id(made("/v1/products", "name=Pro"));
    std::string customer_ = customer_with("pm_card_visa");
};

TEST_F(InlinePrices, ASubscriptionIsBilledByThemAndNobodySeesThemAmongPricesForSale) {
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer_ + "&" + monthly("items[0]", 1700) + "&" +
                                      once("add_invoice_items[0]", 500));
    EXPECT_EQ(number(invoice_of(subscription), "amount_paid"), 2200);
    const Object price = child(item(subscription), "price");
    EXPECT_FALSE(flag(price, "active", true));
    EXPECT_EQ(text(price, "product"), product_);
    EXPECT_TRUE(children(got("/v1/prices?active=true"), "data").empty());

    const auto path = "/v1/subscriptions/" + id(subscription);
    const auto change = "items[0][id]=" + id(item(subscription)) + "&" + monthly("items[0]", 2700);
    const auto preview = made(
        "/v1/invoices/create_preview",
        "subscription=" + id(subscription) + "&subscription_details[items][0][id]=" +
            id(item(subscription)) + "&subscription_details[proration_behavior]=always_invoice&" +
            monthly("subscription_details[items][0]", 2700) + "&" + once("invoice_items[0]", 100));
    EXPECT_EQ(number(preview, "total"), 1000 + 100);
    const auto changed = made(path, change + "&proration_behavior=always_invoice");
    EXPECT_EQ(number(invoice_of(changed), "amount_paid"), 1000);
    made("/v1/subscription_items/" + id(item(changed)), "quantity=2&proration_behavior=none");
    advance(32 * 86400);
    EXPECT_EQ(number(invoice_of(got(path)), "total"), 5400);
}

TEST_F(InlinePrices, ASchedulesPhasesTakeThem) {
    const auto schedule =
        made("/v1/subscription_schedules",
             "customer=" + customer_ + "&start_date=now&" + monthly("phases[0][items][0]", 900) +
                 "&phases[0][duration][interval]=month&" + monthly("phases[1][items][0]", 1900) +
                 "&" + once("phases[1][add_invoice_items][0]", 300));
    advance(32 * 86400);
    const auto subscription = got("/v1/subscriptions/" + text(schedule, "subscription"));
    EXPECT_EQ(number(child(item(subscription), "price"), "unit_amount"), 1900);
    EXPECT_EQ(number(invoice_of(subscription), "total"), 2200);
}

TEST_F(InlinePrices, AreRefusedAsPricesAre) {
    const auto start = "customer=" + customer_ + "&";
    const auto both = call("POST", "/v1/subscriptions",
                           start + monthly("items[0]", 1) + "&items[0][price]=" + price());
    EXPECT_EQ(both.code(), "parameters_exclusive");
    EXPECT_EQ(both.param(), "items[0][price]");
    EXPECT_EQ(call("POST", "/v1/subscriptions",
                   start + "items[0][price_data][currency]=usd&items[0][price_data][product]=" +
                       product_ + "&items[0][price_data][unit_amount]=5")
                  .param(),
              "items[0][price_data][recurring]");
    EXPECT_EQ(call("POST", "/v1/subscriptions",
                   start + "items[0][price_data][currency]=xxx&items[0][price_data][product]=" +
                       product_ +
                       "&items[0][price_data][unit_amount]=5&items[0][price_data][recurring]"
                       "[interval]=month")
                  .param(),
              "items[0][price_data][currency]");
    EXPECT_TRUE(children(got("/v1/prices?limit=10&product=" + product_), "data").empty());
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
