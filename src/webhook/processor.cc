#include "webhook/processor.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/metrics.h"
#include "webhook/apply_events.h"

namespace paydesk::webhook {

namespace {

using event_store::StoredEvent;

// Objects that are being asked for at once; ties beyond it wait for their lease to run out.
constexpr int fetches_max = 8;
constexpr int ties_under_way_max = 256;
constexpr std::chrono::milliseconds give_way_max{300};
constexpr std::chrono::milliseconds give_way_slice{15};  // without a delivery: they have stopped
// How often a tie is asked about again because the row moved meanwhile.
constexpr int fetch_rounds_max = 4;

void add(Drained& sum, const Drained& more) {
    sum.processed += more.processed;
    sum.ignored += more.ignored;
    sum.waiting += more.waiting;
    sum.failed += more.failed;
    sum.dead += more.dead;
}

void count(const Drained& drained) {
    const auto by = [](std::string_view outcome, std::int64_t n) {
        if (n == 0) return;
        metrics::count("paydesk_webhook_events_total",
                       {
                           {"outcome", outcome}
        },
                       static_cast<double>(n));
    };
    by("processed", drained.processed);
    by("ignored", drained.ignored);
    by("waiting", drained.waiting);
    by("failed", drained.failed);
    by("dead", drained.dead);
}

// Postgres itself is in trouble (gone, out of disk, memory or connections): no event is to blame.
bool is_away(const db::Failure& failure) {
    return failure.retryable() || failure.sqlstate.starts_with("53");
}

using TieKey = std::tuple<provider::Name, provider::ObjectKind, std::string, bool>;

}  // namespace

class Processor::Impl {
public:
    Impl(asio::io_context& io, db::Database& db, const Clock& clock,
         std::map<provider::Name, Applier> appliers, ProcessorOptions options)
        : io_(io), db_(db), clock_(clock), appliers_(std::move(appliers)), options_(options) {}

    Task<> run() {
        for (int i = 1; i < options_.workers; ++i) {
            ++running_;
            spawn(io_, "webhook_processor", worker());
        }
        ++running_;
        co_await worker();
        while (running_ > 0 || ties_under_way_ > 0) {
            co_await sleep_for(io_, std::chrono::milliseconds(2));
        }
    }

    void stop() {
        stopping_ = true;
        for (Timer* timer : pauses_) timer->cancel();
    }

    // A worker that is up looks again before it rests; it wakes another when there is more than it can
    // take. One worker with a large batch does more than two with small ones.
    void wake() {
        woken_ = true;
        if (awake_ == 0) wake_another();
    }

    Task<Drained> drain() {
        Drained sum;
        while (true) {
            const auto step = co_await take_batch(sum);
            for (auto& ties : by_object(step.ties)) add(sum, co_await settle(std::move(ties)));
            if (step.claimed.empty()) co_return sum;
        }
    }

private:
    // ---- workers ----

    void wake_another() {
        if (idle_.empty()) return;
        Timer* timer = *idle_.begin();
        idle_.erase(timer);  // so that two wakes wake two
        ++awake_;
        timer->cancel();
    }

    Task<> worker() {
        ++awake_;
        while (!stopping_) {
            bool full = false, failed = false;
            const auto started = Timer::clock_type::now();
            try {
                Drained drained;
                const auto step = co_await take_batch(drained);
                count(drained);
                full = step.claimed.size() >= static_cast<std::size_t>(options_.batch_max);
                for (auto& ties : by_object(step.ties)) settle_aside(std::move(ties));
            } catch (const std::exception& away) {
                // Nothing is lost: the events are as they were.
                failed = true;
                log::warning("webhook_processor_paused", {
                                                             {"error", json::value(away.what())}
                });
            }
            if (!full) {
                co_await pause(failed);
            } else if (std::exchange(woken_, false)) {
                co_await give_way(Timer::clock_type::now() - started);
            } else {
                wake_another();
            }
        }
        --awake_;
        --running_;
    }

    // Deliveries came in during the batch: whoever waits for an acknowledgement goes before what can be
    // applied a moment later. While they come, a backlog is applied at a ninth of the speed (however many
    // workers are up: a third of that each, if there are three), and loses nothing by it: when they stop,
    // batches are full and all workers take them.
    Task<> give_way(Timer::duration took) {
        const auto until = Timer::clock_type::now() +
                           std::min<Timer::duration>((9 * awake_ - 1) * took, give_way_max);
        bool still_coming = true;
        Timer timer(io_);
        pauses_.insert(&timer);
        while (!stopping_ && still_coming && Timer::clock_type::now() < until) {
            timer.expires_after(give_way_slice);
            co_await timer.async_wait(awaits_tuple);
            still_coming = std::exchange(woken_, false);
        }
        pauses_.erase(&timer);
    }

    // Until woken, or for `poll`; after a failure for `poll` in any case. Having been woken it lingers a
    // moment, so that deliveries that come close together are applied together.
    Task<> pause(bool failed) {
        if (stopping_) co_return;
        Timer timer(io_);
        if (failed || !woken_) {
            timer.expires_after(options_.poll);
            pauses_.insert(&timer);
            if (!failed) idle_.insert(&timer);
            --awake_;
            co_await timer.async_wait(awaits_tuple);
            pauses_.erase(&timer);
            // Not by wake_another(), which has counted it: by time.
            if (failed || idle_.erase(&timer) > 0) ++awake_;
        }
        if (stopping_ || !std::exchange(woken_, false)) co_return;
        timer.expires_after(options_.linger);
        co_await timer.async_wait(awaits_tuple);
    }

    // ---- batches ----

    ApplyContext context() const { return {.appliers = appliers_, .now = clock_.now()}; }

    // Claims a batch and applies it; a batch whose data Postgres refuses, or that breaks otherwise, is
    // applied event by event. Throws where Postgres is away.
    Task<AppliedEvents> take_batch(Drained& drained) {
        AppliedEvents result;
        std::vector<StoredEvent> claimed;  // outlives the attempt, for the fallback
        std::string error;
        try {
            result = co_await db_.transaction([&](db::Tx& tx) -> Task<AppliedEvents> {
                co_await event_store::begin_batch(tx);
                auto events = co_await claim(tx);
                claimed.clear();
                for (const auto& event : events) claimed.push_back(without_payload(event));
                if (events.empty()) co_return AppliedEvents{};
                co_return co_await apply_events(tx, context(), std::move(events));
            });
            add(drained, result.drained);
            co_return result;
        } catch (const db::Failure& failure) {
            if (is_away(failure) || claimed.empty()) throw;
            error = failure.what();
        } catch (const Unavailable&) {
            throw;
        } catch (const std::exception& broken) {
            if (claimed.empty()) throw;
            error = broken.what();
        }
        log::warning("webhook_batch_taken_apart",
                     {
                         {"events", json::value(claimed.size())},
                         {"error",  json::value(error)         }
        });
        for (const auto& event : claimed) {
            auto one = co_await take_one(event);
            add(drained, one.drained);
            std::ranges::move(one.ties, std::back_inserter(result.ties));
        }
        result.claimed = std::move(claimed);
        co_return result;
    }

    // In a backlog a claim begins where the one before it ended, or it would walk over all that was
    // applied since the last vacuum and all that other workers hold. What came due before that (a retry, a
    // batch that was rolled back) is found at the backlog's end, and by every tenth claim.
    Task<std::vector<StoredEvent>> claim(db::Tx& tx) {
        const auto is_full = [this](const std::vector<StoredEvent>& events) {
            return events.size() >= static_cast<std::size_t>(options_.batch_max);
        };
        const Instant from = std::exchange(claim_from_, {});
        auto events = co_await event_store::claim(tx, from, clock_.now(), options_.batch_max);
        if (!is_full(events) && from != Instant{}) {  // its own locks do not hide the rows from it
            events = co_await event_store::claim(tx, {}, clock_.now(), options_.batch_max);
        }
        claims_ = is_full(events) ? claims_ + 1 : 0;
        if (claims_ % 10 != 0) claim_from_ = std::max(claim_from_, events.back().due_at);
        co_return events;
    }

    static StoredEvent without_payload(const StoredEvent& event) {
        return {.provider = event.provider,
                .event_id = event.event_id,
                .type = event.type,
                .attempts = event.attempts,
                .due_at = event.due_at,
                .place = {},
                .payload = {}};
    }

    Task<AppliedEvents> take_one(StoredEvent event) {
        std::string error;
        Fault fault = Fault::unknown;
        try {
            co_return co_await db_.transaction([&](db::Tx& tx) -> Task<AppliedEvents> {
                auto again = co_await event_store::claim_one(tx, event.provider, event.event_id);
                if (!again) co_return AppliedEvents{};  // another node has it
                std::vector<StoredEvent> events;
                events.push_back(std::move(*again));
                co_return co_await apply_events(tx, context(), std::move(events));
            });
        } catch (const db::Failure& failure) {
            if (is_away(failure)) throw;
            error = failure.what();
            fault = fault_of(failure);
        } catch (const Unavailable&) {
            throw;
        } catch (const std::exception& broken) {
            error = broken.what();
        }
        AppliedEvents result;
        add(result.drained, co_await record_failure(event, std::move(error), fault));
        co_return result;
    }

    Task<Drained> record_failure(StoredEvent event, std::string error, Fault fault) {
        const auto mark = failure_mark(event, error, clock_.now(), fault);
        co_await event_store::mark_failed(db_, mark);
        const bool dead = mark.status == event_store::Status::dead;
        log::write(dead ? log::Level::error : log::Level::warning,
                   dead ? "webhook_event_dead" : "webhook_event_failed",
                   {
                       {"event_id", json::value(event.event_id)},
                       {"type",     json::value(event.type)    },
                       {"attempts", json::value(mark.attempts) },
                       {"error",    json::value(error)         }
        });
        Drained drained;
        ++(dead ? drained.dead : drained.failed);
        co_return drained;
    }

    // ---- ties ----

    static std::vector<std::vector<Tie>> by_object(const std::vector<Tie>& ties) {
        std::map<TieKey, std::vector<Tie>> groups;
        for (const auto& tie : ties) {
            groups[{tie.provider, tie.kind, tie.object.value, tie.hint}].push_back(tie);
        }
        std::vector<std::vector<Tie>> lists;
        for (auto& [key, group] : groups) lists.push_back(std::move(group));
        return lists;
    }

    // Beside the workers, so that a slow provider holds up nothing else.
    void settle_aside(std::vector<Tie> ties) {
        if (ties_under_way_ >= ties_under_way_max) return;  // their lease brings them back
        ++ties_under_way_;
        spawn(io_, "webhook_tie", settle_and_count(std::move(ties)));
    }

    Task<> settle_and_count(std::vector<Tie> ties) {
        while (fetches_ >= fetches_max && !stopping_) {
            co_await sleep_for(io_, std::chrono::milliseconds(5));
        }
        if (!stopping_) {
            ++fetches_;
            count(co_await settle(std::move(ties)));
            --fetches_;
        }
        --ties_under_way_;
    }

    // Asks the provider for the object and applies its answer for all ties of it, or all hints at it. Never
    // throws: what goes wrong is recorded, or the lease runs out.
    Task<Drained> settle(std::vector<Tie> ties) {
        Drained drained;
        try {
            for (int round = 0; round < fetch_rounds_max && !ties.empty(); ++round) {
                ties = co_await settle_round(std::move(ties), drained);
            }
        } catch (const std::exception& away) {
            log::warning("webhook_tie_left", {
                                                 {"error", json::value(away.what())}
            });
        }
        co_return drained;
    }

    Task<std::vector<Tie>> settle_round(std::vector<Tie> ties, Drained& drained) {
        const bool hints = ties.front().hint;
        metrics::count(hints ? "paydesk_webhook_hints_total" : "paydesk_webhook_ties_total",
                       {
                           {"kind", provider::to_string(ties.front().kind)}
        });
        const auto answers = co_await ask(ties.front());
        if (!answers) {
            for (const auto& tie : ties) {
                add(drained, co_await fetch_failed(tie, answers.error()));
            }
            co_return std::vector<Tie>{};
        }
        auto applied = co_await db_.transaction([&](db::Tx& tx) -> Task<AppliedEvents> {
            if (hints) co_return co_await apply_answers(tx, context(), ties, *answers);
            co_return co_await apply_fetched(tx, context(), ties, answers->front());
        });
        add(drained, applied.drained);
        co_return std::move(applied.ties);
    }

    Task<Result<std::vector<provider::Change>>> ask(Tie about) {
        const auto applier = appliers_.find(about.provider);
        if (applier == appliers_.end() || applier->second.provider == nullptr)
            co_return Error{ErrorCode::provider_unavailable, "this provider is not configured"};
        provider::Provider& provider = *applier->second.provider;
        if (about.hint)
            co_return co_await provider.fetch_with_payments(about.kind, about.object, std::nullopt);
        auto fetched = co_await provider.fetch(about.kind, about.object);
        if (!fetched) co_return fetched.error();
        std::vector<provider::Change> answers;
        answers.push_back(std::move(*fetched));
        co_return answers;
    }

    Task<Drained> fetch_failed(Tie tie, Error error) {
        const StoredEvent event{.provider = tie.provider,
                                .event_id = tie.event_id,
                                .type = "",
                                .attempts = tie.attempts,
                                .due_at = {},
                                .place = {},
                                .payload = {}};
        if (error.code == ErrorCode::not_found) {
            // Deleted there: nobody can say which of the two came last, and nobody will need it.
            co_await db_.transaction([&](db::Tx& tx) -> Task<> {
                const auto mine = co_await event_store::claim_one(tx, tie.provider, tie.event_id);
                if (!mine) co_return;
                std::vector<event_store::Mark> marks;
                marks.push_back({.provider = tie.provider,
                                 .event_id = tie.event_id,
                                 .place = mine->place,
                                 .status = event_store::Status::processed,
                                 .attempts = tie.attempts + 1,
                                 .note = tie.hint
                                             ? "the provider has the object no more"
                                             : "two snapshots of one second, and the provider has "
                                               "the object no more: the first one stays"});
                co_await event_store::mark(tx, std::move(marks), clock_.now());
            });
            co_return Drained{.processed = 1};
        }
        const Fault fault = info(error.code).retryable ? Fault::environment : Fault::unknown;
        co_return co_await record_failure(event, "asking the provider: " + error.message, fault);
    }

    asio::io_context& io_;
    db::Database& db_;
    const Clock& clock_;
    const std::map<provider::Name, Applier> appliers_;
    const ProcessorOptions options_;
    std::set<Timer*> pauses_, idle_;  // all of them; those that wake() may end
    bool woken_ = false, stopping_ = false;
    Instant claim_from_{};  // due dates before it are not looked at
    int claims_ = 0;        // in a row that were full
    int running_ = 0, awake_ = 0, ties_under_way_ = 0, fetches_ = 0;
};

Processor::Processor(asio::io_context& io, db::Database& db, const Clock& clock,
                     std::map<provider::Name, Applier> appliers, ProcessorOptions options)
    : impl_(std::make_shared<Impl>(io, db, clock, std::move(appliers), options)) {}
Processor::~Processor() = default;

Task<> Processor::run() { return impl_->run(); }
void Processor::stop() { impl_->stop(); }
void Processor::wake() { impl_->wake(); }
Task<Drained> Processor::drain() { return impl_->drain(); }

Task<std::size_t> replay(db::Database& db, std::vector<std::string> event_ids, Instant now) {
    co_return co_await db.transaction([&](db::Tx& tx) { return replay(tx, event_ids, now); });
}

Task<std::size_t> replay(db::Tx& tx, std::vector<std::string> event_ids, Instant now) {
    return event_store::replay(tx, std::move(event_ids), now);
}

}  // namespace paydesk::webhook
