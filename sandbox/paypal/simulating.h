#pragma once
// What an event that only pretends is about.

#include <string_view>

#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

// A resource of the type's shape whose ids name nothing; it is not kept.
Object pretended_resource(Account& account, std::string_view event_type);

}  // namespace paydesk::sandbox::paypal
