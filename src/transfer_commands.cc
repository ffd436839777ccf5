// paydesk import, paydesk export
#include <fmt/format.h>

#include "base/json.h"
#include "commands.h"
#include "operation_parts.h"
#include "provider/stripe/normalise.h"
#include "transfer/export.h"
#include "transfer/import.h"

namespace paydesk {
namespace {

Config config_of(const std::optional<std::filesystem::path>& var) {
    return var ? config_of_up(*var) : config_for({.database = true});
}

}  // namespace

int run_import(const ImportCommand& options) {
    const Config config = config_of(options.var);
    const bool seeds = options.from == "seeds";
    const transfer::ImportOptions wanted{
        .source = seeds ? transfer::Source::seeds : transfer::Source::stripe_sync_engine,
        .source_url = options.source.value_or(config.migration_url),
        .schema = options.schema.value_or(seeds ? "public" : "stripe"),
        .dry_run = options.dry_run,
        .usage_kept = std::chrono::days(config.usage_keep_days)};
    run_to_end([&](asio::io_context& io) -> Task<> {
        const SystemClock clock;
        db::Database db(io, database_options(config));
        co_await db.ready(postgres_patience);
        const auto report = co_await transfer::import_all(
            {.db = db, .clock = clock, .normalise = provider::stripe::normalise_object}, wanted);
        db.stop();
        fmt::print("{}\n", options.json ? json::serialize(report.to_json()) : report.to_text());
    });
    return 0;
}

int run_export(const ExportCommand& options) {
    const Config config = config_of(options.var);
    const auto format = options.format == "sql" ? transfer::Format::sql : transfer::Format::csv;
    const auto tables =
        transfer::export_all({.url = config.database_url, .format = format, .folder = options.to});
    std::int64_t rows = 0;
    for (const auto& table : tables) {
        fmt::print("  {:<24}{:>10}\n", table.name, table.rows);
        rows += table.rows;
    }
    fmt::print("{} rows of {} tables are in {}.\n", rows, tables.size(), options.to.string());
    return 0;
}

}  // namespace paydesk
