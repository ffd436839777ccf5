// Items of subscriptions: /v1/subscription_items.

#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/subscription_items.h"

namespace paydesk::sandbox::stripe {
namespace {

// The item and the subscription that has it.
std::pair<const Object*, const Object*> find_item(const Account& account, const std::string& id) {
    for (const auto& subscription : account.store().ids("subscription")) {
        const Object& object = *account.store().find(subscription);
        for (const json::value& item : children(child(object, "items"), "data")) {
            if (text(item.get_object(), "id") == id) return {&item.get_object(), &object};
        }
    }
    refuse_missing("subscription_item", id, "item", true);
}

json::value update_item(Call& call) {
    const auto id = call.path.at("id");
    const auto subscription = text(*find_item(call.account, id).second, "id");
    Object change{
        {"id", id}
    };
    copy_params(call.params, change, {"price", "quantity", "metadata", "tax_rates"});
    const auto behavior = text(call.params, "proration_behavior");
    change_items(call.account, subscription, {change},
                 behavior.empty() ? "create_prorations" : behavior,
                 number(call.params, "proration_date"));
    return *find_item(call.account, id).first;
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
        return *find_item(call.account, call.path.at("id")).first;
    });
    routes.on("POST /v1/subscription_items/{id}",
              "price:id quantity:i metadata:m payment_behavior "
              "proration_behavior:(always_invoice|create_prorations|none) proration_date:i "
              "off_session:b discounts:no tax_rates[]:id price_data:no",
              update_item);
}

}  // namespace paydesk::sandbox::stripe
