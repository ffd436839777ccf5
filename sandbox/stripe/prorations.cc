#include "sandbox/stripe/prorations.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/pricing.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string date_text(std::int64_t at) {
    static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(from_unix(at))};
    return fmt::format("{:02} {} {}", static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()));
}

// What `quantity` of the price costs in a whole period, after the subscription's percentages.
std::int64_t discounted_amount(const Account& account, const Object& subscription,
                               const Object& price, std::int64_t quantity) {
    std::vector<Object> percentages;
    for (const Object& coupon : coupons_of(
             account,
             discounts_for(account, text(subscription, "customer"), text(subscription, "id")))) {
        if (text(coupon, "duration") != "once" && present(coupon, "percent_off")) {
            percentages.push_back(coupon);
        }
    }
    const auto currency = text(subscription, "currency");
    const DiscountedLine line{.amount = amount_of(presented(price, currency), quantity),
                              .product = text(price, "product")};
    return line.amount - discount_total({&line, 1}, percentages, currency);
}

// The invoice line that a credit gives back: {invoice, invoice_line_items}, or null.
json::value credited_items(const Account& account, const Object& subscription, const Object& item) {
    const auto& ids = account.store().ids("invoice");
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const Object& invoice = *account.store().find(*id);
        if (value_of(invoice, "customer") != value_of(subscription, "customer")) continue;
        for (const json::value& value : children(child(invoice, "lines"), "data")) {
            const Object& line = value.get_object();
            const Object& details = child(child(line, "parent"), "subscription_item_details");
            if (value_of(details, "subscription_item") != item.at("id") ||
                number(line, "amount") < 0 ||
                text(child(line, "_price"), "id") != text(child(item, "price"), "id")) {
                continue;
            }
            return Object{
                {"invoice",            *id                       },
                {"invoice_line_items", json::array{line.at("id")}}
            };
        }
    }
    return nullptr;
}

}  // namespace

std::int64_t period_start_of(const Object& subscription) {
    std::int64_t start = 0;
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        start = std::max(start, number(item.get_object(), "current_period_start"));
    }
    return start;
}

void add_proration(Account& account, const Object& subscription, const Object& item,
                   std::string_view what, std::int64_t sign, std::int64_t now) {
    if (item.empty() || is_metered(child(item, "price"))) return;
    const auto start = number(item, "current_period_start");
    const auto end = number(item, "current_period_end");
    const Object& price = child(item, "price");
    const auto quantity = number(item, "quantity", 1);
    const auto amount = sign * prorated(discounted_amount(account, subscription, price, quantity),
                                        end - now, end - start);
    const auto* product = account.store().find("product", text(price, "product"));
    Object line = blank("invoiceitem");
    line["id"] = account.new_id("ii_1");
    line["amount"] = amount;
    line["net_amount"] = amount;
    line["currency"] = subscription.at("currency");
    line["tax_rates"] = children(item, "tax_rates");
    line["customer"] = subscription.at("customer");
    line["date"] = account.now();
    line["description"] = fmt::format("{} {} after {}", what,
                                      product ? text(*product, "name") : "item", date_text(now));
    line["discountable"] = false;
    line["parent"] = Object{
        {"subscription_details",
         Object{{"subscription", subscription.at("id")}, {"subscription_item", item.at("id")}}},
        {"type",                 "subscription_details"                                       }
    };
    line["period"] = Object{
        {"start", now},
        {"end",   end}
    };
    line["pricing"] = Object{
        {"price_details",       Object{{"price", price.at("id")}, {"product", price.at("product")}}},
        {"type",                "price_details"                                                    },
        {"unit_amount_decimal", nullptr                                                            }
    };
    if (sign < 0) line["_credited_items"] = credited_items(account, subscription, item);
    line["proration"] = true;
    line["quantity"] = quantity;
    line["quantity_decimal"] = std::to_string(quantity);
    line["_price"] = price;
    account.emit("invoiceitem.created", account.add(std::move(line)));
}

void credit_unused_time(Account& account, const std::string& id, std::int64_t from) {
    const Object subscription = account.get("subscription", id);
    const auto at = std::max(from, period_start_of(subscription));
    if (at >= period_end_of(subscription)) return;
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        add_proration(account, subscription, item.get_object(), "Unused time on", -1, at);
    }
}

void charge_remaining_time(Account& account, const std::string& id, std::int64_t from) {
    const Object subscription = account.get("subscription", id);
    const auto at = std::max(from, period_start_of(subscription));
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        add_proration(account, subscription, item.get_object(), "Remaining time on", 1, at);
    }
}

}  // namespace paydesk::sandbox::stripe
