#include "usage/partitions.h"

#include <algorithm>

#include "base/log.h"

namespace paydesk::usage {
namespace {

constexpr db::Statement make_days{"usage_make_partitions", R"(
    select paydesk.make_usage_partitions(($1::timestamptz at time zone 'UTC')::date,
                                         ($2::timestamptz at time zone 'UTC')::date)::bigint as days)"};

constexpr db::Statement drop_days{"usage_drop_partitions", R"(
    select paydesk.drop_usage_partitions(($1::timestamptz at time zone 'UTC')::date)::bigint as days)"};

}  // namespace

Task<std::int64_t> make_partitions(db::Database& db, Instant first, Instant last) {
    co_return co_await db.transaction([&](db::Tx& tx) -> Task<std::int64_t> {
        co_return co_await make_partitions(tx, first, last);
    });
}

Task<std::int64_t> make_partitions(db::Tx& tx, Instant first, Instant last) {
    const db::Rows rows = co_await tx.run(make_days, {db::param(first), db::param(last)});
    co_return rows.integer(0, "days");
}

Task<> make_partitions_ahead(db::Database& db, Instant now, Retention retention) {
    const auto made =
        co_await make_partitions(db, now - retention.past_max, now + partitions_ahead);
    if (made > 0) {
        log::info("usage_partitions_made", {
                                               {"days", made}
        });
    }
}

Task<std::int64_t> drop_partitions(db::Database& db, Instant now, Retention retention) {
    // A day more than the window: clocks of nodes may differ.
    const auto age = std::max(retention.keep, retention.past_max + std::chrono::days(1));
    const Instant keep_from = now - age;
    co_return co_await db.transaction([&](db::Tx& tx) -> Task<std::int64_t> {
        const db::Rows rows = co_await tx.run(drop_days, {db::param(keep_from)});
        co_return rows.integer(0, "days");
    });
}

jobs::Handler partitions_job(db::Database& db, const Clock& clock, Retention retention) {
    return [&db, &clock, retention](jobs::Job) -> Task<Result<void>> {
        const Instant now = clock.now();
        co_await make_partitions_ahead(db, now, retention);
        const auto dropped = co_await drop_partitions(db, now, retention);
        if (dropped > 0) {
            log::info("usage_partitions_dropped", {
                                                      {"days", dropped}
            });
        }
        co_return Result<void>{};
    };
}

}  // namespace paydesk::usage
