#include "jobs/runner.h"

#include <algorithm>
#include <set>

#include "base/assert.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/job_store.h"
#include "jobs/queue.h"

namespace paydesk::jobs {

namespace {

// A schedule's one job lives on for ever: it must not die of a bad day.
constexpr std::int64_t scheduled_attempts_max = 1'000'000;

Instant next_multiple(Instant now, std::chrono::seconds period) {
    const auto since_epoch = now.time_since_epoch();
    return Instant{(since_epoch / period + 1) * std::chrono::microseconds(period)};
}

}  // namespace

class Runner::Impl {
public:
    Impl(asio::io_context& io, db::Database& db, const Clock& clock, RunnerOptions options)
        : io_(io), db_(db), clock_(clock), options_(options), node_(random_hex(8)), idle_(io) {}

    void handle(std::string kind, Handler handler, std::optional<std::chrono::seconds> period) {
        PD_ASSERT(!handlers_.contains(kind));
        handlers_.emplace(std::move(kind), Registered{std::move(handler), period});
    }

    Task<> run() {
        bool scheduled = false;
        while (!stopping_) {
            bool busy = false;
            try {
                if (!scheduled) co_await schedule_all();
                scheduled = true;
                busy = co_await start_due();
            } catch (const std::exception& away) {
                log::warning("jobs_paused", {
                                                {"error", json::value(away.what())}
                });
            }
            if (!busy) co_await pause();
        }
        while (under_way_ > 0) co_await sleep_for(io_, std::chrono::milliseconds(2));
    }

    void stop() {
        stopping_ = true;
        idle_.cancel();
    }

    void wake() {
        woken_ = true;
        idle_.cancel();
    }

    Task<std::size_t> run_due() {
        co_await schedule_all();
        std::size_t attempts = 0;
        while (true) {
            auto jobs = co_await claim(options_.concurrency);
            if (jobs.empty()) co_return attempts;
            for (auto& job : jobs) {
                co_await attempt(std::move(job));
                ++attempts;
            }
        }
    }

private:
    struct Registered {
        Handler handler;
        std::optional<std::chrono::seconds> period;
    };

    Task<std::vector<Job>> claim(int limit) {
        std::vector<std::string> kinds;
        for (const auto& [kind, registered] : handlers_) kinds.push_back(kind);
        const Instant now = clock_.now();
        co_return co_await job_store::claim(db_, std::move(kinds), node_, now, now + options_.lease,
                                            limit);
    }

    // True where there may be more to do at once.
    Task<bool> start_due() {
        const int free = options_.concurrency - under_way_;
        if (free <= 0) co_return false;
        auto jobs = co_await claim(free);
        const bool full = jobs.size() == static_cast<std::size_t>(free);
        for (auto& job : jobs) {
            ++under_way_;
            spawn(io_, "job", attempt_aside(std::move(job)));
        }
        co_return full&& under_way_ < options_.concurrency;
    }

    Task<> pause() {
        if (stopping_ || std::exchange(woken_, false)) co_return;
        idle_.expires_after(options_.poll);
        co_await idle_.async_wait(awaits_tuple);
        woken_ = false;
    }

    Task<> attempt_aside(Job job) {
        co_await attempt(std::move(job));
        --under_way_;
        wake();  // a place is free
    }

    // Never throws: what can't be written is left to the lease.
    Task<> attempt(Job job) {
        const Registered& registered = handlers_.at(job.kind);
        Error error{ErrorCode::internal, ""};
        bool failed = false;
        try {
            const auto outcome = co_await registered.handler(job);
            if (outcome.has_error()) {
                failed = true;
                error = outcome.error();
            }
        } catch (const std::exception& thrown) {
            failed = true;
            error = {ErrorCode::unavailable, thrown.what()};
        }
        metrics::count("paydesk_jobs_total",
                       {
                           {"kind",    job.kind                  },
                           {"outcome", failed ? "failed" : "done"}
        });
        try {
            if (failed) {
                co_await record_failure(job, error, registered.period);
            } else {
                co_await record_success(job, registered.period);
            }
        } catch (const std::exception& away) {
            log::warning("job_outcome_not_stored", {
                                                       {"job_id", json::value(job.id)     },
                                                       {"kind",   json::value(job.kind)   },
                                                       {"error",  json::value(away.what())}
            });
        }
    }

    Task<> record_success(Job job, std::optional<std::chrono::seconds> period) {
        co_await db_.transaction([&](db::Tx& tx) -> Task<> {
            const bool mine = co_await job_store::finish(tx, job, node_, clock_.now());
            if (mine && period) co_await schedule(tx, job.kind, *period);
        });
    }

    Task<> record_failure(Job job, Error error, std::optional<std::chrono::seconds> period) {
        const std::string text =
            error.detail.empty() ? error.message : error.message + ": " + error.detail;
        const bool hopeless = !info(error.code).retryable || job.attempts >= job.attempts_max;
        if (hopeless && !period) {
            log::error("job_dead", {
                                       {"job_id", json::value(job.id)  },
                                       {"kind",   json::value(job.kind)},
                                       {"error",  json::value(text)    }
            });
            co_await job_store::bury(db_, job, node_, text, clock_.now());
            co_return;
        }
        log::warning("job_failed", {
                                       {"job_id",   json::value(job.id)      },
                                       {"kind",     json::value(job.kind)    },
                                       {"attempts", json::value(job.attempts)},
                                       {"error",    json::value(text)        }
        });
        co_await job_store::retry(db_, job, node_, text, clock_.now() + back_off(job.attempts));
    }

    Task<> schedule(db::Tx& tx, std::string kind, std::chrono::seconds period) {
        NewJob job{.kind = std::move(kind),
                   .payload = {},
                   .run_at = next_multiple(clock_.now(), period),
                   .unique_key = "schedule",
                   .attempts_max = scheduled_attempts_max};
        co_await enqueue(tx, std::move(job));
    }

    Task<> schedule_all() {
        co_await db_.transaction([&](db::Tx& tx) -> Task<> {
            for (const auto& [kind, registered] : handlers_) {
                if (registered.period) co_await schedule(tx, kind, *registered.period);
            }
        });
    }

    asio::io_context& io_;
    db::Database& db_;
    const Clock& clock_;
    const RunnerOptions options_;
    const std::string node_;
    std::map<std::string, Registered> handlers_;
    Timer idle_;
    bool woken_ = false, stopping_ = false;
    int under_way_ = 0;
};

Runner::Runner(asio::io_context& io, db::Database& db, const Clock& clock, RunnerOptions options)
    : impl_(std::make_shared<Impl>(io, db, clock, options)) {}
Runner::~Runner() = default;

void Runner::handle(std::string kind, Handler handler) {
    impl_->handle(std::move(kind), std::move(handler), std::nullopt);
}
void Runner::every(std::string kind, std::chrono::seconds period, Handler handler) {
    impl_->handle(std::move(kind), std::move(handler), period);
}
Task<> Runner::run() { return impl_->run(); }
void Runner::stop() { impl_->stop(); }
void Runner::wake() { impl_->wake(); }
Task<std::size_t> Runner::run_due() { return impl_->run_due(); }

}  // namespace paydesk::jobs
