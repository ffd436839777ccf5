#pragma once
// Bearer token -> Principal.
//
// Users bring a Supabase access token (or one that `paydesk up` minted). Services bring the service
// key, or the legacy service_role JWT, and act for the account named by the header Paydesk-Account.
//
// What cannot happen here: `alg` in a token's header chooses nothing. HS256 is checked with the
// secret and with nothing else; ES256 and RS256 with the key of that kid, if that key is for that
// algorithm; everything else is refused. user_metadata, which users write, is never read.

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/jwks.h"
#include "auth/jwt.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"
#include "http/message.h"

namespace paydesk::auth {

inline constexpr std::chrono::seconds clock_skew_max{30};
inline constexpr std::size_t verified_tokens_max = 4096;
inline constexpr std::chrono::minutes verified_token_age_max{10};

struct VerifierOptions {
    std::string jwt_secret = {};  // SUPABASE_JWT_SECRET; "" refuses every HS256 token
    std::string jwks_url = {};    // "" refuses every ES256 and RS256 token
    std::string issuer = {};      // what `iss` must equal; "" takes any
    std::vector<std::string> service_keys = {};  // compared in constant time; "" is no key
    bool allow_client_tokens = false;            // tokens of third-party apps (claim client_id)
};

class Verifier {
public:
    // REQUIRES: transport and clock outlive it and the io_context's last turn; one thread.
    Verifier(VerifierOptions options, http::Transport& transport, const Clock& clock);

    // `bearer` without the word "Bearer"; `acting_for` is the value of Paydesk-Account, or "".
    //
    // Refuses with, in this order:
    //   unauthenticated  no token; not well-formed; wrong algorithm, key or signature; then by its
    //                    claims: no exp, expired (30 s of skew), not valid yet, the anonymous API
    //                    key, other issuer, role not "authenticated", aud without "authenticated",
    //                    a third party's token, sub not a UUID
    //   unavailable      the key is not known and the sign-in service does not answer
    //   invalid_input    a service names an account that is not a UUID
    Task<Result<Principal>> verify(std::string bearer, std::string acting_for = {});

    // The same for a request: "Authorization: Bearer ...", or "apikey: <service key>" without it.
    Task<Result<Principal>> authenticate(const http::Request& request);

    std::size_t tokens_kept() const { return verified_.size(); }  // at most verified_tokens_max

private:
    struct Verified {
        Principal principal;
        std::int64_t until;  // unix seconds
    };

    bool is_service_key(std::string_view text) const;
    Task<Result<void>> check_signature(const Token& token);
    Result<Verified> check_claims(const Token& token) const;
    Result<Principal> user_of(const Token& token) const;
    const Principal* cached(const std::string& digest) const;
    void keep(const std::string& digest, Verified verified);

    VerifierOptions options_;
    const Clock& clock_;
    std::shared_ptr<Jwks> jwks_;
    std::unordered_map<std::string, Verified> verified_;  // by SHA-256 of the token
    std::deque<std::string> order_;                       // oldest first
};

}  // namespace paydesk::auth
