#include "billing/trials.h"

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "billing/cancel_flow.h"
#include "billing/trial_store.h"
#include "notify/notifications.h"

namespace paydesk::billing {
namespace {

using trial_store::Card;
using trial_store::Trial;

// Nothing where the method has none (a direct debit of some kind), or is gone.
Task<Result<std::optional<std::string>>> fingerprint_of(const Flow& flow, Card card) {
    if (card.fingerprint || !card.payment_method) co_return card.fingerprint;
    const auto fetched =
        co_await flow.provider.fetch(provider::ObjectKind::payment_method, *card.payment_method);
    if (!fetched && fetched.error().code == ErrorCode::not_found) {
        co_return std::optional<std::string>{};
    }
    if (!fetched) co_return fetched.error();
    co_return std::get<provider::PaymentMethodSnapshot>(fetched->fact).fingerprint;
}

notify::Notification refused_fact(const Trial& trial, const Card& card) {
    notify::Notification fact{
        .account = trial.account,
        .type = "trial_refused",
        .title = "Trial Not Available",
        .message =
            "This card has been used for a trial before. The trial has ended, nothing was "
            "charged. You can subscribe without a trial.",
        .metadata = {{"subscription_id", trial.subscription.value}},
        .fact_key = "trial_refused:" + trial.subscription.value};
    if (!card.plan_name.empty()) fact.details["plan"] = card.plan_name;
    return fact;
}

// Records the card; whether the trial must end.
Task<bool> judge(const Flow& flow, Trial trial, Card card, std::string fingerprint) {
    const Instant now = flow.clock.now();
    co_return co_await flow.db.transaction([&](db::Tx& tx) -> Task<bool> {
        if (!co_await trial_store::record_card(tx, trial, fingerprint)) co_return false;
        if (!card.trialing) co_return false;
        co_await trial_store::refuse(tx, trial, now);
        std::vector<notify::Notification> facts;
        facts.push_back(refused_fact(trial, card));
        co_await notify::add(tx, std::move(facts));
        co_return true;
    });
}

Task<Result<void>> check(const Flows& flows, Trial trial) {
    const auto of = flows.of(trial.provider);
    if (!of) co_return of.error();
    const Flow& flow = **of;
    const Card card = co_await flow.db.transaction(
        [&](db::Tx& tx) -> Task<Card> { co_return co_await trial_store::card_of(tx, trial); });
    const auto fingerprint = co_await fingerprint_of(flow, card);
    if (!fingerprint) co_return fingerprint.error();
    if (!*fingerprint) co_return Result<void>{};
    if (!co_await judge(flow, trial, card, **fingerprint)) co_return Result<void>{};

    metrics::count("paydesk_trials_refused_total", {});
    log::warning("trial_refused", {
                                      {"account_id",      json::string(trial.account.value)     },
                                      {"subscription_id", json::string(trial.subscription.value)}
    });
    const auto ended = co_await cancel_subscription(
        flows, {trial.account, trial.subscription.value, provider::CancelWhen::now, {}});
    if (!ended) co_return ended.error();
    co_return Result<void>{};
}

}  // namespace

jobs::Handler trial_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto trial = trial_store::read_trial(job.payload);
        if (!trial) {
            co_return Error{ErrorCode::invalid_input, "the job's payload names no trial"};
        }
        co_return co_await check(flows, *trial);
    };
}

}  // namespace paydesk::billing
