#include "billing/trial_store.h"

#include "base/json.h"
#include "billing/recordset.h"
#include "billing/trials.h"

namespace paydesk::billing::trial_store {
namespace {

constexpr db::Statement insert_trials{"trials_note", R"(
    with begun as (
        insert into paydesk.trials (account_id, provider, provider_subscription_id, started_at)
        select r.account_id, r.provider, r.id, r.started_at
        from json_to_recordset($1::json) as r(account_id uuid, provider text, id text,
                                              started_at timestamptz)
        on conflict do nothing
        returning account_id, provider, provider_subscription_id)
    insert into paydesk.jobs (kind, account_id, payload, run_at, unique_key)
    select $2, b.account_id,
           jsonb_build_object('account_id', b.account_id, 'provider', b.provider,
                              'subscription', b.provider_subscription_id),
           $3, b.provider_subscription_id
    from begun b on conflict do nothing)"};

// The subscription's card, else the account's.
constexpr db::Statement select_card{"trials_card", R"(
    select s.status, s.plan_name, s.default_payment_method_id, m.provider_payment_method_id, m.fingerprint
    from paydesk.subscriptions s
    left join lateral (
        select t.provider_payment_method_id, t.fingerprint from paydesk.payment_methods t
        where t.account_id = s.account_id and t.provider = s.provider and t.detached_at is null
          and (s.default_payment_method_id is null
               or t.provider_payment_method_id = s.default_payment_method_id)
        order by t.is_default desc, t.created_at desc limit 1) m on true
    where s.account_id = $1 and s.provider = $2 and s.provider_subscription_id = $3)"};

constexpr db::Statement lock_card{"trials_lock_card", R"(
    select pg_advisory_xact_lock(hashtextextended('paydesk.trials/' || $1, 0))::text as locked)"};

constexpr db::Statement update_card{"trials_record_card", R"(
    update paydesk.trials set fingerprint = $4
    where account_id = $1 and provider = $2 and provider_subscription_id = $3)"};

constexpr db::Statement select_earlier{"trials_earlier", R"(
    select exists (
        select from paydesk.trials mine
        join paydesk.trials t on t.provider = mine.provider and t.fingerprint = mine.fingerprint
         and t.account_id <> mine.account_id
         and (t.started_at, t.account_id) < (mine.started_at, mine.account_id)
        where mine.account_id = $1 and mine.provider = $2 and mine.provider_subscription_id = $3)
        as earlier)"};

constexpr db::Statement update_refused{"trials_refuse", R"(
    update paydesk.trials set refused_at = coalesce(refused_at, $4)
    where account_id = $1 and provider = $2 and provider_subscription_id = $3)"};

db::Params key_of(const Trial& trial) {
    return {trial.account.value, db::param(provider::to_string(trial.provider)),
            trial.subscription.value};
}
db::Params key_and(const Trial& trial, db::Param more) {
    db::Params params = key_of(trial);
    params.push_back(std::move(more));
    return params;
}

}  // namespace

Task<> note(db::Tx& tx, std::vector<Trial> trials, Instant now) {
    if (trials.empty()) co_return;
    json::array rows;
    for (const auto& trial : trials) {
        rows.push_back(json::object{
            {"account_id", trial.account.value                },
            {"provider",   provider::to_string(trial.provider)},
            {"id",         trial.subscription.value           },
            {"started_at", recordset::value(trial.started_at) }
        });
    }
    co_await tx.run(insert_trials, {recordset::param(rows), std::string(trial_job_kind),
                                    db::param(now + trial_job_delay)});
}

Task<Card> card_of(db::Tx& tx, Trial trial) {
    const db::Rows rows = co_await tx.run(select_card, key_of(trial));
    Card card;
    if (rows.empty()) co_return card;
    card.trialing = rows.text(0, "status") == "trialing";
    card.plan_name = std::string(rows.text(0, "plan_name"));
    auto method = rows.optional_text(0, "default_payment_method_id");
    if (!method) method = rows.optional_text(0, "provider_payment_method_id");
    if (method) card.payment_method = provider::Ref{*method};
    card.fingerprint = rows.optional_text(0, "fingerprint");
    co_return card;
}

Task<bool> record_card(db::Tx& tx, Trial trial, std::string fingerprint) {
    co_await tx.run(lock_card, {fingerprint});
    co_await tx.run(update_card, key_and(trial, fingerprint));
    const db::Rows rows = co_await tx.run(select_earlier, key_of(trial));
    co_return rows.boolean(0, "earlier");
}

Task<> refuse(db::Tx& tx, Trial trial, Instant now) {
    co_await tx.run(update_refused, key_and(trial, db::param(now)));
}

std::optional<Trial> read_trial(const boost::json::value& payload) {
    const auto account = string_at(payload, {"account_id"}),
               subscription = string_at(payload, {"subscription"}),
               provider = string_at(payload, {"provider"});
    if (!account || !subscription || !provider) return std::nullopt;
    return Trial{
        .account = {*account},
        .provider = *provider == "paypal" ? provider::Name::paypal : provider::Name::stripe,
        .subscription = {*subscription},
        .started_at = {}};
}

}  // namespace paydesk::billing::trial_store
