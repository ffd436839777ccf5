#include "usage/postgres_sink.h"

#include <algorithm>

#include <set>
#include "base/metrics.h"

#include "db/group_commit.h"
#include "usage/count_events.h"
#include "usage/partitions.h"
#include "usage/thresholds.h"

namespace paydesk::usage {
namespace {

constexpr std::size_t group_requests_max = 1'024;
constexpr int attempts_max = 4;

using Batch = std::vector<Event>;
using Answers = std::vector<Recorded>;

void count_outcomes(const std::vector<Recorded>& answers) {
    std::size_t recorded = 0, duplicates = 0;
    for (const Recorded& answer : answers) {
        recorded += answer.outcome == Outcome::recorded;
        duplicates += answer.outcome == Outcome::duplicate;
    }
    const auto tell = [](std::string_view outcome, std::size_t events) {
        if (events == 0) return;
        metrics::count("paydesk_usage_events_total",
                       {
                           {"outcome", outcome}
        },
                       events);
    };
    tell("recorded", recorded);
    tell("duplicate", duplicates);
    tell("conflict", answers.size() - recorded - duplicates);
}

}  // namespace

class PostgresSink::Impl {
public:
    Impl(asio::io_context& io, db::Database& db, const Clock& clock, MetricsCache& cache,
         Thresholds& thresholds)
        : db_(db),
          clock_(clock),
          cache_(cache),
          thresholds_(thresholds),
          commits_(
              io, "usage_group_commit",
              [this](std::vector<const Batch*> batches) { return commit(std::move(batches)); },
              group_requests_max, group_events_max) {}

    Task<Answers> record(Batch events) {
        if (events.empty()) co_return Answers{};
        const std::size_t size = events.size();
        if (events_waiting_ + size > sink_queue_events_max)
            throw Unavailable("too many usage events are waiting: try again soon");
        events_waiting_ += size;
        try {
            auto answers = co_await commits_.add(std::move(events), size);
            events_waiting_ -= size;
            co_return answers;
        } catch (...) {
            events_waiting_ -= size;
            throw;
        }
    }

private:
    Task<std::vector<Answers>> commit(std::vector<const Batch*> batches) {
        std::vector<const Event*> events;
        for (const Batch* batch : batches) {
            for (const Event& event : *batch) events.push_back(&event);
        }
        const auto metrics = co_await cache_.current();
        const CountedGroup group = co_await count(events, metrics);
        count_outcomes(group.answers);
        thresholds_.look_at(group.totals, *metrics);

        std::vector<Answers> answers;
        auto at = group.answers.begin();
        for (const Batch* batch : batches) {
            const auto end = at + static_cast<std::ptrdiff_t>(batch->size());
            answers.emplace_back(at, end);
            at = end;
        }
        co_return answers;
    }

    // Safe to repeat, also when it is unknown whether it has happened: then all are duplicates of themselves.
    Task<CountedGroup> count(const std::vector<const Event*>& events,
                             const std::shared_ptr<const Metrics>& metrics) {
        const record_store::Run run = [this](db::Statement statement, db::Params params) {
            return db_.run(statement, std::move(params));
        };
        for (int attempt = 1;; ++attempt) {
            bool lacks_partition = false;
            try {
                co_return co_await count_events(run, events, metrics, clock_.now());
            } catch (const db::Failure& failure) {
                lacks_partition = failure.sqlstate == "23514" && failure.constraint.empty();
                const bool collided = failure.sqlstate == "40P01" || failure.sqlstate == "40001";
                if (attempt == attempts_max || (!lacks_partition && !collided)) throw;
            }
            if (lacks_partition) co_await make_days_of(events);
        }
    }

    Task<> make_days_of(const std::vector<const Event*>& events) {
        std::set<std::chrono::sys_days> days;
        for (const Event* event : events)
            days.insert(std::chrono::floor<std::chrono::days>(event->occurred_at));
        for (const auto& day : days) co_await make_partitions(db_, Instant(day), Instant(day));
    }

    db::Database& db_;
    const Clock& clock_;
    MetricsCache& cache_;
    Thresholds& thresholds_;
    db::GroupCommit<Batch, Answers> commits_;
    std::size_t events_waiting_ = 0;
};

PostgresSink::PostgresSink(asio::io_context& io, db::Database& db, const Clock& clock,
                           MetricsCache& metrics, Thresholds& thresholds)
    : impl_(std::make_shared<Impl>(io, db, clock, metrics, thresholds)) {}
PostgresSink::~PostgresSink() = default;

Task<std::vector<Recorded>> PostgresSink::record(std::vector<Event> events) {
    return impl_->record(std::move(events));
}

}  // namespace paydesk::usage
