#include "sandbox/stripe/invoice_editing.h"

#include <algorithm>

#include "base/money.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoice_lines.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string inside(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "[" + name + "]";
}

void change_lines(Account& account, const std::string& invoice,
                  const std::function<void(json::array&)>& edit) {
    account.change(invoice, "invoice.updated", [&](Object& changed) {
        edit(changed["lines"].as_object()["data"].as_array());
        total_up(account, changed);
    });
}

Object made_line(const Account& account, const std::string& invoice, const LineDraft& line) {
    InvoiceDraft draft{.id = invoice,
                       .customer = {},
                       .currency = text(account.get("invoice", invoice), "currency"),
                       .billing_reason = {}};
    return line_object(account, draft, line);
}

json::array::iterator find_line(json::array& lines, std::string_view id) {
    return std::ranges::find_if(
        lines, [&](const json::value& line) { return text(line.get_object(), "id") == id; });
}

// The price that a call names or describes; {} when it does neither.
Object price_of(Account& account, const Object& wanted, const std::string& path) {
    const Object& pricing = child(wanted, "pricing");
    const bool nested = present(pricing, "price");
    const auto named = nested ? text(pricing, "price") : text(wanted, "price");
    const auto here = inside(path, nested ? "pricing" : "price");
    if (!named.empty()) return account.get("price", named, nested ? here + "[price]" : here);
    if (!present(wanted, "price_data")) return {};
    const auto id =
        text(add_price(account, child(wanted, "price_data"), inside(path, "price_data")), "id");
    return account.change(id, "", [](Object& price) { price["active"] = false; });
}

// Of a unit amount that stands in the call itself; a negative one is a credit.
std::int64_t own_amount(const Object& wanted, std::int64_t quantity) {
    auto decimal = present(wanted, "unit_amount")
                       ? std::to_string(number(wanted, "unit_amount"))
                       : shortest_decimal(text(wanted, "unit_amount_decimal"));
    const bool credit = decimal.starts_with('-');
    if (credit) decimal.erase(0, 1);
    const auto amount = amount_of(
        Object{
            {"unit_amount_decimal", decimal}
    },
        quantity);
    return credit ? -amount : amount;
}

void set_price(Object& item, const Object& price, std::int64_t quantity, const std::string& path) {
    if (present(price, "recurring")) {
        refuse("",
               "The price specified is set to `type=recurring` but this field only accepts "
               "prices with `type=one_time`.",
               inside(path, "pricing[price]"));
    }
    // What has no currency yet takes the price's.
    if (!present(item, "currency")) item["currency"] = price.at("currency");
    const auto currency = text(item, "currency");
    if (!is_sold_in(price, currency)) {
        refuse("",
               "The price specified only supports `" + text(price, "currency") +
                   "`. This doesn't match the expected currency: `" + currency + "`.",
               inside(path, "pricing[price]"));
    }
    const Object billed = presented(price, currency);
    item["amount"] = amount_of(billed, quantity);
    item["pricing"] = Object{
        {"price_details", Object{{"price", price.at("id")}, {"product", price.at("product")}}},
        {"type", "price_details"},
        {"unit_amount_decimal", value_of(billed, "unit_amount_decimal")}
    };
    item["_price"] = price;
}

}  // namespace

const std::string_view item_listing =
    "amount:i currency:id description discountable:b metadata:m period{start!:t end!:t} price:id "
    "pricing{price:id} price_data{currency! product:id product_data{name! description images[]:id "
    "metadata:m tax_code tax_details{performance_location tax_code} unit_label} "
    "tax_behavior:(exclusive|inclusive|unspecified) unit_amount:i unit_amount_decimal:d} "
    "quantity:i tax_rates[]:id unit_amount:i unit_amount_decimal:d ";

const Object& draft_invoice(const Account& account, const std::string& id, std::string_view param) {
    const Object& invoice = account.get("invoice", id, param);
    if (text(invoice, "status") == "draft") return invoice;
    refuse("invoice_not_editable", "This invoice is no longer editable: it isn't a draft.", param);
}

void fill_item(Account& account, const Object& wanted, Object& item, const std::string& path) {
    if (present(wanted, "currency")) {
        const auto currency = Currency::parse(text(wanted, "currency"));
        if (!currency) {
            refuse("", "Invalid currency: " + text(wanted, "currency"), inside(path, "currency"));
        }
        if (present(item, "currency") && text(item, "currency") != currency->lower_code()) {
            refuse("", "The currency can't change: it is " + text(item, "currency") + ".",
                   inside(path, "currency"));
        }
        item["currency"] = currency->lower_code();
    }
    const auto quantity = number(wanted, "quantity", number(item, "quantity", 1));
    if (quantity < 0) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 0.",
               inside(path, "quantity"));
    }
    // Of usage, which may have a fraction, only what the call itself names is changed.
    if (present(wanted, "quantity")) {
        item["quantity"] = quantity;
        item["quantity_decimal"] = std::to_string(quantity);
        item.erase("_usage");
    }
    Object price = price_of(account, wanted, path);
    const bool unit = present(wanted, "unit_amount") || present(wanted, "unit_amount_decimal");
    if (price.empty() && !unit && present(wanted, "quantity")) price = child(item, "_price");
    if (!price.empty()) {
        set_price(item, price, quantity, path);
    } else if (unit) {
        item["amount"] = own_amount(wanted, quantity);
    } else if (present(wanted, "amount")) {
        item["amount"] = wanted.at("amount");
    }
    if (!present(item, "currency")) item["currency"] = "usd";
    copy_params(wanted, item, {"description", "discountable", "period"});
    if (wanted.contains("tax_rates")) {
        item["tax_rates"] =
            tax_rates_named(account, children(wanted, "tax_rates"), inside(path, "tax_rates"));
    }
    merge_metadata(wanted, item);
    item["net_amount"] = item.at("amount");
}

LineDraft line_of_item(const Object& item) {
    const Object& details = child(child(item, "parent"), "subscription_details");
    const Object& price = child(item, "_price");
    LineDraft line{.price = price.empty() ? price : presented(price, text(item, "currency")),
                   .quantity = number(item, "quantity", 1),
                   .amount = number(item, "amount"),
                   .period_start = number(child(item, "period"), "start"),
                   .period_end = number(child(item, "period"), "end"),
                   .description = text(item, "description"),
                   .subscription = text(details, "subscription"),
                   .subscription_item = text(details, "subscription_item"),
                   .invoice_item = text(item, "id"),
                   .proration = flag(item, "proration"),
                   .discountable = flag(item, "discountable", true),
                   .credited_items = value_of(item, "_credited_items"),
                   .tax_rates = children(item, "tax_rates"),
                   .metadata = child(item, "metadata")};
    if (flag(item, "_usage")) {
        line.usage = Decimal::parse(text(item, "quantity_decimal")).value();
    }
    return line;
}

void add_line(Account& account, const std::string& invoice, const LineDraft& line) {
    Object made = made_line(account, invoice, line);
    change_lines(account, invoice, [&](json::array& lines) { lines.push_back(std::move(made)); });
}

void replace_line(Account& account, const std::string& invoice, const std::string& id,
                  const LineDraft& by) {
    Object made = made_line(account, invoice, by);
    made["id"] = id;
    change_lines(account, invoice,
                 [&](json::array& lines) { *find_line(lines, id) = std::move(made); });
}

void remove_line(Account& account, const std::string& invoice, const std::string& id) {
    change_lines(account, invoice, [&](json::array& lines) { lines.erase(find_line(lines, id)); });
}

std::string line_from_item(const Object& invoice, std::string_view item) {
    for (const json::value& value : children(child(invoice, "lines"), "data")) {
        const Object& parent = child(value.get_object(), "parent");
        for (const auto* key : {"invoice_item_details", "subscription_item_details"}) {
            if (text(child(parent, key), "invoice_item") == item) {
                return text(value.get_object(), "id");
            }
        }
    }
    return {};
}

}  // namespace paydesk::sandbox::stripe
