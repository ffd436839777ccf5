#include "usage/count_events.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace paydesk::usage {
namespace {

std::int64_t day_of(Instant at) {
    return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

bool same_identity(const Event& a, const Event& b) {
    return a.account == b.account && a.key == b.key &&
           (day_of(a.occurred_at) == day_of(b.occurred_at) || (a.is_undated && b.is_undated));
}

bool same_content(const Event& a, const Event& b) {
    return a.metric == b.metric && a.quantity == b.quantity && a.unique_value == b.unique_value;
}

// The events sorted, each identity once; who else had it is told what it was told.
struct Distinct {
    std::vector<const Event*> events;
    std::vector<std::size_t> first_place;                      // of each, in the given order
    std::vector<std::pair<std::size_t, std::size_t>> repeats;  // place, index of the one it repeats

    explicit Distinct(const std::vector<const Event*>& given) {
        std::vector<std::size_t> order(given.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::sort(order, {}, [&](std::size_t i) {
            return std::tuple<const std::string&, const std::string&, std::int64_t, std::size_t>(
                given[i]->account.value, given[i]->key, day_of(given[i]->occurred_at), i);
        });
        events.reserve(given.size());
        for (const std::size_t place : order) {
            if (!events.empty() && same_identity(*events.back(), *given[place])) {
                repeats.emplace_back(place, events.size() - 1);
            } else {
                events.push_back(given[place]);
                first_place.push_back(place);
            }
        }
    }
};

// Which period of an account and metric an event fell into.
class Periods {
public:
    explicit Periods(const std::vector<Totals>& totals) {
        for (const Totals& one : totals)
            by_metric_[{one.account.value, one.metric}].push_back(&one);
    }
    Recorded answer(const Event& event) const {
        const auto found = by_metric_.find({event.account.value, event.metric});
        if (found != by_metric_.end()) {
            for (const Totals* one : found->second) {
                if (event.occurred_at >= one->period.start && event.occurred_at < one->period.end)
                    return {.period = one->period, .is_late = one->late_events > 0};
            }
        }
        return {};
    }

private:
    std::map<std::pair<std::string_view, std::string_view>, std::vector<const Totals*>> by_metric_;
};

Task<> look_up_duplicates(record_store::Run run, const Distinct& distinct,
                          const std::vector<std::size_t>& duplicates,
                          std::vector<Recorded>& answers) {
    std::vector<const Event*> events;
    for (const std::size_t at : duplicates) events.push_back(distinct.events[at]);
    const auto stored = co_await record_store::find(std::move(run), std::move(events));
    for (std::size_t i = 0; i < duplicates.size(); ++i) {
        Recorded& answer = answers[distinct.first_place[duplicates[i]]];
        answer = {.outcome = Outcome::duplicate};
        if (!stored[i]) continue;
        if (!stored[i]->same_as(*distinct.events[duplicates[i]]))
            answer.outcome = Outcome::conflict;
        answer.period = stored[i]->period;
        answer.is_late = stored[i]->is_late;
    }
}

}  // namespace

Task<CountedGroup> count_events(record_store::Run run, std::vector<const Event*> events,
                                std::shared_ptr<const Metrics> metrics, Instant now) {
    const Distinct distinct(events);
    auto counted = co_await record_store::count(run, distinct.events, metrics, now);
    CountedGroup group{.answers = std::vector<Recorded>(events.size()), .totals = {}};
    const Periods periods(counted.totals);
    for (std::size_t i = 0; i < distinct.events.size(); ++i)
        group.answers[distinct.first_place[i]] = periods.answer(*distinct.events[i]);
    if (!counted.duplicates.empty())
        co_await look_up_duplicates(run, distinct, counted.duplicates, group.answers);
    for (const auto& [place, of] : distinct.repeats) {
        const bool same = same_content(*events[place], *distinct.events[of]);
        group.answers[place] = group.answers[distinct.first_place[of]];
        group.answers[place].outcome = same ? Outcome::duplicate : Outcome::conflict;
    }
    group.totals = std::move(counted.totals);
    co_return group;
}

}  // namespace paydesk::usage
