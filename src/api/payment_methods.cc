// GET /api/payment-methods
#include "api/call.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "billing/read_billing.h"

namespace paydesk::api {
namespace {

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",                       text   },
    {"user_id",                  text   },
    {"provider",                 text   },
    {"stripe_payment_method_id", text   },
    {"stripe_customer_id",       text   },
    {"type",                     text   },
    {"card_brand",               text   },
    {"card_last4",               text   },
    {"card_exp_month",           integer},
    {"card_exp_year",            integer},
    {"is_default",               flag   },
    {"created_at",               instant},
};

Task<http::Response> list(const Services& services, Caller caller) {
    const db::Rows rows = co_await services.db.run_as(
        caller.identity(), billing::read_payment_methods, {caller.account.value});
    json::array methods;
    for (std::size_t row = 0; row < rows.size(); ++row)
        methods.push_back(to_json(rows, row, columns));
    co_return http::json_response(200, {
                                           {"payment_methods", std::move(methods)}
    });
}

}  // namespace

void add_payment_method_routes(http::Router& router, const Services& services) {
    router.on("GET /api/payment-methods",
              for_user(services, [&services](const http::Request&, Caller caller) {
                  return list(services, std::move(caller));
              }));
}

}  // namespace paydesk::api
