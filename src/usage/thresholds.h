#pragma once
// Tells users when 80 % and 100 % of a limit are used: once each in a billing period.
//
// Looked at whenever totals change, after their commit. What a crash swallows is told at the metric's next
// event: what counts is the level that was told of, kept with the totals, not the moment of passing it.

#include <functional>
#include <memory>
#include <vector>

#include "usage/metrics.h"
#include "usage/totals.h"

namespace paydesk::usage {

inline constexpr int warn_percent = 80;
inline constexpr int full_percent = 100;
inline constexpr std::size_t thresholds_queue_max = 10'000;

// 0, warn_percent or full_percent: what `used` has reached of `limit`. -1 is unlimited; of a limit of 0 nothing
// can be used, and nothing is told.
int reached_percent(Decimal used, std::int64_t limit);

// Of one thread. No tell() may be under way when it dies: wait for idle().
class Thresholds {
public:
    Thresholds(asio::io_context& io, db::Database& db) : io_(io), db_(db) {}

    // Tells, soon, of those whose limit has been reached and not told of.
    void look_at(const std::vector<Totals>& totals, const Metrics& metrics);
    bool is_idle() const { return !running_; }

private:
    struct Passed {
        Totals totals;
        std::string name;
        Decimal used;
        std::int64_t limit;
        int percent;
        bool is_soft;
    };
    Task<> drain();
    Task<> tell(std::vector<Passed> passed);

    asio::io_context& io_;
    db::Database& db_;
    std::vector<Passed> queue_;
    bool running_ = false;
};

}  // namespace paydesk::usage
