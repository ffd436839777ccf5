#include "billing/cancel_flow.h"

#include "billing/apply_change.h"
#include "billing/cancel_store.h"

namespace paydesk::billing {
namespace {

using cancel_store::Intent;

struct Decided {
    const Flow* flow;  // never null
    cancel_store::Target target;
    CancelStep step;
    Intent intent;
};

Task<Result<Decided>> decide_and_record(const Flows& flows, const CancelWish& wish) {
    const Instant now = flows.clock().now();
    const std::string intent_id = uuid_v7(now);
    co_return co_await flows.db().transaction([&](db::Tx& tx) -> Task<Result<Decided>> {
        const auto target = co_await cancel_store::find(tx, wish.account, wish.subscription);
        if (!target) co_return Error{ErrorCode::not_found, "There is no such subscription."};
        const auto flow = flows.of(target->provider);
        if (!flow) co_return flow.error();
        const auto step = decide_cancel(target->status, wish.when);
        if (!step) co_return step.error();
        Intent intent{intent_id, wish.account, target->provider, target->subscription,
                      wish.when, wish.details};
        if (*step == CancelStep::call) {
            co_await cancel_store::record(tx, intent, now + cancel_job_delay);
        }
        co_return Decided{*flow, *target, *step, std::move(intent)};
    });
}

// Applies what the provider answered, and forgets the intent, in one transaction. Gives what the merge
// rule made of it.
Task<Applied> apply(const Flow& flow, Intent intent, ToApply answer) {
    co_return co_await flow.db.transaction([&](db::Tx& tx) -> Task<Applied> {
        std::vector<ToApply> changes;
        changes.push_back(answer);
        auto applied = co_await apply_changes(tx, std::move(changes), flow.clock.now());
        co_await cancel_store::forget(tx, intent);
        co_return applied.front();
    });
}

// Carries the intent out at the provider and brings the answer home.
Task<Result<void>> carry_out(const Flow& flow, Intent intent) {
    auto answer = co_await flow.provider.cancel_subscription(
        {"cancel:" + intent.id}, intent.subscription, intent.when, intent.details);
    if (!answer) {
        if (!info(answer.error().code).retryable) {
            co_await flow.db.transaction(
                [&](db::Tx& tx) -> Task<> { co_await cancel_store::forget(tx, intent); });
        }
        co_return answer.error();
    }

    const Instant stamp = answer->occurred_at;
    const Applied applied = co_await apply(flow, intent, {.change = std::move(*answer)});
    if (applied.outcome != Outcome::needs_fetch) co_return Result<void>{};

    // An event of the same second says something else: the object itself decides. When that cannot
    // be had now, the webhook that follows will bring it.
    auto fetched =
        co_await flow.provider.fetch(provider::ObjectKind::subscription, intent.subscription);
    if (!fetched) co_return Result<void>{};
    fetched->occurred_at = stamp;
    (void)co_await apply(flow, intent,
                         {.change = std::move(*fetched), .fetched_at_revision = applied.revision});
    co_return Result<void>{};
}

}  // namespace

Result<CancelStep> decide_cancel(SubscriptionStatus status, provider::CancelWhen when) {
    if (is_live(status)) return CancelStep::call;
    switch (when) {
        case provider::CancelWhen::now:
            return CancelStep::nothing_to_do;
        case provider::CancelWhen::period_end:
            return Error{ErrorCode::subscription_not_cancelable,
                         "This subscription has ended already."};
        case provider::CancelWhen::never:
            return Error{ErrorCode::subscription_not_resumable,
                         "This subscription has ended. Subscribe again instead."};
    }
    PD_ASSERT(false);
}

Task<Result<Cancelled>> cancel_subscription(const Flows& flows, CancelWish wish) {
    const auto decided = co_await decide_and_record(flows, wish);
    if (!decided) co_return decided.error();
    const std::string& id = decided->target.id;
    if (decided->step == CancelStep::nothing_to_do) co_return Cancelled{id, false};

    const auto done = co_await carry_out(*decided->flow, decided->intent);
    if (!done) {
        Error error = done.error();
        if (info(error.code).retryable) {
            error.message =
                "The payment provider does not answer. Paydesk has noted this and keeps trying.";
        }
        co_return error;
    }
    co_return Cancelled{id, true};
}

jobs::Handler cancel_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto intent = cancel_store::read_intent(job.payload);
        if (!intent)
            co_return Error{ErrorCode::invalid_input, "the job's payload is not a cancellation"};
        const auto flow = flows.of(intent->provider);
        if (!flow) co_return flow.error();
        co_return co_await carry_out(**flow, *intent);
    };
}

}  // namespace paydesk::billing
