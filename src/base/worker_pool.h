#pragma once
// Threads for what blocks: libcurl, PDF, password hashing. The I/O thread never waits for them.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/signal.h"
#include "base/task.h"

namespace paydesk {

inline constexpr std::size_t worker_queue_max = 10'000;

class WorkerPool {
public:
    explicit WorkerPool(asio::io_context& io, int threads);
    ~WorkerPool();  // finishes what is queued

    // Runs `work` on a worker thread, resumes on the io_context's thread with its result.
    // Throws what `work` throws; Unavailable when worker_queue_max wait already.
    // REQUIRES: the io_context runs until it has resumed.
    template <class Work>
    Task<std::invoke_result_t<Work>> run(Work work) {
        struct State {
            std::optional<std::invoke_result_t<Work>> value;
            std::exception_ptr failure;
            Signal done;
        };
        auto state = std::make_shared<State>();
        auto guard = asio::make_work_guard(io_);
        post([state, work = std::move(work), &io = io_]() mutable {
            try {
                state->value.emplace(work());
            } catch (...) {
                state->failure = std::current_exception();
            }
            asio::post(io, [state] { state->done.set(); });
        });
        co_await state->done.wait();
        if (state->failure) std::rethrow_exception(state->failure);
        co_return std::move(*state->value);
    }

private:
    void post(std::move_only_function<void()> job);
    void loop();

    asio::io_context& io_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::move_only_function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace paydesk
