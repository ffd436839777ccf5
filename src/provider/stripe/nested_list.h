#pragma once
// Nested lists of Stripe's objects come with their first elements and the URL of the rest.

#include "provider/stripe/client.h"

namespace paydesk::provider::stripe {

// The whole list, at most 20 further pages of it. `client` outlives the call.
Task<Answer> read_to_the_end(Client& client, json::value list);

}  // namespace paydesk::provider::stripe
