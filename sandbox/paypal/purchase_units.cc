#include "sandbox/paypal/purchase_units.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "sandbox/paypal/account.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t units_max = 10;
constexpr std::size_t items_max = 100;

// The parts of a breakdown, and whether they add to the amount or take from it.
constexpr std::pair<std::string_view, bool> parts[] = {
    {"item_total",        true },
    {"shipping",          true },
    {"handling",          true },
    {"tax_total",         true },
    {"insurance",         true },
    {"shipping_discount", false},
    {"discount",          false},
};

void check_currency(const Amount& part, const Amount& whole, const std::string& at) {
    if (part.currency != whole.currency) refuse("MULTI_CURRENCY_ORDER", at);
}

void check_breakdown(const Object& amount, const Amount& whole, const std::string& at) {
    if (!present(amount, "breakdown")) return;
    const Object& breakdown = object_at(amount, "breakdown", at + "/breakdown");
    Amount sum{0, whole.currency};
    for (const auto& [name, adds] : parts) {
        const auto place = at + "/breakdown/" + std::string(name);
        const auto part = optional_amount_at(breakdown, name, place, Sign::not_negative);
        if (!part) continue;
        check_currency(*part, whole, place);
        sum = adds ? plus(sum, *part) : minus(sum, *part);
    }
    if (sum != whole) refuse("AMOUNT_MISMATCH", at + "/value");
}

std::int64_t quantity_of(const Object& item, const std::string& at) {
    const auto given = required_text(item, "quantity", at + "/quantity", 10);
    std::int64_t quantity = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), quantity);
    if (error != std::errc() || end != given.data() + given.size() || quantity < 1) {
        refuse("INVALID_PARAMETER_SYNTAX", at + "/quantity");
    }
    return quantity;
}

// What the items cost all together has to be what the breakdown says.
void check_items(const Object& unit, const Amount& whole, const std::string& at) {
    if (!present(unit, "items")) return;
    if (!unit.at("items").is_array()) refuse("INVALID_PARAMETER_SYNTAX", at + "/items");
    const auto& items = children(unit, "items");
    if (items.size() > items_max) refuse("INVALID_ARRAY_MAX_ITEMS", at + "/items");
    Amount total{0, whole.currency}, tax{0, whole.currency};
    bool taxed = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto place = at + "/items/" + std::to_string(i);
        if (!items[i].is_object()) refuse("INVALID_PARAMETER_SYNTAX", place);
        const Object& item = items[i].get_object();
        required_text(item, "name", place + "/name", 127);
        const auto quantity = quantity_of(item, place);
        const auto price =
            amount_at(item, "unit_amount", place + "/unit_amount", Sign::not_negative);
        check_currency(price, whole, place + "/unit_amount");
        total = plus(total, times(price, quantity));
        const auto item_tax = optional_amount_at(item, "tax", place + "/tax", Sign::not_negative);
        if (!item_tax) continue;
        check_currency(*item_tax, whole, place + "/tax");
        tax = plus(tax, times(*item_tax, quantity));
        taxed = true;
    }
    if (items.empty()) return;
    const Object& breakdown = child(child(unit, "amount"), "breakdown");
    const auto place = at + "/amount/breakdown";
    if (!present(breakdown, "item_total")) refuse("ITEM_TOTAL_REQUIRED", place + "/item_total");
    if (stored_amount(breakdown, "item_total") != total) {
        refuse("ITEM_TOTAL_MISMATCH", place + "/item_total/value");
    }
    if (!taxed) return;
    if (!present(breakdown, "tax_total")) refuse("TAX_TOTAL_REQUIRED", place + "/tax_total");
    if (stored_amount(breakdown, "tax_total") != tax) {
        refuse("TAX_TOTAL_MISMATCH", place + "/tax_total/value");
    }
}

}  // namespace

Object purchase_unit_of(const json::value& given, const std::string& at) {
    if (!given.is_object()) refuse("INVALID_PARAMETER_SYNTAX", at);
    const Object& from = given.get_object();
    Object unit{
        {"reference_id", "default"}
    };
    for (const auto& [name, most] : {
             std::pair{"reference_id",    256},
             {"description",     127},
             {"custom_id",       127},
             {"invoice_id",      127},
             {"soft_descriptor", 22 }
    }) {
        const auto said =
            optional_text(from, name, at + "/" + name, static_cast<std::size_t>(most));
        if (!said.empty()) unit[name] = said;
    }
    const auto whole = amount_at(from, "amount", at + "/amount", Sign::positive);
    check_breakdown(child(from, "amount"), whole, at + "/amount");
    check_items(from, whole, at);
    unit["amount"] = from.at("amount");
    unit["amount"].as_object()["value"] = value_text(whole);
    unit["payee"] = Object{
        {"email_address", merchant_email},
        {"merchant_id",   merchant_id   }
    };
    if (present(from, "items")) unit["items"] = from.at("items");
    if (present(from, "shipping")) {
        unit["shipping"] = object_at(from, "shipping", at + "/shipping");
    }
    if (present(from, "payment_instruction")) {
        refuse_unsupported(at + "/payment_instruction", "platform fees");
    }
    return unit;
}

json::array purchase_units_of(const Object& order) {
    if (!present(order, "purchase_units")) refuse_missing_field("/purchase_units");
    if (!order.at("purchase_units").is_array()) {
        refuse("INVALID_PARAMETER_SYNTAX", "/purchase_units");
    }
    const auto& given = children(order, "purchase_units");
    if (given.empty()) refuse("INVALID_ARRAY_MIN_ITEMS", "/purchase_units");
    if (given.size() > units_max) refuse("INVALID_ARRAY_MAX_ITEMS", "/purchase_units");
    json::array units;
    std::set<std::string> references;
    std::string currency;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto at = "/purchase_units/" + std::to_string(i);
        auto unit = purchase_unit_of(given[i], at);
        if (given.size() > 1 && !present(given[i].get_object(), "reference_id")) {
            refuse("REFERENCE_ID_REQUIRED", at + "/reference_id");
        }
        if (!references.insert(text(unit, "reference_id")).second) {
            refuse("DUPLICATE_REFERENCE_ID", at + "/reference_id");
        }
        const auto own = stored_amount(unit, "amount").currency;
        if (!currency.empty() && own != currency) {
            refuse("MULTI_CURRENCY_ORDER", at + "/amount/currency_code");
        }
        currency = own;
        units.push_back(std::move(unit));
    }
    return units;
}

}  // namespace paydesk::sandbox::paypal
