#include "documents/exchange.h"

#include "base/assert.h"
#include "documents/locale.h"

namespace paydesk::documents {

Result<Money> convert(Money money, const Rate& rate) {
    if (money.currency() != rate.base) {
        return Error{ErrorCode::invalid_input, "the rate is for " + std::string(rate.base.code()) +
                                                   ", the amount in " +
                                                   std::string(money.currency().code())};
    }
    // Minor units of the one to minor units of the other: cents to yen is a hundredth more.
    std::string step = "1";
    const int digits = rate.quote.minor_digits() - money.currency().minor_digits();
    if (digits > 0) step += std::string(static_cast<std::size_t>(digits), '0');
    if (digits < 0) step = "0." + std::string(static_cast<std::size_t>(-digits - 1), '0') + "1";
    const auto factor = Decimal::parse(step);
    PD_ASSERT(factor.has_value());
    const auto scaled = rate.rate.times(*factor);
    if (!scaled) return scaled.error();
    const auto converted = Decimal::from_int(money.minor_units()).times(*scaled);
    if (!converted) return converted.error();
    return converted->to_money(rate.quote);
}

std::string format_usd(Money usd) {
    PD_ASSERT(usd.currency() == Currency::usd());
    return format_money(usd, locale_of("en"));
}

Result<Money> usd_to_inr(Money usd, const Rate& rate) {
    PD_ASSERT(rate.base == Currency::usd() && rate.quote.code() == "INR");
    return convert(usd, rate);
}

std::string format_inr(Money inr) {
    PD_ASSERT(inr.currency().code() == "INR");
    return format_money(inr, locale_of("en"));
}

}  // namespace paydesk::documents
