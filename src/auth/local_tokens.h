#pragma once
// Access tokens for the local sign-in of `paydesk up`: the claims of a Supabase token, signed with a
// secret that never leaves this machine. `paydesk serve` mints none.

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

namespace paydesk::auth {

struct LocalUser {
    AccountId account;
    std::string email;
    std::string app_role = {};  // "admin" for an administrator
};

// An HS256 token that a Verifier with the same secret (and issuer, if it asks for one) accepts.
// REQUIRES: the secret is not empty; the lifetime is positive.
std::string mint_local_token(std::string_view secret, const LocalUser& user, Instant now,
                             std::chrono::seconds lifetime = std::chrono::hours(12),
                             std::string_view issuer = {});

}  // namespace paydesk::auth
