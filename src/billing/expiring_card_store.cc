#include "billing/expiring_card_store.h"

namespace paydesk::billing::expiring_card_store {

namespace {

const db::Statement load_cards{"billing_load_expiring_cards", R"(
    with month as (
        select extract(year from $1::timestamptz at time zone 'UTC')::int * 12
               + extract(month from $1::timestamptz at time zone 'UTC')::int as now)
    select m.account_id, m.provider_payment_method_id as payment_method,
           coalesce(m.card_brand, '') as brand, coalesce(m.card_last4, '') as last4,
           m.card_exp_month, m.card_exp_year
    from paydesk.payment_methods m, month
    where m.is_default and m.detached_at is null
      and m.card_exp_year::int * 12 + m.card_exp_month between month.now and month.now + 1
      and exists (select from paydesk.subscriptions s
                  where s.account_id = m.account_id and s.provider = m.provider
                    and s.status in ('active', 'trialing', 'past_due')
                    and not s.cancel_at_period_end and s.cancel_at is null)
      and not exists (select from paydesk.notifications n
                      where n.account_id = m.account_id
                        and n.fact_key = format('card_expiring:%s:%s-%s',
                            m.provider_payment_method_id, m.card_exp_year,
                            lpad(m.card_exp_month::text, 2, '0')))
    order by m.account_id limit $2)"};

}  // namespace

Task<std::vector<Card>> load(db::Database& db, Instant now) {
    const db::Rows rows = co_await db.run(load_cards, {db::param(now), db::param(cards_max)});
    std::vector<Card> cards;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        cards.push_back({.account = {std::string(rows.text(i, "account_id"))},
                         .payment_method = std::string(rows.text(i, "payment_method")),
                         .brand = std::string(rows.text(i, "brand")),
                         .last4 = std::string(rows.text(i, "last4")),
                         .exp_month = rows.integer(i, "card_exp_month"),
                         .exp_year = rows.integer(i, "card_exp_year")});
    }
    co_return cards;
}

}  // namespace paydesk::billing::expiring_card_store
