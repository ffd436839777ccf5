#pragma once
// What a payment provider told us, in our words: the one vocabulary between provider/ and billing/.
// Provider JSON and provider enums stop in provider/<name>/normalise.cc; none gets past this line.
//
// Every fact is a full snapshot of one object as the provider saw it at `Change::occurred_at`, not a
// delta: applying the newest alone gives the right answer however many were lost or reordered.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/money.h"

namespace paydesk::provider {

// Spelled as in the `provider` columns.
enum class Name : std::uint8_t { stripe, paypal };
std::string_view to_string(Name name);

// The provider's id of an object ("sub_1NXq...", "I-BW45..."). Opaque: compared, stored, sent back.
struct Ref {
    std::string value;
    friend auto operator<=>(const Ref&, const Ref&) = default;
};

// Spelled as in provider_refs.kind.
enum class ObjectKind : std::uint8_t {
    customer,
    subscription,
    invoice,
    payment_method,
    checkout,
    charge,
    refund,
    dispute,
    subscription_schedule,
    other,
};
std::string_view to_string(ObjectKind kind);
std::optional<ObjectKind> parse_object_kind(std::string_view text);

// Spelled as in the subscriptions.status column and in the API (Stripe's eight).
enum class SubscriptionStatus : std::uint8_t {
    incomplete,
    incomplete_expired,
    trialing,
    active,
    past_due,
    canceled,
    unpaid,
    paused,
};
std::string_view to_string(SubscriptionStatus status);
std::optional<SubscriptionStatus> parse_subscription_status(std::string_view text);
constexpr bool is_terminal(SubscriptionStatus status) {
    return status == SubscriptionStatus::canceled ||
           status == SubscriptionStatus::incomplete_expired;
}

enum class InvoiceStatus : std::uint8_t { draft, open, paid, uncollectible, void_ };
std::string_view to_string(InvoiceStatus status);  // "void"
std::optional<InvoiceStatus> parse_invoice_status(std::string_view text);

struct CustomerSnapshot {
    Ref customer;
    std::optional<AccountId> account;  // from metadata: account_id, user_id or supabase_user_id
    std::optional<std::string> email, name;
    std::optional<Ref> default_payment_method;
    bool deleted = false;
};

struct SubscriptionItem {
    Ref item;
    Ref price;
    std::optional<Ref> product;
    std::optional<std::string> lookup_key;
    std::optional<std::int64_t> quantity;  // none for metered
    std::optional<Instant> period_start, period_end;
};

struct SubscriptionSnapshot {
    Ref subscription;
    Ref customer;
    std::optional<AccountId> account;  // from metadata, as above
    SubscriptionStatus status;
    std::vector<SubscriptionItem> items;
    // Over all items: the earliest start and the latest end (access lasts to the latest).
    std::optional<Instant> period_start, period_end;
    bool cancel_at_period_end = false;
    std::optional<Instant> cancel_at, canceled_at, ended_at, trial_start, trial_end;
    std::optional<std::string> cancel_reason, cancel_feedback = {}, cancel_comment = {};
    std::optional<Ref> default_payment_method, latest_invoice;
    std::optional<Ref> schedule = {};  // the subscription schedule that drives it
    bool collection_paused = false;
    Instant created_at;
    std::optional<std::string> plan_key;  // from metadata: plan_key
    // A scheduled cancellation: cancel_at_period_end, or a cancel_at on a live subscription
    // (Stripe's portal sets only cancel_at on flexible ones).
    bool cancel_scheduled() const {
        return !is_terminal(status) && (cancel_at_period_end || cancel_at.has_value());
    }
};

// What a subscription schedule makes of its subscription from `start` on.
struct SchedulePhase {
    Instant start;
    std::optional<Instant> end;
    std::vector<SubscriptionItem> items;  // without ids and periods
};

struct ScheduleSnapshot {
    Ref schedule;
    Ref customer;
    std::optional<Ref> subscription;  // also after its release; none before it has begun
    std::string status;  // "not_started", "active", "completed", "released", "canceled"
    std::optional<Instant> current_phase_start;
    std::vector<SchedulePhase> phases;
    Instant created_at;

    // What it will change next: the first phase after the current one.
    const SchedulePhase* next_phase() const;
};

struct InvoiceLine {
    std::string description;
    Money amount;
    std::optional<std::int64_t> quantity;
    std::optional<Ref> price;
    std::optional<Instant> period_start, period_end;
    bool proration = false;
};

// The billing_reason of an invoice that no provider made: what was used in a period of a subscription of PayPal's
// (usage/overage_flow.h). It is collected by an order that its buyer approves.
inline constexpr std::string_view usage_billing_reason = "usage";

// Who an invoice is made out to, as of when it was made.
struct BillTo {
    std::optional<std::string> name, email;
    std::vector<std::string> address, tax_ids;  // lines; texts
};

struct InvoiceSnapshot {
    std::optional<Ref> invoice;  // an upcoming invoice has none
    Ref customer;
    std::optional<Ref> subscription;
    std::optional<AccountId> account;  // from the subscription's metadata on it, else its own
    InvoiceStatus status;
    Money amount_due, amount_paid, amount_remaining, subtotal, total;
    std::optional<std::string> number, billing_reason, hosted_invoice_url, invoice_pdf;
    // Sums; zero where there is none.
    Money discount = Money::zero(Currency::usd()), tax = Money::zero(Currency::usd());
    bool taxes_inclusive = false;  // the tax is part of the lines' amounts
    BillTo bill_to = {};
    std::vector<InvoiceLine> lines;
    std::optional<Instant> period_start, period_end, paid_at, due_date, next_payment_attempt;
    std::int64_t attempt_count = 0;
    std::optional<Ref> payment;  // payment intent, where the payload names one
    Instant created_at;
    bool deleted = false;
};

struct PaymentMethodSnapshot {
    Ref payment_method;
    std::optional<Ref> customer;           // none: detached
    std::optional<Ref> previous_customer;  // of payment_method.detached: whose it was
    std::string type;                      // "card", "sepa_debit", ...
    std::optional<std::string> brand, last4, fingerprint;
    std::optional<std::int64_t> exp_month, exp_year;
    Instant created_at;
};

struct CheckoutSnapshot {
    Ref checkout;
    std::optional<Ref> customer, subscription, payment, invoice;
    std::optional<AccountId> account;  // from metadata, else client_reference_id
    std::string mode;                  // "subscription", "payment", "setup"
    std::string status;                // "open", "complete", "expired"
    std::string payment_status;        // "paid", "unpaid", "no_payment_required"
    bool payment_failed = false;       // async_payment_failed; PayPal: its only capture was denied
    // PayPal: the buyer has agreed to an order, and nothing is paid until it is captured, by us, within
    // some hours: Provider::capture_checkout.
    bool approved = false;
    std::optional<Money> total;
    std::optional<std::string> email, plan_key, intent_id;  // metadata: plan_key, checkout_id
    std::optional<Instant> expires_at;
    Instant created_at;
};

enum class ChargeStatus : std::uint8_t { pending, succeeded, failed };
std::string_view to_string(ChargeStatus status);
std::optional<ChargeStatus> parse_charge_status(std::string_view text);

struct ChargeSnapshot {
    Ref charge;
    std::optional<Ref> payment, customer, invoice;
    std::optional<AccountId> account;  // from metadata, which a payment hands down to its charges
    ChargeStatus status;
    Money amount, amount_refunded;
    bool refunded = false, disputed = false;
    std::optional<std::string> failure_code, failure_message, receipt_url, description;
    Instant created_at;
};

struct RefundSnapshot {
    Ref refund;
    std::optional<Ref> charge, payment;
    Money amount;
    std::string status;  // "pending", "requires_action", "succeeded", "failed", "canceled"
    std::optional<std::string> reason, failure_reason, intent_id;  // metadata: refund_id
    std::optional<AccountId> account = {};  // only of one that we have just made
    Instant created_at;
};

struct DisputeSnapshot {
    Ref dispute;
    std::optional<Ref> charge, payment;
    Money amount;
    std::string status, reason;
    std::optional<Instant> evidence_due_by;
    Instant created_at;
};

// That an invoice was paid by this payment: since basil neither names the other.
struct InvoicePaymentSnapshot {
    Ref invoice, payment;
};

// That something happened to Change::object which the event alone does not tell: whoever applies it asks
// the provider (Provider::fetch_with_payments) and applies the answer in its place. PayPal's sale names
// neither plan nor period, and its cancelled subscription no paid-until date.
struct MustAsk {};

// Signed, stored, and none of our business (an event type or object that we do not follow).
struct Unfollowed {};

using Fact = std::variant<Unfollowed, CustomerSnapshot, SubscriptionSnapshot, InvoiceSnapshot,
                          PaymentMethodSnapshot, CheckoutSnapshot, ChargeSnapshot, RefundSnapshot,
                          DisputeSnapshot, InvoicePaymentSnapshot, ScheduleSnapshot, MustAsk>;

struct Change {
    Name provider;
    std::string event_id;     // "" for an object that we fetched ourselves
    std::string event_type;   // "invoice.paid"; "" when fetched
    std::string api_version;  // "" when unknown
    bool livemode = false;
    Instant occurred_at;  // the provider's clock, whole seconds: orders snapshots of one object
    ObjectKind kind = ObjectKind::other;
    Ref object;  // "" where the object has no id (invoice.upcoming)
    Fact fact;
    // A list in the event goes on beyond what it shows: the rest has to be asked for.
    bool is_cut = false;
};

// For golden files and `paydesk explain`: one field a line, absent ones left out.
std::string to_string(const Change& change);

}  // namespace paydesk::provider
