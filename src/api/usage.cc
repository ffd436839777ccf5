// POST /api/stripe/track-usage, /api/usage/events, /api/usage/consume
#include <fmt/format.h>

#include "api/call.h"
#include "api/idempotency.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/usage_json.h"
#include "http/gunzip.h"
#include "usage/usage.h"

namespace paydesk::api {
namespace {

// Of a batch, unpacked; what travels is limited by the listener.
constexpr std::size_t usage_body_bytes_max = 4 * 1024 * 1024;

using Refused = std::vector<usage::FieldError>;

http::Response refusal_of(const Refused& errors) {
    std::vector<FieldError> fields;
    for (const usage::FieldError& error : errors) fields.push_back({error.field, error.message});
    return field_problem(fields);
}

http::Response too_busy(const Unavailable& why) {
    return refusal({ErrorCode::unavailable,
                    "The usage could not be recorded just now: send the same again soon.",
                    why.what()});
}

http::Response key_reused() {
    return refusal(
        {ErrorCode::idempotency_key_reused,
         "This idempotency key has counted before with another metric, quantity or value. "
         "Use a new key."});
}

// The metrics that are counted; when an event names one that is not there, as they are this moment.
Task<std::shared_ptr<const usage::Metrics>> metrics_for(
    const Services& services, const std::vector<usage::EventInput>& inputs) {
    auto metrics = co_await services.usage.metrics.current();
    for (const usage::EventInput& input : inputs) {
        if (input.metric && metrics->find(*input.metric) == nullptr)
            co_return co_await services.usage.metrics.fresh();
    }
    co_return metrics;
}

struct OneEvent {
    std::optional<http::Response> refused = {};
    usage::Event event = {};
};

// A body that is one event, with the request's own Idempotency-Key where the body has none.
Task<OneEvent> read_one(const Services& services, const http::Request& request, Caller caller) {
    auto key = idempotency_key(request);
    if (!key) co_return OneEvent{.refused = refusal(key.error())};
    auto read = usage::read_events(request.body, usage::BodyShape::one);
    if (!read) co_return OneEvent{.refused = refusal(read.error())};
    const auto metrics = co_await metrics_for(services, *read);
    auto accepted =
        usage::accept(std::move(read->front()), {.metrics = *metrics,
                                                 .now = services.clock.now(),
                                                 .past_max = services.usage.retention.past_max,
                                                 .account = caller.account,
                                                 .is_service = caller.is_service,
                                                 .key = std::move(*key)});
    if (const auto* errors = std::get_if<Refused>(&accepted))
        co_return OneEvent{.refused = refusal_of(*errors)};
    co_return OneEvent{.event = std::move(std::get<usage::Event>(accepted))};
}

Task<http::Response> track(const Services& services, const http::Request& request, Caller caller) {
    OneEvent one = co_await read_one(services, request, std::move(caller));
    if (one.refused) co_return std::move(*one.refused);
    std::vector<usage::Recorded> recorded;
    try {
        recorded = co_await services.usage.sink.record({one.event});
    } catch (const Unavailable& why) {
        co_return too_busy(why);
    }
    if (recorded.front().outcome == usage::Outcome::conflict) co_return key_reused();
    co_return json_text_response(
        JsonText()
            .flag("success", true)
            .flag("duplicate", recorded.front().outcome == usage::Outcome::duplicate)
            .raw("record", record_json(one.event, recorded.front(), services.clock.now()))
            .done());
}

Task<http::Response> consume(const Services& services, const http::Request& request,
                             Caller caller) {
    OneEvent one = co_await read_one(services, request, std::move(caller));
    if (one.refused) co_return std::move(*one.refused);
    const std::string metric = one.event.metric;
    usage::Consumed consumed;
    try {
        consumed = co_await services.usage.consumption.consume(std::move(one.event));
    } catch (const Unavailable& why) {
        co_return too_busy(why);
    }
    if (consumed.conflict) co_return key_reused();
    http::Response response =
        json_text_response(limit_json(metric, consumed.allowed, consumed.used,
                                      {consumed.limit, consumed.is_soft}, consumed.period));
    if (consumed.replayed) response.headers.set("Idempotency-Replayed", "true");
    co_return response;
}

// ---- batches ----

bool is_lines(const http::Request& request) {
    const std::string_view type = request.headers.get("Content-Type");
    return type.starts_with("application/x-ndjson") || type.starts_with("application/jsonl");
}

Result<std::vector<usage::EventInput>> read_batch(const http::Request& request) {
    const std::string_view encoding = request.headers.get("Content-Encoding");
    std::string unpacked;
    std::string_view body = request.body;
    if (http::equal_ignoring_case(encoding, "gzip")) {
        auto text = http::gunzip(request.body, usage_body_bytes_max);
        if (!text) return text.error();
        unpacked = std::move(*text);
        body = unpacked;
    } else if (!encoding.empty() && !http::equal_ignoring_case(encoding, "identity")) {
        return Error{ErrorCode::malformed_request, "Content-Encoding may be gzip or left out."};
    }
    return is_lines(request) ? usage::read_event_lines(body)
                             : usage::read_events(body, usage::BodyShape::many);
}

// What is to be recorded of a batch, and what is wrong with the rest: one of both for each event.
struct Judged {
    std::vector<std::string> results;  // "" where the sink will say
    std::vector<usage::Event> events;
};

Judged judge(std::vector<usage::EventInput> inputs, const usage::Rules& rules) {
    Judged judged;
    for (usage::EventInput& input : inputs) {
        auto accepted = usage::accept(std::move(input), rules);
        if (const auto* errors = std::get_if<Refused>(&accepted)) {
            judged.results.push_back(result_json(*errors));
        } else {
            judged.events.push_back(std::move(std::get<usage::Event>(accepted)));
            judged.results.emplace_back();
        }
    }
    return judged;
}

http::Response answer_batch(Judged judged, const std::vector<usage::Recorded>& recorded) {
    std::int64_t fresh = 0, duplicates = 0;
    auto next = recorded.begin();
    for (std::string& result : judged.results) {
        if (!result.empty()) continue;
        fresh += next->outcome == usage::Outcome::recorded;
        duplicates += next->outcome == usage::Outcome::duplicate;
        result = result_json(*next++);
    }
    const auto all = static_cast<std::int64_t>(judged.results.size());
    return json_text_response(JsonText()
                                  .number("recorded", fresh)
                                  .number("duplicates", duplicates)
                                  .number("rejected", all - fresh - duplicates)
                                  .raw("results", json_list(judged.results))
                                  .done());
}

Task<http::Response> record_batch(const Services& services, const http::Request& request,
                                  std::optional<AccountId> account, bool service) {
    auto inputs = read_batch(request);
    if (!inputs) co_return refusal(inputs.error());
    const auto metrics = co_await metrics_for(services, *inputs);
    Judged judged = judge(std::move(*inputs), {.metrics = *metrics,
                                               .now = services.clock.now(),
                                               .past_max = services.usage.retention.past_max,
                                               .account = std::move(account),
                                               .is_service = service});
    try {
        const auto recorded = co_await services.usage.sink.record(std::move(judged.events));
        co_return answer_batch(std::move(judged), recorded);
    } catch (const Unavailable& why) {
        co_return too_busy(why);
    }
}

// A service need not act for one account: its events may each name their own.
Task<http::Response> batch(const Services& services, const http::Request& request) {
    if (!request.headers.contains("Paydesk-Account") && co_await services.is_service(request))
        co_return co_await record_batch(services, request, std::nullopt, true);
    auto caller = co_await services.authenticate(request);
    if (!caller) co_return refusal(caller.error());
    co_return co_await record_batch(services, request, caller->account, caller->is_service);
}

}  // namespace

void add_usage_routes(http::Router& router, const Services& services) {
    router.on("POST /api/stripe/track-usage",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return track(services, request, std::move(caller));
              }));
    router.on("POST /api/usage/consume",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return consume(services, request, std::move(caller));
              }));
    router.on("POST /api/usage/events",
              [&services](const http::Request& request) { return batch(services, request); });
    add_usage_read_routes(router, services);
}

}  // namespace paydesk::api
