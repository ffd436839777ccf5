#include "db/blocking_connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "db/result.h"

namespace paydesk::db {

namespace {

void ignore_notice(void*, const PGresult*) {}

// Line of the character number `position`, from 1, as PG_DIAG_STATEMENT_POSITION counts them.
int line_of_position(std::string_view sql, long position) {
    int line = 1;
    for (const char c : sql) {
        const bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        if (starts_character && --position == 0) break;
        if (c == '\n') ++line;
    }
    return line;
}

// Where the token that starts at `at` ends: a comment, a quoted text or name, a $tag$ text, or one
// character. What is inside them ends no statement.
std::size_t end_of_token(std::string_view sql, std::size_t at) {
    const auto after = [sql](std::size_t from, std::string_view closing) {
        const std::size_t found = sql.find(closing, from);
        return found == std::string_view::npos ? sql.size() : found + closing.size();
    };
    const std::string_view rest = sql.substr(at);
    if (rest.starts_with("--")) return after(at, "\n");
    if (rest.starts_with("/*")) return after(at + 2, "*/");
    if (rest[0] == '\'' || rest[0] == '"') return after(at + 1, rest.substr(0, 1));
    if (rest[0] == '$') {
        const std::size_t close = rest.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", 1);
        const bool is_tag = close != std::string_view::npos && rest[close] == '$' &&
                            !(close > 1 && rest[1] >= '0' && rest[1] <= '9');
        if (is_tag) return after(at + close + 1, rest.substr(0, close + 1));
    }
    return at + 1;
}

}  // namespace

int line_of_statement(std::string_view sql, std::size_t index) {
    std::size_t begins = std::string_view::npos;
    std::size_t at = 0;
    while (at < sql.size()) {
        const bool is_comment =
            sql.substr(at).starts_with("--") || sql.substr(at).starts_with("/*");
        const bool is_blank = std::strchr(" \t\r\n", sql[at]) != nullptr;
        if (begins == std::string_view::npos && !is_comment && !is_blank && sql[at] != ';') {
            begins = at;
            if (index == 0) break;
        }
        if (sql[at] == ';' && begins != std::string_view::npos) {
            begins = std::string_view::npos;
            --index;
        }
        at = end_of_token(sql, at);
    }
    const std::string_view before = sql.substr(0, std::min(begins, sql.size()));
    return 1 + static_cast<int>(std::ranges::count(before, '\n'));
}

BlockingConnection::BlockingConnection(const std::string& url) {
    refuse_unreadable(url);
    const char* keywords[] = {"application_name", "connect_timeout", "client_encoding", "dbname",
                              nullptr};
    const char* values[] = {"paydesk", "10", "UTF8", url.c_str(), nullptr};
    connection_ = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(connection_) != CONNECTION_OK) {
        const Failure failure = connection_failure("08001", connection_, "connect");
        PQfinish(connection_);
        throw failure;
    }
    PQsetNoticeReceiver(connection_, ignore_notice, nullptr);
}

BlockingConnection::~BlockingConnection() { PQfinish(connection_); }

Rows BlockingConnection::run(const std::string& sql, const Params& params) {
    refuse_nul(params, sql);
    const BoundParams bound(params);
    PGresult* result =
        PQexecParams(connection_, sql.c_str(), bound.count(), nullptr, bound.values.data(),
                     bound.lengths.data(), bound.formats.data(), 0);
    Rows rows(result);
    if (auto failure = failure_in(result, sql.substr(0, 60))) throw Failure(*failure);
    return rows;
}

void BlockingConnection::run_script(const std::string& sql, const std::string& file) {
    if (sql.find('\0') != std::string::npos) {
        throw Failure("22021", "", file + ": holds the character U+0000: this is not SQL");
    }
    if (PQsendQuery(connection_, sql.c_str()) != 1) {
        throw connection_failure("08006", connection_, file);
    }
    std::optional<Failure> failed;
    std::size_t done = 0;
    while (PGresult* result = PQgetResult(connection_)) {
        const Rows rows(result);
        const auto failure = failure_in(result, file);
        if (!failure) ++done;
        if (!failure || failed) continue;
        const char* position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
        const int line =
            position ? line_of_position(sql, std::atol(position)) : line_of_statement(sql, done);
        std::string what = file + ":" + std::to_string(line) + ": ";
        for (const int code : {PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL,
                               PG_DIAG_MESSAGE_HINT, PG_DIAG_CONTEXT}) {
            const char* text = PQresultErrorField(result, code);
            if (text) what += (code == PG_DIAG_MESSAGE_PRIMARY ? "" : " | ") + one_line(text);
        }
        failed.emplace(failure->sqlstate, failure->constraint, what);
    }
    if (failed) throw Failure(*failed);
}

bool BlockingConnection::in_transaction() const {
    return PQtransactionStatus(connection_) == PQTRANS_INTRANS;
}

bool leads_to_port(const std::string& url, std::string_view port) {
    PQconninfoOption* options = PQconninfoParse(url.c_str(), nullptr);
    bool found = false;
    for (const PQconninfoOption* option = options; option && option->keyword; ++option) {
        if (option->val && std::strcmp(option->keyword, "port") == 0) {
            found = std::string_view(option->val).find(port) != std::string_view::npos;
        }
    }
    PQconninfoFree(options);
    return found;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (file) text << file.rdbuf();
    if (!file) throw Unavailable("cannot read " + path + ": " + std::strerror(errno));
    return text.str();
}

void run_sql_file(const std::string& url, const std::string& path) {
    BlockingConnection(url).run_script(read_file(path), path);
}

}  // namespace paydesk::db
