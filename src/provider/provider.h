#pragma once
// What we ask of a payment provider. Two real implementations: stripe/ and (later) paypal/.
//
// Every call is made outside any database transaction (design, law 4) and every call that changes
// something carries our intent's id as its idempotency key: repeating it with the same intent gives
// the first answer again.
//
// Refusals of the calls:
//   provider_rejected     the provider says our request is wrong; detail has its code, param, request id
//   payment_declined      card_error: message is fit for the customer
//   not_found             the object does not exist there (any more)
//   provider_unavailable  no answer, or 429/5xx after all retries: the outcome is unknown; try the
//                         same intent again later
//   rate_limited          never: it is waited for, then provider_unavailable

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "base/task.h"
#include "provider/change.h"

namespace paydesk::provider {

// Our name for what we are about to do ("checkout:0198..."): the idempotency key of the call.
struct IntentId {
    std::string value;
};

struct NewCustomer {
    AccountId account;
    std::optional<std::string> email = {}, name = {};
};

enum class CheckoutMode : std::uint8_t { subscription, payment };

struct NewCheckout {
    AccountId account;
    Ref customer;
    CheckoutMode mode;
    Ref price;
    std::int64_t quantity = 1;
    std::vector<Ref> metered_prices = {};  // what usage is charged by, beside `price`
    std::string plan_key;                  // travels in the metadata of session and subscription
    std::string billing_cycle;             // "monthly", "yearly", or "" for a one-time price
    std::string checkout_id;               // ours
    // {CHECKOUT_SESSION_ID} in either is filled in by the provider: with its own id, or with checkout_id where
    // it can't (PayPal).
    std::string success_url, cancel_url;
    std::optional<int> trial_days = {};
    std::optional<std::string> promotion_code = {};  // the provider's id of it
    Instant expires_at;
    // For a provider that has no prices of one-time things (PayPal's orders name the amount).
    std::optional<Money> unit_amount = {};
    std::string description = {};
};

struct Checkout {
    Ref checkout;
    std::string url;  // "" once it is no longer open
    std::string status;
    Instant expires_at;
};

enum class PortalFlow : std::uint8_t { home, payment_method_update, subscription_cancel };

struct NewPortal {
    Ref customer;
    std::string return_url;
    PortalFlow flow = PortalFlow::home;
    std::optional<Ref> subscription = {};  // REQUIRED by subscription_cancel
};

enum class CancelWhen : std::uint8_t { now, period_end, never };  // never: undo a scheduled one

// Why somebody leaves, in the provider's words. Stripe: cancellation_details.
struct CancelDetails {
    // "customer_service", "low_quality", "missing_features", "other", "switched_service",
    // "too_complex", "too_expensive", "unused"
    std::optional<std::string> feedback = {};
    std::optional<std::string> comment = {};
};

struct PromotionCode {
    Ref promotion_code;
    std::string code;
    bool active = false;
    std::optional<Instant> expires_at = {};
    std::optional<std::int64_t> max_redemptions = {};
    std::int64_t times_redeemed = 0;
    std::optional<Ref> customer = {};  // it is for this one only
    bool first_time_only = false;
    std::optional<Money> minimum_amount = {};
    // What it gives.
    std::string name = {};
    std::optional<std::string> percent_off = {};  // "25", "12.5"
    std::optional<Money> amount_off = {};
    std::string duration = {};  // "once", "repeating", "forever"
    std::optional<std::int64_t> duration_in_months = {};
};

// What a subscription is to be: `item` gets this price and quantity, `metered_prices` come in place of those that
// charge its usage now, all others stay. The target is absolute: asking twice changes nothing the second time.
struct PlanChange {
    Ref subscription, item, price;
    std::int64_t quantity = 1;
    std::vector<Ref> metered_prices = {};
    std::string interval;  // of the price: "month", "year"
    // As of when unused time is credited and the rest charged; none: now. What a preview gave.
    std::optional<Instant> proration_date = {};
    std::optional<PromotionCode> promotion_code = {};  // in place of every other discount
};

struct Renewal {
    Money amount;
    Instant at;
};

struct ChangePreview {
    std::optional<InvoiceSnapshot> now;  // what would be charged at once; none at the period's end
    std::optional<Instant> proration_date;  // of its prorations
    Renewal renewal;                        // what comes after, and when
};

// How a change that takes effect at once went.
struct PlanChanged {
    enum class State : std::uint8_t {
        applied,
        requires_action,  // the bank wants to be asked: the old plan stays until the invoice is paid
        processing,       // the bank moves the money: the old plan stays until it has
    };
    State state = State::applied;
    Change subscription;
    std::optional<Change> invoice = {};      // where it is not paid yet
    std::optional<Change> released = {};     // the schedule that was given up for it
    std::optional<std::string> url = {};     // where people pay it
    std::optional<Instant> expires_at = {};  // then the change is given up
};

struct NewRefund {
    std::optional<Ref> charge, payment;  // REQUIRES: one of them
    Money amount;
    std::optional<std::string> reason = {};  // "duplicate", "fraudulent", "requested_by_customer"
    std::string refund_id;                   // ours; travels in the refund's metadata
};

// What a payment was made for: an invoice, a checkout, or neither.
struct PaymentOrigin {
    std::optional<Ref> invoice, checkout;
};

// A product with its prices as plans.toml has them; found again by lookup_key.
struct CatalogProduct {
    std::string key;  // our plan or top-up key; in the product's metadata as plan_key
    std::string name, description;
};
struct CatalogPrice {
    std::string lookup_key;  // "pro_monthly"
    Money amount;
    std::optional<std::string> interval = {};  // "month", "year"; none: one-time
};
struct SyncedPrice {
    std::string lookup_key;
    Ref product, price;
};

// What sync_product() would change, said for people. No `changes`: all is as the catalogue says.
struct CatalogDifference {
    std::vector<std::string> changes = {};
};

class Provider {
public:
    virtual ~Provider() = default;
    virtual Name name() const = 0;

    virtual Task<Result<Ref>> create_customer(IntentId intent, NewCustomer input) = 0;
    virtual Task<Result<Checkout>> create_checkout(IntentId intent, NewCheckout input) = 0;
    virtual Task<Result<Checkout>> get_checkout(Ref checkout) = 0;
    virtual Task<Result<void>> expire_checkout(IntentId intent, Ref checkout) = 0;
    // Takes the money of an order that its buyer has approved, and tells what came of it: the checkout,
    // and the charge once there is one. What is captured already is told again. Refuses also with
    // payment_declined (the buyer may approve another way of paying: the checkout's url) and
    // checkout_not_approved. Where paying completes a checkout by itself (Stripe) it only tells.
    virtual Task<Result<std::vector<Change>>> capture_checkout(IntentId intent, Ref checkout);
    // Gives the URL of the portal session.
    virtual Task<Result<std::string>> create_portal(IntentId intent, NewPortal input) = 0;
    // What is so already is a success without a change. Refuses also with
    // subscription_not_resumable: `never` for a subscription that has ended. A scheduled change of
    // plan ends with it. `details` only where it is cancelled.
    virtual Task<Result<Change>> cancel_subscription(IntentId intent, Ref subscription,
                                                     CancelWhen when, CancelDetails details) = 0;

    // What change_plan() would charge now (`at_period_end`: nothing), and the renewals after it.
    virtual Task<Result<ChangePreview>> preview_change(PlanChange change, bool at_period_end) = 0;
    // The next renewal as things are. Refuses with not_found where there will be none.
    virtual Task<Result<Renewal>> preview_renewal(Ref subscription) = 0;
    // At once: what is due is charged, a change scheduled before is given up. Refuses with
    // payment_declined; then the subscription is as it was.
    virtual Task<Result<PlanChanged>> change_plan(IntentId intent, PlanChange change) = 0;
    // From the end of the paid period on, in place of a change scheduled before. Gives the schedule.
    virtual Task<Result<Change>> schedule_change(IntentId intent, PlanChange change) = 0;
    // Gives up what was scheduled; the schedule, or nothing where there is none.
    virtual Task<Result<std::optional<Change>>> release_schedule(IntentId intent,
                                                                 Ref subscription) = 0;
    // Nothing is charged and no service owed until it is resumed; unused time is credited. A change
    // that was scheduled is given up. What is so already is a success.
    virtual Task<Result<Change>> pause_subscription(IntentId intent, Ref subscription) = 0;
    // A new period begins, and is paid for: until it is, the subscription stays paused.
    virtual Task<Result<PlanChanged>> resume_subscription(IntentId intent, Ref subscription) = 0;

    // The code as people type it, whatever its case. An active one wins.
    virtual Task<Result<std::optional<PromotionCode>>> find_promotion_code(std::string code) = 0;
    // In place of all discounts of the subscription; none: takes them away.
    virtual Task<Result<Change>> set_promotion_code(IntentId intent, Ref subscription,
                                                    std::optional<Ref> promotion_code) = 0;

    // Refuses also with refund_exceeds_payment and payment_not_refundable.
    virtual Task<Result<Change>> create_refund(IntentId intent, NewRefund input) = 0;
    // The refund that create_refund() made under this refund_id, if it ever did: idempotency keys
    // are forgotten after a day.
    virtual Task<Result<std::optional<Change>>> find_refund(NewRefund input) = 0;
    // Tries to collect an open invoice now, with this payment method. Gives the invoice.
    virtual Task<Result<Change>> pay_invoice(IntentId intent, Ref invoice, Ref payment_method) = 0;
    virtual Task<Result<PaymentOrigin>> origin_of_payment(Ref payment) = 0;

    // The object as it is now, in the newest shape; occurred_at is the moment of asking.
    // Refuses with not_found; kinds without a fetch (other) are a bug.
    virtual Task<Result<Change>> fetch(ObjectKind kind, Ref object) = 0;

    // The object as fetch() gives it, and with it what events of this provider don't tell whole: of a
    // PayPal subscription its payments since then, each as charge and as paid invoice, and what is owed
    // as an open one. Stripe: fetch() alone.
    virtual Task<Result<std::vector<Change>>> fetch_with_payments(ObjectKind kind, Ref object,
                                                                  std::optional<Instant> since);

    // Creates what is missing, changes names and descriptions, never an amount: a price whose
    // amount differs is replaced by a new one that takes the lookup_key over, and archived: who pays
    // it already goes on doing so.
    virtual Task<Result<std::vector<SyncedPrice>>> sync_product(
        CatalogProduct product, std::vector<CatalogPrice> prices) = 0;
    // The same without doing it.
    virtual Task<Result<CatalogDifference>> compare_product(CatalogProduct product,
                                                            std::vector<CatalogPrice> prices) = 0;
};

}  // namespace paydesk::provider
