// What people read: plans, invoices, payment methods, and that nobody reads or changes another's.
#include "api/test_api.h"

namespace paydesk::api {
namespace {

class Reads : public TestApi {};

TEST_F(Reads, PlansAreInOrderWithTheirSavings) {
    const Answer answer = get("/api/plans");
    ASSERT_EQ(answer.status, 200);
    const auto& plans = answer.body.at("plans").as_array();
    ASSERT_EQ(plans.size(), 4u);
    const char* keys[] = {"free", "pro", "business", "enterprise"};
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(plans[i].at("key").as_string(), keys[i]);
    EXPECT_TRUE(plans[0].at("is_free").as_bool());
    EXPECT_FALSE(plans[0].at("purchasable").as_bool());
    EXPECT_TRUE(plans[0].at("prices").as_array().empty());

    const auto& pro = plans[1];
    EXPECT_EQ(pro.at("credits").as_int64(), 2500);
    EXPECT_TRUE(pro.at("purchasable").as_bool());
    ASSERT_EQ(pro.at("prices").as_array().size(), 2u);
    const auto& monthly = pro.at("prices").at(0);
    const auto& yearly = pro.at("prices").at(1);
    EXPECT_EQ(monthly.at("formatted").as_string(), "$49.00");
    EXPECT_EQ(monthly.at("saving_percent").as_int64(), 0);
    EXPECT_EQ(yearly.at("amount").as_int64(), 49000);
    EXPECT_EQ(yearly.at("monthly_amount").as_int64(), 4083);
    EXPECT_EQ(yearly.at("saving_percent").as_int64(), 17);

    const auto& top_up = answer.body.at("top_ups").at(0);
    EXPECT_EQ(top_up.at("credits").as_int64(), 1000);
    EXPECT_TRUE(top_up.at("prices").at(0).at("interval").is_null());
    EXPECT_FALSE(top_up.at("is_free").as_bool());
}

TEST_F(Reads, PlansThatAreNotOnOfferAreNotShown) {
    database_.run("update paydesk.plans set is_active = false where plan_key = 'business'");
    EXPECT_EQ(get("/api/plans").body.at("plans").as_array().size(), 3u);
}

TEST_F(Reads, InvoicesComeInPagesNewestFirst) {
    std::string ids[5];
    for (int i = 0; i < 5; ++i) {
        ids[i] = add_invoice(ada, "in_" + std::to_string(i),
                             "2026-0" + std::to_string(i + 1) + "-01T00:00:00Z");
    }
    Answer page = get("/api/stripe/get-invoices?limit=2", ada);
    ASSERT_EQ(page.status, 200);
    EXPECT_TRUE(page.body.at("has_more").as_bool());
    EXPECT_EQ(page.text({"invoices", "0", "stripe_invoice_id"}), "in_4");
    EXPECT_EQ(page.text({"invoices", "0", "created_at"}), "2026-05-01T00:00:00Z");
    EXPECT_EQ(page.text({"invoices", "0", "line_items", "0", "currency"}), "usd");

    page = get("/api/stripe/get-invoices?limit=2&starting_after=" + ids[3], ada);
    EXPECT_EQ(page.text({"invoices", "0", "stripe_invoice_id"}), "in_2");
    page = get("/api/stripe/get-invoices?limit=2&starting_after=" + ids[1], ada);
    EXPECT_EQ(page.body.at("invoices").as_array().size(), 1u);
    EXPECT_FALSE(page.body.at("has_more").as_bool());
    EXPECT_EQ(get("/api/stripe/get-invoices", ada).body.at("invoices").as_array().size(), 5u);
}

TEST_F(Reads, DraftInvoicesAreNotShown) {
    add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    db::BlockingConnection(database_.owner_url())
        .run_script(
            "set session_replication_role = replica; update paydesk.invoices set status = 'draft'",
            "test");
    EXPECT_TRUE(get("/api/stripe/get-invoices", ada).body.at("invoices").as_array().empty());
}

TEST_F(Reads, WrongQueriesAreRefused) {
    for (const char* query : {"limit=0", "limit=101", "limit=x", "limit=", "limit=1e1",
                              "starting_after=x", "starting_after="}) {
        const Answer answer = get(std::string("/api/stripe/get-invoices?") + query, ada);
        EXPECT_EQ(answer.status, 422) << query;
        EXPECT_EQ(answer.code(), "invalid_input") << query;
    }
    EXPECT_EQ(get("/api/stripe/get-invoices?unknown=1", ada).status, 200);
    EXPECT_EQ(
        get("/api/stripe/get-invoices?starting_after=0190ada0-0000-7000-8000-00000000ffff", ada)
            .status,
        404);
}

TEST_F(Reads, PaymentMethodsThatAreAttachedAreShown) {
    add_payment_method(ada, "pm_1");
    database_.run("update paydesk.payment_methods set is_default = false, detached_at = now()");
    add_payment_method(ada, "pm_2");
    const Answer answer = get("/api/payment-methods", ada);
    ASSERT_EQ(answer.body.at("payment_methods").as_array().size(), 1u);
    EXPECT_EQ(answer.text({"payment_methods", "0", "stripe_payment_method_id"}), "pm_2");
    EXPECT_EQ(answer.text({"payment_methods", "0", "card_last4"}), "4242");
    EXPECT_TRUE(answer.body.at("payment_methods").at(0).at("is_default").as_bool());
}

// Everything that Ada has, asked for by Grace by every route that takes an id or lists.
TEST_F(Reads, NobodyReadsOrChangesAnothersRows) {
    ASSERT_EQ(post("/api/create-checkout", ada,
                   {
                       {"planId",       "pro"    },
                       {"billingCycle", "monthly"}
    })
                  .status,
              200);
    const std::string checkout(database_.run("select id from paydesk.checkouts").text(0, "id"));
    const std::string subscription = add_subscription(ada, "sub_1", "active");
    const std::string invoice = add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    const std::string notification = add_notification(ada, "fact_1");
    add_payment_method(ada, "pm_1");
    const auto rows = [this] {
        return std::string(
            database_
                .run("select md5(string_agg(t::text, '' order by t::text)) as digest from ("
                     "select s::text from paydesk.subscriptions s union all select i::text from "
                     "paydesk.invoices i "
                     "union all select n::text from paydesk.notifications n union all select "
                     "c::text from paydesk.checkouts c "
                     "union all select p::text from paydesk.payment_methods p) as all_rows (t)")
                .text(0, "digest"));
    };
    const std::string before = rows();

    EXPECT_TRUE(get("/api/stripe/get-subscription", grace).body.at("subscription").is_null());
    EXPECT_TRUE(get("/api/stripe/get-invoices", grace).body.at("invoices").as_array().empty());
    EXPECT_TRUE(get("/api/payment-methods", grace).body.at("payment_methods").as_array().empty());
    EXPECT_TRUE(get("/api/notifications", grace).body.at("notifications").as_array().empty());
    EXPECT_EQ(get("/api/notifications", grace).body.at("unread_count").as_int64(), 0);
    EXPECT_EQ(get("/api/stripe/get-invoices?starting_after=" + invoice, grace).status, 404);
    EXPECT_EQ(get("/api/notifications?starting_after=" + notification, grace).status, 404);
    EXPECT_EQ(get("/api/checkout/" + checkout, grace).status, 404);
    EXPECT_EQ(get("/api/checkout/cs_test_1", grace).status, 404);
    EXPECT_EQ(patch("/api/notifications", grace,
                    {
                        {"id", notification}
    })
                  .status,
              404);
    EXPECT_EQ(patch("/api/notifications", grace,
                    {
                        {"ids", {notification}}
    })
                  .body.at("updated")
                  .as_int64(),
              0);
    EXPECT_EQ(patch("/api/notifications", grace,
                    {
                        {"all", true}
    })
                  .body.at("updated")
                  .as_int64(),
              0);
    EXPECT_EQ(post("/api/stripe/create-portal", grace, json::object{}).code(), "customer_missing");
    for (const std::string& id : {subscription, std::string("sub_1")}) {
        EXPECT_EQ(post("/api/stripe/cancel-subscription", grace,
                       {
                           {"subscriptionId", id  },
                           {"immediately",    true}
        })
                      .status,
                  404);
    }
    EXPECT_EQ(rows(), before);
}

// Even if a route forgot its `where`: what the statements run as sees nothing else.
TEST_F(Reads, TheDatabaseItselfHidesAnothersRows) {
    add_subscription(ada, "sub_1", "active");
    add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    const Caller caller{.account = {grace}};
    const auto seen = [&](const char* sql) {
        return run(
            [](db::Database& db, db::Identity identity, const char* text) -> Task<std::int64_t> {
                const db::Rows rows = co_await db.run_as(std::move(identity), {text, text});
                co_return rows.integer(0, "n");
            }(db_, caller.identity(), sql));
    };
    EXPECT_EQ(seen("select count(*) as n from paydesk.subscriptions"), 0);
    EXPECT_EQ(seen("select count(*) as n from paydesk.invoices"), 0);
    EXPECT_EQ(seen("select count(*) as n from paydesk.customers"), 0);
}

}  // namespace
}  // namespace paydesk::api
