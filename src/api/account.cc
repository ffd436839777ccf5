// PATCH /api/account: what a person may say of their own account.
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"

namespace paydesk::api {
namespace {

// The account's row may not be there yet: it is made with the first checkout.
constexpr db::Statement set_language{"account_set_language", R"(
    insert into paydesk.accounts as a (account_id, email, language) values ($1, $2, $3)
    on conflict (account_id) do update set language = excluded.language)"};

Task<http::Response> change(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto language = body.text("language", 2);
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    if (!language || language->size() != 2 || !is_letter(language->front()) ||
        !is_letter(language->back())) {
        body.wrong("language", "must be two small letters, such as en or de.");
    }
    if (auto refused = body.refused()) co_return *refused;
    co_await services.db.run(set_language, {caller.account.value, caller.email, *language});
    co_return http::json_response(200, {
                                           {"language", *language}
    });
}

}  // namespace

void add_account_routes(http::Router& router, const Services& services) {
    router.on("PATCH /api/account",
              for_user_once(services, [&services](const http::Request& request, Caller caller) {
                  return change(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
