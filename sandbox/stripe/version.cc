#include "sandbox/stripe/version.h"

#include <array>
#include <cctype>
#include <utility>

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::array<std::pair<std::string_view, Shape>, 5> names = {
    {
     {"acacia", Shape::acacia},
     {"basil", Shape::basil},
     {"clover", Shape::clover},
     {"dahlia", Shape::dahlia},
     {"endive", Shape::endive},
     }
};

bool is_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i != 4 && i != 7 && !std::isdigit(static_cast<unsigned char>(text[i]))) return false;
    }
    const int month = (text[5] - '0') * 10 + (text[6] - '0');
    const int day = (text[8] - '0') * 10 + (text[9] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

}  // namespace

std::optional<Version> Version::parse(std::string_view name) {
    const auto dot = name.find('.');
    const auto date = name.substr(0, dot);
    if (!is_date(date)) return std::nullopt;
    if (dot == std::string_view::npos) {
        // Names began with 2024-09-30.acacia; older ones share the shape of 2023-10-16 closely
        // enough for what is rendered here.
        if (date >= "2024-09-30" || date < "2020-08-27") return std::nullopt;
        return Version{std::string(name), Shape::v2023};
    }
    for (const auto& [suffix, shape] : names) {
        if (name.substr(dot + 1) == suffix) return Version{std::string(name), shape};
    }
    return std::nullopt;
}

Version Version::newest() { return {"2026-10-28.endive", Shape::endive}; }

}  // namespace paydesk::sandbox::stripe
