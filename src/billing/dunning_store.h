#pragma once
// What is owed: since when, and invoices that are tried again with a new card. SQL, nothing else.

#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::dunning_store {

struct Failed {
    AccountId account;
    provider::Name provider;
    std::string invoice;  // the provider's id
    Instant at;
};
struct SubscriptionKey {
    AccountId account;
    provider::Name provider;
    std::string subscription;  // the provider's id
    friend auto operator<=>(const SubscriptionKey&, const SubscriptionKey&) = default;
};
struct Changes {
    std::vector<Failed> failed;
    std::set<SubscriptionKey> subscriptions;  // whose past_due_since is to be derived anew
};

// invoices.first_failed_at becomes the least that was told; subscriptions.past_due_since is derived:
// of a past_due one, when collecting its oldest unpaid invoice first failed. Where no such invoice is
// known, the start of the period.
Task<> note(db::Tx& tx, Changes changes);

// Enqueues pay_invoice_job_kind for each open invoice that failed, of accounts whose default payment
// method has become another: once per invoice and method, for ever.
Task<> retry_open_invoices(db::Tx& tx, std::set<AccountId> accounts, Instant now);

// Whether the invoice still waits for its money.
Task<bool> is_open(db::Database& db, AccountId account, provider::Name provider,
                   std::string invoice);

}  // namespace paydesk::billing::dunning_store
