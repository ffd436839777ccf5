#pragma once
// Stripe's HTTP protocol: one call, its retries, and its answer or its typed error.
//
// What a call asks for is stripe_provider.h's business; here is how it is asked.

#include <boost/system/result.hpp>
#include <chrono>
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
#include "provider/stripe/form.h"

namespace paydesk::provider::stripe {

// The version that we write our requests for and that answers come in. Webhooks come in the
// version of their endpoint, whatever we say here.
inline constexpr std::string_view api_version = "2026-10-28.endive";

inline constexpr std::chrono::milliseconds connect_time_max{5'000};
inline constexpr std::chrono::milliseconds try_time_max{30'000};
inline constexpr std::size_t json_answer_bytes_max = 8 * 1024 * 1024;
inline constexpr std::size_t idempotency_key_characters_max = 255;  // Stripe's limit

struct StripeError {
    int http_status = 0;  // 0: no answer came
    std::string type =
        {};  // "card_error", "invalid_request_error", "api_error", "idempotency_error"
    std::string code = {}, decline_code = {}, param = {}, message = {}, request_id = {},
                doc_url = {};
};

[[noreturn]] void throw_exception_from_error(const StripeError& error,
                                             const boost::source_location&);

// The refusal of provider.h that `error` amounts to. Its message is for people and holds nothing of
// Stripe's text, except for a declined card, where Stripe writes for the customer (but a card
// that is lost, stolen or suspected of fraud is only "declined": not for the customer to know).
Error to_refusal(const StripeError& error);

using Answer = boost::system::result<json::value, StripeError>;

struct ClientOptions {
    std::string secret_key;                           // REQUIRES: not empty
    std::string base_url = "https://api.stripe.com";  // STRIPE_API_BASE, without a trailing '/'
    std::string version = std::string(api_version);   // Stripe-Version
    // Where the waits between tries happen. None: sleep_for(). Tests look at it and do not wait.
    Retrier::Wait wait = {};
};

// Safe to use from many coroutines of one thread at once.
class Client {
public:
    // `io`, `transport` and `clock` outlive the client.
    Client(asio::io_context& io, http::Transport& transport, const Clock& clock,
           ClientOptions options);

    // `path` starts at the version: "/v1/customers/cus_1". Whoever puts an id in it uses path_of().
    //
    // Tries again (retry.h) what may go well the next time: no answer, 429, 409, 5xx.
    // Stripe-Should-Retry overrules that both ways (a 429 is tried again in any case). All tries of
    // one post() carry the same Idempotency-Key, so it takes effect once.
    Task<Answer> get(std::string path, Form query = {});
    Task<Answer> post(std::string path, Form form, IntentId intent);
    Task<Answer> del(std::string path, Form query = {});

    const RemoteClock& remote_clock() const { return remote_clock_; }

private:
    Task<Answer> call(http::ClientRequest request);
    http::ClientRequest request_for(std::string method, const std::string& path) const;

    ClientOptions options_;
    Retrier retrier_;
    RemoteClock remote_clock_;
};

// "/v1/customers/cus_1".
std::string path_of(std::string_view collection, const Ref& object);

}  // namespace paydesk::provider::stripe
