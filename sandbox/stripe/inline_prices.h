#pragma once
// Prices that a call describes where it could have named one: `price_data` of a subscription's items,
// of what is added to its next invoice, of a schedule's phases.

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {

// Their parameters, in the language of params.h: of a price that recurs, of one that does not.
inline constexpr std::string_view recurring_price_data =
    "price_data{currency! product!:id recurring!{interval!:(day|month|week|year) "
    "interval_count:i} tax_behavior:(exclusive|inclusive|unspecified) unit_amount:i "
    "unit_amount_decimal:d} ";
inline constexpr std::string_view one_time_price_data =
    "price_data{currency! product!:id tax_behavior:(exclusive|inclusive|unspecified) "
    "unit_amount:i unit_amount_decimal:d} ";

// `action`, for which every `price_data` of the call has become the `price` that it describes. As
// Stripe's, such a price is not active; is_for_sale() tells whether it may be billed nevertheless.
// Refuses with parameters_exclusive where a price is named too, and as POST /v1/prices does.
Action with_inline_prices(Action action);

// Active, or made for the one who bills it.
bool is_for_sale(const Object& price);

}  // namespace paydesk::sandbox::stripe
