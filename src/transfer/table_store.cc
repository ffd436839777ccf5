#include "transfer/table_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace paydesk::transfer::table_store {

namespace {

constexpr int rows_at_once = 500;

// Not worth moving: what is queued, answered or due in this very database.
constexpr std::string_view list_tables = R"(
    select c.relname as name,
           string_agg(a.attname, ',' order by a.attnum) as columns,
           (select string_agg(k.attname, ',' order by k.attname <> 'account_id', x.n)
            from pg_index i
            cross join lateral unnest(i.indkey::int2[]) with ordinality x(attnum, n)
            join pg_attribute k on k.attrelid = c.oid and k.attnum = x.attnum
            where i.indrelid = c.oid and i.indisprimary) as key
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                       and a.attgenerated = ''
    where c.relnamespace = 'paydesk'::regnamespace and c.relkind in ('r', 'p')
      and not c.relispartition
      and c.relname not in ('jobs', 'idempotency_keys', 'credit_refusals', 'credit_due',
                            'schema_migrations')
    group by c.oid, c.relname
    order by c.relname)";

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        parts.emplace_back(text.substr(0, comma));
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return parts;
}

std::string order_of(const Table& table) {
    return fmt::format(R"(t."{}")", fmt::join(table.key, R"(", t.")"));
}

}  // namespace

Reader::Reader(const std::string& url) : connection_(url) {
    connection_.run("begin isolation level repeatable read, read only");
    connection_.run("set local statement_timeout = 0");
    connection_.run("set local timezone = 'UTC'");
}

std::vector<Table> Reader::tables() {
    const auto rows = connection_.run(std::string(list_tables));
    std::vector<Table> tables;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        tables.push_back({.name = std::string(rows.text(i, "name")),
                          .columns = split(rows.text(i, "columns")),
                          .key = split(rows.text(i, "key"))});
    }
    return tables;
}

std::string Reader::newest_migration() {
    const auto rows = connection_.run(
        "select name from paydesk.schema_migrations where name not like 'public_views/%' "
        "order by name desc limit 1");
    return rows.empty() ? "" : std::string(rows.text(0, "name"));
}

std::vector<std::string> Reader::usage_days() {
    const auto rows = connection_.run(
        "select to_date(right(c.relname, 8), 'YYYYMMDD')::text as day from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'paydesk_usage' "
        "where c.relname ~ '^records_[0-9]{8}$' order by 1");
    std::vector<std::string> days;
    for (std::size_t i = 0; i < rows.size(); ++i) days.emplace_back(rows.text(i, "day"));
    return days;
}

void Reader::read(const Table& table, const std::function<void(const db::Rows&)>& take) {
    std::vector<std::string> columns;
    for (const auto& column : table.columns) {
        columns.push_back(fmt::format(R"(t."{0}"::text as "{0}")", column));
    }
    fetch_all(fmt::format("select {} from paydesk.{} t order by {}", fmt::join(columns, ", "),
                          table.name, order_of(table)),
              take);
}

void Reader::read_quoted(const Table& table, const std::function<void(const db::Rows&)>& take) {
    std::vector<std::string> columns;
    for (const auto& column : table.columns) {
        columns.push_back(fmt::format(R"(quote_nullable(t."{}"::text))", column));
    }
    fetch_all(fmt::format("select '(' || {} || ')' as quoted from paydesk.{} t order by {}",
                          fmt::join(columns, " || ', ' || "), table.name, order_of(table)),
              take);
}

void Reader::fetch_all(const std::string& select,
                       const std::function<void(const db::Rows&)>& take) {
    connection_.run("declare everything no scroll cursor for " + select);
    while (true) {
        const auto rows = connection_.run(fmt::format("fetch {} from everything", rows_at_once));
        if (rows.empty()) break;
        take(rows);
    }
    connection_.run("close everything");
}

}  // namespace paydesk::transfer::table_store
