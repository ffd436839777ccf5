#include "transfer/import_source.h"

#include <fmt/format.h>

#include "base/error.h"

namespace paydesk::transfer {

namespace {

constexpr int rows_at_once = 100;

std::string quoted(const std::string& name) {
    std::string text = "\"";
    for (const char c : name) {
        if (c == '"') text += '"';
        text += c;
    }
    return text + "\"";
}

provider::Name provider_of(std::string_view text) {
    return text == "paypal" ? provider::Name::paypal : provider::Name::stripe;
}

}  // namespace

ImportSource::ImportSource(const ImportOptions& options)
    : connection_(options.source_url), schema_(options.schema) {
    connection_.run("begin isolation level repeatable read, read only");
    connection_.run("set local statement_timeout = 0");
    if (options.source == Source::seeds) {
        find_seeds();
        find_seeds_usage();
    } else {
        find_sync_engine();
    }
    if (queries_.empty()) {
        throw Unavailable("Schema " + schema_ +
                          " has no table that this import knows: name its schema with --schema, "
                          "its database with --source.");
    }
}

// A view of ours with a tutorial's name is no source.
bool ImportSource::has(std::string_view table, std::string_view column) {
    const auto rows = connection_.run(
        "select 1 from pg_attribute a join pg_class c on c.oid = a.attrelid "
        "join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = $1 and c.relname = $2 and a.attname = $3 and not a.attisdropped "
        "and obj_description(c.oid, 'pg_class') is distinct from 'Paydesk view'",
        {schema_, db::param(table), db::param(column)});
    return !rows.empty();
}

// `sql` gives provider, kind, sort, id, account, object, skip; {0} stands for the table.
void ImportSource::add(std::string_view table, std::string sql) {
    const std::string place = quoted(schema_) + "." + quoted(std::string(table));
    for (std::size_t at = 0; (at = sql.find("{0}", at)) != std::string::npos; at += place.size()) {
        sql.replace(at, 3, place);
    }
    queries_.push_back({std::string(table), std::move(sql)});
}

void ImportSource::find_seeds() {
    const bool user_id = has("customers", "user_id");
    if (has("customers", "stripe_customer_id")) {
        const std::string who = user_id ? "t.user_id" : "t.id";
        const std::string name = has("customers", "full_name") ? "t.full_name" : "null::text";
        add("customers", fmt::format(R"(
            select 'stripe' as provider, 'other' as kind, 'account' as sort, {0}::text as id,
                   {0}::text as account, jsonb_build_object('email', t.email, 'name', {1}) as object,
                   null::text as skip
            from {{0}} t order by t.created_at)",
                                     who, name));
        add("customers", fmt::format(R"(
            select 'stripe' as provider, 'customer' as kind, '' as sort, t.stripe_customer_id as id,
                   {0}::text as account,
                   jsonb_build_object('id', t.stripe_customer_id, 'object', 'customer',
                       'email', t.email, 'name', {1},
                       'metadata', jsonb_build_object('user_id', {0})) as object,
                   null::text as skip
            from {{0}} t order by t.created_at)",
                                     who, name));
    }
    if (has("profiles", "id")) {
        const std::string email = has("profiles", "email") ? "t.email" : "null::text";
        add("profiles", fmt::format(R"(
            select 'paypal' as provider, 'other' as kind, 'account' as sort, t.id::text as id,
                   t.id::text as account, jsonb_build_object('email', {}) as object,
                   null::text as skip
            from {{0}} t order by t.id)",
                                    email));
    }
    if (has("payment_methods", "stripe_payment_method_id")) {
        add("payment_methods", R"(
            select 'stripe' as provider, 'payment_method' as kind, '' as sort,
                   t.stripe_payment_method_id as id, t.user_id::text as account,
                   jsonb_build_object('id', t.stripe_payment_method_id, 'object', 'payment_method',
                       'customer', t.stripe_customer_id, 'type', t.type,
                       'created', extract(epoch from t.created_at)::bigint,
                       'card', case when t.type = 'card' then jsonb_build_object(
                           'brand', t.card_brand, 'last4', t.card_last4,
                           'exp_month', t.card_exp_month, 'exp_year', t.card_exp_year) end) as object,
                   null::text as skip
            from {0} t order by t.created_at)");
    }
    if (has("subscriptions", "stripe_subscription_id")) {
        add("subscriptions", R"(
            select 'stripe' as provider, 'subscription' as kind, '' as sort,
                   t.stripe_subscription_id as id, t.user_id::text as account,
                   jsonb_build_object('id', t.stripe_subscription_id, 'object', 'subscription',
                       'customer', t.stripe_customer_id, 'status', t.status,
                       'created', extract(epoch from t.created_at)::bigint,
                       'cancel_at_period_end', t.cancel_at_period_end,
                       'current_period_start', extract(epoch from t.current_period_start)::bigint,
                       'current_period_end', extract(epoch from t.current_period_end)::bigint,
                       'canceled_at', extract(epoch from t.canceled_at)::bigint,
                       'ended_at', extract(epoch from t.ended_at)::bigint,
                       'trial_start', extract(epoch from t.trial_start)::bigint,
                       'trial_end', extract(epoch from t.trial_end)::bigint,
                       'metadata', jsonb_build_object('user_id', t.user_id, 'plan_key', t.plan_name),
                       'items', jsonb_build_object('object', 'list', 'data', jsonb_build_array(
                           jsonb_build_object('id', 'si_of_' || t.stripe_subscription_id,
                               'quantity', t.quantity,
                               'price', jsonb_build_object('id', t.price_id))))) as object,
                   null::text as skip
            from {0} t order by t.created_at)");
    } else if (has("subscriptions", "customer_id")) {
        add("subscriptions", R"(
            select 'stripe' as provider, 'subscription' as kind, '' as sort, t.id,
                   t.user_id::text as account,
                   jsonb_build_object('id', t.id, 'object', 'subscription',
                       'customer', t.customer_id, 'status', t.status,
                       'created', extract(epoch from t.created_at)::bigint,
                       'cancel_at_period_end', t.cancel_at_period_end,
                       'cancel_at', extract(epoch from t.cancel_at)::bigint,
                       'canceled_at', extract(epoch from t.canceled_at)::bigint,
                       'current_period_start', extract(epoch from t.current_period_start)::bigint,
                       'current_period_end', extract(epoch from t.current_period_end)::bigint,
                       'trial_start', extract(epoch from t.trial_start)::bigint,
                       'trial_end', extract(epoch from t.trial_end)::bigint,
                       'metadata', jsonb_build_object('user_id', t.user_id),
                       'items', jsonb_build_object('object', 'list', 'data', jsonb_build_array(
                           jsonb_build_object('id', 'si_of_' || t.id, 'quantity', t.quantity,
                               'price', jsonb_build_object('id', t.price_id))))) as object,
                   null::text as skip
            from {0} t order by t.created_at)");
    } else if (has("subscriptions", "paypal_sub_id")) {
        add("subscriptions", R"(
            select 'paypal' as provider, 'subscription' as kind, '' as sort, t.paypal_sub_id as id,
                   t.user_id::text as account,
                   jsonb_build_object('id', t.paypal_sub_id, 'object', 'subscription',
                       'customer', 'nobody', 'status', case t.status
                           when 'cancelled' then 'canceled' when 'expired' then 'canceled'
                           else t.status end,
                       'created', extract(epoch from t.created_at)::bigint,
                       'cancel_at_period_end', t.cancel_at_period_end,
                       'current_period_start', extract(epoch from t.current_period_start)::bigint,
                       'current_period_end', extract(epoch from t.current_period_end)::bigint,
                       'metadata', jsonb_build_object('user_id', t.user_id, 'plan_key', t.plan_id),
                       'items', jsonb_build_object('object', 'list', 'data', jsonb_build_array(
                           jsonb_build_object('id', t.paypal_sub_id, 'quantity', 1,
                               'price', jsonb_build_object('id', t.plan_id))))) as object,
                   null::text as skip
            from {0} t order by t.created_at)");
    }
    if (has("invoices", "stripe_invoice_id")) {
        add("invoices", R"(
            select 'stripe' as provider, 'invoice' as kind, '' as sort, t.stripe_invoice_id as id,
                   t.user_id::text as account,
                   jsonb_build_object('id', t.stripe_invoice_id, 'object', 'invoice',
                       'customer', t.stripe_customer_id, 'subscription', t.stripe_subscription_id,
                       'status', t.status, 'currency', lower(t.currency),
                       'created', extract(epoch from t.created_at)::bigint,
                       'amount_due', t.amount_due, 'amount_paid', t.amount_paid,
                       'amount_remaining', greatest(t.amount_due - t.amount_paid, 0),
                       'subtotal', t.amount_due, 'total', t.amount_due,
                       'invoice_pdf', t.invoice_pdf, 'hosted_invoice_url', t.hosted_invoice_url,
                       'billing_reason', t.billing_reason,
                       'period_start', extract(epoch from t.period_start)::bigint,
                       'period_end', extract(epoch from t.period_end)::bigint,
                       'status_transitions', jsonb_build_object('paid_at',
                           extract(epoch from coalesce(t.paid_at,
                               case when t.status = 'paid' then t.created_at end))::bigint)) as object,
                   null::text as skip
            from {0} t order by t.created_at)");
    } else if (has("invoices", "paypal_id")) {
        // Whole units and two decimals; the provider's neutral shape wants Stripe's minor units.
        add("invoices", R"(
            select 'paypal' as provider, 'invoice' as kind, '' as sort,
                   coalesce(t.paypal_id, 'imported_' || t.id) as id, t.user_id::text as account,
                   jsonb_build_object('id', coalesce(t.paypal_id, 'imported_' || t.id),
                       'object', 'invoice', 'customer', 'nobody', 'status', 'paid',
                       'metadata', jsonb_build_object('user_id', t.user_id),
                       'currency', lower(t.currency),
                       'created', extract(epoch from t.created_at)::bigint,
                       'amount_due', m.amount, 'amount_paid', m.amount, 'amount_remaining', 0,
                       'subtotal', m.amount, 'total', m.amount,
                       'status_transitions', jsonb_build_object('paid_at',
                           extract(epoch from t.created_at)::bigint),
                       'lines', jsonb_build_object('object', 'list', 'data', jsonb_build_array(
                           jsonb_build_object('id', 'il_' || t.id, 'amount', m.amount,
                               'currency', lower(t.currency), 'quantity', 1,
                               'description', coalesce(t.description, 'Purchase'))))) as object,
                   case when t.status = 'failed' then 'a failed attempt is no invoice'
                        when t.status = 'refunded' then
                            'it was refunded, and the table does not say when and how much'
                        when m.exact <> m.amount then
                            'its amount has decimals that its currency does not have'
                   end as skip
            from {0} t
            cross join lateral (select case
                when upper(t.currency) in ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA',
                    'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') then t.amount
                when upper(t.currency) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then t.amount * 1000
                else t.amount * 100 end as exact) e
            cross join lateral (select e.exact, trunc(e.exact)::bigint as amount) m
            order by t.created_at)");
    }
    if (has("payments", "customer_id")) {
        add("payments", R"(
            select 'stripe' as provider, 'other' as kind, '' as sort, t.id, t.user_id::text as account,
                   '{}'::jsonb as object,
                   'payments come from Stripe with their charges and refunds: paydesk reconcile'
                       as skip
            from {0} t order by t.created_at)");
    }
    if (has("notifications", "user_id") && has("notifications", "message")) {
        add("notifications", R"(
            select 'stripe' as provider, 'other' as kind, 'notification' as sort, t.id::text,
                   t.user_id::text as account,
                   jsonb_build_object('type', t.type, 'title', t.title, 'message', t.message,
                       'read', t.read, 'metadata', coalesce(t.metadata, '{}'),
                       'created_at', t.created_at) as object,
                   null::text as skip
            from {0} t order by t.created_at)");
    }
    if (has("webhook_events", "stripe_event_id")) {
        add("webhook_events", R"(
            select 'stripe' as provider, 'other' as kind, '' as sort, t.stripe_event_id as id,
                   null::text as account, '{}'::jsonb as object,
                   'only a part of the event was kept: paydesk reconcile asks Stripe for its events'
                       as skip
            from {0} t order by t.created_at)");
    }
}

void ImportSource::find_seeds_usage() {
    for (const auto& [table, column] : {
             std::pair{"usage_records", "metric_name"},
             std::pair{"usage_records", "metric"     },
             std::pair{"usage_events",  "feature"    }
    }) {
        if (!has(table, column) || !has(table, "user_id")) continue;
        const auto or_else = [&](std::initializer_list<const char*> columns,
                                 std::string otherwise) {
            for (const char* one : columns) {
                if (has(table, one)) return "t." + quoted(one);
            }
            return otherwise;
        };
        add(table, fmt::format(R"(
            select 'stripe' as provider, 'other' as kind, 'usage' as sort, t.id::text,
                   t.user_id::text as account,
                   jsonb_build_object('metric', t.{0}, 'quantity', t.quantity::text,
                       'at_us', floor(extract(epoch from {1}) * 1000000)::bigint,
                       'reported', coalesce({2}, false), 'metadata', {3}) as object,
                   null::text as skip
            from {{0}} t order by {1}, t.id)",
                               quoted(column), or_else({"timestamp", "created_at"}, "now()"),
                               or_else({"synced_to_stripe", "reported_to_stripe"}, "false"),
                               or_else({"metadata"}, "null::jsonb")));
    }
    // Prisma's User.credits: a balance without a history.
    for (const char* table : {"User", "users"}) {
        if (!has(table, "credits") || !has(table, "id")) continue;
        add(table, R"(
            select 'stripe' as provider, 'other' as kind, 'credits' as sort, t.id::text,
                   t.id::text as account, jsonb_build_object('credits', t.credits) as object,
                   case when coalesce(t.credits, 0) <= 0 then 'no credits are left' end as skip
            from {0} t)");
    }
}

// Its columns have Stripe's names: a row is an object.
void ImportSource::find_sync_engine() {
    struct Table {
        const char *name, *kind, *object;
    };
    constexpr Table tables[] = {
        {"customers",         "customer",       "customer"        },
        {"payment_methods",   "payment_method", "payment_method"  },
        {"subscriptions",     "subscription",   "subscription"    },
        {"invoices",          "invoice",        "invoice"         },
        {"charges",           "charge",         "charge"          },
        {"refunds",           "refund",         "refund"          },
        {"disputes",          "dispute",        "dispute"         },
        {"checkout_sessions", "checkout",       "checkout.session"},
    };
    for (const auto& [name, kind, object] : tables) {
        if (!has(name, "object")) continue;
        const bool deletes = has(name, "deleted");
        add(name, fmt::format(R"(
            select 'stripe' as provider, '{}' as kind, '' as sort, t.id, null::text as account,
                   jsonb_strip_nulls(to_jsonb(t)) || '{{"object": "{}"}}' as object,
                   case when {} then 'deleted at Stripe' end as skip
            from {{0}} t order by t.created, t.id)",
                              kind, object, deletes ? "t.deleted" : "false"));
    }
}

std::vector<SourceRow> ImportSource::next() {
    for (; query_ < queries_.size(); ++query_) {
        const Query& query = queries_[query_];
        if (!open_) connection_.run("declare source no scroll cursor for " + query.sql);
        open_ = true;
        const auto rows = connection_.run(fmt::format("fetch {} from source", rows_at_once));
        std::vector<SourceRow> taken;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto kind = provider::parse_object_kind(rows.text(i, "kind"));
            taken.push_back({.table = query.table,
                             .id = std::string(rows.text(i, "id")),
                             .provider = provider_of(rows.text(i, "provider")),
                             .kind = kind.value_or(provider::ObjectKind::other),
                             .sort = std::string(rows.text(i, "sort")),
                             .account = rows.optional_text(i, "account"),
                             .object = std::string(rows.text(i, "object")),
                             .skip = rows.optional_text(i, "skip")});
        }
        if (!taken.empty()) return taken;
        connection_.run("close source");
        open_ = false;
    }
    return {};
}

}  // namespace paydesk::transfer
