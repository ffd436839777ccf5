#pragma once
// A JSON Web Token taken apart (RFC 7519, 7515 compact form). Nothing in it is true until its
// signature has been checked. Inside auth/ only.

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace paydesk::auth {

inline constexpr std::size_t token_bytes_max = 16 * 1024;

struct Token {
    std::string alg;
    std::string kid;               // "" where the header has none
    std::string_view signed_part;  // of the text that was parsed
    std::string signature;         // raw bytes
    boost::json::value claims;     // an object
};

// Refuses with unauthenticated: longer than token_bytes_max, not three base64url parts, header or
// claims not JSON objects, no alg, a `crit` extension (which we could not honour).
// REQUIRES: `text` outlives the token.
Result<Token> parse_token(std::string_view text);

// Header, claims and an HMAC-SHA256 with `secret`.
std::string sign_hs256(const boost::json::object& claims, std::string_view secret);

}  // namespace paydesk::auth
