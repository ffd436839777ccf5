#pragma once
// The Tx that the body of a transaction gets: statements on a session of its own. Inside db/ only.

#include <optional>
#include <vector>

#include "db/connection.h"
#include "db/measured.h"

namespace paydesk::db {

class SessionTx final : public Tx {
public:
    // `opening` goes with the first statement: a transaction costs no round trip to begin.
    SessionTx(Connection& connection, std::vector<Command> opening)
        : connection_(connection), opening_(std::move(opening)) {}

    Task<Rows> run(Statement statement, Params params) override {
        if (failure_) throw Failure(*failure_);
        const Measured measured(statement.name);
        std::vector<Command> unit = std::exchange(opening_, {});
        unit.push_back({statement, std::move(params)});
        try {
            auto results = co_await connection_.unit(std::move(unit));
            co_return std::move(results.back());
        } catch (const Failure& failure) {
            Measured::failed(failure);
            failure_ = failure;
            throw;
        }
    }

    bool has_begun() const { return opening_.empty(); }
    const std::optional<Failure>& failure() const { return failure_; }

private:
    Connection& connection_;
    std::vector<Command> opening_;
    std::optional<Failure> failure_;
};

}  // namespace paydesk::db
