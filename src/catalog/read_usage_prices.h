#pragma once
// [[meter]] and [plan.usage.x] of plans.toml. Private to catalog/.

#include "catalog/plans_file.h"
#include "catalog/toml_reader.h"

namespace paydesk::catalog {

bool has_meter(const std::vector<Meter>& meters, std::string_view metric);

void read_meter(TomlReader& reader, const toml::table& table, std::vector<Meter>& meters);

// [plan.usage.api_calls]
void read_usage(TomlReader& reader, Plan& plan, const toml::node& node,
                const std::vector<Meter>& meters);

// What has a price must be charged somehow, and the provider's meters cannot do everything.
void check_charges(TomlReader& reader, const Catalogue& catalogue);

}  // namespace paydesk::catalog
