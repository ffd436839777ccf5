#pragma once
// Runs the jobs of queue.h: any number of nodes, each job on one of them at a time.
//
// A job is leased, not locked: its transaction is over before its handler runs, so a handler may call
// a provider. A node that dies lets its leases run out and another node takes the jobs up again:
// a handler must be idempotent (design, law 3).

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "db/database.h"

namespace paydesk::jobs {

struct Job {
    std::string id;
    std::string kind;
    boost::json::value payload;
    std::int64_t attempts;  // this one included
    std::int64_t attempts_max;
    Instant run_at;        // when it was due
    Instant leased_until;  // stop by then: another node may start it
};

// What a handler makes of it. An error or an exception is a failed attempt: it is recorded and tried
// again after a back-off, until attempts_max; then the job is dead and stays for an operator.
// An error that is not retryable (base/error.h) is dead at once.
using Handler = std::function<Task<Result<void>>(Job)>;

struct RunnerOptions {
    int concurrency = 4;  // jobs under way at once on this node
    std::chrono::milliseconds poll{1'000};
    std::chrono::seconds lease{60};
};

class Runner {
public:
    // The arguments must outlive the runner, and run() must have returned before it dies.
    Runner(asio::io_context& io, db::Database& db, const Clock& clock, RunnerOptions options = {});
    ~Runner();

    // REQUIRES: before run(), one handler per kind.
    void handle(std::string kind, Handler handler);

    // Runs `kind` every `period`, once among all nodes, at multiples of the period since 1970. After
    // each run the next is enqueued; one that fails is tried again until it works; missed runs are not
    // made up for.
    // REQUIRES: as handle(), which it includes.
    void every(std::string kind, std::chrono::seconds period, Handler handler);

    // Until stop(). Ends when the jobs under way have ended.
    Task<> run();
    // Takes no new job. Idempotent.
    void stop();
    // Looks for due jobs now instead of at the next poll.
    void wake();

    // Runs what is due now, and what that makes due, then returns. For tests and tools; not beside
    // run(). Gives how many attempts were made.
    Task<std::size_t> run_due();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace paydesk::jobs
