#include "auth/jwt.h"

#include "base/crypto.h"
#include "base/json.h"

namespace paydesk::auth {

namespace {

Error malformed(const char* detail) {
    return {ErrorCode::unauthenticated, "The access token is not well-formed.", detail};
}

Result<json::value> object_part(std::string_view part) {
    const auto bytes = base64url_decode(part);
    if (!bytes) return malformed("a part is not base64url");
    auto value = parse_json(*bytes, token_bytes_max);
    if (!value || !value->is_object()) return malformed("a part is not a JSON object");
    return value;
}

}  // namespace

Result<Token> parse_token(std::string_view text) {
    if (text.size() > token_bytes_max) return malformed("longer than token_bytes_max");
    const std::size_t first = text.find('.');
    const std::size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
    if (second == text.npos || text.find('.', second + 1) != text.npos)
        return malformed("not three parts");

    const auto header = object_part(text.substr(0, first));
    if (!header) return header.error();
    const auto alg = string_at(*header, {"alg"});
    if (!alg) return malformed("no alg");
    if (header->get_object().contains("crit")) return malformed("crit");

    auto signature = base64url_decode(text.substr(second + 1));
    if (!signature) return malformed("the signature is not base64url");
    auto claims = object_part(text.substr(first + 1, second - first - 1));
    if (!claims) return claims.error();
    return Token{.alg = *alg,
                 .kid = string_at(*header, {"kid"}).value_or(""),
                 .signed_part = text.substr(0, second),
                 .signature = *std::move(signature),
                 .claims = *std::move(claims)};
}

std::string sign_hs256(const json::object& claims, std::string_view secret) {
    std::string token = base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." +
                        base64url_encode(json::serialize(claims));
    return token + "." + base64url_encode(hmac_sha256(secret, token));
}

}  // namespace paydesk::auth
