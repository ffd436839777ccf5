#pragma once
// The encodings of mail: transfer encodings, encoded words, charsets, fields with parameters.
//
// Mail in the wild is often slightly wrong, so nothing here refuses: what cannot be read is left
// out or becomes U+FFFD. All text that comes out is UTF-8.

#include <map>
#include <string>
#include <string_view>

namespace paydesk::sandbox {

// Skips what is no base64 (line ends, blanks), stops at the padding.
std::string from_base64(std::string_view encoded);
// RFC 2045 6.7; an '=' that begins nothing stays.
std::string from_quoted_printable(std::string_view encoded);
// An unknown charset is taken for UTF-8.
std::string to_utf8(std::string_view bytes, std::string_view charset);
// "=?UTF-8?B?w5xiZXI=?= us" -> "Über us" (RFC 2047).
std::string decoded_words(std::string_view field);

// "multipart/mixed; boundary=x" -> {"multipart/mixed", {boundary: "x"}}. The value and the names
// are in lower case; parameters in pieces, percents and charsets (RFC 2231) are put together.
struct ParameterField {
    std::string value;
    std::map<std::string, std::string> parameters;
    std::string parameter(const std::string& name) const;
};
ParameterField parameter_field(std::string_view field);

std::string lower_case(std::string_view text);

}  // namespace paydesk::sandbox
