#include "sandbox/stripe/portal_customer.h"

#include <algorithm>

#include "sandbox/stripe/customers.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/tax_ids.h"

namespace paydesk::sandbox::stripe {
namespace {

using Given = std::map<std::string, std::string, std::less<>>;

std::string value_in(const Given& given, std::string_view key) {
    const auto found = given.find(key);
    return found == given.end() ? std::string() : found->second;
}

// null when nothing is filled in.
json::value address_in(const Given& given, const std::string& prefix) {
    Object address;
    bool any = false;
    for (const auto& [part, label] : address_parts) {
        const auto said = value_in(given, prefix + part);
        any = any || !said.empty();
        address[part] = text_or_null(said);
    }
    return any ? json::value(std::move(address)) : json::value(nullptr);
}

void check_email(const std::string& email) {
    const auto at = email.find('@');
    if (at == std::string::npos || at == 0 || at + 1 == email.size() || email.size() > 512) {
        refuse("email_invalid", "Invalid email address: " + std::string(shortened(email, 100)),
               "email");
    }
}

}  // namespace

const std::vector<std::pair<std::string, std::string>> address_parts = {
    {"line1",       "Street"                   },
    {"line2",       "Address line 2"           },
    {"postal_code", "Postal code"              },
    {"city",        "City"                     },
    {"state",       "State"                    },
    {"country",     "Country (two letters: DE)"},
};

std::vector<std::string> allowed_updates(const Object& features) {
    const Object& feature = child(features, "customer_update");
    std::vector<std::string> allowed;
    if (!flag(feature, "enabled")) return allowed;
    for (const auto* known : {"name", "email", "phone", "address", "shipping", "tax_id"}) {
        const auto& wanted = children(feature, "allowed_updates");
        if (std::ranges::find(wanted, json::value(known)) != wanted.end()) {
            allowed.emplace_back(known);
        }
    }
    return allowed;
}

void update_details(Account& account, const std::string& customer,
                    const std::vector<std::string>& allowed, const Given& given) {
    const auto may = [&](std::string_view what) {
        return std::ranges::find(allowed, what) != allowed.end();
    };
    if (may("email")) check_email(value_in(given, "email"));
    account.change(customer, "customer.updated", [&](Object& changed) {
        for (const auto* key : {"name", "email", "phone"}) {
            if (may(key)) changed[key] = text_or_null(value_in(given, key));
        }
        if (may("address")) changed["address"] = address_in(given, "address_");
        if (may("shipping")) {
            auto address = address_in(given, "shipping_");
            const auto name = value_in(given, "shipping_name");
            if (address.is_null() && name.empty()) {
                changed["shipping"] = nullptr;
            } else {
                changed["shipping"] = Object{
                    {"address",
                     full_address(address.is_null() ? json::value(Object()) : std::move(address))},
                    {"name",    name                                                             },
                    {"phone",   nullptr                                                          }
                };
            }
        }
    });
    const auto tax_id = value_in(given, "tax_id_value");
    if (may("tax_id") && !tax_id.empty()) {
        add_tax_id(account, customer, value_in(given, "tax_id_type"), tax_id);
    }
    tell_drafts(account, customer);
}

}  // namespace paydesk::sandbox::stripe
