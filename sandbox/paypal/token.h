#pragma once
// OAuth: POST /v1/oauth2/token, and the bearer tokens that it gives.

#include <string>

#include "http/message.h"
#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

struct Credentials {
    std::string client_id = "paydesk_sandbox_client";
    std::string client_secret = "paydesk_sandbox_secret";
};

inline constexpr std::int64_t token_seconds = 32'400;  // nine hours, on the sandbox's clock

// Good for token_seconds, as the route gives it. Commits.
std::string new_token(Account& account);

// 200 with a token, 401 invalid_client, 400 unsupported_grant_type. Commits.
http::Response answer_token(Account& account, const Credentials& credentials,
                            const http::Request& request);

// Nothing when the request carries a live token; else the 401.
std::optional<http::Response> refuse_token(const Account& account, const http::Request& request,
                                           const std::string& debug_id);

}  // namespace paydesk::sandbox::paypal
