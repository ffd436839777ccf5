#include "sandbox/stripe/tax_places.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

struct Place {
    std::string_view country, state, percent, type;
};

// sandbox/README.md lists them.
constexpr Place places[] = {
    {"AT", "",   "20",    "vat"      },
    {"AU", "",   "10",    "gst"      },
    {"BE", "",   "21",    "vat"      },
    {"CA", "",   "5",     "gst"      },
    {"CH", "",   "8.1",   "vat"      },
    {"DE", "",   "19",    "vat"      },
    {"DK", "",   "25",    "vat"      },
    {"ES", "",   "21",    "vat"      },
    {"FI", "",   "25.5",  "vat"      },
    {"FR", "",   "20",    "vat"      },
    {"GB", "",   "20",    "vat"      },
    {"IE", "",   "23",    "vat"      },
    {"IN", "",   "18",    "igst"     },
    {"IT", "",   "22",    "vat"      },
    {"JP", "",   "10",    "jct"      },
    {"NL", "",   "21",    "vat"      },
    {"NO", "",   "25",    "vat"      },
    {"NZ", "",   "15",    "gst"      },
    {"PL", "",   "23",    "vat"      },
    {"PT", "",   "23",    "vat"      },
    {"SE", "",   "25",    "vat"      },
    {"SG", "",   "9",     "gst"      },
    {"US", "CA", "7.25",  "sales_tax"},
    {"US", "NY", "8.875", "sales_tax"},
    {"US", "TX", "6.25",  "sales_tax"},
    {"US", "WA", "6.5",   "sales_tax"},
    {"ZA", "",   "15",    "vat"      },
};

std::string name_of(std::string_view type) {
    if (type == "sales_tax") return "Sales Tax";
    std::string name(type);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name;
}

Object rate_of(const Place& place, bool inclusive) {
    Object rate = blank("tax_rate");
    const auto where = std::string(place.country) + std::string(place.state);
    rate["id"] = "txr_1Automatic" + where + (inclusive ? "Inclusive" : "Exclusive");
    rate["active"] = false;  // made by Stripe, not for use by hand
    rate["country"] = place.country;
    rate["created"] = 1'735'689'600;
    rate["display_name"] = name_of(place.type);
    rate["inclusive"] = inclusive;
    rate["jurisdiction"] =
        place.state.empty() ? json::value(place.country) : json::value(place.state);
    rate["jurisdiction_level"] = place.state.empty() ? "country" : "state";
    const auto units = percent_units(place.percent);
    rate["_percent"] = units;
    rate["percentage"] = percent_number(units);
    rate["effective_percentage"] = rate["percentage"];
    rate["state"] = place.state.empty() ? json::value(nullptr) : json::value(place.state);
    rate["tax_type"] = place.type;
    return rate;
}

const std::map<std::string, Object, std::less<>>& all_rates() {
    static const auto rates = [] {
        std::map<std::string, Object, std::less<>> made;
        for (const Place& place : places) {
            for (const bool inclusive : {false, true}) {
                Object rate = rate_of(place, inclusive);
                const auto id = text(rate, "id");
                made.emplace(id, std::move(rate));
            }
        }
        return made;
    }();
    return rates;
}

}  // namespace

const Object* automatic_rate(std::string_view country, std::string_view state, bool inclusive) {
    for (const Place& place : places) {
        if (place.country != country || (!place.state.empty() && place.state != state)) continue;
        return automatic_rate("txr_1Automatic" + std::string(place.country) +
                              std::string(place.state) + (inclusive ? "Inclusive" : "Exclusive"));
    }
    return nullptr;
}

const Object* automatic_rate(std::string_view id) {
    const auto found = all_rates().find(id);
    return found == all_rates().end() ? nullptr : &found->second;
}

std::int64_t percent_units(std::string_view decimal) {
    const auto point = decimal.find('.');
    const auto whole = decimal.substr(0, point);
    std::string fraction(point == std::string_view::npos ? "" : decimal.substr(point + 1));
    while (fraction.ends_with('0')) fraction.pop_back();
    const auto digits = [](std::string_view part) {
        return part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (whole.empty() || whole.size() > 3 || fraction.size() > 4) return -1;
    if (!digits(whole) || !digits(fraction)) return -1;
    fraction.resize(4, '0');
    return std::stoll(std::string(whole)) * 10'000 + std::stoll(fraction);
}

json::value percent_number(std::int64_t units) {
    if (units % 10'000 == 0) return units / 10'000;
    return static_cast<double>(units) / 10'000;
}

}  // namespace paydesk::sandbox::stripe
