#include "sandbox/paypal/api.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "sandbox/call_faults.h"
#include "sandbox/paypal/absent_routes.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t request_id_bytes_max = 108;

http::Response response_of(int status, const json::value& body) {
    http::Response response{.status = status};
    if (!body.is_null()) response.body = json::serialize(body);
    if (body.is_null()) response.content_type = "text/plain";
    return response;
}

http::Response refused(const Refusal& refusal, const std::string& debug_id) {
    return response_of(refusal.status, refusal.body(debug_id));
}

// What the header asks to go wrong; "" for nothing.
std::string mocked_issue(const http::Request& request) {
    const auto header = request.headers.get("PayPal-Mock-Response");
    if (header.empty()) return {};
    const auto parsed = parse_json(header);
    if (!parsed || !parsed->is_object()) {
        refuse("MALFORMED_REQUEST_JSON", {}, "PayPal-Mock-Response must be a JSON object.");
    }
    const auto* codes = parsed->get_object().if_contains("mock_application_codes");
    if (codes && codes->is_array() && !codes->get_array().empty()) {
        codes = &codes->get_array().front();
    }
    if (!codes || !codes->is_string()) {
        refuse("INVALID_PARAMETER_VALUE", {},
               "PayPal-Mock-Response names its error in mock_application_codes.");
    }
    const std::string issue(codes->get_string());
    if (known_issue(issue)) return issue;
    refuse("INVALID_PARAMETER_VALUE", {}, "PayPal-Mock-Response names no issue: " + issue);
}

// A name of a whole error has no details.
void mock(const std::string& issue) {
    if (issue.empty()) return;
    if (known_issue(issue)->details.empty()) throw *known_issue(issue);
    refuse(issue);
}

bool wants_body(const http::Request& request) {
    return request.method == "POST" || request.method == "PATCH" || request.method == "PUT";
}

json::value body_of(const http::Request& request) {
    if (!wants_body(request) || request.body.empty()) return nullptr;
    const auto type = request.headers.get("Content-Type");
    if (!type.empty() && !type.starts_with("application/json")) throw Refusal{.status = 415};
    auto parsed = parse_json(request.body);
    if (!parsed) refuse("MALFORMED_REQUEST_JSON");
    if (!parsed->is_object() && !parsed->is_array()) refuse("MALFORMED_REQUEST_JSON");
    return std::move(*parsed);
}

Refusal unknown_route(const http::Request& request) {
    const auto why = why_absent(request.path);
    return {.status = 404,
            .details = {{.issue = "INVALID_URI",
                         .description =
                             why.empty() ? "PayPal has no " + request.method + " " + request.path +
                                               " that the Paydesk sandbox knows."
                                         : "The Paydesk sandbox lacks this route; PayPal has it. " +
                                               std::string(why)}}};
}

}  // namespace

Api::Api(asio::io_context& io, Account& account, Keys& keys, Recorder& recorder, Faults& faults,
         RateLimit& limit)
    : io_(io),
      account_(account),
      keys_(keys),
      recorder_(recorder),
      faults_(faults),
      limit_(limit) {}

void Api::remember(const std::string& replay_id, std::int64_t seconds, const Answer& answer) {
    Store& store = account_.store();
    store.erase(replay_id);
    const auto ids = store.ids(kind::replay);
    for (const auto& id : ids) {
        if (number(*store.find(id), "until") <= account_.now()) store.erase(id);
    }
    store.add(kind::replay, replay_id,
              Object{
                  {"body",  answer.body             },
                  {"until", account_.now() + seconds}
    });
}

http::Response Api::execute(const http::Request& request, const Route& route, Call& call,
                            const std::string& replay_id, const std::string& debug_id) {
    try {
        mock(mocked_issue(request));
        const Answer answer = route.action(call);
        if (!replay_id.empty()) remember(replay_id, route.remembers, answer);
        account_.commit();
        return response_of(answer.status, answer.body);
    } catch (const Refusal& refusal) {
        if (refusal.keep_changes)
            account_.commit();
        else
            account_.rollback();
        return refused(refusal, debug_id);
    } catch (...) {
        account_.rollback();
        throw;
    }
}

void Api::record(const http::Request& request, const http::Response& response) {
    if (!recorder_.is_on()) return;
    Object headers;
    for (const auto& [name, value] : request.headers) {
        std::string lower = name;
        for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (lower != "authorization") headers[readable(lower)] = readable(value);
    }
    recorder_.write({
        {"provider",        "paypal"                                                    },
        {"method",          readable(request.method)                                    },
        {"path",            request.path                                                },
        {"query",           readable(request.query)                                     },
        {"request_body",    readable(request.body)                                      },
        {"request_headers", std::move(headers)                                          },
        {"status",          response.status                                             },
        {"response",        response.body.empty() ? nullptr : json::parse(response.body)}
    });
}

Task<http::Response> Api::handle(const http::Request& request) {
    const bool reads = request.method == "GET";
    auto debug_id = account_.chance().alphanumeric(
        reads ? Chance::Stream::reading_calls : Chance::Stream::changing_calls, 13);
    for (char& c : debug_id) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto subject = request.method + " /paypal" + request.path;
    FaultAnswers answers{.too_many = refused({.status = 429}, debug_id),
                         .failed = refused({.status = 500}, debug_id)};
    for (auto* answer : {&answers.too_many, &answers.failed}) {
        answer->headers.set("PayPal-Debug-Id", debug_id);
    }
    if (!limit_.allows()) co_return answers.too_many;
    const auto before = faults_.strike(Faults::Place::call, "before", subject, debug_id);
    if (!before.empty()) {
        faults_.commit();
        const Object fault = before.front();
        if (!passes_on(fault)) co_return co_await struck_answer(io_, fault, answers, {});
        co_return co_await struck_answer(io_, fault, answers,
                                         co_await handle_unfaulted(request, debug_id));
    }
    auto response = co_await handle_unfaulted(request, debug_id);
    const auto after = faults_.strike(Faults::Place::call, "after", subject, debug_id);
    if (after.empty()) co_return response;
    faults_.commit();
    co_return co_await struck_answer(io_, after.front(), answers, std::move(response));
}

Task<http::Response> Api::handle_unfaulted(const http::Request& request, std::string debug_id) {
    http::Response response;
    std::string held;  // the request id that this call keeps others from using
    try {
        if (request.path == "/v1/oauth2/token" && request.method == "POST") {
            response = answer_token(account_, credentials_, request);
        } else if (auto no = refuse_token(account_, request, debug_id)) {
            response = std::move(*no);
        } else {
            Call call{.account = account_, .keys = keys_, .request = request};
            const auto* route = routes_.find(request.method, request.path, call.path);
            if (!route) throw unknown_route(request);
            for (auto& [key, value] : http::parse_form(request.query)) {
                if (is_utf8(key) && is_utf8(value)) call.query[key] = value;
            }
            call.body = body_of(request);
            call.whole = request.headers.get("Prefer").find("return=representation") !=
                         std::string_view::npos;
            const std::string given(request.headers.get("PayPal-Request-Id"));
            if (given.size() > request_id_bytes_max || !is_utf8(given)) {
                refuse("INVALID_STRING_LENGTH", {},
                       "PayPal-Request-Id has at most 108 characters.");
            }
            std::string replay_id;
            if (route->remembers > 0 && !given.empty()) {
                replay_id = "_paypal_replay:" + to_hex(sha256(request.path + "\n" + given));
            }
            const auto* known =
                replay_id.empty() ? nullptr : account_.store().find(kind::replay, replay_id);
            if (known && number(*known, "until") > account_.now()) {
                response = response_of(200, known->at("body"));
            } else {
                if (!replay_id.empty()) {
                    if (!in_flight_.insert(replay_id).second)
                        refuse("PREVIOUS_REQUEST_IN_PROGRESS");
                    held = replay_id;
                }
                if (latency_.count() > 0) co_await sleep_for(io_, latency_);
                response = execute(request, *route, call, replay_id, debug_id);
            }
        }
    } catch (const Refusal& refusal) {
        response = refused(refusal, debug_id);
    } catch (const std::exception& error) {
        log::error("sandbox_failed", {
                                         log::Field{"path", "/paypal" + request.path},
                                         log::Field{"what", error.what()            }
        });
        response =
            refused({.status = 500, .details = {{.issue = "The sandbox failed: this is a bug."}}},
                    debug_id);
    }
    if (!held.empty()) in_flight_.erase(held);
    response.headers.set("PayPal-Debug-Id", debug_id);
    record(request, response);
    co_return response;
}

}  // namespace paydesk::sandbox::paypal
