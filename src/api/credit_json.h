#pragma once
// Credits as the API shows them.

#include <boost/json.hpp>

#include "credits/ledger.h"

namespace paydesk::api {

boost::json::object bucket_json(const credits::Grant& grant);
boost::json::object hold_json(const credits::Hold& hold);

}  // namespace paydesk::api
