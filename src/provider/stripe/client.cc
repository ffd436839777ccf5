#include "provider/stripe/client.h"

#include "base/assert.h"

namespace paydesk::provider::stripe {
namespace {

std::string text_or_empty(const json::value& value, std::initializer_list<std::string_view> path) {
    return string_at(value, path).value_or("");
}

StripeError read_error(const http::ClientResponse& response, const json::value& body) {
    StripeError error;
    error.http_status = response.status;
    error.type = text_or_empty(body, {"error", "type"});
    error.code = text_or_empty(body, {"error", "code"});
    error.decline_code = text_or_empty(body, {"error", "decline_code"});
    error.param = text_or_empty(body, {"error", "param"});
    error.message = text_or_empty(body, {"error", "message"});
    error.doc_url = text_or_empty(body, {"error", "doc_url"});
    error.request_id = std::string(response.headers.get("Request-Id"));
    return error;
}

Answer read_answer(const Try& last) {
    if (!last.response) {
        StripeError error;
        error.message = last.failure;
        return error;
    }
    const http::ClientResponse& response = *last.response;
    const auto body = parse_json(response.body, json_answer_bytes_max);
    if (response.status >= 200 && response.status < 300) {
        if (body && body->is_object()) return *body;
        // It took effect, but we can't see how: as good as no answer.
        StripeError error;
        error.message = "a 2xx answer that is no JSON object";
        error.request_id = std::string(response.headers.get("Request-Id"));
        return error;
    }
    return read_error(response, body ? *body : json::value());
}

bool is_worth_another_try(const Try& last) {
    if (!last.response) return true;
    const int status = last.response->status;
    // Nothing was executed on a 429, whatever else the answer says about it.
    if (status == 429) return true;
    const std::string_view advice = last.response->headers.get("Stripe-Should-Retry");
    if (advice == "true") return true;
    if (advice == "false") return false;
    return status == 409 || status >= 500;
}

void append_query(std::string& path, const Form& query) {
    if (query.empty()) return;
    path += path.find('?') == std::string::npos ? '?' : '&';
    path += query.encode();
}

}  // namespace

Client::Client(asio::io_context& io, http::Transport& transport, const Clock& clock,
               ClientOptions options)
    : options_(std::move(options)),
      retrier_("stripe", io, transport, clock, options_.wait),
      remote_clock_(clock) {
    PD_ASSERT(!options_.secret_key.empty());
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

Task<Answer> Client::get(std::string path, Form query) {
    append_query(path, query);
    co_return co_await call(request_for("GET", path));
}

Task<Answer> Client::del(std::string path, Form query) {
    append_query(path, query);
    co_return co_await call(request_for("DELETE", path));
}

Task<Answer> Client::post(std::string path, Form form, IntentId intent) {
    PD_ASSERT(!intent.value.empty());
    PD_ASSERT(intent.value.size() <= idempotency_key_characters_max);
    http::ClientRequest request = request_for("POST", path);
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.add("Idempotency-Key", intent.value);
    request.body = form.encode();
    co_return co_await call(std::move(request));
}

http::ClientRequest Client::request_for(std::string method, const std::string& path) const {
    PD_ASSERT(path.starts_with("/v1/"));
    http::ClientRequest request;
    request.method = std::move(method);
    request.url = options_.base_url + path;
    request.headers.add("Authorization", "Bearer " + options_.secret_key);
    request.headers.add("Stripe-Version", options_.version);
    request.headers.add("Accept", "application/json");
    request.headers.add("User-Agent", "Paydesk/" PAYDESK_VERSION);
    request.connect_timeout = connect_time_max;
    request.timeout = try_time_max;
    request.response_bytes_max = json_answer_bytes_max;
    return request;
}

Task<Answer> Client::call(http::ClientRequest request) {
    const Try last = co_await retrier_.send(std::move(request), is_worth_another_try);
    if (last.response) remote_clock_.note(*last.response);
    co_return read_answer(last);
}

std::string path_of(std::string_view collection, const Ref& object) {
    return std::string(collection) + "/" + encode_path_segment(object.value);
}

void throw_exception_from_error(const StripeError& error, const boost::source_location& location) {
    paydesk::throw_exception_from_error(to_refusal(error), location);
}

}  // namespace paydesk::provider::stripe
