#include "sandbox/stripe/invoice_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/money.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string money_text(std::int64_t amount, const std::string& currency) {
    const auto known = Currency::parse(currency);
    return known ? Money(amount, *known).format() : std::to_string(amount) + " " + currency;
}

std::string describe(const Account& account, const LineDraft& line) {
    if (!line.description.empty()) return line.description;
    const auto* product = account.store().find("product", text(line.price, "product"));
    auto said = std::to_string(line.quantity) + " × " +
                (product ? text(*product, "name") : std::string("Item"));
    if (!present(line.price, "unit_amount")) return said;
    said += " (at " + money_text(number(line.price, "unit_amount"), text(line.price, "currency"));
    const Object& recurring = child(line.price, "recurring");
    if (!recurring.empty()) {
        const auto count = number(recurring, "interval_count", 1);
        said += count == 1 ? " / " + text(recurring, "interval")
                           : fmt::format(" every {} {}s", count, text(recurring, "interval"));
    }
    return said + ")";
}

json::value parent_of(const LineDraft& line) {
    if (!line.invoice_item.empty() && line.subscription_item.empty()) {
        return Object{
            {"invoice_item_details",
             Object{{"invoice_item", line.invoice_item},
                    {"proration", line.proration},
                    {"proration_details", Object{{"credited_items", line.credited_items}}},
                    {"subscription", text_or_null(line.subscription)}}},
            {"subscription_item_details", nullptr                     },
            {"type",                      "invoice_item_details"      }
        };
    }
    if (line.subscription_item.empty()) return nullptr;
    return Object{
        {"invoice_item_details",      nullptr                    },
        {"subscription_item_details",
         Object{{"invoice_item", text_or_null(line.invoice_item)},
                {"proration", line.proration},
                {"proration_details", Object{{"credited_items", line.credited_items}}},
                {"subscription", text_or_null(line.subscription)},
                {"subscription_item", line.subscription_item}}   },
        {"type",                      "subscription_item_details"}
    };
}

// Where no charge can be: refused before it overflows.
std::int64_t within_limits(__int128 amount) {
    if (amount > 999'999'999'999 || amount < -999'999'999'999) {
        refuse("amount_too_large", "The amount is too large.");
    }
    return static_cast<std::int64_t>(amount);
}

// Graduated: each unit at its own tier's price. Volume: all at the tier that the quantity reaches.
std::int64_t tiered_amount(const Object& price, std::int64_t quantity) {
    const bool volume = text(price, "tiers_mode") == "volume";
    __int128 amount = 0;
    std::int64_t counted = 0;
    for (const json::value& value : children(price, "_tiers")) {
        const Object& tier = value.get_object();
        const bool last = !present(tier, "up_to");
        const auto up_to = last ? quantity : std::min(quantity, number(tier, "up_to"));
        const bool reaches = last || quantity <= number(tier, "up_to");
        if (volume && !reaches) continue;
        const auto units = volume ? quantity : up_to - counted;
        if (units > 0 || counted == 0) {
            amount += static_cast<__int128>(units) * number(tier, "unit_amount") +
                      number(tier, "flat_amount");
        }
        counted = up_to;
        if (reaches) break;
    }
    return within_limits(amount);
}

}  // namespace

std::int64_t amount_of(const Object& price, std::int64_t quantity) {
    const Object& packages = child(price, "transform_quantity");
    if (const auto size = number(packages, "divide_by"); size > 0) {
        quantity = text(packages, "round") == "up" ? (quantity + size - 1) / size : quantity / size;
    }
    if (text(price, "billing_scheme") == "tiered") return tiered_amount(price, quantity);
    if (present(price, "unit_amount"))
        return within_limits(static_cast<__int128>(number(price, "unit_amount")) * quantity);
    const auto decimal = text(price, "unit_amount_decimal");
    if (decimal.empty()) return 0;
    const auto point = decimal.find('.');
    // Whole part and 12 decimals as an integer: rounding happens once, per line.
    std::string digits = decimal.substr(0, point);
    std::string fraction = point == std::string::npos ? "" : decimal.substr(point + 1);
    fraction.resize(12, '0');
    const __int128 scaled =
        static_cast<__int128>(std::stoll(digits)) * 1'000'000'000'000 + std::stoll(fraction);
    return within_limits((scaled * quantity + 500'000'000'000) / 1'000'000'000'000);
}

Object line_object(const Account& account, const InvoiceDraft& draft, const LineDraft& line) {
    Object object = blank("line_item");
    object["id"] = account.new_id("il_1");
    object["amount"] = line.amount;
    object["subtotal"] = line.amount;
    object["currency"] = draft.currency;
    object["description"] = describe(account, line);
    object["discountable"] = line.discountable && !line.proration;
    object["invoice"] = draft.id;
    object["metadata"] = line.metadata;
    object["parent"] = parent_of(line);
    object["period"] = Object{
        {"start", line.period_start},
        {"end",   line.period_end  }
    };
    object["quantity"] = line.quantity;
    object["quantity_decimal"] = std::to_string(line.quantity);
    object["subscription"] = text_or_null(line.subscription);
    if (!line.price.empty()) {
        object["pricing"] = Object{
            {"price_details",
             Object{{"price", line.price.at("id")}, {"product", line.price.at("product")}}},
            {"type", "price_details"},
            {"unit_amount_decimal",
             line.proration ? json::value(nullptr) : value_of(line.price, "unit_amount_decimal")}
        };
        // As it is stored: what is billed may be another currency's amount.
        const auto* stored = account.store().find("price", text(line.price, "id"));
        object["_price"] = stored ? *stored : line.price;
    }
    if (!line.tax_rates.empty()) object["_tax_rates"] = line.tax_rates;
    return object;
}

}  // namespace paydesk::sandbox::stripe
