#pragma once
// From what a client sent to an Event, or to what is wrong with it.
//
//     JSON ── read_events ──▶ EventInput ── accept ──▶ Event, or every field that is wrong
//
// A number's own digits are kept: no quantity ever passes through a binary fraction. What is wrong with one
// event is said of that event alone.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "usage/event.h"
#include "usage/metrics.h"

namespace paydesk::usage {

struct FieldError {
    std::string field;
    std::string message;
    // "invalid_input", "unknown_metric", "too_old", "in_the_future", "idempotency_key_reused"
    std::string_view code = "invalid_input";
};

// An event as it came; nothing in it is to be believed yet. Texts are the JSON's, numbers its digits.
struct EventInput {
    std::optional<std::string> metric = {}, quantity = {}, timestamp = {}, key = {}, value = {},
                               account = {};
    std::optional<std::string> metadata = {};  // a JSON object
    std::vector<FieldError> errors = {};       // found while reading
};

// What a body may be: one event, or many: a list, or an object with the list `events`.
enum class BodyShape : std::uint8_t { one, many };

// Known fields: metric (metricName, feature), quantity, timestamp, idempotencyKey, value, metadata, accountId.
// Refuses with malformed_request what is not JSON or not of that shape, and with invalid_input more than
// batch_events_max events; the events themselves are judged one by one.
Result<std::vector<EventInput>> read_events(std::string_view text, BodyShape shape);

// One event per line, empty lines left out. A line that is not an event is one with an error.
Result<std::vector<EventInput>> read_event_lines(std::string_view text);

// What accept() goes by.
struct Rules {
    const Metrics& metrics;
    Instant now;
    std::chrono::days past_max = past_max_default;
    std::optional<AccountId> account = {};  // whom an event is of that does not say it
    bool is_service = false;  // may name accounts and send corrections, and must send a key
    // The request's Idempotency-Key, for an event that has none of its own.
    std::optional<std::string> key = {};
};

// Checks, in this order, and names every field that is wrong:
//   metric     known
//   quantity   exact, at most quantity_max and 12 decimals; 1 where there is none. More than zero; zero too
//              for max and last; negative (a correction) of a sum and from a service only
//   value      what a `unique` metric counts; required there
//   timestamp  at most past_max ago and future_max ahead. Without one the time is that of the key, where that
//              is a UUID version 7 or a ULID, else now
//   key        required of a service; else one is made and the event counts each time it is sent
std::variant<Event, std::vector<FieldError>> accept(EventInput input, const Rules& rules);

// "12", "0.5", "-3", "1e3": JSON's numbers, exactly. Refuses with invalid_input what is none, or leaves
// quantity_max or 12 decimals.
Result<Decimal> parse_quantity(std::string_view text);

// The time that a UUID version 7 or a ULID (of this century) carries.
std::optional<Instant> time_in_key(std::string_view key);

}  // namespace paydesk::usage
