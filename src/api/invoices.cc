// GET /api/stripe/get-invoices
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "billing/read_billing.h"

namespace paydesk::api {
namespace {

constexpr std::int64_t page_rows_default = 20;

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",                     text   },
    {"user_id",                text   },
    {"provider",               text   },
    {"stripe_invoice_id",      text   },
    {"stripe_customer_id",     text   },
    {"stripe_subscription_id", text   },
    {"number",                 text   },
    {"status",                 text   },
    {"amount_due",             integer},
    {"amount_paid",            integer},
    {"amount_remaining",       integer},
    {"subtotal",               integer},
    {"total",                  integer},
    {"currency",               text   },
    {"invoice_pdf",            text   },
    {"hosted_invoice_url",     text   },
    {"billing_reason",         text   },
    {"period_start",           instant},
    {"period_end",             instant},
    {"paid_at",                instant},
    {"due_date",               instant},
    {"next_payment_attempt",   instant},
    {"attempt_count",          integer},
    {"created_at",             instant},
};

// As stored, with every field that the contract promises.
json::array lines_json(std::string_view stored, std::string_view currency) {
    json::array lines;
    const auto parsed = parse_json(stored);
    if (!parsed || !parsed->is_array()) return lines;
    for (const json::value& line : parsed->as_array()) {
        const auto text_or_null = [&line](std::string_view field) -> json::value {
            const auto text = string_at(line, {field});
            return text ? json::value(json::string(*text)) : json::value();
        };
        const auto quantity = int_at(line, {"quantity"});
        lines.push_back({
            {"description", json::string(string_at(line, {"description"}).value_or(""))},
            {"amount", int_at(line, {"amount"}).value_or(0)},
            {"currency",
             json::string(string_at(line, {"currency"}).value_or(std::string(currency)))},
            {"quantity", quantity ? json::value(*quantity) : json::value()},
            {"price_id", text_or_null("price_id")},
            {"period_start", text_or_null("period_start")},
            {"period_end", text_or_null("period_end")},
            {"proration", bool_at(line, {"proration"}).value_or(false)},
        });
    }
    return lines;
}

Task<http::Response> list(const Services& services, const http::Request& request, Caller caller) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, billing::page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    if (auto refused = query.refused()) co_return *refused;

    const auto identity = caller.identity();
    if (after) {
        const db::Rows there = co_await services.db.run_as(identity, billing::read_invoice_exists,
                                                           {caller.account.value, *after});
        if (there.empty())
            co_return refusal({ErrorCode::not_found, "starting_after: you have no such invoice."});
    }
    // One more than asked for tells whether there are more.
    const db::Rows rows = co_await services.db.run_as(
        identity, billing::read_invoices, {caller.account.value, db::param(limit + 1), after});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array invoices;
    for (std::size_t row = 0; row < shown; ++row) {
        json::object invoice = to_json(rows, row, columns);
        invoice["line_items"] =
            lines_json(rows.text(row, "line_items"), rows.text(row, "currency"));
        invoices.push_back(std::move(invoice));
    }
    co_return http::json_response(
        200, {
                 {"invoices", std::move(invoices)},
                 {"has_more", rows.size() > shown}
    });
}

}  // namespace

void add_invoice_routes(http::Router& router, const Services& services) {
    router.on("GET /api/stripe/get-invoices",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return list(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
