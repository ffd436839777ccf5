#include "sandbox/stripe/meter_events.h"

#include "base/decimal.h"
#include "sandbox/stripe/meters.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/test_clocks.h"
#include "sandbox/stripe/thin_events.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::size_t value_digits_max = 15;  // before the point; 12 after it

// Where an identifier is kept for a day: {event, event_name, created}.
std::string identifier_id(const std::string& identifier) { return "_meter_event:" + identifier; }

const Object* known_identifier(const Account& account, const std::string& identifier) {
    const auto* known = account.store().find("_meter_identifier", identifier_id(identifier));
    const bool old = known && number(*known, "created") + identifier_seconds <= account.now();
    return old ? nullptr : known;
}

// The value's text, as short as it can be.
std::optional<MeterProblem> read_value(const Object& meter, const Object& payload,
                                       std::string& value) {
    const auto key = text(child(meter, "value_settings"), "event_payload_key");
    const auto param = "payload[" + key + "]";
    const auto given = text(payload, key);
    const bool counts = text(child(meter, "default_aggregation"), "formula") == "count";
    if (given.empty() && counts) {  // an event is an event, whatever its value
        value = "1";
        return std::nullopt;
    }
    const auto digits = given.substr(given.starts_with('-') ? 1 : 0);
    const auto point = digits.find('.');
    const auto fraction = point == std::string::npos ? std::string() : digits.substr(point + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string::npos ||
        digits.find('.', point == std::string::npos ? point : point + 1) != std::string::npos ||
        point == 0 || digits.ends_with('.')) {
        return MeterProblem{
            "meter_event_invalid_value",
            "The value `" + std::string(shortened(given, 40)) + "` of `" + key +
                "` in the payload is not a number: write digits, such as 25 or 0.5.",
            param};
    }
    if (digits.substr(0, point).size() > value_digits_max || fraction.size() > Decimal::scale) {
        return MeterProblem{"meter_event_value_too_many_digits",
                            "The value of `" + key +
                                "` in the payload has too many digits: at most 15 before and 12 "
                                "after the point.",
                            param};
    }
    value = Decimal::parse(given).value().to_string();
    return std::nullopt;
}

std::optional<MeterProblem> check_time(const Account& account, std::int64_t timestamp) {
    if (timestamp < account.now() - event_age_max) {
        return MeterProblem{"timestamp_too_far_in_past",
                            "The timestamp must be within the past 35 calendar days.", "timestamp"};
    }
    if (timestamp > account.now() + event_ahead_max) {
        return MeterProblem{"timestamp_in_future",
                            "The timestamp must not be more than 5 minutes in the future.",
                            "timestamp"};
    }
    return std::nullopt;
}

std::string customer_key(const Object& meter) {
    return text(child(meter, "customer_mapping"), "event_payload_key");
}

// {} when the payload names none that there is.
std::string customer_in(const Account& account, const Object& meter, const Object& payload) {
    const auto id = text(payload, customer_key(meter));
    return account.find("customer", id) ? id : std::string();
}

// The test clock of the customer that the event names, if it can be known.
std::string clock_of_event(const Account& account, const std::string& event_name,
                           const Object& payload) {
    const auto* meter = meter_of_event(account, event_name);
    if (!meter) return {};
    const auto* customer = account.find("customer", customer_in(account, *meter, payload));
    return customer ? clock_of(account, *customer) : std::string();
}

Object payload_of(const Object& params) {
    const json::value& given = params.at("payload");
    if (!given.is_object()) refuse("", "Invalid object", "payload");
    for (const auto& [key, value] : given.get_object()) {
        if (!value.is_string()) {
            refuse("", "Invalid string: {}", "payload[" + std::string(key) + "]");
        }
    }
    return given.get_object();
}

// Stores the event for its meter and customer, or says why it can't be counted.
std::optional<MeterProblem> take_meter_event(Account& account, const MeterEvent& event) {
    const auto* meter = meter_of_event(account, event.event_name);
    if (!meter) {
        return MeterProblem{"no_meter",
                            "No active meter found for event_name " + event.event_name + ".",
                            "event_name"};
    }
    if (text(*meter, "status") != "active") {
        return MeterProblem{"archived_meter",
                            "No active meter found for event_name " + event.event_name +
                                ": the meter " + text(*meter, "id") + " was deactivated.",
                            "event_name"};
    }
    if (auto problem = check_time(account, event.timestamp)) return problem;
    const auto key = customer_key(*meter);
    if (text(event.payload, key).empty()) {
        return MeterProblem{"meter_event_no_customer_defined",
                            "The payload has no customer: it must name one as `" + key + "`.",
                            "payload[" + key + "]"};
    }
    const auto customer = customer_in(account, *meter, event.payload);
    if (customer.empty()) {
        return MeterProblem{"meter_event_customer_not_found",
                            "No such customer: '" + text(event.payload, key) + "'",
                            "payload[" + key + "]"};
    }
    std::string value;
    if (auto problem = read_value(*meter, event.payload, value)) return problem;

    const auto id = account.new_id("_usage_");
    account.store().add(usage_kind(text(*meter, "id"), customer), id,
                        Object{
                            {"identifier", event.identifier},
                            {"created",    account.now()   },
                            {"timestamp",  event.timestamp },
                            {"value",      value           }
    });
    const auto name = identifier_id(event.identifier);
    account.store().erase(name);
    account.store().add(
        "_meter_identifier", name,
        Object{
            {"event", id},
            {"event_name", event.event_name},
            {"created", account.now()},
            {"test_clock", clock_of(account, *account.find("customer", customer))}
    });
    return std::nullopt;
}

// Found at once, before the answer; the rest is found afterwards.
bool is_told_at_once(const MeterProblem& problem) {
    return problem.param == "event_name" || problem.param == "timestamp";
}

void fill_in(Account& account, MeterEvent& event) {
    event.created = account.now();
    if (event.timestamp == 0) event.timestamp = event.created;
    if (event.identifier.empty()) event.identifier = account.new_id("mtrevt_1");
}

json::value create(Call& call) {
    const MeterEvent event =
        accept_meter_event(call.account, {.event_name = text(call.params, "event_name"),
                                          .identifier = text(call.params, "identifier"),
                                          .timestamp = number(call.params, "timestamp"),
                                          .payload = payload_of(call.params)});
    return Object{
        {"object",     "billing.meter_event"},
        {"created",    event.created        },
        {"event_name", event.event_name     },
        {"identifier", event.identifier     },
        {"livemode",   false                },
        {"payload",    event.payload        },
        {"timestamp",  event.timestamp      }
    };
}

}  // namespace

MeterEvent accept_meter_event(Account& account, MeterEvent event) {
    const InTimeOf time(account, clock_of_event(account, event.event_name, event.payload));
    fill_in(account, event);
    if (event.identifier.size() > 100) {
        refuse("parameter_invalid_string_long", "Invalid string: must be at most 100 characters",
               "identifier");
    }
    if (known_identifier(account, event.identifier)) {
        refuse("", "An event already exists with identifier " + event.identifier + ".",
               "identifier");
    }
    if (const auto problem = take_meter_event(account, event)) {
        if (is_told_at_once(*problem)) refuse(problem->code, problem->message, problem->param);
        report_meter_error(account, meter_of_event(account, event.event_name), event.identifier,
                           *problem);
    }
    return event;
}

void stream_meter_event(Account& account, MeterEvent event) {
    const InTimeOf time(account, clock_of_event(account, event.event_name, event.payload));
    fill_in(account, event);
    if (known_identifier(account, event.identifier)) return;
    if (const auto problem = take_meter_event(account, event)) {
        report_meter_error(account, meter_of_event(account, event.event_name), event.identifier,
                           *problem);
    }
}

Object cancel_meter_event(Account& account, const std::string& event_name,
                          const std::string& identifier) {
    if (identifier.empty()) refuse_missing_param("cancel[identifier]");
    const auto* known = account.store().find("_meter_identifier", identifier_id(identifier));
    if (!known || text(*known, "event_name") != event_name) {
        refuse("resource_missing",
               "No meter event `" + event_name + "` exists with identifier " + identifier + ".",
               "cancel[identifier]");
    }
    const Object record = *known;
    const auto* event = account.store().find(text(record, "event"));
    if (!event) {
        refuse("", "The meter event with identifier " + identifier + " was canceled already.",
               "cancel[identifier]");
    }
    const InTimeOf time(account, text(record, "test_clock"));
    if (number(record, "created") + identifier_seconds <= account.now()) {
        refuse("", "A meter event can only be canceled within 24 hours of receiving it.",
               "cancel[identifier]");
    }
    account.store().erase(text(record, "event"));
    return Object{
        {"object",     "billing.meter_event_adjustment"  },
        {"cancel",     Object{{"identifier", identifier}}},
        {"event_name", event_name                        },
        {"livemode",   false                             },
        {"status",     "complete"                        },
        {"type",       "cancel"                          }
    };
}

void add_meter_event_routes(Routes& routes) {
    routes.on("POST /v1/billing/meter_events",
              "event_name!:id payload!:any identifier:id timestamp:t", create);
    routes.on("POST /v1/billing/meter_event_adjustments",
              "event_name!:id type!:(cancel) cancel{identifier:id}", [](Call& call) -> json::value {
                  return cancel_meter_event(call.account, text(call.params, "event_name"),
                                            text(child(call.params, "cancel"), "identifier"));
              });
}

}  // namespace paydesk::sandbox::stripe
