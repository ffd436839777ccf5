#pragma once
// Stripe's HTTP protocol around the routes: keys, versions, parameters, idempotency, expansion,
// errors, headers.
//
//     request ──▶ key ──▶ version ──▶ idempotency ──▶ route ──▶ parameters ──▶ action
//                                                                              │
//     response ◀── headers ◀── expand ◀── render in the caller's version ◀─────┘

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "base/task.h"
#include "http/message.h"
#include "sandbox/faults.h"
#include "sandbox/rate_limit.h"
#include "sandbox/recorder.h"
#include "sandbox/stripe/account.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::size_t idempotency_key_bytes_max = 255;
inline constexpr std::int64_t idempotency_seconds = 24 * 3600;

// Refuses with 401 a request without a test key.
void check_key(const http::Request& request);

class Api {
public:
    // All outlive the api.
    Api(asio::io_context& io, Account& account, Recorder& recorder, Faults& faults,
        RateLimit& limit);

    // Answers anything under /v1. Never throws for what the caller did wrong.
    Task<http::Response> handle(const http::Request& request);

    // Every call waits this long before it executes: makes calls overlap. For tests.
    void set_latency(std::chrono::milliseconds latency) { latency_ = latency; }

private:
    Task<http::Response> handle_unfaulted(const http::Request& request,
                                          const std::string& request_id);
    struct Answer {
        int status = 200;
        json::value body;
        bool validated = false;  // the action ran: its outcome may be stored under the key
    };
    Answer execute(const http::Request& request, const Version& version,
                   const std::string& request_id);
    // The stored answer to an earlier call with this key. Refuses another request under it.
    std::optional<http::Response> replay(const std::string& given, const http::Request& request,
                                         const std::string& request_id) const;
    // Refuses with 409 while another call with this key executes.
    void hold(const std::string& given);
    void store_answer(const std::string& given, const http::Request& request, const Answer& answer,
                      const std::string& request_id);
    void record(const http::Request& request, const http::Response& response,
                const std::string& version);

    asio::io_context& io_;
    Account& account_;
    Recorder& recorder_;
    Faults& faults_;
    RateLimit& limit_;
    Routes routes_ = all_routes();
    std::set<std::string> in_flight_;  // idempotency keys
    std::chrono::milliseconds latency_{0};
};

}  // namespace paydesk::sandbox::stripe
