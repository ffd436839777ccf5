#pragma once
// What the tests of db/ share: coroutines side by side on one io_context.

#include <functional>

#include "base/task.h"
#include "db/database.h"
#include "db/test_database.h"

namespace paydesk::db {

// Runs `body` with a Database on `options`; fails when stop() leaves something that keeps the
// io_context from ending, because then this never returns.
inline void with_database(const Options& options,
                          std::function<Task<>(asio::io_context&, Database&)> body) {
    run_to_end([&](asio::io_context& io) -> Task<> {
        Database database(io, options);
        co_await database.ready(std::chrono::seconds(10));
        co_await body(io, database);
        database.stop();
    });
}

// Starts `count` coroutines at once and waits for all of them. What they throw ends the binary.
inline Task<> together(asio::io_context& io, int count, std::function<Task<>(int)> body) {
    int left = count;
    for (int i = 0; i < count; ++i) {
        spawn(io, "test", [](std::function<Task<>(int)>& run, int index, int& running) -> Task<> {
            co_await run(index);
            --running;
        }(body, i, left));
    }
    while (left > 0) co_await sleep_for(io, std::chrono::milliseconds(1));
}

// Waits until `holds` gives true, or 10 s.
inline Task<bool> eventually(asio::io_context& io, std::function<Task<bool>()> holds) {
    for (int i = 0; i < 2'000; ++i) {
        if (co_await holds()) co_return true;
        co_await sleep_for(io, std::chrono::milliseconds(5));
    }
    co_return false;
}

// The SQLSTATE that `task` fails with, or "".
inline Task<std::string> sqlstate_of(Task<Rows> task) {
    try {
        co_await std::move(task);
    } catch (const Failure& failure) {
        co_return failure.sqlstate;
    }
    co_return "";
}

}  // namespace paydesk::db
