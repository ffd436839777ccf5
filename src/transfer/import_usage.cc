#include "transfer/import_usage.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "base/json.h"
#include "usage/partitions.h"
#include "usage/report_store.h"
#include "usage/thresholds.h"

namespace paydesk::transfer {

namespace {

UsageRow refused(std::string why) { return {.why = std::move(why)}; }

std::string why_not_quantity(const std::optional<Decimal>& quantity,
                             catalog::Aggregation aggregation) {
    const Decimal most = Decimal::from_int(usage::quantity_max);
    if (!quantity || *quantity > most || *quantity < Decimal::from_int(-usage::quantity_max))
        return "its quantity is no number that can be counted";
    const bool may_be_zero = aggregation == catalog::Aggregation::last;
    const bool may_be_less = aggregation == catalog::Aggregation::sum;
    if ((quantity->is_negative() && !may_be_less) || (quantity->is_zero() && !may_be_zero))
        return "its quantity is nothing that its metric counts";
    return "";
}

std::optional<Decimal> quantity_of(const json::value& object) {
    const auto parsed = Decimal::parse(string_at(object, {"quantity"}).value_or(""));
    if (!parsed) return std::nullopt;
    return *parsed;
}

// Each hour of what the former code has reported, added up as reports are.
std::vector<usage::report_store::Elsewhere> hours_of(const std::vector<UsageRow>& rows,
                                                     const usage::CountedGroup& counted,
                                                     const usage::Metrics& metrics) {
    using Hour = std::tuple<std::string, std::string, Instant, Instant>;
    std::map<Hour, Decimal> hours;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const usage::Recorded& answer = counted.answers[i];
        const bool is_new = answer.outcome == usage::Outcome::recorded && answer.period;
        if (!rows[i].is_reported || !is_new) continue;
        const usage::Event& event = *rows[i].event;
        const usage::Metric& metric = *metrics.find(event.metric);
        if (metric.charge != catalog::UsageCharge::meter) continue;
        Decimal& level = hours[{event.account.value, event.metric,
                                std::chrono::floor<std::chrono::hours>(event.occurred_at),
                                answer.period->start}];
        if (metric.aggregation == catalog::Aggregation::last) {
            level = event.quantity;  // rows come in the order of their time
        } else {
            const bool counts = metric.aggregation == catalog::Aggregation::count;
            const auto sum = level.plus(counts ? Decimal::from_int(1) : event.quantity);
            if (sum) level = *sum;
        }
    }
    std::vector<usage::report_store::Elsewhere> list;
    for (const auto& [hour, quantity] : hours) {
        list.push_back({.account = std::get<0>(hour),
                        .metric = std::get<1>(hour),
                        .hour = std::get<2>(hour),
                        .period_start = std::get<3>(hour),
                        .quantity = quantity});
    }
    return list;
}

}  // namespace

UsageRow read_usage_row(const SourceRow& row, const UsageRules& rules) {
    const auto object = parse_json(row.object);
    const auto name = object ? string_at(*object, {"metric"}) : std::nullopt;
    const auto at_us = object ? int_at(*object, {"at_us"}) : std::nullopt;
    if (!name || !at_us || !row.account) return refused("it can't be read");
    const usage::Metric* metric = rules.metrics->find(*name);
    if (metric == nullptr)
        return refused(fmt::format("no [[meter]] of plans.toml counts {}", *name));
    if (metric->aggregation == catalog::Aggregation::unique)
        return refused("its metric counts distinct values, and the table has none");
    const auto quantity = quantity_of(*object);
    if (auto why = why_not_quantity(quantity, metric->aggregation); !why.empty())
        return refused(std::move(why));
    const Instant at{std::chrono::microseconds(*at_us)};
    if (at > rules.now) return refused("its time lies ahead");
    if (at < rules.now - rules.keep) {
        return refused(
            fmt::format("it is older than {} days (PAYDESK_USAGE_KEEP_DAYS)", rules.keep.count()));
    }
    const bool is_reported = bool_at(*object, {"reported"}).value_or(false);
    if (is_reported && metric->charge == catalog::UsageCharge::invoice_item)
        return refused("it was reported to Stripe, which charges it: invoice_item would again");
    std::string key = "import/" + row.table + "/" + row.id;
    if (key.size() > usage::key_bytes_max) return refused("its id is too long for a key");

    UsageRow read{
        .event = usage::Event{.account = {*row.account},
                              .metric = *name,
                              .key = std::move(key),
                              .quantity = *quantity,
                              .occurred_at = at},
        .is_reported = is_reported
    };
    const json::value* metadata = at_path(*object, {"metadata"});
    if (metadata != nullptr && metadata->is_object()) {
        std::string text = storable(*metadata);
        if (text.size() <= usage::metadata_bytes_max) read.event->metadata = std::move(text);
    }
    return read;
}

Task<std::vector<usage::Outcome>> count_usage(db::Tx& tx, std::vector<UsageRow> rows,
                                              UsageRules rules) {
    std::vector<const usage::Event*> events;
    std::set<std::chrono::sys_days> days;
    for (const UsageRow& row : rows) {
        events.push_back(&*row.event);
        days.insert(std::chrono::floor<std::chrono::days>(row.event->occurred_at));
    }
    for (const auto& day : days) co_await usage::make_partitions(tx, Instant(day), Instant(day));

    const usage::record_store::Run run = [&tx](db::Statement statement, db::Params params) {
        return tx.run(statement, std::move(params));
    };
    const auto counted = co_await usage::count_events(run, events, rules.metrics, rules.now);
    auto hours = hours_of(rows, counted, *rules.metrics);
    if (!hours.empty())
        co_await usage::report_store::told_elsewhere(tx, std::move(hours), rules.now);
    co_await usage::Thresholds::note_reached(tx, counted.totals, rules.metrics);

    std::vector<usage::Outcome> outcomes;
    for (const usage::Recorded& answer : counted.answers) outcomes.push_back(answer.outcome);
    co_return outcomes;
}

}  // namespace paydesk::transfer
