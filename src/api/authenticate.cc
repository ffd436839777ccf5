#include "api/authenticate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace paydesk::api {

db::Identity Caller::identity() const {
    if (!claims_json.empty()) return {"authenticated", claims_json};
    return {
        "authenticated",
        json::serialize(json::object{{"sub", account.value}, {"role", "authenticated"}}
        )
    };
}

Task<Result<Caller>> authenticate(auth::Verifier& verifier, const http::Request& request) {
    const auto principal = co_await verifier.authenticate(request);
    if (!principal) co_return principal.error();
    const bool service = principal->kind == auth::Principal::Kind::service;
    if (principal->account.value.empty()) {
        co_return Error{
            ErrorCode::forbidden,
            "The service key acts for an account: name it in the header Paydesk-Account."};
    }
    Caller caller{.account = principal->account,
                  .is_service = service,
                  .is_admin = principal->is_admin,
                  .is_anonymous = principal->is_anonymous,
                  .claims_json = service ? std::string{} : principal->claims_json};
    if (!principal->email.empty()) caller.email = principal->email;
    if (const auto claims = parse_json(caller.claims_json)) {
        if (const auto exp = int_at(*claims, {"exp"})) {
            caller.good_until = from_unix(*exp) + auth::clock_skew_max;
        }
    }
    co_return caller;
}

Task<bool> is_service(auth::Verifier& verifier, const http::Request& request) {
    if (!request.headers.contains("Authorization") && !request.headers.contains("apikey"))
        co_return false;
    const auto principal = co_await verifier.authenticate(request);
    co_return principal && principal->kind == auth::Principal::Kind::service;
}

Limits::Limits(const Clock& clock, auth::Rate per_account, auth::Rate per_address)
    : by_account_(per_account, rate_keys_max, clock),
      by_address_(per_address, rate_keys_max, clock) {}

std::string Limits::address_of(const http::Request& request) const {
    if (std::ranges::find(proxies_, request.remote_address) == proxies_.end())
        return request.remote_address;
    // The last one is what our own proxy saw; those before it anybody may write.
    std::string_view forwarded = request.headers.get("X-Forwarded-For");
    if (const auto comma = forwarded.rfind(','); comma != std::string_view::npos)
        forwarded.remove_prefix(comma + 1);
    while (forwarded.starts_with(' ')) forwarded.remove_prefix(1);
    return forwarded.empty() ? request.remote_address : std::string(forwarded);
}

Result<void> Limits::take(const http::Request& request, const Caller* caller) {
    if (caller != nullptr && caller->is_service) return {};
    auto wait = by_address_.take(address_of(request));
    if (!wait && caller != nullptr) wait = by_account_.take(caller->account.value);
    if (!wait) return {};
    return Error{ErrorCode::rate_limited,
                 fmt::format("Too many requests. Try again in {} s.", wait->count())};
}

}  // namespace paydesk::api
