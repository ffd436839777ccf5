#include "sandbox/stripe/usage_invoicing.h"

#include <algorithm>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoice_lines.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscription_items.h"

namespace paydesk::sandbox::stripe {
namespace {

LineDraft line_for(const Object& subscription, const Object& item, Span period) {
    return {.price = presented(child(item, "price"), text(subscription, "currency")),
            .quantity = 0,
            .period_start = period.start,
            .period_end = period.end,
            .subscription = text(subscription, "id"),
            .subscription_item = text(item, "id"),
            .tax_rates = children(item, "tax_rates"),
            .metadata = child(subscription, "metadata"),
            .usage = Decimal()};
}

// An item that came or was priced anew in the middle of a period counts from there.
std::int64_t counts_from(const Object& item) {
    return std::max(number(item, "current_period_start"), number(item, "_usage_since"));
}

std::int64_t counted_until(std::int64_t end, LastSecond last) {
    return last == LastSecond::included ? end + 1 : end;
}

// A draft's line, counted anew. Keeps its id.
bool recount_line(const Account& account, const Object& invoice, Object& line) {
    const Object& period = child(line, "period");
    const Object& details = child(child(line, "parent"), "subscription_item_details");
    const Object price = presented(child(line, "_price"), text(invoice, "currency"));
    const auto used =
        usage_of(account, price, text(invoice, "customer"), text(details, "subscription_item"),
                 {number(period, "start"), number(line, "_counts_until")});
    if (used.to_string() == text(line, "quantity_decimal")) return false;
    const LineDraft counted{.price = price, .usage = used};
    const auto amount = amount_of(counted.price, used);
    line["amount"] = amount;
    line["subtotal"] = amount;
    line["quantity"] = whole_part(used);
    line["quantity_decimal"] = used.to_string();
    line["description"] = line_description(account, counted);
    return true;
}

}  // namespace

LineDraft unbilled_usage_line(const Object& subscription, const Object& item, Span period) {
    return line_for(subscription, item, period);
}

void add_usage_lines(const Account& account, const Object& subscription, std::int64_t until,
                     LastSecond last, InvoiceDraft& draft) {
    for (const json::value& value : children(child(subscription, "items"), "data")) {
        const Object& item = value.get_object();
        if (!is_metered(child(item, "price"))) continue;
        const Span period{counts_from(item), until};
        LineDraft line = line_for(subscription, item, period);
        line.counts_until = counted_until(until, last);
        line.usage = usage_of(account, line.price, text(subscription, "customer"),
                              line.subscription_item, {period.start, line.counts_until});
        line.amount = amount_of(line.price, *line.usage);
        draft.lines.push_back(std::move(line));
    }
}

void recount_usage(Account& account, const std::string& id) {
    const auto counting = [](const json::value& line) {
        return line.get_object().contains("_counts_until");
    };
    if (std::ranges::none_of(children(child(account.get("invoice", id), "lines"), "data"),
                             counting)) {
        return;
    }
    account.change(id, "invoice.updated", [&](Object& invoice) {
        bool changed = false;
        for (json::value& line : invoice["lines"].as_object()["data"].as_array()) {
            if (!counting(line)) continue;
            changed = recount_line(account, invoice, line.get_object()) || changed;
            line.get_object().erase("_counts_until");
        }
        if (changed) total_up(account, invoice);
    });
    end_used_discounts(account, account.get("invoice", id));
}

std::string add_last_invoice(Account& account, const std::string& id, LastSecond last,
                             std::string_view billing_reason) {
    const Object subscription = account.get("subscription", id);
    const auto now = account.now();
    InvoiceDraft draft{.id = new_invoice_id(account),
                       .customer = text(subscription, "customer"),
                       .currency = text(subscription, "currency"),
                       .billing_reason = std::string(billing_reason),
                       .subscription = id,
                       .period_start = now,
                       .period_end = now};
    const auto status = text(subscription, "status");
    if (status != "trialing" && status != "incomplete" && status != "paused") {
        add_usage_lines(account, subscription, now, last, draft);
    }
    for (const LineDraft& line : draft.lines) {
        draft.period_start = std::min(draft.period_start, line.period_start);
    }
    add_pending_items(account, draft.customer, id, draft);
    if (draft.lines.empty()) return {};
    account.change(id, "", [&](Object& changed) { changed["latest_invoice"] = draft.id; });
    add_invoice(account, draft);
    return draft.id;
}

void keep_usage_for_later(Account& account, const Object& subscription, const Object& item,
                          LastSecond last) {
    const Span period{counts_from(item), account.now()};
    const Object price = presented(child(item, "price"), text(subscription, "currency"));
    if (!is_metered(price)) return;
    const auto used = usage_of(account, price, text(subscription, "customer"), text(item, "id"),
                               {period.start, counted_until(period.end, last)});
    if (used.is_zero()) return;
    Object waiting = blank("invoiceitem");
    waiting["id"] = account.new_id("ii_1");
    const auto amount = amount_of(price, used);
    waiting["amount"] = amount;
    waiting["net_amount"] = amount;
    waiting["currency"] = subscription.at("currency");
    waiting["tax_rates"] = children(item, "tax_rates");
    waiting["customer"] = subscription.at("customer");
    waiting["date"] = account.now();
    waiting["description"] = line_description(account, {.price = price, .usage = used});
    waiting["parent"] = Object{
        {"subscription_details",
         Object{{"subscription", subscription.at("id")}, {"subscription_item", item.at("id")}}},
        {"type",                 "subscription_details"                                       }
    };
    waiting["period"] = Object{
        {"start", period.start},
        {"end",   period.end  }
    };
    waiting["pricing"] = Object{
        {"price_details", Object{{"price", price.at("id")}, {"product", price.at("product")}}},
        {"type", "price_details"},
        {"unit_amount_decimal", value_of(price, "unit_amount_decimal")}
    };
    waiting["quantity"] = whole_part(used);
    waiting["quantity_decimal"] = used.to_string();
    waiting["_usage"] = true;
    waiting["_price"] = price;
    account.emit("invoiceitem.created", account.add(std::move(waiting)));
}

}  // namespace paydesk::sandbox::stripe
