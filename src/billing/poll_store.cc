#include "billing/poll_store.h"

#include "base/assert.h"

namespace paydesk::billing::poll_store {
namespace {

// Each candidate with how long after the last look it is due again; what was never asked about counts
// from when it appeared, or was last told of.
constexpr db::Statement select_due{"poll_due", R"(
    with candidates as (
        select s.account_id, 'subscription' as kind, s.provider_subscription_id as id,
               '' as checkout_id, greatest(s.created_at, s.provider_stamp) as since,
               case when least(s.current_period_end, s.cancel_at) <= $1 then interval '1 hour'
                    else interval '1 day' end as pause
        from paydesk.subscriptions s
        where s.provider = 'paypal' and s.status not in ('canceled', 'incomplete_expired')
        union all
        select c.account_id, case c.mode when 'subscription' then 'subscription' else 'checkout' end,
               c.provider_checkout_id, c.id::text, c.created_at,
               case when c.created_at > $1 - interval '1 hour' then interval '5 minutes'
                    else interval '1 hour' end
        from paydesk.checkouts c
        where c.provider = 'paypal' and c.status in ('open', 'processing')
          and c.provider_checkout_id is not null and c.created_at > $1 - interval '30 days'
        union all
        select r.account_id, 'refund', r.provider_refund_id, '', r.created_at, interval '1 day'
        from paydesk.refunds r
        where r.provider = 'paypal' and r.status = 'pending' and r.provider_refund_id is not null
          and r.created_at > $1 - interval '30 days'
        union all
        select h.account_id, 'charge', h.provider_charge_id, '', h.created_at, interval '1 day'
        from paydesk.charges h
        where h.provider = 'paypal' and h.status = 'pending'
          and h.created_at > $1 - interval '30 days')
    select d.account_id, d.kind, d.id, d.checkout_id
    from candidates d
    left join paydesk.provider_polls p
           on p.account_id = d.account_id and p.provider = 'paypal' and p.kind = d.kind and p.provider_id = d.id
    where $2 or coalesce(p.polled_at, d.since) <= $1 - d.pause
    order by d.pause, coalesce(p.polled_at, d.since), d.id
    limit $3)"};

constexpr db::Statement upsert_poll{"poll_record", R"(
    insert into paydesk.provider_polls as p (account_id, provider, kind, provider_id, polled_at)
    values ($4, 'paypal', $1, $2, $3)
    on conflict (account_id, provider, kind, provider_id) do update
        set polled_at = greatest(p.polled_at, excluded.polled_at))"};

constexpr db::Statement lapse_checkout{"poll_lapse_checkout", R"(
    update paydesk.checkouts set status = 'expired'
    where account_id = $1 and id = $2 and provider = 'paypal' and status = 'open')"};

constexpr db::Statement delete_polls{"poll_sweep", R"(
    delete from paydesk.provider_polls where polled_at < $1)"};

}  // namespace

Task<std::vector<Due>> due(db::Database& db, Instant now, bool all, std::int64_t limit) {
    const auto rows =
        co_await db.run(select_due, {db::param(now), db::param(all), db::param(limit)});
    std::vector<Due> found;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto kind = provider::parse_object_kind(rows.text(i, "kind"));
        PD_ASSERT(kind.has_value());
        found.push_back({.account = {std::string(rows.text(i, "account_id"))},
                         .kind = *kind,
                         .object = {std::string(rows.text(i, "id"))},
                         .checkout_id = std::string(rows.text(i, "checkout_id"))});
    }
    co_return found;
}

Task<> record(db::Database& db, Due polled, bool gone, Instant now) {
    if (gone && !polled.checkout_id.empty()) {
        co_await db.run(lapse_checkout, {polled.account.value, polled.checkout_id});
    }
    co_await db.run(upsert_poll, {db::param(provider::to_string(polled.kind)), polled.object.value,
                                  db::param(now), polled.account.value});
}

Task<> sweep(db::Database& db, Instant before) {
    co_await db.run(delete_polls, {db::param(before)});
}

}  // namespace paydesk::billing::poll_store
