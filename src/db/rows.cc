#include <libpq-fe.h>

#include <charconv>

#include "base/assert.h"
#include "db/database.h"
#include "db/result.h"

namespace paydesk::db {

Param param(std::int64_t value) { return std::to_string(value); }
Param param(bool value) { return value ? "true" : "false"; }
Param param(Instant value) { return to_iso8601(value); }
Param param(std::string_view value) { return std::string(value); }
Param param(const char* value) { return std::string(value); }

Rows::Rows(pg_result* result) : result_(result, &PQclear) {}

std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::size_t Rows::affected() const {
    const std::string_view tuples = PQcmdTuples(result_.get());
    std::size_t count = 0;
    std::from_chars(tuples.data(), tuples.data() + tuples.size(), count);
    return count;
}

int Rows::column(std::string_view name) const {
    // Not PQfnumber: it would fold an upper-case name and copy it.
    // Readers go through the columns in their order, row by row: the next one is nearly always right.
    const int columns = PQnfields(result_.get());
    for (int i = 0; i < columns; ++i) {
        const int at = next_column_ < columns ? next_column_++ : (next_column_ = 1, 0);
        if (name == PQfname(result_.get(), at)) return at;
    }
    PD_ASSERT(!"the statement returns a column of this name");
    return -1;
}

bool Rows::is_null(std::size_t row, std::string_view name) const {
    PD_ASSERT(row < size());
    return PQgetisnull(result_.get(), static_cast<int>(row), column(name)) != 0;
}

std::string_view Rows::text(std::size_t row, std::string_view name) const {
    PD_ASSERT(row < size());
    const int at = column(name);
    const int line = static_cast<int>(row);
    return {PQgetvalue(result_.get(), line, at),
            static_cast<std::size_t>(PQgetlength(result_.get(), line, at))};
}

std::optional<std::string> Rows::optional_text(std::size_t row, std::string_view name) const {
    if (is_null(row, name)) return std::nullopt;
    return std::string(text(row, name));
}

std::int64_t Rows::integer(std::size_t row, std::string_view name) const {
    const std::string_view digits = text(row, name);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        throw Failure("22003", "", "column " + std::string(name) + " holds no 64-bit integer");
    }
    return value;
}

bool Rows::boolean(std::size_t row, std::string_view name) const {
    const std::string_view value = text(row, name);
    PD_ASSERT(value == "t" || value == "f");
    return value == "t";
}

Instant Rows::instant(std::size_t row, std::string_view name) const {
    const Result<Instant> value = parse_iso8601(text(row, name));
    // 'infinity' and the years that we do not serve are data, not a bug.
    if (!value)
        throw Failure("22008", "", "column " + std::string(name) + " holds no usable instant");
    return *value;
}

std::optional<Instant> Rows::optional_instant(std::size_t row, std::string_view name) const {
    if (is_null(row, name)) return std::nullopt;
    return instant(row, name);
}

Failure::Failure(std::string sqlstate_, std::string constraint_, const std::string& what)
    : Unavailable(what), sqlstate(std::move(sqlstate_)), constraint(std::move(constraint_)) {}

bool Failure::retryable() const {
    return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "25006" ||
           sqlstate.starts_with("08") || sqlstate.starts_with("57P0");
}

bool Failure::data_is_at_fault() const {
    return sqlstate.starts_with("22") || sqlstate.starts_with("23");
}

std::string one_line(std::string_view text) {
    std::string line(text);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    for (char& c : line) {
        if (c == '\n' || c == '\t') c = ' ';
    }
    return line;
}

std::optional<Failure> failure_in(const PGresult* result, std::string_view statement) {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
        return std::nullopt;
    }
    const auto field = [result](int code) -> std::string {
        const char* text = PQresultErrorField(result, code);
        return text ? text : "";
    };
    std::string sqlstate = field(PG_DIAG_SQLSTATE);
    // libpq itself makes results without a state when the connection breaks.
    if (sqlstate.empty()) sqlstate = "08006";
    std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = one_line(PQresultErrorMessage(result));
    if (sqlstate.starts_with("22")) message = message.substr(0, message.find(": \""));
    return Failure(sqlstate, field(PG_DIAG_CONSTRAINT_NAME),
                   std::string(statement) + ": " + sqlstate + " " + message);
}

Failure connection_failure(const std::string& sqlstate, PGconn* connection,
                           std::string_view statement) {
    std::string message = connection ? one_line(PQerrorMessage(connection)) : "";
    if (message.empty()) message = "the connection to Postgres is closed";
    return Failure(sqlstate, "", std::string(statement) + ": " + sqlstate + " " + message);
}

void refuse_unreadable(const std::string& url) {
    PQconninfoOption* options = PQconninfoParse(url.c_str(), nullptr);
    if (!options) {
        throw Failure("08001", "",
                      "connect: the database URL cannot be read. It looks like "
                      "postgresql://user:password@host:5432/database; characters like @ : / % in "
                      "the password are written percent-encoded (%40 %3A %2F %25)");
    }
    PQconninfoFree(options);
}

BoundParams::BoundParams(const Params& params) {
    values.reserve(params.size());
    lengths.reserve(params.size());
    formats.reserve(params.size());
    for (const Param& value : params) {
        values.push_back(value ? value->c_str() : nullptr);
        lengths.push_back(value ? static_cast<int>(value->size()) : 0);
        formats.push_back(value.is_binary ? 1 : 0);
    }
}

void refuse_nul(const Params& params, std::string_view statement) {
    for (const Param& value : params) {
        if (value && !value.is_binary && value->find('\0') != std::string::npos) {
            throw Failure(
                "22021", "",
                std::string(statement) + ": 22021 text may not hold the character U+0000");
        }
    }
}

}  // namespace paydesk::db
