// What older versions had: usage records, metered prices without a meter, plans.

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t day = 86400;

class LegacyUsageTest : public SandboxTest {
protected:
    LegacyUsageTest() { version_ = "2024-11-20.acacia"; }

    std::int64_t now() { return number(call("GET", "/_sandbox/clock").body, "now"); }
    std::string metered_price(const std::string& how = {}) {
        return id(made("/v1/prices",
                       "currency=usd&unit_amount=100&product_data[name]=Calls&"
                       "recurring[interval]=month&recurring[usage_type]=metered" +
                           (how.empty() ? how : "&recurring[aggregate_usage]=" + how)));
    }
    json::object subscribe(const std::string& price_id) {
        return made("/v1/subscriptions",
                    "customer=" + customer_with("pm_card_visa") + "&items[0][price]=" + price_id);
    }
    static std::string item_of(const json::object& subscription) {
        return text(children(child(subscription, "items"), "data").at(0).as_object(), "id");
    }
    Reply record(const std::string& item, const std::string& form) {
        return call("POST", "/v1/subscription_items/" + item + "/usage_records", form);
    }
    json::object latest_invoice(const std::string& subscription) {
        return got("/v1/invoices/" +
                   text(got("/v1/subscriptions/" + subscription), "latest_invoice"));
    }
};

TEST_F(LegacyUsageTest, UsageRecordsAddUpAsThePriceSays) {
    const struct {
        const char* how;
        std::int64_t first, second;  // what two periods cost
    } cases[] = {
        {"",                   100 * 17, 0      },
        {"sum",                100 * 17, 0      },
        {"max",                100 * 9,  0      },
        {"last_during_period", 100 * 3,  0      },
        {"last_ever",          100 * 3,  100 * 3},
    };
    for (const auto& test : cases) {
        const auto subscription = subscribe(metered_price(test.how));
        const auto item = item_of(subscription);
        const auto end = number(subscription, "current_period_end");
        const auto at = [&](std::int64_t seconds) {
            return "&timestamp=" + std::to_string(end - seconds);
        };
        record(item, "quantity=4&action=increment" + at(900));
        EXPECT_EQ(number(record(item, "quantity=5" + at(900)).body, "quantity"), 9);
        record(item, "quantity=99&action=set" + at(800));
        record(item, "quantity=5&action=set" + at(800));
        record(item, "quantity=3&action=set" + at(700));
        advance(end - now() + 3600);
        EXPECT_EQ(number(latest_invoice(id(subscription)), "amount_paid"), test.first) << test.how;
        advance(32 * day);
        EXPECT_EQ(number(latest_invoice(id(subscription)), "amount_paid"), test.second) << test.how;
    }
}

TEST_F(LegacyUsageTest, RecordsStayInTheirPeriod) {
    const auto subscription = subscribe(metered_price());
    const auto item = item_of(subscription);
    const auto start = number(subscription, "current_period_start");
    const auto end = number(subscription, "current_period_end");
    EXPECT_EQ(record(item, "quantity=1&timestamp=" + std::to_string(start - 1)).param(),
              "timestamp");
    EXPECT_EQ(record(item, "quantity=1&timestamp=" + std::to_string(end)).param(), "timestamp");
    EXPECT_EQ(record(item, "quantity=-1").param(), "quantity");
    EXPECT_EQ(record(item, "quantity=1&timestamp=soon").param(), "timestamp");
    EXPECT_EQ(record(item, "quantity=1&timestamp=now").status, 200);
    EXPECT_EQ(record("si_none", "quantity=1").status, 404);
    const auto licensed = subscribe(price());
    EXPECT_EQ(record(item_of(licensed), "quantity=1").status, 400);
}

TEST_F(LegacyUsageTest, SummariesOfEachPeriod) {
    const auto subscription = subscribe(metered_price());
    const auto item = item_of(subscription);
    record(item, "quantity=4");
    advance(32 * day);
    record(item, "quantity=6");
    const auto all =
        children(got("/v1/subscription_items/" + item + "/usage_record_summaries"), "data");
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(number(all.at(0).as_object(), "total_usage"), 6);
    EXPECT_TRUE(all.at(0).as_object().at("invoice").is_null());
    EXPECT_EQ(number(all.at(1).as_object(), "total_usage"), 4);
    EXPECT_TRUE(all.at(1).as_object().at("invoice").is_string());
}

TEST_F(LegacyUsageTest, BasilKnowsNothingOfIt) {
    const auto usage = metered_price("max");
    const auto subscription = subscribe(usage);
    const auto item = item_of(subscription);
    EXPECT_EQ(text(child(got("/v1/prices/" + usage), "recurring"), "aggregate_usage"), "max");
    const auto customer = customer_with("pm_card_visa");
    version_ = "2025-03-31.basil";
    EXPECT_EQ(record(item, "quantity=1").status, 404);
    EXPECT_EQ(call("GET", "/v1/subscription_items/" + item + "/usage_record_summaries").status,
              404);
    EXPECT_FALSE(child(got("/v1/prices/" + usage), "recurring").contains("aggregate_usage"));
    EXPECT_EQ(
        call("POST", "/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + usage)
            .param(),
        "items[0][price]");
    const auto refused =
        call("POST", "/v1/prices",
             "currency=usd&unit_amount=1&product_data[name]=X&recurring[interval]=month&"
             "recurring[usage_type]=metered");
    EXPECT_EQ(text(child(refused.body, "error"), "message"),
              "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by "
              "meters.");
}

TEST_F(LegacyUsageTest, AnItemWithUsageGoesOnlyWithIt) {
    const auto subscription = subscribe(metered_price());
    made("/v1/subscriptions/" + id(subscription), "items[0][price]=" + price());
    const auto path = "/v1/subscription_items/" + item_of(subscription);
    record(item_of(subscription), "quantity=1");
    EXPECT_EQ(call("DELETE", path).param(), "clear_usage");
    EXPECT_EQ(call("DELETE", path + "?clear_usage=true").status, 200);
}

TEST_F(LegacyUsageTest, PlansAreRecurringPrices) {
    const auto plan =
        made("/v1/plans",
             "id=small-monthly&currency=usd&interval=month&amount=2000&product[name]=Small&"
             "nickname=S&transform_usage[divide_by]=10&transform_usage[round]=up");
    EXPECT_EQ(text(plan, "object"), "plan");
    EXPECT_EQ(number(plan, "amount"), 2000);
    EXPECT_EQ(number(child(plan, "transform_usage"), "divide_by"), 10);
    const auto same = got("/v1/prices/small-monthly");
    EXPECT_EQ(number(same, "unit_amount"), 2000);
    EXPECT_EQ(text(same, "product"), text(plan, "product"));
    EXPECT_EQ(call("POST", "/v1/plans",
                   "id=small-monthly&currency=usd&interval=month&amount=1&product[name]=X")
                  .code(),
              "resource_already_exists");
    const auto subscription =
        made("/v1/subscriptions",
             "customer=" + customer_with("pm_card_visa") + "&items[0][plan]=small-monthly");
    const auto item = children(child(subscription, "items"), "data").at(0).as_object();
    EXPECT_EQ(text(child(item, "plan"), "id"), "small-monthly");

    EXPECT_EQ(text(made("/v1/plans/small-monthly", "nickname=T&metadata[a]=b"), "nickname"), "T");
    EXPECT_EQ(text(got("/v1/prices/small-monthly"), "nickname"), "T");
    made("/v1/prices/small-monthly", "active=false");
    EXPECT_FALSE(flag(got("/v1/plans/small-monthly"), "active", true));
    const auto monthly = price();
    EXPECT_EQ(children(got("/v1/plans"), "data").size(), 2u);
    EXPECT_EQ(children(got("/v1/plans?active=true"), "data").size(), 1u);
    const auto one_time = id(made("/v1/prices", "currency=usd&unit_amount=1&product_data[name]=X"));
    EXPECT_EQ(call("GET", "/v1/plans/" + one_time).status, 404);

    const auto gone = call("DELETE", "/v1/plans/small-monthly");
    EXPECT_TRUE(flag(gone.body, "deleted"));
    EXPECT_EQ(call("GET", "/v1/plans/small-monthly").status, 404);
    EXPECT_EQ(call("GET", "/v1/prices/small-monthly").status, 404);
    EXPECT_EQ(
        call("POST", "/v1/plans", "currency=usd&interval=month&amount=1&product=prod_no").code(),
        "resource_missing");
    std::vector<std::string> types;
    for (const auto& type : event_types()) {
        if (type.starts_with("plan.")) types.push_back(type);
    }
    EXPECT_THAT(types, testing::ElementsAre("plan.created", "plan.updated", "plan.updated",
                                            "plan.created", "plan.deleted"));
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
