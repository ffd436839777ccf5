#pragma once
// A subscription schedule as it is stored: what it will make of its subscription, and when. What
// apply_change loads, decides about and saves.

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "billing/plan_price_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct ScheduleRow {
    std::string id;  // ours
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::string schedule;  // the provider's id
    Instant stamp;
    std::optional<Instant> answered_at;  // decide_merge.h
    std::string revision;

    struct Content {
        std::optional<std::string> subscription;  // the provider's id
        std::string status;
        // The change that is scheduled: all of it, or nothing.
        std::optional<Instant> effective_at;
        std::optional<std::string> plan_key;
        std::string plan_name;
        std::optional<std::string> billing_cycle, price_id;
        std::optional<std::int64_t> quantity, unit_amount;
        std::optional<std::string> currency;
        bool livemode = false;
        friend bool operator==(const Content&, const Content&) = default;
    } content;
};

// Pure. Of the next phase the item of a plan counts, else its first; the others are left out.
ScheduleRow::Content content_of(const provider::ScheduleSnapshot& snapshot, bool livemode,
                                const PlanPrices& prices);

// completed, released, canceled.
bool is_final_schedule(std::string_view status);

// What has not started is before what has; two equal states prove nothing.
std::partial_ordering state_order(const ScheduleRow::Content& incoming,
                                  const ScheduleRow::Content& row);

namespace schedule_rows {
// Locks and loads those that exist. Keys are (account, provider's id).
Task<std::vector<ScheduleRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys);
Task<> save(db::Tx& tx, std::vector<ScheduleRow> rows);
}  // namespace schedule_rows

}  // namespace paydesk::billing
