#include "sandbox/stripe/subscription_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/render.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

Object plan_from(const Object& price) {
    Object plan = blank("plan");
    const Object& recurring = child(price, "recurring");
    copy_params(price, plan,
                {"id", "active", "billing_scheme", "created", "currency", "livemode", "metadata",
                 "nickname", "product", "tiers_mode"});
    copy_params(recurring, plan,
                {"interval", "interval_count", "meter", "trial_period_days", "usage_type"});
    plan["amount"] = value_of(price, "unit_amount");
    plan["amount_decimal"] = value_of(price, "unit_amount_decimal");
    return plan;
}

std::string date_text(std::int64_t at) {
    static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(from_unix(at))};
    return fmt::format("{:02} {} {}", static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()));
}

// amount * part / whole, half away from zero.
std::int64_t share(std::int64_t amount, std::int64_t part, std::int64_t whole) {
    if (whole <= 0) return 0;
    const __int128 doubled = static_cast<__int128>(amount) * part * 2;
    return static_cast<std::int64_t>((doubled + (amount < 0 ? -whole : whole)) / (2 * whole));
}

struct Change {
    Object before;  // {} for a new item
    Object after;   // {} for a deleted one
};

// New metadata or tax rates are no reason to settle the period that runs.
bool costs_the_same(const Change& change) {
    if (change.before.empty() || change.after.empty()) return false;
    return child(change.before, "price") == child(change.after, "price") &&
           value_of(change.before, "quantity") == value_of(change.after, "quantity");
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

void add_proration(Account& account, const Object& subscription, const Object& item,
                   std::string_view what, std::int64_t sign, std::int64_t now) {
    if (item.empty()) return;
    const auto start = number(item, "current_period_start");
    const auto end = number(item, "current_period_end");
    const Object& price = child(item, "price");
    const auto quantity = number(item, "quantity", 1);
    const auto amount = sign * share(discounted_amount(account, subscription, price, quantity),
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

// The price that a change names; it must have the subscription's currency.
const Object& price_for(const Account& account, const Object& subscription, const Object& wanted,
                        const std::string& param) {
    const Object& price = account.get("price", text(wanted, "price"), param);
    const auto currency = text(subscription, "currency");
    if (is_sold_in(price, currency)) return price;
    refuse("",
           "The price specified only supports `" + text(price, "currency") +
               "`. This doesn't match the expected currency: `" + currency + "`.",
           param);
}

// The items after the changes, and what each change did.
std::vector<Change> apply(Account& account, Object& subscription, const json::array& changes) {
    std::vector<Change> applied;
    auto& items = subscription["items"].as_object()["data"].as_array();
    const auto id = text(subscription, "id");
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const Object& wanted = changes[i].as_object();
        const auto param = "items[" + std::to_string(i) + "]";
        const auto item_id = text(wanted, "id");
        Change change;
        if (item_id.empty()) {
            if (!present(wanted, "price")) refuse_missing_param(param + "[price]");
            const Object& price = price_for(account, subscription, wanted, param + "[price]");
            const Object& sibling = items.front().as_object();
            change.after =
                subscription_item(account, id, price, number(wanted, "quantity", 1),
                                  number(sibling, "current_period_start"),
                                  number(sibling, "current_period_end"), child(wanted, "metadata"));
            change.after["tax_rates"] =
                tax_rates_named(account, children(wanted, "tax_rates"), param + "[tax_rates]");
            items.push_back(change.after);
            applied.push_back(std::move(change));
            continue;
        }
        auto* found = std::find_if(items.begin(), items.end(), [&](const json::value& item) {
            return text(item.get_object(), "id") == item_id;
        });
        if (found == items.end()) {
            refuse_missing("subscription_item", item_id, param + "[id]", false);
        }
        change.before = found->get_object();
        if (flag(wanted, "deleted")) {
            items.erase(found);
        } else {
            Object& item = found->get_object();
            if (present(wanted, "price")) {
                const Object& price = price_for(account, subscription, wanted, param + "[price]");
                if (!present(price, "recurring")) {
                    refuse("",
                           "The price specified is set to `type=one_time` but this field only "
                           "accepts prices with `type=recurring`.",
                           param + "[price]");
                }
                item["price"] = price;
                item["plan"] = plan_from(price);
            }
            if (present(wanted, "quantity")) item["quantity"] = wanted.at("quantity");
            if (wanted.contains("tax_rates")) {
                item["tax_rates"] =
                    tax_rates_named(account, children(wanted, "tax_rates"), param + "[tax_rates]");
            }
            merge_metadata(wanted, item);
            change.after = item;
        }
        if (change.before != change.after) applied.push_back(std::move(change));
    }
    if (items.empty()) refuse("", "A subscription must have at least one active plan.", "items");
    return applied;
}

std::int64_t period_start_of(const Object& subscription) {
    std::int64_t start = 0;
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        start = std::max(start, number(item.get_object(), "current_period_start"));
    }
    return start;
}

bool interval_changed(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
        if (change.before.empty() || change.after.empty()) continue;
        const Object& was = child(child(change.before, "price"), "recurring");
        const Object& is = child(child(change.after, "price"), "recurring");
        if (value_of(was, "interval") != value_of(is, "interval") ||
            value_of(was, "interval_count") != value_of(is, "interval_count")) {
            return true;
        }
    }
    return false;
}

void restart_periods(Object& subscription, std::int64_t now) {
    subscription["billing_cycle_anchor"] = now;
    for (json::value& value : subscription["items"].as_object()["data"].as_array()) {
        Object& item = value.get_object();
        const Object& recurring = child(child(item, "price"), "recurring");
        item["current_period_start"] = now;
        item["current_period_end"] = next_boundary(now, now, text(recurring, "interval"),
                                                   number(recurring, "interval_count", 1));
    }
}

void invoice_now(Account& account, const Object& subscription, bool whole_period) {
    const auto id = text(subscription, "id");
    InvoiceDraft draft{.id = new_invoice_id(account),
                       .customer = text(subscription, "customer"),
                       .currency = text(subscription, "currency"),
                       .billing_reason = "subscription_update",
                       .subscription = id,
                       .period_start = account.now(),
                       .period_end = account.now()};
    if (whole_period) {
        for (const json::value& value : children(child(subscription, "items"), "data")) {
            const Object& item = value.get_object();
            const auto quantity = number(item, "quantity", 1);
            const Object price = presented(child(item, "price"), draft.currency);
            draft.lines.push_back({.price = price,
                                   .quantity = quantity,
                                   .amount = amount_of(price, quantity),
                                   .period_start = number(item, "current_period_start"),
                                   .period_end = number(item, "current_period_end"),
                                   .subscription = id,
                                   .subscription_item = text(item, "id"),
                                   .tax_rates = children(item, "tax_rates"),
                                   .metadata = child(subscription, "metadata")});
        }
    }
    add_pending_items(account, draft.customer, id, draft);
    if (draft.lines.empty()) return;
    account.change(id, "", [&](Object& changed) { changed["latest_invoice"] = draft.id; });
    add_invoice(account, draft);
    finalize_invoice(account, draft.id);
    const Object& invoice = account.get("invoice", draft.id);
    if (text(invoice, "status") != "open") return;
    const auto method = method_for(account, invoice);
    if (method.empty()) return;
    pay_invoice(account, draft.id, {.payment_method = method, .off_session = true});
}

}  // namespace

Object subscription_item(const Account& account, std::string_view subscription, const Object& price,
                         std::int64_t quantity, std::int64_t period_start, std::int64_t period_end,
                         Object metadata) {
    Object item = blank("subscription_item");
    item["id"] = account.new_id("si_", 14);
    item["created"] = account.now();
    item["current_period_start"] = period_start;
    item["current_period_end"] = period_end;
    item["metadata"] = std::move(metadata);
    item["plan"] = plan_from(price);
    item["price"] = price;
    if (text(child(price, "recurring"), "usage_type") == "metered")
        item.erase("quantity");
    else
        item["quantity"] = quantity;
    item["subscription"] = subscription;
    return item;
}

void change_items(Account& account, const std::string& id, const json::array& changes,
                  std::string_view proration_behavior, std::int64_t at) {
    const Object before = account.get("subscription", id);
    std::vector<Change> applied;
    bool restarts = false;
    Object changed = before;
    applied = apply(account, changed, changes);
    if (applied.empty()) return;
    const bool trial = text(before, "status") == "trialing";
    restarts = !trial && interval_changed(applied);
    const auto from = std::clamp(at == 0 ? account.now() : at, period_start_of(before),
                                 std::max(period_start_of(before), period_end_of(before)));
    if (proration_behavior != "none" && !trial) {
        for (const Change& change : applied) {
            if (costs_the_same(change)) continue;
            add_proration(account, before, change.before, "Unused time on", -1, from);
            // A new interval bills its whole first period at once instead.
            if (!restarts) {
                add_proration(account, before, change.after, "Remaining time on", 1, from);
            }
        }
    }
    if (restarts) restart_periods(changed, account.now());
    const Object now = account.change(id, "customer.subscription.updated",
                                      [&](Object& subscription) { subscription = changed; });
    if (restarts || proration_behavior == "always_invoice") invoice_now(account, now, restarts);
}

void add_pending_items(Account& account, const std::string& customer,
                       const std::string& subscription, InvoiceDraft& draft) {
    const auto ids = account.store().ids("invoiceitem");
    for (const auto& id : ids) {
        const auto* item = account.find("invoiceitem", id);
        if (!item || present(*item, "invoice") || text(*item, "customer") != customer) continue;
        const Object& details = child(child(*item, "parent"), "subscription_details");
        const auto of = text(details, "subscription");
        if (!of.empty() && of != subscription) continue;
        if (text(*item, "currency") != draft.currency) continue;
        draft.lines.push_back({.price = child(*item, "_price"),
                               .quantity = number(*item, "quantity", 1),
                               .amount = number(*item, "amount"),
                               .period_start = number(child(*item, "period"), "start"),
                               .period_end = number(child(*item, "period"), "end"),
                               .description = text(*item, "description"),
                               .subscription = of,
                               .subscription_item = text(details, "subscription_item"),
                               .invoice_item = id,
                               .proration = flag(*item, "proration"),
                               .discountable = flag(*item, "discountable", true),
                               .credited_items = value_of(*item, "_credited_items"),
                               .tax_rates = children(*item, "tax_rates"),
                               .metadata = child(*item, "metadata")});
        account.change(id, "", [&](Object& taken) { taken["invoice"] = draft.id; });
    }
}

}  // namespace paydesk::sandbox::stripe
