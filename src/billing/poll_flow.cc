#include "billing/poll_flow.h"

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "billing/ask_flow.h"
#include "billing/poll_store.h"

namespace paydesk::billing {
namespace {

constexpr std::chrono::days polls_kept{60};

void report(const poll_store::Due& due, const Error& error) {
    metrics::count("paydesk_paypal_polls_total", {
                                                     {"outcome", "refused"}
    });
    log::warning("paypal_poll_refused", {
                                            {"object_id", json::string(due.object.value)},
                                            {"why",       json::string(error.message)   }
    });
}

}  // namespace

Task<Result<Polled>> poll(const Flow& flow, PollOptions options) {
    const Instant now = flow.clock.now();
    Polled polled;
    for (const auto& due :
         co_await poll_store::due(flow.db, now, options.all, options.objects_max)) {
        const auto asked = co_await ask(flow, due.kind, due.object);
        if (!asked && info(asked.error().code).retryable) co_return asked.error();
        if (!asked) {
            ++polled.refused;
            report(due, asked.error());
        }
        ++polled.asked;
        const bool gone = !asked && asked.error().code == ErrorCode::not_found;
        co_await poll_store::record(flow.db, due, gone, now);
    }
    co_await poll_store::sweep(flow.db, now - polls_kept);
    co_return polled;
}

jobs::Handler paypal_poll_job(const Flows& flows, std::int64_t objects_max) {
    return [&flows, objects_max](jobs::Job) -> Task<Result<void>> {
        if (!flows.paypal) co_return Result<void>{};
        const auto polled = co_await poll(*flows.paypal, {.objects_max = objects_max});
        if (!polled) co_return polled.error();
        co_return Result<void>{};
    };
}

}  // namespace paydesk::billing
