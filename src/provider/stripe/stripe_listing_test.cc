#include "provider/stripe/stripe_listing.h"

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"

namespace paydesk::provider::stripe {
namespace {

class StripeListingTest : public testing::Test {
protected:
    void with_listing(const std::function<Task<>(StripeListing&)>& body) {
        stripe_.with_client([&](Client& client) -> Task<> {
            StripeListing listing(client, stripe_.clock);
            co_await body(listing);
        });
    }

    ScriptedStripe stripe_;
};

TEST_F(StripeListingTest, EventsComePageByPage) {
    stripe_.transport.answer(200, R"({"object":"list","has_more":true,"data":[
        {"id":"evt_2","object":"event","type":"a\u0000"},{"id":"evt_1","object":"event"}]})");
    stripe_.transport.answer(200, R"({"object":"list","has_more":false,"data":[]})");
    with_listing([](StripeListing& listing) -> Task<> {
        const auto first = co_await listing.list_events({.since = from_unix(1'700'000'000)});
        EXPECT_EQ(first->events.size(), 2u);
        EXPECT_EQ(first->events[0], R"({"id":"evt_2","object":"event","type":"a"})");
        EXPECT_EQ(first->next, Ref{"evt_1"});
        const auto second = co_await listing.list_events({.after = first->next});
        EXPECT_TRUE(second->events.empty());
        EXPECT_EQ(second->next, std::nullopt);
    });
    EXPECT_EQ(sent(stripe_),
              (std::vector<std::string>{"GET /v1/events?limit=100&created[gte]=1700000000",
                                        "GET /v1/events?limit=100&starting_after=evt_1"}));
}

TEST_F(StripeListingTest, AsksForEachKindAsStripeWantsIt) {
    for (int i = 0; i < 4; ++i) {
        stripe_.transport.answer(200, R"({"object":"list","has_more":false,"data":[]})");
    }
    with_listing([](StripeListing& listing) -> Task<> {
        const Instant since = from_unix(1'700'000'000);
        EXPECT_TRUE(co_await listing.list_objects({.kind = ObjectKind::subscription}));
        EXPECT_TRUE(co_await listing.list_objects({.kind = ObjectKind::invoice, .created = since}));
        EXPECT_TRUE(co_await listing.list_objects(
            {.kind = ObjectKind::payment_method, .customer = Ref{"cus_1"}, .created = since}));
        EXPECT_TRUE(
            co_await listing.list_objects({.kind = ObjectKind::checkout, .after = Ref{"cs_1"}}));
    });
    EXPECT_EQ(sent(stripe_),
              (std::vector<std::string>{
                  "GET /v1/subscriptions?limit=100&status=all",
                  "GET /v1/invoices?limit=100&created[gte]=1700000000&expand[0]=data.payments",
                  "GET /v1/customers/cus_1/payment_methods?limit=100",
                  "GET /v1/checkout/sessions?limit=100&starting_after=cs_1"}));
}

TEST_F(StripeListingTest, ReadsLongNestedListsAndLeavesOutWhatIsUnusable) {
    const std::string subscription =
        R"({"id":"sub_1","object":"subscription","customer":"cus_1","status":"active","created":1,
            "items":{"object":"list","has_more":true,"url":"/v1/subscription_items?subscription=sub_1",
                     "data":[{"id":"si_1","price":{"id":"price_1","object":"price"}}]}})";
    stripe_.transport.answer(200, R"({"object":"list","has_more":true,"data":[)" + subscription +
                                      R"(,{"id":"sub_2","object":"subscription"}]})");
    stripe_.transport.answer(200, R"({"object":"list","has_more":false,"data":[
        {"id":"si_2","price":{"id":"price_2","object":"price"}}]})");
    with_listing([](StripeListing& listing) -> Task<> {
        const auto page = co_await listing.list_objects({.kind = ObjectKind::subscription});
        EXPECT_EQ(page->requests, 2);
        EXPECT_EQ(page->next, Ref{"sub_2"});
        EXPECT_EQ(page->unusable.size(), 1u);
        EXPECT_EQ(page->objects.size(), 1u);
        EXPECT_EQ(std::get<SubscriptionSnapshot>(page->objects[0].fact).items.size(), 2u);
    });
}

TEST_F(StripeListingTest, ADeletedCustomerHasNoList) {
    stripe_.transport.answer(404, R"({"error":{"type":"invalid_request_error",
        "code":"resource_missing","message":"No such customer: 'cus_1'","param":"customer"}})");
    with_listing([](StripeListing& listing) -> Task<> {
        const auto page = co_await listing.list_objects(
            {.kind = ObjectKind::payment_method, .customer = Ref{"cus_1"}});
        EXPECT_EQ(page.error().code, ErrorCode::not_found);
    });
}

}  // namespace
}  // namespace paydesk::provider::stripe
