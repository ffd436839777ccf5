// GET /api/admin/explain
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/json.h"
#include "explain/explain.h"

namespace paydesk::api {
namespace {

constexpr std::size_t id_bytes_max = 320;

Task<http::Response> explain_one(const Services& services, const http::Request& request) {
    QueryFields query(request.query);
    const auto kind = query.required_choice("kind", {"balance", "invoice", "subscription"});
    const auto id = query.required_text("id", id_bytes_max);
    if (auto refused = query.refused()) co_return *refused;
    const explain::Parts parts{.db = services.db, .normalise = services.normalise};
    const auto explanation = co_await explain::explain(parts, *explain::parse_subject(*kind), *id);
    if (!explanation) co_return refusal(explanation.error());
    co_return http::json_response(200, json::object{
                                           {"explanation", explanation->to_json()}
    });
}

}  // namespace

void add_explain_routes(http::Router& router, const Services& services) {
    router.on("GET /api/admin/explain",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return explain_one(services, request);
              }));
}

}  // namespace paydesk::api
