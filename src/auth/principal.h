#pragma once
// Who asks. What the rest of the tree knows of tokens.

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace paydesk::auth {

struct Principal {
    enum class Kind : std::uint8_t { user, service };

    Kind kind = Kind::user;
    // A user's own (the token's sub). For a service the account that it acts for, named by the
    // header Paydesk-Account; empty when it names none.
    AccountId account = {};
    std::string role = {};        // "authenticated" or "service_role"
    std::string email = {};       // of a user; may be empty
    bool is_admin = false;        // app_metadata.role is admin or super_admin; never user_metadata
    bool is_anonymous = false;    // an anonymous sign-in: has an id, but nobody to bill
    std::string aal = {};         // "aal1", "aal2"; empty where the token does not say
    std::string session_id = {};  // of a user; may be empty
    // The verified claims as JSON, fit for set_config('request.jwt.claims', ...). Of a user only.
    std::string claims_json = {};
};

}  // namespace paydesk::auth
