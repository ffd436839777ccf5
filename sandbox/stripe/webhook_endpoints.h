#pragma once
// Webhook endpoints, and the one that the command line names.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// The endpoint given by --webhook-url: made once, updated at every start. Commits.
// `version` "" means the account's default.
void keep_endpoint(Account& account, const std::string& url, const std::string& secret,
                   const std::string& version);

}  // namespace paydesk::sandbox::stripe
