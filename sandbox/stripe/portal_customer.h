#pragma once
// What a customer may change about themselves in the portal.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Of features.customer_update.allowed_updates, those that there are: name, email, phone, address,
// shipping, tax_id. Empty while the feature is disabled.
std::vector<std::string> allowed_updates(const Object& features);

// The fields of an address, in the order in which people write them.
extern const std::vector<std::pair<std::string, std::string>> address_parts;  // name, label

// Sets what is allowed of `given`: name, email, phone, address_line1 ..., shipping_name,
// shipping_line1 ..., tax_id_type and tax_id_value (one more). The rest is left alone.
// Emits customer.updated, customer.tax_id.created. Refuses with email_invalid.
void update_details(Account& account, const std::string& customer,
                    const std::vector<std::string>& allowed,
                    const std::map<std::string, std::string, std::less<>>& given);

}  // namespace paydesk::sandbox::stripe
