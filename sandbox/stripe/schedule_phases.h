#pragma once
// The phases of a subscription schedule: when each begins and ends, and what it asks for. No I/O
// but reading prices.

#include <cstdint>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::int64_t phase_intervals_max = 1200;  // a hundred years of months

// Phases as parameters describe them, from `start` on unless the first says otherwise. Each ends by
// its end_date, iterations, duration, or where the next one begins; the last one, without any of
// these, after one interval of its price.
// Refuses with 400 naming the parameter: gaps, ends before starts, prices that do not fit.
json::array phases_from(const Account& account, const json::array& given, std::int64_t start,
                        const std::string& customer);

// One phase that is the subscription as it stands, for its current period.
Object phase_of(const Object& subscription);

// New phases of a running schedule: those that ended before them are kept.
// Refuses with 400 when they do not begin where a phase of it does, or end before now.
json::array merged_phases(const Object& schedule, const json::array& phases, std::int64_t now);
// From `now` on the current phase has these items and this trial.
json::array split_phase(const json::array& phases, const Object& terms, std::int64_t now);

// The phase in which `at` is; nullptr for none.
const Object* phase_at(const json::array& phases, std::int64_t at);
// Nothing that a subscription shows differs.
bool same_terms(const Object& phase, const Object& other);

// What makes the subscription's items those of the phase, as SubscriptionChange has it. An item of
// the same price is kept, then those that are left take over the others' places.
json::array item_changes(const Object& subscription, const Object& phase);

}  // namespace paydesk::sandbox::stripe
