#pragma once
// A member of a JSON object as the very text that was sent.

#include <optional>
#include <string_view>

namespace paydesk::sandbox::paypal {

// The text of the value of `key` in the outermost object, without the space around it; the last one
// where the key comes twice. REQUIRES: `json` is valid JSON.
std::optional<std::string_view> raw_member(std::string_view json, std::string_view key);

}  // namespace paydesk::sandbox::paypal
