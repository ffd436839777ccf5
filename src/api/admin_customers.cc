// GET /api/admin/customers, GET /api/admin/customers/{account}
#include "api/admin_customer_store.h"
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

namespace store = admin_customer_store;

constexpr std::int64_t page_rows_default = 20, page_rows_max = 100;
constexpr std::size_t query_bytes_max = 320;
constexpr std::int64_t section_rows_max = 50;  // openapi.yaml promises the number

using enum ColumnKind;
constexpr Column found_columns[] = {
    {"id",         text   },
    {"kind",       text   },
    {"email",      text   },
    {"name",       text   },
    {"status",     text   },
    {"plan_key",   text   },
    {"plan_name",  text   },
    {"provider",   text   },
    {"created_at", instant},
    {"closed_at",  instant},
};
constexpr Column profile_columns[] = {
    {"id",           text   },
    {"kind",         text   },
    {"email",        text   },
    {"name",         text   },
    {"language",     text   },
    {"created_at",   instant},
    {"closed_at",    instant},
    {"plan_key",     text   },
    {"plan_name",    text   },
    {"status",       text   },
    {"access_until", instant},
    {"suspended",    flag   },
    {"credits",      integer},
    {"credits_held", integer},
};
constexpr Column provider_columns[] = {
    {"provider",             text   },
    {"provider_customer_id", text   },
    {"email",                text   },
    {"name",                 text   },
    {"created_at",           instant},
    {"deleted_at",           instant},
};
constexpr Column member_columns[] = {
    {"id",            text   },
    {"user_id",       text   },
    {"role",          text   },
    {"invited_email", text   },
    {"created_at",    instant},
    {"joined_at",     instant},
};
constexpr Column subscription_columns[] = {
    {"id",                       text   },
    {"provider",                 text   },
    {"provider_subscription_id", text   },
    {"status",                   text   },
    {"plan_key",                 text   },
    {"plan_name",                text   },
    {"billing_cycle",            text   },
    {"quantity",                 integer},
    {"unit_amount",              integer},
    {"currency",                 text   },
    {"current_period_start",     instant},
    {"current_period_end",       instant},
    {"cancel_at_period_end",     flag   },
    {"cancel_at",                instant},
    {"trial_end",                instant},
    {"past_due_since",           instant},
    {"ended_at",                 instant},
    {"created_at",               instant},
};
constexpr Column invoice_columns[] = {
    {"id",                   text   },
    {"provider",             text   },
    {"provider_invoice_id",  text   },
    {"number",               text   },
    {"status",               text   },
    {"total",                integer},
    {"amount_paid",          integer},
    {"amount_remaining",     integer},
    {"currency",             text   },
    {"billing_reason",       text   },
    {"attempt_count",        integer},
    {"next_payment_attempt", instant},
    {"hosted_invoice_url",   text   },
    {"paid_at",              instant},
    {"created_at",           instant},
};
constexpr Column payment_columns[] = {
    {"id",                  text   },
    {"provider",            text   },
    {"provider_payment_id", text   },
    {"status",              text   },
    {"amount",              integer},
    {"amount_refunded",     integer},
    {"currency",            text   },
    {"description",         text   },
    {"receipt_url",         text   },
    {"failure_message",     text   },
    {"created_at",          instant},
};
constexpr Column refund_columns[] = {
    {"id",                 text   },
    {"provider",           text   },
    {"provider_refund_id", text   },
    {"payment_id",         text   },
    {"status",             text   },
    {"amount",             integer},
    {"currency",           text   },
    {"reason",             text   },
    {"note",               text   },
    {"failure_reason",     text   },
    {"actor",              text   },
    {"created_at",         instant},
};
constexpr Column payment_method_columns[] = {
    {"id",                         text   },
    {"provider",                   text   },
    {"provider_payment_method_id", text   },
    {"type",                       text   },
    {"card_brand",                 text   },
    {"card_last4",                 text   },
    {"card_exp_month",             integer},
    {"card_exp_year",              integer},
    {"is_default",                 flag   },
    {"detached_at",                instant},
    {"created_at",                 instant},
};
constexpr Column credit_columns[] = {
    {"number",      integer},
    {"kind",        text   },
    {"amount",      integer},
    {"balance",     integer},
    {"description", text   },
    {"created_at",  instant},
};
constexpr Column usage_columns[] = {
    {"metric",       text   },
    {"name",         text   },
    {"unit",         text   },
    {"period_start", instant},
    {"period_end",   instant},
    {"events",       integer},
    {"quantity",     text   },
};
constexpr Column notification_columns[] = {
    {"id",         text   },
    {"type",       text   },
    {"title",      text   },
    {"message",    text   },
    {"read",       flag   },
    {"created_at", instant},
};
constexpr Column email_columns[] = {
    {"id",         text   },
    {"kind",       text   },
    {"recipient",  text   },
    {"status",     text   },
    {"attempts",   integer},
    {"error",      text   },
    {"created_at", instant},
    {"sent_at",    instant},
};
constexpr Column event_columns[] = {
    {"id",           text   },
    {"provider",     text   },
    {"type",         text   },
    {"status",       text   },
    {"object_kind",  text   },
    {"object_id",    text   },
    {"attempts",     integer},
    {"error",        text   },
    {"occurred_at",  instant},
    {"received_at",  instant},
    {"processed_at", instant},
};
constexpr Column audit_columns[] = {
    {"id",         text            },
    {"actor",      text            },
    {"action",     text            },
    {"details",    ColumnKind::json},
    {"created_at", instant         },
};

struct Section {
    const char* name;
    const db::Statement& statement;
    std::span<const Column> columns;
};
const Section sections[] = {
    {"providers",       store::provider_customers, provider_columns      },
    {"members",         store::members,            member_columns        },
    {"subscriptions",   store::subscriptions,      subscription_columns  },
    {"invoices",        store::invoices,           invoice_columns       },
    {"payments",        store::payments,           payment_columns       },
    {"refunds",         store::refunds,            refund_columns        },
    {"payment_methods", store::payment_methods,    payment_method_columns},
    {"credit_entries",  store::credit_entries,     credit_columns        },
    {"usage",           store::usage,              usage_columns         },
    {"notifications",   store::notifications,      notification_columns  },
    {"emails",          store::emails,             email_columns         },
    {"webhook_events",  store::webhook_events,     event_columns         },
    {"audit_log",       store::audit_log,          audit_columns         },
};

Task<http::Response> search(const Services& services, const http::Request& request) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    const auto wanted = query.line("query", query_bytes_max);
    if (auto refused = query.refused()) co_return *refused;
    const db::Rows rows =
        co_await services.db.run(store::search, {wanted, db::param(limit + 1), after});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array customers;
    for (std::size_t row = 0; row < shown; ++row)
        customers.push_back(to_json(rows, row, found_columns));
    co_return http::json_response(
        200, {
                 {"customers", std::move(customers)},
                 {"has_more",  rows.size() > shown }
    });
}

Task<http::Response> show(const Services& services, const http::Request& request) {
    const auto account = parse_uuid(request.params.at("account"));
    const Error none{ErrorCode::not_found, "There is no customer of this id."};
    if (!account) co_return refusal(none);
    const db::Rows profile = co_await services.db.run(store::profile, {*account});
    if (profile.empty()) co_return refusal(none);
    json::object customer = to_json(profile, 0, profile_columns);
    for (const Section& section : sections) {
        const db::Rows rows =
            co_await services.db.run(section.statement, {*account, db::param(section_rows_max)});
        json::array list;
        for (std::size_t row = 0; row < rows.size(); ++row)
            list.push_back(to_json(rows, row, section.columns));
        customer[section.name] = std::move(list);
    }
    co_return http::json_response(200, {
                                           {"customer", std::move(customer)}
    });
}

}  // namespace

void add_admin_customer_routes(http::Router& router, const Services& services) {
    router.on("GET /api/admin/customers",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return search(services, request);
              }));
    router.on("GET /api/admin/customers/{account}",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return show(services, request);
              }));
}

}  // namespace paydesk::api
