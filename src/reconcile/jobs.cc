#include "reconcile/jobs.h"

namespace paydesk::reconcile {

namespace {

Options options_of(const jobs::Job& job, const Schedule& schedule) {
    return {.origin = "schedule",
            .requests_max = schedule.requests_max,
            .stop_at = job.leased_until - lease_margin,
            .grace = delivery_grace};
}

}  // namespace

jobs::Handler events_job(Reconciler& reconciler, Schedule schedule) {
    return [&reconciler, schedule](jobs::Job job) -> Task<Result<void>> {
        (void)co_await reconciler.events(options_of(job, schedule));
        co_return Result<void>{};
    };
}

jobs::Handler objects_job(Reconciler& reconciler, Schedule schedule) {
    return [&reconciler, schedule](jobs::Job job) -> Task<Result<void>> {
        if (co_await reconciler.is_due("objects", schedule.objects_period)) {
            (void)co_await reconciler.objects(options_of(job, schedule));
        }
        co_return Result<void>{};
    };
}

jobs::Handler usage_job(Reconciler& reconciler, Schedule schedule) {
    return [&reconciler, schedule](jobs::Job job) -> Task<Result<void>> {
        if (co_await reconciler.is_due("usage", schedule.objects_period)) {
            (void)co_await reconciler.usage(options_of(job, schedule));
        }
        co_return Result<void>{};
    };
}

}  // namespace paydesk::reconcile
