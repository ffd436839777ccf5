// What a meter counted of a customer: /v1/billing/meters/{id}/event_summaries.

#include <set>

#include "base/crypto.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

struct Grid {
    std::int64_t seconds = 60;
    std::string_view name = "minute";
};

Grid grid_of(const std::string& window) {
    if (window == "hour") return {3600, "hour"};
    if (window == "day") return {86400, "UTC day"};
    return {};
}

void check_aligned(const Object& params, std::string_view key, Grid grid) {
    if (number(params, key) % grid.seconds == 0) return;
    refuse("",
           "`" + std::string(key) + "` must be aligned with " + std::string(grid.name) +
               " boundaries.",
           key);
}

// The API's own type of this field is a float. Nothing is computed with it: usage is billed from
// the exact decimal.
json::value as_number(Decimal value) {
    const auto written = value.to_string();
    if (written.find('.') == std::string::npos && written.size() < 19) return std::stoll(written);
    return std::stod(written);
}

Object summary(const Account& account, const Object& meter, const std::string& customer,
               Span span) {
    const auto name =
        text(meter, "id") + customer + std::to_string(span.start) + "-" + std::to_string(span.end);
    return {
        {"id", "mtrusg_test_" + to_hex(sha256(name)).substr(0, 24)},
        {"object", "billing.meter_event_summary"},
        {"aggregated_value", as_number(aggregate_events(account, meter, customer, span))},
        {"end_time", span.end},
        {"livemode", false},
        {"meter", meter.at("id")},
        {"start_time", span.start}
    };
}

json::value list(Call& call) {
    const Account& account = call.account;
    const Object& meter = call.target("billing.meter");
    const auto customer = text(call.params, "customer");
    account.get("customer", customer, "customer");
    const auto window = text(call.params, "value_grouping_window");
    const Grid grid = grid_of(window);
    check_aligned(call.params, "start_time", grid);
    check_aligned(call.params, "end_time", grid);
    const Span all{number(call.params, "start_time"), number(call.params, "end_time")};
    if (all.end <= all.start) refuse("", "`end_time` must be after `start_time`.", "end_time");
    json::array summaries;
    if (window.empty()) {
        summaries.push_back(summary(account, meter, customer, all));
    } else {
        // Newest first; a window in which nothing happened has no summary.
        std::set<std::int64_t, std::greater<>> starts;
        for (const auto& id : account.store().ids(usage_kind(text(meter, "id"), customer))) {
            const auto at = number(*account.store().find(id), "timestamp");
            if (all.holds(at)) starts.insert(at - at % grid.seconds);
        }
        for (const auto start : starts) {
            summaries.push_back(summary(account, meter, customer, {start, start + grid.seconds}));
        }
    }
    return page_of(call, summaries, "/v1/billing/meters/" + text(meter, "id") + "/event_summaries");
}

}  // namespace

void add_event_summary_routes(Routes& routes) {
    routes.list("/v1/billing/meters/{id}/event_summaries",
                "customer!:id start_time!:t end_time!:t value_grouping_window:(day|hour)", list);
}

}  // namespace paydesk::sandbox::stripe
