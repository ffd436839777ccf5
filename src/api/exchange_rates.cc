// GET /api/exchange-rates, POST /api/admin/exchange-rates
#include "api/admin_store.h"
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/decimal.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

using enum ColumnKind;
constexpr Column columns[] = {
    {"base",   text},
    {"quote",  text},
    {"rate",   text}, // a decimal: JSON numbers are binary in most readers
    {"source", text},
    {"as_of",  text},
};

// Public, as prices are. Row level security lets everyone read them.
Task<http::Response> list(const Services& services, const http::Request& request) {
    QueryFields query(request.query);
    const auto base = query.currency("base");
    const auto quote = query.currency("quote");
    if (auto refused = query.refused()) co_return *refused;
    const db::Rows rows = co_await services.db.run(admin_store::rates, {base, quote});
    json::array rates;
    for (std::size_t row = 0; row < rows.size(); ++row)
        rates.push_back(to_json(rows, row, columns));
    co_return http::json_response(200, {
                                           {"rates", std::move(rates)}
    });
}

struct NewRate {
    std::string base, quote, as_of, rate, source;
};

std::string currency_of(BodyFields& body, const char* field) {
    const auto text = body.text(field, 3);
    const auto currency = Currency::parse(text.value_or(""));
    if (!currency) body.wrong(field, "must be a currency such as usd.");
    return currency ? currency->lower_code() : "";
}

std::optional<http::Response> read_rate(const http::Request& request, NewRate& rate) {
    BodyFields body(request.body);
    rate.base = currency_of(body, "base");
    rate.quote = currency_of(body, "quote");
    if (!rate.base.empty() && rate.base == rate.quote)
        body.wrong("quote", "must be another currency than base.");
    rate.rate = body.text("rate", 30).value_or("");
    const auto value = Decimal::parse(rate.rate);
    const auto most = Decimal::from_int(1'000'000'000);
    const auto point = rate.rate.find('.');
    const bool short_enough = point == std::string::npos || rate.rate.size() - point <= 9;
    if (!value || value->is_negative() || value->is_zero() || *value >= most || !short_enough)
        body.wrong("rate",
                   "must be a positive decimal in quotes with at most 8 decimals, \"83.125\".");
    rate.as_of = body.text("asOf", 10).value_or("");
    if (!parse_iso8601(rate.as_of + "T00:00:00Z"))
        body.wrong("asOf", "must be a date, 2026-11-25.");
    rate.source = body.text("source", 100).value_or("");
    if (rate.source.empty()) body.wrong("source", "is missing: who says so, such as ECB.");
    return body.refused();
}

Task<http::Response> save(const Services& services, const http::Request& request, Caller caller) {
    if (!caller.is_admin && !caller.is_service)
        co_return refusal({ErrorCode::forbidden, "This is for admins."});
    NewRate rate;
    if (auto refused = read_rate(request, rate)) co_return *refused;
    const json::object row{
        {"base",   rate.base  },
        {"quote",  rate.quote },
        {"rate",   rate.rate  },
        {"source", rate.source},
        {"as_of",  rate.as_of }
    };
    co_await services.db.transaction([&](db::Tx& tx) -> Task<> {
        co_await tx.run(admin_store::save_rate,
                        {rate.base, rate.quote, rate.as_of, rate.rate, rate.source});
        const std::string actor = caller.is_service ? "service" : "admin:" + caller.account.value;
        co_await tx.run(admin_store::audit, {caller.account.value, actor, "exchange_rate.save",
                                             storable(json::value(row))});
    });
    co_return http::json_response(200, row);
}

}  // namespace

void add_exchange_rate_routes(http::Router& router, const Services& services) {
    router.on("GET /api/exchange-rates",
              [&services](const http::Request& request) { return list(services, request); });
    router.on("POST /api/admin/exchange-rates",
              for_user_once(services, [&services](const http::Request& request, Caller caller) {
                  return save(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
