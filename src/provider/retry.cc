#include "provider/retry.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"

namespace paydesk::provider {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

seconds retry_after(const Try& last) {
    if (!last.response) return seconds{0};
    const std::string_view text = last.response->headers.get("Retry-After");
    std::uint32_t count = 0;  // a date instead of a number is as good as nothing
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size()) return seconds{0};
    return seconds{count};
}

std::string outcome_of(const Try& last) {
    return last.response ? std::to_string(last.response->status) : "none";
}

}  // namespace

Retrier::Retrier(std::string_view name, asio::io_context& io, http::Transport& transport,
                 const Clock& clock, Wait wait)
    : name_(name),
      io_(io),
      transport_(transport),
      clock_(clock),
      wait_(std::move(wait)),
      jitter_(std::random_device{}()) {}

Task<Try> Retrier::send(http::ClientRequest request, Rule is_worth_another_try) {
    const Instant started = clock_.now();
    for (int retry = 0;; ++retry) {
        Try last = co_await try_once(request);
        const milliseconds delay = std::max<milliseconds>(back_off(retry), retry_after(last));
        const bool in_time =
            delay <= retry_after_max && clock_.now() + delay < started + call_time_max;
        if (!is_worth_another_try(last) || retry == retries_max || !in_time) co_return last;

        log::warning(name_ + "_retry", {
                                           {"method",  json::value(request.method)  },
                                           {"url",     json::value(request.url)     },
                                           {"status",  json::value(outcome_of(last))},
                                           {"failure", json::value(last.failure)    },
                                           {"wait_ms", delay.count()                }
        });
        if (wait_) {
            co_await wait_(delay);
        } else {
            co_await sleep_for(io_, delay);
        }
    }
}

Task<Try> Retrier::try_once(http::ClientRequest request) {
    Try made;
    const std::string method = request.method;
    try {
        made.response = co_await transport_.send(std::move(request));
    } catch (const http::TransportError& error) {
        made.failure = error.what();
        made.never_sent = error.never_sent;
    }
    metrics::count("paydesk_" + name_ + "_requests_total",
                   {
                       {"method", method          },
                       {"status", outcome_of(made)}
    });
    co_return made;
}

// Between half of and the whole of 0.5, 1, 2, 4, 5 s, but never under the first.
milliseconds Retrier::back_off(int retry) {
    const milliseconds most =
        std::min(retry_delay_first * (1 << std::min(retry, 10)), retry_delay_max);
    std::uniform_int_distribution<milliseconds::rep> between(most.count() / 2, most.count());
    return std::max(retry_delay_first, milliseconds(between(jitter_)));
}

}  // namespace paydesk::provider
