#pragma once
// Hashes, signatures and encodings over OpenSSL.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace paydesk {

// HMAC-SHA256 and SHA-256, raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);
std::string sha256(std::string_view message);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);

// Without padding, as in JWT (RFC 4648 section 5). Decoding gives nothing on any foreign character.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

// Takes as long for a wrong first byte as for a wrong last one.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace paydesk
