#pragma once
// A subscription as the API shows it: its columns and what it is worth now.

#include <boost/json.hpp>

#include "api/services.h"
#include "db/database.h"

namespace paydesk::api {

// REQUIRES: a row of one of the read_*subscription statements (billing/read_billing.h).
boost::json::object subscription_json(const Services& services, const db::Rows& rows,
                                      std::size_t row);

}  // namespace paydesk::api
