#pragma once
// Processes stored webhook events: the second half of the inbound path.
//
//     webhook_events ── claim (skip locked) ──▶ normalise ──▶ billing::apply_changes ──▶ marked
//                              └───────────────── one transaction ─────────────────────────┘
//
// A batch of events is applied set by set in one transaction, in the order in which the provider made
// them; the events of one object never run in two transactions at once. A batch that fails is taken
// apart and each event applied alone, so that a bad one harms no other.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/task.h"
#include "db/database.h"
#include "provider/change.h"
#include "provider/provider.h"

namespace paydesk::webhook {

// An event whose application fails this often is a dead letter: kept, never tried by itself.
inline constexpr std::int64_t attempts_max = 12;
// An event whose customer is unknown is looked at this often, over about three days; after that only
// the customer's appearance or a replay takes it up.
inline constexpr std::int64_t waiting_attempts_max = 24;

// What the processor must know of one provider.
struct Applier {
    // Turns a stored payload, of whatever api_version, into our words.
    // Refuses with webhook_payload_invalid what claims a followed type but lacks its parts.
    std::function<Result<provider::Change>(const json::value& payload)> normalise;
    provider::Provider* provider = nullptr;  // asked when two snapshots share a second
};

struct ProcessorOptions {
    int workers = 3;               // transactions under way at once on this node
    std::int64_t batch_max = 150;  // events per transaction: some 5 ms of our thread
    std::chrono::milliseconds poll{1'000};
    std::chrono::milliseconds linger{20};  // after a wake, for deliveries that come close together
};

// How many events ended how.
struct Drained {
    std::int64_t processed = 0;  // applied, or rightly of no effect
    std::int64_t ignored = 0;    // not followed
    std::int64_t waiting = 0;    // customer unknown
    std::int64_t failed = 0;     // will be tried again
    std::int64_t dead = 0;
    std::int64_t total() const { return processed + ignored + waiting + failed + dead; }
};

class Processor {
public:
    // The arguments must outlive the processor, and run() must have returned before it dies.
    Processor(asio::io_context& io, db::Database& db, const Clock& clock,
              std::map<provider::Name, Applier> appliers, ProcessorOptions options = {});
    ~Processor();

    // Until stop(): works when woken, and every `poll` besides. Ends when what is under way has ended.
    Task<> run();
    void stop();
    // There may be something to do. Cheap; call it after every commit that stored events.
    void wake();

    // Applies all that is due now, then returns. For tests, tools and the simulator.
    Task<Drained> drain();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

// Puts events back to be processed at once, attempts at zero: the given ones whatever their state
// (applying an event again changes nothing: the merge rule and the fact keys see to that), or, with
// no ids, all that are failed, dead or waiting. Gives how many.
Task<std::size_t> replay(db::Database& db, std::vector<std::string> event_ids, Instant now);
// The same in the caller's transaction: beside the row that says who wanted it.
Task<std::size_t> replay(db::Tx& tx, std::vector<std::string> event_ids, Instant now);

}  // namespace paydesk::webhook
