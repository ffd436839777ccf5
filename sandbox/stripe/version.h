#pragma once
// Versions of the Stripe API, by the shape that their objects have.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace paydesk::sandbox::stripe {

// Only the first version of a name breaks; later months of it are additive (facts of the API), so
// one shape a name is enough. Ordered by time.
enum class Shape : std::uint8_t { v2023, acacia, basil, clover, dahlia, endive };

struct Version {
    std::string name;  // "2024-11-20.acacia", as the caller wrote it
    Shape shape = Shape::endive;

    // Nothing when no such version can exist ("soon", "2024-13-40.acacia", "2025-01-01.fern").
    static std::optional<Version> parse(std::string_view name);
    static Version newest();
};

}  // namespace paydesk::sandbox::stripe
