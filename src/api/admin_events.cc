// GET /api/admin/webhook-events, GET /api/admin/webhook-events/{id}
// POST /api/admin/webhook-events/{id}/replay, POST /api/admin/webhook-events/replay
#include <algorithm>
#include <array>

#include "api/admin_event_store.h"
#include "api/admin_store.h"
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "webhook/processor.h"

namespace paydesk::api {
namespace {

namespace store = admin_event_store;

constexpr std::int64_t page_rows_default = 20, page_rows_max = 100;
constexpr std::size_t id_bytes_max = 255;

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",              text   },
    {"provider",        text   },
    {"type",            text   },
    {"api_version",     text   },
    {"livemode",        flag   },
    {"status",          text   },
    {"object_kind",     text   },
    {"object_id",       text   },
    {"account_id",      text   },
    {"waiting_for",     text   },
    {"attempts",        integer},
    {"error",           text   },
    {"occurred_at",     instant},
    {"received_at",     instant},
    {"processed_at",    instant},
    {"next_attempt_at", instant},
};

const Error no_such_event{ErrorCode::not_found, "There is no webhook event of this id."};

// How far back a page is looked for, until it is full.
constexpr std::array<std::optional<const char*>, 4> stretches = {"1 hour", "1 day", "30 days",
                                                                 std::nullopt};

// No provider's id holds anything else, and not all that a path can hold is text.
bool is_event_id(std::string_view id) {
    return id.size() <= id_bytes_max &&
           std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

Task<http::Response> list(const Services& services, const http::Request& request) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, page_rows_max, page_rows_default);
    const auto after = query.line("starting_after", id_bytes_max);
    const auto status =
        query.choice("status", {"received", "processed", "ignored", "waiting", "failed", "dead"});
    const auto type = query.line("type", id_bytes_max);
    const auto object = query.line("object_id", id_bytes_max);
    const auto provider = query.choice("provider", {"stripe", "paypal"});
    if (auto refused = query.refused()) co_return *refused;
    std::optional<db::Rows> found;
    for (const auto& stretch : stretches) {
        std::optional<std::string> back;
        if (stretch) back = *stretch;
        found = co_await services.db.run(
            store::list, {db::param(limit + 1), after, status, type, object, provider, back});
        if (found->size() > static_cast<std::size_t>(limit)) break;
    }
    const db::Rows& rows = *found;
    const db::Rows counts = co_await services.db.run(store::unfinished);
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array events;
    for (std::size_t row = 0; row < shown; ++row) events.push_back(to_json(rows, row, columns));
    const json::object unfinished{
        {"failed",  counts.integer(0, "failed") },
        {"dead",    counts.integer(0, "dead")   },
        {"waiting", counts.integer(0, "waiting")}
    };
    co_return http::json_response(200, {
                                           {"webhook_events", std::move(events)  },
                                           {"has_more",       rows.size() > shown},
                                           {"unfinished",     unfinished         }
    });
}

Task<http::Response> show(const Services& services, const http::Request& request) {
    const std::string id = request.params.at("id");
    if (!is_event_id(id)) co_return refusal(no_such_event);
    const db::Rows rows = co_await services.db.run(store::event, {id});
    if (rows.empty()) co_return refusal(no_such_event);
    json::object event = to_json(rows, 0, columns);
    const auto payload = parse_json(rows.text(0, "payload"));
    event["payload"] = payload ? *payload : json::value();
    co_return http::json_response(200, {
                                           {"webhook_event", std::move(event)}
    });
}

Task<http::Response> replay_one(const Services& services, const http::Request& request,
                                Caller caller) {
    const std::string id = request.params.at("id");
    if (!is_event_id(id)) co_return refusal(no_such_event);
    const bool found = co_await services.db.transaction([&](db::Tx& tx) -> Task<bool> {
        const db::Rows rows = co_await tx.run(store::event, {id});
        if (rows.empty()) co_return false;
        const json::object details{
            {"event_id", id},
            {"type", rows.text(0, "type")},
            {"was_status", rows.text(0, "status")},
            {"provider", rows.text(0, "provider")}
        };
        const auto owner = rows.optional_text(0, "account_id");
        co_await webhook::replay(tx, {id}, services.clock.now());
        co_await tx.run(admin_store::audit, {owner.value_or(caller.account.value), actor_of(caller),
                                             "webhook.replay", storable(json::value(details))});
        co_return true;
    });
    if (!found) co_return refusal(no_such_event);
    co_return http::json_response(202, {
                                           {"status", "received"},
                                           {"id",     id        }
    });
}

Task<http::Response> replay_unfinished(const Services& services, const http::Request& request,
                                       Caller caller) {
    BodyFields body(request.body);
    if (auto refused = body.refused()) co_return *refused;
    const auto replayed = co_await services.db.transaction([&](db::Tx& tx) -> Task<std::int64_t> {
        const auto count =
            static_cast<std::int64_t>(co_await webhook::replay(tx, {}, services.clock.now()));
        const json::object details{
            {"events", count}
        };
        co_await tx.run(admin_store::audit, {caller.account.value, actor_of(caller),
                                             "webhook.replay_all", json::serialize(details)});
        co_return count;
    });
    co_return http::json_response(202, {
                                           {"replayed", replayed}
    });
}

}  // namespace

void add_admin_event_routes(http::Router& router, const Services& services) {
    router.on("GET /api/admin/webhook-events",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return list(services, request);
              }));
    router.on("GET /api/admin/webhook-events/{id}",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return show(services, request);
              }));
    router.on("POST /api/admin/webhook-events/{id}/replay",
              for_admin_once(services, [&services](const http::Request& request, Caller caller) {
                  return replay_one(services, request, std::move(caller));
              }));
    router.on("POST /api/admin/webhook-events/replay",
              for_admin_once(services, [&services](const http::Request& request, Caller caller) {
                  return replay_unfinished(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
