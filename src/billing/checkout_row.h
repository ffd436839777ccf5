#pragma once
// A checkout (our intent to sell) as a session's snapshot changes it. checkout_flow.h makes the rows.

#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct CheckoutRow {
    std::string id;  // ours: the checkout_id in the session's metadata
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::optional<std::string> checkout;  // the provider's id; none: the answer was lost
    std::string status;  // creating, open, processing, complete, failed, expired, abandoned
    std::optional<std::string>
        invoice;  // the provider's id of what it was billed with, or of ours that it pays

    // PayPal bills nothing: what an order of PayPal's names is an invoice of ours.
    bool pays_invoice() const { return provider == provider::Name::paypal && invoice.has_value(); }
};

// The status after a snapshot, or nothing where it stays. The states alone decide, no stamp does:
//   paid or nothing to pay    complete, for ever, even where we had given it up
//   payment failed            failed: the session was complete, the money did not come (async; PayPal: denied)
//   unpaid and complete       processing: the money is on its way (SEPA, ACH)
//   expired                   expired, unless given up before
// Each only from those that come earlier in the life of a session, so the order of the telling does
// not matter: creating, open < expired, abandoned < processing < failed < complete. Pure.
std::optional<std::string> checkout_status_after(std::string_view status,
                                                 const provider::CheckoutSnapshot& snapshot);

namespace checkout_rows {
// One of ours, and what it is looked up by: our id where the session has it, else the provider's.
struct Key {
    AccountId account;
    provider::Name provider;
    std::string checkout;           // the provider's id
    std::optional<std::string> id;  // ours
};
// Locks and loads those that exist; the result's keys are the provider's ids that were asked for.
Task<std::map<std::string, CheckoutRow>> load(db::Tx& tx, std::vector<Key> keys);

struct Update {
    CheckoutRow row;  // with the new status and invoice
    provider::Ref checkout;
    Instant stamp;
    std::optional<Instant> completed_at;
};
Task<> save(db::Tx& tx, std::vector<Update> updates);
}  // namespace checkout_rows

}  // namespace paydesk::billing
