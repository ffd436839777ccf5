#pragma once
// Items of a subscription, changes of them, and the invoice items that prorate such changes.

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/invoicing.h"

namespace paydesk::sandbox::stripe {

// An item and the subscription that has it. Valid until either changes.
struct SubscriptionItem {
    const Object* item = nullptr;
    const Object* subscription = nullptr;
};
// Refuses with 404 resource_missing.
SubscriptionItem find_subscription_item(const Account& account, const std::string& id);

Object subscription_item(const Account& account, std::string_view subscription, const Object& price,
                         std::int64_t quantity, std::int64_t period_start, std::int64_t period_end,
                         Object metadata);

// {id?, price?, quantity?, deleted?, metadata?} each, as POST /v1/subscriptions/{id} takes them.
// `proration_behavior`: create_prorations, always_invoice or none.
// Emits customer.subscription.updated, invoiceitem.created twice a change, and, where the interval
// changes or the behaviour says so, an invoice at once.
// `at`: the moment from which prorations count (proration_date), 0 for now.
// Refuses with resource_missing; 402 when that invoice is declined.
void change_items(Account& account, const std::string& subscription, const json::array& changes,
                  std::string_view proration_behavior, std::int64_t at = 0);

// Credits the rest of the paid period. Emits invoiceitem.created for each item.
void prorate_cancellation(Account& account, const std::string& subscription);

// Moves the customer's waiting invoice items (of this subscription, or of none) into the draft.
void add_pending_items(Account& account, const std::string& customer,
                       const std::string& subscription, InvoiceDraft& draft);

}  // namespace paydesk::sandbox::stripe
