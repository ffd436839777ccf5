#pragma once
// What one metric of an ended period costs: the line of an invoice, whoever that is of.

#include <optional>
#include <string>

#include "base/money.h"
#include "usage/metrics.h"
#include "usage/totals.h"

namespace paydesk::usage {

struct RatedTotal {
    Decimal quantity;
    Money amount;             // zero where the plan has no price for it
    std::string description;  // "API calls: 5000"
};

// Nothing where it cannot be said what it costs (an unknown plan, another currency than that of plans.toml, more than
// int64 minor units): an operator is told by the log, naming `subject`. What is used in a trial costs nothing, as where
// Stripe's meters charge it. REQUIRES: the metric is known.
std::optional<RatedTotal> rate_total(const Totals& totals, bool in_trial, std::string_view currency,
                                     std::string_view subject, const Metrics& metrics);

}  // namespace paydesk::usage
