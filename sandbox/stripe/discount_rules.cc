#include "sandbox/stripe/discount_rules.h"

#include <algorithm>
#include <cctype>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

bool used_up(const Object& object) {
    return present(object, "max_redemptions") &&
           number(object, "times_redeemed") >= number(object, "max_redemptions");
}

void check_coupon(const Account& account, const std::string& id, std::string_view param) {
    const Object& coupon = account.get("coupon", id, param);
    if (coupon_is_valid(account, coupon)) return;
    refuse("coupon_expired", "Coupon expired: " + id, param);
}

bool has_paid_before(const Account& account, const std::string& customer) {
    return std::ranges::any_of(account.store().ids("charge"), [&](const std::string& id) {
        const Object& charge = *account.store().find(id);
        return text(charge, "customer") == customer && text(charge, "status") == "succeeded";
    });
}

Object wanted_of(const Account& account, const Object& code, const Purchase& purchase,
                 std::string_view param) {
    const auto id = text(code, "id");
    if (!code_is_active(account, code)) {
        refuse("promotion_code_expired", "This promotion code is expired or used up.", param);
    }
    if (present(code, "customer") && text(code, "customer") != purchase.customer) {
        refuse("", "This promotion code can't be redeemed by this customer.", param);
    }
    const Object& rules = child(code, "restrictions");
    if (flag(rules, "first_time_transaction") && !purchase.customer.empty() &&
        has_paid_before(account, purchase.customer)) {
        refuse("promotion_code_customer_not_first_time",
               "This promotion code can only be redeemed on a customer's first purchase.", param);
    }
    const Object& elsewhere = child(child(rules, "currency_options"), purchase.currency);
    const bool known = text(rules, "minimum_amount_currency") == purchase.currency;
    if (present(rules, "minimum_amount") && purchase.amount >= 0 &&
        ((!known && elsewhere.empty()) ||
         number(known ? rules : elsewhere, "minimum_amount") > purchase.amount)) {
        refuse("promotion_code_minimum_not_met",
               "This promotion code can't be redeemed: the minimum amount is not reached.", param);
    }
    return {
        {"coupon", child(code, "promotion").at("coupon")},
        {"promotion_code", id}
    };
}

std::string lower(std::string_view given) {
    std::string lowered(given);
    std::ranges::transform(lowered, lowered.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    return lowered;
}

}  // namespace

bool coupon_is_valid(const Account& account, const Object& coupon) {
    if (flag(coupon, "_deleted") || used_up(coupon)) return false;
    return !present(coupon, "redeem_by") || number(coupon, "redeem_by") > account.now();
}

bool code_is_active(const Account& account, const Object& code) {
    if (!flag(code, "active") || used_up(code)) return false;
    if (present(code, "expires_at") && number(code, "expires_at") <= account.now()) return false;
    const auto* coupon = account.store().find("coupon", text(child(code, "promotion"), "coupon"));
    return coupon && coupon_is_valid(account, *coupon);
}

void refresh_promotion_codes(Account& account, const Object& coupon) {
    const Object now = coupon;
    const auto ids = account.store().ids("promotion_code");
    for (const auto& id : ids) {
        if (text(child(*account.store().find(id), "promotion"), "coupon") != text(now, "id")) {
            continue;
        }
        account.change(id, "", [&](Object& code) { code["_coupon"] = now; });
    }
}

json::array wanted_discounts(const Account& account, const Object& params,
                             const Purchase& purchase) {
    json::array given = children(params, "discounts");
    if (present(params, "coupon") || present(params, "promotion_code")) {
        Object one;
        for (const auto* key : {"coupon", "promotion_code"}) {
            if (present(params, key)) one[key] = params.at(key);
        }
        given.push_back(std::move(one));
    }
    json::array wanted;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const Object& one = given[i].get_object();
        const auto at = [&](std::string_view key) {
            return children(params, "discounts").empty()
                       ? std::string(key)
                       : "discounts[" + std::to_string(i) + "][" + std::string(key) + "]";
        };
        if (one.size() != 1) {
            refuse("", "Each discount names exactly one of coupon, promotion_code, discount.",
                   "discounts");
        }
        if (present(one, "coupon")) {
            check_coupon(account, text(one, "coupon"), at("coupon"));
            wanted.push_back(Object{
                {"coupon",         one.at("coupon")},
                {"promotion_code", nullptr         }
            });
        } else if (present(one, "promotion_code")) {
            const Object& code =
                account.get("promotion_code", text(one, "promotion_code"), at("promotion_code"));
            wanted.push_back(wanted_of(account, code, purchase, at("promotion_code")));
        } else {
            account.get("discount", text(one, "discount"), at("discount"));
            wanted.push_back(one);
        }
    }
    return wanted;
}

Object wanted_by_code(const Account& account, std::string_view code, const Purchase& purchase) {
    const auto typed = lower(code);
    const Object* inactive = nullptr;
    for (const auto& id : account.store().ids("promotion_code")) {
        const Object& known = *account.store().find(id);
        if (lower(text(known, "code")) != typed) continue;
        if (code_is_active(account, known)) {
            return wanted_of(account, known, purchase, "promotion_code");
        }
        inactive = &known;
    }
    if (inactive) return wanted_of(account, *inactive, purchase, "promotion_code");
    refuse("resource_missing", "This code is invalid.", "promotion_code");
}

}  // namespace paydesk::sandbox::stripe
