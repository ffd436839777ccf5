#include "usage/rating.h"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace paydesk::usage {
namespace {

using Integer = boost::multiprecision::cpp_int;

// Exact: an integer count of 10^-12, as Decimal, but without an end.
Integer units_of(Decimal decimal) {
    std::string text = decimal.to_string();
    const bool negative = text.starts_with('-');
    if (negative) text.erase(0, 1);
    const std::size_t point = text.find('.');
    std::string digits = text.substr(0, point);
    std::string fraction = point == text.npos ? "" : text.substr(point + 1);
    fraction.resize(Decimal::scale, '0');
    digits += fraction;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    const Integer value(digits);
    return negative ? Integer(-value) : value;
}

const Integer one = boost::multiprecision::pow(Integer(10), Decimal::scale);

// An exact fraction of minor units.
struct Cost {
    Integer numerator = 0;
    Integer denominator = 1;

    void add(const Integer& top, const Integer& bottom) {
        numerator = numerator * bottom + top * denominator;
        denominator *= bottom;
    }
    // `units` and `price` are counts of 10^-12.
    void add_units(const Integer& units, const Integer& price, const Integer& per) {
        add(units * price, per * one);
    }
    void add_flat(Decimal flat) { add(units_of(flat), one); }
};

void add_graduated(Cost& cost, const catalog::UsagePrice& price, const Integer& billable,
                   const Integer& per) {
    Integer from = 0;
    for (const catalog::UsageTier& tier : price.tiers) {
        if (from > 0 && from >= billable) break;
        const Integer to =
            tier.up_to ? std::min<Integer>(units_of(*tier.up_to), billable) : billable;
        if (to > from) cost.add_units(to - from, units_of(tier.price), per);
        cost.add_flat(tier.flat);
        if (!tier.up_to) break;
        from = units_of(*tier.up_to);
    }
}

void add_volume(Cost& cost, const catalog::UsagePrice& price, const Integer& billable,
                const Integer& per) {
    for (const catalog::UsageTier& tier : price.tiers) {
        if (tier.up_to && units_of(*tier.up_to) < billable) continue;
        cost.add_units(billable, units_of(tier.price), per);
        cost.add_flat(tier.flat);
        return;
    }
}

// Half up: a cost is never negative.
Integer rounded(const Cost& cost) {
    const Integer twice = cost.numerator * 2 + cost.denominator;
    return twice / (cost.denominator * 2);
}

}  // namespace

Result<Money> rate(const catalog::UsagePrice& price, Decimal used, Currency currency) {
    const Integer included = units_of(price.included), per = units_of(price.per);
    PD_ASSERT(per > 0);
    Integer billable = units_of(used) - included;
    if (billable < 0) billable = 0;

    Cost cost;
    cost.add_flat(price.flat);
    const bool is_priced = !price.tiers.empty();
    switch (price.model) {
        case catalog::UsageModel::per_unit:
            if (is_priced) cost.add_units(billable, units_of(price.tiers.front().price), per);
            break;
        case catalog::UsageModel::package:
            if (is_priced) {
                const Integer packages = (billable + per - 1) / per;
                cost.add(packages * units_of(price.tiers.front().price), one);
            }
            break;
        case catalog::UsageModel::graduated:
            add_graduated(cost, price, billable, per);
            break;
        case catalog::UsageModel::volume:
            add_volume(cost, price, billable, per);
            break;
    }
    const Integer amount = rounded(cost);
    if (amount > std::numeric_limits<std::int64_t>::max())
        return Error{ErrorCode::invalid_input, "the cost of this usage is too large"};
    return Money(amount.convert_to<std::int64_t>(), currency);
}

Decimal forecast(Decimal used, const Period& period, Instant now) {
    if (now <= period.start || now >= period.end) return used;
    // Minutes say nothing about a month.
    const auto length = period.end - period.start;
    const auto elapsed =
        std::max(now - period.start, std::min<std::chrono::microseconds>(length, forecast_after));
    Integer units = units_of(used) * Integer(length.count()) / Integer(elapsed.count());
    if (units_of(used) % one == 0) units -= units % one;
    const std::string digits = Integer(units / one).str();
    std::string fraction = Integer(abs(units % one)).str();
    fraction.insert(0, Decimal::scale - fraction.size(), '0');
    const auto parsed =
        Decimal::parse((units < 0 && units > -one ? "-" : "") + digits + "." + fraction);
    return parsed ? *parsed : used;
}

}  // namespace paydesk::usage
