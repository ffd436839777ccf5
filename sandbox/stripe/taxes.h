#pragma once
// Taxes at work: which rates a line has, what they come to.
//
//     line's own tax_rates, else the invoice's default_tax_rates ──┐
//     automatic_tax: the customer's place ──▶ the sandbox's table ─┴▶ taxes of each line ──▶ totals
//
// Tax is taken of each line, after its discounts, and rounded half away from zero; what several
// inclusive rates of a line share is split in proportion to them, so that nothing is lost.

#include <optional>
#include <string>
#include <vector>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

// What decides a line's tax beyond the line itself.
struct TaxRules {
    json::array default_rates = {};  // whole tax_rates
    std::string exempt = "none";     // the customer's tax_exempt
    bool automatic = false;
    Object place = {};  // {country, state}; {} where nobody knows. Of automatic tax alone.
};

struct TaxableLine {
    std::int64_t amount = 0;  // after discounts
    json::array rates = {};   // its own, whole
    std::string behavior = "unspecified";
    std::string tax_code = {};
};

struct Tax {
    Object rate;
    std::int64_t amount = 0;
    std::int64_t taxable = 0;
    std::string reason = {};
    bool inclusive = false;
};

// ENSURES: of a line's inclusive taxes, amounts and the taxable amount add up to the line's amount.
std::vector<Tax> taxes_of(const TaxableLine& line, const TaxRules& rules);
// What they add to the price: exclusive ones alone.
std::int64_t added_tax(const std::vector<Tax>& taxes);
std::int64_t included_tax(const std::vector<Tax>& taxes);

// The line as far as tax goes: its rates, and what price and product say.
TaxableLine taxable_line(const Account& account, const Object& price, json::array rates,
                         std::int64_t amount);

// Whole tax_rates of these ids. Refuses with resource_missing, and 400 for an archived one.
json::array tax_rates_named(const Account& account, const json::array& ids, std::string_view param);
// A stored one, or one of the sandbox's table (automatic tax). nullptr when there is none.
const Object* find_tax_rate(const Account& account, std::string_view id);

// Where automatic tax finds a customer: shipping address, then address, then what Checkout learned.
// {country, state, source}; {} when nobody knows, or the place is none.
Object tax_place(const Object& customer);
// As customer.tax shows it.
Object customer_tax(const Object& customer, Shape shape);
// "DE", not "XX" nor "Germany".
bool is_country(std::string_view code);

// The rules of a customer's purchase. `automatic`: automatic_tax[enabled].
TaxRules tax_rules(const Object& customer, json::array default_rates, bool automatic);
// Refuses with customer_tax_location_invalid.
[[noreturn]] void refuse_tax_location(std::string_view param);

// Sets taxes of each line, totals and automatic_tax.status of a draft. Its amounts and discounts
// are there already (discounts.h). Adds exclusive tax to its total.
void tax_invoice(const Account& account, Object& invoice);

// {amount, tax_behavior, tax_rate_details, ...} as invoices and credit notes have them.
Object tax_amount(const Tax& tax);
// Those of the lines, summed by rate.
json::array total_taxes(const json::array& lines);

}  // namespace paydesk::sandbox::stripe
