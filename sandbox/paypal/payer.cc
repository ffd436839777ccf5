#include "sandbox/paypal/payer.h"

#include <algorithm>
#include <cctype>

#include "base/crypto.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t payer_id_size = 13;
constexpr std::string_view payer_letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
constexpr std::string_view all_fundings[] = {funding::balance, funding::declined,
                                             funding::echeck,  funding::bounced_echeck,
                                             funding::refused, funding::renewals_fail};

Object name_of() {
    return {
        {"given_name", "Ada"     },
        {"surname",    "Lovelace"}
    };
}

Object country() {
    return {
        {"country_code", "US"}
    };
}

}  // namespace

std::string payer_id_of(std::string_view email) {
    std::string lower(email);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto digest = sha256(lower);
    std::string id;
    for (std::size_t i = 0; i < payer_id_size; ++i) {
        id += payer_letters[static_cast<unsigned char>(digest[i]) % payer_letters.size()];
    }
    return id;
}

Object payer_of(std::string_view email) {
    return {
        {"name",          name_of()         },
        {"email_address", email             },
        {"payer_id",      payer_id_of(email)},
        {"address",       country()         }
    };
}

Object wallet_of(std::string_view email) {
    return {
        {"email_address",  email             },
        {"account_id",     payer_id_of(email)},
        {"account_status", "VERIFIED"        },
        {"name",           name_of()         },
        {"address",        country()         }
    };
}

Object subscriber_of(std::string_view email) {
    return {
        {"email_address", email             },
        {"payer_id",      payer_id_of(email)},
        {"name",          name_of()         }
    };
}

bool is_funding(std::string_view name) {
    return std::ranges::find(all_fundings, name) != std::end(all_fundings);
}

}  // namespace paydesk::sandbox::paypal
