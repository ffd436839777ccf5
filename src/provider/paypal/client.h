#pragma once
// PayPal's HTTP protocol: one call, the token that it needs, its retries, and its answer or its typed error.
//
// What a call asks for is paypal_provider.h's business; here is how it is asked.

#include <boost/system/result.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/task.h"
#include "http/client.h"
#include "provider/provider.h"
#include "provider/remote_clock.h"
#include "provider/retry.h"

namespace paydesk::provider::paypal {

inline constexpr std::chrono::milliseconds connect_time_max{5'000};
inline constexpr std::chrono::milliseconds try_time_max{30'000};
inline constexpr std::size_t json_answer_bytes_max = 8 * 1024 * 1024;
inline constexpr std::size_t request_id_characters_max = 108;  // PayPal's limit for orders
inline constexpr std::chrono::seconds token_renewed_early{60};

struct PayPalError {
    int http_status = 0;    // 0: no answer came
    std::string name = {};  // "UNPROCESSABLE_ENTITY"; of a token that was refused "invalid_client"
    std::string issue = {}, field = {}, description = {};  // of the first of its details
    std::string message = {}, debug_id = {};
};

[[noreturn]] void throw_exception_from_error(const PayPalError& error,
                                             const boost::source_location&);

// The refusal of provider.h that `error` amounts to, by its issue where it has one. Its message is for people;
// PayPal's own words and the debug id, which its support asks for, are in the detail.
Error to_refusal(const PayPalError& error);

using Answer = boost::system::result<json::value, PayPalError>;

struct ClientOptions {
    std::string client_id, client_secret;               // REQUIRES: not empty
    std::string base_url = "https://api-m.paypal.com";  // PAYPAL_API_BASE, without a trailing '/'
    // Where the waits between tries happen. None: sleep_for(). Tests look at it and do not wait.
    Retrier::Wait wait = {};
};

// Safe to use from many coroutines of one thread at once: they share the token and its renewal.
class Client {
public:
    // `io`, `transport` and `clock` outlive the client.
    Client(asio::io_context& io, http::Transport& transport, const Clock& clock,
           ClientOptions options);
    ~Client();

    // `path` starts at the version: "/v2/checkout/orders/5O1". Whoever puts an id in it uses path_of() or
    // path_segment(). An empty answer (204) is an empty object. Every call asks for the whole object back.
    //
    // Tries again (retry.h) what may go well the next time: no answer, 429, 5xx, and 409
    // PREVIOUS_REQUEST_IN_PROGRESS. A 401 renews the token, once.
    Task<Answer> get(std::string path);
    // All tries carry the same PayPal-Request-Id, so it takes effect once.
    Task<Answer> post(std::string path, json::value body, IntentId intent);
    // For what takes no PayPal-Request-Id (suspend, cancel, activate, revise, PATCH): tried again only where
    // nothing can have come of it, on 429 and where there was no connection. After provider_unavailable look
    // what is.
    Task<Answer> act(std::string method, std::string path, json::value body);
    const RemoteClock& remote_clock() const { return remote_clock_; }
    // A question asked by POST, its body as it is: tried again like get().
    Task<Answer> ask(std::string path, std::string body);

private:
    enum class Repeat : std::uint8_t { freely, if_nothing_came_of_it };
    using Token = boost::system::result<std::string, PayPalError>;
    struct Renewal;

    Task<Answer> call(http::ClientRequest request, Repeat repeat);
    Task<Answer> tries(http::ClientRequest request, Repeat repeat);
    Task<Token> token(std::string refused);
    Task<Token> new_token();
    http::ClientRequest request_for(std::string method, const std::string& path) const;

    asio::io_context& io_;
    const Clock& clock_;
    RemoteClock remote_clock_;
    ClientOptions options_;
    Retrier retrier_;
    std::string token_;
    Instant token_until_{};
    std::shared_ptr<Renewal> renewal_;  // under way
};

// An id in a path.
std::string path_segment(std::string_view text);
// "/v2/checkout/orders/5O1".
std::string path_of(std::string_view collection, const Ref& object);

}  // namespace paydesk::provider::paypal
