#include "sandbox/paypal/token.h"

#include "base/crypto.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t tokens_max = 100;  // the oldest give way

http::Response oauth_refusal(int status, std::string_view error, std::string_view description) {
    return {
        .status = status,
        .body = json::serialize(Object{{"error", error}, {"error_description", description}}
          )
    };
}

bool is_client(const http::Request& request, const Credentials& credentials) {
    const auto header = request.headers.get("Authorization");
    if (!header.starts_with("Basic ")) return false;
    const auto decoded = base64_decode(header.substr(6));
    return decoded &&
           constant_time_equal(*decoded, credentials.client_id + ":" + credentials.client_secret);
}

}  // namespace

std::string new_token(Account& account) {
    Store& store = account.store();
    while (store.ids(kind::token).size() >= tokens_max) {
        const std::string oldest = store.ids(kind::token).front();
        store.erase(oldest);
    }
    auto token = "A21AA" + account.chance().alphanumeric(Chance::Stream::changing_calls, 92);
    store.add(kind::token, token,
              Object{
                  {"id",      token                        },
                  {"expires", account.now() + token_seconds}
    });
    account.commit();
    return token;
}

http::Response answer_token(Account& account, const Credentials& credentials,
                            const http::Request& request) {
    if (!is_client(request, credentials)) {
        return oauth_refusal(401, "invalid_client", "Client Authentication failed");
    }
    std::string grant;
    for (const auto& [key, value] : http::parse_form(request.body)) {
        if (key == "grant_type") grant = value;
    }
    if (grant != "client_credentials") {
        return grant.empty() ? oauth_refusal(400, "invalid_request", "Grant Type is NULL")
                             : oauth_refusal(400, "unsupported_grant_type",
                                             "The sandbox gives tokens for client_credentials");
    }
    const auto token = new_token(account);
    const auto nonce = time_text(account.now()) +
                       account.chance().alphanumeric(Chance::Stream::changing_calls, 43);
    return {
        .body =
            json::serialize(Object{{"scope",
                                    "https://uri.paypal.com/services/payments/payment/authcapture "
                                    "https://uri.paypal.com/services/payments/refund "
                                    "https://uri.paypal.com/services/subscriptions "
                                    "https://uri.paypal.com/services/applications/webhooks openid"},
                                   {"access_token", token},
                                   {"token_type", "Bearer"},
                                   {"app_id", "APP-PAYDESKSANDBOX"},
                                   {"expires_in", token_seconds},
                                   {"nonce", nonce}}
            )
    };
}

std::optional<http::Response> refuse_token(const Account& account, const http::Request& request,
                                           const std::string& debug_id) {
    const auto header = request.headers.get("Authorization");
    if (!header.starts_with("Bearer ")) {
        return http::Response{.status = 401,
                              .body = json::serialize(Refusal{.status = 401}.body(debug_id))};
    }
    const auto* token = account.find(kind::token, header.substr(7));
    if (!token) {
        return oauth_refusal(401, "invalid_token", "Token signature verification failed");
    }
    if (number(*token, "expires") <= account.now()) {
        return oauth_refusal(401, "invalid_token", "The token has expired");
    }
    return std::nullopt;
}

}  // namespace paydesk::sandbox::paypal
