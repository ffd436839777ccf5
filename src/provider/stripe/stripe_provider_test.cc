#include "provider/stripe/stripe_provider.h"

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"
#include "provider/stripe/testdata_file.h"

namespace paydesk::provider::stripe {
namespace {

const AccountId account{"3f2b8c1e-5d4a-4c7b-9e21-7a6f0d9b8c11"};
const std::string session = R"({"id":"cs_test_1","object":"checkout.session","status":"open",
    "url":"https://checkout.example/1","expires_at":1780358400})";
const std::string expired = R"({"id":"cs_test_1","object":"checkout.session","status":"expired",
    "url":null,"expires_at":1780358400})";
const std::string bad_request = R"({"error":{"type":"invalid_request_error","message":"no"}})";
const std::string missing =
    R"({"error":{"type":"invalid_request_error","code":"resource_missing","message":"none"}})";

NewCheckout new_checkout(CheckoutMode mode) {
    NewCheckout input{};
    input.account = account;
    input.customer = Ref{"cus_1"};
    input.mode = mode;
    input.price = Ref{"price_1"};
    input.quantity = 2;
    input.checkout_id = "019746c2-7c00-7a3b-8f10-0123456789ab";
    input.success_url = "https://app.example/billing/success?session_id={CHECKOUT_SESSION_ID}&x=1";
    input.cancel_url = "https://app.example/billing?a[]=b c";
    input.expires_at = from_unix(1'780'358'400);
    if (mode == CheckoutMode::subscription) {
        input.plan_key = "pro";
        input.billing_cycle = "monthly";
        input.trial_days = 14;
    } else {
        input.plan_key = "topup_1000";
        input.promotion_code = "promo_1";
    }
    return input;
}

std::string subscription(const char* status, const char* more = "") {
    return std::string(R"({"id":"sub_1","object":"subscription","customer":"cus_1","status":")") +
           status + R"(","items":{"data":[{"id":"si_1","price":{"id":"price_1"},)" +
           R"("current_period_start":1780272000,"current_period_end":1782864000}]})" + more + "}";
}
const std::string scheduled =
    subscription("active", R"(,"cancel_at_period_end":true,"cancel_at":1782864000)");
const std::string by_portal = subscription("active", R"(,"cancel_at":1782864000)");
const std::string much_later = subscription("active", R"(,"cancel_at":1790000000)");

using Lines = std::vector<std::string>;

// --- The same bytes as the official SDK. ---

using Call = std::function<Task<>(Provider&)>;

struct SdkCase {
    const char* name;  // in testdata/sdk_requests.json; the last request of the call is compared
    std::vector<std::pair<int, std::string>> answers;
    Call call;
};

std::vector<SdkCase> sdk_cases() {
    const auto checkout = [](CheckoutMode mode) {
        return [mode](Provider& p) -> Task<> {
            EXPECT_TRUE(co_await p.create_checkout({"i"}, new_checkout(mode)));
        };
    };
    const auto portal = [](PortalFlow flow) {
        return [flow](Provider& p) -> Task<> {
            NewPortal input{.customer = {"cus_1"}, .return_url = "https://app.example/billing"};
            input.flow = flow;
            if (flow == PortalFlow::subscription_cancel) input.subscription = Ref{"sub_1"};
            const auto url = co_await p.create_portal({"i"}, input);
            EXPECT_EQ(url.value(), "https://portal.example");
        };
    };
    const auto cancel = [](CancelWhen when) {
        return [when](Provider& p) -> Task<> {
            EXPECT_TRUE(co_await p.cancel_subscription({"i"}, {"sub_1"}, when, {}));
        };
    };
    const auto sync = [](Money amount, std::optional<std::string> interval, const char* key) {
        return [=](Provider& p) -> Task<> {
            const CatalogProduct product{"pro", "Pro", "For teams, 100% of it"};
            // At once: a vector that the compiler keeps in the frame of a coroutine is safe.
            std::vector<CatalogPrice> prices = {
                {key, amount, interval}
            };
            EXPECT_TRUE(co_await p.sync_product(product, prices));
        };
    };
    const Money dollars(2900, Currency::usd());
    const std::string portal_session = R"({"id":"bps_1","url":"https://portal.example"})";
    const std::string product = R"({"id":"paydesk_pro","name":"Pro","active":true,
        "description":"For teams, 100% of it","metadata":{"plan_key":"pro"}})";
    const std::string none = R"({"object":"list","data":[]})";
    const std::string inactive = R"({"data":[{"id":"price_1","active":false,"product":"paydesk_pro",
        "currency":"usd","unit_amount":2900,"recurring":{"interval":"month","interval_count":1}}]})";
    return {
        {"create_customer",
         {{200, R"({"id":"cus_1"})"}},
         [](Provider& p) -> Task<> {
             NewCustomer input{.account = account, .email = "ada+test@example.com", .name = {}};
             input.name = "Ada O'Brien & Søn (*~!)";
             const auto customer = co_await p.create_customer({"i"}, input);
             EXPECT_EQ(customer.value(), Ref{"cus_1"});
         }},
        {"create_checkout_subscription", {{200, session}}, checkout(CheckoutMode::subscription)},
        {"create_checkout_payment", {{200, session}}, checkout(CheckoutMode::payment)},
        {"get_checkout",
         {{200, session}},
         [](Provider& p) -> Task<> {
             const auto open = co_await p.get_checkout({"cs_test_1"});
             EXPECT_EQ(open.value().url, "https://checkout.example/1");
             EXPECT_EQ(open.value().status, "open");
         }},
        {"expire_checkout",
         {{200, expired}},
         [](Provider& p) -> Task<> {
             EXPECT_TRUE(co_await p.expire_checkout({"i"}, {"cs_test_1"}));
         }},
        {"portal_home", {{200, portal_session}}, portal(PortalFlow::home)},
        {"portal_payment_method_update",
         {{200, portal_session}},
         portal(PortalFlow::payment_method_update)},
        {"portal_subscription_cancel",
         {{200, portal_session}},
         portal(PortalFlow::subscription_cancel)},
        {"cancel_now",
         {{200, subscription("active")}, {200, subscription("canceled")}},
         cancel(CancelWhen::now)},
        {"cancel_period_end",
         {{200, subscription("active")}, {200, scheduled}},
         cancel(CancelWhen::period_end)},
        {"undo_flag", {{200, scheduled}, {200, subscription("active")}}, cancel(CancelWhen::never)},
        {"undo_cancel_at",
         {{200, by_portal}, {200, subscription("active")}},
         cancel(CancelWhen::never)},
        {"fetch_invoice",
         {{404, missing}},
         [](Provider& p) -> Task<> {
             const auto gone = co_await p.fetch(ObjectKind::invoice, {"in_1"});
             EXPECT_EQ(gone.error().code, ErrorCode::not_found);
         }},
        {"fetch_odd_id",
         {{404, missing}},
         [](Provider& p) -> Task<> {
             EXPECT_FALSE(co_await p.fetch(ObjectKind::customer, {"cus/a b"}));
         }},
        {"product_create",
         {{404, missing}, {400, bad_request}},
         [](Provider& p) -> Task<> {
             const CatalogProduct product_{"pro", "Pro", "For teams, 100% of it"};
             std::vector<CatalogPrice> no_prices;
             EXPECT_FALSE(co_await p.sync_product(product_, no_prices));
         }},
        {"product_update",
         {{200, R"({"id":"paydesk_pro","name":"Old","active":true})"}, {200, product}},
         [](Provider& p) -> Task<> {
             const CatalogProduct product_{"pro", "Pro", "For teams, 100% of it"};
             std::vector<CatalogPrice> no_prices;
             EXPECT_TRUE(co_await p.sync_product(product_, no_prices));
         }},
        {"price_list",
         {{200, product}, {400, bad_request}},
         [](Provider& p) -> Task<> {
             std::vector<CatalogPrice> prices = {
                 {"pro_monthly", Money(2900, Currency::usd()), "month"}};
             const CatalogProduct product_{"pro", "Pro", "For teams, 100% of it"};
             EXPECT_FALSE(co_await p.sync_product(product_, prices));
         }},
        {"price_create",
         {{200, product}, {200, none}, {200, R"({"id":"price_2"})"}},
         sync(dollars, "month", "pro_monthly")},
        {"price_create_one_time",
         {{200, product}, {200, none}, {200, R"({"id":"price_2"})"}},
         sync(Money(500, Currency::jpy()), std::nullopt, "topup")},
        {"price_revive",
         {{200, product}, {200, inactive}, {200, R"({"id":"price_1"})"}},
         sync(dollars, "month", "pro_monthly")},
    };
}

TEST(StripeProvider, SendsTheSameBytesAsTheOfficialSdk) {
    const json::value file = read_json(testdata() / "sdk_requests.json");
    std::map<std::string, json::value> by_name;
    for (const json::value& request : file.at("requests").as_array()) {
        by_name[*string_at(request, {"name"})] = request;
    }
    EXPECT_EQ(by_name.size(), sdk_cases().size());
    for (const SdkCase& c : sdk_cases()) {
        SCOPED_TRACE(c.name);
        ASSERT_TRUE(by_name.contains(c.name));
        const json::value& wanted = by_name[c.name];
        ScriptedStripe stripe;
        for (const auto& [status, body] : c.answers) stripe.transport.answer(status, body);
        stripe.with_provider(c.call);
        EXPECT_TRUE(stripe.transport.finished());
        ASSERT_FALSE(stripe.transport.requests.empty());
        const http::ClientRequest& last = stripe.transport.requests.back();
        EXPECT_EQ(last.method, *string_at(wanted, {"method"}));
        EXPECT_EQ(last.url, ScriptedStripe::base + *string_at(wanted, {"path"}));
        EXPECT_EQ(last.body, *string_at(wanted, {"body"}));
        EXPECT_EQ(last.headers.get("Stripe-Version"), *string_at(wanted, {"stripe_version"}));
        EXPECT_EQ(last.headers.get("Content-Type"), *string_at(wanted, {"content_type"}));
        // The SDK of this version adds a key to v1 POSTs only, and so do we.
        EXPECT_EQ(last.headers.contains("Idempotency-Key"),
                  *bool_at(wanted, {"has_idempotency_key"}));
    }
}

// --- Checkout. ---

TEST(StripeProvider, ExpiringTwiceIsASuccessButNotWhenItWasPaid) {
    for (const auto& [now, succeeds] : {std::pair(expired, true), std::pair(session, false)}) {
        ScriptedStripe stripe;
        stripe.transport.answer(400, bad_request);
        stripe.transport.answer(200, now);
        stripe.with_provider([&, expected = succeeds](Provider& p) -> Task<> {
            const auto result = co_await p.expire_checkout({"i"}, {"cs_test_1"});
            EXPECT_EQ(result.has_value(), expected);
            if (!result) EXPECT_EQ(result.error().code, ErrorCode::provider_rejected);
        });
    }
}

TEST(StripeProvider, NeverNamesPaymentMethodTypes) {
    for (const CheckoutMode mode : {CheckoutMode::subscription, CheckoutMode::payment}) {
        ScriptedStripe stripe;
        stripe.transport.answer(200, session);
        stripe.with_provider([&](Provider& p) -> Task<> {
            co_await p.create_checkout({"checkout:1"}, new_checkout(mode));
        });
        const auto& request = stripe.transport.requests.at(0);
        EXPECT_EQ(request.body.find("payment_method_types"), std::string::npos);
        EXPECT_EQ(request.headers.get("Idempotency-Key"), "checkout:1");
    }
}

// --- Cancellation: reads first, sends only what changes something. ---

struct CancelCase {
    const char* name;
    CancelWhen when;
    std::vector<std::pair<int, std::string>> answers;
    Lines requests;
    const char* outcome;  // status, or the code of the refusal
};

const std::string get_sub = "GET /v1/subscriptions/sub_1";
const std::string post_sub = "POST /v1/subscriptions/sub_1 ";
const std::string del_sub = "DELETE /v1/subscriptions/sub_1";

TEST(StripeProvider, CancelSubscription) {
    const std::string live = subscription("active"), dead = subscription("canceled");
    using enum CancelWhen;
    const CancelCase cases[] = {
        {"now",                      now,        {{200, live}, {200, dead}},                        {get_sub, del_sub}, "canceled"                  },
        {"now_again",                now,        {{200, dead}},                                     {get_sub},          "canceled"                  },
        {"now_answer_lost",
         now,                                    {{200, live}, {404, missing}, {200, dead}},
         {get_sub, del_sub, get_sub},
         "canceled"                                                                                                                                 },
        {"now_refused",
         now,                                    {{200, live}, {400, bad_request}, {200, live}},
         {get_sub, del_sub, get_sub},
         "provider_rejected"                                                                                                                        },
        {"now_unknown",              now,        {{404, missing}},                                  {get_sub},          "not_found"                 },
        {"period_end",
         period_end,                             {{200, live}, {200, scheduled}},
         {get_sub, post_sub + "cancel_at_period_end=true"},
         "active"                                                                                                                                   },
        {"period_end_already",       period_end, {{200, scheduled}},                                {get_sub},          "active"                    },
        {"period_end_by_portal",     period_end, {{200, by_portal}},                                {get_sub},          "active"                    },
        {"period_end_is_sooner",
         period_end,                             {{200, much_later}, {200, scheduled}},
         {get_sub, post_sub + "cancel_at_period_end=true"},
         "active"                                                                                                                                   },
        {"period_end_of_a_dead_one", period_end, {{200, dead}},                                     {get_sub},          "canceled"                  },
        {"undo",
         never,                                  {{200, scheduled}, {200, live}},
         {get_sub, post_sub + "cancel_at_period_end=false"},
         "active"                                                                                                                                   },
        {"undo_by_portal",
         never,                                  {{200, by_portal}, {200, live}},
         {get_sub, post_sub + "cancel_at="},
         "active"                                                                                                                                   },
        {"undo_both",
         never,                                  {{200, scheduled}, {200, by_portal}, {200, live}},
         {get_sub, post_sub + "cancel_at_period_end=false", post_sub + "cancel_at="},
         "active"                                                                                                                                   },
        {"undo_nothing",             never,      {{200, live}},                                     {get_sub},          "active"                    },
        {"undo_too_late",            never,      {{200, dead}},                                     {get_sub},          "subscription_not_resumable"},
        {"undo_refused",
         never,                                  {{200, scheduled}, {400, bad_request}},
         {get_sub, post_sub + "cancel_at_period_end=false"},
         "provider_rejected"                                                                                                                        },
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        ScriptedStripe stripe;
        for (const auto& [status, body] : c.answers) stripe.transport.answer(status, body);
        std::string outcome;
        stripe.with_provider([&](Provider& p) -> Task<> {
            const auto change = co_await p.cancel_subscription({"cancel:1"}, {"sub_1"}, c.when, {});
            outcome = change ? to_string(std::get<SubscriptionSnapshot>(change->fact).status)
                             : info(change.error().code).name;
        });
        EXPECT_EQ(outcome, c.outcome);
        EXPECT_EQ(sent(stripe), c.requests);
        std::set<std::string> keys;
        for (const auto& request : stripe.transport.requests) {
            if (request.method != "POST") continue;
            // Two different calls under one key would be refused by Stripe.
            const std::string key(request.headers.get("Idempotency-Key"));
            EXPECT_TRUE(key.starts_with("cancel:1"));
            EXPECT_TRUE(keys.insert(key).second);
        }
    }
}

// --- Fetch. ---

TEST(StripeProvider, FetchesEachKindFromItsPlace) {
    const std::pair<ObjectKind, const char*> cases[] = {
        {ObjectKind::customer,       "GET /v1/customers/x"                  },
        {ObjectKind::subscription,   "GET /v1/subscriptions/x"              },
        {ObjectKind::invoice,        "GET /v1/invoices/x?expand[0]=payments"},
        {ObjectKind::payment_method, "GET /v1/payment_methods/x"            },
        {ObjectKind::checkout,       "GET /v1/checkout/sessions/x"          },
        {ObjectKind::charge,         "GET /v1/charges/x"                    },
        {ObjectKind::refund,         "GET /v1/refunds/x"                    },
        {ObjectKind::dispute,        "GET /v1/disputes/x"                   },
    };
    for (const auto& [kind, request] : cases) {
        ScriptedStripe stripe;
        const std::string status = kind == ObjectKind::charge ? "succeeded" : "active";
        stripe.transport.answer(200, R"({"id":"x","currency":"usd","amount":1,"amount_refunded":0,
            "customer":"cus_1","items":{"data":[]},"status":")" +
                                         status + "\"}");
        stripe.with_provider([&, wanted = kind](Provider& p) -> Task<> {
            const auto change = co_await p.fetch(wanted, {"x"});
            if (change) {
                EXPECT_EQ(change->kind, wanted);
                EXPECT_EQ(change->occurred_at, stripe.clock.now());
                EXPECT_EQ(change->event_id, "");
            } else {
                // An invoice needs more than this.
                EXPECT_EQ(wanted, ObjectKind::invoice);
                EXPECT_EQ(change.error().code, ErrorCode::webhook_payload_invalid);
            }
        });
        EXPECT_EQ(sent(stripe), Lines{request});
    }
}

TEST(StripeProvider, FetchDatesTheSnapshotAtTheMomentOfAsking) {
    ScriptedStripe stripe;
    stripe.clock.advance(std::chrono::microseconds(999'999));
    stripe.transport.fail();  // then it waits, but the snapshot claims no more than it must
    stripe.transport.answer(200, R"({"id":"cus_1","object":"customer"})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto change = co_await p.fetch(ObjectKind::customer, {"cus_1"});
        EXPECT_EQ(change.value().occurred_at, from_unix(1'780'272'000));
    });
}

// The sandbox's clock is moved on, and a server's may be wrong: what is older or newer Stripe's own clock says.
TEST(StripeProvider, FetchDatesTheSnapshotByStripesClock) {
    ScriptedStripe stripe;
    const http::Headers later{
        {"Date", "Wed, 01 Jul 2026 00:00:00 GMT"}
    };
    stripe.transport.answer(200, R"({"id":"cus_1","object":"customer"})", later);
    stripe.transport.answer(200, R"({"id":"cus_1","object":"customer"})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        for (int fetched = 0; fetched < 2; ++fetched) {
            const auto change = co_await p.fetch(ObjectKind::customer, {"cus_1"});
            EXPECT_EQ(to_iso8601(change.value().occurred_at), "2026-07-01T00:00:00Z");
        }
    });
}

TEST(StripeProvider, WhatIsDeletedIsNotFoundExceptACustomer) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"id":"in_1","object":"invoice","deleted":true})");
    stripe.transport.answer(200, R"({"id":"cus_1","object":"customer","deleted":true})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto invoice = co_await p.fetch(ObjectKind::invoice, {"in_1"});
        EXPECT_EQ(invoice.error().code, ErrorCode::not_found);
        const auto customer = co_await p.fetch(ObjectKind::customer, {"cus_1"});
        EXPECT_TRUE(std::get<CustomerSnapshot>(customer.value().fact).deleted);
    });
}

TEST(StripeProvider, ReadsLongListsToTheirEnd) {
    const auto item = [](int i) {
        return R"({"id":"si_)" + std::to_string(i) + R"(","price":"price_1"})";
    };
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"id":"sub_1","customer":"cus_1","status":"active","items":{
        "object":"list","url":"/v1/subscription_items?subscription=sub_1","has_more":true,
        "data":[)" + item(1) + "]}}");
    stripe.transport.answer(200, R"({"has_more":true,"data":[)" + item(2) + "]}");
    stripe.transport.answer(200, R"({"has_more":false,"data":[)" + item(3) + "]}");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto change = co_await p.fetch(ObjectKind::subscription, {"sub_1"});
        EXPECT_EQ(std::get<SubscriptionSnapshot>(change.value().fact).items.size(), 3u);
    });
    const std::string page =
        "GET /v1/subscription_items?subscription=sub_1&limit=100&starting_after=si_";
    EXPECT_EQ(sent(stripe), (Lines{get_sub, page + "1", page + "2"}));
}

TEST(StripeProvider, AListThatNeverEndsIsLeft) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"id":"sub_1","customer":"cus_1","status":"active","items":{
        "url":"/v1/x","has_more":true,"data":[{"id":"si_1","price":"p"}]}})");
    for (int i = 0; i < 20; ++i) {
        stripe.transport.answer(200, R"({"has_more":true,"data":[{"id":"si_1","price":"p"}]})");
    }
    stripe.with_provider([&](Provider& p) -> Task<> {
        EXPECT_TRUE(co_await p.fetch(ObjectKind::subscription, {"sub_1"}));
    });
    EXPECT_TRUE(stripe.transport.finished());
}

}  // namespace
}  // namespace paydesk::provider::stripe
