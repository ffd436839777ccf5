#include "sandbox/stripe/test_clocks.h"

#include <algorithm>

#include "sandbox/stripe/due.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view kind = "test_helpers.test_clock";
constexpr std::int64_t kept_seconds = 30 * 86400;

json::value create(Call& call) {
    const auto frozen = number(call.params, "frozen_time");
    if (frozen <= 0) refuse("", "Invalid timestamp: must be positive.", "frozen_time");
    Object clock = blank(kind);
    clock["id"] = call.account.new_id("clock_1");
    clock["frozen_time"] = frozen;
    clock["name"] = value_of(call.params, "name");
    clock["deletes_after"] = call.account.now() + kept_seconds;
    const Object& added = call.account.add(std::move(clock));
    call.account.emit("test_helpers.test_clock.created", added);
    return added;
}

// Two intervals of the shortest subscription; two years where there is none.
std::int64_t furthest(const Account& account, const std::string& clock, std::int64_t now) {
    std::int64_t limit = next_boundary(now, now, "year", 2);
    for (const auto& id : account.store().ids("subscription")) {
        const auto* subscription = account.find("subscription", id);
        if (!subscription || text(*subscription, "test_clock") != clock ||
            present(*subscription, "ended_at")) {
            continue;
        }
        for (const json::value& item : children(child(*subscription, "items"), "data")) {
            const Object& recurring = child(child(item.get_object(), "price"), "recurring");
            limit = std::min(limit, next_boundary(now, now, text(recurring, "interval"),
                                                  2 * number(recurring, "interval_count", 1)));
        }
    }
    return limit;
}

json::value advance(Call& call) {
    Account& account = call.account;
    const Object clock = call.target(kind);
    const auto id = text(clock, "id");
    const auto target = number(call.params, "frozen_time");
    if (text(clock, "status") != "ready") {
        throw Refusal{.status = 429,
                      .code = "test_clock_advancement_in_progress",
                      .message =
                          "Test clock advancement underway - cannot advance again until "
                          "it is ready."};
    }
    const auto now = number(clock, "frozen_time");
    if (target <= now) {
        refuse("", "Test clock must advance to a time after its current frozen time.",
               "frozen_time");
    }
    if (target > furthest(account, id, now)) {
        refuse("",
               "Test clocks can only advance up to two intervals of the shortest subscription "
               "at a time, or two years where there is none.",
               "frozen_time");
    }
    const Object& advancing = account.change(id, "", [&](Object& changed) {
        changed["status"] = "advancing";
        changed["status_details"] = Object{
            {"advancing", Object{{"target_frozen_time", target}}}
        };
    });
    account.emit("test_helpers.test_clock.advancing", advancing);
    return advancing;
}

// With the clock goes everybody on it.
json::value remove(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target(kind), "id");
    {
        const InTimeOf time(account, id);
        const auto subscriptions = account.store().ids("subscription");
        for (const auto& subscription : subscriptions) {
            const Object& object = *account.store().find(subscription);
            if (text(object, "test_clock") != id) continue;
            account.change(subscription, "", [&](Object& gone) {
                if (!present(gone, "ended_at")) gone["ended_at"] = account.now();
                gone["status"] = "canceled";
            });
        }
        const auto schedules = account.store().ids("subscription_schedule");
        for (const auto& schedule : schedules) {
            const Object& object = *account.store().find(schedule);
            if (text(object, "test_clock") != id) continue;
            account.change(schedule, "", [&](Object& gone) {
                const auto status = text(gone, "status");
                if (status != "not_started" && status != "active") return;
                gone["status"] = "canceled";
                gone["canceled_at"] = account.now();
                gone["current_phase"] = nullptr;
            });
        }
        const auto customers = account.store().ids("customer");
        for (const auto& customer : customers) {
            const auto* object = account.find("customer", customer);
            if (!object || text(*object, "test_clock") != id) continue;
            account.change(customer, "", [](Object& gone) { gone["_deleted"] = true; });
        }
    }
    // The clock itself ends now, in the time of the account.
    account.emit("test_helpers.test_clock.deleted", account.get(kind, id));
    return deleted(account.change(id, "", [](Object& gone) { gone["_deleted"] = true; }));
}

std::string clock_of_id(const Account& account, std::string_view id) {
    const auto* object = account.store().find(id);
    return object ? clock_of(account, *object) : std::string();
}

}  // namespace

std::string clock_of(const Account& account, const Object& object) {
    if (present(object, "test_clock")) return text(object, "test_clock");
    if (const auto* customer = account.store().find("customer", text(object, "customer"))) {
        return text(*customer, "test_clock");
    }
    for (const auto* key : {"charge", "subscription", "invoice", "payment_intent"}) {
        const auto owner = text(object, key);
        if (owner.empty() || owner == text(object, "id")) continue;
        auto clock = clock_of_id(account, owner);
        if (!clock.empty()) return clock;
    }
    return {};
}

std::string clock_of_call(const Account& account, const PathParams& path, const Object& params) {
    for (const auto& [name, id] : path) {
        auto clock = clock_of_id(account, id);
        if (!clock.empty()) return clock;
    }
    for (const auto* key : {"customer", "subscription", "invoice", "charge", "payment_intent",
                            "from_subscription", "test_clock"}) {
        const auto id = text(params, key);
        if (id.empty()) continue;
        auto clock = std::string_view(key) == "test_clock" ? id : clock_of_id(account, id);
        if (!clock.empty()) return clock;
    }
    return clock_of_id(account, text(child(params, "payload"), "stripe_customer_id"));
}

std::string clock_of_page(const Account& account, std::string_view path) {
    while (!path.empty()) {
        path.remove_prefix(1);  // '/'
        const auto end = std::min(path.find('/'), path.size());
        auto clock = clock_of_id(account, path.substr(0, end));
        if (!clock.empty()) return clock;
        path.remove_prefix(end);
    }
    return {};
}

InTimeOf::InTimeOf(Account& account, std::string_view test_clock)
    : account_(account), before_(account.frozen()) {
    const auto* clock = account.store().find(kind, test_clock);
    if (clock) account.freeze(number(*clock, "frozen_time"));
}

InTimeOf::~InTimeOf() { account_.freeze(before_); }

void finish_advancing(Account& account) {
    const auto clocks = account.store().ids(kind);
    for (const auto& id : clocks) {
        const auto* clock = account.find(kind, id);
        if (!clock || text(*clock, "status") != "advancing") continue;
        advance_test_clock(
            account, id,
            number(child(child(*clock, "status_details"), "advancing"), "target_frozen_time"));
        const Object& ready = account.change(id, "", [](Object& changed) {
            changed["status"] = "ready";
            changed["status_details"] = Object();
        });
        account.emit("test_helpers.test_clock.ready", ready);
        account.commit();
    }
}

void add_test_clock_routes(Routes& routes) {
    routes.on("POST /v1/test_helpers/test_clocks", "frozen_time!:t name", create);
    routes.list("/v1/test_helpers/test_clocks", "", [](Call& call) {
        return list_page(call, kind, "/v1/test_helpers/test_clocks",
                         [](const Object&) { return true; });
    });
    routes.on("GET /v1/test_helpers/test_clocks/{id}", "",
              [](Call& call) -> json::value { return call.target(kind); });
    routes.on("POST /v1/test_helpers/test_clocks/{id}/advance", "frozen_time!:t", advance);
    routes.on("DELETE /v1/test_helpers/test_clocks/{id}", "", remove);
}

}  // namespace paydesk::sandbox::stripe
