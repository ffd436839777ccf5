#pragma once
// What is counted, and what plans allow and charge for it: the catalogue as usage needs it, kept in memory.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/plans_file.h"
#include "db/database.h"

namespace paydesk::usage {

// A change of the catalogue is seen by every node within this time.
inline constexpr std::chrono::seconds metrics_age_max{5};

struct Metric {
    std::string key, name, unit;
    catalog::Aggregation aggregation;
    catalog::UsageCharge charge;
};

struct UsagePlan {
    std::string key, name;
    bool is_free = false;  // who has no subscription has this one
    std::map<std::string, std::int64_t, std::less<>> limits;
    std::map<std::string, catalog::UsagePrice, std::less<>> prices;
};

struct Metrics {
    std::map<std::string, Metric, std::less<>> metrics;  // active ones
    std::map<std::string, UsagePlan, std::less<>> plans;
    std::vector<std::string> reported;    // those of charge `meter`
    std::vector<std::string> last;        // those that count the last value
    Currency currency = Currency::usd();  // of the prices
    Instant loaded_at = {};

    const Metric* find(std::string_view metric) const;
    // The plan of that key, or the free plan where there is none of it. Null before the first sync.
    const UsagePlan* plan(const std::optional<std::string>& key) const;
};

// Of one thread.
class MetricsCache {
public:
    // The arguments outlive it.
    MetricsCache(db::Database& db, const Clock& clock) : db_(db), clock_(clock) {}

    // At most metrics_age_max old. Throws db::Failure.
    Task<std::shared_ptr<const Metrics>> current();
    // Loaded now: for who looked for something that was not there.
    Task<std::shared_ptr<const Metrics>> fresh();

private:
    db::Database& db_;
    const Clock& clock_;
    std::shared_ptr<const Metrics> metrics_;
};

}  // namespace paydesk::usage
