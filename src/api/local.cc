// GET /api/local/users, POST /api/local/sign-in: only in `paydesk up`, only from this machine
#include "api/fields.h"
#include "api/loopback.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

json::object user_json(const LocalUser& user) {
    return {
        {"id",       user.id      },
        {"email",    user.email   },
        {"name",     user.name    },
        {"is_admin", user.is_admin}
    };
}

Result<void> check_local(const http::Request& request) {
    if (is_from_this_machine(request) && is_addressed_to_this_machine(request)) return {};
    return Error{ErrorCode::forbidden,
                 "The local sign-in works on this machine only, at http://127.0.0.1."};
}

http::Response list(const LocalSignIn& local, const http::Request& request) {
    if (const auto checked = check_local(request); !checked) return refusal(checked.error());
    json::array users;
    for (const LocalUser& user : local.users) users.push_back(user_json(user));
    return http::json_response(200, {
                                        {"users", std::move(users)}
    });
}

http::Response sign_in(const LocalSignIn& local, const http::Request& request) {
    if (const auto checked = check_local(request); !checked) return refusal(checked.error());
    BodyFields body(request.body);
    const auto wanted = body.text("user", 255);
    if (auto refused = body.refused()) return *refused;
    if (!wanted)
        return field_problem({
            {"user", "is missing: an e-mail or an id."}
        });
    for (const LocalUser& user : local.users) {
        if (user.id != *wanted && !http::equal_ignoring_case(user.email, *wanted)) continue;
        return http::json_response(200, {
                                            {"access_token", local.mint(user)      },
                                            {"token_type",   "bearer"              },
                                            {"expires_in",   local.lifetime.count()},
                                            {"user",         user_json(user)       }
        });
    }
    return refusal({ErrorCode::not_found, "There is no such local user."});
}

}  // namespace

void add_local_routes(http::Router& router, const Services& services) {
    const LocalSignIn& local = *services.local_sign_in;
    router.on("GET /api/local/users",
              [&local](const http::Request& request) -> Task<http::Response> {
                  co_return list(local, request);
              });
    router.on("POST /api/local/sign-in",
              [&services, &local](const http::Request& request) -> Task<http::Response> {
                  if (const auto allowed = services.within_limits(request, nullptr); !allowed) {
                      co_return refusal(allowed.error());
                  }
                  co_return sign_in(local, request);
              });
}

}  // namespace paydesk::api
