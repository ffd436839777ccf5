#pragma once
// PayPal's HTTP protocol around the routes: tokens, request ids, mocks, errors, headers.
//
//     request ──▶ fault ──▶ token ──▶ route ──▶ body ──▶ request id ──▶ mock ──▶ action
//                                                                                 │
//     response ◀── headers ◀── Prefer ◀────────────────────────────────────────────┘

#include <chrono>
#include <set>
#include <string>

#include "base/task.h"
#include "http/message.h"
#include "sandbox/faults.h"
#include "sandbox/paypal/account.h"
#include "sandbox/paypal/keys.h"
#include "sandbox/paypal/routes.h"
#include "sandbox/paypal/token.h"
#include "sandbox/rate_limit.h"
#include "sandbox/recorder.h"

namespace paydesk::sandbox::paypal {

class Api {
public:
    // All outlive the api.
    Api(asio::io_context& io, Account& account, Keys& keys, Recorder& recorder, Faults& faults,
        RateLimit& limit);

    // Answers /v1 and /v2 below /paypal; `request.path` is without it. Never throws for what the caller
    // did wrong.
    Task<http::Response> handle(const http::Request& request);

    void set_credentials(Credentials credentials) { credentials_ = std::move(credentials); }
    const Credentials& credentials() const { return credentials_; }
    // Every call waits this long before it executes: makes calls overlap. For tests.
    void set_latency(std::chrono::milliseconds latency) { latency_ = latency; }

private:
    Task<http::Response> handle_unfaulted(const http::Request& request, std::string debug_id);
    http::Response execute(const http::Request& request, const Route& route, Call& call,
                           const std::string& replay_id, const std::string& debug_id);
    void remember(const std::string& replay_id, std::int64_t seconds, const Answer& answer);
    void record(const http::Request& request, const http::Response& response);

    asio::io_context& io_;
    Account& account_;
    Keys& keys_;
    Recorder& recorder_;
    Faults& faults_;
    RateLimit& limit_;
    Credentials credentials_;
    Routes routes_ = all_routes();
    std::set<std::string> in_flight_;  // request ids
    std::chrono::milliseconds latency_{0};
};

}  // namespace paydesk::sandbox::paypal
