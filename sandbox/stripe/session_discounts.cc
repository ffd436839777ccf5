#include "sandbox/stripe/session_discounts.h"

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

json::array shown_taxes(const std::vector<Tax>& taxes) {
    json::array shown;
    for (const Tax& tax : taxes) {
        shown.push_back(Object{
            {"amount",            tax.amount                                               },
            {"rate",              tax.rate                                                 },
            {"taxability_reason",
             tax.reason == "not_available" ? json::value(nullptr) : json::value(tax.reason)},
            {"taxable_amount",    tax.taxable                                              }
        });
    }
    return shown;
}

TaxRules session_tax_rules(const Account& account, const Object& session) {
    const auto* known = account.find("customer", text(session, "customer"));
    Object owner = known ? *known : Object();
    if (tax_place(owner).empty()) owner["address"] = value_of(session, "_tax_address");
    return tax_rules(owner, children(child(session, "_subscription_data"), "default_tax_rates"),
                     flag(child(session, "automatic_tax"), "enabled"));
}

// Where the card or the bank account is at home; "" when the method does not say.
std::string country_of(const Object& method) {
    const auto type = text(method, "type");
    if (type == "us_bank_account") return "US";
    if (type == "bacs_debit") return "GB";
    return text(child(method, type), "country");
}

}  // namespace

void set_session_discounts(Object& session, json::array wanted) {
    json::array shown;
    for (const json::value& value : wanted) {
        const Object& entry = value.get_object();
        shown.push_back(Object{
            {"coupon",
             present(entry,                    "promotion_code") ? json::value(nullptr) : entry.at("coupon")},
            {"promotion_code", value_of(entry, "promotion_code")                                            }
        });
    }
    session["discounts"] = std::move(shown);
    session["_wanted"] = std::move(wanted);
}

void total_session(const Account& account, Object& session) {
    auto& lines = session["_line_items"].as_array();
    std::vector<DiscountedLine> amounts;
    for (const json::value& value : lines) {
        const Object& line = value.get_object();
        amounts.push_back({.amount = number(line, "amount_subtotal"),
                           .product = text(child(line, "price"), "product")});
    }
    const auto& wanted = children(session, "_wanted");
    // A customer's own discount holds for what they subscribe to.
    const bool own = wanted.empty() && text(session, "mode") == "subscription";
    const auto coupons =
        coupons_of(account, own ? discounts_for(account, text(session, "customer"), "") : wanted);
    const auto currency = text(session, "currency");
    const auto taken = discount_lines(amounts, coupons, currency);
    const auto rules = session_tax_rules(account, session);
    std::int64_t subtotal = 0, off = 0, tax = 0, added = 0;
    for (std::size_t i = 0; i < amounts.size(); ++i) {
        std::int64_t line_off = 0;
        for (const auto& by_coupon : taken) line_off += by_coupon[i];
        Object& line = lines[i].get_object();
        const auto left = amounts[i].amount - line_off;
        const auto taxes = taxes_of(taxable_line(account, presented(child(line, "price"), currency),
                                                 children(line, "_tax_rates"), left),
                                    rules);
        line["_taxes"] = shown_taxes(taxes);
        line["amount_discount"] = line_off;
        line["amount_tax"] = added_tax(taxes) + included_tax(taxes);
        line["amount_total"] = left + added_tax(taxes);
        subtotal += amounts[i].amount;
        off += line_off;
        tax += number(line, "amount_tax");
        added += added_tax(taxes);
    }
    session["amount_subtotal"] = subtotal;
    session["amount_total"] = subtotal - off + added;
    Object& details = session["total_details"].as_object();
    details["amount_discount"] = off;
    details["amount_tax"] = tax;
    if (rules.automatic) {
        session["automatic_tax"].as_object()["status"] =
            rules.place.empty() ? "requires_location_inputs" : "complete";
    }
}

void learn_tax_address(Account& account, const std::string& id, const Object& method) {
    const Object session = account.get("checkout.session", id);
    const auto rules = session_tax_rules(account, session);
    if (!rules.automatic || !rules.place.empty()) return;
    const auto country = country_of(method);
    account.change(id, "", [&](Object& changed) {
        changed["_tax_address"] = Object{
            {"city",        nullptr                                                   },
            {"country",     text_or_null(country)                                     },
            {"line1",       nullptr                                                   },
            {"line2",       nullptr                                                   },
            {"postal_code", nullptr                                                   },
            {"state",       country == "US" ? json::value("CA") : json::value(nullptr)}
        };
        if (changed.contains("_line_items")) total_session(account, changed);
        changed.erase("_intent");
    });
}

void apply_code(Account& account, const std::string& id, const std::string& code) {
    const Object session = account.get("checkout.session", id);
    if (text(session, "status") != "open") refuse("", "This Checkout Session is not open.");
    if (!flag(session, "allow_promotion_codes")) {
        refuse("", "This Checkout Session takes no promotion codes.", "promotion_code");
    }
    json::array wanted;
    if (!code.empty()) {
        wanted.push_back(wanted_by_code(account, code,
                                        {.customer = text(session, "customer"),
                                         .amount = number(session, "amount_subtotal"),
                                         .currency = text(session, "currency")}));
    }
    // An intent of an earlier attempt asks for the old amount.
    account.change(id, "", [&](Object& changed) {
        set_session_discounts(changed, wanted);
        total_session(account, changed);
        changed.erase("_intent");
    });
}

std::string discount_name(const Account& account, const Object& session) {
    const auto& wanted = children(session, "_wanted");
    if (wanted.empty()) return {};
    const Object& first = wanted.front().get_object();
    if (const auto* code = account.store().find("promotion_code", text(first, "promotion_code"))) {
        return text(*code, "code");
    }
    const auto* coupon = account.store().find("coupon", text(first, "coupon"));
    if (!coupon) return "Discount";
    return present(*coupon, "name") ? text(*coupon, "name") : text(*coupon, "id");
}

}  // namespace paydesk::sandbox::stripe
