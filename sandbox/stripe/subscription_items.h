#pragma once
// Items of a subscription, and the invoice items that wait for its next invoice.

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/invoicing.h"

namespace paydesk::sandbox::stripe {

Object subscription_item(const Account& account, std::string_view subscription, const Object& price,
                         std::int64_t quantity, std::int64_t period_start, std::int64_t period_end,
                         Object metadata);

// An item and the subscription that has it. Valid until either changes.
struct SubscriptionItem {
    const Object* item = nullptr;
    const Object* subscription = nullptr;
};
// Refuses with 404 resource_missing.
SubscriptionItem find_subscription_item(const Account& account, const std::string& id);

// Refuses with resource_missing, or 400 for a price that is archived or recurring.
const Object& one_time_price(const Account& account, const std::string& price,
                             std::string_view param);

enum class PendingItems : std::uint8_t { its_own, and_those_of_none };
// Moves the customer's waiting invoice items (of this subscription, or of none) into the draft.
void add_pending_items(Account& account, const std::string& customer,
                       const std::string& subscription, InvoiceDraft& draft,
                       PendingItems which = PendingItems::and_those_of_none);

}  // namespace paydesk::sandbox::stripe
