#include "usage/overage_store.h"

#include "db/array_param.h"

namespace paydesk::usage::overage_store {
namespace {

constexpr const char* nobody = "00000000-0000-0000-0000-000000000000";

constexpr db::Statement select_ended{"overage_ended", R"(
    select p.account_id, p.subscription_id, p.provider_subscription_id, p.starts_at, p.ends_at, p.plan_key,
           coalesce(s.currency, '') as currency, coalesce(c.provider_customer_id, '') as customer,
           coalesce(p.starts_at >= s.trial_start and p.ends_at <= s.trial_end, false) as in_trial
    from paydesk.usage_periods p
    left join paydesk.subscriptions s on s.account_id = p.account_id and s.id = p.subscription_id
    left join paydesk.customers c on c.account_id = p.account_id and c.provider = p.provider
    where p.provider = 'paypal' and p.invoiced_at is null and p.ends_at <= $1
      and (p.ends_at, p.account_id, p.starts_at) > ($2::timestamptz, $3::uuid, $4::timestamptz)
    order by p.ends_at, p.account_id, p.starts_at limit $5)"};

constexpr db::Statement select_totals{"overage_totals", R"(
    select t.account_id, t.metric, t.period_start, $3::timestamptz as period_end, $4::text as plan_key, t.events,
           t.quantity, t.maximum, t.last_value, t.uniques, t.late_events, t.notified_percent
    from paydesk.usage_totals t
    where t.account_id = $1 and t.period_start = $2 and t.metric = any ($5::text[]) and t.charged_at is null
    order by t.metric)"};

// Only of totals that are still those that were rated. They are locked in the order in which who counts locks them,
// and before their period.
constexpr db::Statement add_charges{"overage_add_charges", R"(
    with g as materialized (
        select unnest($4::text[]) as metric, unnest($5::text[])::numeric as quantity,
               unnest($6::bigint[]) as amount, unnest($7::text[]) as description, unnest($8::bigint[]) as events),
    rated as materialized (
        select t.metric from paydesk.usage_totals t join g on g.metric = t.metric
        where t.account_id = $1 and t.period_start = $2 and t.events = g.events and t.charged_at is null
        order by t.metric for update of t),
    marked as (
        update paydesk.usage_totals t set charged_at = $9::timestamptz from rated r
        where t.account_id = $1 and t.period_start = $2 and t.metric = r.metric)
    insert into paydesk.usage_charges (account_id, metric, period_start, period_end, provider, provider_invoice_id,
        quantity, amount, currency, description, status, created_at, charged_at)
    select $1, g.metric, $2, $3, 'paypal', $10, g.quantity, g.amount, $11, g.description, 'charged', $9, $9
    from g join rated using (metric)
    on conflict (account_id, metric, period_start) do nothing)"};

constexpr db::Statement mark_invoiced{"overage_mark_invoiced", R"(
    update paydesk.usage_periods set invoiced_at = $6
    where account_id = $1 and starts_at = $2 and subscription_id = $3 and ends_at = $4 and plan_key = $5
      and invoiced_at is null)"};

// The first event of a metric, counted while the others were rated.
constexpr db::Statement count_unrated{"overage_count_unrated", R"(
    select count(*) as left_out from paydesk.usage_totals
    where account_id = $1 and period_start = $2 and metric = any ($3::text[]) and charged_at is null)"};

db::Param names(const std::vector<std::string>& metrics) {
    return db::column<std::string_view>(
        metrics, [](const std::string& metric) { return std::string_view(metric); });
}

Task<std::size_t> add(db::Tx& tx, const EndedPeriod& ended, const std::vector<Charge>& charges,
                      const provider::Ref& invoice, Instant now) {
    std::vector<std::string> quantities;
    for (const Charge& charge : charges) quantities.push_back(charge.rated.quantity.to_string());
    const db::Rows rows = co_await tx.run(
        add_charges,
        {ended.account.value, db::param(ended.period.start), db::param(ended.period.end),
         db::column<std::string_view>(charges,
                                      [](const Charge& c) { return std::string_view(c.metric); }),
         names(quantities),
         db::column<std::int64_t>(charges,
                                  [](const Charge& c) { return c.rated.amount.minor_units(); }),
         db::column<std::string_view>(
             charges, [](const Charge& c) { return std::string_view(c.rated.description); }),
         db::column<std::int64_t>(charges, [](const Charge& c) { return c.events; }),
         db::param(now), invoice.value, ended.currency});
    co_return rows.affected();
}

}  // namespace

Task<std::vector<EndedPeriod>> ended(db::Database& db, Instant before,
                                     std::optional<EndedPeriod> last, std::int64_t limit) {
    const db::Rows rows = co_await db.run(
        select_ended, {db::param(before), db::param(last ? last->period.end : Instant{}),
                       last ? last->account.value : nobody,
                       db::param(last ? last->period.start : Instant{}), db::param(limit)});
    std::vector<EndedPeriod> list;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto text = [&](const char* column) { return std::string(rows.text(row, column)); };
        list.push_back({
            .account = {text("account_id")},
            .subscription_id = text("subscription_id"),
            .subscription = {text("provider_subscription_id")},
            .customer = {text("customer")},
            .period = {.start = rows.instant(row, "starts_at"),
                        .end = rows.instant(row, "ends_at")},
            .plan_key = text("plan_key"),
            .currency = text("currency"),
            .in_trial = rows.boolean(row, "in_trial")
        });
    }
    co_return list;
}

Task<std::vector<Totals>> totals(db::Database& db, const EndedPeriod& ended,
                                 std::vector<std::string> metrics) {
    const db::Rows rows = co_await db.run(
        select_totals, {ended.account.value, db::param(ended.period.start),
                        db::param(ended.period.end), ended.plan_key, names(metrics)});
    std::vector<Totals> list;
    for (std::size_t row = 0; row < rows.size(); ++row) list.push_back(read_totals(rows, row));
    co_return list;
}

Task<bool> close(db::Tx& tx, EndedPeriod ended, std::vector<Charge> charges,
                 std::vector<std::string> metrics, provider::Ref invoice, Instant now) {
    if (!charges.empty() && co_await add(tx, ended, charges, invoice, now) != charges.size())
        co_return false;
    const db::Rows marked = co_await tx.run(
        mark_invoiced, {ended.account.value, db::param(ended.period.start), ended.subscription_id,
                        db::param(ended.period.end), ended.plan_key, db::param(now)});
    if (marked.affected() != 1) co_return false;
    const db::Rows rest = co_await tx.run(
        count_unrated, {ended.account.value, db::param(ended.period.start), names(metrics)});
    co_return rest.integer(0, "left_out") == 0;
}

}  // namespace paydesk::usage::overage_store
