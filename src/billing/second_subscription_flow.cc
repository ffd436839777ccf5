#include "billing/second_subscription_flow.h"

#include "base/log.h"
#include "billing/ask_flow.h"
#include "billing/cancel_flow.h"
#include "billing/decide_facts.h"
#include "billing/second_subscription_store.h"
#include "notify/notifications.h"

namespace paydesk::billing {
namespace {

using second_subscription_store::Key;

Task<std::vector<Key>> before(const Flows& flows, Key key) {
    co_return co_await flows.db().transaction([&](db::Tx& tx) -> Task<std::vector<Key>> {
        co_return co_await second_subscription_store::before(tx, key);
    });
}

Task<> tell(const Flows& flows, Key key) {
    const std::string fact_key = "second_subscription_ended:" + key.subscription;
    std::vector<notify::Notification> facts;
    facts.push_back(
        {.account = key.account,
         .type = "second_subscription_ended",
         .title = "Second Subscription Ended",
         .message = "You have a subscription already, so the second one that you approved has been "
                    "cancelled. If it was charged, ask us for the money back.",
         .metadata = {{"subscription_id", key.subscription}},
         .fact_key = fact_key});
    facts.push_back({
        .account = operator_account,
        .type = "second_subscription_ended",
        .title = "Second Subscription Ended",
        .message = "The account " + key.account.value + " had two subscriptions; the later one, " +
                   key.subscription + ", has been cancelled. Refund what was paid for it.",
        .metadata = {{"subscription_id", key.subscription}, {"account_id", key.account.value}},
        .fact_key = fact_key
    });
    co_await flows.db().transaction(
        [&](db::Tx& tx) -> Task<> { (void)co_await notify::add(tx, facts); });
}

Task<Result<void>> end(const Flows& flows, Key key) {
    for (const Key& earlier : co_await before(flows, key)) {
        const auto flow = flows.of(earlier.provider);
        if (!flow) co_return flow.error();
        const auto asked = co_await ask(**flow, provider::ObjectKind::subscription,
                                        provider::Ref{earlier.subscription});
        if (!asked) co_return asked.error();
    }
    if ((co_await before(flows, key)).empty()) co_return Result<void>{};

    log::warning("second_subscription", {
                                            {"account_id",      json::string(key.account.value)},
                                            {"subscription_id", json::string(key.subscription) }
    });
    const auto ended = co_await cancel_subscription(
        flows, {key.account,
                key.subscription,
                provider::CancelWhen::now,
                {.comment = "There was a live subscription already."}});
    if (!ended) co_return ended.error();
    co_await tell(flows, key);
    co_return Result<void>{};
}

}  // namespace

jobs::Handler second_subscription_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto key = second_subscription_store::read_key(job.payload);
        if (!key) {
            co_return Error{ErrorCode::invalid_input, "the job's payload names no subscription"};
        }
        co_return co_await end(flows, *key);
    };
}

}  // namespace paydesk::billing
