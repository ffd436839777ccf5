#include "auth/local_tokens.h"

#include <boost/json.hpp>

#include "auth/jwt.h"
#include "base/assert.h"

namespace paydesk::auth {

std::string mint_local_token(std::string_view secret, const LocalUser& user, Instant now,
                             std::chrono::seconds lifetime, std::string_view issuer) {
    PD_ASSERT(!secret.empty() && lifetime.count() > 0);
    boost::json::object app_metadata = {
        {"provider", "paydesk"}
    };
    if (!user.app_role.empty()) app_metadata["role"] = user.app_role;
    boost::json::object claims = {
        {"sub",           user.account.value     },
        {"aud",           "authenticated"        },
        {"role",          "authenticated"        },
        {"email",         user.email             },
        {"iat",           to_unix(now)           },
        {"exp",           to_unix(now + lifetime)},
        {"aal",           "aal1"                 },
        {"session_id",    uuid_v7(now)           },
        {"is_anonymous",  false                  },
        {"app_metadata",  std::move(app_metadata)},
        {"user_metadata", boost::json::object()  },
    };
    if (!issuer.empty()) claims["iss"] = issuer;
    return sign_hs256(claims, secret);
}

}  // namespace paydesk::auth
