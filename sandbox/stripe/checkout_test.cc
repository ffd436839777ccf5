// Checkout from session to paid subscription, by every card that matters.

#include "sandbox/stripe/checkout.h"

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::text;
using testing::ElementsAre;
using testing::HasSubstr;

using Checkout = SandboxTest;

TEST_F(Checkout, PaysForASubscription) {
    const auto open =
        session(price(), "&client_reference_id=u1&subscription_data[metadata][user]=u1");
    const auto already = event_types().size();
    const auto paid = pay(id(open), "4242424242424242");
    EXPECT_EQ(paid.status, 303) << paid.text;
    EXPECT_EQ(paid.headers.get("Location"), "http://shop.example/ok?s=" + id(open));

    auto types = event_types();
    types.erase(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(already));
    EXPECT_THAT(types,
                ElementsAre("customer.created", "payment_method.attached", "payment_intent.created",
                            "charge.succeeded", "payment_intent.succeeded",
                            "customer.subscription.created", "customer.updated", "invoice.created",
                            "invoice.finalized", "invoice.paid", "invoice.payment_succeeded",
                            "invoice_payment.paid", "checkout.session.completed"));

    const auto done = got("/v1/checkout/sessions/" + id(open) + "?expand[]=subscription");
    EXPECT_EQ(text(done, "status"), "complete");
    EXPECT_EQ(text(done, "payment_status"), "paid");
    EXPECT_TRUE(done.at("url").is_null());
    const auto& subscription = child(done, "subscription");
    EXPECT_EQ(text(subscription, "status"), "active");
    EXPECT_EQ(text(child(subscription, "metadata"), "user"), "u1");
    EXPECT_FALSE(text(subscription, "default_payment_method").empty());
    const auto invoice = got("/v1/invoices/" + text(subscription, "latest_invoice"));
    EXPECT_EQ(number(invoice, "amount_due"), 2900);
    EXPECT_EQ(number(invoice, "amount_paid"), 2900);
    EXPECT_EQ(number(invoice, "amount_remaining"), 0);
    EXPECT_THAT(text(invoice, "number"), testing::MatchesRegex("[A-Z0-9]+-0001"));

    EXPECT_EQ(pay(id(open), "4242424242424242").status, 200);  // says that it is done
    EXPECT_EQ(store_.ids("subscription").size(), 1u);
}

TEST_F(Checkout, ADeclineLeavesNothingButTheFailedIntent) {
    const auto open = session(price());
    const auto declined = pay(id(open), "4000000000000002");
    EXPECT_EQ(declined.status, 200);
    EXPECT_THAT(declined.text, HasSubstr("data-testid=\"card-error\">Your card was declined."));
    EXPECT_TRUE(happened("payment_intent.payment_failed"));
    EXPECT_TRUE(happened("charge.failed"));
    for (const auto* kind : {"customer", "subscription", "invoice"}) {
        EXPECT_TRUE(store_.ids(kind).empty()) << kind;
    }
    EXPECT_THAT(pay(id(open), "4000000000009995").text, HasSubstr("insufficient funds"));
    EXPECT_EQ(pay(id(open), "4242424242424242").status, 303);
    EXPECT_EQ(store_.ids("payment_intent").size(), 1u);
}

TEST_F(Checkout, ChecksTheCardItself) {
    const auto open = session(price());
    const auto says = [&](const char* number, const char* expiry) {
        return pay(id(open), number, expiry).text;
    };
    EXPECT_THAT(says("4242424242424241", "12 / 34"), HasSubstr("card number is incorrect"));
    EXPECT_THAT(says("4242424242424242", "12 / 20"), HasSubstr("expiration year is invalid"));
    EXPECT_THAT(says("4242424242424242", "13 / 34"), HasSubstr("expiration month is invalid"));
    EXPECT_THAT(says("4242424242424242", "soon"), HasSubstr("expiration month is invalid"));
    EXPECT_THAT(says("4111111111111111", "12 / 34"), HasSubstr("non test card"));
    EXPECT_TRUE(store_.ids("payment_intent").empty());
    EXPECT_TRUE(store_.ids("payment_method").empty());
}

TEST_F(Checkout, AsksFor3DSecure) {
    for (const auto* card : {"4000002500003155", "4000000000003220"}) {
        const auto open = session(price());
        const auto asked = pay(id(open), card);
        const std::string page(asked.headers.get("Location"));
        ASSERT_THAT(page, HasSubstr("/3ds/pi_"));
        const auto path = page.substr(page.find("/3ds/"));
        EXPECT_THAT(call("GET", path).text, HasSubstr("data-testid=\"3ds-complete\""));

        const auto failed = call("POST", path, "answer=fail");
        EXPECT_THAT(std::string(failed.headers.get("Location")), HasSubstr("/c/pay/" + id(open)));
        EXPECT_THAT(call("GET", "/c/pay/" + id(open)).text, HasSubstr("unable to authenticate"));

        const std::string again(pay(id(open), card).headers.get("Location"));
        const auto done = call("POST", again.substr(again.find("/3ds/")), "answer=complete");
        EXPECT_EQ(done.headers.get("Location"), "http://shop.example/ok?s=" + id(open));
        EXPECT_EQ(text(got("/v1/checkout/sessions/" + id(open)), "payment_status"), "paid");
        // Answering twice does nothing more.
        EXPECT_EQ(call("POST", path, "answer=complete").status, 200);
    }
    EXPECT_EQ(store_.ids("subscription").size(), 2u);
    EXPECT_TRUE(happened("payment_intent.requires_action"));
}

TEST_F(Checkout, ATrialTakesACardAndNoMoney) {
    const auto open = session(price(), "&subscription_data[trial_period_days]=14");
    EXPECT_EQ(number(open, "amount_total"), 0);
    EXPECT_EQ(pay(id(open), "4242424242424242").status, 303);
    const auto done = got("/v1/checkout/sessions/" + id(open) + "?expand[]=subscription");
    EXPECT_EQ(text(done, "payment_status"), "no_payment_required");
    EXPECT_EQ(text(child(done, "subscription"), "status"), "trialing");
    EXPECT_TRUE(store_.ids("charge").empty());
    EXPECT_TRUE(happened("setup_intent.succeeded"));

    advance(15 * 86400);
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(child(done, "subscription"))), "status"),
              "active");
    EXPECT_TRUE(happened("customer.subscription.trial_will_end"));
    EXPECT_EQ(store_.ids("charge").size(), 1u);
}

TEST_F(Checkout, ExpiresByItselfAndByCall) {
    const auto monthly = price();
    const auto first = session(monthly);
    const auto second = session(monthly);
    EXPECT_EQ(text(made("/v1/checkout/sessions/" + id(first) + "/expire"), "status"), "expired");
    EXPECT_EQ(call("POST", "/v1/checkout/sessions/" + id(first) + "/expire").status, 400);
    advance(24 * 3600);
    EXPECT_EQ(text(got("/v1/checkout/sessions/" + id(second)), "status"), "expired");
    EXPECT_EQ(call("GET", "/c/pay/" + id(second)).status, 410);
    EXPECT_THAT(event_types(), testing::Contains("checkout.session.expired").Times(2));
}

TEST_F(Checkout, RefusesWhatCannotBe) {
    const auto monthly = price();
    const auto once = id(made("/v1/prices", "currency=usd&unit_amount=100&product=" +
                                                text(got("/v1/prices/" + monthly), "product")));
    const auto refused = [&](const std::string& form) {
        return call("POST", "/v1/checkout/sessions", form);
    };
    const std::string urls = "&success_url=http%3A%2F%2Fx.y%2F";
    EXPECT_EQ(refused("mode=subscription" + urls).param(), "line_items");
    EXPECT_EQ(refused("mode=payment&line_items[0][price]=" + monthly +
                      "&line_items[0][quantity]=1" + urls)
                  .status,
              400);
    EXPECT_EQ(refused("mode=subscription&line_items[0][price]=" + once +
                      "&line_items[0][quantity]=1" + urls)
                  .status,
              400);
    EXPECT_EQ(
        refused("mode=subscription&line_items[0][price]=price_x&line_items[0][quantity]=1" + urls)
            .param(),
        "line_items[0][price]");
    EXPECT_EQ(refused("mode=subscription&line_items[0][price]=" + monthly).param(), "success_url");
    EXPECT_EQ(refused("mode=subscription&success_url=shop&line_items[0][price]=" + monthly).code(),
              "url_invalid");
    EXPECT_EQ(
        refused("mode=subscription&expires_at=1&line_items[0][price]=" + monthly + urls).param(),
        "expires_at");
    EXPECT_EQ(refused("mode=subscription&payment_method_types[]=card&line_items[0][price]=" +
                      monthly + urls)
                  .code(),
              "payment_method_types_no_longer_supported");
    EXPECT_EQ(
        refused("mode=subscription&customer=cus_x&customer_email=a%40b.c&line_items[0][price]=" +
                monthly + urls)
            .code(),
        "parameters_exclusive");
}

TEST_F(Checkout, AKnownCustomerPaysOnce) {
    const auto customer = id(made("/v1/customers", "email=bo%40example.com"));
    const auto open =
        made("/v1/checkout/sessions",
             "mode=payment&success_url=http%3A%2F%2Fx.y%2F&line_items[0][quantity]=1&"
             "line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500&"
             "line_items[0][price_data][product_data][name]=Tea&invoice_creation[enabled]=true&"
             "customer=" +
                 customer);
    EXPECT_TRUE(open.at("customer_creation").is_null());
    EXPECT_EQ(pay(id(open), "4242424242424242").status, 303);
    const auto done = got("/v1/checkout/sessions/" + id(open) + "?expand[]=invoice");
    EXPECT_EQ(text(done, "customer"), customer);
    EXPECT_EQ(text(child(done, "invoice"), "status"), "paid");
    EXPECT_EQ(number(child(done, "invoice"), "amount_paid"), 500);
    const auto line = children(child(child(done, "invoice"), "lines"), "data").front().as_object();
    const auto item = text(child(child(line, "parent"), "invoice_item_details"), "invoice_item");
    EXPECT_EQ(text(got("/v1/invoiceitems/" + item), "invoice"), id(child(done, "invoice")));
}

TEST_F(Checkout, AnInvoiceMakesACustomerOfAGuest) {
    const auto open =
        made("/v1/checkout/sessions",
             "mode=payment&success_url=http%3A%2F%2Fx.y%2F&line_items[0][quantity]=1&"
             "line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500&"
             "line_items[0][price_data][product_data][name]=Tea&invoice_creation[enabled]=true");
    EXPECT_EQ(pay(id(open), "4242424242424242").status, 303);
    const auto done = got("/v1/checkout/sessions/" + id(open) + "?expand[]=invoice");
    EXPECT_EQ(text(child(done, "invoice"), "status"), "paid");
    EXPECT_EQ(text(child(done, "invoice"), "customer"), text(done, "customer"));
}

TEST_F(Checkout, ASavedCustomerIsReusedAndAOneTimePaymentNeedsNone) {
    const auto customer = id(made("/v1/customers", "email=bo%40example.com"));
    const auto open = session(price(), "&customer=" + customer);
    EXPECT_THAT(call("GET", "/c/pay/" + id(open)).text, testing::Not(HasSubstr("name=\"email\"")));
    EXPECT_EQ(pay(id(open), "4242424242424242").status, 303);
    EXPECT_EQ(store_.ids("customer").size(), 1u);

    const auto guest =
        made("/v1/checkout/sessions",
             "mode=payment&success_url=http%3A%2F%2Fx.y%2F&line_items[0][quantity]=2&"
             "line_items[0][price_data][currency]=jpy&line_items[0][price_data][unit_amount]="
             "500&line_items[0][price_data][product_data][name]=Tea");
    EXPECT_EQ(number(guest, "amount_total"), 1000);
    EXPECT_EQ(pay(id(guest), "4242424242424242").status, 303);
    const auto done = got("/v1/checkout/sessions/" + id(guest));
    EXPECT_TRUE(done.at("customer").is_null());
    EXPECT_FALSE(text(done, "payment_intent").empty());
    EXPECT_EQ(text(child(done, "customer_details"), "email"), "ada@example.com");
}

}  // namespace
}  // namespace paydesk::sandbox
