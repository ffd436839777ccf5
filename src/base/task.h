#pragma once
// Coroutines: Boost.Asio behind our own names.
//
// One thread runs one io_context. The concrete executor spares Asio's type erasure.
//
// A coroutine's reference parameters and the caller's temporaries die at the first suspension when
// the caller does not co_await it at once: take by value what must outlive that.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>

namespace paydesk {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

// co_await op(awaits) throws on failure; co_await op(awaits_tuple) gives [error_code, ...].
inline constexpr asio::use_awaitable_t<Executor> awaits{};
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> awaits_tuple{awaits};

// Waits for durations; says nothing about what time it is (that is base/clock.h).
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// Suspends for `duration`. The Timer type is for whoever must be able to cancel.
Task<> sleep_for(asio::io_context& io, std::chrono::milliseconds duration);

// Starts a coroutine that nobody awaits. What escapes from it is a bug of ours: it is logged under
// `name` and the process aborts. REQUIRES: everything it refers to outlives it.
void spawn(asio::io_context& io, const char* name, Task<> task);

// Runs a coroutine to its end on a fresh io_context. For tests and command-line tools.
void run_to_end(std::function<Task<>(asio::io_context&)> body);

}  // namespace paydesk
