#pragma once
// The Tx that the body of a transaction gets: statements on a session of its own. Inside db/ only.

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "db/connection.h"
#include "db/measured.h"

namespace paydesk::db {

class SessionTx final : public Tx {
public:
    // `opening` goes with the first statement: a transaction costs no round trip to begin.
    SessionTx(Connection& connection, std::vector<Command> opening)
        : connection_(connection), opening_(std::move(opening)) {}

    Task<Rows> run(Statement statement, Params params) override {
        std::vector<Command> commands;
        commands.push_back({statement, std::move(params)});
        auto results = co_await run_together(std::move(commands));
        co_return std::move(results.front());
    }

    // together.h
    Task<std::vector<Rows>> run_together(std::vector<Command> commands) {
        PD_ASSERT(!commands.empty());
        if (failure_) throw Failure(*failure_);
        const Measured measured(commands.back().statement.name);
        std::vector<Command> unit = std::exchange(opening_, {});
        const auto opened = static_cast<std::ptrdiff_t>(unit.size());
        std::ranges::move(commands, std::back_inserter(unit));
        try {
            auto results = co_await connection_.unit(std::move(unit));
            results.erase(results.begin(), results.begin() + opened);
            co_return results;
        } catch (const Failure& failure) {
            Measured::failed(failure);
            failure_ = failure;
            throw;
        }
    }
    void run_with_commit(Command command) { closing_.push_back(std::move(command)); }

    // What goes with COMMIT, before it.
    std::vector<Command> take_rest() {
        std::vector<Command> rest = std::exchange(opening_, {});
        std::ranges::move(std::exchange(closing_, {}), std::back_inserter(rest));
        return rest;
    }

    bool has_begun() const { return opening_.empty(); }
    bool has_work() const { return has_begun() || !closing_.empty(); }
    const std::optional<Failure>& failure() const { return failure_; }

private:
    Connection& connection_;
    std::vector<Command> opening_, closing_;
    std::optional<Failure> failure_;
};

}  // namespace paydesk::db
