#include "sandbox/stripe/invoice_lines.h"

#include <fmt/format.h>

#include "base/money.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string money_text(std::int64_t amount, const std::string& currency) {
    const auto known = Currency::parse(currency);
    return known ? Money(amount, *known).format() : std::to_string(amount) + " " + currency;
}

std::string quantity_text(const LineDraft& line) {
    return line.usage ? line.usage->to_string() : std::to_string(line.quantity);
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

}  // namespace

std::string line_description(const Account& account, const LineDraft& line) {
    if (!line.description.empty()) return line.description;
    const auto* product = account.store().find("product", text(line.price, "product"));
    auto said =
        quantity_text(line) + " × " + (product ? text(*product, "name") : std::string("Item"));
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

Object line_object(const Account& account, const InvoiceDraft& draft, const LineDraft& line) {
    Object object = blank("line_item");
    object["id"] = account.new_id("il_1");
    object["amount"] = line.amount;
    object["subtotal"] = line.amount;
    object["currency"] = draft.currency;
    object["description"] = line_description(account, line);
    object["discountable"] = line.discountable && !line.proration;
    object["invoice"] = draft.id;
    object["metadata"] = line.metadata;
    object["parent"] = parent_of(line);
    object["period"] = Object{
        {"start", line.period_start},
        {"end",   line.period_end  }
    };
    object["quantity"] = line.usage ? whole_part(*line.usage) : line.quantity;
    object["quantity_decimal"] = quantity_text(line);
    if (line.usage) object["_usage"] = true;
    if (line.counts_until > 0) object["_counts_until"] = line.counts_until;
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
