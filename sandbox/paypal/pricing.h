#pragma once
// What billing cycles cost, and when they begin.

#include <string>

#include "sandbox/paypal/account.h"
#include "sandbox/paypal/money.h"

namespace paydesk::sandbox::paypal {

// A price that changes reaches, of those who subscribed before, only cycles that begin so much later.
inline constexpr std::int64_t price_change_seconds = 10 * day_seconds;

// {fixed_price} or {pricing_model, tiers} as it is stored, as version `version`. `at`: its JSON pointer.
Object pricing_scheme_of(const Account& account, const Object& given, const std::string& at,
                         std::int64_t version);
// Refuses with INVALID_PRICING_SCHEME where one has tiers and the other has not, CURRENCY_MISMATCH.
void check_same_type(const Object& old_scheme, const Object& new_scheme);
std::string currency_of_scheme(const Object& scheme);

// For so many at once; nothing (0) for a free trial.
Amount price_of(const Object& scheme, std::int64_t quantity, const std::string& currency);

// The first cycle's currency that has one.
std::string currency_of_plan(const Object& plan);
// The cycle with this sequence; nullptr when there is none.
const Object* cycle_of(const Object& plan, std::int64_t sequence);
// What a cycle that begins at `at` costs one who subscribed at `since`: `plan` has the changes of its
// prices in `_changes`: [{sequence, at, before}].
Object scheme_at(const Object& plan, std::int64_t sequence, std::int64_t since, std::int64_t at);
// The cycle has a new price; the old one is kept for those who are owed it.
void change_price(const Account& account, Object& plan, std::int64_t sequence, Object scheme);

// Unix seconds of the next boundary: a month later is the same day, or that month's last.
std::int64_t later_by(std::int64_t at, const Object& frequency, unsigned anchor_day);
unsigned day_of(std::int64_t at);

}  // namespace paydesk::sandbox::paypal
