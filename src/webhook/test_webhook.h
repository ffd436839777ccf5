#pragma once
// What the tests of webhook/ share: a database with buyers and plans, Stripe's events as text, and a
// provider that answers fetch() from a script.
//
// In every text, '@' stands for the buyer: cus_@, sub_@, in_@. Each buyer is a world of their own, so
// that one database holds as many orders of events as a test wants to try, and `dump` shows what a
// buyer's rows say with the buyer taken out again: two orders that end alike have equal dumps.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "db/test_database.h"
#include "provider/provider.h"
#include "provider/stripe/normalise.h"
#include "webhook/event_store.h"
#include "webhook/processor.h"

namespace paydesk::webhook {

inline constexpr std::int64_t t0 = 1'780'000'000;  // when the tests play

inline std::string replace_all(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
        text.replace(at, what.size(), with);
    }
    return text;
}

// The buyer's account: a UUID that holds their number.
inline std::string account_id(int buyer) {
    return fmt::format("00000000-0000-7000-8000-{:012}", buyer);
}
inline std::string buyer_name(int buyer) { return fmt::format("b{:06}", buyer); }
inline std::string for_buyer(std::string_view text, int buyer) {
    return replace_all(replace_all(std::string(text), "@account", account_id(buyer)), "@",
                       buyer_name(buyer));
}

// ---- Stripe's texts ----

struct Event {
    std::string id;  // "evt_..."; the buyer is added
    std::string type;
    std::int64_t at;  // seconds after t0
    std::string object;
};

inline std::string text_of(const Event& event, int buyer) {
    return for_buyer(
        fmt::format(R"({{"id":"{}_@","object":"event","api_version":"2026-10-28.endive",)"
                    R"("created":{},"livemode":false,"type":"{}","data":{{"object":{}}}}})",
                    event.id, t0 + event.at, event.type, event.object),
        buyer);
}

inline std::string subscription(std::string_view status, std::string_view more = "") {
    return fmt::format(
        R"({{"id":"sub_@","object":"subscription","customer":"cus_@","status":"{}","created":{},)"
        R"("cancel_at_period_end":false,"livemode":false,"items":{{"object":"list","data":[{{)"
        R"("id":"si_@","quantity":1,"current_period_start":{},"current_period_end":{},"price":{{)"
        R"("id":"price_pro","object":"price","product":"prod_pro","lookup_key":"pro_monthly"}}}}]}})"
        R"(,"latest_invoice":"in_@"{}{}}})",
        status, t0, t0, t0 + 2'592'000, more.empty() ? "" : ",", more);
}

inline std::string invoice(std::string_view status, std::string_view more = "") {
    const bool paid = status == "paid";
    return fmt::format(
        R"({{"id":"in_@","object":"invoice","customer":"cus_@","status":"{}","currency":"usd",)"
        R"("created":{},"amount_due":2900,"amount_paid":{},"amount_remaining":{},"subtotal":2900,)"
        R"("total":2900,"billing_reason":"subscription_create","livemode":false,{}"parent":{{"type":)"
        R"("subscription_details","subscription_details":{{"subscription":"sub_@"}}}},"lines":{{)"
        R"("object":"list","data":[{{"id":"il_@","amount":2900,"currency":"usd","description":)"
        R"("1 x Pro","quantity":1,"period":{{"start":{},"end":{}}}}}]}}{}{}}})",
        status, t0, paid ? 2900 : 0, paid ? 0 : 2900,
        status == "draft" ? R"("number":null,)" : R"("number":"A-@-0001",)", t0, t0 + 2'592'000,
        more.empty() ? "" : ",", more);
}

// In its first phase of one unit; `phases` 2: from the period's end on there are three.
inline std::string schedule(std::string_view status, int phases) {
    const auto phase = [](int quantity, std::int64_t from) {
        return fmt::format(
            R"({{"start_date":{},"end_date":{},"items":[{{"price":"price_pro","quantity":{}}}]}})",
            from, from + 2'592'000, quantity);
    };
    return fmt::format(
        R"({{"id":"sub_sched_@","object":"subscription_schedule","customer":"cus_@","created":{0},)"
        R"("status":"{1}","subscription":"sub_@","livemode":false,"current_phase":{2},)"
        R"("phases":[{3}]}})",
        t0, status, status == "active" ? fmt::format(R"({{"start_date":{}}})", t0) : "null",
        phase(1, t0) + (phases > 1 ? "," + phase(3, t0 + 2'592'000) : ""));
}

inline std::string payment_method(bool attached) {
    return fmt::format(
        R"({{"id":"pm_@","object":"payment_method","type":"card","created":{},"livemode":false,)"
        R"("customer":{},"card":{{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2030,)"
        R"("fingerprint":"fp"}}}})",
        t0, attached ? R"("cus_@")" : "null");
}

inline std::string customer(std::string_view default_method = "") {
    return fmt::format(
        R"({{"id":"cus_@","object":"customer","created":{},"email":"@@example.com","name":"Buyer",)"
        R"("livemode":false,"metadata":{{}},"invoice_settings":{{"default_payment_method":{}}}}})",
        t0 - 100, default_method.empty() ? "null" : fmt::format("\"{}\"", default_method));
}

inline std::string checkout(std::string_view status, std::string_view payment_status,
                            std::string_view more = R"("mode":"subscription")") {
    return fmt::format(
        R"({{"id":"cs_@","object":"checkout.session","customer":"cus_@","status":"{}",)"
        R"("payment_status":"{}","created":{},"currency":"usd","amount_total":2900,"livemode":false,)"
        R"("subscription":"sub_@","invoice":"in_@","payment_intent":null,"client_reference_id":)"
        R"("@account","metadata":{{"user_id":"@account","checkout_id":"@account","plan_key":"pro"}},)"
        R"({}}})",
        status, payment_status, t0 - 50, more);
}

// ---- the world ----

// Answers fetch() with the objects of `objects` (texts with '@') for whichever buyer is asked about.
class ScriptedProvider final : public provider::Provider {
public:
    std::map<provider::ObjectKind, std::string> objects;
    std::optional<Error> refusal;                                    // given instead
    std::function<Task<>(const provider::Ref&)> before_answer = {};  // run once, before the answer
    int fetches = 0;

    provider::Name name() const override { return provider::Name::stripe; }
    Task<Result<provider::Change>> fetch(provider::ObjectKind kind, provider::Ref object) override {
        ++fetches;
        if (refusal) co_return *refusal;
        const auto text = objects.find(kind);
        if (text == objects.end()) co_return Error{ErrorCode::not_found, "no such object"};
        const int buyer = std::stoi(object.value.substr(object.value.find("_b") + 2));
        const auto json = parse_json(for_buyer(text->second, buyer));
        const auto once = std::exchange(before_answer, {});
        if (once) co_await once(object);
        co_return provider::stripe::normalise_object(kind, *json, from_unix(t0 + 5'000));
    }

    Task<Result<provider::Ref>> create_customer(provider::IntentId,
                                                provider::NewCustomer) override {
        co_return unexpected();
    }
    Task<Result<provider::Checkout>> create_checkout(provider::IntentId,
                                                     provider::NewCheckout) override {
        co_return unexpected();
    }
    Task<Result<provider::Checkout>> get_checkout(provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<void>> expire_checkout(provider::IntentId, provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<std::string>> create_portal(provider::IntentId, provider::NewPortal) override {
        co_return unexpected();
    }
    Task<Result<provider::Change>> cancel_subscription(provider::IntentId, provider::Ref,
                                                       provider::CancelWhen,
                                                       provider::CancelDetails) override {
        co_return unexpected();
    }
    Task<Result<provider::ChangePreview>> preview_change(provider::PlanChange, bool) override {
        co_return unexpected();
    }
    Task<Result<provider::Renewal>> preview_renewal(provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<provider::PlanChanged>> change_plan(provider::IntentId,
                                                    provider::PlanChange) override {
        co_return unexpected();
    }
    Task<Result<provider::Change>> schedule_change(provider::IntentId,
                                                   provider::PlanChange) override {
        co_return unexpected();
    }
    Task<Result<std::optional<provider::Change>>> release_schedule(provider::IntentId,
                                                                   provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<provider::Change>> pause_subscription(provider::IntentId, provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<provider::PlanChanged>> resume_subscription(provider::IntentId,
                                                            provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<std::optional<provider::PromotionCode>>> find_promotion_code(std::string) override {
        co_return unexpected();
    }
    Task<Result<provider::Change>> set_promotion_code(provider::IntentId, provider::Ref,
                                                      std::optional<provider::Ref>) override {
        co_return unexpected();
    }
    Task<Result<provider::Change>> create_refund(provider::IntentId, provider::NewRefund) override {
        co_return unexpected();
    }
    Task<Result<std::optional<provider::Change>>> find_refund(provider::NewRefund) override {
        co_return unexpected();
    }
    Task<Result<provider::Change>> pay_invoice(provider::IntentId, provider::Ref,
                                               provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<provider::PaymentOrigin>> origin_of_payment(provider::Ref) override {
        co_return unexpected();
    }
    Task<Result<provider::CatalogDifference>> compare_product(
        provider::CatalogProduct, std::vector<provider::CatalogPrice>) override {
        co_return unexpected();
    }
    Task<Result<std::vector<provider::SyncedPrice>>> sync_product(
        provider::CatalogProduct, std::vector<provider::CatalogPrice>) override {
        co_return unexpected();
    }

private:
    static Error unexpected() {
        ADD_FAILURE() << "only fetch() may be called";
        return {ErrorCode::internal, "only fetch() may be called"};
    }
};

class World {
public:
    World() {
        database_.script(R"(
            insert into paydesk.plans (plan_key, name) values ('pro', 'Pro');
            insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider,
                provider_price_id, lookup_key)
            values ('pro', 'monthly', 'usd', 2900, 'stripe', 'price_pro', 'pro_monthly');)");
    }

    const db::TestDatabase& database() const { return database_; }
    ManualClock& clock() { return clock_; }
    ScriptedProvider& provider() { return provider_; }
    std::map<provider::Name, Applier> appliers() {
        return {
            {provider::Name::stripe,
             {.normalise = provider::stripe::normalise, .provider = &provider_}}
        };
    }

    // Buyers `first`..`last`, each with an account, a customer and an open checkout.
    void add_buyers(int first, int last, bool with_customer = true) {
        const db::Params range{std::to_string(first), std::to_string(last)};
        const std::string buyers =
            "(select n, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid as account, "
            "'b' || lpad(n::text, 6, '0') as name "
            "from generate_series($1::int, $2::int) n) b";
        database_.run("insert into paydesk.accounts (account_id) select account from " + buyers,
                      range);
        database_.run(
            "insert into paydesk.checkouts (account_id, id, plan_key, billing_cycle, mode, "
            "provider_checkout_id, url, status) select account, account, 'pro', 'monthly', "
            "'subscription', 'cs_' || name, 'https://pay.example/', 'open' from " +
                buyers,
            range);
        if (!with_customer) return;
        database_.run(
            "insert into paydesk.customers (account_id, provider, provider_customer_id) "
            "select account, 'stripe', 'cus_' || name from " +
                buyers,
            range);
        database_.run(
            "insert into paydesk.provider_refs (provider, kind, provider_id, account_id) "
            "select 'stripe', 'customer', 'cus_' || name, account from " +
                buyers,
            range);
    }

    // What the buyers' rows say: without our ids, our own times and stamps, and without the buyer.
    // Each different text, with the buyers of whom it is true.
    std::map<std::string, std::vector<int>> dumps(int first, int last) const {
        static const std::pair<const char*, const char*> tables[] = {
            {"customers",              "provider"                  },
            {"subscriptions",          "provider_subscription_id"  },
            {"subscription_items",     "provider_item_id"          },
            {"subscription_schedules", "provider_schedule_id"      },
            {"trials",                 "provider_subscription_id"  },
            {"invoices",               "provider_invoice_id"       },
            {"payments",               "source_id"                 },
            {"charges",                "provider_charge_id"        },
            {"refunds",                "provider_refund_id"        },
            {"disputes",               "provider_dispute_id"       },
            {"payment_methods",        "provider_payment_method_id"},
            {"checkouts",              "provider_checkout_id"      },
            {"provider_refs",          "kind, provider_id"         },
            {"notifications",          "fact_key"                  }
        };
        std::string sql;
        for (const auto& [table, order] : tables) {
            sql += sql.empty() ? "select n, " : " || ";
            sql += fmt::format(
                "'{0}: ' || coalesce((select string_agg((to_jsonb(t) - "
                "'{{id,subscription_id,payment_id,"
                "created_at,updated_at,completed_at,provider_stamp}}'::text[])::text, E'\\n  ' "
                "order "
                "by {1}) from paydesk.{0} t where account_id = "
                "('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid), '-') || E'\\n'",
                table, order);
        }
        const auto rows =
            database_.run(sql + " as dump from generate_series($1::int, $2::int) as n",
                          {std::to_string(first), std::to_string(last)});
        std::map<std::string, std::vector<int>> texts;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const int buyer = static_cast<int>(rows.integer(i, "n"));
            const std::string text =
                replace_all(std::string(rows.text(i, "dump")), account_id(buyer), "@");
            texts[replace_all(text, buyer_name(buyer), "@")].push_back(buyer);
        }
        return texts;
    }
    std::string dump(int buyer) const { return dumps(buyer, buyer).begin()->first; }

    std::string one(const std::string& sql, const db::Params& params = {}) const {
        const auto rows = database_.run("select (" + sql + ")::text as one", params);
        return rows.empty() ? "" : std::string(rows.text(0, "one"));
    }

    // How many events there are of each status: "dead 1, processed 3".
    std::string statuses() const {
        return one(
            "select string_agg(status || ' ' || n, ', ' order by status) from (select status, "
            "count(*) as n from paydesk.webhook_events group by status) s");
    }

    // Runs `body` with a connected Database and a Processor.
    void play(std::function<Task<>(db::Database&, Processor&)> body,
              ProcessorOptions options = {}) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database_.server_url()});
            co_await db.ready(std::chrono::seconds(10));
            Processor processor(io, db, clock_, appliers(), options);
            co_await body(db, processor);
            db.stop();
        });
    }

    event_store::NewEvent stored(const Event& event, int buyer) const {
        return {.provider = provider::Name::stripe,
                .event_id = for_buyer(event.id + "_@", buyer),
                .type = event.type,
                .api_version = "2026-10-28.endive",
                .livemode = false,
                .occurred_at = from_unix(t0 + event.at),
                .object_kind = provider::ObjectKind::other,
                .object_id = "",
                .ignored = false,
                .note = "",
                .received_at = clock_.now(),
                .payload = text_of(event, buyer)};
    }

    Task<> deliver(db::Database& db, const Event& event, int buyer) {
        const event_store::NewEvent row = stored(event, buyer);
        co_await event_store::add(db, {&row});
    }

private:
    db::TestDatabase database_;
    ManualClock clock_{from_unix(t0 + 10'000)};
    ScriptedProvider provider_;
};

}  // namespace paydesk::webhook
