#include "sandbox/stripe/checkout_lines.h"

#include "base/money.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/taxes.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

Object line_of(Account& account, const Object& wanted, std::size_t index,
               const std::string& asked) {
    const auto path = "line_items[" + std::to_string(index) + "]";
    std::string id = text(wanted, "price");
    const Object& data = child(wanted, "price_data");
    if (id.empty() && data.empty()) refuse_missing_param(path + "[price]");
    if (id.empty()) {
        id = text(add_price(account, data, path + "[price_data]"), "id");
        account.change(id, "", [](Object& price) { price["active"] = false; });
    }
    const Object& price = account.get("price", id, path + "[price]");
    if (data.empty() && !flag(price, "active")) {
        refuse("", "The price specified is inactive. This field only accepts active prices.",
               path + "[price]");
    }
    const bool metered = is_metered(price);
    refuse_metered_quantity(price, wanted, path);
    const auto quantity = number(wanted, "quantity", present(price, "recurring") ? 1 : 0);
    if (quantity < 1 && !metered) {
        if (!present(wanted, "quantity")) refuse_missing_param(path + "[quantity]");
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               path + "[quantity]");
    }
    const auto* product = account.store().find("product", text(price, "product"));
    const auto currency = asked.empty() ? text(price, "currency") : asked;
    if (!is_sold_in(price, currency)) {
        refuse("",
               "The price specified only supports `" + text(price, "currency") +
                   "`. This doesn't match the expected currency: `" + currency + "`.",
               path + "[price]");
    }
    // What is used is billed later.
    const auto amount = metered ? 0 : amount_of(presented(price, currency), quantity);
    Object line = blank("item");
    line["id"] = account.new_id("li_1");
    line["amount_subtotal"] = amount;
    line["amount_total"] = amount;
    line["currency"] = currency;
    line["description"] = product ? product->at("name") : json::value(nullptr);
    line["price"] = price;
    line["quantity"] = metered ? json::value(nullptr) : json::value(quantity);
    line["_tax_rates"] =
        tax_rates_named(account, children(wanted, "tax_rates"), path + "[tax_rates]");
    merge_metadata(wanted, line);
    if (present(wanted, "adjustable_quantity")) {
        Object adjustable{
            {"enabled", false  },
            {"maximum", nullptr},
            {"minimum", nullptr}
        };
        copy_params(child(wanted, "adjustable_quantity"), adjustable,
                    {"enabled", "maximum", "minimum"});
        line["adjustable_quantity"] = std::move(adjustable);
    }
    return line;
}

// The currency asked for; else the customer's, where every price has it; "" leaves it to the prices.
std::string session_currency(const Call& call) {
    const auto asked = text(call.params, "currency");
    if (!asked.empty()) {
        const auto known = Currency::parse(asked);
        if (!known) refuse("", "Invalid currency: " + asked, "currency");
        return known->lower_code();
    }
    const auto* customer = call.account.find("customer", text(call.params, "customer"));
    const auto theirs = customer ? text(*customer, "currency") : std::string();
    if (theirs.empty()) return {};
    for (const json::value& wanted : children(call.params, "line_items")) {
        const auto* price = call.account.find("price", text(wanted.get_object(), "price"));
        if (!price || !is_sold_in(*price, theirs)) return {};
    }
    return theirs;
}

}  // namespace

json::array checkout_lines(Call& call, const std::string& mode) {
    const auto currency = session_currency(call);
    const auto& wanted = children(call.params, "line_items");
    if (mode == "setup") {
        if (!wanted.empty())
            refuse("", "`line_items` can't be used in `setup` mode.", "line_items");
        return {};
    }
    if (wanted.empty()) refuse_missing_param("line_items");
    if (wanted.size() > 100) refuse("", "At most 100 line items are allowed.", "line_items");
    json::array lines;
    bool recurring = false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        Object line = line_of(call.account, wanted[i].get_object(), i, currency);
        const bool recurs = present(child(line, "price"), "recurring");
        if (recurs && mode == "payment") {
            refuse("",
                   "You specified `payment` mode but passed a recurring price. Either switch "
                   "to `subscription` mode or use only one-time prices.");
        }
        recurring = recurring || recurs;
        if (!lines.empty() && line.at("currency") != lines.front().at("currency")) {
            refuse("", "All line items must have the same currency.", "line_items");
        }
        lines.push_back(std::move(line));
    }
    if (mode == "subscription" && !recurring) {
        refuse("",
               "You must provide at least one recurring price in `subscription` mode when "
               "using prices.");
    }
    return lines;
}

}  // namespace paydesk::sandbox::stripe
