// GET /api/entitlements
#include "api/call.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "billing/read_money.h"
#include "credits/spending.h"
#include "http/etag.h"

namespace paydesk::api {
namespace {

using enum ColumnKind;
constexpr Column columns[] = {
    {"account_id",         text   },
    {"is_active",          flag   },
    {"plan_key",           text   },
    {"plan_name",          text   },
    {"tier",               text   },
    {"rank",               integer},
    {"features",           json   },
    {"limits",             json   },
    {"credits_per_month",  integer},
    {"credits",            integer},
    {"status",             text   },
    {"subscription_id",    text   },
    {"plan_type",          text   },
    {"current_period_end", instant},
    {"trial_end",          instant},
    {"access_until",       instant},
    {"past_due_since",     instant},
    {"grace_until",        instant},
    {"suspended",          flag   },
    {"add_ons",            json   },
};

Task<db::Rows> read(const Services& services, const Caller& caller) {
    co_return co_await services.db.run_as(caller.identity(), billing::read_entitlements,
                                          {caller.account.value, db::param(services.clock.now())});
}

// Whether time has done something to the credits that is not booked yet: a look books it, as
// GET /api/credits does, so that nobody is told of fewer credits than they can spend.
bool wants_look(const db::Rows& rows, const Caller& caller) {
    return rows.boolean(0, "credits_are_due") ||
           (rows.boolean(0, "free_month_is_due") && !caller.is_anonymous);
}

// False where too many wait for the ledger: then what is booked is shown, and a later look books the rest.
Task<bool> look(const Services& services, const db::Rows& rows, const Caller& caller) {
    try {
        co_await services.spending.run({.account = {std::string(rows.text(0, "account_id"))},
                                        .what = credits::LookRequest{},
                                        .gives_free = !caller.is_anonymous});
        co_return true;
    } catch (const Unavailable&) {
        co_return false;
    }
}

// One statement, and no body where the app has it already: cheap enough for every request of an app.
Task<http::Response> get(const Services& services, const http::Request& request, Caller caller) {
    db::Rows rows = co_await read(services, caller);
    if (rows.empty()) {
        co_return refusal(
            {ErrorCode::unavailable,
             "There is no free plan yet: the operator must run `paydesk plans sync`."});
    }
    if (wants_look(rows, caller) && co_await look(services, rows, caller)) {
        rows = co_await read(services, caller);
    }
    auto response = http::json_response(200, {
                                                 {"entitlements", to_json(rows, 0, columns)}
    });
    const std::string etag = http::etag_of(response.body);
    response.headers.set("ETag", etag);
    response.headers.set("Cache-Control", "private, no-cache");
    response.headers.set("Vary", "Authorization, Paydesk-Account");
    if (http::names_etag(request.headers.get("If-None-Match"), etag)) {
        response.status = 304;
        response.body.clear();
    }
    co_return response;
}

}  // namespace

void add_entitlement_routes(http::Router& router, const Services& services) {
    router.on("GET /api/entitlements",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return get(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
