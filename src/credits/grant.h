#pragma once
// A grant: credits of one origin, with a priority and a lifetime; while it has some left, a bucket.
//
// Plan buckets of one family share a slot, and one follows another there. A grant that supersedes ends
// the slot's earlier ones when it takes effect: "earlier" by `since`, when its fact began, so that the
// outcome does not depend on the order in which the facts were told.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "credits/burn.h"

namespace paydesk::credits {

inline constexpr std::int64_t amount_max = 1'000'000'000'000;  // of one grant or charge

// Spelled as in credit_grants.kind.
enum class GrantKind : std::uint8_t { free, plan, top_up, admin };
std::string_view to_string(GrantKind kind);

// Plan credits burn first, since they expire first; what was bought burns last.
inline constexpr std::int32_t priority_plan = 10, priority_admin = 20, priority_top_up = 30;

// Stripe bills a renewal about an hour after the period began. Until its invoice is paid, and for no
// longer than this, what is left of the old period stays; the paid period's own bucket ends it.
inline constexpr std::chrono::hours renewal_grace{3};

struct Grant {
    std::string id = {};  // ours, a UUID v7
    GrantKind kind = GrantKind::admin;
    std::string fact_key = {};  // what it is for; one grant per account and key
    std::string slot = {};      // plan family; "" where nothing follows it
    bool supersedes = false;
    Instant since = {};
    std::int64_t amount = 0;
    std::int32_t priority = priority_admin;
    Instant effective_at = {};
    Instant expires_at = never;  // exclusive
    std::string description = {};

    // What the ledger says.
    std::int64_t issued = 0;  // 0 until it takes effect, then amount
    std::int64_t remaining = 0;
    std::int64_t held = 0;
};

// Calendar months later, in UTC; the day is cut to the month's last.
Instant add_months(Instant instant, int months);
// The latest moment of which `end` is a month later: 31 January for 28 February.
Instant month_before(Instant end);

// A paid period of a plan: one grant for a month's credits, or, paid for by the year, one for each
// month of it, the last one cut at the end. `fact_key` names the invoice's line.
struct PlanPeriod {
    std::string fact_key;
    std::string slot;
    std::int64_t credits_per_month = 0;
    Instant start, end;
    bool by_month = false;    // paid for by the year
    bool supersedes = true;   // false: an upgrade adds to the bucket that is there
    std::string description;  // the plan's name
};
std::vector<Grant> grants_of(const PlanPeriod& period);

// Bought credits. They never expire.
Grant top_up(std::string fact_key, std::int64_t credits, Instant at, std::string description);

// The free plan's month that begins at `start`. `ends_plan`: because a subscription has ended.
Grant free_month(std::string fact_key, std::string slot, std::int64_t credits, Instant start,
                 bool ends_plan);

// The end of a subscription after which there is no free plan's month: a grant of nothing that ends the
// slot's buckets, those of months to come, too.
Grant plan_end(std::string fact_key, std::string slot, Instant at);

}  // namespace paydesk::credits
