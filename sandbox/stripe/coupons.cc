// Coupons and promotion codes: /v1/coupons, /v1/promotion_codes; taking discounts off again.

#include <algorithm>
#include <cctype>

#include "base/money.h"
#include "sandbox/stripe/discount_rules.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

// "12.5" as 125000: ten-thousandths of a percent point.
std::int64_t percent_of(const std::string& given) {
    const auto point = given.find('.');
    std::string fraction = point == std::string::npos ? "" : given.substr(point + 1);
    fraction.resize(4, '0');
    const auto whole = given.substr(0, point);
    if (whole.empty() || whole.size() > 3 || whole.front() == '-') return -1;
    return std::stoll(whole) * 10'000 + std::stoll(fraction);
}

void set_reduction(const Object& params, Object& coupon) {
    if (present(params, "percent_off") == present(params, "amount_off")) {
        refuse("parameters_exclusive", "Must provide exactly one of percent_off, amount_off.");
    }
    if (present(params, "amount_off")) {
        if (!present(params, "currency")) {
            refuse("", "You must pass currency when passing amount_off", "currency");
        }
        const auto currency = Currency::parse(text(params, "currency"));
        if (!currency) refuse("", "Invalid currency: " + text(params, "currency"), "currency");
        if (number(params, "amount_off") < 1) {
            refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
                   "amount_off");
        }
        coupon["amount_off"] = params.at("amount_off");
        coupon["currency"] = currency->lower_code();
        return;
    }
    const auto percent = percent_of(text(params, "percent_off"));
    if (percent <= 0 || percent > 1'000'000) {
        refuse("", "percent_off must be greater than 0 and at most 100.", "percent_off");
    }
    coupon["_percent"] = percent;
    // Only for reading: amounts come from _percent.
    coupon["percent_off"] = percent % 10'000 == 0
                                ? json::value(percent / 10'000)
                                : json::value(static_cast<double>(percent) / 10'000);
}

// {eur: {amount_off}} of a coupon with amount_off.
void set_coupon_currencies(const Object& params, Object& coupon) {
    const Object& given = child(params, "currency_options");
    if (given.empty()) return;
    if (!present(coupon, "amount_off")) {
        refuse("", "currency_options can only be used with amount_off.", "currency_options");
    }
    Object options = child(coupon, "_currency_options");
    for (const auto& [key, value] : given) {
        const auto here = "currency_options[" + std::string(key) + "]";
        const auto currency = Currency::parse(key);
        if (!currency) refuse("", "Invalid currency: " + std::string(key), here);
        const auto off = number(value.get_object(), "amount_off");
        if (off < 1) {
            refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
                   here + "[amount_off]");
        }
        options[currency->lower_code()] = Object{
            {"amount_off", off}
        };
    }
    coupon["_currency_options"] = std::move(options);
}

// {eur: {minimum_amount}} of a code with minimum_amount.
void set_minimum_currencies(const Object& rules, Object& restrictions) {
    const Object& given = child(rules, "currency_options");
    if (given.empty()) return;
    if (!present(restrictions, "minimum_amount")) {
        refuse("", "currency_options can only be used with minimum_amount.",
               "restrictions[currency_options]");
    }
    Object options = child(restrictions, "currency_options");
    for (const auto& [key, value] : given) {
        const auto currency = Currency::parse(key);
        if (!currency) {
            refuse("", "Invalid currency: " + std::string(key), "restrictions[currency_options]");
        }
        options[currency->lower_code()] = Object{
            {"minimum_amount", number(value.get_object(), "minimum_amount")}
        };
    }
    restrictions["currency_options"] = std::move(options);
}

void set_duration(const Object& params, Object& coupon) {
    const auto duration = present(params, "duration") ? text(params, "duration") : "once";
    coupon["duration"] = duration;
    if (duration == "repeating") {
        const auto months = number(params, "duration_in_months");
        if (months == 0) refuse_missing_param("duration_in_months");
        if (months < 1 || months > 1000) {
            refuse("parameter_invalid_integer", "duration_in_months must be from 1 to 1000.",
                   "duration_in_months");
        }
        coupon["duration_in_months"] = params.at("duration_in_months");
    } else if (present(params, "duration_in_months")) {
        refuse("", "duration_in_months can only be used with the duration `repeating`.",
               "duration_in_months");
    }
}

json::value create_coupon(Call& call) {
    Account& account = call.account;
    const Object& params = call.params;
    Object coupon = blank("coupon");
    const auto id = present(params, "id") ? text(params, "id") : account.new_id("", 8);
    if (account.store().find(id)) {
        refuse("resource_already_exists", "Coupon already exists.", "id");
    }
    coupon["id"] = id;
    set_reduction(params, coupon);
    set_coupon_currencies(params, coupon);
    set_duration(params, coupon);
    copy_params(params, coupon, {"max_redemptions", "name", "redeem_by"});
    if (present(params, "redeem_by") && number(params, "redeem_by") <= account.now()) {
        refuse("", "redeem_by must be in the future.", "redeem_by");
    }
    for (const json::value& product : children(child(params, "applies_to"), "products")) {
        account.get("product", std::string(product.as_string()), "applies_to[products]");
    }
    if (present(params, "applies_to")) coupon["_applies_to"] = params.at("applies_to");
    merge_metadata(params, coupon);
    const Object& added = account.add(std::move(coupon));
    account.emit("coupon.created", added);
    return added;
}

Object shown_coupon(const Account& account, Object coupon) {
    coupon["valid"] = coupon_is_valid(account, coupon);
    return coupon;
}

Object shown_code(const Account& account, Object code) {
    code["active"] = code_is_active(account, code);
    return code;
}

json::value update_coupon(Call& call) {
    const Object& changed = call.account.change(text(call.target("coupon", "coupon"), "id"),
                                                "coupon.updated", [&](Object& coupon) {
                                                    copy_params(call.params, coupon, {"name"});
                                                    set_coupon_currencies(call.params, coupon);
                                                    merge_metadata(call.params, coupon);
                                                });
    refresh_promotion_codes(call.account, changed);
    return shown_coupon(call.account, changed);
}

json::value remove_coupon(Call& call) {
    const Object coupon = call.target("coupon", "coupon");
    call.account.emit("coupon.deleted", coupon);
    return deleted(
        call.account.change(text(coupon, "id"), "", [](Object& gone) { gone["_deleted"] = true; }));
}

std::string upper(std::string given) {
    std::ranges::transform(given, given.begin(), [](unsigned char c) { return std::toupper(c); });
    return given;
}

void check_code(const Account& account, const std::string& code) {
    const bool plain = std::ranges::all_of(
        code, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
    if (!plain || code.size() > 500) {
        refuse("", "Promotion codes may contain letters, digits and dashes.", "code");
    }
    for (const auto& id : account.store().ids("promotion_code")) {
        const Object& known = *account.store().find(id);
        if (code_is_active(account, known) && upper(text(known, "code")) == upper(code)) {
            refuse("resource_already_exists",
                   "An active promotion code with `code: " + code + "` already exists.", "code");
        }
    }
}

json::value create_code(Call& call) {
    Account& account = call.account;
    const Object& params = call.params;
    const Object& promotion = child(params, "promotion");
    const auto id = text(promotion.empty() ? params : promotion, "coupon");
    const auto* const param = promotion.empty() ? "coupon" : "promotion[coupon]";
    if (id.empty()) refuse_missing_param(param);
    const Object& coupon = account.get("coupon", id, param);
    Object code = blank("promotion_code");
    code["id"] = account.new_id("promo_1");
    const auto wanted =
        present(params, "code") ? text(params, "code") : upper(account.new_id("", 8));
    check_code(account, wanted);
    code["code"] = wanted;
    code["promotion"] = Object{
        {"coupon", id      },
        {"type",   "coupon"}
    };
    code["_coupon"] = coupon;
    copy_params(params, code, {"active", "customer", "expires_at", "max_redemptions"});
    if (present(code, "customer")) account.get("customer", text(code, "customer"), "customer");
    if (present(params, "expires_at") && number(params, "expires_at") <= account.now()) {
        refuse("", "expires_at must be in the future.", "expires_at");
    }
    const Object& rules = child(params, "restrictions");
    if (present(rules, "minimum_amount") != present(rules, "minimum_amount_currency")) {
        refuse("", "minimum_amount and minimum_amount_currency go together.", "restrictions");
    }
    copy_params(rules, code["restrictions"].as_object(),
                {"first_time_transaction", "minimum_amount", "minimum_amount_currency"});
    set_minimum_currencies(rules, code["restrictions"].as_object());
    merge_metadata(params, code);
    const Object& added = account.add(std::move(code));
    account.emit("promotion_code.created", added);
    return added;
}

json::value update_code(Call& call) {
    const Object before = call.target("promotion_code", "promotion_code");
    if (flag(call.params, "active") && !flag(before, "active")) {
        Object probe = before;
        probe["active"] = true;
        if (!code_is_active(call.account, probe)) {
            refuse("", "This promotion code is expired or used up and can't be made active.",
                   "active");
        }
        check_code(call.account, text(before, "code"));
    }
    return shown_code(
        call.account,
        call.account.change(text(before, "id"), "promotion_code.updated", [&](Object& code) {
            copy_params(call.params, code, {"active"});
            set_minimum_currencies(child(call.params, "restrictions"),
                                   code["restrictions"].as_object());
            merge_metadata(call.params, code);
        }));
}

bool code_listed(const Call& call, const Object& stored) {
    const Object code = shown_code(call.account, stored);
    const auto wanted = text(call.params, "code");
    const auto coupon = text(call.params, "coupon");
    return (wanted.empty() || upper(wanted) == upper(text(code, "code"))) &&
           (coupon.empty() || coupon == text(child(code, "promotion"), "coupon")) &&
           matches(call, code, "active") && matches(call, code, "customer");
}

// DELETE /v1/customers/{id}/discount and /v1/subscriptions/{id}/discount
json::value remove_discount(Call& call, std::string_view kind) {
    const Object owner = call.target(kind);
    const bool of_customer = kind == "customer";
    const Object discount = child(owner, of_customer ? "discount" : "_discount");
    if (discount.empty()) {
        refuse_missing("discount", text(owner, "id"), "", true);
    }
    if (of_customer) {
        set_customer_discount(call.account, text(owner, "id"), {});
    } else {
        set_subscription_discounts(call.account, text(owner, "id"), {});
    }
    Object gone = discount;
    gone["deleted"] = true;
    gone.erase("end");
    return gone;
}

void add_promotion_code_routes(Routes& routes) {
    routes.on("POST /v1/promotion_codes",
              "coupon<clover:id promotion>=clover{type!:(coupon) coupon:id} code:id active:b "
              "customer:id customer_account:no expires_at:t max_redemptions:i metadata:m "
              "restrictions{first_time_transaction:b minimum_amount:i minimum_amount_currency:id "
              "currency_options{*{minimum_amount:i}}}",
              create_code);
    routes.list("/v1/promotion_codes",
                "active:b code coupon:id customer:id customer_account:no created:any",
                [](Call& call) {
                    return list_page(call, "promotion_code", "/v1/promotion_codes",
                                     [&](const Object& code) { return code_listed(call, code); });
                });
    routes.on("GET /v1/promotion_codes/{id}", "", [](Call& call) -> json::value {
        return shown_code(call.account, call.target("promotion_code", "promotion_code"));
    });
    routes.on("POST /v1/promotion_codes/{id}",
              "active:b metadata:m restrictions{currency_options{*{minimum_amount:i}}}",
              update_code);
}

}  // namespace

void add_coupon_routes(Routes& routes) {
    routes.on("POST /v1/coupons",
              "id:id percent_off:d amount_off:i currency duration:(forever|once|repeating) "
              "duration_in_months:i max_redemptions:i metadata:m name redeem_by:t "
              "applies_to{products[]:id} currency_options{*{amount_off!:i}}",
              create_coupon);
    routes.list("/v1/coupons", "created:any", [](Call& call) {
        return list_page(call, "coupon", "/v1/coupons", [](const Object&) { return true; });
    });
    routes.on("GET /v1/coupons/{id}", "", [](Call& call) -> json::value {
        return shown_coupon(call.account, call.target("coupon", "coupon"));
    });
    routes.on("POST /v1/coupons/{id}", "name metadata:m currency_options{*{amount_off!:i}}",
              update_coupon);
    routes.on("DELETE /v1/coupons/{id}", "", remove_coupon);
    add_promotion_code_routes(routes);
    routes.on("DELETE /v1/customers/{id}/discount", "",
              [](Call& call) { return remove_discount(call, "customer"); });
    routes.on("DELETE /v1/subscriptions/{id}/discount", "",
              [](Call& call) { return remove_discount(call, "subscription"); });
}

}  // namespace paydesk::sandbox::stripe
