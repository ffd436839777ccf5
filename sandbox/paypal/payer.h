#pragma once
// The buyer: whoever clicks on an approval page. The same e-mail is the same PayPal account.

#include <string>
#include <string_view>

#include "sandbox/object.h"

namespace paydesk::sandbox::paypal {

// "7E7MGXCWTTKK2": thirteen letters and digits, made from the e-mail.
std::string payer_id_of(std::string_view email);

// {name, email_address, payer_id, address}
Object payer_of(std::string_view email);
// {email_address, account_id, account_status, name, address}: as a payment source has it.
Object wallet_of(std::string_view email);
// {email_address, payer_id, name}: as a subscription has it.
Object subscriber_of(std::string_view email);

// How the buyer's money behaves.
namespace funding {
inline constexpr std::string_view balance = "balance";
inline constexpr std::string_view declined = "declined";              // INSTRUMENT_DECLINED
inline constexpr std::string_view echeck = "echeck";                  // pending, clears days later
inline constexpr std::string_view bounced_echeck = "bounced_echeck";  // pending, denied days later
inline constexpr std::string_view refused = "refused";                // the capture is DECLINED
inline constexpr std::string_view renewals_fail = "renewals_fail";    // the first payment works
}  // namespace funding
bool is_funding(std::string_view name);

inline constexpr std::int64_t echeck_seconds = 5LL * 86400;

}  // namespace paydesk::sandbox::paypal
