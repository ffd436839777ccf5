#pragma once
// Beside which other subscriptions one gives credits: an account may have several, by another family, or by two
// tabs.

#include <compare>
#include <map>
#include <set>
#include <string>

#include "db/database.h"

namespace paydesk::billing {

struct CreditFamilyKey {
    std::string account, provider, subscription;  // ours, and the provider's id
    auto operator<=>(const CreditFamilyKey&) const = default;
};

struct CreditFamily {
    std::string name = "main";     // of the subscription's plan
    bool gives_credits = false;    // plans of it do
    std::set<std::string> others;  // families in which another of the account's plans goes on
};

// As the rows say, those of this transaction included; one for each key.
Task<std::map<CreditFamilyKey, CreditFamily>> credit_families(db::Tx& tx,
                                                              std::set<CreditFamilyKey> keys);

}  // namespace paydesk::billing
