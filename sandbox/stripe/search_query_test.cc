#include "sandbox/stripe/search_query.h"

#include "sandbox/stripe/refusal.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr SearchField fields[] = {
    {"active", SearchKind::boolean},
    {"amount", SearchKind::number},
    {"last4", SearchKind::token, "card.last4"},
    {"name", SearchKind::string},
};

bool matches(const char* query) {
    static const Object object =
        json::parse(R"({"active":true,"amount":1500,"name":"Ada \"L\" Söhne",
        "card":{"last4":"4242"},"metadata":{"plan id":"Pro","empty":null}})")
            .as_object();
    return SearchQuery::parse(query, fields).matches(object);
}

TEST(SearchQuery, HoldsOrNot) {
    const struct {
        const char* query;
        bool holds;
    } cases[] = {
        {"active:'true'",                         true },
        {"active:true AND amount>1000",           true },
        {"active:false OR amount>=1500",          true },
        {"amount:1500",                           true },
        {"amount=1500",                           true },
        {"amount:'1500'",                         true },
        {"amount>1500",                           false},
        {"amount<=1499",                          false},
        {"-amount<1000",                          true },
        {"name~\"ada\"",                          true },
        {"name:\"ada \\\"l\\\" söhne\"",          true },
        {"name:\"ada\"",                          false},
        {"last4:'4242' and -name~'Grace'",        true },
        {"metadata['plan id']:'pro'",             true },
        {"metadata[\"plan id\"]~\"pro\"",         true },
        {"metadata['none']:null",                 true },
        {"-metadata['plan id']:null",             true },
        {"-name:null AND metadata['empty']:null", true },
        {"  amount > 1 ",                         true },
    };
    for (const auto& test : cases) EXPECT_EQ(matches(test.query), test.holds) << test.query;
}

TEST(SearchQuery, WhatTheLanguageLacksIsRefused) {
    for (const auto* query : {"",
                              " ",
                              "nope:'x'",
                              "name",
                              "name:",
                              "name:ada",
                              "name>'a'",
                              "name~'ab'",
                              "last4~'424'",
                              "amount:'x'",
                              "amount~100",
                              "active>true",
                              "active:1",
                              "name:'open",
                              "metadata:'x'",
                              "metadata[plan]:'x'",
                              "metadata['a':'x'",
                              "amount>1 AND active:true OR amount<5",
                              "amount>1 amount<5",
                              "(amount>1)",
                              "amount>null",
                              "amount>99999999999999999999",
                              "-",
                              "amount:-",
                              "\xff",
                              "amount>1 AND"}) {
        try {
            matches(query);
            ADD_FAILURE() << query;
        } catch (const Refusal& refusal) {
            EXPECT_EQ(refusal.status, 400) << query;
            EXPECT_EQ(refusal.param, "query") << query;
        }
    }
}

class SearchTest : public SandboxTest {};

TEST_F(SearchTest, PagesAreStableAndCounted) {
    for (const auto* name : {"Ada", "Adam", "Grace", "Adele"}) {
        made("/v1/customers", std::string("email=a%40example.com&metadata[team]=a&name=") + name);
    }
    const auto url = std::string("/v1/customers/search?limit=2&query=name~%22ada%22%20OR%20") +
                     "name%3A%22adele%22";
    const auto one = got(url + "&expand[]=total_count");
    EXPECT_EQ(text(one, "object"), "search_result");
    EXPECT_EQ(number(one, "total_count"), 3);
    EXPECT_TRUE(flag(one, "has_more"));
    EXPECT_EQ(text(children(one, "data").front().as_object(), "name"), "Adele");
    made("/v1/customers", "name=Adalbert");
    const auto two = got(url + "&page=" + text(one, "next_page"));
    ASSERT_EQ(children(two, "data").size(), 1U);
    EXPECT_EQ(text(children(two, "data").front().as_object(), "name"), "Ada");
    EXPECT_TRUE(two.at("next_page").is_null());
    EXPECT_FALSE(two.contains("total_count"));
    EXPECT_EQ(call("GET", url + "&page=nope").param(), "page");
    EXPECT_EQ(call("GET", "/v1/customers/search").code(), "parameter_missing");
}

TEST_F(SearchTest, EveryResourceIsFound) {
    const auto price_id = price();
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(made("/v1/subscriptions",
                "customer=" + customer + "&items[0][price]=" + price_id + "&metadata[a]=b"));
    const struct {
        const char* resource;
        std::string query;
    } cases[] = {
        {"charges",         "payment_method_details.card.last4:'4242' AND amount=2900"},
        {"customers",       "email:'ADA@example.com'"                                 },
        {"invoices",        "subscription:'" + subscription + "' AND total>0"         },
        {"payment_intents", "status:'succeeded' AND customer:'" + customer + "'"      },
        {"prices",          "active:'true' AND type:'recurring'"                      },
        {"products",        "name~'pro' AND url:null"                                 },
        {"subscriptions",   "status:'active' AND metadata['a']:'b'"                   },
    };
    for (const auto& test : cases) {
        const auto found = got(std::string("/v1/") + test.resource +
                               "/search?query=" + http::percent_encode(test.query));
        EXPECT_EQ(children(found, "data").size(), 1U) << test.resource;
    }
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
