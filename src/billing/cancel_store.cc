#include "billing/cancel_store.h"
#include "billing/provider_name.h"

#include "base/json.h"
#include "billing/cancel_flow.h"
#include "jobs/queue.h"

namespace paydesk::billing::cancel_store {
namespace {

// An hour apart in the end: four days, for who was told that we keep trying.
constexpr std::int64_t attempts_max = 100;

constexpr db::Statement select_target{"cancel_find", R"(
    select id, provider, provider_subscription_id, status
    from paydesk.subscriptions
    where account_id = $1 and (id::text = $2 or provider_subscription_id = $2)
    for update)"};

constexpr db::Statement delete_waiting{"cancel_forget", R"(
    delete from paydesk.jobs where kind = $1 and unique_key = $2 and status = 'queued')"};

constexpr db::Statement delete_fulfilled{"cancel_forget_one", R"(
    delete from paydesk.jobs
    where kind = $1 and unique_key = $2 and status = 'queued' and payload ->> 'intent' = $3)"};

std::string_view word(provider::CancelWhen when) {
    switch (when) {
        case provider::CancelWhen::now:
            return "now";
        case provider::CancelWhen::period_end:
            return "period_end";
        case provider::CancelWhen::never:
            return "never";
    }
    PD_ASSERT(false);
}

}  // namespace

Task<std::optional<Target>> find(db::Tx& tx, AccountId account, std::string subscription) {
    const db::Rows rows = co_await tx.run(select_target, {account.value, std::move(subscription)});
    if (rows.empty()) co_return std::nullopt;
    const auto status = provider::parse_subscription_status(rows.text(0, "status"));
    const auto name = parse_provider(rows.text(0, "provider"));
    PD_ASSERT(status.has_value() && name.has_value());
    co_return Target{.id = std::string(rows.text(0, "id")),
                     .provider = *name,
                     .subscription = {std::string(rows.text(0, "provider_subscription_id"))},
                     .status = *status};
}

Task<> record(db::Tx& tx, Intent intent, Instant run_at) {
    co_await tx.run(delete_waiting, {std::string(cancel_job_kind), intent.subscription.value});
    const auto text = [](const std::optional<std::string>& said) {
        return said ? json::value(*said) : json::value();
    };
    // False when an older intent is running this moment: the provider gets both, ours last.
    (void)co_await jobs::enqueue(tx,
                                 {
                                     .kind = cancel_job_kind,
                                     .payload = {{"intent", intent.id},
                                                 {"account_id", intent.account.value},
                                                 {"provider", provider::to_string(intent.provider)},
                                                 {"subscription", intent.subscription.value},
                                                 {"when", word(intent.when)},
                                                 {"feedback", text(intent.details.feedback)},
                                                 {"comment", text(intent.details.comment)}},
                                     .run_at = run_at,
                                     .unique_key = intent.subscription.value,
                                     .attempts_max = attempts_max
    });
}

Task<> forget(db::Tx& tx, Intent intent) {
    co_await tx.run(delete_fulfilled,
                    {std::string(cancel_job_kind), intent.subscription.value, intent.id});
}

std::optional<Intent> read_intent(const boost::json::value& payload) {
    const auto id = string_at(payload, {"intent"}), account = string_at(payload, {"account_id"}),
               subscription = string_at(payload, {"subscription"}),
               when = string_at(payload, {"when"});
    const auto name = parse_provider(string_at(payload, {"provider"}).value_or("stripe"));
    if (!id || !account || !subscription || !when || !name) return std::nullopt;
    for (const auto known : {provider::CancelWhen::now, provider::CancelWhen::period_end,
                             provider::CancelWhen::never}) {
        if (*when != word(known)) continue;
        return Intent{
            *id,   {*account},
            *name, {*subscription},
            known, {string_at(payload, {"feedback"}), string_at(payload, {"comment"})}
        };
    }
    return std::nullopt;
}

}  // namespace paydesk::billing::cancel_store
