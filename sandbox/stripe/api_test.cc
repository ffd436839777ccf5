// The protocol: keys, versions, idempotency, lists, expansion, errors.

#include "sandbox/stripe/api.h"

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::text;

using Api = SandboxTest;

TEST_F(Api, TakesTestKeysByBearerAndBasic) {
    const auto with = [&](const char* authorization) {
        return call("GET", "/v1/balance", "",
                    {
                        {"Authorization", authorization}
        })
            .status;
    };
    EXPECT_EQ(with("Bearer sk_test_x"), 200);
    EXPECT_EQ(with("Bearer rk_test_x"), 200);
    EXPECT_EQ(with("Basic c2tfdGVzdF94Og=="), 200);  // sk_test_x:
    for (const auto* wrong : {"", "Bearer ", "Bearer sk_test_", "Bearer pk_test_x",
                              "Bearer sk_live_x", "Bearer wrong", "Basic !!!", "sk_test_x"}) {
        const auto reply = call("GET", "/v1/balance", "",
                                {
                                    {"Authorization", wrong}
        });
        EXPECT_EQ(reply.status, 401) << wrong;
        EXPECT_EQ(text(child(reply.body, "error"), "type"), "invalid_request_error");
        EXPECT_FALSE(child(reply.body, "error").contains("code"));
        EXPECT_FALSE(reply.headers.contains("Stripe-Version"));
    }
}

// Every place of a call that an error may quote, with bytes that are no UTF-8 or that are cut where
// a character of several bytes stands. call() fails when an answer is no JSON.
TEST_F(Api, WhatACallerWroteIsQuotedAsUtf8) {
    const std::string long_text = "123456789\u00e9" + std::string(6000, 'x');
    const std::string euros = "%E2%82%AC%E2%82%AC%E2%82%AC%E2%82%AC";  // cut within the fourth
    struct Case {
        const char* name;
        std::string method, target, form;
        http::Headers headers = {};
    };
    const Case cases[] = {
        {"an id", "GET", "/v1/customers/%ff", {}},
        {"an id beside bad percents", "GET", "/v1/customers/%ff/%ZZ", {}},
        {"an unknown route", "GET", "/v1/nothing/%c3", {}},
        {"a raw byte of a path", "GET", "/v1/customers/\xff", {}},
        {"v2", "GET", "/v2/core/events/%ff", {}},
        {"a page", "GET", "/c/pay/%ff", {}},
        {"the sandbox's own", "GET", "/_sandbox/%ff", {}},
        {"a mail", "GET", "/_sandbox/mails/%ff", {}},
        {"a version", "GET", "/v1/balance", {}, {{"Stripe-Version", "\xff"}}},
        {"a key", "GET", "/v1/balance", {}, {{"Authorization", "Bearer \xffsk_live_abcdefgh"}}},
        {"an idempotency key", "POST", "/v1/customers", {}, {{"Idempotency-Key", "\xff"}}},
        {"a parameter's name", "POST", "/v1/customers", "%ff=1"},
        {"a long text", "POST", "/v1/customers", "name=" + long_text},
        {"a query of a search", "GET", "/v1/customers/search?query=" + euros, {}},
        {"a meter event's value", "POST", "/v1/billing/meter_events",
         "event_name=x&payload[stripe_customer_id]=c&payload[value]=" + euros},
        {"a page's number of v2",
         "GET", "/v2/core/events?page=0123456789012345678901234"
         "5678901234567" +
             euros, {}},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.name);
        const auto reply = call(one.method, one.target, one.form, one.headers);
        EXPECT_GE(reply.status, 400);
        EXPECT_LT(reply.status, 500);
        EXPECT_TRUE(stripe::is_utf8(reply.text)) << reply.text;
    }
    EXPECT_EQ(call("POST", "/v1/customers", "name=" + std::string(2000, 'x')).status, 200);
    std::string letters;  // limits count characters, not bytes
    for (int i = 0; i < 500; ++i) letters += "\u00e9";
    EXPECT_EQ(call("POST", "/v1/customers", "metadata[a]=" + letters).status, 200);
    EXPECT_EQ(call("POST", "/v1/customers", "metadata[a]=" + letters + "x").status, 400);
}

TEST_F(Api, EchoesTheVersionAndRefusesOnesThatCannotBe) {
    EXPECT_EQ(call("GET", "/v1/balance", "",
                   {
                       {"Stripe-Version", "2024-12-18.acacia"}
    })
                  .headers.get("Stripe-Version"),
              "2024-12-18.acacia");
    for (const auto* wrong : {"soon", "2024-13-01.acacia", "2025-01-01.fern", "2027-01-01"}) {
        EXPECT_EQ(call("GET", "/v1/balance", "",
                       {
                           {"Stripe-Version", wrong}
        })
                      .status,
                  400)
            << wrong;
    }
}

TEST_F(Api, SaysThatItLacksARoute) {
    const auto reply = call("GET", "/v1/terminal/readers");
    EXPECT_EQ(reply.status, 404);
    EXPECT_THAT(reply.text, testing::HasSubstr("sandbox lacks"));
    EXPECT_FALSE(reply.headers.get("Request-Id").empty());
}

TEST_F(Api, RefusesJsonBodies) {
    EXPECT_EQ(call("POST", "/v1/customers", R"({"email":"a"})",
                   {
                       {"Content-Type", "application/json"}
    })
                  .status,
              400);
}

TEST_F(Api, MissingIdsAre404InThePathAnd400InParameters) {
    const auto path = call("GET", "/v1/customers/cus_nobody");
    EXPECT_EQ(path.status, 404);
    EXPECT_EQ(path.code(), "resource_missing");
    const auto param =
        call("POST", "/v1/subscriptions", "customer=cus_nobody&items[0][price]=price_x");
    EXPECT_EQ(param.status, 400);
    EXPECT_EQ(param.param(), "customer");
}

TEST_F(Api, ReplaysAnIdempotentCall) {
    const http::Headers key{
        {"Idempotency-Key", "k1"}
    };
    const auto first = call("POST", "/v1/customers", "email=a%40b.c", key);
    const auto second = call("POST", "/v1/customers", "email=a%40b.c", key);
    EXPECT_EQ(id(first.body), id(second.body));
    EXPECT_EQ(second.headers.get("Idempotent-Replayed"), "true");
    EXPECT_EQ(second.headers.get("Original-Request"), first.headers.get("Request-Id"));
    EXPECT_EQ(store_.ids("customer").size(), 1u);

    const auto other = call("POST", "/v1/customers", "email=x%40b.c", key);
    EXPECT_EQ(other.status, 400);
    EXPECT_EQ(text(child(other.body, "error"), "type"), "idempotency_error");

    advance(24 * 3600);
    EXPECT_NE(id(call("POST", "/v1/customers", "email=a%40b.c", key).body), id(first.body));
}

TEST_F(Api, DoesNotStoreWhatFailedValidation) {
    const http::Headers key{
        {"Idempotency-Key", "k2"}
    };
    EXPECT_EQ(call("POST", "/v1/customers", "bogus=1", key).code(), "parameter_unknown");
    EXPECT_EQ(call("POST", "/v1/customers", "email=a%40b.c", key).status, 200);
}

TEST_F(Api, StoresADecline) {
    const auto customer = customer_with("pm_card_chargeCustomerFail");
    const auto form =
        "amount=500&currency=usd&confirm=true&payment_method=pm_card_chargeDeclined&customer=" +
        customer;
    const http::Headers key{
        {"Idempotency-Key", "k3"}
    };
    const auto first = call("POST", "/v1/payment_intents", form, key);
    EXPECT_EQ(first.status, 402);
    EXPECT_EQ(call("POST", "/v1/payment_intents", form, key).text, first.text);
    EXPECT_EQ(store_.ids("charge").size(), 1u);
}

TEST_F(Api, RefusesAKeyThatIsInFlight) {
    call("POST", "/_sandbox/latency", R"({"milliseconds":20})");
    const http::Headers key{
        {"Idempotency-Key", "k4"              },
        {"Authorization",   "Bearer sk_test_x"}
    };
    http::Request request{.method = "POST", .path = "/v1/customers", .headers = key};
    std::vector<int> statuses;
    for (int i = 0; i < 2; ++i) {
        spawn(io_, "overlapping",
              [](Sandbox& sandbox, http::Request asked, std::vector<int>& seen) -> Task<> {
                  seen.push_back((co_await sandbox.handle(asked)).status);
              }(*sandbox_, request, statuses));
    }
    io_.restart();
    while (statuses.size() < 2) io_.run_one();
    EXPECT_EQ(statuses, (std::vector{409, 200}));
}

TEST_F(Api, PagesListsNewestFirst) {
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) ids.insert(ids.begin(), id(made("/v1/customers")));
    const auto page = [&](const std::string& query) {
        const auto list = got("/v1/customers?" + query);
        std::vector<std::string> seen;
        for (const auto& customer : children(list, "data"))
            seen.push_back(id(customer.get_object()));
        return std::pair(seen, stripe::flag(list, "has_more"));
    };
    using Ids = std::vector<std::string>;
    EXPECT_EQ(page("limit=2"), std::pair(Ids({ids[0], ids[1]}), true));
    EXPECT_EQ(page("limit=2&starting_after=" + ids[2]), std::pair(Ids({ids[3], ids[4]}), false));
    EXPECT_EQ(page("limit=2&ending_before=" + ids[3]), std::pair(Ids({ids[1], ids[2]}), true));
    EXPECT_EQ(call("GET", "/v1/customers?limit=0").status, 400);
    EXPECT_EQ(call("GET", "/v1/customers?limit=101").status, 400);
    EXPECT_EQ(call("GET", "/v1/customers?starting_after=cus_x").code(), "resource_missing");
}

TEST_F(Api, ExpandsWhereAsked) {
    const auto monthly = price();
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = made(
        "/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + monthly +
                                 "&expand[]=latest_invoice.payments.data.payment.payment_intent"
                                 "&expand[]=customer.invoice_settings.default_payment_method");
    const auto& invoice = child(subscription, "latest_invoice");
    const auto& payment = children(child(invoice, "payments"), "data").at(0).as_object();
    EXPECT_EQ(text(child(child(payment, "payment"), "payment_intent"), "status"), "succeeded");
    const auto& settings = child(child(subscription, "customer"), "invoice_settings");
    EXPECT_EQ(text(child(child(settings, "default_payment_method"), "card"), "last4"), "4242");

    version_ = "2024-11-20.acacia";
    const auto old = got("/v1/subscriptions/" + id(subscription) +
                         "?expand[]=latest_invoice.payment_intent.latest_charge");
    EXPECT_TRUE(stripe::flag(
        child(child(child(old, "latest_invoice"), "payment_intent"), "latest_charge"), "paid"));
    EXPECT_EQ(call("GET", "/v1/subscriptions/" + id(subscription) + "?expand[]=nothing").status,
              400);
    EXPECT_EQ(call("GET", "/v1/subscriptions/" + id(subscription) + "?expand[]=a.b.c.d.e").status,
              400);
}

TEST_F(Api, ARefusedCallLeavesNothingBehind) {
    const auto before = store_.ids("product").size();
    // The product is made before the price is refused.
    EXPECT_EQ(call("POST", "/v1/products",
                   "name=x&default_price_data[currency]=nope&default_price_data[unit_amount]=1")
                  .status,
              400);
    EXPECT_EQ(store_.ids("product").size(), before);
    EXPECT_FALSE(happened("product.created"));
}

TEST_F(Api, LookupKeysMoveOnlyWhenTold) {
    const auto product = id(made("/v1/products", "name=Pro"));
    const auto form = "currency=usd&unit_amount=100&lookup_key=pro&product=" + product;
    const auto first = id(made("/v1/prices", form));
    EXPECT_EQ(call("POST", "/v1/prices", form).param(), "lookup_key");
    const auto second = id(made("/v1/prices", form + "&transfer_lookup_key=true"));
    EXPECT_TRUE(got("/v1/prices/" + first).at("lookup_key").is_null());
    EXPECT_EQ(id(children(got("/v1/prices?lookup_keys[]=pro"), "data").at(0).as_object()), second);
}

TEST_F(Api, DeletedCustomersAreStubsAndTheirSubscriptionsEnd) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price()));
    EXPECT_EQ(call("DELETE", "/v1/customers/" + customer).status, 200);
    EXPECT_TRUE(stripe::flag(got("/v1/customers/" + customer), "deleted"));
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "canceled");
    EXPECT_EQ(call("POST", "/v1/customers/" + customer, "name=x").status, 404);
}

}  // namespace
}  // namespace paydesk::sandbox
