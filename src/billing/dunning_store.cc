#include "billing/dunning_store.h"

#include "billing/pay_invoice_flow.h"
#include "billing/recordset.h"
#include "jobs/queue.h"

namespace paydesk::billing::dunning_store {

namespace {

const db::Statement note_failures{"billing_note_failed_collections",
                                  R"(update paydesk.invoices i
       set first_failed_at = least(i.first_failed_at, r.at)
       from (select k.account_id, k.provider, k.invoice, min(k.at) as at
             from json_to_recordset($1::json)
                 as k(account_id uuid, provider text, invoice text, at timestamptz)
             group by 1, 2, 3) r
       where i.account_id = r.account_id and i.provider = r.provider
         and i.provider_invoice_id = r.invoice
         and (i.first_failed_at is null or i.first_failed_at > r.at))"};

const db::Statement derive_past_due{"billing_derive_past_due",
                                    R"(update paydesk.subscriptions s set past_due_since = d.since
       from (
           select t.account_id, t.id,
                  case when t.status = 'past_due' then
                      coalesce(
                          (select coalesce(min(i.first_failed_at)
                                               filter (where i.status in ('open', 'uncollectible')),
                                           max(i.first_failed_at))
                           from paydesk.invoices i
                           where i.account_id = t.account_id and i.provider = t.provider
                             and i.provider_subscription_id = t.provider_subscription_id),
                          t.current_period_start, t.provider_stamp)
                  end as since
           from json_to_recordset($1::json)
               as k(account_id uuid, provider text, subscription text)
           join paydesk.subscriptions t
             on t.account_id = k.account_id and t.provider = k.provider
            and t.provider_subscription_id = k.subscription) d
       where s.account_id = d.account_id and s.id = d.id
         and s.past_due_since is distinct from d.since)"};

const db::Statement read_defaults{"billing_read_default_methods",
                                  R"(select m.account_id, m.provider_payment_method_id
       from paydesk.payment_methods m
       where m.account_id = any (array(select json_array_elements_text($1::json)::uuid))
         and m.is_default)"};

const db::Statement note_retries{"billing_note_invoice_retries",
                                 R"(insert into paydesk.invoice_retries
           (account_id, provider, provider_invoice_id, provider_payment_method_id)
       select i.account_id, i.provider, i.provider_invoice_id, m.provider_payment_method_id
       from paydesk.payment_methods m
       join paydesk.invoices i on i.account_id = m.account_id and i.provider = m.provider
       where m.account_id = any (array(select json_array_elements_text($1::json)::uuid))
         and m.is_default and i.status = 'open' and i.first_failed_at is not null
       on conflict do nothing
       returning account_id, provider, provider_invoice_id, provider_payment_method_id)"};

const db::Statement read_status{"billing_read_invoice_status",
                                R"(select status from paydesk.invoices
       where account_id = $1 and provider = $2 and provider_invoice_id = $3)"};

db::Param accounts_param(const std::set<AccountId>& accounts) {
    std::vector<std::string> ids;
    for (const auto& account : accounts) ids.push_back(account.value);
    return recordset::texts(ids);
}

}  // namespace

Task<> note(db::Tx& tx, Changes changes) {
    using recordset::value;
    json::array failed, subscriptions;
    for (const auto& one : changes.failed) {
        failed.push_back(json::object{
            {"account_id", value(one.account.value)                },
            {"provider",   value(provider::to_string(one.provider))},
            {"invoice",    value(one.invoice)                      },
            {"at",         value(one.at)                           }
        });
    }
    for (const auto& key : changes.subscriptions) {
        subscriptions.push_back(json::object{
            {"account_id",   value(key.account.value)                },
            {"provider",     value(provider::to_string(key.provider))},
            {"subscription", value(key.subscription)                 }
        });
    }
    if (!failed.empty()) co_await tx.run(note_failures, {recordset::param(failed)});
    if (!subscriptions.empty()) {
        co_await tx.run(derive_past_due, {recordset::param(subscriptions)});
    }
}

Task<std::map<AccountId, std::set<std::string>>> default_methods(db::Tx& tx,
                                                                 std::set<AccountId> accounts) {
    std::map<AccountId, std::set<std::string>> methods;
    const auto rows = co_await tx.run(read_defaults, {accounts_param(accounts)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        methods[AccountId{std::string(rows.text(i, "account_id"))}].insert(
            std::string(rows.text(i, "provider_payment_method_id")));
    }
    co_return methods;
}

Task<> retry_open_invoices(db::Tx& tx, std::set<AccountId> accounts,
                           std::map<AccountId, std::set<std::string>> before, Instant now) {
    const auto after = co_await default_methods(tx, accounts);
    std::set<AccountId> moved;
    for (const auto& [account, methods] : after) {
        if (before[account] != methods) moved.insert(account);
    }
    if (moved.empty()) co_return;
    const auto rows = co_await tx.run(note_retries, {accounts_param(moved)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string invoice(rows.text(i, "provider_invoice_id")),
            method(rows.text(i, "provider_payment_method_id"));
        (void)co_await jobs::enqueue(
            tx, {
                    .kind = pay_invoice_job_kind,
                    .payload = {{"account_id", std::string(rows.text(i, "account_id"))},
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
