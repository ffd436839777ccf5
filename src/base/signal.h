#pragma once
// A one-shot event between coroutines of one thread: one waits, another sets.

#include <boost/asio/post.hpp>
#include <optional>

#include "base/task.h"

namespace paydesk {

// Not thread-safe; at most one waiter. set() before wait() is remembered.
// Holds the concrete handler: Boost 1.81's any_completion_handler recurses for ever when moved.
class Signal {
    using Handler = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;

public:
    Task<> wait() {
        if (set_) co_return;
        co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
            [this](Handler handler) { waiter_.emplace(std::move(handler)); }, awaits);
    }

    void set() {
        if (std::exchange(set_, true) || !waiter_) return;
        asio::post(std::move(*waiter_));
    }

    bool is_set() const { return set_; }

private:
    std::optional<Handler> waiter_;
    bool set_ = false;
};

}  // namespace paydesk
