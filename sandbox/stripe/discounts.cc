#include "sandbox/stripe/discounts.h"

#include <algorithm>
#include <numeric>

#include "base/money.h"
#include "sandbox/stripe/discount_rules.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t percent_scale = 1'000'000;  // 100 % with four decimals

bool applies(const Object& coupon, const DiscountedLine& line) {
    if (!line.discountable) return false;
    const auto& products = children(child(coupon, "_applies_to"), "products");
    return products.empty() ||
           std::ranges::find(products, json::value(line.product)) != products.end();
}

std::vector<std::int64_t> fixed_amounts(std::int64_t off, std::span<const std::int64_t> left,
                                        std::string_view currency) {
    const auto all = std::accumulate(left.begin(), left.end(), std::int64_t{0});
    std::vector<std::int64_t> taken(left.size(), 0);
    const auto known = Currency::parse(currency);
    if (all == 0 || !known) return taken;
    const auto parts = Money(std::min(off, all), *known).allocate(left);
    for (std::size_t i = 0; i < parts.size(); ++i) taken[i] = parts[i].minor_units();
    return taken;
}

// 0 in a currency that the coupon does not have.
std::int64_t amount_off_in(const Object& coupon, std::string_view currency) {
    if (text(coupon, "currency") == currency) return number(coupon, "amount_off");
    return number(child(child(coupon, "_currency_options"), currency), "amount_off");
}

// `by`: 1, or -1 to give it back.
void count_redemption(Account& account, const Object& wanted, std::int64_t by) {
    const auto count = [by](Object& changed, std::string_view usable) {
        const auto most = number(changed, "max_redemptions");
        const bool was_full = most > 0 && number(changed, "times_redeemed") >= most;
        const auto times = number(changed, "times_redeemed") + by;
        changed["times_redeemed"] = times;
        const bool is_full = most > 0 && times >= most;
        if (is_full != was_full) changed[usable] = !is_full;
    };
    const Object& coupon = account.change(text(wanted, "coupon"), "",
                                          [&](Object& changed) { count(changed, "valid"); });
    refresh_promotion_codes(account, coupon);
    if (!present(wanted, "promotion_code")) return;
    account.change(text(wanted, "promotion_code"), "promotion_code.updated",
                   [&](Object& changed) { count(changed, "active"); });
}

json::value end_of(const Account& account, const Object& coupon) {
    if (text(coupon, "duration") != "repeating") return nullptr;
    return next_boundary(account.now(), account.now(), "month",
                         number(coupon, "duration_in_months", 1));
}

void end_discount(Account& account, const Object& discount) {
    const Object& ended =
        account.change(text(discount, "id"), "", [](Object& changed) { changed["_ended"] = true; });
    account.emit("customer.discount.deleted", ended);
}

bool lasts(const Account& account, const Object& discount) {
    if (flag(discount, "_ended")) return false;
    return !present(discount, "end") || number(discount, "end") > account.now();
}

json::array ids_of(const json::array& discounts) {
    json::array ids;
    for (const json::value& discount : discounts) ids.push_back(discount.get_object().at("id"));
    return ids;
}

json::value first_of(const json::array& discounts) {
    return discounts.empty() ? json::value(nullptr) : discounts.front();
}

std::vector<DiscountedLine> lines_in(const Object& invoice) {
    std::vector<DiscountedLine> lines;
    for (const json::value& value : children(child(invoice, "lines"), "data")) {
        const Object& line = value.get_object();
        lines.push_back({.amount = number(line, "amount"),
                         .discountable = flag(line, "discountable", true),
                         .product = text(child(line, "_price"), "product")});
    }
    return lines;
}

Object credit_of(std::int64_t amount, const json::value& discount) {
    return {
        {"amount",   amount    },
        {"discount", discount  },
        {"type",     "discount"}
    };
}

Object discount_amount(std::int64_t amount, const json::value& discount) {
    return {
        {"amount",   amount  },
        {"discount", discount}
    };
}

}  // namespace

std::vector<std::vector<std::int64_t>> discount_lines(std::span<const DiscountedLine> lines,
                                                      std::span<const Object> coupons,
                                                      std::string_view currency) {
    std::vector<std::int64_t> left;
    for (const DiscountedLine& line : lines) {
        left.push_back(line.discountable ? std::max<std::int64_t>(line.amount, 0) : 0);
    }
    std::vector<std::vector<std::int64_t>> all;
    for (const Object& coupon : coupons) {
        std::vector<std::int64_t> open(lines.size(), 0);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (applies(coupon, lines[i])) open[i] = left[i];
        }
        std::vector<std::int64_t> taken(lines.size(), 0);
        if (present(coupon, "amount_off")) {
            taken = fixed_amounts(amount_off_in(coupon, currency), open, currency);
        } else {
            const auto percent = number(coupon, "_percent");
            for (std::size_t i = 0; i < lines.size(); ++i) {
                const __int128 exact = static_cast<__int128>(open[i]) * percent;
                taken[i] = static_cast<std::int64_t>((exact + percent_scale / 2) / percent_scale);
            }
        }
        for (std::size_t i = 0; i < lines.size(); ++i) left[i] -= taken[i];
        all.push_back(std::move(taken));
    }
    return all;
}

std::int64_t discount_total(std::span<const DiscountedLine> lines, std::span<const Object> coupons,
                            std::string_view currency) {
    std::int64_t total = 0;
    for (const auto& taken : discount_lines(lines, coupons, currency)) {
        total = std::accumulate(taken.begin(), taken.end(), total);
    }
    return total;
}

std::vector<Object> coupons_of(const Account& account, const json::array& wanted) {
    std::vector<Object> coupons;
    for (const json::value& value : wanted) {
        const Object& entry = value.get_object();
        if (present(entry, "_coupon")) {
            coupons.push_back(child(entry, "_coupon"));
        } else if (present(entry, "discount")) {
            coupons.push_back(
                child(account.get("discount", text(entry, "discount"), "discounts"), "_coupon"));
        } else {
            coupons.push_back(account.get("coupon", text(entry, "coupon"), "coupon"));
        }
    }
    return coupons;
}

json::array add_discounts(Account& account, const json::array& wanted, const Object& fields,
                          bool announced) {
    json::array discounts;
    for (const json::value& value : wanted) {
        const Object& entry = value.get_object();
        if (present(entry, "discount")) {
            discounts.push_back(account.get("discount", text(entry, "discount"), "discounts"));
            continue;
        }
        count_redemption(account, entry, 1);
        const Object& coupon = account.get("coupon", text(entry, "coupon"), "coupon");
        Object discount = blank("discount");
        discount["id"] = account.new_id("di_1");
        discount["start"] = account.now();
        discount["end"] = end_of(account, coupon);
        discount["promotion_code"] = value_of(entry, "promotion_code");
        discount["source"] = Object{
            {"coupon", coupon.at("id")},
            {"type",   "coupon"       }
        };
        discount["_coupon"] = coupon;
        for (const auto& [key, field] : fields) discount[key] = field;
        const Object& added = account.add(std::move(discount));
        discounts.push_back(added);
        if (announced && present(fields, "customer")) {
            account.emit("customer.discount.created", added);
        }
    }
    return discounts;
}

json::array begin_subscription_discounts(Account& account, const std::string& id,
                                         const json::array& wanted) {
    const json::array old = children(account.get("subscription", id), "discounts");
    const json::array discounts = add_discounts(
        account, wanted,
        Object{
            {"customer", account.get("subscription", id).at("customer")},
            {"subscription", id}
    });
    json::array begun;
    for (const json::value& each : ids_of(discounts)) {
        if (std::ranges::find(old, each) == old.end()) begun.push_back(each);
    }
    account.change(id, "", [&](Object& subscription) {
        subscription["discounts"] = ids_of(discounts);
        subscription["_discount"] = first_of(discounts);
    });
    return begun;
}

void end_replaced_discounts(Account& account, const Object& before) {
    const json::array ids = children(account.get("subscription", text(before, "id")), "discounts");
    for (const json::value& old : children(before, "discounts")) {
        if (std::ranges::find(ids, old) != ids.end()) continue;
        const Object& discount = account.get("discount", std::string(old.as_string()));
        if (!flag(discount, "_ended")) end_discount(account, discount);
    }
}

void take_back_discounts(Account& account, const json::array& begun) {
    for (const json::value& id : begun) {
        const Object discount = account.get("discount", std::string(id.as_string()));
        if (!flag(discount, "_ended")) end_discount(account, discount);
        count_redemption(account,
                         {
                             {"coupon", child(discount, "_coupon").at("id")},
                             {"promotion_code", discount.at("promotion_code")}
        },
                         -1);
    }
}

void set_subscription_discounts(Account& account, const std::string& id,
                                const json::array& wanted) {
    const Object before = account.get("subscription", id);
    begin_subscription_discounts(account, id, wanted);
    end_replaced_discounts(account, before);
}

void set_customer_discount(Account& account, const std::string& id, const json::array& wanted) {
    const Object before = child(account.get("customer", id), "discount");
    const bool switched = !before.empty() && !wanted.empty();
    const json::array discounts = add_discounts(account, wanted,
                                                Object{
                                                    {"customer", id}
    },
                                                !switched);
    if (switched) {
        account.change(text(before, "id"), "", [](Object& ended) { ended["_ended"] = true; });
        account.emit("customer.discount.updated", discounts.front().get_object(), &before);
    } else if (!before.empty()) {
        end_discount(account, before);
    }
    account.change(id, "customer.updated",
                   [&](Object& customer) { customer["discount"] = first_of(discounts); });
}

json::array discounts_for(const Account& account, const std::string& customer,
                          const std::string& subscription) {
    json::array found;
    if (const auto* object = account.find("subscription", subscription)) {
        for (const json::value& id : children(*object, "discounts")) {
            const auto* discount = account.find("discount", std::string(id.as_string()));
            if (discount && lasts(account, *discount)) found.push_back(*discount);
        }
    }
    const auto* owner = account.find("customer", customer);
    if (found.empty() && owner && present(*owner, "discount")) {
        const auto* discount = account.find("discount", text(child(*owner, "discount"), "id"));
        if (discount && lasts(account, *discount)) found.push_back(*discount);
    }
    return found;
}

void end_used_discounts(Account& account, const Object& invoice) {
    const auto subscription =
        text(child(child(invoice, "parent"), "subscription_details"), "subscription");
    std::vector<std::string> ended;
    for (const json::value& value : children(invoice, "total_discount_amounts")) {
        const Object& taken = value.get_object();
        const auto id = text(taken, "discount");
        const Object& discount = account.get("discount", id);
        const bool once = text(child(discount, "_coupon"), "duration") == "once";
        if (once && number(taken, "amount") > 0) ended.push_back(id);
    }
    if (const auto* object = account.find("subscription", subscription)) {
        for (const json::value& id : children(*object, "discounts")) {
            const Object& discount = account.get("discount", std::string(id.as_string()));
            if (!lasts(account, discount)) ended.push_back(text(discount, "id"));
        }
    }
    for (const auto& id : ended) {
        const Object discount = account.get("discount", id);
        if (flag(discount, "_ended") || !present(discount, "customer")) continue;
        end_discount(account, discount);
        if (present(discount, "subscription")) {
            account.change(text(discount, "subscription"), "", [&](Object& changed) {
                json::array kept;
                for (const json::value& known : children(changed, "discounts")) {
                    if (known.as_string() != id) kept.push_back(known);
                }
                changed["_discount"] =
                    kept.empty() ? json::value(nullptr)
                                 : json::value(account.get("discount",
                                                           std::string(kept.front().as_string())));
                changed["discounts"] = std::move(kept);
            });
        } else {
            account.change(text(discount, "customer"), "customer.updated",
                           [](Object& customer) { customer["discount"] = nullptr; });
        }
    }
}

void total_up(const Account& account, Object& invoice) {
    json::array discounts;
    for (const json::value& id : children(invoice, "discounts")) {
        discounts.push_back(account.get("discount", std::string(id.as_string())));
    }
    const auto lines = lines_in(invoice);
    const auto taken =
        discount_lines(lines, coupons_of(account, discounts), text(invoice, "currency"));
    std::int64_t subtotal = 0;
    for (const DiscountedLine& line : lines) subtotal += line.amount;
    std::int64_t total = subtotal;
    json::array amounts, credits;
    auto& objects = invoice["lines"].as_object()["data"].as_array();
    for (json::value& line : objects) {
        line.get_object()["discount_amounts"] = json::array();
        line.get_object()["pretax_credit_amounts"] = json::array();
    }
    for (std::size_t d = 0; d < taken.size(); ++d) {
        const json::value id = discounts[d].get_object().at("id");
        const auto all = std::accumulate(taken[d].begin(), taken[d].end(), std::int64_t{0});
        total -= all;
        amounts.push_back(discount_amount(all, id));
        credits.push_back(credit_of(all, id));
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (!lines[i].discountable) continue;
            Object& line = objects[i].get_object();
            line["discount_amounts"].as_array().push_back(discount_amount(taken[d][i], id));
            line["pretax_credit_amounts"].as_array().push_back(credit_of(taken[d][i], id));
        }
    }
    invoice["_discount"] = first_of(discounts);
    invoice["total_discount_amounts"] = std::move(amounts);
    invoice["total_pretax_credit_amounts"] = std::move(credits);
    invoice["subtotal"] = subtotal;
    invoice["total"] = total;
    tax_invoice(account, invoice);
    total = number(invoice, "total");
    // What is owed to the customer is never charged; it goes to their balance.
    invoice["amount_due"] = std::max<std::int64_t>(total, 0);
    invoice["amount_remaining"] = std::max<std::int64_t>(total, 0);
}

}  // namespace paydesk::sandbox::stripe
