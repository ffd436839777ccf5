#pragma once
// [[plan]], [[top_up]] and [[product]] of plans.toml. Private to catalog/.

#include "catalog/plans_file.h"
#include "catalog/toml_reader.h"

namespace paydesk::catalog {

// Each is added to the catalogue, whose meters are read already.
void read_plan(TomlReader& reader, const toml::table& table, Catalogue& catalogue);
void read_bought_once(TomlReader& reader, const toml::table& table, PlanKind kind,
                      Catalogue& catalogue);

}  // namespace paydesk::catalog
