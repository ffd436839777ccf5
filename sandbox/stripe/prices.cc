#include "sandbox/stripe/prices.h"

#include <algorithm>

#include "base/money.h"
#include "sandbox/stripe/plans.h"
#include "sandbox/stripe/pricing.h"
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
    if (decimal.empty()) refuse_missing_param(inside(path, "unit_amount"));
    if (decimal.starts_with('-')) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 0.",
               inside(path, "unit_amount"));
    }
    decimal = shortest_decimal(decimal);
    price["unit_amount_decimal"] = decimal;
    price["unit_amount"] = decimal.find('.') == std::string::npos ? json::value(std::stoll(decimal))
                                                                  : json::value(nullptr);
}

// A tier's amount as an integer, where it is one, and as a decimal.
void set_tier_amount(const Object& given, Object& tier, const std::string& key,
                     const std::string& path) {
    const auto decimal_key = key + "_decimal";
    if (present(given, key) && present(given, decimal_key)) {
        refuse("parameters_exclusive",
               "You may only specify one of these parameters: " + key + ", " + decimal_key + ".");
    }
    if (!present(given, key) && !present(given, decimal_key)) return;
    const auto decimal = present(given, key) ? std::to_string(number(given, key))
                                             : shortest_decimal(text(given, decimal_key));
    if (decimal.starts_with('-')) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 0.",
               inside(path, key));
    }
    tier[decimal_key] = decimal;
    if (decimal.find('.') == std::string::npos) tier[key] = std::stoll(decimal);
}

// `above`: where the tier before it ends.
Object tier_object(const Object& given, std::int64_t above, bool last, const std::string& path) {
    Object tier{
        {"flat_amount",         nullptr},
        {"flat_amount_decimal", nullptr},
        {"unit_amount",         nullptr},
        {"unit_amount_decimal", nullptr},
        {"up_to",               nullptr}
    };
    set_tier_amount(given, tier, "flat_amount", path);
    set_tier_amount(given, tier, "unit_amount", path);
    if (!present(tier, "flat_amount_decimal") && !present(tier, "unit_amount_decimal")) {
        refuse_missing_param(inside(path, "unit_amount"));
    }
    const auto up_to = text(given, "up_to");
    if (up_to != "inf" && (up_to.empty() || up_to.size() > 12 ||
                           up_to.find_first_not_of("0123456789") != std::string::npos)) {
        refuse("parameter_invalid_integer", "Invalid integer: " + up_to, inside(path, "up_to"));
    }
    if (last != (up_to == "inf")) {
        refuse("", "The last tier, and no other, must have `up_to` set to `inf`.",
               inside(path, "up_to"));
    }
    if (last) return tier;
    if (std::stoll(up_to) <= above) {
        refuse("", "Each tier must end above the one before it.", inside(path, "up_to"));
    }
    tier["up_to"] = std::stoll(up_to);
    return tier;
}

json::array tiers_of(const Object& params, std::string_view path) {
    const auto& given = children(params, "tiers");
    if (given.empty()) refuse_missing_param(inside(path, "tiers"));
    json::array tiers;
    std::int64_t above = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
        tiers.push_back(tier_object(given[i].get_object(), above, i + 1 == given.size(),
                                    inside(path, "tiers") + "[" + std::to_string(i) + "]"));
        above = number(tiers.back().get_object(), "up_to");
    }
    return tiers;
}

void set_tiers(const Object& params, Object& price, std::string_view path) {
    if (!present(params, "tiers_mode")) refuse_missing_param(inside(path, "tiers_mode"));
    json::array tiers = tiers_of(params, path);
    for (const std::string key : {"unit_amount", "unit_amount_decimal", "transform_quantity"}) {
        if (!present(params, key)) continue;
        refuse("", "`" + key + "` can't be used with `billing_scheme` set to `tiered`.",
               inside(path, key));
    }
    price["billing_scheme"] = "tiered";
    price["tiers_mode"] = params.at("tiers_mode");
    price["_tiers"] = std::move(tiers);
}

// A metered price names the meter that counts what it bills.
void check_meter(const Account& account, const Object& recurring, const std::string& path,
                 Shape shape) {
    const bool metered = text(recurring, "usage_type") == "metered";
    const auto meter = text(recurring, "meter");
    if (!meter.empty()) {
        if (!metered) {
            refuse("", "`meter` can only be set with `usage_type` set to `metered`.",
                   inside(path, "meter"));
        }
        if (text(account.get("billing.meter", meter, inside(path, "meter")), "status") !=
            "active") {
            refuse("", "The meter " + meter + " is inactive: it can't be attached to a price.",
                   inside(path, "meter"));
        }
    } else if (metered && shape >= Shape::basil) {
        refuse("",
               "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by "
               "meters.");
    }
    if (present(recurring, "aggregate_usage") && (!metered || !meter.empty())) {
        refuse("", "`aggregate_usage` can only be set on a metered price without a meter.",
               inside(path, "aggregate_usage"));
    }
}

json::value recurring_of(const Account& account, const Object& params, std::string_view path,
                         Shape shape) {
    const Object& given = child(params, "recurring");
    if (given.empty()) return nullptr;
    const auto count = number(given, "interval_count", 1);
    if (count < 1 || count > 1095) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               inside(inside(path, "recurring"), "interval_count"));
    }
    check_meter(account, given, inside(path, "recurring"), shape);
    return Object{
        {"interval", given.at("interval")},
        {"interval_count", count},
        {"meter", value_of(given, "meter")},
        {"trial_period_days", value_of(given, "trial_period_days")},
        {"usage_type",
         present(given, "usage_type") ? given.at("usage_type") : json::value("licensed")}
    };
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
    const Object before = account.get("price", id);
    account.change(id, "price.updated", [&](Object& price) {
        copy_params(call.params, price, {"active", "lookup_key", "nickname", "tax_behavior"});
        set_currency_options(call.params, price, "");
        merge_metadata(call.params, price);
    });
    emit_plan(account, "plan.updated", account.get("price", id), &before);
    return account.get("price", id);
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

const Object& add_price(Account& account, const Object& params, std::string_view path,
                        Shape shape) {
    Object price = blank("price");
    const auto id = present(params, "id") ? text(params, "id") : account.new_id("price_1");
    if (account.store().find(id)) refuse("resource_already_exists", "Plan already exists.", "id");
    price["id"] = id;
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
    price["recurring"] = recurring_of(account, params, path, shape);
    price["type"] = price["recurring"].is_null() ? "one_time" : "recurring";
    if (is_metered(price) && !present(child(price, "recurring"), "meter")) {
        const auto how = text(child(params, "recurring"), "aggregate_usage");
        price["_aggregate_usage"] = how.empty() ? "sum" : how;
    }
    if (text(params, "billing_scheme") == "tiered") {
        set_tiers(params, price, path);
    } else {
        set_amount(params, price, path);
    }
    if (present(params, "transform_quantity") &&
        number(child(params, "transform_quantity"), "divide_by") < 1) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               inside(path, "transform_quantity[divide_by]"));
    }
    copy_params(params, price, {"active", "nickname", "tax_behavior", "transform_quantity"});
    set_currency_options(params, price, path);
    merge_metadata(params, price);
    const auto key = text(params, "lookup_key");
    claim_lookup_key(account, key, flag(params, "transfer_lookup_key"), "");
    price["lookup_key"] = text_or_null(key);
    const Object& added = account.add(std::move(price));
    emit_plan(account, "plan.created", added);
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
                  "recurring{interval!:(day|week|month|year) interval_count:i meter:id "
                  "trial_period_days:i usage_type:(licensed|metered) "
                  "aggregate_usage<basil:(last_during_period|last_ever|max|sum)} "
                  "tax_behavior:(exclusive|inclusive|unspecified) "
                  "tiers[]{flat_amount:i flat_amount_decimal:d unit_amount:i unit_amount_decimal:d "
                  "up_to!} tiers_mode:(graduated|volume) transfer_lookup_key:b "
                  "transform_quantity{divide_by!:i round!:(up|down)} unit_amount:i "
                  "unit_amount_decimal:d",
              [](Call& call) -> json::value {
                  return add_price(call.account, call.params, "", call.version.shape);
              });
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
