#include "sandbox/stripe/subscription_items.h"

#include "sandbox/stripe/inline_prices.h"
#include "sandbox/stripe/invoice_editing.h"
#include "sandbox/stripe/plans.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {

SubscriptionItem find_subscription_item(const Account& account, const std::string& id) {
    for (const auto& subscription : account.store().ids("subscription")) {
        const Object& object = *account.store().find(subscription);
        for (const json::value& item : children(child(object, "items"), "data")) {
            if (text(item.get_object(), "id") == id) return {&item.get_object(), &object};
        }
    }
    refuse_missing("subscription_item", id, "item", true);
}

Object subscription_item(const Account& account, std::string_view subscription, const Object& price,
                         std::int64_t quantity, std::int64_t period_start, std::int64_t period_end,
                         Object metadata) {
    Object item = blank("subscription_item");
    item["id"] = account.new_id("si_", 14);
    item["created"] = account.now();
    item["current_period_start"] = period_start;
    item["current_period_end"] = period_end;
    item["metadata"] = std::move(metadata);
    item["plan"] = plan_of(price);
    item["price"] = price;
    if (is_metered(price))
        item.erase("quantity");
    else
        item["quantity"] = quantity;
    item["subscription"] = subscription;
    return item;
}

const Object& one_time_price(const Account& account, const std::string& id,
                             std::string_view param) {
    const Object& price = account.get("price", id, param);
    if (!is_for_sale(price)) {
        refuse("", "The price specified is inactive. This field only accepts active prices.",
               param);
    }
    if (present(price, "recurring")) {
        refuse("",
               "The price specified is set to `type=recurring` but this field only accepts prices "
               "with `type=one_time`.",
               param);
    }
    return price;
}

void add_pending_items(Account& account, const std::string& customer,
                       const std::string& subscription, InvoiceDraft& draft, PendingItems which) {
    const auto ids = account.store().ids("invoiceitem");
    for (const auto& id : ids) {
        const auto* item = account.find("invoiceitem", id);
        if (!item || present(*item, "invoice") || text(*item, "customer") != customer) continue;
        const auto of = text(child(child(*item, "parent"), "subscription_details"), "subscription");
        if (!of.empty() && of != subscription) continue;
        if (of.empty() && which == PendingItems::its_own) continue;
        if (text(*item, "currency") != draft.currency) continue;
        draft.lines.push_back(line_of_item(*item));
        account.change(id, "", [&](Object& taken) { taken["invoice"] = draft.id; });
    }
}

}  // namespace paydesk::sandbox::stripe
