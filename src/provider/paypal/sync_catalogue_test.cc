#include <gtest/gtest.h>

#include "provider/paypal/scripted_paypal.h"
#include "provider/paypal/test_subscription.h"

namespace paydesk::provider::paypal {
namespace {

const CatalogProduct pro{.key = "pro", .name = "Pro", .description = "For teams"};
const CatalogPrice monthly_price{
    .lookup_key = "pro_monthly", .amount = Money(1'900, Currency::usd()), .interval = "month"};
const CatalogProduct credits{.key = "credits_1000", .name = "1,000 credits", .description = ""};
const CatalogPrice once{.lookup_key = "credits_1000", .amount = Money(900, Currency::usd())};

constexpr const char* list_path =
    "GET /v1/billing/plans?product_id=PAYDESK-PLANS&page_size=20&page=1";
constexpr const char* product_path = "GET /v1/catalogs/products/PAYDESK-PLANS";

// As PayPal lists it.
std::string listed(std::string_view id, std::string_view price, std::string_view status = "ACTIVE",
                   std::string_view name = "Pro (monthly)") {
    auto plan = *parse_json(plan_text(id, name, "MONTH", price));
    plan.as_object()["status"] = status;
    plan.as_object()["description"] = "pro_monthly";
    return json::serialize(plan);
}
std::string list_of(const std::string& plans) { return R"({"plans":[)" + plans + "]}"; }

std::vector<std::string> sync(ScriptedPayPal& paypal, const CatalogProduct& product,
                              const CatalogPrice& price, const char* expected) {
    paypal.with_provider([&](Provider& provider) -> Task<> {
        const auto synced = co_await provider.sync_product(product, {price});
        EXPECT_TRUE(synced);
        if (!synced) co_return;
        EXPECT_EQ(synced->at(0).price.value, expected);
    });
    EXPECT_TRUE(paypal.transport.finished());
    return paypal.sent();
}

TEST(PayPalCatalogue, MakesWhatIsMissing) {
    ScriptedPayPal paypal;
    paypal.transport.answer(404);
    paypal.transport.answer(201, R"({"id":"PAYDESK-PLANS"})");
    paypal.transport.answer(200, list_of(""));
    paypal.transport.answer(201, R"({"id":"P-NEW"})");
    EXPECT_EQ(
        sync(paypal, pro, monthly_price, "P-NEW"),
        (std::vector<std::string>{
            product_path,
            R"(POST /v1/catalogs/products {"id":"PAYDESK-PLANS","name":"Subscriptions","type":"SERVICE"})",
            list_path,
            R"~(POST /v1/billing/plans {"product_id":"PAYDESK-PLANS","name":"Pro (monthly)","description":"pro_monthly","status":"ACTIVE",)~"
            R"("billing_cycles":[{"tenure_type":"REGULAR","sequence":1,"total_cycles":0,"frequency":{"interval_unit":"MONTH","interval_count":1},)"
            R"("pricing_scheme":{"fixed_price":{"currency_code":"USD","value":"19.00"}}}],)"
            R"("payment_preferences":{"auto_bill_outstanding":true,"payment_failure_threshold":3},"quantity_supported":true})"}));
}

TEST(PayPalCatalogue, LeavesWhatIsRight) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200, R"({"id":"PAYDESK-PLANS"})");
    paypal.transport.answer(200, list_of(listed("P-1", "19.00")));
    EXPECT_EQ(sync(paypal, pro, monthly_price, "P-1"),
              (std::vector<std::string>{product_path, list_path}));
}

// Another process that syncs the same catalogue was faster.
TEST(PayPalCatalogue, AProductThatAppearedMeanwhileWillDo) {
    ScriptedPayPal paypal;
    paypal.transport.answer(404);
    paypal.transport.answer(
        422,
        R"({"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"DUPLICATE_RESOURCE_IDENTIFIER"}]})");
    paypal.transport.answer(200, list_of(listed("P-1", "19.00")));
    (void)sync(paypal, pro, monthly_price, "P-1");
}

TEST(PayPalCatalogue, AnotherAmountIsAnotherPlan) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200);
    paypal.transport.answer(200, list_of(listed("P-OLD", "15.00")));
    paypal.transport.answer(201, R"({"id":"P-NEW"})");
    paypal.transport.answer(204, "");
    const auto sent = sync(paypal, pro, monthly_price, "P-NEW");
    EXPECT_EQ(sent.back(), "POST /v1/billing/plans/P-OLD/deactivate {}");
}

TEST(PayPalCatalogue, ARetiredPlanIsOfferedAgain) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200);
    paypal.transport.answer(
        200, list_of(listed("P-1", "19.00", "INACTIVE") + "," + listed("P-2", "15.00")));
    paypal.transport.answer(204, "");
    paypal.transport.answer(204, "");
    const auto sent = sync(paypal, pro, monthly_price, "P-1");
    EXPECT_EQ(sent.at(2), "POST /v1/billing/plans/P-1/activate {}");
    EXPECT_EQ(sent.at(3), "POST /v1/billing/plans/P-2/deactivate {}");
}

TEST(PayPalCatalogue, ANameFollowsTheCatalogue) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200);
    paypal.transport.answer(200,
                            list_of(listed("P-1", "19.00", "ACTIVE", "Professional (monthly)")));
    paypal.transport.answer(204, "");
    EXPECT_EQ(
        sync(paypal, pro, monthly_price, "P-1").back(),
        R"~(PATCH /v1/billing/plans/P-1 [{"op":"replace","path":"/name","value":"Pro (monthly)"}])~");
}

TEST(PayPalCatalogue, AListInShortIsReadWhole) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200);
    paypal.transport.answer(200, list_of(R"({"id":"P-1","status":"ACTIVE"})"));
    paypal.transport.answer(200, listed("P-1", "19.00"));
    EXPECT_EQ(sync(paypal, pro, monthly_price, "P-1").back(), "GET /v1/billing/plans/P-1");
}

TEST(PayPalCatalogue, OneTimePricesAreProducts) {
    ScriptedPayPal paypal;
    paypal.transport.answer(404);
    paypal.transport.answer(201, "{}");
    EXPECT_EQ(
        sync(paypal, credits, once, "PAYDESK-CREDITS-1000").back(),
        R"(POST /v1/catalogs/products {"id":"PAYDESK-CREDITS-1000","name":"1,000 credits","type":"SERVICE"})");
}

TEST(PayPalCatalogue, WhatPayPalCannotSellIsSaid) {
    ScriptedPayPal paypal;
    paypal.transport.answer(200);
    paypal.transport.answer(200, list_of(""));
    auto dinars = monthly_price;
    dinars.amount = Money(5'000, Currency::kwd());
    paypal.with_provider([&](Provider& provider) -> Task<> {
        const auto synced = co_await provider.sync_product(pro, {dinars});
        EXPECT_EQ(synced.error().code, ErrorCode::invalid_input);
    });
}

TEST(PayPalCatalogue, SaysWhatASyncWouldDo) {
    struct Case {
        std::string plans;
        std::vector<std::string> changes;
    };
    for (const Case& c : {
             Case{"", {"create plan pro_monthly $19.00"}},
             Case{listed("P-1", "19.00"), {}},
             Case{listed("P-1", "19.00", "INACTIVE"), {"offer plan pro_monthly again"}},
             Case{listed("P-1", "19.00", "ACTIVE", "Prof"), {"rename plan pro_monthly"}},
             Case{listed("P-1", "15.00"),
                  {"plan pro_monthly: $15.00 -> $19.00: P-1 is retired, who subscribes to it keeps "
                   "it"}},
    }) {
        ScriptedPayPal paypal;
        paypal.transport.answer(200, list_of(c.plans));
        paypal.with_provider([&](Provider& provider) -> Task<> {
            const auto difference = co_await provider.compare_product(pro, {monthly_price});
            EXPECT_EQ(difference->changes, c.changes);
        });
        for (const auto& request : paypal.transport.requests)
            EXPECT_TRUE(request.method == "GET" || request.url.ends_with("/token"));
    }
}

}  // namespace
}  // namespace paydesk::provider::paypal
