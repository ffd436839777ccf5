#include "usage/charge_store.h"

#include "base/assert.h"
#include "db/array_param.h"

namespace paydesk::usage::charge_store {
namespace {

// A renewal's draft closes the period that ended when it was made. Nothing to pay is charged too, so that it is
// not looked at again.
constexpr db::Statement due_charges{"usage_due_charges", R"(
    select i.provider_invoice_id, i.currency, t.account_id, t.metric, t.period_start, p.ends_at as period_end,
           p.plan_key, t.events, t.quantity, t.maximum, t.last_value, t.uniques, t.late_events, t.notified_percent,
           coalesce(p.starts_at >= s.trial_start and p.ends_at <= s.trial_end, false) as in_trial
    from paydesk.invoices i
    join paydesk.usage_periods p on p.account_id = i.account_id and p.provider = i.provider
        and p.provider_subscription_id = i.provider_subscription_id
        and p.ends_at <= i.period_end and p.invoiced_at is null
    join paydesk.usage_totals t on t.account_id = p.account_id and t.period_start = p.starts_at
        and t.metric = any ($1::text[])
    left join paydesk.subscriptions s on s.account_id = p.account_id and s.id = p.subscription_id
    where i.provider = 'stripe' and i.status = 'draft' and i.billing_reason = 'subscription_cycle'
      and i.created_at <= $2
      and not exists (select from paydesk.usage_charges c where c.account_id = t.account_id
                          and c.metric = t.metric and c.period_start = t.period_start)
    order by i.created_at, t.account_id, t.metric limit $3 offset $4)"};

// Only where the totals are still those that were rated ($11: how many events): the row is locked and marked, so that
// what is counted from now on is late. The trigger late_is_flagged sees to what has begun before.
constexpr db::Statement add_charges{"usage_add_charges", R"(
    with g as materialized (
        select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as metric,
               unnest($3::timestamptz[]) as period_start, unnest($4::timestamptz[]) as period_end,
               unnest($5::text[]) as invoice, unnest($6::text[])::numeric as quantity,
               unnest($7::bigint[]) as amount, unnest($8::text[]) as currency, unnest($10::text[]) as description,
               unnest($11::bigint[]) as events),
    rated as materialized (
        select t.account_id, t.metric, t.period_start
        from paydesk.usage_totals t join g on g.account_id = t.account_id and g.metric = t.metric
            and g.period_start = t.period_start
        where t.events = g.events and t.charged_at is null
        order by t.account_id, t.metric, t.period_start for update of t),
    marked as (
        update paydesk.usage_totals t set charged_at = $9::timestamptz from rated r
        where t.account_id = r.account_id and t.metric = r.metric and t.period_start = r.period_start)
    insert into paydesk.usage_charges (account_id, metric, period_start, period_end, provider, provider_invoice_id,
        quantity, amount, currency, description, status, created_at, charged_at)
    select g.account_id, g.metric, g.period_start, g.period_end, 'stripe', g.invoice, g.quantity, g.amount, g.currency,
           g.description, case when g.amount = 0 then 'charged' else 'pending' end, $9,
           case when g.amount = 0 then $9::timestamptz end
    from g join rated using (account_id, metric, period_start)
    on conflict (account_id, metric, period_start) do nothing)"};

constexpr db::Statement pending_charges{"usage_pending_charges", R"(
    select c.account_id, c.metric, c.period_start, c.period_end, c.provider_invoice_id, c.quantity, c.amount,
           c.currency, c.description, u.provider_customer_id
    from paydesk.usage_charges c
    join paydesk.customers u on u.account_id = c.account_id and u.provider = c.provider
    where c.status = 'pending' order by c.created_at, c.account_id, c.metric limit $1)"};

constexpr db::Statement finish_charge{"usage_finish_charge", R"(
    update paydesk.usage_charges set status = case when $4::text is null then 'refused' else 'charged' end,
        provider_item_id = $4, error = $5, charged_at = case when $4::text is not null then $6::timestamptz end
    where account_id = $1 and metric = $2 and period_start = $3 and status = 'pending')"};

Currency currency_of(const db::Rows& rows, std::size_t row) {
    const auto currency = Currency::parse(rows.text(row, "currency"));
    PD_ASSERT(currency.has_value());  // it was one when the charge was made
    return *currency;
}

template <class Member>
db::Param texts(const std::vector<Charge>& charges, Member member) {
    return db::column<std::string_view>(charges, [&](const Charge& charge) {
        return std::string_view(std::invoke(member, charge));
    });
}

}  // namespace

Task<std::vector<Due>> due(db::Database& db, std::vector<std::string> metrics,
                           Instant drafted_before, std::int64_t limit, std::int64_t skipped) {
    const db::Rows rows = co_await db.run(
        due_charges,
        {db::column<std::string_view>(
             metrics, [](const std::string& metric) { return std::string_view(metric); }),
         db::param(drafted_before), db::param(limit), db::param(skipped)});
    std::vector<Due> list;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        list.push_back({.totals = read_totals(rows, row),
                        .invoice = std::string(rows.text(row, "provider_invoice_id")),
                        .currency = std::string(rows.text(row, "currency")),
                        .in_trial = rows.boolean(row, "in_trial")});
    }
    co_return list;
}

Task<std::size_t> add(db::Database& db, std::vector<Charge> charges, Instant now) {
    std::vector<std::string> quantities, currencies;
    for (const Charge& charge : charges) {
        quantities.push_back(charge.quantity.to_string());
        currencies.push_back(charge.amount.currency().lower_code());
    }
    const auto view = [](const std::vector<std::string>& list) {
        return db::column<std::string_view>(
            list, [](const std::string& text) { return std::string_view(text); });
    };
    const db::Rows rows = co_await db.run(
        add_charges,
        {texts(charges, &Charge::account), texts(charges, &Charge::metric),
         db::column<Instant>(charges, [](const Charge& c) { return c.period.start; }),
         db::column<Instant>(charges, [](const Charge& c) { return c.period.end; }),
         db::column<std::string_view>(
             charges, [](const Charge& c) { return std::string_view(c.invoice.value); }),
         view(quantities),
         db::column<std::int64_t>(charges, [](const Charge& c) { return c.amount.minor_units(); }),
         view(currencies), db::param(now), texts(charges, &Charge::description),
         db::column<std::int64_t>(charges, [](const Charge& c) { return c.events; })});
    co_return rows.affected();
}

Task<std::vector<Charge>> pending(db::Database& db, std::int64_t limit) {
    const db::Rows rows = co_await db.run(pending_charges, {db::param(limit)});
    std::vector<Charge> charges;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto text = [&](const char* column) { return std::string(rows.text(row, column)); };
        charges.push_back({
            .account = text("account_id"),
            .metric = text("metric"),
            .period = {.start = rows.instant(row, "period_start"),
                       .end = rows.instant(row, "period_end")},
            .invoice = {text("provider_invoice_id")},
            .customer = {text("provider_customer_id")},
            .quantity = read_decimal(rows, row, "quantity"),
            .amount = Money(rows.integer(row, "amount"), currency_of(rows, row)),
            .description = text("description")
        });
    }
    co_return charges;
}

Task<> finish(db::Database& db, Charge charge, std::optional<provider::Ref> item,
              std::optional<std::string> error, Instant now) {
    db::Param item_id;
    if (item) item_id = db::Param(item->value);
    co_await db.run(finish_charge,
                    {charge.account, charge.metric, db::param(charge.period.start),
                     std::move(item_id), db::Param(std::move(error)), db::param(now)});
}

}  // namespace paydesk::usage::charge_store
