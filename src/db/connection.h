#pragma once
// One connection to Postgres in libpq's pipeline mode, driven by Asio.
//
//     open() ──▶ unit() unit() unit() ... ──▶ close(), or the server goes away
//
// Any number of coroutines may have a unit in flight; units are answered in the order of sending.
// A unit is one round trip and, outside an explicit BEGIN, one transaction that ends at its Sync.
// Not thread-safe. Owned by shared_ptr: its own coroutines keep it alive until it is closed.

#include <libpq-fe.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/signal.h"
#include "base/task.h"
#include "db/database.h"

namespace paydesk::db {

struct Command {
    Statement statement;
    Params params = {};
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    // `options`: url, prepared_statements and statement_timeout are used.
    Connection(asio::io_context& io, const Options& options);
    ~Connection();

    // Connects, within connect_timeout. Throws Failure 08001 with Postgres' own words.
    Task<> open();
    bool is_open() const { return open_; }

    // Reads answers until the connection ends. REQUIRES: open() returned; called once.
    static Task<> receive(std::shared_ptr<Connection> self);

    // Sends the commands and waits for their results: all of them, or a Failure.
    // Either everything is sent or nothing is: what cannot be sent is refused before (22021).
    // Throws Failure; 08006 when the connection went away with the answer: the outcome is unknown.
    Task<std::vector<Rows>> unit(std::vector<Command> commands);

    // Units sent and not answered.
    std::size_t depth() const { return flights_.size(); }

    // Called for each NOTIFY received.
    std::function<void(std::string_view payload)> on_notify;

    // Ends the connection; units in flight fail with 08006. Safe to call twice.
    void close();

private:
    struct Flight {
        const char* name = "";
        std::vector<Rows> results;
        std::optional<Failure> failure;
        std::vector<std::shared_ptr<Flight>> parses;  // what this one relies on
        Signal done;
    };
    struct Prepared {
        std::string server_name;
        const char* sql = nullptr;
        std::shared_ptr<Flight> parse;
        int generation = 0;  // of the name: Postgres never forgets one, so that it is given once
        bool stale = true;
    };

    struct Addresses {
        std::string hosts;  // the name, once for each address: both are lists of libpq's
        std::string numbers;
    };

    Task<> connect();
    Task<Addresses> resolve();
    void start(const Addresses& addresses);
    void prepare_session();
    static Task<> flush(std::shared_ptr<Connection> self);
    static Task<> watch(std::shared_ptr<Connection> self);
    std::shared_ptr<Flight> send(const std::vector<Command>& commands);
    void send_one(const Command& command, Flight& flight);
    void prepare(const Statement& statement);
    void sync(const std::shared_ptr<Flight>& flight);
    void drain();
    void deliver_notifications();
    void settle(const Flight& flight);
    void forget_plans(const std::vector<Command>& commands);
    [[noreturn]] void broken(const char* statement);

    asio::io_context& io_;
    std::string url_;
    bool prepared_statements_;
    std::chrono::milliseconds statement_timeout_;
    PGconn* connection_ = nullptr;
    asio::posix::basic_stream_descriptor<Executor> socket_;
    Timer deadline_;  // of connecting, then of the watchdog
    std::deque<std::shared_ptr<Flight>> flights_;
    std::map<std::string, Prepared, std::less<>> prepared_;
    std::uint64_t answered_ = 0;
    bool open_ = false;
    bool closed_ = false;
    bool flushing_ = false;
};

}  // namespace paydesk::db
