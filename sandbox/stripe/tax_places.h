#pragma once
// The sandbox's whole knowledge of tax law: one rate for a country, or for a state of the US.

#include <string_view>

#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

// The tax_rate for a place; nullptr where nothing is collected. `inclusive`: of the price.
const Object* automatic_rate(std::string_view country, std::string_view state, bool inclusive);
// By its id; nullptr when it is none of these.
const Object* automatic_rate(std::string_view id);

// 200000 of "20", 81000 of "8.1": ten-thousandths of a percent point; -1 for anything else.
std::int64_t percent_units(std::string_view decimal);
// As JSON shows it: only for reading.
json::value percent_number(std::int64_t units);

}  // namespace paydesk::sandbox::stripe
