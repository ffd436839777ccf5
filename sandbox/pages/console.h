#pragma once
// How the sandbox's own pages show objects of Stripe's.

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

// A link to the page of this object: an event's, a customer's, or /objects/ID. The id alone when
// there is no such object; "" for "".
std::string object_link(const stripe::Account& account, const std::string& id);

// In green what went well, in red what did not. `label`: what it says instead of the status.
std::string status_badge(std::string_view status, std::string_view label = {});

// `pretty` as preformatted text in which every id that is there is a link.
std::string linked_json(const stripe::Account& account, std::string_view pretty);

}  // namespace paydesk::sandbox
