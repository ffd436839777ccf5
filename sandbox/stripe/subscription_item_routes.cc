// Items of subscriptions: /v1/subscription_items.

#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

json::value update_item(Call& call) {
    const auto id = call.path.at("id");
    const auto subscription = text(*find_subscription_item(call.account, id).subscription, "id");
    Object change{
        {"id", id}
    };
    copy_params(call.params, change, {"price", "plan", "quantity", "metadata"});
    if (present(change, "price")) {
        refuse_legacy_metered(call.account.get("price", text(change, "price"), "price"),
                              call.version.shape, "price");
    }
    const auto behavior = text(call.params, "proration_behavior");
    change_items(call.account, subscription, {change},
                 behavior.empty() ? "create_prorations" : behavior);
    return *find_subscription_item(call.account, id).item;
}

json::value remove_item(Call& call) {
    const auto id = call.path.at("id");
    const auto found = find_subscription_item(call.account, id);
    const Object item = *found.item;
    Object change{
        {"id",      id  },
        {"deleted", true}
    };
    copy_params(call.params, change, {"clear_usage"});
    const auto behavior = text(call.params, "proration_behavior");
    change_items(call.account, text(*found.subscription, "id"), {change},
                 behavior.empty() ? "create_prorations" : behavior,
                 number(call.params, "proration_date"));
    return deleted(item);
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
    routes.on("POST /v1/subscription_items/{id}",
              "price:id plan:id quantity:i metadata:m payment_behavior "
              "proration_behavior:(always_invoice|create_prorations|none) proration_date:i "
              "off_session:b discounts:no tax_rates:any price_data:no",
              update_item);
    routes.on("DELETE /v1/subscription_items/{id}",
              "clear_usage:b payment_behavior off_session:b "
              "proration_behavior:(always_invoice|create_prorations|none) proration_date:t",
              remove_item);
}

}  // namespace paydesk::sandbox::stripe
