#include "usage/consumption.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/metrics.h"
#include "db/array_param.h"
#include "db/group_commit.h"
#include "usage/count_events.h"
#include "usage/partitions.h"
#include "usage/period_sql.h"
#include "usage/thresholds.h"

namespace paydesk::usage {
namespace {

constexpr std::size_t group_rows_max = 256;
constexpr std::size_t group_bytes_max = 1024 * 1024;

constexpr db::Statement lock_accounts{"usage_lock_accounts", R"(
    select count(*)::bigint as locked
    from (select pg_advisory_xact_lock(hashtextextended('usage ' || account, 0))
          from unnest($1::text[]) account) l)"};

constexpr db::Statement load_levels{"usage_levels", R"(
    select g.place, p.period_start, p.period_end, e.plan_key,
           coalesce(t.events, 0) as events, coalesce(t.quantity, 0) as quantity,
           coalesce(t.maximum, 0) as maximum, t.last_value, coalesce(t.uniques, 0) as uniques, t.last_at,
           exists (select from paydesk.usage_uniques u
                   where u.account_id = g.account_id and u.metric = g.metric
                     and u.period_start = p.period_start and u.unique_value = g.unique_value) as is_seen
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as metric,
                 unnest($3::timestamptz[]) as occurred_at, unnest($4::text[]) as unique_value,
                 unnest($5::bigint[]) as place) g)" PD_USAGE_PERIOD_OF("g", "occurred_at") R"(
    left join paydesk.usage_totals t on t.account_id = g.account_id and t.metric = g.metric
                                    and t.period_start = p.period_start
    left join paydesk.entitlements e on e.account_id = g.account_id
    order by g.place)"};

using Requests = std::vector<const Event*>;

// What a metric of an account stands at, while the group is decided.
struct Level {
    Sums sums;
    std::optional<Instant> last_at;
    std::set<std::string, std::less<>> new_values;
};

struct Loaded {
    Period period;
    Limit limit;
    bool is_seen = false;
    Level* level = nullptr;
};

void add(Level& level, const Event& event, bool is_seen) {
    Sums& sums = level.sums;
    sums.events += 1;
    if (const auto sum = sums.quantity.plus(event.quantity)) sums.quantity = *sum;
    if (sums.events == 1 || event.quantity > sums.maximum) sums.maximum = event.quantity;
    if (!level.last_at || event.occurred_at >= *level.last_at) {
        sums.last_value = event.quantity;
        level.last_at = event.occurred_at;
    }
    if (event.unique_value && !is_seen) {
        if (level.new_values.insert(*event.unique_value).second) sums.uniques += 1;
    }
}

// One group, decided in the order of arrival.
class Group {
public:
    Group(Requests requests, std::shared_ptr<const Metrics> metrics)
        : requests_(std::move(requests)),
          metrics_(std::move(metrics)),
          loaded_(requests_.size()),
          answers_(requests_.size()) {}

    Task<> load(db::Tx& tx) {
        std::set<std::string_view> accounts;
        for (const Event* event : requests_) accounts.insert(event->account.value);
        co_await tx.run(lock_accounts,
                        {db::column<std::string_view>(
                            accounts, [](std::string_view account) { return account; })});
        std::vector<std::int64_t> places(requests_.size());
        for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::int64_t>(i);
        const db::Rows rows = co_await tx.run(
            load_levels,
            {text(&Event::metric, true), text(&Event::metric, false),
             db::column<Instant>(requests_, [](const Event* event) { return event->occurred_at; }),
             db::column<std::string_view>(
                 requests_,
                 [](const Event* event) -> std::optional<std::string_view> {
                     if (event->unique_value) return std::string_view(*event->unique_value);
                     return std::nullopt;
                 }),
             db::column<std::int64_t>(places, [](std::int64_t place) { return place; })});
        for (std::size_t row = 0; row < rows.size(); ++row) read(rows, row);
    }

    // Those whose key has counted already; then the others, by the limit. Gives what is to be counted.
    std::vector<std::size_t> decide(
        const std::vector<std::optional<record_store::Stored>>& stored) {
        std::vector<std::size_t> allowed;
        std::map<std::pair<std::string_view, std::string_view>, std::size_t> keys;
        for (std::size_t i = 0; i < requests_.size(); ++i) {
            const Event& event = *requests_[i];
            Consumed& answer = answers_[i];
            answer.limit = loaded_[i].limit.limit;
            answer.is_soft = loaded_[i].limit.is_soft;
            answer.period = loaded_[i].period;
            const auto before = keys.find({event.account.value, event.key});
            if (stored[i]) {
                repeat(answer, stored[i]->same_as(event), stored[i]->period);
            } else if (before != keys.end()) {
                const Event& first = *requests_[before->second];
                const bool same = first.metric == event.metric &&
                                  first.quantity == event.quantity &&
                                  first.unique_value == event.unique_value;
                repeat(answer, same, answers_[before->second].period);
            } else if (try_one(i)) {
                keys.emplace(
                    std::pair{std::string_view(event.account.value), std::string_view(event.key)},
                    i);
                allowed.push_back(i);
            }
            answer.used = used(i);
        }
        return allowed;
    }

    const Event* request(std::size_t place) const { return requests_[place]; }
    std::vector<Consumed> answers() && { return std::move(answers_); }

private:
    db::Param text(std::string Event::* member, bool account) const {
        return db::column<std::string_view>(requests_, [&](const Event* event) {
            return std::string_view(account ? event->account.value : event->*member);
        });
    }

    void read(const db::Rows& rows, std::size_t row) {
        const auto place = static_cast<std::size_t>(rows.integer(row, "place"));
        const Event& event = *requests_[place];
        Loaded& loaded = loaded_[place];
        loaded.period = {.start = rows.instant(row, "period_start"),
                         .end = rows.instant(row, "period_end")};
        loaded.limit = limit_of(*metrics_, rows.optional_text(row, "plan_key"), event.metric);
        const auto [level, is_new] =
            levels_.try_emplace({event.account.value, event.metric, loaded.period.start});
        if (is_new)
            level->second = {read_sums(rows, row), rows.optional_instant(row, "last_at"), {}};
        loaded.level = &level->second;
        loaded.is_seen = rows.boolean(row, "is_seen");
    }

    static void repeat(Consumed& answer, bool same, Period period) {
        answer.allowed = answer.replayed = same;
        answer.conflict = !same;
        answer.period = period;
    }

    bool try_one(std::size_t place) {
        Loaded& loaded = loaded_[place];
        Level next = *loaded.level;
        add(next, *requests_[place], loaded.is_seen);
        answers_[place].allowed = loaded.limit.allows(next.sums.used(aggregation(place)));
        if (answers_[place].allowed) *loaded.level = std::move(next);
        return answers_[place].allowed;
    }

    Decimal used(std::size_t place) const {
        return loaded_[place].level->sums.used(aggregation(place));
    }
    catalog::Aggregation aggregation(std::size_t place) const {
        const Metric* metric = metrics_->find(requests_[place]->metric);
        return metric == nullptr ? catalog::Aggregation::sum : metric->aggregation;
    }

    Requests requests_;
    std::shared_ptr<const Metrics> metrics_;
    std::map<std::tuple<std::string, std::string, Instant>, Level> levels_;
    std::vector<Loaded> loaded_;
    std::vector<Consumed> answers_;
};

struct Decided {
    std::vector<Consumed> answers;
    std::vector<Totals> totals;
};

Task<Decided> decide_group(db::Tx& tx, Requests requests, std::shared_ptr<const Metrics> metrics,
                           Instant now) {
    const record_store::Run run = [&tx](db::Statement statement, db::Params params) {
        return tx.run(statement, std::move(params));
    };
    Group group(requests, metrics);
    co_await group.load(tx);
    const auto stored = co_await record_store::find(run, requests);
    std::vector<const Event*> allowed;
    for (const std::size_t place : group.decide(stored)) allowed.push_back(group.request(place));
    Decided decided;
    if (!allowed.empty())
        decided.totals = (co_await count_events(run, std::move(allowed), metrics, now)).totals;
    decided.answers = std::move(group).answers();
    co_return decided;
}

}  // namespace

Limit limit_of(const Metrics& metrics, const std::optional<std::string>& plan_key,
               std::string_view metric) {
    const UsagePlan* plan = metrics.plan(plan_key);
    if (plan == nullptr) return {.limit = 0};  // no catalogue yet: nothing is allowed
    Limit limit;
    if (const auto found = plan->limits.find(metric); found != plan->limits.end())
        limit.limit = found->second;
    if (const auto price = plan->prices.find(metric); price != plan->prices.end())
        limit.is_soft = price->second.limit_is_soft;
    return limit;
}

class Consumption::Impl {
public:
    Impl(asio::io_context& io, db::Database& db, const Clock& clock, MetricsCache& cache,
         Thresholds& thresholds)
        : db_(db),
          clock_(clock),
          cache_(cache),
          thresholds_(thresholds),
          commits_(
              io, "usage_consumption",
              [this](Requests requests) { return commit(std::move(requests)); }, group_rows_max,
              group_bytes_max) {}

    Task<Consumed> consume(Event event) {
        if (commits_.waiting() >= consumption_queue_max)
            throw Unavailable("too many consumptions are waiting: try again soon");
        const std::size_t bytes = sizeof(Event) + event.key.size();
        const Consumed answer = co_await commits_.add(std::move(event), bytes);
        const char* outcome = answer.replayed   ? "replayed"
                              : answer.conflict ? "conflict"
                              : answer.allowed  ? "allowed"
                                                : "refused";
        metrics::count("paydesk_usage_consumptions_total", {
                                                               {"outcome", outcome}
        });
        co_return answer;
    }

private:
    Task<std::vector<Consumed>> commit(Requests requests) {
        const auto metrics = co_await cache_.current();
        bool lacks_partition = false;
        Decided decided;
        for (int attempt = 1;; ++attempt) {
            try {
                decided = co_await db_.transaction([&](db::Tx& tx) -> Task<Decided> {
                    co_return co_await decide_group(tx, requests, metrics, clock_.now());
                });
                break;
            } catch (const db::Failure& failure) {
                lacks_partition = failure.sqlstate == "23514" && failure.constraint.empty();
                if (attempt > 1 || !lacks_partition) throw;
            }
            for (const Event* event : requests)
                co_await make_partitions(db_, event->occurred_at, event->occurred_at);
        }
        thresholds_.look_at(decided.totals, *metrics);
        co_return std::move(decided.answers);
    }

    db::Database& db_;
    const Clock& clock_;
    MetricsCache& cache_;
    Thresholds& thresholds_;
    db::GroupCommit<Event, Consumed> commits_;
};

Consumption::Consumption(asio::io_context& io, db::Database& db, const Clock& clock,
                         MetricsCache& metrics, Thresholds& thresholds)
    : impl_(std::make_shared<Impl>(io, db, clock, metrics, thresholds)) {}
Consumption::~Consumption() = default;

Task<Consumed> Consumption::consume(Event event) { return impl_->consume(std::move(event)); }

}  // namespace paydesk::usage
