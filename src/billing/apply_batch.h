#pragma once
// The working set of one apply_changes() call. Everything is loaded first, decided in memory in the
// order of the changes, and saved at the end: no statement per change. Private to apply_*.cc.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "billing/apply_change.h"
#include "billing/capture_store.h"
#include "billing/charge_row.h"
#include "billing/checkout_row.h"
#include "billing/customer_row.h"
#include "billing/decide_merge.h"
#include "billing/dispute_row.h"
#include "billing/dunning_store.h"
#include "billing/invoice_row.h"
#include "billing/owner_store.h"
#include "billing/payment_method_row.h"
#include "billing/payment_settlement.h"
#include "billing/payment_store.h"
#include "billing/plan_price_store.h"
#include "billing/refund_row.h"
#include "billing/refunded_payment.h"
#include "billing/schedule_row.h"
#include "billing/second_subscription_store.h"
#include "billing/subscription_row.h"
#include "billing/trial_store.h"
#include "notify/notifications.h"

namespace paydesk::billing {

using owner_store::ObjectKey;

// A loaded row and what became of it.
template <class Row>
struct Loaded {
    std::optional<Row> row;
    bool dirty = false;
};

struct Batch {
    db::Tx& tx;
    Instant now;
    std::vector<ToApply> changes;
    std::vector<Applied> results = {};                 // one per change
    std::vector<std::optional<AccountId>> owner = {};  // one per change; none: unknown

    std::map<ObjectKey, AccountId> new_refs = {};
    std::map<provider::Name, PlanPrices> prices = {};
    std::map<ObjectKey, Loaded<SubscriptionRow>> subscriptions = {};
    std::map<ObjectKey, Loaded<InvoiceRow>> invoices = {};
    std::map<ObjectKey, Loaded<PaymentMethodRow>> payment_methods = {};
    std::map<std::pair<provider::Name, AccountId>, Loaded<CustomerRow>> customers = {};
    std::map<std::string, CheckoutRow> checkouts = {};  // by the provider's id
    std::map<std::string, checkout_rows::Update> checkout_updates = {};
    subscription_rows::ItemChanges items = {};
    std::map<ObjectKey, Loaded<ChargeRow>> charges = {};
    std::map<ObjectKey, Loaded<RefundRow>> refunds = {};
    std::map<ObjectKey, Loaded<DisputeRow>> disputes = {};
    std::map<ObjectKey, Loaded<ScheduleRow>> schedules = {};

    std::vector<payment_store::Payment> payments = {};
    std::vector<RefundedPayment> refunded = {};  // whose refunded amount this batch has changed
    std::vector<notify::Notification> facts = {};
    std::set<AccountId> touched = {};                  // their rows changed: live pages are woken
    std::set<AccountId> defaults_moved = {};           // default payment methods to be derived anew
    std::set<payment_settlement::Key> to_settle = {};  // payments to be derived anew
    dunning_store::Changes dunning = {};               // failed collections
    std::set<AccountId> seats_moved = {};              // whose members may be too many now
    std::vector<trial_store::Trial> trials = {};       // that have begun
    std::set<capture_store::Key> to_capture = {};  // orders that are approved, or whose money came
    std::set<second_subscription_store::Key> begun =
        {};  // subscriptions that are live now and were not

    const provider::Change& change(std::size_t i) const { return changes[i].change; }
    ObjectKey key_of(std::size_t i) const {
        return {change(i).provider, change(i).kind, change(i).object.value};
    }

    // Where the change comes from, given the revision of the row that it meets.
    Incoming incoming(std::size_t i, const std::string& revision, bool is_final) const;
    // Writes the verdict into results[i]; true where the row is to be written.
    bool judge(std::size_t i, Merge merge, const std::string& revision);
    // Whether it is an answer of PayPal about what its events do not tell whole.
    bool is_told_by_answers(std::size_t i) const;
    // Whether the contents of row and snapshot are to be compared: the stamps agree, or do not count.
    bool same_moment(std::size_t i, const std::optional<Instant>& stamp) const;
    // What change i tells people.
    void tell(std::size_t i, std::vector<notify::Notification> more);
};

// What each object's file offers. `load` reads the rows of all changes of its kind; `decide` judges one
// change in memory; `save` writes what became dirty.
Task<> load_subscriptions(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::SubscriptionSnapshot& snapshot);
Task<> save_subscriptions(Batch& batch);

Task<> load_invoices(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::InvoiceSnapshot& snapshot);
Task<> save_invoices(Batch& batch);
// The invoice of ours that the order of change i was for is paid by it: false where that is not so, because it has been
// paid by another or is not there. REQUIRES: the order is complete and paid.
bool pay_by_order(Batch& batch, std::size_t i, const std::string& invoice,
                  const provider::CheckoutSnapshot& order);

Task<> load_payment_methods(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::PaymentMethodSnapshot& snapshot);
Task<> save_payment_methods(Batch& batch);

Task<> load_customers(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::CustomerSnapshot& snapshot);
Task<> save_customers(Batch& batch);

Task<> load_checkouts(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::CheckoutSnapshot& snapshot);
Task<> save_checkouts(Batch& batch);
// PayPal denies in the end what it was looking at: the order of change i, a charge, has failed.
void deny_order(Batch& batch, std::size_t i, const provider::ChargeSnapshot& charge);

// Tells the ledger what the batch means for credits, with one call: apply_credits.cc.
Task<> apply_credits(Batch& batch);

Task<> load_charges(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::ChargeSnapshot& snapshot);
Task<> save_charges(Batch& batch);

Task<> load_refunds(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::RefundSnapshot& snapshot);
Task<> save_refunds(Batch& batch);

Task<> load_disputes(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::DisputeSnapshot& snapshot);
Task<> save_disputes(Batch& batch);

Task<> load_schedules(Batch& batch);
void decide(Batch& batch, std::size_t i, const provider::ScheduleSnapshot& snapshot);
Task<> save_schedules(Batch& batch);

// Changes the invoice's row, which load_invoices() has loaded.
void decide(Batch& batch, std::size_t i, const provider::InvoicePaymentSnapshot& paid);

// Keys of the changes of one kind whose owner is known.
std::map<ObjectKey, AccountId> owned_keys(const Batch& batch, provider::ObjectKind kind);

// Locks all objects and their customers, and finds whose they are: apply_owners.cc.
Task<> resolve_owners(Batch& batch);

}  // namespace paydesk::billing
