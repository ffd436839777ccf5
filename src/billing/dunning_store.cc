#include "billing/dunning_store.h"

#include "billing/columns.h"
#include "billing/pay_invoice_flow.h"
#include "jobs/queue.h"

namespace paydesk::billing::dunning_store {

namespace {

const db::Statement note_failures{"billing_note_failed_collections",
                                  R"(update paydesk.invoices i
       set first_failed_at = least(i.first_failed_at, r.at)
       from (select k.account_id::uuid, k.provider, k.invoice, min(k.at) as at
             from (select unnest($1::text[]) as account_id, unnest($2::text[]) as provider,
                       unnest($3::text[]) as invoice, unnest($4::timestamptz[]) as at) k
             group by 1, 2, 3) r
       where i.account_id = any ($1::text[]::uuid[])
         and i.provider_invoice_id = any ($3::text[])
         and i.account_id = r.account_id and i.provider = r.provider
         and i.provider_invoice_id = r.invoice
         and (i.first_failed_at is null or i.first_failed_at > r.at))"};

// Since the first failure of what is owed still. What was written off counts until something was paid after it, and
// of failures that were paid none from before this period.
const db::Statement derive_past_due{"billing_derive_past_due",
                                    R"(update paydesk.subscriptions s set past_due_since = d.since
       from (
           select t.account_id, t.id,
                  case when t.status = 'past_due' then
                      coalesce(
                          (select coalesce(min(i.first_failed_at)
                                               filter (where i.status = 'open'
                                                       or (i.status = 'uncollectible'
                                                           and not coalesce(i.created_at < l.paid, false))),
                                           greatest(max(i.first_failed_at), t.current_period_start))
                           from paydesk.invoices i
                           cross join (
                               select max(p.created_at) as paid from paydesk.invoices p
                               where p.account_id = t.account_id and p.provider = t.provider
                                 and p.provider_subscription_id = t.provider_subscription_id
                                 and p.status = 'paid') l
                           where i.account_id = t.account_id and i.provider = t.provider
                             and i.provider_subscription_id = t.provider_subscription_id),
                          t.current_period_start, t.provider_stamp)
                  end as since
           from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                     unnest($3::text[]) as subscription) k
           cross join lateral (
               select u.* from paydesk.subscriptions u
               where u.account_id = k.account_id and u.provider = k.provider
                 and u.provider_subscription_id = k.subscription limit 1) t) d
       where s.account_id = any ($1::text[]::uuid[])
         and s.account_id = d.account_id and s.id = d.id
         and s.past_due_since is distinct from d.since)"};

const db::Statement note_retries{"billing_note_invoice_retries",
                                 R"(insert into paydesk.invoice_retries
           (account_id, provider, provider_invoice_id, provider_payment_method_id)
       select i.account_id, i.provider, i.provider_invoice_id, m.provider_payment_method_id
       from (select unnest($1::text[])::uuid as account_id) k
       cross join lateral (
           select t.provider, t.provider_payment_method_id from paydesk.payment_methods t
           where t.account_id = k.account_id and t.is_default offset 0) m
       cross join lateral (
           select t.account_id, t.provider, t.provider_invoice_id from paydesk.invoices t
           where t.account_id = k.account_id and t.provider = m.provider and t.status = 'open'
             and t.first_failed_at is not null offset 0) i
       on conflict do nothing
       returning account_id, provider, provider_invoice_id, provider_payment_method_id)"};

const db::Statement read_status{"billing_read_invoice_status",
                                R"(select status from paydesk.invoices
       where account_id = $1 and provider = $2 and provider_invoice_id = $3)"};

}  // namespace

Task<> note(db::Tx& tx, Changes changes) {
    using namespace columns;
    if (const auto& failed = changes.failed; !failed.empty()) {
        co_await tx.run(note_failures,
                        {texts(failed, &Failed::account), texts(failed, &Failed::provider),
                         texts(failed, &Failed::invoice), instants(failed, &Failed::at)});
    }
    if (const auto& keys = changes.subscriptions; !keys.empty()) {
        using Key = SubscriptionKey;
        co_await tx.run(derive_past_due, {texts(keys, &Key::account), texts(keys, &Key::provider),
                                          texts(keys, &Key::subscription)});
    }
}

Task<> retry_open_invoices(db::Tx& tx, std::set<AccountId> accounts, Instant now) {
    if (accounts.empty()) co_return;
    const auto rows = co_await tx.run(note_retries, {columns::texts(accounts, std::identity{})});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string invoice(rows.text(i, "provider_invoice_id")),
            method(rows.text(i, "provider_payment_method_id"));
        (void)co_await jobs::enqueue(
            tx, {
                    .kind = pay_invoice_job_kind,
                    .payload = {{"account_id", std::string(rows.text(i, "account_id"))},
                                {"provider", std::string(rows.text(i, "provider"))},
                                {"invoice", invoice},
                                {"payment_method", method}},
                    .run_at = now,
                    .unique_key = invoice + "/" + method
        });
    }
}

Task<bool> is_open(db::Database& db, AccountId account, provider::Name provider,
                   std::string invoice) {
    const auto rows = co_await db.run(
        read_status, {account.value, db::param(provider::to_string(provider)), std::move(invoice)});
    co_return !rows.empty() && rows.text(0, "status") == "open";
}

}  // namespace paydesk::billing::dunning_store
