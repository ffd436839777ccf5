#include "provider/paypal/client.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crypto.h"

namespace paydesk::provider::paypal {
namespace {

using std::chrono::seconds;

std::string text_or_empty(const json::value& value, std::initializer_list<std::string_view> path) {
    return string_at(value, path).value_or("");
}

PayPalError read_error(const http::ClientResponse& response, const json::value& body) {
    PayPalError error;
    error.http_status = response.status;
    error.name = text_or_empty(body, {"name"});
    error.message = text_or_empty(body, {"message"});
    // OAuth's shape, of the token's endpoint and of a token that is not accepted.
    if (error.name.empty()) error.name = text_or_empty(body, {"error"});
    if (error.message.empty()) error.message = text_or_empty(body, {"error_description"});
    error.issue = text_or_empty(body, {"details", "0", "issue"});
    error.field = text_or_empty(body, {"details", "0", "field"});
    error.description = text_or_empty(body, {"details", "0", "description"});
    error.debug_id = text_or_empty(body, {"debug_id"});
    if (error.debug_id.empty()) error.debug_id = response.headers.get("PayPal-Debug-Id");
    return error;
}

Answer read_answer(const Try& last) {
    if (!last.response) {
        PayPalError error;
        error.message = last.failure;
        return error;
    }
    const http::ClientResponse& response = *last.response;
    const bool good = response.status >= 200 && response.status < 300;
    if (good && response.body.empty()) return json::value(json::object());
    const auto body = parse_json(response.body, json_answer_bytes_max);
    if (!good) return read_error(response, body ? *body : json::value());
    if (body && body->is_object()) return *body;
    // It took effect, but we can't see how: as good as no answer.
    PayPalError error;
    error.message = "a 2xx answer that is no JSON object";
    error.debug_id = response.headers.get("PayPal-Debug-Id");
    return error;
}

bool is_busy_with_it(const http::ClientResponse& response) {
    return response.status == 409 &&
           response.body.find("PREVIOUS_REQUEST_IN_PROGRESS") != std::string::npos;
}

// Intents are shorter; one that is not stays as unique as it was.
std::string request_id_of(const IntentId& intent) {
    if (intent.value.size() <= request_id_characters_max) return intent.value;
    return "sha256:" + to_hex(sha256(intent.value));
}

}  // namespace

// Whoever needs a token while another is being asked for waits for that one.
struct Client::Renewal {
    explicit Renewal(asio::io_context& io) : done(io, Timer::time_point::max()) {}
    Timer done;
    Token token = std::string();
};

Client::Client(asio::io_context& io, http::Transport& transport, const Clock& clock,
               ClientOptions options)
    : io_(io),
      clock_(clock),
      remote_clock_(clock),
      options_(std::move(options)),
      retrier_("paypal", io, transport, clock, options_.wait) {
    PD_ASSERT(!options_.client_id.empty() && !options_.client_secret.empty());
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}
Client::~Client() = default;

Task<Answer> Client::get(std::string path) {
    co_return co_await call(request_for("GET", path), Repeat::freely);
}

Task<Answer> Client::post(std::string path, json::value body, IntentId intent) {
    PD_ASSERT(!intent.value.empty());
    http::ClientRequest request = request_for("POST", path);
    request.headers.add("Content-Type", "application/json");
    request.headers.add("PayPal-Request-Id", request_id_of(intent));
    request.body = json::serialize(body);
    co_return co_await call(std::move(request), Repeat::freely);
}

Task<Answer> Client::act(std::string method, std::string path, json::value body) {
    http::ClientRequest request = request_for(std::move(method), path);
    request.headers.add("Content-Type", "application/json");
    request.body = json::serialize(body);
    co_return co_await call(std::move(request), Repeat::if_nothing_came_of_it);
}

Task<Answer> Client::ask(std::string path, std::string body) {
    http::ClientRequest request = request_for("POST", path);
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    co_return co_await call(std::move(request), Repeat::freely);
}

http::ClientRequest Client::request_for(std::string method, const std::string& path) const {
    PD_ASSERT(path.starts_with("/v1/") || path.starts_with("/v2/"));
    http::ClientRequest request;
    request.method = std::move(method);
    request.url = options_.base_url + path;
    request.headers.add("Accept", "application/json");
    request.headers.add("Prefer", "return=representation");
    request.headers.add("User-Agent", "Paydesk/" PAYDESK_VERSION);
    request.connect_timeout = connect_time_max;
    request.timeout = try_time_max;
    request.response_bytes_max = json_answer_bytes_max;
    return request;
}

Task<Answer> Client::call(http::ClientRequest request, Repeat repeat) {
    Token held = co_await token("");
    if (!held) co_return held.error();
    request.headers.set("Authorization", "Bearer " + *held);
    Answer answer = co_await tries(request, repeat);
    if (answer || answer.error().http_status != 401) co_return answer;

    // Withdrawn before its time. Nothing came of the call.
    held = co_await token(*held);
    if (!held) co_return held.error();
    request.headers.set("Authorization", "Bearer " + *held);
    co_return co_await tries(std::move(request), repeat);
}

Task<Client::Token> Client::token(std::string refused) {
    if (!token_.empty() && token_ != refused && clock_.now() < token_until_) co_return token_;
    if (const auto under_way = renewal_) {
        co_await under_way->done.async_wait(awaits_tuple);
        co_return under_way->token;
    }
    const auto renewal = std::make_shared<Renewal>(io_);
    renewal_ = renewal;
    try {
        renewal->token = co_await new_token();
    } catch (...) {
        renewal_.reset();
        renewal->token = PayPalError{.message = "asking for a token failed"};
        renewal->done.cancel();
        throw;
    }
    renewal_.reset();
    renewal->done.cancel();
    co_return renewal->token;
}

Task<Client::Token> Client::new_token() {
    http::ClientRequest request = request_for("POST", "/v1/oauth2/token");
    request.headers.add("Authorization", "Basic " + base64_encode(options_.client_id + ":" +
                                                                  options_.client_secret));
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = "grant_type=client_credentials";
    const Instant asked = clock_.now();
    const Answer answer = co_await tries(std::move(request), Repeat::freely);
    if (!answer) co_return answer.error();
    const auto text = string_at(*answer, {"access_token"});
    const auto lasts =
        seconds{std::clamp<std::int64_t>(int_at(*answer, {"expires_in"}).value_or(0), 0, 86'400)};
    if (!text || text->empty()) {
        PayPalError error;
        error.message = "a token's answer without access_token";
        co_return error;
    }
    token_ = *text;
    token_until_ = asked + std::max(lasts - token_renewed_early, lasts / 2);
    co_return token_;
}

Task<Answer> Client::tries(http::ClientRequest request, Repeat repeat) {
    const Try last = co_await retrier_.send(std::move(request), [repeat](const Try& tried) {
        if (!tried.response) return repeat == Repeat::freely || tried.never_sent;
        if (tried.response->status == 429) return true;  // nothing was executed
        if (repeat != Repeat::freely) return false;
        return tried.response->status >= 500 || is_busy_with_it(*tried.response);
    });
    if (last.response) remote_clock_.note(*last.response);
    co_return read_answer(last);
}

void throw_exception_from_error(const PayPalError& error, const boost::source_location& location) {
    paydesk::throw_exception_from_error(to_refusal(error), location);
}

std::string path_segment(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (plain) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded.append({'%', hex[byte >> 4], hex[byte & 15]});
    }
    return encoded;
}

std::string path_of(std::string_view collection, const Ref& object) {
    return std::string(collection) + "/" + path_segment(object.value);
}

}  // namespace paydesk::provider::paypal
