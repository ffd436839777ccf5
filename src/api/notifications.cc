// GET, PATCH /api/notifications, GET /api/notifications/stream
#include "api/notification_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/call.h"
#include "api/fields.h"
#include "api/live.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

namespace store = notification_store;

constexpr std::int64_t page_rows_default = 20;

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",         text   },
    {"user_id",    text   },
    {"type",       text   },
    {"title",      text   },
    {"message",    text   },
    {"read",       flag   },
    {"metadata",   json   },
    {"created_at", instant},
};

Task<std::int64_t> unread_of(const Services& services, const Caller& caller) {
    const db::Rows rows =
        co_await services.db.run_as(caller.identity(), store::count_unread, {caller.account.value});
    co_return rows.integer(0, "unread");
}

Task<http::Response> list(const Services& services, const http::Request& request, Caller caller) {
    QueryFields query(request.query);
    const bool unread_only = query.flag("unread");
    const auto limit = query.integer("limit", 1, store::page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    if (auto refused = query.refused()) co_return *refused;
    if (after) {
        const db::Rows there = co_await services.db.run_as(caller.identity(), store::exists,
                                                           {caller.account.value, *after});
        if (there.empty())
            co_return refusal(
                {ErrorCode::not_found, "starting_after: you have no such notification."});
    }

    const db::Rows rows = co_await services.db.run_as(
        caller.identity(), store::list,
        {caller.account.value, db::param(unread_only), db::param(limit + 1), after});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    boost::json::array notifications;
    for (std::size_t row = 0; row < shown; ++row)
        notifications.push_back(notification_json(rows, row));
    co_return http::json_response(200, {
                                           {"notifications", std::move(notifications)},
                                           {"unread_count", co_await unread_of(services, caller)},
                                           {"has_more", rows.size() > shown}
    });
}

Task<http::Response> mark(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto id = body.uuid("id");
    auto ids = body.uuids("ids", store::ids_max);
    const auto all = body.flag("all");
    const bool read = body.flag("read").value_or(true);
    if (auto refused = body.refused()) co_return *refused;
    if (static_cast<int>(id.has_value()) + ids.has_value() + all.has_value() != 1 || all == false) {
        co_return field_problem({
            {"id", "Send exactly one of id, ids and all: true."}
        });
    }
    if (id) ids = std::vector{*id};

    const db::Rows changed =
        all ? co_await services.db.run_as(caller.identity(), store::mark_all,
                                          {caller.account.value, db::param(read)})
            : co_await services.db.run_as(
                  caller.identity(), store::mark,
                  {caller.account.value, fmt::format("{{{}}}", fmt::join(*ids, ",")),
                   db::param(read)});
    if (id && changed.affected() == 0)
        co_return refusal({ErrorCode::not_found, "You have no such notification."});
    co_return http::json_response(200,
                                  {
                                      {"success", true},
                                      {"updated", static_cast<std::int64_t>(changed.affected())},
                                      {"unread_count", co_await unread_of(services, caller)}
    });
}

// A connection that ends when the token does: the page comes again with a fresh one.
class ExpiringWriter final : public http::Writer {
public:
    ExpiringWriter(http::Writer& inner, const Clock& clock, Instant until)
        : inner_(inner), clock_(clock), until_(until) {}

    Task<bool> write(std::string_view bytes) override {
        if (stopping()) co_return false;
        co_return co_await inner_.write(bytes);
    }
    bool stopping() const override { return inner_.stopping() || clock_.now() >= until_; }
    void on_end(std::function<void()> wake) override { inner_.on_end(std::move(wake)); }

private:
    http::Writer& inner_;
    const Clock& clock_;
    Instant until_;
};

http::Response ending_at(http::Response response, const Clock& clock, Instant until) {
    if (!response.stream) return response;
    response.stream = [inner = std::move(response.stream), &clock,
                       until](http::Writer& writer) -> Task<> {
        ExpiringWriter expiring(writer, clock, until);
        co_await inner(expiring);
    };
    return response;
}

Task<http::Response> stream(const Services& services, const http::Request& request, Caller caller) {
    const db::Rows moment = co_await services.db.run(store::moment);
    const Instant from = moment.instant(0, "now");
    std::string backlog;
    if (request.headers.contains("Last-Event-ID")) {
        const auto last = parse_uuid(request.headers.get("Last-Event-ID"));
        if (!last)
            co_return field_problem({
                {"Last-Event-ID", "must be a UUID."}
            });
        const db::Rows rows = co_await services.db.run_as(caller.identity(), store::since,
                                                          {caller.account.value, *last});
        for (std::size_t row = 0; row < rows.size(); ++row) {
            backlog += http::sse_event(rows.text(row, "id"), "notification",
                                       boost::json::serialize(notification_json(rows, row)));
        }
    }
    auto response = services.live.subscribe(caller.account, from, std::move(backlog));
    if (!caller.good_until) co_return response;
    co_return ending_at(std::move(response), services.clock, *caller.good_until);
}

}  // namespace

boost::json::object notification_json(const db::Rows& rows, std::size_t row) {
    return to_json(rows, row, columns);
}

void add_notification_routes(http::Router& router, const Services& services) {
    router.on("GET /api/notifications",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return list(services, request, std::move(caller));
              }));
    router.on("PATCH /api/notifications",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return mark(services, request, std::move(caller));
              }));
    router.on("GET /api/notifications/stream",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return stream(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
