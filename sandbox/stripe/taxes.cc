#include "sandbox/stripe/taxes.h"

#include <algorithm>
#include <cstdlib>

#include "base/money.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/tax_places.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t scale = 1'000'000;  // 100 % with four decimals
constexpr std::string_view untaxable = "txcd_00000000";

std::int64_t rounded(__int128 dividend, std::int64_t divisor) {
    const __int128 half = divisor / 2;
    return static_cast<std::int64_t>((dividend + (dividend < 0 ? -half : half)) / divisor);
}

std::int64_t units_of(const Object& rate) { return number(rate, "_percent"); }

// The rates of a line and why they hold, before any amount.
struct Applied {
    json::array rates;
    std::string reason;  // of rates that are not to be taken; "" where they are
    bool automatic = false;
};

Applied applied(const TaxableLine& line, const TaxRules& rules) {
    Applied found;
    if (rules.automatic) {
        found.automatic = true;
        const bool inclusive = line.behavior == "inclusive";
        const auto* rate =
            automatic_rate(text(rules.place, "country"), text(rules.place, "state"), inclusive);
        if (rate) found.rates.push_back(*rate);
    } else {
        found.rates = line.rates.empty() ? rules.default_rates : line.rates;
    }
    if (rules.exempt == "exempt") found.reason = "customer_exempt";
    if (rules.exempt == "reverse") found.reason = "reverse_charge";
    if (rules.automatic && line.tax_code == untaxable) found.reason = "product_exempt";
    return found;
}

// What the inclusive rates share, split in proportion to them.
std::vector<std::int64_t> split(std::int64_t all, const std::vector<std::int64_t>& weights) {
    const auto parts = Money(std::abs(all), Currency::usd()).allocate(weights);
    std::vector<std::int64_t> amounts;
    for (const Money& part : parts) {
        amounts.push_back(all < 0 ? -part.minor_units() : part.minor_units());
    }
    return amounts;
}

Object place_in(const Object& address, std::string_view source) {
    const auto country = text(address, "country");
    if (!is_country(country)) return {};
    // Sales tax is a matter of the state.
    if (country == "US" && text(address, "state").empty() && source != "payment_method") return {};
    return {
        {"country", country},
        {"source", source},
        {"state", value_of(address, "state")}
    };
}

// What an address says that is no place: "" when it says nothing wrong.
bool misplaced(const Object& customer) {
    const auto country = text(child(customer, "address"), "country");
    return !country.empty() && !is_country(country);
}

Object behind(const Account& account, const Object& invoice) {
    const auto* customer = account.find("customer", text(invoice, "customer"));
    Object place;
    if (customer) place = *customer;
    if (invoice.contains("customer_address")) place["address"] = invoice.at("customer_address");
    if (invoice.contains("customer_shipping")) place["shipping"] = invoice.at("customer_shipping");
    return place;
}

void set_tax_status(Object& invoice, const TaxRules& rules) {
    if (!rules.automatic) return;
    invoice["automatic_tax"].as_object()["status"] =
        rules.place.empty() ? "requires_location_inputs" : "complete";
}

}  // namespace

bool is_country(std::string_view code) {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    return code.size() == 2 && std::ranges::all_of(code, upper) && code != "XX" && code != "ZZ";
}

std::vector<Tax> taxes_of(const TaxableLine& line, const TaxRules& rules) {
    const Applied found = applied(line, rules);
    std::vector<std::int64_t> weights;
    std::int64_t included = 0;
    for (const json::value& value : found.rates) {
        const Object& rate = value.get_object();
        const bool inclusive = flag(rate, "inclusive") && found.reason.empty();
        weights.push_back(inclusive ? units_of(rate) : 0);
        included += weights.back();
    }
    const auto inside = rounded(static_cast<__int128>(line.amount) * included, scale + included);
    const auto net = line.amount - inside;
    const auto shares =
        included > 0 ? split(inside, weights) : std::vector<std::int64_t>(weights.size(), 0);
    std::vector<Tax> taxes;
    for (std::size_t i = 0; i < found.rates.size(); ++i) {
        const Object& rate = found.rates[i].get_object();
        Tax tax{.rate = rate, .reason = {}, .inclusive = flag(rate, "inclusive")};
        if (found.reason.empty()) {
            tax.taxable = net;
            tax.amount = tax.inclusive
                             ? shares[i]
                             : rounded(static_cast<__int128>(net) * units_of(rate), scale);
            tax.reason = found.automatic ? "standard_rated" : "not_available";
        } else {
            tax.reason = found.reason;
        }
        taxes.push_back(std::move(tax));
    }
    return taxes;
}

std::int64_t added_tax(const std::vector<Tax>& taxes) {
    std::int64_t added = 0;
    for (const Tax& tax : taxes) added += tax.inclusive ? 0 : tax.amount;
    return added;
}

std::int64_t included_tax(const std::vector<Tax>& taxes) {
    std::int64_t included = 0;
    for (const Tax& tax : taxes) included += tax.inclusive ? tax.amount : 0;
    return included;
}

TaxableLine taxable_line(const Account& account, const Object& price, json::array rates,
                         std::int64_t amount) {
    TaxableLine line{.amount = amount, .rates = std::move(rates)};
    if (present(price, "tax_behavior")) line.behavior = text(price, "tax_behavior");
    if (const auto* product = account.store().find("product", text(price, "product"))) {
        line.tax_code = text(*product, "tax_code");
        if (line.tax_code.empty()) line.tax_code = text(child(*product, "tax_details"), "tax_code");
    }
    return line;
}

const Object* find_tax_rate(const Account& account, std::string_view id) {
    if (const auto* stored = account.find("tax_rate", id)) return stored;
    return automatic_rate(id);
}

json::array tax_rates_named(const Account& account, const json::array& ids,
                            std::string_view param) {
    json::array rates;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto here = std::string(param) + "[" + std::to_string(i) + "]";
        const Object& rate = account.get("tax_rate", std::string(ids[i].as_string()), here);
        if (!flag(rate, "active")) {
            refuse("", "The tax rate " + text(rate, "id") + " is archived and can't be used.",
                   here);
        }
        rates.push_back(rate);
    }
    return rates;
}

Object tax_place(const Object& customer) {
    for (const auto& [key, source] : {
             std::pair{"shipping", "shipping_destination"},
             {"address",  "billing_address"     }
    }) {
        const Object& holder = child(customer, key);
        Object place = place_in(
            std::string_view(key) == "shipping" ? child(holder, "address") : holder, source);
        if (!place.empty()) return place;
    }
    return place_in(child(customer, "_tax_place"), "payment_method");
}

Object customer_tax(const Object& customer, Shape shape) {
    const Object place = tax_place(customer);
    const bool taxed = automatic_rate(text(place, "country"), text(place, "state"), false);
    Object tax{
        {"automatic_tax", place.empty() ? "unrecognized_location"
                          : taxed       ? "supported"
                                        : "not_collecting"},
        {"ip_address", value_of(customer, "_ip_address")},
        {"location", place.empty() ? json::value(nullptr) : json::value(place)}
    };
    if (shape >= Shape::dahlia) tax["provider"] = "stripe";
    return tax;
}

TaxRules tax_rules(const Object& customer, json::array default_rates, bool automatic) {
    TaxRules rules{.default_rates = std::move(default_rates), .automatic = automatic};
    if (present(customer, "tax_exempt")) rules.exempt = text(customer, "tax_exempt");
    if (automatic && !misplaced(customer)) rules.place = tax_place(customer);
    return rules;
}

void refuse_tax_location(std::string_view param) {
    refuse("customer_tax_location_invalid",
           "The customer's location isn't recognized. Set a valid customer address in order to "
           "automatically calculate tax.",
           param);
}

Object tax_amount(const Tax& tax) {
    return {
        {"amount",            tax.amount                               },
        {"tax_behavior",      tax.inclusive ? "inclusive" : "exclusive"},
        {"tax_rate_details",  Object{{"tax_rate", tax.rate.at("id")}}  },
        {"taxability_reason", tax.reason                               },
        {"taxable_amount",    tax.taxable                              },
        {"type",              "tax_rate_details"                       }
    };
}

json::array total_taxes(const json::array& lines) {
    json::array totals;
    for (const json::value& line : lines) {
        for (const json::value& value : children(line.get_object(), "taxes")) {
            const Object& tax = value.get_object();
            auto* known = std::ranges::find_if(totals, [&](const json::value& total) {
                return total.get_object().at("tax_rate_details") == tax.at("tax_rate_details") &&
                       total.get_object().at("taxability_reason") == tax.at("taxability_reason");
            });
            if (known == totals.end()) {
                totals.push_back(tax);
                continue;
            }
            for (const auto* key : {"amount", "taxable_amount"}) {
                known->get_object()[key] = number(known->get_object(), key) + number(tax, key);
            }
        }
    }
    return totals;
}

void tax_invoice(const Account& account, Object& invoice) {
    const bool automatic = flag(child(invoice, "automatic_tax"), "enabled");
    Object owner = behind(account, invoice);
    owner["tax_exempt"] = value_of(invoice, "customer_tax_exempt");
    const auto rules = tax_rules(owner, children(invoice, "default_tax_rates"), automatic);
    std::int64_t added = 0;
    std::int64_t included = 0;
    std::int64_t included_before_discounts = 0;
    auto& lines = invoice["lines"].as_object()["data"].as_array();
    for (json::value& value : lines) {
        Object& line = value.get_object();
        auto amount = number(line, "amount");
        const auto taxable = [&](std::int64_t of) {
            return taxable_line(account, child(line, "_price"), children(line, "_tax_rates"), of);
        };
        included_before_discounts += included_tax(taxes_of(taxable(amount), rules));
        for (const json::value& discount : children(line, "discount_amounts")) {
            amount -= number(discount.get_object(), "amount");
        }
        const auto taxes = taxes_of(taxable(amount), rules);
        json::array shown;
        for (const Tax& tax : taxes) shown.push_back(tax_amount(tax));
        line["taxes"] = std::move(shown);
        added += added_tax(taxes);
        included += included_tax(taxes);
    }
    const auto total = number(invoice, "total") + added;
    invoice["total_taxes"] = total_taxes(lines);
    invoice["subtotal_excluding_tax"] = number(invoice, "subtotal") - included_before_discounts;
    invoice["total_excluding_tax"] = total - added - included;
    invoice["total"] = total;
    set_tax_status(invoice, rules);
}

}  // namespace paydesk::sandbox::stripe
