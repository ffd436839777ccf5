#include "credits/grant.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace paydesk::credits {

namespace {

// More months than any paid period has; Stripe's longest is three years.
constexpr int months_max = 40;

std::string month_key(const PlanPeriod& period, Instant start) {
    return period.fact_key + "/" + std::to_string(to_unix(start));
}

}  // namespace

std::string_view to_string(GrantKind kind) {
    switch (kind) {
        case GrantKind::free:
            return "free";
        case GrantKind::plan:
            return "plan";
        case GrantKind::top_up:
            return "top_up";
        case GrantKind::admin:
            return "admin";
    }
    std::unreachable();
}

Instant add_months(Instant instant, int months) {
    using namespace std::chrono;
    const auto day = floor<days>(instant);
    year_month_day date = year_month_day(day) + std::chrono::months(months);
    if (!date.ok()) date = date.year() / date.month() / last;
    return Instant(sys_days(date).time_since_epoch() + (instant - day));
}

Instant month_before(Instant end) {
    using namespace std::chrono;
    const auto day = floor<days>(end);
    const year_month_day date(day);
    const Instant before = add_months(end, -1);
    if (date.day() != (date.year() / date.month() / last).day()) return before;
    const year_month_day then(floor<days>(before));
    return Instant(sys_days(then.year() / then.month() / last).time_since_epoch() + (end - day));
}

std::vector<Grant> grants_of(const PlanPeriod& period) {
    std::vector<Grant> grants;
    if (period.credits_per_month <= 0) return grants;
    for (int month = 0; month < months_max; ++month) {
        const Instant start = add_months(period.start, month);
        if (start >= period.end) break;
        const Instant end = period.by_month
                                ? std::min(add_months(period.start, month + 1), period.end)
                                : period.end;
        grants.push_back({.id = {},
                          .kind = GrantKind::plan,
                          .fact_key = month_key(period, start),
                          .slot = period.slot,
                          .supersedes = period.supersedes,
                          .since = period.start,
                          .amount = std::min(period.credits_per_month, amount_max),
                          .priority = priority_plan,
                          .effective_at = start,
                          .expires_at = end == period.end ? end + renewal_grace : end,
                          .description = period.description});
        if (!period.by_month) break;
    }
    return grants;
}

Grant top_up(std::string fact_key, std::int64_t credits, Instant at, std::string description) {
    PD_ASSERT(credits > 0);
    return {.id = {},
            .kind = GrantKind::top_up,
            .fact_key = std::move(fact_key),
            .slot = {},
            .since = at,
            .amount = std::min(credits, amount_max),
            .priority = priority_top_up,
            .effective_at = at,
            .description = std::move(description)};
}

Grant free_month(std::string fact_key, std::string slot, std::int64_t credits, Instant start,
                 bool ends_plan) {
    PD_ASSERT(credits > 0);
    return {.id = {},
            .kind = GrantKind::free,
            .fact_key = std::move(fact_key),
            .slot = std::move(slot),
            .supersedes = ends_plan,
            .since = start,
            .amount = std::min(credits, amount_max),
            .priority = priority_plan,
            .effective_at = start,
            .expires_at = add_months(start, 1),
            .description = "Free plan"};
}

Grant plan_end(std::string fact_key, std::string slot, Instant at) {
    return {.id = {},
            .kind = GrantKind::admin,
            .fact_key = std::move(fact_key),
            .slot = std::move(slot),
            .supersedes = true,
            .since = at,
            .amount = 0,
            .effective_at = at,
            .expires_at = at + std::chrono::seconds(1),
            .description = "Subscription ended"};
}

}  // namespace paydesk::credits
