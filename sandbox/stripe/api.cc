#include "sandbox/stripe/api.h"

#include "base/crypto.h"
#include "base/log.h"
#include "sandbox/stripe/absent_routes.h"
#include "sandbox/stripe/call_faults.h"
#include "sandbox/stripe/events.h"
#include "sandbox/stripe/expand.h"
#include "sandbox/stripe/render.h"
#include "sandbox/stripe/test_clocks.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string key_of(const http::Request& request) {
    const auto header = request.headers.get("Authorization");
    if (header.starts_with("Bearer ")) return std::string(header.substr(7));
    if (header.starts_with("Basic ")) {
        const auto decoded = base64_decode(header.substr(6));
        if (decoded) return decoded->substr(0, decoded->find(':'));
    }
    return {};
}

std::string masked(const std::string& key) {
    if (key.size() <= 12) return std::string(key.size(), '*');
    return key.substr(0, 8) + std::string(key.size() - 12, '*') + key.substr(key.size() - 4);
}

Version version_for(const http::Request& request, const Account& account) {
    const auto asked = request.headers.get("Stripe-Version");
    if (asked.empty()) return account.default_version();
    if (auto version = Version::parse(asked)) return *version;
    refuse("", "Invalid Stripe API version: " + std::string(asked));
}

bool is_form(const http::Request& request) {
    const auto type = request.headers.get("Content-Type");
    return type.empty() || type.starts_with("application/x-www-form-urlencoded");
}

Object decoded_params(const http::Request& request) {
    if (request.method == "GET" || request.method == "DELETE") return decode_form(request.query);
    if (!request.body.empty() && !is_form(request)) {
        refuse("",
               "Invalid request (check that your POST content type is "
               "application/x-www-form-urlencoded). If you have any questions, we can help at "
               "https://support.stripe.com/.");
    }
    const auto form = request.query.empty() ? request.body : request.query + "&" + request.body;
    return decode_form(form);
}

Refusal unknown_route(const http::Request& request) {
    auto message = "Unrecognized request URL (" + request.method + ": " + request.path + "). ";
    const auto why = why_absent(request.method, request.path);
    message +=
        why.empty()
            ? "If you are trying to list objects, remove the trailing slash. If you are trying to "
              "retrieve an object, make sure you passed a valid (non-empty) identifier in your "
              "code."
            : "The Paydesk sandbox lacks this route; Stripe has it. " + std::string(why);
    return {.status = 404, .message = std::move(message)};
}

std::string fingerprint_of(const http::Request& request) {
    return to_hex(
        sha256(request.method + " " + request.path + "?" + request.query + "\n" + request.body));
}

// Where the answer to the call with this idempotency key is kept.
std::string record_id(const std::string& given) { return "_key:" + given; }

http::Response response_of(int status, const json::value& body, const std::string& request_id) {
    http::Response response{.status = status, .body = pretty_json(body)};
    response.headers.set("Request-Id", request_id);
    return response;
}

}  // namespace

void check_key(const http::Request& request) {
    const auto key = key_of(request);
    const bool secret = key.starts_with("sk_test_") || key.starts_with("rk_test_");
    if (secret && key.size() > 8) return;
    if (key.empty()) {
        throw Refusal{.status = 401,
                      .message =
                          "You did not provide an API key. You need to provide your API key "
                          "in the Authorization header, using Bearer auth (e.g. "
                          "'Authorization: Bearer YOUR_SECRET_KEY')."};
    }
    std::string message = "Invalid API Key provided: " + masked(key);
    if (key.starts_with("sk_live_") || key.starts_with("rk_live_")) {
        message += ". This is the Paydesk sandbox: it takes test keys (sk_test_...) only.";
    }
    throw Refusal{.status = 401, .message = std::move(message)};
}

Api::Api(asio::io_context& io, Account& account, Recorder& recorder, Faults& faults,
         RateLimit& limit)
    : io_(io), account_(account), recorder_(recorder), faults_(faults), limit_(limit) {}

Api::Answer Api::execute(const http::Request& request, const Version& version,
                         const std::string& request_id) {
    Answer answer;
    try {
        PathParams path;
        const auto* route = routes_.find(request.method, request.path, path);
        if (!route) throw unknown_route(request);
        Object params = decoded_params(request);
        params = route->params.check(params, version.shape);
        answer.validated = true;
        Call call{account_, version, std::move(path), std::move(params)};
        const InTimeOf time(account_, clock_of_call(account_, call.path, call.params));
        answer.body = render(route->action(call), version.shape);
        expand(account_, answer.body, children(call.params, "expand"), version.shape);
        if (call.keeps_nothing)
            account_.rollback();
        else
            account_.commit();
    } catch (const Refusal& refusal) {
        if (refusal.keep_changes)
            account_.commit();
        else
            account_.rollback();
        answer.status = refusal.status;
        answer.body = render(refusal.body(request_id), version.shape);
    } catch (...) {
        account_.rollback();
        throw;
    }
    return answer;
}

std::optional<http::Response> Api::replay(const std::string& given, const http::Request& request,
                                          const std::string& request_id) const {
    const Object* known = account_.store().find("_idempotency", record_id(given));
    if (!known || number(*known, "created") + idempotency_seconds <= account_.now()) {
        return std::nullopt;
    }
    if (text(*known, "fingerprint") != fingerprint_of(request)) {
        throw Refusal{.type = "idempotency_error",
                      .message =
                          "Keys for idempotent requests can only be used with the same "
                          "parameters they were first used with. Try using a key other than '" +
                          given + "' if you meant to execute a different request."};
    }
    http::Response response =
        response_of(static_cast<int>(number(*known, "status")), known->at("body"), request_id);
    response.headers.set("Idempotent-Replayed", "true");
    response.headers.set("Original-Request", text(*known, "request_id"));
    return response;
}

void Api::hold(const std::string& given) {
    if (in_flight_.insert(given).second) return;
    throw Refusal{.status = 409,
                  .type = "idempotency_error",
                  .code = "idempotency_key_in_use",
                  .message =
                      "There is currently another in-progress request using this "
                      "Stripe-Idempotency-Key. Please try again later."};
}

void Api::store_answer(const std::string& given, const http::Request& request, const Answer& answer,
                       const std::string& request_id) {
    const auto key = record_id(given);
    Store& store = account_.store();
    store.erase(key);
    // Oldest first: what is a day old is forgotten.
    while (!store.ids("_idempotency").empty()) {
        const auto oldest = store.ids("_idempotency").front();
        if (number(*store.find(oldest), "created") + idempotency_seconds > account_.now()) break;
        store.erase(oldest);
    }
    account_.store().add("_idempotency", key,
                         Object{
                             {"fingerprint", fingerprint_of(request)},
                             {"status",      answer.status          },
                             {"body",        answer.body            },
                             {"request_id",  request_id             },
                             {"created",     account_.now()         }
    });
    account_.commit();
}

void Api::record(const http::Request& request, const http::Response& response,
                 const std::string& version) {
    if (!recorder_.is_on()) return;
    Object headers;
    for (const auto& [name, value] : request.headers) {
        std::string lower = name;
        for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (lower != "authorization") headers[readable(lower)] = readable(value);
    }
    recorder_.write({
        {"api_version",     version                   },
        {"method",          readable(request.method)  },
        {"path",            request.path              },
        {"query",           readable(request.query)   },
        {"request_body",    readable(request.body)    },
        {"request_headers", std::move(headers)        },
        {"status",          response.status           },
        {"response",        json::parse(response.body)}
    });
}

Task<http::Response> Api::handle(const http::Request& request) {
    const bool reads = request.method == "GET";
    const auto request_id = account_.new_record_id(
        "req_", reads ? Chance::Stream::reading_calls : Chance::Stream::changing_calls);
    const auto subject = request.method + " " + request.path;
    if (!limit_.allows()) co_return too_many_requests("global-rate", request_id);
    const auto before = faults_.strike(Faults::Place::call, "before", subject, request_id);
    if (!before.empty()) {
        account_.commit();
        const Object fault = before.front();
        if (!passes_on(fault))
            co_return co_await struck_answer(io_, fault, fault_answers(fault, request_id), {});
        co_return co_await struck_answer(io_, fault, fault_answers(fault, request_id),
                                         co_await handle_unfaulted(request, request_id));
    }
    auto response = co_await handle_unfaulted(request, request_id);
    const auto after = faults_.strike(Faults::Place::call, "after", subject, request_id);
    if (after.empty()) co_return response;
    account_.commit();
    const Object fault = after.front();
    co_return co_await struck_answer(io_, fault, fault_answers(fault, request_id),
                                     std::move(response));
}

Task<http::Response> Api::handle_unfaulted(const http::Request& request,
                                           const std::string& request_id) {
    std::string version_name;
    http::Response response;
    std::string held;  // the idempotency key that this call keeps others from using
    try {
        check_key(request);
        if (!request.headers.get("Stripe-Account").empty()) {
            refuse_unsupported(
                "connected accounts, of which the `Stripe-Account` header names one,");
        }
        const Version version = version_for(request, account_);
        version_name = version.name;
        const std::string given(request.headers.get("Idempotency-Key"));
        const bool keyed = request.method == "POST" && !given.empty();
        if (given.size() > idempotency_key_bytes_max || !is_utf8(given)) {
            refuse("", "Idempotency keys may have at most 255 characters of UTF-8.");
        }
        if (const auto stored = keyed ? replay(given, request, request_id) : std::nullopt) {
            response = *stored;
        } else {
            if (keyed) hold(given);
            if (keyed) held = given;
            if (latency_.count() > 0) co_await sleep_for(io_, latency_);
            account_.begin_request(request_id, given);
            const Answer answer = execute(request, version, request_id);
            account_.end_request();
            if (keyed && answer.validated) store_answer(given, request, answer, request_id);
            response = response_of(answer.status, answer.body, request_id);
            if (keyed) response.headers.set("Original-Request", request_id);
        }
        if (keyed) response.headers.set("Idempotency-Key", given);
    } catch (const Refusal& refusal) {
        response = response_of(refusal.status, refusal.body(request_id), request_id);
    } catch (const std::exception& error) {
        account_.end_request();
        log::error("sandbox_failed",
                   {
                       log::Field{"path", request.path},
                       log::Field{"what", error.what()}
        });
        Refusal bug{
            .status = 500, .type = "api_error", .message = "The sandbox failed: this is a bug."};
        response = response_of(500, bug.body(request_id), request_id);
    }
    if (!held.empty()) in_flight_.erase(held);
    if (response.status != 401) response.headers.set("Stripe-Version", version_name);
    if (response.status >= 400) {
        const bool retry =
            response.status == 409 || response.status == 429 || response.status >= 500;
        response.headers.set("Stripe-Should-Retry", retry ? "true" : "false");
    }
    record(request, response, version_name);
    co_return response;
}

}  // namespace paydesk::sandbox::stripe
