#pragma once
// Tells users when 80 % and 100 % of a limit are used: once each in a billing period.
//
// Looked at whenever totals change, after their commit. What counts is the level that was told of, kept with the
// totals, not the moment of passing it: what a crash swallows is found again by a job, or at the metric's next event.

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "jobs/runner.h"
#include "usage/metrics.h"
#include "usage/totals.h"

namespace paydesk::usage {

inline constexpr int warn_percent = 80;
inline constexpr int full_percent = 100;
inline constexpr std::size_t thresholds_queue_max = 10'000;
inline constexpr const char* thresholds_job_kind = "usage_thresholds";
inline constexpr std::chrono::minutes thresholds_job_period{15};

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

    // Notes what those totals have reached as told of, and tells nobody: for usage that is taken over.
    static Task<> note_reached(db::Tx& tx, std::vector<Totals> totals,
                               std::shared_ptr<const Metrics> metrics);

    // Tells of all that was reached in periods under way and not told of. Gives how many. Throws db::Failure.
    Task<std::size_t> tell_missed(std::shared_ptr<const Metrics> metrics, Instant now);

private:
    struct Passed {
        Totals totals;
        std::string name;
        Decimal used;
        std::int64_t limit;
        int percent;
        bool is_soft;
    };
    static Task<> note_told(db::Tx& tx, std::vector<Passed> passed);
    static std::optional<Passed> passed(const Totals& totals, const Metrics& metrics);
    Task<> drain();
    Task<> tell(std::vector<Passed> passed);

    asio::io_context& io_;
    db::Database& db_;
    std::vector<Passed> queue_;
    bool running_ = false;
};

// The arguments outlive the handler.
jobs::Handler thresholds_job(Thresholds& thresholds, MetricsCache& metrics, const Clock& clock);

}  // namespace paydesk::usage
