#pragma once
// Amounts in another currency, for show: always at a dated rate with a source, never for charging.
//
// S4's formatUsd, usdToInr and formatInr, whose rate was written into the code.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/money.h"

namespace paydesk::documents {

// One `base` is `rate` `quote`.
struct Rate {
    Currency base, quote;
    Decimal rate;
    std::string source;
    Instant as_of;
};

// Half away from zero, to the quote's minor unit.
// Refuses with invalid_input: the money is not in rate.base, or the result is beyond int64.
Result<Money> convert(Money money, const Rate& rate);

std::string format_usd(Money usd);  // "$9.00"
// "₹756.00", in Indian groups: "₹1,23,456.00". REQUIRES: a rate from USD to INR.
Result<Money> usd_to_inr(Money usd, const Rate& rate);
std::string format_inr(Money inr);

}  // namespace paydesk::documents
