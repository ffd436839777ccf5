#include "sandbox/stripe/subscribing.h"

#include <algorithm>

#include "sandbox/stripe/balance.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/inline_prices.h"
#include "sandbox/stripe/pausing.h"
#include "sandbox/stripe/pending_updates.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/render.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscription_changes.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/taxes.h"
#include "sandbox/stripe/usage_invoicing.h"

namespace paydesk::sandbox::stripe {
namespace {

// What is billed ahead.
std::vector<LineDraft> lines_of(const Object& subscription) {
    std::vector<LineDraft> lines;
    for (const json::value& value : children(child(subscription, "items"), "data")) {
        const Object& item = value.get_object();
        if (is_metered(child(item, "price"))) continue;
        const Object price = presented(child(item, "price"), text(subscription, "currency"));
        const auto quantity = number(item, "quantity", 1);
        lines.push_back({.price = price,
                         .quantity = quantity,
                         .amount = amount_of(price, quantity),
                         .period_start = number(item, "current_period_start"),
                         .period_end = number(item, "current_period_end"),
                         .subscription = text(subscription, "id"),
                         .subscription_item = text(item, "id"),
                         .tax_rates = children(item, "tax_rates"),
                         .metadata = child(subscription, "metadata")});
    }
    return lines;
}

// Of metered items, in a period that begins or was free.
void add_unbilled_usage(const Object& subscription, std::int64_t until, InvoiceDraft& draft) {
    for (const json::value& value : children(child(subscription, "items"), "data")) {
        const Object& item = value.get_object();
        if (!is_metered(child(item, "price"))) continue;
        const auto start = number(item, "current_period_start");
        const auto end = until > 0 ? until : number(item, "current_period_end");
        draft.lines.push_back(unbilled_usage_line(subscription, item, {start, end}));
    }
}

// What is billed at once for the first period: all of it, or its part up to the anchor.
std::int64_t first_period_amount(const SubscriptionOrder& order, const Object& price,
                                 std::int64_t quantity, std::int64_t now) {
    const auto amount = amount_of(price, quantity);
    if (order.anchor <= now) return amount;
    const Object& recurring = child(price, "recurring");
    const auto whole = order.anchor - previous_boundary(order.anchor, text(recurring, "interval"),
                                                        number(recurring, "interval_count", 1));
    return order.bills_until_anchor ? prorated(amount, order.anchor - now, whole) : 0;
}

Object new_subscription(Account& account, const SubscriptionOrder& order, std::string_view status) {
    const auto now = account.now();
    const bool trial = order.trial_end > now;
    Object subscription = blank("subscription");
    const auto id = account.new_id("sub_1");
    subscription["id"] = id;
    subscription["customer"] = order.customer;
    subscription["currency"] = currency_of(account, order);
    subscription["status"] = status;
    subscription["created"] = now;
    subscription["start_date"] = now;
    const bool anchored = order.anchor > now;
    subscription["billing_cycle_anchor"] = anchored ? order.anchor : trial ? order.trial_end : now;
    if (trial) {
        subscription["trial_start"] = now;
        subscription["trial_end"] = order.trial_end;
    }
    json::array items;
    for (const OrderItem& item : order.items) {
        const Object& price = account.get("price", item.price, "price");
        const Object& recurring = child(price, "recurring");
        const auto end = trial      ? order.trial_end
                         : anchored ? order.anchor
                                    : next_boundary(now, now, text(recurring, "interval"),
                                                    number(recurring, "interval_count", 1));
        Object made = subscription_item(account, id, price, item.quantity, now, end, item.metadata);
        made["tax_rates"] = item.tax_rates;
        items.push_back(std::move(made));
    }
    subscription["items"] = list_of("/v1/subscription_items?subscription=" + id, std::move(items));
    for (const auto& [key, value] : order.fields) subscription[key] = value;
    return subscription;
}

}  // namespace

void check_order(const Account& account, const SubscriptionOrder& order, std::string_view param) {
    const Object* first = nullptr;
    for (std::size_t i = 0; i < order.items.size(); ++i) {
        const auto name = std::string(param) + "[" + std::to_string(i) + "][price]";
        const Object& price = account.get("price", order.items[i].price, name);
        if (!is_for_sale(price)) {
            refuse("", "The price specified is inactive. This field only accepts active prices.",
                   name);
        }
        if (!present(price, "recurring")) {
            refuse("",
                   "The price specified is set to `type=one_time` but this field only accepts "
                   "prices with `type=recurring`.",
                   name);
        }
        if (!first) first = &price;
        check_currency(price, currency_of(account, order), name);
        const Object& recurring = child(price, "recurring");
        const Object& expected = child(*first, "recurring");
        if (value_of(recurring, "interval") != value_of(expected, "interval") ||
            value_of(recurring, "interval_count") != value_of(expected, "interval_count")) {
            refuse_unsupported("prices of different intervals on one subscription", name);
        }
    }
}

void check_currency(const Object& price, std::string_view currency, std::string_view param) {
    if (is_sold_in(price, currency)) return;
    refuse("",
           "The price specified only supports `" + text(price, "currency") +
               "`. This doesn't match the expected currency: `" + std::string(currency) + "`.",
           param);
}

Object billing_mode_for(const Object& given, Shape shape) {
    const bool classic = given.empty() ? shape < Shape::clover : text(given, "type") == "classic";
    if (classic)
        return {
            {"flexible", nullptr  },
            {"type",     "classic"}
        };
    const Object& wanted = child(given, "flexible");
    if (text(wanted, "proration_discounts") == "itemized") {
        refuse_unsupported("itemized discounts of prorations",
                           "billing_mode[flexible][proration_discounts]");
    }
    const auto discounts = present(wanted, "proration_discounts") ? wanted.at("proration_discounts")
                                                                  : json::value("included");
    return {
        {"flexible", Object{{"proration_discounts", discounts}}},
        {"type",     "flexible"                                }
    };
}

Object trial_settings_for(const Object& given) {
    Object behavior{
        {"billing_cycle_anchor",   nullptr         },
        {"missing_payment_method", "create_invoice"}
    };
    for (const auto& [key, value] : child(given, "end_behavior")) behavior[key] = value;
    if (text(behavior, "billing_cycle_anchor") == "unchanged") {
        refuse_unsupported("trials that end and leave the billing cycle as it was",
                           "trial_settings[end_behavior][billing_cycle_anchor]");
    }
    return {
        {"end_behavior", std::move(behavior)}
    };
}

std::int64_t first_amount(const Account& account, const SubscriptionOrder& order) {
    std::vector<DiscountedLine> lines;
    std::vector<TaxableLine> taxed;
    const auto currency = currency_of(account, order);
    const auto add = [&](const OrderItem& item) {
        const Object price = presented(account.get("price", item.price), currency);
        if (is_metered(price)) return;
        const auto amount = present(price, "recurring")
                                ? first_period_amount(order, price, item.quantity, account.now())
                                : amount_of(price, item.quantity);
        lines.push_back({.amount = amount, .product = text(price, "product")});
        taxed.push_back(taxable_line(account, price, item.tax_rates, amount));
    };
    for (const OrderItem& item : order.one_time) add(item);
    if (order.trial_end <= account.now()) {
        for (const OrderItem& item : order.items) add(item);
    }
    const auto coupons =
        coupons_of(account, order.discounts.empty() ? discounts_for(account, order.customer, "")
                                                    : order.discounts);
    const auto* known = account.find("customer", order.customer);
    Object owner = known ? *known : Object();
    if (tax_place(owner).empty()) owner["address"] = order.tax_address;
    const auto rules = tax_rules(owner, children(order.fields, "default_tax_rates"),
                                 flag(child(order.fields, "automatic_tax"), "enabled"));
    const auto taken = discount_lines(lines, coupons, currency);
    std::int64_t total = 0;
    for (std::size_t i = 0; i < taxed.size(); ++i) {
        for (const auto& by_coupon : taken) taxed[i].amount -= by_coupon[i];
        total += taxed[i].amount + added_tax(taxes_of(taxed[i], rules));
    }
    return due_of(account, order.customer, total, currency).amount;
}

std::string currency_of(const Account& account, const SubscriptionOrder& order) {
    if (!order.currency.empty()) return order.currency;
    std::vector<const Object*> prices;
    for (const auto* items : {&order.items, &order.one_time}) {
        for (const OrderItem& item : *items) prices.push_back(&account.get("price", item.price));
    }
    if (prices.empty()) return "usd";
    const auto* customer = account.find("customer", order.customer);
    const auto theirs = customer ? text(*customer, "currency") : std::string();
    const bool sold = std::ranges::all_of(
        prices, [&](const Object* price) { return is_sold_in(*price, theirs); });
    return sold ? theirs : text(*prices.front(), "currency");
}

std::string begin_subscription(Account& account, const SubscriptionOrder& order,
                               std::string_view status, const std::string& invoice,
                               std::string_view intent) {
    const bool trial = order.trial_end > account.now();
    Object fresh = new_subscription(account, order, status);
    // In flexible billing mode a trial begins without an invoice of nothing.
    const bool anchored = order.anchor > account.now();
    const bool free_until_anchor = anchored && !order.bills_until_anchor;
    const bool billed = (!trial && !free_until_anchor) || !order.one_time.empty() ||
                        text(child(fresh, "billing_mode"), "type") == "classic";
    if (billed) fresh["latest_invoice"] = invoice;
    const auto id = text(account.add(std::move(fresh)), "id");
    if (!order.discounts.empty()) set_subscription_discounts(account, id, order.discounts);
    const Object subscription = account.get("subscription", id);
    account.emit("customer.subscription.created", subscription);
    const auto currency = text(subscription, "currency");
    account.change(order.customer, "customer.updated", [&](Object& customer) {
        if (!present(customer, "currency")) customer["currency"] = currency;
    });
    if (trial && order.trial_end - account.now() < trial_notice_seconds) {
        account.emit("customer.subscription.trial_will_end", subscription);
    }
    if (!billed) return id;

    InvoiceDraft draft{.id = invoice,
                       .customer = order.customer,
                       .currency = currency,
                       .billing_reason = "subscription_create",
                       .subscription = id,
                       .period_start = account.now(),
                       .period_end = account.now(),
                       .lines = lines_of(subscription)};
    for (LineDraft& line : draft.lines) {
        line.amount =
            trial ? 0 : first_period_amount(order, line.price, line.quantity, account.now());
        line.proration = anchored && !trial;
    }
    add_unbilled_usage(subscription, 0, draft);
    for (const OrderItem& item : order.one_time) {
        const Object price = presented(account.get("price", item.price), currency);
        draft.lines.push_back({.price = price,
                               .quantity = item.quantity,
                               .amount = amount_of(price, item.quantity),
                               .period_start = account.now(),
                               .period_end = account.now(),
                               .subscription = id,
                               .invoice_item = account.new_id("ii_1"),
                               .tax_rates = item.tax_rates,
                               .metadata = item.metadata});
    }
    if (order.invoice_waits) {
        draft.fields["automatically_finalizes_at"] = account.now() + 3600;
        draft.fields["_collected_later"] = true;
        add_invoice(account, draft);
        return id;
    }
    add_invoice(account, draft);
    finalize_invoice(account, invoice, intent);
    const auto* paying = account.find("payment_intent", intent);
    if (paying && text(*paying, "status") == "succeeded") settle_invoice(account, invoice);
    if (paying && text(*paying, "status") == "processing")
        note_processing_payment(account, invoice);
    return id;
}

std::int64_t period_end_of(const Object& subscription) {
    std::int64_t end = 0;
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        const auto item_end = number(item.get_object(), "current_period_end");
        end = end == 0 ? item_end : std::min(end, item_end);
    }
    return end;
}

void renew_subscription(Account& account, const std::string& id) {
    const auto invoice = new_invoice_id(account);
    const Object before = account.get("subscription", id);
    const auto ended = period_end_of(before);
    std::int64_t began = 0;
    const Object renewed =
        account.change(id, "customer.subscription.updated", [&](Object& subscription) {
            const auto status = text(subscription, "status");
            if (status == "trialing" || status == "paused") subscription["status"] = "active";
            subscription["latest_invoice"] = invoice;
            for (json::value& value : subscription["items"].as_object()["data"].as_array()) {
                Object& item = value.get_object();
                const Object& recurring = child(child(item, "price"), "recurring");
                began = number(item, "current_period_start");
                item["current_period_start"] = ended;
                item["current_period_end"] = next_boundary(
                    number(subscription, "billing_cycle_anchor"), ended,
                    text(recurring, "interval"), number(recurring, "interval_count", 1));
            }
        });
    InvoiceDraft draft{.id = invoice,
                       .customer = text(renewed, "customer"),
                       .currency = text(renewed, "currency"),
                       .billing_reason = "subscription_cycle",
                       .subscription = id,
                       .period_start = began,
                       .period_end = ended,
                       .lines = lines_of(renewed)};
    const auto status = text(before, "status");
    if (status == "trialing" || status == "paused")
        add_unbilled_usage(before, ended, draft);
    else
        add_usage_lines(account, before, ended, LastSecond::excluded, draft);
    add_pending_items(account, text(renewed, "customer"), id, draft);
    add_invoice(account, draft);
}

void end_trial(Account& account, const std::string& id) {
    const Object& subscription = account.get("subscription", id);
    const bool has_method =
        present(subscription, "default_payment_method") ||
        present(child(account.get("customer", text(subscription, "customer")), "invoice_settings"),
                "default_payment_method");
    const auto otherwise = text(child(child(subscription, "trial_settings"), "end_behavior"),
                                "missing_payment_method");
    if (has_method || otherwise == "create_invoice") {
        renew_subscription(account, id);
    } else if (otherwise == "cancel") {
        cancel_subscription(account, id, "cancellation_requested");
    } else {
        pause_subscription(account, id, "trial_end_without_payment_method");
    }
}

Refusal action_required() {
    return {.status = 402,
            .type = "card_error",
            .code = "subscription_payment_intent_requires_action",
            .message =
                "Payment for this subscription requires additional user action before it can be "
                "completed successfully."};
}

void refuse_no_method() {
    refuse("resource_missing",
           "This customer has no attached payment source or default payment method. Please "
           "consider adding a default payment method. For more information, visit "
           "https://stripe.com/docs/billing/subscriptions/payment-methods-setting");
}

}  // namespace paydesk::sandbox::stripe
