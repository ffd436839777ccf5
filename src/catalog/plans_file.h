#pragma once
// plans.toml: the catalogue as code, read and checked whole.
//
// What is wrong is reported all at once, each with its place and how to mend it: nobody should have
// to run a command five times to find five typos.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "catalog/usage_price.h"

namespace paydesk::catalog {

inline constexpr std::size_t plans_max = 100;
inline constexpr std::size_t plans_file_bytes_max = 1024 * 1024;

// A plan is subscribed to; a top-up is bought once and gives credits; a product is bought once and gives
// none.
enum class PlanKind : std::uint8_t { plan, top_up, product };
std::string_view to_string(PlanKind kind);  // "plan", "top_up", "product"

// Spelled as in the API's billingCycle.
enum class BillingCycle : std::uint8_t { monthly, yearly, one_time };
std::string_view to_string(BillingCycle cycle);  // "monthly", "yearly", "one_time"
// The provider's interval: "month", "year"; none for a one-time price.
std::optional<std::string> interval_of(BillingCycle cycle);

struct PlanPrice {
    std::string lookup_key;  // "pro_monthly"; that of what is bought once is its plan key
    BillingCycle cycle;
    Money amount;
};

struct Plan {
    std::string key;
    PlanKind kind;
    std::string family;     // "main" unless the file says otherwise; else its kind
    std::string tier;       // its key unless the file says otherwise; "" for what is bought once
    std::int64_t rank = 0;  // higher is an upgrade
    std::string name, description;
    std::vector<std::string> features;
    std::map<std::string, std::int64_t> limits;  // per metric and billing period; -1: unlimited
    std::map<std::string, UsagePrice> usage;     // what usage of a metric costs
    std::int64_t credits = 0;                    // a month, or once for a top-up
    std::optional<int> trial_days;
    Currency currency;
    std::vector<PlanPrice> prices;  // none: the free plan
};

// What is counted, and how the counts of a period become one number.
enum class Aggregation : std::uint8_t { sum, count, max, last, unique };
std::string_view to_string(Aggregation aggregation);

// How what is used beyond the plan's price is charged. meter: the provider counts and rates (Stripe's meters:
// sum, count, last). invoice_item: we rate, and the provider's invoice gets a line.
enum class UsageCharge : std::uint8_t { none, meter, invoice_item };
std::string_view to_string(UsageCharge charge);

struct Meter {
    std::string key;  // the metric that limits are about
    std::string name;
    std::string unit = {};  // "GB"; "" where the name says it
    Aggregation aggregation = Aggregation::sum;
    UsageCharge charge = UsageCharge::none;
    // Stripe's prices from before meters, whose subscription items take usage records (STRIPE_USAGE_API_VERSION).
    std::vector<std::string> record_prices = {};
};

struct Catalogue {
    std::vector<Plan> plans;  // in the order of the file: plans, top-ups, products
    std::vector<Meter> meters;
};

// Refuses with invalid_input: not TOML (with the line), unknown or missing keys, wrong types, keys that
// are not [a-z][a-z0-9_]*, duplicates, amounts that are not exact in the currency, no free plan or
// two in one family, limits of metrics that no [[meter]] counts (where there is one at all), prices of
// usage that nothing would charge or that the provider's meters cannot. The message has one line for each.
// `file_name` is only for the message.
Result<Catalogue> parse_plans(std::string_view text, std::string_view file_name);

// The same from disk. Refuses with invalid_input when it cannot be read.
Result<Catalogue> read_plans(const std::filesystem::path& file);

}  // namespace paydesk::catalog
