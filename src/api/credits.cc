// GET /api/credits, /api/credits/entries, /api/credits/holds
// POST /api/credits/consume, /api/credits/holds, /api/credits/holds/{id}/settle, .../release
#include <algorithm>

#include "api/call.h"
#include "api/credit_json.h"
#include "api/fields.h"
#include "api/idempotency.h"
#include "api/live.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "credits/ledger_store.h"
#include "credits/read_credits.h"
#include "credits/spending.h"

namespace paydesk::api {
namespace {

namespace store = credits::ledger_store;

constexpr std::int64_t page_rows_default = 20;

using enum ColumnKind;
constexpr Column entry_columns[] = {
    {"id",          integer         },
    {"user_id",     text            },
    {"kind",        text            },
    {"amount",      integer         },
    {"balance",     integer         },
    {"description", text            },
    {"hold_id",     text            },
    {"created_at",  instant         },
    {"lines",       ColumnKind::json},
};
constexpr Column hold_columns[] = {
    {"id",             text   },
    {"amount",         integer},
    {"status",         text   },
    {"settled_amount", integer},
    {"description",    text   },
    {"expires_at",     instant},
    {"created_at",     instant},
    {"ended_at",       instant},
};

boost::json::value instant_or_null(const std::optional<Instant>& instant) {
    return instant ? boost::json::value(to_iso8601(*instant)) : boost::json::value();
}

// ---- reading ----

Task<credits::Ledger> read_ledger(const Services& services, const Caller& caller) {
    const Instant now = services.clock.now();
    const db::Rows rows = co_await services.db.run_as(
        caller.identity(), store::read_account, store::read_account_params(caller.account, now));
    co_return store::read_ledger(rows, caller.account, now);
}

boost::json::object balance_json(const credits::Ledger& ledger) {
    std::vector<const credits::Grant*> buckets;
    std::int64_t held = 0, expiring = 0;
    Instant next_expiry = credits::never;
    for (const credits::Grant& grant : ledger.grants()) {
        held += grant.held;
        if (grant.remaining == 0 && grant.held == 0) continue;
        buckets.push_back(&grant);
        if (grant.remaining == 0 || grant.expires_at > next_expiry) continue;
        if (grant.expires_at < next_expiry) expiring = 0;
        next_expiry = grant.expires_at;
        expiring += grant.remaining;
    }
    // In the order in which they burn.
    std::ranges::sort(buckets, {}, [](const credits::Grant* grant) {
        return std::tie(grant->priority, grant->expires_at, grant->id);
    });
    boost::json::array list;
    for (const credits::Grant* grant : buckets) list.push_back(bucket_json(*grant));
    boost::json::value next;
    if (next_expiry != credits::never) {
        next = {
            {"at",     to_iso8601(next_expiry)},
            {"amount", expiring               }
        };
    }
    return {
        {"balance",     ledger.balance()},
        {"held",        held            },
        {"next_expiry", std::move(next) },
        {"buckets",     std::move(list) }
    };
}

Task<http::Response> get_balance(const Services& services, Caller caller) {
    credits::Ledger ledger = co_await read_ledger(services, caller);
    ledger.turn();
    const bool gives_free = !caller.is_anonymous;
    // Time has done something that is not booked yet: it is, before it is shown.
    if (!ledger.booked().empty() || (gives_free && ledger.wants_free())) {
        co_await services.spending.run(
            {.account = caller.account, .what = credits::LookRequest{}, .gives_free = gives_free});
        ledger = co_await read_ledger(services, caller);
        ledger.turn();
    }
    co_return http::json_response(200, balance_json(ledger));
}

Task<http::Response> list_entries(const Services& services, const http::Request& request,
                                  Caller caller) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, credits::page_rows_max, page_rows_default);
    const auto after =
        query.integer("starting_after", 1, std::numeric_limits<std::int64_t>::max(), 0);
    if (auto refused = query.refused()) co_return *refused;

    // One more than asked for tells whether there are more.
    const db::Rows rows = co_await services.db.run_as(
        caller.identity(), credits::read_entries,
        {caller.account.value, db::param(limit + 1), after > 0 ? db::param(after) : db::Param{}});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    boost::json::array entries;
    for (std::size_t row = 0; row < shown; ++row)
        entries.push_back(to_json(rows, row, entry_columns));
    co_return http::json_response(
        200, {
                 {"entries",  std::move(entries) },
                 {"has_more", rows.size() > shown}
    });
}

Task<http::Response> list_holds(const Services& services, Caller caller) {
    const db::Rows rows = co_await services.db.run_as(caller.identity(), credits::read_open_holds,
                                                      {caller.account.value});
    boost::json::array holds;
    for (std::size_t row = 0; row < rows.size(); ++row)
        holds.push_back(to_json(rows, row, hold_columns));
    co_return http::json_response(200, {
                                           {"holds", std::move(holds)}
    });
}

// ---- spending ----

http::Response refusal_of(const credits::Refusal& refused) {
    http::Response response = refusal(refused.error);
    if (refused.error.code != ErrorCode::insufficient_credits) return response;
    auto body = parse_json(response.body);
    body->as_object()["balance"] = refused.balance;
    body->as_object()["shortfall"] = refused.shortfall;
    response.body = boost::json::serialize(*body);
    return response;
}

http::Response response_of(const credits::Answer& answer) {
    if (answer.refusal) return refusal_of(*answer.refusal);
    const credits::Transaction& transaction = answer.transaction;
    boost::json::object body{
        {"id",          transaction.number         },
        {"kind",        to_string(transaction.kind)},
        {"amount",      transaction.amount         },
        {"balance",     transaction.balance_after  },
        {"description", transaction.description    },
        {"created_at",  to_iso8601(transaction.at) }
    };
    if (answer.hold) body["hold"] = hold_json(*answer.hold);
    return http::json_response(200, std::move(body));
}

using What = decltype(credits::Request::what);

Task<http::Response> spend(const Services& services, const http::Request& request, Caller caller,
                           What what) {
    auto key = idempotency_key(request);
    if (!key) co_return refusal(key.error());
    credits::Request wish{
        .account = caller.account, .what = std::move(what), .gives_free = !caller.is_anonymous};
    if (*key) wish.key = credits::Key{std::move(**key), request_sha256(request)};
    const credits::Answer answer = co_await services.spending.run(std::move(wish));
    http::Response response = response_of(answer);
    if (answer.replayed) response.headers.set("Idempotency-Replayed", "true");
    if (!answer.refusal && !answer.replayed) services.live.wake(caller.account.value);
    co_return response;
}

Task<http::Response> consume(const Services& services, const http::Request& request,
                             Caller caller) {
    BodyFields body(request.body);
    const auto amount = body.integer("amount", 1, credits::amount_max);
    auto description = body.text("description", credits::description_bytes_max);
    if (!amount && !body.has("amount")) body.wrong("amount", "is missing.");
    if (auto refused = body.refused()) co_return *refused;
    co_return co_await spend(
        services, request, std::move(caller),
        credits::ConsumeRequest{*amount, std::move(description).value_or("Credits used")});
}

Task<http::Response> hold(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto amount = body.integer("amount", 1, credits::amount_max);
    auto description = body.text("description", credits::description_bytes_max);
    const auto seconds = body.integer("expiresIn", 1, credits::hold_lifetime_max.count());
    if (!amount && !body.has("amount")) body.wrong("amount", "is missing.");
    if (auto refused = body.refused()) co_return *refused;
    co_return co_await spend(
        services, request, std::move(caller),
        credits::HoldRequest{
            *amount, std::move(description).value_or("Credits held"),
            std::chrono::seconds(seconds.value_or(credits::hold_lifetime_default.count()))});
}

// The hold of the path, or "" where it is no id.
std::string hold_of(const http::Request& request) {
    const auto id = parse_uuid(request.params.find("id")->second);
    return id ? *id : "";
}

http::Response no_hold() { return refusal({ErrorCode::not_found, "There is no such hold."}); }

Task<http::Response> settle(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto amount = body.integer("amount", 0, credits::amount_max);
    auto description = body.text("description", credits::description_bytes_max);
    if (auto refused = body.refused()) co_return *refused;
    std::string id = hold_of(request);
    if (id.empty()) co_return no_hold();
    co_return co_await spend(services, request, std::move(caller),
                             credits::SettleRequest{std::move(id), amount, std::move(description)});
}

Task<http::Response> release(const Services& services, const http::Request& request,
                             Caller caller) {
    BodyFields body(request.body);
    if (auto refused = body.refused()) co_return *refused;
    std::string id = hold_of(request);
    if (id.empty()) co_return no_hold();
    co_return co_await spend(services, request, std::move(caller),
                             credits::ReleaseRequest{std::move(id)});
}

using SpendingRoute = Task<http::Response> (*)(const Services&, const http::Request&, Caller);

// Within the limits, but without once(): the ledger keeps the key with what it has booked.
http::Handler spending_route(const Services& services, SpendingRoute route) {
    return for_user(
        services,
        [&services, route](const http::Request& request, Caller caller) -> Task<http::Response> {
            if (const auto allowed = services.within_limits(request, &caller); !allowed) {
                co_return refusal(allowed.error());
            }
            co_return co_await route(services, request, std::move(caller));
        });
}

}  // namespace

boost::json::object bucket_json(const credits::Grant& grant) {
    boost::json::value expires;
    if (grant.expires_at != credits::never) expires = to_iso8601(grant.expires_at);
    return {
        {"id",           grant.id                      },
        {"kind",         to_string(grant.kind)         },
        {"description",  grant.description             },
        {"amount",       grant.amount                  },
        {"remaining",    grant.remaining               },
        {"held",         grant.held                    },
        {"priority",     grant.priority                },
        {"effective_at", to_iso8601(grant.effective_at)},
        {"expires_at",   std::move(expires)            }
    };
}

boost::json::object hold_json(const credits::Hold& hold) {
    boost::json::value settled;
    if (hold.settled_amount) settled = *hold.settled_amount;
    return {
        {"id",             hold.id                       },
        {"amount",         hold.amount                   },
        {"status",         to_string(hold.status)        },
        {"settled_amount", std::move(settled)            },
        {"description",    hold.description              },
        {"expires_at",     to_iso8601(hold.expires_at)   },
        {"created_at",     to_iso8601(hold.created_at)   },
        {"ended_at",       instant_or_null(hold.ended_at)}
    };
}

void add_credit_routes(http::Router& router, const Services& services) {
    router.on("GET /api/credits",
              for_user(services, [&services](const http::Request&, Caller caller) {
                  return get_balance(services, std::move(caller));
              }));
    router.on("GET /api/credits/entries",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return list_entries(services, request, std::move(caller));
              }));
    router.on("GET /api/credits/holds",
              for_user(services, [&services](const http::Request&, Caller caller) {
                  return list_holds(services, std::move(caller));
              }));
    router.on("POST /api/credits/consume", spending_route(services, consume));
    router.on("POST /api/credits/holds", spending_route(services, hold));
    router.on("POST /api/credits/holds/{id}/settle", spending_route(services, settle));
    router.on("POST /api/credits/holds/{id}/release", spending_route(services, release));
}

}  // namespace paydesk::api
