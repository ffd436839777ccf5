#pragma once
// From auth/'s Principal to the Caller of a route, and who may ask how often.

#include <memory>

#include "api/services.h"
#include "auth/rate_limit.h"
#include "auth/verifier.h"

namespace paydesk::api {

// The caller for whom a route of a person works. A service must name the account it acts for.
// Refuses with unauthenticated, invalid_input, unavailable, and forbidden (a service without one).
Task<Result<Caller>> authenticate(auth::Verifier& verifier, const http::Request& request);

// Whether the request carries the service key or a service_role token.
Task<bool> is_service(auth::Verifier& verifier, const http::Request& request);

inline constexpr auth::Rate rate_per_account{.burst = 20, .per_minute = 60};
inline constexpr auth::Rate rate_per_address{.burst = 60, .per_minute = 300};
inline constexpr std::size_t rate_keys_max = 10'000;

// Limits on what costs: per account where there is one, and per address. A service is not limited.
class Limits {
public:
    explicit Limits(const Clock& clock, auth::Rate per_account = rate_per_account,
                    auth::Rate per_address = rate_per_address);

    // `trusted_proxies`: peers whose X-Forwarded-For says who the client is.
    void trust(std::vector<std::string> proxies) { proxies_ = std::move(proxies); }

    // Refuses with rate_limited and says how long to wait.
    Result<void> take(const http::Request& request, const Caller* caller);

private:
    std::string address_of(const http::Request& request) const;

    auth::RateLimiter by_account_, by_address_;
    std::vector<std::string> proxies_;
};

}  // namespace paydesk::api
