#pragma once
// The tries of one call to a provider: how many, how long between them, until when. What is worth another try is each
// client's own rule.

#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"

namespace paydesk::provider {

inline constexpr int retries_max = 3;  // tries after the first
inline constexpr std::chrono::milliseconds retry_delay_first{500};
inline constexpr std::chrono::milliseconds retry_delay_max{5'000};
inline constexpr std::chrono::seconds retry_after_max{30};  // longer: we give up at once
inline constexpr std::chrono::seconds call_time_max{60};    // no try begins after this

// What came of one try: a response, or none and why.
struct Try {
    std::optional<http::ClientResponse> response;
    std::string failure;
    bool never_sent = false;  // there was no connection: nothing can have come of it
};

// Safe to use from many coroutines of one thread at once.
class Retrier {
public:
    using Wait = std::function<Task<>(std::chrono::milliseconds)>;
    using Rule = std::function<bool(const Try&)>;

    // `name` of the metric paydesk_<name>_requests_total and of the log's <name>_retry. `wait`: where the waits between
    // tries happen; none: sleep_for(). The references outlive the retrier.
    Retrier(std::string_view name, asio::io_context& io, http::Transport& transport,
            const Clock& clock, Wait wait);

    // Sends `request`, and the same again as long as `is_worth_another_try` says so of the last try: at most
    // retries_max times, with jittered exponential back-off, Retry-After being a lower bound of the wait.
    // ENSURES: the last try is returned; none begins after call_time_max.
    Task<Try> send(http::ClientRequest request, Rule is_worth_another_try);

private:
    Task<Try> try_once(http::ClientRequest request);
    std::chrono::milliseconds back_off(int retry);

    const std::string name_;
    asio::io_context& io_;
    http::Transport& transport_;
    const Clock& clock_;
    const Wait wait_;
    std::minstd_rand jitter_;
};

}  // namespace paydesk::provider
