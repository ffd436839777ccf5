// Reconciler::usage(): what was used against what the provider's meters were told, and that against what they counted.
//
//     usage_hours ── usage_reports say less ──▶ reported again by the next report job
//     usage_reports ── the meter's summary says something else ──▶ told, never mended: either may be right

#include <fmt/format.h>

#include "base/assert.h"
#include "base/decimal.h"
#include "reconcile/progress.h"
#include "reconcile/usage_store.h"

namespace paydesk::reconcile {

namespace {

constexpr std::int64_t accounts_at_once = 100;
// As long as events are accepted, and the hours that they fall into.
constexpr std::chrono::days looked_back{36};
// A meter counts what it was told within minutes; hours under way are not looked at.
constexpr std::chrono::hours settles_after{2};
// Stripe's summaries are binary fractions.
const char* const same_to = "0.000000001";

struct Window {
    Instant since, until, settled;
};

Window window_of(const Options& options, Instant now) {
    using std::chrono::hours;
    const Instant since = options.since.value_or(now - looked_back);
    return {.since = std::chrono::floor<hours>(since),
            .until = std::chrono::floor<hours>(now - settles_after),
            .settled = now - settles_after};
}

Decimal magnitude(Decimal value) {
    return value.is_negative() ? Decimal().minus(value).value() : value;
}

bool is_same(Decimal ours, Decimal theirs) {
    const auto difference = ours.minus(theirs);
    if (!difference) return false;
    const std::string size = std::max(magnitude(ours), Decimal::from_int(1)).to_string();
    const auto whole = Decimal::parse(size.substr(0, size.find('.')));
    const auto allowed = whole->times(Decimal::parse(same_to).value());
    return allowed && magnitude(*difference) <= *allowed;
}

Finding finding_of(const std::string& metric, const std::string& account, Drift drift,
                   std::string note) {
    return {.kind = "usage",
            .id = metric + "/" + account,
            .drift = drift,
            .account = account,
            .note = std::move(note)};
}

Task<> look_at_ours(const Parts& parts, const Options& options, std::vector<std::string> accounts,
                    Window window, Progress& progress) {
    const auto provider = parts.listing.name();
    const auto untold = co_await usage_store::untold(parts.db, provider, accounts, window.since);
    bool may_be_mended = false;
    for (const auto& one : untold) {
        may_be_mended = may_be_mended || !one.is_invoiced;
        progress.report().find(
            finding_of(one.metric, one.account, Drift::missing,
                       fmt::format("{} hours were not reported whole{}", one.hours,
                                   one.is_invoiced ? "; their period is invoiced" : "")));
    }
    if (may_be_mended && !options.dry_run) {
        (void)co_await usage_store::report_again(parts.db, provider, accounts, window.since);
        for (const auto& one : untold)
            progress.report().kinds["usage"].repaired += one.is_invoiced ? 0 : 1;
    }
    for (const auto& one :
         co_await usage_store::uncharged(parts.db, provider, accounts, window.since)) {
        progress.report().find(
            finding_of(one.metric, one.account, Drift::missing,
                       fmt::format("the invoice of the period from {} has no line for it",
                                   to_iso8601(one.period_start))));
    }
}

// A refusal that ends the run.
Task<Result<void>> look_at_theirs(const Parts& parts, usage_store::Told told, Window window,
                                  Progress& progress) {
    Counts& counts = progress.report().kinds["usage"];
    counts.checked += 1;
    if (told.refused > 0) {
        progress.report().find(finding_of(told.metric, told.account, Drift::differs,
                                          fmt::format("{} reports were refused", told.refused)));
    }
    if (told.in_flight) {
        counts.in_flight += 1;
        co_return Result<void>{};
    }
    progress.took(1);
    const auto counted =
        co_await parts.metering->counted(told.meter, told.customer, window.since, window.until);
    if (!counted && counted.error().code != ErrorCode::not_found) co_return counted.error();
    if (!counted) {
        progress.report().find(finding_of(told.metric, told.account, Drift::differs,
                                          "the provider has no such meter or customer"));
    } else if (!is_same(told.quantity, *counted)) {
        progress.report().find(
            finding_of(told.metric, told.account, Drift::differs,
                       fmt::format("the provider counted {}, reported were {} (from {} until {})",
                                   counted->to_string(), told.quantity.to_string(),
                                   to_iso8601(window.since), to_iso8601(window.until))));
    }
    co_return Result<void>{};
}

Task<Result<void>> look_at(const Parts& parts, const Options& options,
                           std::vector<std::string> accounts, Window window, Progress& progress) {
    co_await look_at_ours(parts, options, accounts, window, progress);
    if (!parts.metering->has_meters()) co_return Result<void>{};
    auto list = co_await usage_store::told(parts.db, parts.listing.name(), std::move(accounts),
                                           window.since, window.until, window.settled);
    for (auto& told : list) {
        const auto looked = co_await look_at_theirs(parts, std::move(told), window, progress);
        if (!looked) co_return looked.error();
    }
    co_return Result<void>{};
}

}  // namespace

Task<Run> Reconciler::usage(Options options) {
    PD_ASSERT(parts_.metering != nullptr);
    const auto provider = parts_.listing.name();
    const Window window = window_of(options, parts_.clock.now());
    std::string after;
    if (!options.since) {
        const auto last = co_await run_store::last(parts_.db, provider, "usage", options.dry_run);
        if (last && last->status != "complete")
            after = string_at(last->position, {"after"}).value_or("");
    }
    const auto position = [&] {
        return json::object{
            {"after", after}
        };
    };
    auto progress =
        co_await Progress::begin(parts_, options, "usage", position(), options.since, std::nullopt);
    while (progress.may_go_on(parts_.clock)) {
        auto accounts =
            co_await usage_store::next_accounts(parts_.db, provider, after, accounts_at_once);
        if (accounts.empty()) {
            progress.stand_at({});
            co_return co_await progress.end(parts_, "complete", "");
        }
        const std::string newest = accounts.back();
        const auto looked =
            co_await look_at(parts_, options, std::move(accounts), window, progress);
        if (!looked) {
            co_return co_await progress.end(parts_, "failed", "accounts after " + after,
                                            looked.error().message);
        }
        after = newest;
        progress.stand_at(position());
        co_await progress.save(parts_);
    }
    co_return co_await progress.end(parts_, "stopped", "accounts after " + after);
}

}  // namespace paydesk::reconcile
