#pragma once
// The life of a subscription: how it begins, renews, is cancelled, and follows its invoices.

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

// customer.subscription.trial_will_end comes so long before.
inline constexpr std::int64_t trial_notice_seconds = 3 * 86400;

struct OrderItem {
    std::string price;
    std::int64_t quantity = 1;
    Object metadata = {};
    json::array tax_rates = {};  // its own, whole
};

// What a customer subscribes to.
struct SubscriptionOrder {
    std::string customer;
    std::vector<OrderItem> items = {};
    std::vector<OrderItem> one_time = {};  // on the first invoice only
    std::int64_t trial_end = 0;            // 0 for none
    std::int64_t anchor = 0;               // where the first whole period begins; 0 for now
    bool bills_until_anchor = true;        // the time until then is billed in proportion
    bool invoice_waits = false;            // the first invoice is a draft for an hour
    json::array discounts = {};            // wanted ones (discounts.h)
    std::string currency = {};             // asked for; "" leaves it to currency_of()
    Object tax_address = {};               // learned by Checkout, of a customer who has none
    Object fields = {};                    // overrides of the new subscription
};

// Refuses with resource_missing, or 400 for a price that is archived, not recurring, of another
// currency or another interval than the first one's. `param` is the name of the list for messages.
void check_order(const Account& account, const SubscriptionOrder& order, std::string_view param);

// {type, flexible} for a new subscription: as `given` ({} when nothing was), or what that version
// gives by itself: flexible since clover, classic before.
Object billing_mode_for(const Object& given, Shape shape);

// The whole of trial_settings from what was given of it.
Object trial_settings_for(const Object& given);

// What the first invoice will ask for; 0 in a trial.
std::int64_t first_amount(const Account& account, const SubscriptionOrder& order);
// Refuses with 400 a price that has no amount in this currency.
void check_currency(const Object& price, std::string_view currency, std::string_view param);
// The one asked for, else the customer's where every price has it, else the first price's.
std::string currency_of(const Account& account, const SubscriptionOrder& order);

// Adds the subscription and its first invoice; emits customer.subscription.created and invoice.*.
// `intent` pays the first invoice: a succeeded one, or one still open ("" when nothing is due yet,
// or for the invoice to make its own). `invoice` is the id that the intent names.
// Returns the subscription's id.
std::string begin_subscription(Account& account, const SubscriptionOrder& order,
                               std::string_view status, const std::string& invoice,
                               std::string_view intent);

struct LastInvoice {
    bool prorate = false;      // unused time is given back
    bool invoice_now = false;  // an invoice of all that waits comes at once
};
// Ends it now. Emits customer.subscription.deleted; open invoices are not charged any more, and a
// schedule that managed it ends too.
void cancel_subscription(Account& account, const std::string& subscription, std::string_view reason,
                         LastInvoice last = {});

enum class CancelBy : std::uint8_t { api, portal };
// At the end of the paid period. By the API: cancel_at_period_end. By the portal, in flexible
// billing mode: cancel_at alone. Emits customer.subscription.updated.
void cancel_at_period_end(Account& account, const std::string& subscription, CancelBy by);
void keep_subscription(Account& account, const std::string& subscription);

// The end of the current period.
std::int64_t period_end_of(const Object& subscription);

// The period is over: advances it, emits customer.subscription.updated and invoice.created.
void renew_subscription(Account& account, const std::string& subscription);

// The trial is over: renews, or, without a payment method, does what trial_settings say.
void end_trial(Account& account, const std::string& subscription);

// 402: the payment waits for the customer.
Refusal action_required();
// 400: there is nothing to charge.
[[noreturn]] void refuse_no_method();

}  // namespace paydesk::sandbox::stripe
