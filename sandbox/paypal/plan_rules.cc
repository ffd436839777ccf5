#include "sandbox/paypal/plan_rules.h"

#include <algorithm>

#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

Object frequency_of(const Object& cycle, const std::string& at) {
    if (!present(cycle, "frequency")) refuse_missing_field(at + "/frequency");
    const Object& given = object_at(cycle, "frequency", at + "/frequency");
    if (!present(given, "interval_unit")) refuse_missing_field(at + "/frequency/interval_unit");
    const auto unit = choice(given, "interval_unit", at + "/frequency/interval_unit",
                             {"DAY", "WEEK", "MONTH", "YEAR"}, "");
    const std::int64_t most = unit == "DAY" ? 365 : unit == "WEEK" ? 52 : unit == "MONTH" ? 12 : 1;
    return {
        {"interval_unit", unit},
        {"interval_count",
         whole_at(given, "interval_count", at + "/frequency/interval_count", 1, most, 1)}
    };
}

Object cycle_from(const Account& account, const Object& given, const std::string& at) {
    if (!present(given, "tenure_type")) refuse_missing_field(at + "/tenure_type");
    if (!present(given, "sequence")) refuse_missing_field(at + "/sequence");
    const auto tenure = choice(given, "tenure_type", at + "/tenure_type", {"REGULAR", "TRIAL"}, "");
    Object cycle{
        {"frequency", frequency_of(given, at)},
        {"tenure_type", tenure},
        {"sequence", whole_at(given, "sequence", at + "/sequence", 1, 99, 1)},
        {"total_cycles", whole_at(given, "total_cycles", at + "/total_cycles", 0, 999, 1)}
    };
    if (present(given, "pricing_scheme")) {
        const auto place = at + "/pricing_scheme";
        const Object& scheme = object_at(given, "pricing_scheme", place);
        if (tenure == "TRIAL" && present(scheme, "pricing_model")) {
            refuse("INVALID_PRICING_MODEL", place + "/pricing_model");
        }
        cycle["pricing_scheme"] = pricing_scheme_of(account, scheme, place, 1);
    } else if (tenure == "REGULAR") {
        refuse_missing_field(at + "/pricing_scheme");
    }
    if (tenure == "TRIAL" && number(cycle, "total_cycles") == 0) {
        refuse("INVALID_TRIAL_BILLING_TOTAL_CYCLES", at + "/total_cycles");
    }
    return cycle;
}

bool is_free(const Object& cycle) {
    const Object& scheme = child(cycle, "pricing_scheme");
    return !present(scheme, "tiers") && stored_amount(scheme, "fixed_price").minor == 0;
}

void check_together(const json::array& cycles) {
    std::int64_t regular = 0, trials = 0, free_trials = 0;
    std::string currency;
    for (std::size_t i = 0; i < cycles.size(); ++i) {
        const Object& cycle = cycles[i].get_object();
        const bool trial = text(cycle, "tenure_type") == "TRIAL";
        regular += trial ? 0 : 1;
        trials += trial ? 1 : 0;
        free_trials += trial && is_free(cycle) ? 1 : 0;
        if (number(cycle, "sequence") != static_cast<std::int64_t>(i) + 1) {
            refuse("INVALID_BILLING_CYCLE_SEQUENCE",
                   "/billing_cycles/" + std::to_string(i) + "/sequence");
        }
        const auto own = currency_of_scheme(child(cycle, "pricing_scheme"));
        if (!currency.empty() && !own.empty() && own != currency) refuse("CURRENCY_MISMATCH");
        if (!own.empty()) currency = own;
    }
    if (regular == 0) refuse("MISSING_REGULAR_BILLING_CYCLE");
    if (regular > 1) refuse("MULTIPLE_REGULAR_BILLING_CYCLES_NOT_SUPPORTED");
    if (trials > 2) refuse("MORE_THAN_TWO_TRIAL_BILLING_CYCLE_NOT_SUPPORTED");
    if (free_trials > 1) refuse("MULTIPLE_FREE_TRIAL_BILLING_CYCLES_NOT_SUPPORTED");
    if (text(cycles.back().get_object(), "tenure_type") != "REGULAR") {
        refuse("INVALID_BILLING_CYCLE_SEQUENCE", "/billing_cycles",
               "Trial cycles come before the regular one.");
    }
}

}  // namespace

json::array billing_cycles_of(const Account& account, const Object& plan) {
    constexpr std::size_t cycles_max = 12;
    if (!present(plan, "billing_cycles")) refuse_missing_field("/billing_cycles");
    const auto& given = children(plan, "billing_cycles");
    if (given.empty() || given.size() > cycles_max) {
        refuse("INVALID_PARAMETER_VALUE", "/billing_cycles", "A plan has 1 to 12 billing cycles.");
    }
    json::array cycles;
    for (const json::value& value : given) {
        const auto at = "/billing_cycles/" + std::to_string(cycles.size());
        if (!value.is_object()) refuse("INVALID_PARAMETER_SYNTAX", at);
        cycles.push_back(cycle_from(account, value.get_object(), at));
    }
    std::ranges::sort(cycles, {}, [](const json::value& cycle) {
        return number(cycle.get_object(), "sequence");
    });
    check_together(cycles);
    return cycles;
}

Object payment_preferences_of(const Object& given, const std::string& at) {
    Object preferences{
        {"auto_bill_outstanding",
         flag_at(given, "auto_bill_outstanding", at + "/auto_bill_outstanding", true)},
        {"setup_fee_failure_action",
         choice(given, "setup_fee_failure_action", at + "/setup_fee_failure_action",
         {"CONTINUE", "CANCEL"}, "CANCEL")},
        {"payment_failure_threshold", whole_at(given, "payment_failure_threshold",
         at + "/payment_failure_threshold", 0, 999, 0)}
    };
    const auto fee = optional_amount_at(given, "setup_fee", at + "/setup_fee", Sign::not_negative);
    if (fee) preferences["setup_fee"] = money(*fee);
    return preferences;
}

Object taxes_of(const Object& given, const std::string& at) {
    const auto percentage = required_text(given, "percentage", at + "/percentage", 10);
    if (!is_percentage(percentage)) refuse("INVALID_PARAMETER_SYNTAX", at + "/percentage");
    return {
        {"percentage", percentage},
        {"inclusive", flag_at(given, "inclusive", at + "/inclusive", true)}
    };
}

Object overridden(const Account& account, const Object& plan, const Object& by) {
    Object out = plan;
    const std::string at = "/plan";
    for (const json::value& value : children(by, "billing_cycles")) {
        if (!value.is_object()) refuse("INVALID_PARAMETER_SYNTAX", at + "/billing_cycles");
        const Object& given = value.get_object();
        const auto sequence = whole_at(given, "sequence", at + "/sequence", 1, 99, 0);
        const auto* known = cycle_of(out, sequence);
        if (!known) refuse("INVALID_BILLING_CYCLE_SEQUENCE");
        for (json::value& one : out["billing_cycles"].as_array()) {
            Object& cycle = one.get_object();
            if (number(cycle, "sequence") != sequence) continue;
            const Object old = child(cycle, "pricing_scheme");
            if (present(given, "pricing_scheme")) {
                auto scheme = pricing_scheme_of(
                    account, object_at(given, "pricing_scheme", at + "/pricing_scheme"),
                    at + "/pricing_scheme", 1);
                check_same_type(old, scheme);
                cycle["pricing_scheme"] = std::move(scheme);
            }
            const auto total = number(cycle, "total_cycles");
            cycle["total_cycles"] =
                whole_at(given, "total_cycles", at + "/total_cycles", 0, 999, total);
        }
    }
    if (present(by, "payment_preferences")) {
        Object merged = child(plan, "payment_preferences");
        for (const auto& [key, value] :
             object_at(by, "payment_preferences", at + "/payment_preferences")) {
            merged[key] = value;
        }
        out["payment_preferences"] = payment_preferences_of(merged, at + "/payment_preferences");
    }
    if (present(by, "taxes")) {
        Object merged = child(plan, "taxes");
        for (const auto& [key, value] : object_at(by, "taxes", at + "/taxes")) merged[key] = value;
        out["taxes"] = taxes_of(merged, at + "/taxes");
    }
    out.erase("_changes");
    return out;
}

}  // namespace paydesk::sandbox::paypal
