#include "sandbox/stripe/inline_prices.h"

#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string inside(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "[" + std::string(name) + "]";
}

void take_price(Account& account, Object& holder, const std::string& path) {
    const Object data = child(holder, "price_data");
    for (const auto* other : {"price", "plan"}) {
        if (!present(holder, other)) continue;
        refuse(
            "parameters_exclusive",
            "You may only specify one of these parameters: " + std::string(other) + ", price_data.",
            inside(path, other));
    }
    const auto id = text(add_price(account, data, inside(path, "price_data")), "id");
    account.change(id, "", [](Object& price) {
        price["active"] = false;
        price["_inline"] = true;
    });
    holder.erase("price_data");
    holder["price"] = id;
}

void take_prices(Account& account, json::value& value, const std::string& path) {
    if (auto* list = value.if_array()) {
        for (std::size_t i = 0; i < list->size(); ++i) {
            take_prices(account, (*list)[i], inside(path, std::to_string(i)));
        }
    } else if (auto* object = value.if_object()) {
        if (present(*object, "price_data")) take_price(account, *object, path);
        for (auto& [key, member] : *object) take_prices(account, member, inside(path, key));
    }
}

}  // namespace

Action with_inline_prices(Action action) {
    return [action = std::move(action)](Call& call) {
        json::value params = std::move(call.params);
        take_prices(call.account, params, "");
        call.params = std::move(params.get_object());
        return action(call);
    };
}

bool is_for_sale(const Object& price) { return flag(price, "active") || flag(price, "_inline"); }

}  // namespace paydesk::sandbox::stripe
