// Items of subscriptions: /v1/subscription_items.

#include "sandbox/stripe/inline_prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/subscription_updates.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

// The change of one item, with the call's terms.
void change_item(Call& call, const std::string& subscription, Object item) {
    const Object before = call.account.get("subscription", subscription);
    refuse_legacy_metered_items(call.account, {item}, call.version.shape, "price");
    auto change = change_of(call.params, call.account.now());
    change.items = {std::move(item)};
    change_subscription(call.account, subscription, change);
    note_direct_change(call.account, before);
}

json::value update_item(Call& call) {
    const auto id = call.path.at("id");
    const auto subscription = text(*find_subscription_item(call.account, id).subscription, "id");
    Object item{
        {"id", id}
    };
    copy_params(call.params, item, {"price", "plan", "quantity", "metadata", "tax_rates"});
    change_item(call, subscription, std::move(item));
    return *find_subscription_item(call.account, id).item;
}

json::value create_item(Call& call) {
    Account& account = call.account;
    const auto subscription = text(call.params, "subscription");
    account.get("subscription", subscription, "subscription");
    Object item;
    copy_params(call.params, item, {"price", "quantity", "metadata", "tax_rates"});
    if (!present(item, "price")) refuse_missing_param("price");
    change_item(call, subscription, std::move(item));
    // A change that waits for its payment (pending_if_incomplete) has the new item, not yet the
    // subscription itself.
    const Object& after = account.get("subscription", subscription);
    const auto& waiting = children(child(after, "pending_update"), "subscription_items");
    return waiting.empty() ? children(child(after, "items"), "data").back() : waiting.back();
}

json::value delete_item(Call& call) {
    const auto found = find_subscription_item(call.account, call.path.at("id"));
    const Object gone = deleted(*found.item);
    Object item{
        {"id",      gone.at("id")},
        {"deleted", true         }
    };
    copy_params(call.params, item, {"clear_usage"});
    change_item(call, text(*found.subscription, "id"), std::move(item));
    return gone;
}

}  // namespace

void add_subscription_item_routes(Routes& routes) {
    routes.list("/v1/subscription_items", "subscription!:id", [](Call& call) {
        const auto id = text(call.params, "subscription");
        const Object& subscription = call.account.get("subscription", id, "subscription");
        return page_of(call, children(child(subscription, "items"), "data"),
                       "/v1/subscription_items?subscription=" + id);
    });
    routes.on("GET /v1/subscription_items/{id}", "", [](Call& call) -> json::value {
        return *find_subscription_item(call.account, call.path.at("id")).item;
    });
    const std::string terms =
        "payment_behavior:(allow_incomplete|default_incomplete|error_if_incomplete|"
        "pending_if_incomplete) proration_behavior:(always_invoice|create_prorations|none) "
        "proration_date:i ";
    routes.on("POST /v1/subscription_items",
              terms +
                  "subscription!:id price:id quantity:i metadata:m discounts:no tax_rates[]:id "
                  "billing_thresholds:no plan:no " +
                  std::string(recurring_price_data),
              with_inline_prices(create_item));
    routes.on("DELETE /v1/subscription_items/{id}", terms + "clear_usage:b", delete_item);
    routes.on("POST /v1/subscription_items/{id}",
              terms +
                  "price:id plan:id quantity:i metadata:m "
                  "off_session:b discounts:no tax_rates[]:id " +
                  std::string(recurring_price_data),
              with_inline_prices(update_item));
}

}  // namespace paydesk::sandbox::stripe
