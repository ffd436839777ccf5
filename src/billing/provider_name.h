#pragma once
// A provider as rows and jobs spell it.

#include <optional>
#include <string_view>

#include "provider/change.h"

namespace paydesk::billing {

inline std::optional<provider::Name> parse_provider(std::string_view text) {
    for (const auto name : {provider::Name::stripe, provider::Name::paypal}) {
        if (provider::to_string(name) == text) return name;
    }
    return std::nullopt;
}

}  // namespace paydesk::billing
