// paydesk reconcile
#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "commands.h"
#include "config.h"
#include "local_state.h"
#include "operation_parts.h"
#include "provider_parts.h"
#include "reconcile/inbox_store.h"
#include "reconcile/reconciler.h"

namespace paydesk {
namespace {

constexpr int status_failed = 1, status_drift_left = 3;
constexpr std::chrono::seconds apply_patience{30};

// "30d", "12h": before now; "2026-11-01": its midnight, UTC; else an instant.
Instant read_since(const std::string& text, Instant now) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number);
    if (failure == std::errc{} && rest + 1 == end && number > 0 && number < 1'000'000) {
        if (*rest == 'd') return now - std::chrono::days(number);
        if (*rest == 'h') return now - std::chrono::hours(number);
    }
    if (const auto day = parse_iso8601(text + "T00:00:00Z")) return *day;
    if (const auto instant = parse_iso8601(text)) return *instant;
    throw Unavailable("--since: \"" + text +
                      "\" is neither 30d, 12h, 2026-11-01 nor 2026-11-01T12:00:00Z");
}

bool has_failed(const reconcile::Run& run) { return run.status == "failed"; }

bool leaves_drift(const reconcile::Run& run) {
    const auto sum = run.report.total();
    return sum.drifted() > sum.repaired;
}

// Applies what was stored, here or by a server that was faster; a sweep would leave it alone.
Task<> apply_stored(asio::io_context& io, db::Database& db, webhook::Processor& processor,
                    const Clock& clock) {
    const Instant patience = clock.now() + apply_patience;
    do {
        if ((co_await processor.drain()).total() == 0) {
            co_await sleep_for(io, std::chrono::milliseconds(50));
        }
    } while (co_await reconcile::inbox_store::has_due(db, clock.now()) && clock.now() < patience);
}

Task<std::vector<reconcile::Run>> run_all(asio::io_context& io, const Config& config,
                                          const ReconcileOptions& options) {
    ProviderParts provider(io, config);
    db::Database db(io, database_options(config));
    co_await db.ready(postgres_patience);
    const SystemClock clock;
    reconcile::Reconciler reconciler(provider.reconcile_parts(db));
    webhook::Processor processor(io, db, clock, provider.appliers());
    reconcile::Options wanted{.dry_run = options.dry_run};
    if (options.since) wanted.since = read_since(*options.since, clock.now());
    const int configured =
        config.reconcile_requests > 0 ? config.reconcile_requests : reconcile::requests_max_default;
    wanted.requests_max = options.requests_max.value_or(configured);

    std::vector<reconcile::Run> runs;
    if (options.events) {
        runs.push_back(co_await reconciler.events(wanted));
        if (!options.dry_run) co_await apply_stored(io, db, processor, clock);
    }
    if (options.objects && (runs.empty() || !has_failed(runs.back()))) {
        runs.push_back(co_await reconciler.objects(wanted));
    }
    if (options.usage && (runs.empty() || !has_failed(runs.back()))) {
        runs.push_back(co_await reconciler.usage(wanted));
    }
    db.stop();
    co_return runs;
}

}  // namespace

int run_reconcile(const ReconcileOptions& options) {
    const Config config =
        options.var ? config_of_up(*options.var) : config_for({.database = true, .provider = true});
    std::vector<reconcile::Run> runs;
    run_to_end(
        [&](asio::io_context& io) -> Task<> { runs = co_await run_all(io, config, options); });
    if (options.json) {
        json::array list;
        for (const auto& run : runs) list.push_back(run.to_json());
        fmt::print("{}\n", json::serialize(json::object{
                               {"runs", std::move(list)}
        }));
    } else {
        for (const auto& run : runs) fmt::print("{}\n", run.to_text());
    }
    if (std::ranges::any_of(runs, has_failed)) return status_failed;
    return std::ranges::any_of(runs, leaves_drift) ? status_drift_left : 0;
}

}  // namespace paydesk
