// GET /api/session, GET /api/config
#include "api/call.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

json::value or_null(const std::optional<std::string>& text) {
    return text ? json::value(json::string(*text)) : json::value();
}

http::Response session_of(const Caller& caller) {
    return http::json_response(200,
                               {
                                   {"user",
                                    {{"id", caller.account.value},
                                     {"account_id", caller.account.value},
                                     {"email", or_null(caller.email)},
                                     {"role", caller.is_service ? "service_role" : "authenticated"},
                                     {"is_admin", caller.is_admin},
                                     {"is_anonymous", caller.is_anonymous}}}
    });
}

http::Response config_of(const Services& services) {
    json::array providers{"stripe"};
    if (services.flows.paypal) providers.emplace_back("paypal");
    return http::json_response(200, {
                                        {"local_sign_in",     services.local_sign_in.has_value() },
                                        {"sandbox_url",       or_null(services.sandbox_url)      },
                                        {"livemode",          services.livemode                  },
                                        {"providers",         std::move(providers)               },
                                        {"supabase_url",      or_null(services.supabase_url)     },
                                        {"supabase_anon_key", or_null(services.supabase_anon_key)},
                                        {"version",           PAYDESK_VERSION                    }
    });
}

}  // namespace

void add_session_routes(http::Router& router, const Services& services) {
    router.on("GET /api/session",
              for_user(services, [](const http::Request&, Caller caller) -> Task<http::Response> {
                  co_return session_of(caller);
              }));
    router.on("GET /api/config", [&services](const http::Request&) -> Task<http::Response> {
        co_return config_of(services);
    });
}

}  // namespace paydesk::api
