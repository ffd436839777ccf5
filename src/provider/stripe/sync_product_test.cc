// The catalogue at Stripe.

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"

namespace paydesk::provider::stripe {
namespace {

using Lines = std::vector<std::string>;
const std::string missing =
    R"({"error":{"type":"invalid_request_error","code":"resource_missing","message":"none"}})";

TEST(StripeProvider, SyncOfWhatIsInSyncChangesNothing) {
    ScriptedStripe stripe;
    stripe.transport.answer(200,
                            R"({"id":"paydesk_pro","name":"Pro","description":null,"active":true,
        "metadata":{"plan_key":"pro"}})");
    stripe.transport.answer(200, R"({"data":[{"id":"price_1","active":true,"currency":"usd",
        "product":{"id":"paydesk_pro"},"unit_amount":2900,"recurring":{"interval":"month"}}]})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        std::vector<CatalogPrice> prices = {
            {"pro_monthly", Money(2900, Currency::usd()), "month"}
        };
        const CatalogProduct product{"pro", "Pro", ""};
        const auto synced = co_await p.sync_product(product, prices);
        EXPECT_EQ(synced.value().size(), 1u);
        EXPECT_EQ(synced.value().at(0).price, Ref{"price_1"});
        EXPECT_EQ(synced.value().at(0).product, Ref{"paydesk_pro"});
        EXPECT_EQ(synced.value().at(0).lookup_key, "pro_monthly");
    });
    EXPECT_EQ(sent(stripe), (Lines{"GET /v1/products/paydesk_pro",
                                   "GET /v1/prices?lookup_keys[0]=pro_monthly&limit=1"}));
}

TEST(StripeProvider, AnythingElseThatAPriceSaysMakesANewOne) {
    const char* const others[] = {
        R"({"id":"p","active":true,"currency":"usd","product":"paydesk_pro","unit_amount":2800,"recurring":{"interval":"month"}})",
        R"({"id":"p","active":true,"currency":"eur","product":"paydesk_pro","unit_amount":2900,"recurring":{"interval":"month"}})",
        R"({"id":"p","active":true,"currency":"usd","product":"paydesk_old","unit_amount":2900,"recurring":{"interval":"month"}})",
        R"({"id":"p","active":true,"currency":"usd","product":"paydesk_pro","unit_amount":2900,"recurring":{"interval":"year"}})",
        R"({"id":"p","active":true,"currency":"usd","product":"paydesk_pro","unit_amount":2900,"recurring":{"interval":"month","interval_count":3}})",
        R"({"id":"p","active":true,"currency":"usd","product":"paydesk_pro","unit_amount":2900,"recurring":null})",
        R"({"id":"p","active":true,"currency":"usd","product":"paydesk_pro","unit_amount":null,"recurring":{"interval":"month"}})",
    };
    for (const char* other : others) {
        SCOPED_TRACE(other);
        ScriptedStripe stripe;
        stripe.transport.answer(404, missing);
        stripe.transport.answer(200, R"({"id":"paydesk_pro"})");
        stripe.transport.answer(200, R"({"data":[)" + std::string(other) + "]}");
        stripe.transport.answer(200, R"({"id":"price_new"})");
        stripe.transport.answer(200, R"({"id":"p"})");
        stripe.with_provider([&](Provider& p) -> Task<> {
            std::vector<CatalogPrice> prices = {
                {"pro_monthly", Money(2900, Currency::usd()), "month"}
            };
            const CatalogProduct product{"pro", "Pro", ""};
            const auto synced = co_await p.sync_product(product, prices);
            EXPECT_EQ(synced.value().at(0).price, Ref{"price_new"});
        });
        const auto calls = sent(stripe);
        EXPECT_EQ(calls.back(), "POST /v1/prices/p active=false") << "the old one is archived";
        EXPECT_EQ(calls.at(calls.size() - 2),
                  "POST /v1/prices product=paydesk_pro&currency=usd&unit_amount=2900&"
                  "recurring[interval]=month&lookup_key=pro_monthly&transfer_lookup_key=true");
    }
}

TEST(StripeProvider, TwoThatSyncAtOnceBothSucceed) {
    ScriptedStripe stripe;
    stripe.transport.answer(404, missing);
    stripe.transport.answer(400, R"({"error":{"type":"invalid_request_error",
        "code":"resource_already_exists"}})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        std::vector<CatalogPrice> no_prices;
        const CatalogProduct product{"pro", "Pro", ""};
        EXPECT_TRUE(co_await p.sync_product(product, no_prices));
    });
}

TEST(StripeProvider, AnAmountThatStripeDoesNotTakeIsRefusedBeforeAnyCall) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"id":"paydesk_pro","name":"Pro","active":true,
        "metadata":{"plan_key":"pro"}})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        std::vector<CatalogPrice> prices = {
            {"kwd", Money(1234, Currency::kwd()), std::nullopt}
        };
        const CatalogProduct product{"pro", "Pro", ""};
        const auto synced = co_await p.sync_product(product, prices);
        EXPECT_EQ(synced.error().code, ErrorCode::invalid_input);
    });
}

}  // namespace
}  // namespace paydesk::provider::stripe
