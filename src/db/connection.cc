#include "db/connection.h"

#include <boost/asio/ip/tcp.hpp>
#include <cstring>

#include "base/assert.h"
#include "base/log.h"
#include "db/result.h"

namespace paydesk::db {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds connect_timeout = 5s;
// A server that has not answered this long after its own statement_timeout is gone, whatever TCP
// may believe.
constexpr std::chrono::milliseconds answer_grace = 5s;
constexpr std::chrono::milliseconds watch_interval = 1s;

void ignore_notice(void*, const PGresult*) {}

// The one host of `url` that a name server must be asked for, or "".
std::string host_to_resolve(const std::string& url) {
    PQconninfoOption* options = PQconninfoParse(url.c_str(), nullptr);
    if (!options) return "";
    std::string host, address;
    for (const PQconninfoOption* option = options; option->keyword; ++option) {
        if (!option->val) continue;
        if (std::strcmp(option->keyword, "host") == 0) host = option->val;
        if (std::strcmp(option->keyword, "hostaddr") == 0) address = option->val;
    }
    PQconninfoFree(options);
    const bool is_name = !host.empty() && host.find_first_of("/,@") == std::string::npos;
    return is_name && address.empty() ? host : "";
}

}  // namespace

Connection::Connection(asio::io_context& io, const Options& options)
    : io_(io),
      url_(options.url),
      prepared_statements_(options.prepared_statements),
      statement_timeout_(options.statement_timeout),
      socket_(io),
      deadline_(io) {}

Connection::~Connection() { close(); }

void Connection::broken(const char* statement) {
    const Failure failure = connection_failure("08006", connection_, statement);
    close();
    throw failure;
}

// libpq asks the name server itself, but it blocks the thread for that. So we ask, and tell libpq
// all the addresses: it tries them in turn, and still checks a certificate against the name.
Task<Connection::Addresses> Connection::resolve() {
    const std::string host = host_to_resolve(url_);
    Addresses addresses;
    if (host.empty()) co_return addresses;
    asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(io_);
    auto [error, found] = co_await resolver.async_resolve(host, "", awaits_tuple);
    if (error) {
        throw Failure("08001", "",
                      "connect: no address found for " + host + ": " + error.message());
    }
    for (const auto& entry : found) {
        const std::string comma = addresses.hosts.empty() ? "" : ",";
        addresses.hosts += comma + host;
        addresses.numbers += comma + entry.endpoint().address().to_string();
    }
    co_return addresses;
}

void Connection::start(const Addresses& addresses) {
    // What stands before dbname is a default that the URL may override; the addresses come after.
    const bool resolved = !addresses.hosts.empty();
    const char* keywords[] = {"application_name",          "keepalives_idle", "keepalives_interval",
                              "tcp_user_timeout",          "client_encoding", "dbname",
                              resolved ? "host" : nullptr, "hostaddr",        nullptr};
    const char* values[] = {"paydesk",
                            "30",
                            "10",
                            "15000",
                            "UTF8",
                            url_.c_str(),
                            addresses.hosts.c_str(),
                            addresses.numbers.c_str(),
                            nullptr};
    connection_ = PQconnectStartParams(keywords, values, 1);
    if (!connection_) throw std::bad_alloc();
    PQsetNoticeReceiver(connection_, ignore_notice, nullptr);
}

Task<> Connection::connect() {
    refuse_unreadable(url_);
    const Addresses addresses = co_await resolve();
    if (closed_) throw Failure("08001", "", "connect: gave up");
    start(addresses);
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED || PQsocket(connection_) < 0) {
            const Failure failure = connection_failure("08001", connection_, "connect");
            close();
            throw failure;
        }
        // The socket may be another one after each poll, even under the same number.
        if (socket_.is_open()) socket_.release();
        socket_.assign(PQsocket(connection_));
        co_await socket_.async_wait(
            next == PGRES_POLLING_READING ? socket_.wait_read : socket_.wait_write, awaits_tuple);
        if (closed_) {
            throw Failure("08001", "",
                          "connect: Postgres did not answer within 5 s, or we stopped");
        }
        next = PQconnectPoll(connection_);
    }
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
        broken("connect");
    }
}

Task<> Connection::open() {
    const auto self = shared_from_this();
    PD_ASSERT(!connection_ && !closed_);
    deadline_.expires_after(connect_timeout);
    deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto connection = weak.lock();
        if (!error && connection && !connection->open_) connection->close();
    });
    co_await connect();
    open_ = true;
    spawn(io_, "db_watch", watch(self));
    if (prepared_statements_) prepare_session();
}

// Where no pooler stands between, the session is ours alone: what is the same for every unit is
// set once. Behind a transaction pooler each unit carries its own settings.
void Connection::prepare_session() {
    const std::string timeout = std::to_string(statement_timeout_.count());
    send({
        {{"session_settings",
          "select set_config('statement_timeout', $1, false), set_config('datestyle', 'ISO', "
          "false), set_config('timezone', 'UTC', false), set_config('jit', 'off', false)"},
         {timeout}}
    });
}

Task<> Connection::receive(std::shared_ptr<Connection> self) {
    while (self->open_) {
        auto [error] = co_await self->socket_.async_wait(self->socket_.wait_read, awaits_tuple);
        if (!self->open_) break;
        const bool alive = !error && PQconsumeInput(self->connection_) == 1;
        self->drain();
        self->deliver_notifications();
        if (self->open_ && !(alive && PQstatus(self->connection_) == CONNECTION_OK)) {
            const std::string reason = one_line(PQerrorMessage(self->connection_));
            log::warning("db_connection_lost", {
                                                   {"reason", reason.c_str()}
            });
            self->close();
        }
    }
}

// Finds a server that holds the connection open and says nothing: a hung host, a lost peer.
Task<> Connection::watch(std::shared_ptr<Connection> self) {
    std::chrono::milliseconds silent{0};
    while (self->open_) {
        const std::uint64_t before = self->answered_;
        self->deadline_.expires_after(watch_interval);
        co_await self->deadline_.async_wait(awaits_tuple);
        if (!self->open_) break;
        silent =
            self->flights_.empty() || self->answered_ != before ? 0ms : silent + watch_interval;
        if (silent <= self->statement_timeout_ + answer_grace) continue;
        log::error("db_connection_silent", {
                                               {"seconds", silent.count() / 1000}
        });
        self->close();
    }
}

void Connection::close() {
    open_ = false;
    closed_ = true;
    deadline_.cancel();
    const auto lost = std::exchange(flights_, {});
    for (const auto& flight : lost) {
        // A fatal error that came before the end says more than "connection lost".
        if (!flight->failure) {
            flight->failure = connection_failure("08006", connection_, flight->name);
        }
        flight->done.set();
    }
    if (socket_.is_open()) socket_.release();  // before PQfinish closes it
    if (connection_) PQfinish(std::exchange(connection_, nullptr));
}

void Connection::drain() {
    // Between two statements libpq gives one null; two in a row mean that it needs more input.
    int nulls = 0;
    while (open_ && !flights_.empty() && !PQisBusy(connection_) && nulls < 4) {
        PGresult* result = PQgetResult(connection_);
        if (!result) {
            if (PQstatus(connection_) == CONNECTION_BAD) return;
            ++nulls;
            continue;
        }
        nulls = 0;
        const auto flight = flights_.front();
        const ExecStatusType status = PQresultStatus(result);
        Rows rows(result);  // owns it from here
        if (status == PGRES_PIPELINE_SYNC) {
            flights_.pop_front();
            ++answered_;
            settle(*flight);
            flight->done.set();
        } else if (status != PGRES_PIPELINE_ABORTED) {
            if (!flight->failure) flight->failure = failure_in(result, flight->name);
            flight->results.push_back(std::move(rows));
        }
    }
}

void Connection::settle(const Flight& flight) {
    if (!flight.failure) return;
    // The server is a standby now: whoever connects anew finds the primary.
    if (flight.failure->sqlstate == "25006") {
        asio::post(io_, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->close();
        });
    }
}

void Connection::deliver_notifications() {
    while (open_) {
        PGnotify* notification = PQnotifies(connection_);
        if (!notification) return;
        const std::string payload = notification->extra;
        PQfreemem(notification);
        if (on_notify) on_notify(payload);
    }
}

Task<> Connection::flush(std::shared_ptr<Connection> self) {
    while (self->open_ && PQflush(self->connection_) == 1) {
        co_await self->socket_.async_wait(self->socket_.wait_write, awaits_tuple);
    }
    self->flushing_ = false;
}

void Connection::sync(const std::shared_ptr<Flight>& flight) {
    if (PQpipelineSync(connection_) != 1) broken(flight->name);
    flights_.push_back(flight);
    if (!flushing_ && PQflush(connection_) == 1) {
        flushing_ = true;
        spawn(io_, "db_flush", flush(shared_from_this()));
    }
}

// Parsing is a unit of its own: inside the unit that needs it, an earlier failure would skip it
// and leave us wrong about what the server has.
void Connection::prepare(const Statement& statement) {
    Prepared& prepared = prepared_[statement.name];
    PD_ASSERT(!prepared.sql || std::strcmp(prepared.sql, statement.sql) == 0);  // one text per name
    if (!prepared.stale && !prepared.parse->failure) return;
    prepared.sql = statement.sql;
    prepared.server_name = statement.name;
    if (prepared.generation++ > 0)
        prepared.server_name += "~" + std::to_string(prepared.generation);
    prepared.parse = std::make_shared<Flight>();
    prepared.parse->name = statement.name;
    prepared.stale = false;
    if (PQsendPrepare(connection_, prepared.server_name.c_str(), statement.sql, 0, nullptr) != 1) {
        broken(statement.name);
    }
    sync(prepared.parse);
}

void Connection::send_one(const Command& command, Flight& flight) {
    const BoundParams bound(command.params);
    const Statement& statement = command.statement;
    int sent = 0;
    if (prepared_statements_) {
        const Prepared& prepared = prepared_.find(statement.name)->second;
        if (!prepared.parse->done.is_set()) flight.parses.push_back(prepared.parse);
        sent =
            PQsendQueryPrepared(connection_, prepared.server_name.c_str(), bound.count(),
                                bound.values.data(), bound.lengths.data(), bound.formats.data(), 0);
    } else {
        sent =
            PQsendQueryParams(connection_, statement.sql, bound.count(), nullptr,
                              bound.values.data(), bound.lengths.data(), bound.formats.data(), 0);
    }
    if (sent != 1) broken(statement.name);
}

std::shared_ptr<Connection::Flight> Connection::send(const std::vector<Command>& commands) {
    PD_ASSERT(!commands.empty());
    const char* name = commands.back().statement.name;
    if (!open_) throw Failure("08003", "", std::string(name) + ": not connected to Postgres");
    for (const Command& command : commands) refuse_nul(command.params, command.statement.name);
    auto flight = std::make_shared<Flight>();
    flight->name = name;
    if (prepared_statements_) {
        for (const Command& command : commands) prepare(command.statement);
    }
    for (const Command& command : commands) send_one(command, *flight);
    sync(flight);
    return flight;
}

Task<std::vector<Rows>> Connection::unit(std::vector<Command> commands) {
    const auto self = shared_from_this();
    const auto flight = send(commands);
    co_await flight->done.wait();
    for (const auto& parse : flight->parses) {
        if (parse->failure) {
            forget_plans(commands);
            throw Failure(*parse->failure);
        }
    }
    if (flight->failure) {
        const std::string& sqlstate = flight->failure->sqlstate;
        // Unknown there (26000), or planned for a table that has changed since (0A000).
        if (sqlstate == "26000" || sqlstate == "0A000") forget_plans(commands);
        throw Failure(*flight->failure);
    }
    PD_ASSERT(flight->results.size() == commands.size());
    co_return std::move(flight->results);
}

void Connection::forget_plans(const std::vector<Command>& commands) {
    for (const Command& command : commands) prepared_[command.statement.name].stale = true;
}

}  // namespace paydesk::db
