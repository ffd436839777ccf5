// What operators read and set going: customers, webhook events, jobs, usage; and that nobody else does.
#include "api/test_api.h"

namespace paydesk::api {
namespace {

class Admin : public TestApi {
protected:
    static constexpr const char* operator_id = "0190ada0-0000-7000-8000-0000000000aa";

    Answer as_admin(std::string method, std::string target, std::string body = {}) {
        auto asked = request(std::move(method), std::move(target), "", std::move(body));
        asked.headers.set("Authorization", "Bearer " + token_of(operator_id, true));
        return send(std::move(asked));
    }
    Answer read(std::string target) { return as_admin("GET", std::move(target)); }

    void add_account(const std::string& account, const std::string& email,
                     const std::string& name) {
        database_.run(
            "insert into paydesk.accounts (account_id, email, name) values ($1, $2, $3) "
            "on conflict (account_id) do update set email = $2, name = $3",
            {account, email, name});
    }
    void add_event(const std::string& id, const std::string& type, const std::string& object,
                   const std::string& status) {
        database_.run(
            "insert into paydesk.webhook_events (provider, event_id, type, occurred_at, object_id, "
            "status, attempts, error, processed_at, payload, received_at) values ('stripe', $1, "
            "$2, now(), $3, $4, 3, 'as it was', case when $4 in ('processed', 'ignored') then "
            "now() end, '{\"id\": \"' || $1 || '\", \"data\": {\"name\": \"ü\"}}', "
            "now() - interval '1 second' * (1000 - (select count(*) from paydesk.webhook_events)))",
            {id, type, object, status});
    }
    std::string add_job(const std::string& kind, const std::string& status,
                        const std::string& unique_key = {}) {
        return std::string(
            database_
                .run("insert into paydesk.jobs (kind, status, attempts, last_error, run_at, "
                     "unique_key, locked_until) values ($1, $2, 10, 'no answer', now() + "
                     "interval '1 hour', nullif($3, ''), case $2 when 'running' then now() end) "
                     "returning id",
                     {kind, status, unique_key})
                .text(0, "id"));
    }
    std::string found(const std::string& query) {
        const Answer answer = read("/api/admin/customers?query=" + http::percent_encode(query));
        EXPECT_EQ(answer.status, 200) << query;
        std::string ids;
        for (const auto& customer : answer.body.at("customers").as_array())
            ids += customer.at("id").as_string() == ada ? "ada " : "grace ";
        return ids;
    }
};

TEST_F(Admin, IsForOperatorsAndServicesOnly) {
    const std::pair<const char*, const char*> routes[] = {
        {"GET",  "/api/admin/customers"                              },
        {"GET",  "/api/admin/customers/0190ada0-0000-7000-8000-0001" },
        {"GET",  "/api/admin/webhook-events"                         },
        {"GET",  "/api/admin/webhook-events/evt_1"                   },
        {"POST", "/api/admin/webhook-events/evt_1/replay"            },
        {"POST", "/api/admin/webhook-events/replay"                  },
        {"GET",  "/api/admin/jobs"                                   },
        {"POST", "/api/admin/jobs/0190ada0-0000-7000-8000-0001/retry"},
        {"POST", "/api/admin/jobs/retry"                             },
        {"GET",  "/api/admin/revenue"                                },
        {"GET",  "/api/admin/usage"                                  },
    };
    add_event("evt_1", "invoice.paid", "in_1", "dead");
    add_job("send_emails", "dead");
    for (const auto& [method, target] : routes) {
        EXPECT_EQ(send(request(method, target)).status, 401) << target;
        EXPECT_EQ(send(request(method, target, ada)).status, 403) << target;
        auto service = request(method, target);
        service.headers.set("Authorization", std::string("Bearer ") + service_key);
        service.headers.set("Paydesk-Account", ada);
        const int status = send(std::move(service)).status;
        EXPECT_TRUE(status == 200 || status == 202 || status == 404) << target << " " << status;
    }
    EXPECT_EQ(count("paydesk.audit_log where actor = 'service'"), "3");
}

TEST_F(Admin, CustomersAreFoundByWhatIsKnownOfThem) {
    add_account(ada, "ada@example.com", "Ada <b>Lovelace</b> 100%");
    add_account(grace, "grace@navy.example", "Grace Hopper");
    add_subscription(ada, "sub_ada", "active");
    database_.run("update paydesk.customers set email = 'countess@example.org'");

    EXPECT_EQ(found("LOVELACE"), "ada ");
    EXPECT_EQ(found("navy.example"), "grace ");
    EXPECT_EQ(found("countess"), "ada ");
    EXPECT_EQ(found(ada), "ada ");
    EXPECT_EQ(found("sub_ada"), "ada ");
    EXPECT_EQ(found(std::string("cus_of_") + ada), "ada ");
    EXPECT_EQ(found("100%"), "ada ") << "a letter like any other";
    EXPECT_EQ(found("_"), "");
    EXPECT_EQ(found("sub_"), "") << "a provider's id is whole or nobody's";
    EXPECT_EQ(found("' or true --"), "");
    EXPECT_EQ(found(""), found("e")) << "nothing looked for is everybody";
    EXPECT_EQ(read("/api/admin/customers?query=%ff").code(), "invalid_input");
    EXPECT_EQ(read("/api/admin/customers?query=" + std::string(321, 'x')).status, 422);

    const Answer first = read("/api/admin/customers?limit=1");
    EXPECT_TRUE(first.body.at("has_more").as_bool());
    const Answer second =
        read("/api/admin/customers?limit=1&starting_after=" + first.text({"customers", "0", "id"}));
    EXPECT_FALSE(second.body.at("has_more").as_bool());
    EXPECT_NE(second.text({"customers", "0", "id"}), first.text({"customers", "0", "id"}));
    const Answer answer = read("/api/admin/customers?query=lovelace");
    EXPECT_EQ(answer.text({"customers", "0", "status"}), "active");
    EXPECT_EQ(answer.text({"customers", "0", "plan_key"}), "pro");
    EXPECT_EQ(answer.text({"customers", "0", "email"}), "countess@example.org");
}

TEST_F(Admin, ACustomerIsShownWithAllThereIs) {
    add_account(ada, "ada@example.com", "Ada");
    add_account(grace, "grace@example.com", "Grace");
    add_subscription(ada, "sub_1", "active");
    add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    add_notification(ada, "fact_1");
    add_payment_method(ada, "pm_1");
    add_event("evt_of_ada", "invoice.paid", "in_1", "processed");
    add_event("evt_of_grace", "invoice.paid", "in_2", "processed");
    ASSERT_EQ(
        as_admin("POST", "/api/admin/credits/grants",
                 R"({"accountId": ")" + std::string(ada) + R"(", "amount": 7, "reason": "sorry"})")
            .status,
        200);

    const Answer answer = read(std::string("/api/admin/customers/") + ada);
    ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
    const auto& customer = answer.body.at("customer").as_object();
    EXPECT_EQ(answer.text({"customer", "email"}), "ada@example.com");
    EXPECT_EQ(answer.text({"customer", "plan_key"}), "pro");
    EXPECT_EQ(answer.text({"customer", "status"}), "active");
    EXPECT_GE(customer.at("credits").as_int64(), 7);
    EXPECT_EQ(answer.text({"customer", "subscriptions", "0", "provider_subscription_id"}), "sub_1");
    EXPECT_EQ(answer.text({"customer", "invoices", "0", "provider_invoice_id"}), "in_1");
    EXPECT_EQ(answer.text({"customer", "payment_methods", "0", "card_last4"}), "4242");
    EXPECT_EQ(answer.text({"customer", "credit_entries", "0", "kind"}), "grant");
    EXPECT_EQ(answer.text({"customer", "notifications", "0", "type"}), "payment_success");
    ASSERT_EQ(customer.at("webhook_events").as_array().size(), 1U);
    EXPECT_EQ(answer.text({"customer", "webhook_events", "0", "id"}), "evt_of_ada");
    EXPECT_EQ(answer.text({"customer", "audit_log", "0", "actor"}),
              std::string("admin:") + operator_id);

    const Answer other = read(std::string("/api/admin/customers/") + grace);
    EXPECT_TRUE(other.body.at("customer").as_object().at("subscriptions").as_array().empty());
    EXPECT_EQ(other.text({"customer", "status"}), "none");
    EXPECT_EQ(read("/api/admin/customers/0190ada0-0000-7000-8000-00000000ffff").status, 404);
    EXPECT_EQ(read("/api/admin/customers/x").status, 404);
}

TEST_F(Admin, EventsAreFilteredShownAndReplayed) {
    add_event("evt_1", "invoice.paid", "in_1", "processed");
    add_event("evt_2", "invoice.payment_failed", "in_1", "dead");
    add_event("evt_3", "customer.updated", "cus_1", "waiting");
    const auto ids = [this](const std::string& query) {
        const Answer answer = read("/api/admin/webhook-events?" + query);
        EXPECT_EQ(answer.status, 200) << query;
        std::string list;
        for (const auto& event : answer.body.at("webhook_events").as_array())
            list += std::string(event.at("id").as_string()) + " ";
        return list;
    };
    EXPECT_EQ(ids(""), "evt_3 evt_2 evt_1 ");
    EXPECT_EQ(ids("status=dead"), "evt_2 ");
    EXPECT_EQ(ids("type=invoice."), "evt_2 evt_1 ");
    EXPECT_EQ(ids("type=invoice.paid"), "evt_1 ");
    EXPECT_EQ(ids("type=invoice"), "") << "a beginning ends with a dot";
    EXPECT_EQ(ids("object_id=in_1&limit=1"), "evt_2 ");
    EXPECT_EQ(ids("provider=paypal"), "");
    EXPECT_EQ(ids("starting_after=evt_2"), "evt_1 ");
    EXPECT_EQ(read("/api/admin/webhook-events?status=lost").status, 422);
    const Answer counts = read("/api/admin/webhook-events?limit=1");
    EXPECT_EQ(json::serialize(counts.body.at("unfinished")),
              R"({"failed":0,"dead":1,"waiting":1})");

    const Answer shown = read("/api/admin/webhook-events/evt_2");
    EXPECT_EQ(shown.text({"webhook_event", "payload", "data", "name"}), "ü");
    EXPECT_EQ(shown.text({"webhook_event", "error"}), "as it was");
    EXPECT_EQ(read("/api/admin/webhook-events/evt_9").status, 404);
    EXPECT_EQ(read("/api/admin/webhook-events/%ff").code(), "malformed_request");

    EXPECT_EQ(as_admin("POST", "/api/admin/webhook-events/evt_9/replay").status, 404);
    EXPECT_EQ(as_admin("POST", "/api/admin/webhook-events/evt_1/replay").status, 202);
    EXPECT_EQ(count("paydesk.webhook_events where event_id = 'evt_1' and status = 'received' and "
                    "attempts = 0"),
              "1")
        << "also one that was processed";
    const Answer all = as_admin("POST", "/api/admin/webhook-events/replay");
    EXPECT_EQ(all.body.at("replayed").as_int64(), 2);
    EXPECT_EQ(count("paydesk.webhook_events where status = 'received'"), "3");
    EXPECT_EQ(count("paydesk.audit_log where actor = 'admin:" + std::string(operator_id) +
                    "' and action like 'webhook.replay%'"),
              "2");
}

TEST_F(Admin, JobsAreListedAndRunAgain) {
    database_.run("update paydesk.jobs set status = 'done'");
    const std::string dead = add_job("send_emails", "dead");
    const std::string waiting = add_job("refund", "queued");
    add_job("sweep", "running", "one");
    const std::string overtaken = add_job("sweep", "dead", "one");
    const Answer listed = read("/api/admin/jobs?state=dead");
    EXPECT_EQ(listed.body.at("jobs").as_array().size(), 2U);
    EXPECT_EQ(listed.text({"jobs", "0", "last_error"}), "no answer");
    EXPECT_EQ(listed.body.at("counts").at("scheduled").as_int64(), 1);
    EXPECT_EQ(listed.body.at("counts").at("dead").as_int64(), 2);
    EXPECT_EQ(read("/api/admin/jobs?kind=refund").body.at("jobs").as_array().size(), 1U);
    EXPECT_EQ(read("/api/admin/jobs?state=lost").status, 422);

    EXPECT_EQ(as_admin("POST", "/api/admin/jobs/" + dead + "/retry").status, 202);
    EXPECT_EQ(as_admin("POST", "/api/admin/jobs/" + waiting + "/retry").status, 202);
    EXPECT_EQ(as_admin("POST", "/api/admin/jobs/" + overtaken + "/retry").status, 404)
        << "another one does its work";
    EXPECT_EQ(as_admin("POST", "/api/admin/jobs/nonsense/retry").status, 404);
    const Answer due = read("/api/admin/jobs?state=due");
    EXPECT_EQ(due.body.at("jobs").as_array().size(), 2U);
    EXPECT_EQ(due.body.at("counts").at("due").as_int64(), 2);

    add_job("send_emails", "dead");
    add_job("reconcile", "dead");
    EXPECT_EQ(as_admin("POST", "/api/admin/jobs/retry", R"({"kind": "reconcile"})")
                  .body.at("queued")
                  .as_int64(),
              1);
    EXPECT_EQ(as_admin("POST", "/api/admin/jobs/retry").body.at("queued").as_int64(), 1)
        << "all but the one whose work is being done";
    EXPECT_EQ(count("paydesk.audit_log where action like 'job.retry%'"), "4");
}

TEST_F(Admin, UsageOfAllIsAddedUpByDay) {
    const auto used = [this](const char* account, const char* hour, int events,
                             const char* quantity) {
        database_.run(
            "insert into paydesk.usage_hours (account_id, metric, hour, period_start, events, "
            "quantity, maximum, is_reported) values ($1, 'api_calls', (date_trunc('day', now() at "
            "time zone 'UTC') + $2::interval) at time zone 'UTC', now(), $3, $4, 1, true)",
            {account, hour, db::param(events), quantity});
    };
    used(ada, "-1 hour", 2, "0.1");
    used(ada, "0 hours", 3, "0.20");
    used(grace, "1 hour", 4, "90071992547409930.5");
    used(ada, "-40 days", 9, "9");
    const Answer answer = read("/api/admin/usage?days=2");
    ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
    ASSERT_EQ(answer.body.at("metrics").as_array().size(), 1U);
    EXPECT_EQ(answer.text({"metrics", "0", "metric"}), "api_calls");
    const auto& days = answer.body.at("metrics").at(0).at("days").as_array();
    ASSERT_EQ(days.size(), 2U);
    EXPECT_EQ(days[0].at("date").as_string(), answer.text({"from"}));
    EXPECT_EQ(days[0].at("quantity").as_string(), "0.1");
    EXPECT_EQ(days[1].at("quantity").as_string(), "90071992547409930.7");
    EXPECT_EQ(days[1].at("accounts").as_int64(), 2);
    EXPECT_EQ(days[1].at("events").as_int64(), 7);
}

}  // namespace
}  // namespace paydesk::api
