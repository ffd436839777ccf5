#include "billing/refund_store.h"

#include "base/assert.h"
#include "base/json.h"
#include "billing/recordset.h"
#include "billing/refund_flow.h"
#include "jobs/queue.h"

namespace paydesk::billing::refund_store {

namespace {

// An hour apart in the end: four days, for what was promised to somebody.
constexpr std::int64_t attempts_max = 100;

constexpr db::Statement lock_payment{"refund_lock_payment", R"(
    select id from paydesk.payments where id = $1 for update)"};

// A statement of its own, after the lock: it sees what whoever held the lock has committed.
constexpr db::Statement select_payment{"refund_find_payment", R"(
    select p.account_id, p.id, p.provider, p.status, p.provider_charge_id, p.provider_payment_id,
           p.provider_invoice_id, p.amount, p.currency,
           p.amount - greatest(p.amount_refunded, r.told) - r.intents as left_over
    from paydesk.payments p
    cross join lateral (
        select coalesce(sum(f.amount) filter (where f.provider_refund_id is not null), 0)::bigint as told,
               coalesce(sum(f.amount) filter (where f.provider_refund_id is null), 0)::bigint as intents
        from paydesk.refunds f
        where f.account_id = p.account_id and f.payment_id = p.id
          and f.status in ('pending', 'succeeded')) r
    where p.id = $1)"};

constexpr db::Statement insert_intent{"refund_intend", R"(
    insert into paydesk.refunds (account_id, id, provider, provider_charge_id, provider_payment_id,
        payment_id, amount, currency, status, reason, note, actor, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, $11, $12))"};

constexpr db::Statement insert_audit{"refund_audit", R"(
    insert into paydesk.audit_log (account_id, actor, action, details)
    values ($1, $2, $3, $4))"};

constexpr db::Statement select_intent{"refund_find_open", R"(
    select account_id, id, payment_id, provider, provider_charge_id, provider_payment_id, amount,
           currency, reason, note, actor, created_at
    from paydesk.refunds
    where account_id = $1 and id = $2 and provider_refund_id is null and status = 'pending')"};

constexpr db::Statement select_known{"refund_is_known", R"(
    select id from paydesk.refunds where account_id = $1 and id = $2)"};

constexpr db::Statement fail_intent{"refund_refuse", R"(
    update paydesk.refunds set status = 'failed', failure_reason = $3
    where account_id = $1 and id = $2 and provider_refund_id is null and status = 'pending')"};

constexpr db::Statement delete_job{"refund_forget_job", R"(
    delete from paydesk.jobs where kind = $1 and unique_key = $2 and status = 'queued')"};

provider::Name name_of(const db::Rows& rows) {
    return rows.text(0, "provider") == "paypal" ? provider::Name::paypal : provider::Name::stripe;
}

Currency currency_of(const db::Rows& rows) {
    const auto currency = Currency::parse(rows.text(0, "currency"));
    PD_ASSERT(currency.has_value());  // only currencies that we support are ever stored
    return *currency;
}

db::Param ref_param(const std::optional<provider::Ref>& ref) {
    return ref ? db::Param(ref->value) : db::Param{};
}

json::value text_or_null(const std::optional<std::string>& text) {
    return text ? json::value(json::string(*text)) : json::value();
}

Task<> audit(db::Tx& tx, const Intent& intent, std::string action,
             std::optional<std::string> failure) {
    const json::object details{
        {"refund_id",  intent.id                            },
        {"payment_id", intent.payment_id                    },
        {"amount",     intent.amount.minor_units()          },
        {"currency",   intent.amount.currency().lower_code()},
        {"reason",     text_or_null(intent.reason)          },
        {"note",       text_or_null(intent.note)            },
        {"failure",    text_or_null(failure)                }
    };
    co_await tx.run(insert_audit,
                    {intent.account.value, intent.actor, std::move(action), storable(details)});
}

}  // namespace

Task<std::optional<Payment>> find_payment(db::Tx& tx, std::string id) {
    co_await tx.run(lock_payment, {id});
    const auto rows = co_await tx.run(select_payment, {id});
    if (rows.empty()) co_return std::nullopt;
    const Currency currency = currency_of(rows);
    co_return Payment{.account = {std::string(rows.text(0, "account_id"))},
                      .id = std::string(rows.text(0, "id")),
                      .provider = name_of(rows),
                      .status = std::string(rows.text(0, "status")),
                      .charge = recordset::optional_ref(rows, 0, "provider_charge_id"),
                      .payment = recordset::optional_ref(rows, 0, "provider_payment_id"),
                      .invoice = recordset::optional_ref(rows, 0, "provider_invoice_id"),
                      .amount = Money(rows.integer(0, "amount"), currency),
                      .left = Money(rows.integer(0, "left_over"), currency)};
}

Task<> intend(db::Tx& tx, Intent intent, Instant run_at) {
    co_await tx.run(
        insert_intent,
        {intent.account.value, intent.id, db::param(provider::to_string(intent.provider)),
         ref_param(intent.charge), ref_param(intent.payment), intent.payment_id,
         db::param(intent.amount.minor_units()), intent.amount.currency().lower_code(),
         intent.reason, intent.note, intent.actor, db::param(intent.created_at)});
    co_await audit(tx, intent, "refund.requested", std::nullopt);
    (void)co_await jobs::enqueue(
        tx, {
                .kind = refund_job_kind,
                .payload = {{"account_id", intent.account.value}, {"refund_id", intent.id}},
                .run_at = run_at,
                .unique_key = intent.id,
                .attempts_max = attempts_max
    });
}

Task<std::optional<Intent>> find_open(db::Tx& tx, AccountId account, std::string id) {
    const auto rows = co_await tx.run(select_intent, {account.value, std::move(id)});
    if (rows.empty()) co_return std::nullopt;
    co_return Intent{.account = std::move(account),
                     .id = std::string(rows.text(0, "id")),
                     .payment_id = std::string(rows.text(0, "payment_id")),
                     .provider = name_of(rows),
                     .charge = recordset::optional_ref(rows, 0, "provider_charge_id"),
                     .payment = recordset::optional_ref(rows, 0, "provider_payment_id"),
                     .amount = Money(rows.integer(0, "amount"), currency_of(rows)),
                     .reason = rows.optional_text(0, "reason"),
                     .note = rows.optional_text(0, "note"),
                     .actor = std::string(rows.text(0, "actor")),
                     .created_at = rows.instant(0, "created_at")};
}

Task<bool> is_known(db::Tx& tx, AccountId account, std::string id) {
    const auto rows = co_await tx.run(select_known, {std::move(account.value), std::move(id)});
    co_return !rows.empty();
}

Task<> refuse(db::Tx& tx, Intent intent, std::string why) {
    const auto refused = co_await tx.run(fail_intent, {intent.account.value, intent.id, why});
    if (refused.affected() > 0) co_await audit(tx, intent, "refund.refused", why);
    co_await forget_job(tx, intent.id);
}

Task<> forget_job(db::Tx& tx, std::string id) {
    co_await tx.run(delete_job, {std::string(refund_job_kind), std::move(id)});
}

}  // namespace paydesk::billing::refund_store
