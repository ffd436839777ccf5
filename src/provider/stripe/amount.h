#pragma once
// How Stripe counts money, which is not always how ISO 4217 does.
//
//   currency        Stripe counts in       ISO minor unit    example
//   most            1/100                  1/100             10.00 USD = 1000
//   JPY KRW ...     whole units            whole units       500 JPY   = 500
//   MGA             whole units            1/100             500 MGA   = 500
//   ISK UGX         1/100, last two 00     whole units       500 ISK   = 50000
//   BHD KWD ...     1/1000, last digit 0   1/1000            1.230 KWD = 1230
//
// Source: docs.stripe.com/currencies.

#include <cstdint>

#include "base/decimal.h"
#include "base/error.h"
#include "base/money.h"

namespace paydesk::provider::stripe {

// Refuses with invalid_input what ISO's unit cannot express (half an Icelandic króna) and overflow.
Result<Money> from_stripe(std::int64_t amount, Currency currency);

// Refuses with invalid_input what Stripe's unit cannot express or does not take (a last digit other
// than 0 in a three-decimal currency) and overflow.
Result<std::int64_t> to_stripe(Money money);
// The same for what one unit of usage costs: minor units with decimals, in Stripe's unit. Refuses with invalid_input
// what has more than twelve decimals there.
Result<Decimal> to_stripe(Decimal minor_units, Currency currency);

}  // namespace paydesk::provider::stripe
