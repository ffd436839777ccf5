// GET /api/seats; POST /api/seats/invitations, /api/seats/accept; PATCH, DELETE /api/seats/{id}
#include "billing/seats.h"

#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

using billing::seat_store::Role;

constexpr std::size_t email_bytes_max = 254;
constexpr std::size_t token_bytes_max = 255;

using enum ColumnKind;
constexpr Column member_columns[] = {
    {"id",         text   },
    {"user_id",    text   },
    {"email",      text   },
    {"role",       text   },
    {"status",     text   },
    {"invited_at", instant},
    {"joined_at",  instant},
    {"expires_at", instant},
};
constexpr Column membership_columns[] = {
    {"account_id",   text   },
    {"id",           text   },
    {"account_name", text   },
    {"role",         text   },
    {"joined_at",    instant},
};

billing::SeatCaller seat_caller(const Caller& caller) {
    return {.user = caller.account.value, .email = caller.email};
}

json::array rows_json(const db::Rows& rows, std::span<const Column> columns) {
    json::array all;
    for (std::size_t row = 0; row < rows.size(); ++row) all.push_back(to_json(rows, row, columns));
    return all;
}

Task<http::Response> list(const Services& services, const http::Request& request, Caller caller) {
    QueryFields query(request.query);
    const AccountId account{query.uuid("accountId").value_or(caller.account.value)};
    if (auto refused = query.refused()) co_return *refused;
    const auto role =
        co_await billing::role_in(services.flows.stripe, seat_caller(caller), account);
    if (!role) co_return refusal(role.error());

    using namespace billing::seat_store;
    const db::Rows seats = co_await services.db.run(read_seats, {account.value});
    std::optional<std::string> only;
    if (*role == Role::member) only = caller.account.value;
    const db::Rows members = co_await services.db.run(read_members, {account.value, only});
    const db::Rows memberships = co_await services.db.run(read_memberships, {caller.account.value});
    json::value total = 1;
    if (!seats.empty()) {
        total = seats.is_null(0, "seats") ? json::value() : json::value(seats.integer(0, "seats"));
    }
    co_return http::json_response(200,
                                  {
                                      {"account_id", account.value},
                                      {"role", to_string(*role)},
                                      {"total", std::move(total)},
                                      {"used", seats.empty() ? 1 : seats.integer(0, "used")},
                                      {"members", rows_json(members, member_columns)},
                                      {"memberships", rows_json(memberships, membership_columns)}
    });
}

Task<http::Response> invite(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto email = body.text("email", email_bytes_max);
    const auto role = body.choice("role", {"admin", "member"});
    const auto account = body.uuid("accountId");
    if (!body.has("email")) body.wrong("email", "is missing: whom to invite.");
    if (auto refused = body.refused()) co_return *refused;
    const auto invited = co_await billing::invite(services.flows.stripe, seat_caller(caller),
                                                  {account.value_or(caller.account.value)}, *email,
                                                  role == "admin" ? Role::admin : Role::member);
    if (!invited) co_return refusal(invited.error());
    co_return http::json_response(
        201, {
                 {"invitation", json::object{{"id", invited->id},
                                             {"account_id", invited->account.value},
                                             {"email", invited->email},
                                             {"role", to_string(invited->role)},
                                             {"expires_at", to_iso8601(invited->expires_at)},
                                             {"url", invited->url}}}
    });
}

Task<http::Response> accept(const Services& services, const http::Request& request, Caller caller) {
    if (caller.is_anonymous) {
        co_return refusal({ErrorCode::forbidden, "Sign up first: a seat is for a person."});
    }
    BodyFields body(request.body);
    const auto token = body.text("token", token_bytes_max);
    if (!body.has("token")) body.wrong("token", "is missing: that of the invitation's link.");
    if (auto refused = body.refused()) co_return *refused;
    const auto member =
        co_await billing::accept_invitation(services.flows.stripe, seat_caller(caller), *token);
    if (!member) co_return refusal(member.error());
    co_return http::json_response(200, {
                                           {"success",    true                   },
                                           {"account_id", member->account.value  },
                                           {"id",         member->id             },
                                           {"role",       to_string(member->role)}
    });
}

Task<http::Response> give_back(const Services& services, const http::Request& request,
                               Caller caller) {
    const auto id = parse_uuid(request.params.at("id"));
    if (!id) co_return refusal({ErrorCode::not_found, "There is no such member or invitation."});
    const auto done =
        co_await billing::give_seat_back(services.flows.stripe, seat_caller(caller), *id);
    if (!done) co_return refusal(done.error());
    co_return http::json_response(200, {
                                           {"success", true}
    });
}

Task<http::Response> change(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto role = body.choice("role", {"admin", "member"});
    if (!body.has("role")) body.wrong("role", "is missing: admin or member.");
    if (auto refused = body.refused()) co_return *refused;
    const auto id = parse_uuid(request.params.at("id"));
    if (!id) co_return refusal({ErrorCode::not_found, "There is no such member or invitation."});
    const auto done = co_await billing::change_role(services.flows.stripe, seat_caller(caller), *id,
                                                    role == "admin" ? Role::admin : Role::member);
    if (!done) co_return refusal(done.error());
    co_return http::json_response(200, {
                                           {"success", true}
    });
}

}  // namespace

void add_seat_routes(http::Router& router, const Services& services) {
    const auto once = [&services](auto work) {
        return for_user_once(services,
                             [&services, work](const http::Request& request, Caller caller) {
                                 return work(services, request, std::move(caller));
                             });
    };
    router.on("GET /api/seats",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return list(services, request, std::move(caller));
              }));
    router.on("POST /api/seats/invitations", once(invite));
    router.on("POST /api/seats/accept", once(accept));
    router.on("PATCH /api/seats/{id}", once(change));
    router.on("DELETE /api/seats/{id}", once(give_back));
}

}  // namespace paydesk::api
