#pragma once
// What a checkout session comes to: its discounts, given by the call or typed in on its page, and
// its taxes.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Amounts of the lines and of the session, after its discounts and taxes; automatic_tax.status.
// REQUIRES: it has _line_items.
void total_session(const Account& account, Object& session);

// The page asks for no address: automatic tax takes the card's country (of the US: California) for a
// customer whom it cannot place otherwise. Totals anew.
void learn_tax_address(Account& account, const std::string& session, const Object& method);

// What an open session that allows codes does with a typed one ("" takes the discount off).
// Refuses as wanted_by_code() does.
void apply_code(Account& account, const std::string& session, const std::string& code);

// Sets `discounts` and what renders them. Does not total.
void set_session_discounts(Object& session, json::array wanted);

// "SUMMER" or the coupon's name, "" when there is no discount.
std::string discount_name(const Account& account, const Object& session);

}  // namespace paydesk::sandbox::stripe
