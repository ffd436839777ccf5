#include "base/task.h"

#include <cstdlib>
#include <exception>

#include "base/log.h"

namespace paydesk {

Task<> sleep_for(asio::io_context& io, std::chrono::milliseconds duration) {
    Timer timer(io, duration);
    co_await timer.async_wait(awaits_tuple);
}

void spawn(asio::io_context& io, const char* name, Task<> task) {
    asio::co_spawn(io, std::move(task), [name](std::exception_ptr failure) {
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& e) {
            log::error("coroutine_failed", {
                                               {"coroutine", name    },
                                               {"error",     e.what()}
            });
        } catch (...) {
            log::error("coroutine_failed",
                       {
                           {"coroutine", name                  },
                           {"error",     "not a std::exception"}
            });
        }
        std::abort();
    });
}

void run_to_end(std::function<Task<>(asio::io_context&)> body) {
    asio::io_context io{1};
    std::exception_ptr failure;
    asio::co_spawn(io, body(io), [&failure](std::exception_ptr e) { failure = e; });
    io.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace paydesk
