#pragma once
// What every route has in common, in one place: the token, the limits, the idempotency key.

#include <functional>
#include <string>

#include "api/services.h"
#include "http/server.h"

namespace paydesk::api {

// A route's own work; refusals come as problem responses. `request` lives until it has ended.
using UserWork = std::function<Task<http::Response>(const http::Request& request, Caller caller)>;

// Reads: the caller, then the work.
http::Handler for_user(const Services& services, UserWork work);

// POSTs that cost: the caller, the rate limits, the Idempotency-Key (idempotency.h), then the work.
http::Handler for_user_once(const Services& services, UserWork work);

// Routes of the operator: users whose token says so (app_metadata.role), and services. Others get
// `forbidden`. `caller.account` is the operator's own.
http::Handler for_admin(const Services& services, UserWork work);
http::Handler for_admin_once(const Services& services, UserWork work);

// How the audit log names the caller: "admin:<uuid>", "service".
std::string actor_of(const Caller& caller);

}  // namespace paydesk::api
