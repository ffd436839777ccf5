#include "sandbox/stripe/thin_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "sandbox/stripe/events.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view kind = "v2.core.event";

void emit(Account& account, Object event) {
    const auto id = account.new_id("evt_test_");
    const auto type = text(event, "type");
    event["id"] = id;
    event["object"] = kind;
    event["created"] = iso_time(account.now());
    event["livemode"] = false;
    account.store().add(kind, id, std::move(event));
    for (const std::string& destination : account.store().ids("v2.core.event_destination")) {
        const Object& object = *account.store().find(destination);
        const auto& wanted = children(object, "enabled_events");
        if (text(object, "status") != "enabled" ||
            std::ranges::find(wanted, json::value(type)) == wanted.end()) {
            continue;
        }
        add_delivery(account, id, type, destination, text(object, "_url"));
    }
}

}  // namespace

std::string iso_time(std::int64_t unix_seconds) {
    const auto at = from_unix(unix_seconds);
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(at - day)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

void report_meter_error(Account& account, const Object* meter, const std::string& identifier,
                        const MeterProblem& problem) {
    const auto at = iso_time(account.now());
    const Object sample{
        {"error_message", problem.message                   },
        {"request",       Object{{"identifier", identifier}}}
    };
    const Object error{
        {"code",          problem.code       },
        {"error_count",   1                  },
        {"sample_errors", json::array{sample}}
    };
    Object event{
        {"type",
         meter ? "v1.billing.meter.error_report_triggered" : "v1.billing.meter.no_meter_found"},
        {"data", Object{{"developer_message_summary", "There is 1 invalid event"},
                        {"reason", Object{{"error_count", 1}, {"error_types", json::array{error}}}},
                        {"validation_end", at},
                        {"validation_start", at}}                             }
    };
    if (meter) {
        event["related_object"] = Object{
            {"id", meter->at("id")},
            {"type", "billing.meter"},
            {"url", "/v1/billing/meters/" + text(*meter, "id")}
        };
    }
    emit(account, std::move(event));
}

std::string notification_body(const Object& event) {
    Object shown = event;
    shown.erase("data");
    return pretty_json(shown);
}

}  // namespace paydesk::sandbox::stripe
