#pragma once
// Whether a request comes from this machine itself.

#include "http/message.h"

namespace paydesk::api {

// A loopback peer, and no proxy between: what a proxy on this machine forwards comes from anywhere.
bool is_from_this_machine(const http::Request& request);

// And addressed to it by a name that nobody else can make point here (DNS rebinding).
bool is_addressed_to_this_machine(const http::Request& request);

}  // namespace paydesk::api
