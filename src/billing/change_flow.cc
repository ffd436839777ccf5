#include "billing/change_flow.h"

#include "billing/apply_change.h"
#include "billing/cancel_flow.h"
#include "billing/promotion_flow.h"
#include "billing/resolve_change.h"
#include "catalog/usage_price_store.h"

namespace paydesk::billing {
namespace {

using change_store::Check;
using change_store::Target;

Error no_such() { return {ErrorCode::not_found, "There is no such subscription."}; }

Check check_of(const Flow& flow, const AccountId& account, const provider::Ref& subscription) {
    return {.account = account,
            .provider = flow.provider.name(),
            .subscription = subscription,
            .intent = uuid_v7(flow.clock.now())};
}

Task<provider::PlanChange> call_for(const Flow& flow, ResolvedChange resolved) {
    const PlanTerms& terms = resolved.target.terms;
    auto metered = co_await catalog::usage_price_store::beside(flow.db, flow.provider.name(),
                                                               resolved.target.price);
    co_return provider::PlanChange{.subscription = resolved.subscription,
                                   .item = resolved.item,
                                   .price = resolved.target.price,
                                   .quantity = terms.quantity,
                                   .metered_prices = std::move(metered),
                                   .interval = terms.billing_cycle == "yearly" ? "year" : "month",
                                   .promotion_code = std::move(resolved.target.promotion_code)};
}

ChangeState state_of(provider::PlanChanged::State state) {
    switch (state) {
        case provider::PlanChanged::State::applied:
            return ChangeState::applied;
        case provider::PlanChanged::State::requires_action:
            return ChangeState::requires_action;
        case provider::PlanChanged::State::processing:
            return ChangeState::processing;
    }
    PD_ASSERT(false);
}

Task<Result<ChangeDone>> finish(const Flow& flow, Check check, std::string id,
                                provider::PlanChanged changed) {
    std::vector<provider::Change> answers{std::move(changed.subscription)};
    if (changed.invoice) answers.push_back(std::move(*changed.invoice));
    if (changed.released) answers.push_back(std::move(*changed.released));
    co_await finish_change(flow, check, std::move(answers));
    co_return ChangeDone{.subscription_id = std::move(id),
                         .state = state_of(changed.state),
                         .url = std::move(changed.url),
                         .expires_at = changed.expires_at};
}

Error refusal_of(const ResolvedChange& resolved, Error refused) {
    return resolved.target.promotion_code ? refusal_with_promotion(std::move(refused)) : refused;
}

// A refusal is an outcome too: nothing is left to find out. Without an answer the job will ask.
Task<Error> give_up(const Flow& flow, Check check, Error error) {
    if (info(error.code).retryable) {
        error.message =
            "The payment provider does not answer: look at the subscription in a "
            "minute, then try again.";
    } else {
        co_await finish_change(flow, std::move(check), {});
    }
    co_return error;
}

// Whether prorations as of `date` are those of a recent preview, by the provider's own clock: whoever
// chooses the date chooses the price (law 6).
Task<Result<std::optional<Instant>>> check_date(const Flow& flow, provider::PlanChange call,
                                                Instant date) {
    const auto fresh = co_await flow.provider.preview_change(std::move(call), false);
    if (!fresh) co_return fresh.error();
    if (!fresh->proration_date) co_return std::optional<Instant>{};  // nothing is prorated
    if (date > *fresh->proration_date || *fresh->proration_date - date > preview_age_max) {
        co_return Error{ErrorCode::invalid_input,
                        "prorationDate is not that of a preview of the last hour: preview again."};
    }
    co_return std::optional(date);
}

Task<Result<ChangeDone>> apply_now(const Flow& flow, ResolvedChange resolved,
                                   std::optional<Instant> date) {
    provider::PlanChange call = co_await call_for(flow, resolved);
    if (date) {
        const auto checked = co_await check_date(flow, call, *date);
        if (!checked) co_return checked.error();
        call.proration_date = *checked;
    }
    const Check check = check_of(flow, resolved.account, resolved.subscription);
    co_await begin_change(flow, check);
    auto changed = co_await flow.provider.change_plan({"change:" + check.intent}, std::move(call));
    if (!changed) co_return refusal_of(resolved, co_await give_up(flow, check, changed.error()));
    co_return co_await finish(flow, check, resolved.target.subscription_id, std::move(*changed));
}

Task<Result<ChangeDone>> schedule(const Flow& flow, ResolvedChange resolved) {
    provider::PlanChange call = co_await call_for(flow, resolved);
    const Check check = check_of(flow, resolved.account, resolved.subscription);
    co_await begin_change(flow, check);
    auto scheduled =
        co_await flow.provider.schedule_change({"change:" + check.intent}, std::move(call));
    if (!scheduled)
        co_return refusal_of(resolved, co_await give_up(flow, check, scheduled.error()));
    std::vector<provider::Change> answers{std::move(*scheduled)};
    co_await finish_change(flow, check, std::move(answers));
    co_return ChangeDone{.subscription_id = resolved.target.subscription_id,
                         .state = ChangeState::scheduled,
                         .expires_at = {}};
}

Task<Result<ChangeDone>> release(const Flow& flow, AccountId account, std::string id,
                                 provider::Ref subscription) {
    const Check check = check_of(flow, account, subscription);
    co_await begin_change(flow, check);
    auto released =
        co_await flow.provider.release_schedule({"change:" + check.intent}, subscription);
    if (!released) co_return co_await give_up(flow, check, released.error());
    std::vector<provider::Change> answers;
    if (*released) answers.push_back(std::move(**released));
    co_await finish_change(flow, check, std::move(answers));
    co_return ChangeDone{.subscription_id = std::move(id)};
}

// By the subscription's provider.
Task<Result<const Flow*>> flow_of(const Flows& flows, AccountId account, std::string subscription) {
    const auto target =
        co_await change_store::find(flows.db(), std::move(account), std::move(subscription));
    if (!target) co_return no_such();
    co_return flows.of(target->provider);
}

}  // namespace

std::string_view to_string(ChangeState state) {
    switch (state) {
        case ChangeState::applied:
            return "applied";
        case ChangeState::scheduled:
            return "scheduled";
        case ChangeState::requires_action:
            return "requires_action";
        case ChangeState::processing:
            return "processing";
    }
    PD_ASSERT(false);
}

Task<> begin_change(const Flow& flow, Check check) {
    co_await change_store::record(flow.db, std::move(check), flow.clock.now() + change_job_delay);
}

Task<> finish_change(const Flow& flow, Check check, std::vector<provider::Change> answers) {
    co_await flow.db.transaction([&](db::Tx& tx) -> Task<> {
        std::vector<ToApply> changes;
        for (const auto& answer : answers) changes.push_back({.change = answer});
        if (!changes.empty()) {
            (void)co_await apply_changes(tx, std::move(changes), flow.clock.now());
        }
        co_await change_store::forget(tx, check);
    });
}

Task<Result<PreviewedChange>> preview_change(const Flows& flows, ChangeWish wish) {
    const auto found = co_await flow_of(flows, wish.account, wish.subscription);
    if (!found) co_return found.error();
    const Flow& flow = **found;
    auto resolved = co_await resolve_change(flow, wish);
    if (!resolved) co_return resolved.error();
    const bool later = resolved->target.when != ChangeWhen::now;
    provider::PlanChange call = co_await call_for(flow, *resolved);
    auto preview = co_await flow.provider.preview_change(std::move(call), later);
    if (!preview) co_return refusal_of(*resolved, preview.error());
    co_return PreviewedChange{std::move(resolved->target), std::move(*preview)};
}

Task<Result<ChangeDone>> change_plan(const Flows& flows, ChangeWish wish) {
    const auto found = co_await flow_of(flows, wish.account, wish.subscription);
    if (!found) co_return found.error();
    const Flow& flow = **found;
    auto resolved = co_await resolve_change(flow, wish);
    if (!resolved) co_return resolved.error();
    switch (resolved->target.when) {
        case ChangeWhen::now:
            co_return co_await apply_now(flow, std::move(*resolved), wish.proration_date);
        case ChangeWhen::period_end:
            // Not scheduled here: its buyer consents at PayPal, which then keeps the change itself.
            if (flow.provider.name() == provider::Name::paypal) {
                co_return co_await apply_now(flow, std::move(*resolved), {});
            }
            co_return co_await schedule(flow, std::move(*resolved));
        case ChangeWhen::never: {
            const std::string id = resolved->target.subscription_id;
            auto done = co_await release(flow, wish.account, id, resolved->subscription);
            if (!done || !wish.promotion_code) co_return done;
            const auto promoted =
                co_await apply_promotion(flows, wish.account, id, *wish.promotion_code);
            if (!promoted) co_return promoted.error();
            co_return done;
        }
    }
    PD_ASSERT(false);
}

Task<Result<ChangeDone>> cancel_scheduled_change(const Flows& flows, AccountId account,
                                                 std::string subscription) {
    const auto target = co_await change_store::find(flows.db(), account, std::move(subscription));
    if (!target) co_return no_such();
    if (!is_live(target->status)) co_return ChangeDone{.subscription_id = target->id};
    const auto flow = flows.of(target->provider);
    if (!flow) co_return flow.error();
    co_return co_await release(**flow, account, target->id, target->subscription);
}

Task<Result<ChangeDone>> pause_subscription(const Flows& flows, AccountId account,
                                            std::string subscription) {
    const auto target = co_await change_store::find(flows.db(), account, std::move(subscription));
    if (!target) co_return no_such();
    if (target->status == SubscriptionStatus::paused) {
        co_return ChangeDone{.subscription_id = target->id};
    }
    const auto pausable = check_pausable(target->status, target->cancel_scheduled);
    if (!pausable) co_return pausable.error();
    const auto found = flows.of(target->provider);
    if (!found) co_return found.error();
    const Flow& flow = **found;

    const Check check = check_of(flow, account, target->subscription);
    co_await begin_change(flow, check);
    auto paused =
        co_await flow.provider.pause_subscription({"change:" + check.intent}, target->subscription);
    if (!paused) co_return co_await give_up(flow, check, paused.error());
    std::vector<provider::Change> answers{std::move(*paused)};
    co_await finish_change(flow, check, std::move(answers));
    co_return ChangeDone{.subscription_id = target->id};
}

Task<Result<ChangeDone>> resume_subscription(const Flows& flows, AccountId account,
                                             std::string subscription) {
    const auto target = co_await change_store::find(flows.db(), account, subscription);
    if (!target) co_return no_such();
    if (target->status != SubscriptionStatus::paused) {
        const auto resumed = co_await cancel_subscription(
            flows, {account, std::move(subscription), provider::CancelWhen::never, {}});
        if (!resumed) co_return resumed.error();
        co_return ChangeDone{.subscription_id = target->id};
    }
    const auto found = flows.of(target->provider);
    if (!found) co_return found.error();
    const Flow& flow = **found;
    const Check check = check_of(flow, account, target->subscription);
    co_await begin_change(flow, check);
    auto resumed = co_await flow.provider.resume_subscription({"change:" + check.intent},
                                                              target->subscription);
    if (!resumed) co_return co_await give_up(flow, check, resumed.error());
    co_return co_await finish(flow, check, target->id, std::move(*resumed));
}

jobs::Handler change_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto check = change_store::read_check(job.payload);
        if (!check) {
            co_return Error{ErrorCode::invalid_input, "the job's payload names no subscription"};
        }
        const auto found = flows.of(check->provider);
        if (!found) co_return found.error();
        const Flow& flow = **found;
        auto now =
            co_await flow.provider.fetch(provider::ObjectKind::subscription, check->subscription);
        if (!now) {
            if (now.error().code == ErrorCode::not_found) co_return Result<void>{};
            co_return now.error();
        }
        std::vector<provider::Change> answers;
        const auto schedule = std::get<provider::SubscriptionSnapshot>(now->fact).schedule;
        answers.push_back(std::move(*now));
        if (schedule) {
            auto there = co_await flow.provider.fetch(provider::ObjectKind::subscription_schedule,
                                                      *schedule);
            if (!there) co_return there.error();
            answers.push_back(std::move(*there));
        }
        co_await finish_change(flow, *check, std::move(answers));
        co_return Result<void>{};
    };
}

}  // namespace paydesk::billing
