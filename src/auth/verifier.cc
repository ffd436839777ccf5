#include "auth/verifier.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/json.h"
#include "base/metrics.h"

namespace paydesk::auth {

namespace {

constexpr std::string_view user_role = "authenticated";
constexpr std::string_view service_role = "service_role";

Error refused(std::string message, std::string detail = {}) {
    return {ErrorCode::unauthenticated, std::move(message), std::move(detail)};
}

const Error bad_signature{ErrorCode::unauthenticated,
                          "The access token is not one of ours: sign in again.",
                          "signature or key"};

std::string text_at(const json::value& claims, std::initializer_list<std::string_view> path) {
    return string_at(claims, path).value_or("");
}

// A string, or an array that holds it (RFC 7519 4.1.3).
bool is_for_users(const json::value& claims) {
    if (string_at(claims, {"aud"}) == user_role) return true;
    const json::value* audience = at_path(claims, {"aud"});
    if (audience == nullptr || !audience->is_array()) return false;
    return std::ranges::any_of(audience->get_array(), [](const json::value& one) {
        return one.is_string() && std::string_view(one.get_string()) == user_role;
    });
}

Result<Principal> service_for(const std::string& acting_for) {
    Principal principal{.kind = Principal::Kind::service, .role = std::string(service_role)};
    if (!acting_for.empty()) {
        auto account = parse_uuid(acting_for);
        if (!account) {
            return Error{ErrorCode::invalid_input,
                         "Paydesk-Account must be the id of an account, a UUID."};
        }
        principal.account = {*std::move(account)};
    }
    return principal;
}

}  // namespace

Verifier::Verifier(VerifierOptions options, http::Transport& transport, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      jwks_(std::make_shared<Jwks>(options_.jwks_url, transport, clock)) {
    std::erase(options_.service_keys, "");
}

bool Verifier::is_service_key(std::string_view text) const {
    bool found = false;
    for (const std::string& key : options_.service_keys) found |= constant_time_equal(key, text);
    return found;
}

Task<Result<void>> Verifier::check_signature(const Token& token) {
    if (token.alg == "HS256") {
        if (options_.jwt_secret.empty()) co_return bad_signature;
        const std::string expected = hmac_sha256(options_.jwt_secret, token.signed_part);
        if (!constant_time_equal(expected, token.signature)) co_return bad_signature;
        co_return Result<void>();
    }
    const bool by_key = token.alg == "ES256" || token.alg == "RS256";
    if (!by_key || token.kid.empty() || options_.jwks_url.empty()) co_return bad_signature;
    const Jwks::Found found = co_await jwks_->find(token.kid);
    if (!found.key && !found.reliable) {
        co_return Error{ErrorCode::unavailable,
                        "Sign-ins cannot be checked just now: try again soon.",
                        "the key set cannot be fetched"};
    }
    if (!found.key || found.key->alg() != token.alg ||
        !found.key->verifies(token.signed_part, token.signature))
        co_return bad_signature;
    co_return Result<void>();
}

Result<Principal> Verifier::user_of(const Token& token) const {
    const json::value& claims = token.claims;
    if (text_at(claims, {"role"}) == "anon")
        return refused("This is the public API key. Sign in, and send the session's access token.",
                       "role anon");
    if (!options_.issuer.empty() && text_at(claims, {"iss"}) != options_.issuer)
        return refused("This access token is from another project.", "iss");
    if (text_at(claims, {"role"}) != user_role)
        return refused("This access token is not a signed-in user's.", "role");
    if (!is_for_users(claims))
        return refused("This access token is not a signed-in user's.", "aud");
    if (at_path(claims, {"client_id"}) != nullptr && !options_.allow_client_tokens)
        return refused("Access tokens of third-party apps are not accepted.", "client_id");
    auto account = parse_uuid(text_at(claims, {"sub"}));
    if (!account)
        return refused("This access token is not a signed-in user's.", "sub is not a UUID");

    const std::string app_role = text_at(claims, {"app_metadata", "role"});
    return Principal{.kind = Principal::Kind::user,
                     .account = {*std::move(account)},
                     .role = std::string(user_role),
                     .email = without_nul(text_at(claims, {"email"})),
                     .is_admin = app_role == "admin" || app_role == "super_admin",
                     .is_anonymous = bool_at(claims, {"is_anonymous"}).value_or(false),
                     .aal = text_at(claims, {"aal"}),
                     .session_id = text_at(claims, {"session_id"}),
                     .claims_json = storable(claims)};
}

Result<Verifier::Verified> Verifier::check_claims(const Token& token) const {
    const std::int64_t now = to_unix(clock_.now()), skew = clock_skew_max.count();
    const auto expires = int_at(token.claims, {"exp"});
    if (!expires) return refused("The access token has no expiry.", "exp");
    if (now - skew >= *expires) return refused("Your session has expired: sign in again.", "exp");
    if (at_path(token.claims, {"nbf"}) != nullptr) {
        const auto not_before = int_at(token.claims, {"nbf"});
        if (!not_before || *not_before > now + skew)
            return refused("The access token is not valid yet.", "nbf");
    }
    const std::int64_t age_max =
        std::chrono::duration_cast<std::chrono::seconds>(verified_token_age_max).count();
    const std::int64_t until = *expires > now + age_max ? now + age_max : *expires + skew;

    // The legacy API keys are signed with the very secret of the users' tokens; they have neither
    // sub nor aud, and "supabase" for an issuer.
    const bool by_secret = token.alg == "HS256";
    if (by_secret && text_at(token.claims, {"role"}) == service_role &&
        at_path(token.claims, {"sub"}) == nullptr)
        return Verified{service_for({}).value(), until};

    auto user = user_of(token);
    if (!user) return user.error();
    return Verified{*std::move(user), until};
}

const Principal* Verifier::cached(const std::string& digest) const {
    const auto at = verified_.find(digest);
    if (at == verified_.end() || to_unix(clock_.now()) >= at->second.until) return nullptr;
    return &at->second.principal;
}

void Verifier::keep(const std::string& digest, Verified verified) {
    const bool added = verified_.insert_or_assign(digest, std::move(verified)).second;
    if (!added) return;
    order_.push_back(digest);
    if (order_.size() > verified_tokens_max) {
        verified_.erase(order_.front());
        order_.pop_front();
    }
}

Task<Result<Principal>> Verifier::verify(std::string bearer, std::string acting_for) {
    if (bearer.empty())
        co_return refused("Sign in: this needs the header Authorization: Bearer <access token>.");
    if (is_service_key(bearer)) co_return service_for(acting_for);
    if (bearer.size() > token_bytes_max) co_return parse_token(bearer).error();

    const std::string digest = sha256(bearer);
    std::optional<Principal> principal;
    if (const Principal* hit = cached(digest)) {
        principal = *hit;
    } else {
        const auto token = parse_token(bearer);
        if (!token) co_return token.error();
        const auto signature = co_await check_signature(*token);
        if (!signature) co_return signature.error();
        auto verified = check_claims(*token);
        if (!verified) co_return verified.error();
        principal = verified->principal;
        keep(digest, *std::move(verified));
    }
    if (principal->kind == Principal::Kind::service) co_return service_for(acting_for);
    co_return *std::move(principal);
}

Task<Result<Principal>> Verifier::authenticate(const http::Request& request) {
    constexpr std::string_view scheme = "Bearer ";
    const std::string_view authorization = request.headers.get("Authorization");
    std::string bearer;
    if (authorization.size() > scheme.size() &&
        http::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme)) {
        bearer = authorization.substr(scheme.size());
    } else if (const std::string_view key = request.headers.get("apikey");
               authorization.empty() && is_service_key(key)) {
        bearer = key;
    }
    auto principal =
        co_await verify(std::move(bearer), std::string(request.headers.get("Paydesk-Account")));
    if (!principal) {
        metrics::count("auth_refused_total", {
                                                 {"code", info(principal.error().code).name}
        });
    }
    co_return principal;
}

}  // namespace paydesk::auth
