#include "sandbox/stripe/prices.h"

#include <algorithm>

#include "base/money.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view options_listing =
    "currency_options{*?{tax_behavior:(exclusive|inclusive|unspecified) "
    "tiers[]{flat_amount:i flat_amount_decimal:d unit_amount:i unit_amount_decimal:d up_to!} "
    "unit_amount:i unit_amount_decimal:d}} ";

std::string inside(std::string_view path, std::string_view name) {
    return path.empty() ? std::string(name) : std::string(path) + "[" + std::string(name) + "]";
}

std::string lower(std::string text_value) {
    std::ranges::transform(text_value, text_value.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    return text_value;
}

// "12.50" -> "12.5"; a whole number also fills unit_amount.
void set_amount(const Object& params, Object& price, std::string_view path) {
    if (present(params, "unit_amount") && present(params, "unit_amount_decimal")) {
        refuse("parameters_exclusive",
               "You may only specify one of these parameters: unit_amount, unit_amount_decimal.");
    }
    std::string decimal = present(params, "unit_amount")
                              ? std::to_string(number(params, "unit_amount"))
                              : text(params, "unit_amount_decimal");
    if (decimal.find('.') != std::string::npos) {
        decimal.erase(decimal.find_last_not_of('0') + 1);
        if (decimal.ends_with('.')) decimal.pop_back();
    }
    if (decimal.empty()) refuse_missing_param(inside(path, "unit_amount"));
    if (decimal.starts_with('-')) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 0.",
               inside(path, "unit_amount"));
    }
    price["unit_amount_decimal"] = decimal;
    price["unit_amount"] = decimal.find('.') == std::string::npos ? json::value(std::stoll(decimal))
                                                                  : json::value(nullptr);
}

Object tier_object(const Object& tier) {
    Object object{
        {"flat_amount",         nullptr},
        {"flat_amount_decimal", nullptr},
        {"unit_amount",         nullptr},
        {"unit_amount_decimal", nullptr},
        {"up_to",               nullptr}
    };
    copy_params(tier, object,
                {"flat_amount", "unit_amount", "unit_amount_decimal", "flat_amount_decimal"});
    for (const std::string key : {"flat_amount", "unit_amount"}) {
        if (present(tier, key)) object[key + "_decimal"] = std::to_string(number(tier, key));
    }
    const auto up_to = text(tier, "up_to");
    if (up_to == "inf") return object;
    if (up_to.empty() || up_to.size() > 12 ||
        up_to.find_first_not_of("0123456789") != std::string::npos) {
        refuse("parameter_invalid_integer", "Invalid integer: " + up_to, "tiers[up_to]");
    }
    object["up_to"] = std::stoll(up_to);
    return object;
}

json::value recurring_of(const Object& params, std::string_view path) {
    const Object& given = child(params, "recurring");
    if (given.empty()) return nullptr;
    const auto count = number(given, "interval_count", 1);
    if (count < 1 || count > 1095) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               inside(inside(path, "recurring"), "interval_count"));
    }
    if (text(given, "usage_type") == "metered" && !present(given, "meter")) {
        refuse_unsupported("metered prices", inside(path, "recurring[usage_type]"));
    }
    return Object{
        {"interval", given.at("interval")},
        {"interval_count", count},
        {"meter", nullptr},
        {"trial_period_days", value_of(given, "trial_period_days")},
        {"usage_type", "licensed"}
    };
}

json::array tiers_of(const Object& params, std::string_view path) {
    json::array tiers;
    for (const json::value& tier : children(params, "tiers")) {
        tiers.push_back(tier_object(tier.get_object()));
    }
    if (tiers.empty()) refuse_missing_param(inside(path, "tiers"));
    return tiers;
}

// `currency_options` of a call, over those that there are. An empty one takes a currency away.
void set_currency_options(const Object& params, Object& price, std::string_view path) {
    Object options = child(price, "_currency_options");
    for (const auto& [key, value] : child(params, "currency_options")) {
        const auto currency = lower(std::string(key));
        const auto here = inside(inside(path, "currency_options"), currency);
        if (!Currency::parse(currency)) refuse("", "Invalid currency: " + currency, here);
        if (currency == text(price, "currency")) {
            refuse("", "The price's own currency can't be among its currency_options: " + currency,
                   here);
        }
        if (!value.is_object()) {
            options.erase(currency);
            continue;
        }
        const Object& given = value.get_object();
        Object option{
            {"custom_unit_amount",  nullptr      },
            {"tax_behavior",        "unspecified"},
            {"unit_amount",         nullptr      },
            {"unit_amount_decimal", nullptr      }
        };
        if (const auto* known = options.if_contains(currency)) option = known->get_object();
        const bool tiered = text(price, "billing_scheme") == "tiered";
        if (tiered) {
            option["tiers"] = tiers_of(given, here);
        } else if (!options.contains(currency) || present(given, "unit_amount") ||
                   present(given, "unit_amount_decimal")) {
            set_amount(given, option, here);
        }
        copy_params(given, option, {"tax_behavior"});
        options[currency] = std::move(option);
    }
    if (!options.empty() || price.contains("_currency_options")) {
        price["_currency_options"] = std::move(options);
    }
}

// A lookup key names one price; transfer_lookup_key takes it from the one that has it.
void claim_lookup_key(Account& account, const std::string& key, bool transfer,
                      std::string_view except) {
    if (key.empty()) return;
    if (key.size() > 200) refuse("", "lookup_key may have at most 200 characters.", "lookup_key");
    const auto ids = account.store().ids("price");
    for (const auto& id : ids) {
        if (id == except || text(*account.store().find(id), "lookup_key") != key) continue;
        if (!transfer) {
            refuse("", "A price (`" + id + "`) already uses that lookup key.", "lookup_key");
        }
        account.change(id, "price.updated", [](Object& price) { price["lookup_key"] = nullptr; });
    }
}

json::value update(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target("price"), "id");
    claim_lookup_key(account, text(call.params, "lookup_key"),
                     flag(call.params, "transfer_lookup_key"), id);
    return account.change(id, "price.updated", [&](Object& price) {
        copy_params(call.params, price, {"active", "lookup_key", "nickname", "tax_behavior"});
        set_currency_options(call.params, price, "");
        merge_metadata(call.params, price);
    });
}

bool listed(const Call& call, const Object& price) {
    const auto& keys = children(call.params, "lookup_keys");
    if (!keys.empty() && std::ranges::find(keys, price.at("lookup_key")) == keys.end()) {
        return false;
    }
    const Object& wanted = child(call.params, "recurring");
    const Object& recurring = child(price, "recurring");
    for (const auto& [key, value] : wanted) {
        if (value_of(recurring, key) != value) return false;
    }
    return matches(call, price, "active") && matches(call, price, "product") &&
           matches(call, price, "currency") && matches(call, price, "type");
}

}  // namespace

const Object& add_product(Account& account, const Object& params, std::string_view id_param) {
    Object product = blank("product");
    const auto id = present(params, "id") ? text(params, "id") : account.new_id("prod_", 14);
    if (account.store().find(id)) {
        refuse("resource_already_exists", "Product already exists.", id_param);
    }
    product["id"] = id;
    copy_params(params, product,
                {"active", "description", "images", "name", "statement_descriptor", "tax_code",
                 "unit_label"});
    if (present(params, "tax_details")) {
        const Object& given = child(params, "tax_details");
        product["tax_details"] = Object{
            {"performance_location", value_of(given, "performance_location")},
            {"tax_code",             value_of(given, "tax_code")            }
        };
    }
    product["updated"] = account.now();
    merge_metadata(params, product);
    return account.add(std::move(product));
}

const Object& add_price(Account& account, const Object& params, std::string_view path) {
    Object price = blank("price");
    price["id"] = account.new_id("price_1");
    const auto currency = lower(text(params, "currency"));
    if (!Currency::parse(currency)) {
        refuse("", "Invalid currency: " + currency, inside(path, "currency"));
    }
    price["currency"] = currency;
    std::string product = text(params, "product");
    const Object& product_data = child(params, "product_data");
    if (product.empty() == product_data.empty()) {
        if (product.empty()) refuse_missing_param(inside(path, "product"));
        refuse("parameters_exclusive",
               "You may only specify one of these parameters: product, product_data.");
    }
    if (product.empty()) {
        const Object& made = add_product(account, product_data, inside(path, "product_data[id]"));
        product = text(made, "id");
        account.emit("product.created", made);
    }
    account.get("product", product, inside(path, "product"));
    price["product"] = product;
    price["recurring"] = recurring_of(params, path);
    price["type"] = price["recurring"].is_null() ? "one_time" : "recurring";
    if (text(params, "billing_scheme") == "tiered") {
        if (!present(params, "tiers_mode")) refuse_missing_param(inside(path, "tiers_mode"));
        price["billing_scheme"] = "tiered";
        price["tiers_mode"] = params.at("tiers_mode");
        price["_tiers"] = tiers_of(params, path);
    } else {
        set_amount(params, price, path);
    }
    copy_params(params, price, {"active", "nickname", "tax_behavior", "transform_quantity"});
    set_currency_options(params, price, path);
    merge_metadata(params, price);
    const auto key = text(params, "lookup_key");
    claim_lookup_key(account, key, flag(params, "transfer_lookup_key"), "");
    price["lookup_key"] = text_or_null(key);
    const Object& added = account.add(std::move(price));
    account.emit("price.created", added);
    return added;
}

bool is_sold_in(const Object& price, std::string_view currency) {
    return text(price, "currency") == currency ||
           child(price, "_currency_options").contains(currency);
}

Object presented(const Object& price, std::string_view currency) {
    Object shown = price;
    const auto* option = child(price, "_currency_options").if_contains(currency);
    if (text(price, "currency") == currency || !option) return shown;
    shown["currency"] = currency;
    copy_params(option->get_object(), shown, {"unit_amount", "unit_amount_decimal"});
    if (text(option->get_object(), "tax_behavior") != "unspecified") {
        shown["tax_behavior"] = option->get_object().at("tax_behavior");
    }
    if (const auto* tiers = option->get_object().if_contains("tiers")) shown["_tiers"] = *tiers;
    return shown;
}

Object currency_options(const Object& price) {
    Object options = child(price, "_currency_options");
    Object own{
        {"custom_unit_amount", nullptr}
    };
    copy_params(price, own, {"tax_behavior", "unit_amount", "unit_amount_decimal"});
    if (const auto* tiers = price.if_contains("_tiers")) own["tiers"] = *tiers;
    options[text(price, "currency")] = std::move(own);
    return options;
}

void add_price_routes(Routes& routes) {
    const std::string options(options_listing);
    routes.on("POST /v1/prices",
              options +
                  "currency! active:b billing_scheme:(per_unit|tiered) "
                  "custom_unit_amount:no lookup_key metadata:m nickname product:id "
                  "product_data{name! id:id active:b metadata:m statement_descriptor tax_code "
                  "tax_details{performance_location tax_code} unit_label} "
                  "recurring{interval!:(day|week|month|year) interval_count:i meter "
                  "trial_period_days:i usage_type:(licensed|metered)} "
                  "tax_behavior:(exclusive|inclusive|unspecified) "
                  "tiers[]{flat_amount:i flat_amount_decimal:d unit_amount:i unit_amount_decimal:d "
                  "up_to!} tiers_mode:(graduated|volume) transfer_lookup_key:b "
                  "transform_quantity{divide_by!:i round!:(up|down)} unit_amount:i "
                  "unit_amount_decimal:d",
              [](Call& call) -> json::value { return add_price(call.account, call.params, ""); });
    routes.list("/v1/prices",
                "active:b currency:id product:id type:(one_time|recurring) lookup_keys[]:id "
                "recurring{interval meter usage_type} created:any",
                [](Call& call) {
                    return list_page(call, "price", "/v1/prices",
                                     [&](const Object& price) { return listed(call, price); });
                });
    routes.on("GET /v1/prices/{id}", "",
              [](Call& call) -> json::value { return call.target("price"); });
    routes.on("POST /v1/prices/{id}",
              options +
                  "active:b lookup_key metadata:m nickname "
                  "tax_behavior:(exclusive|inclusive|unspecified) transfer_lookup_key:b",
              update);
}

}  // namespace paydesk::sandbox::stripe
