// What a subscription says of its life in time.

#include "sandbox/paypal/billing.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/subscriptions.h"

namespace paydesk::sandbox::paypal {
namespace {

// Its last cycle's begin, where they have an end.
std::int64_t final_payment_at(const Object& plan, const Object& subscription) {
    auto at = number(subscription, "_next");
    std::int64_t last = 0;
    for (const json::value& value : children(plan, "billing_cycles")) {
        const Object& cycle = value.get_object();
        const auto total = number(cycle, "total_cycles");
        if (total == 0) return 0;
        const auto anchor = anchor_of(subscription, number(cycle, "sequence"), at);
        for (auto left = total - completed_of(subscription, number(cycle, "sequence")); left > 0;
             --left) {
            last = at;
            at = later_by(at, child(cycle, "frequency"), anchor);
        }
    }
    return last;
}

}  // namespace

std::int64_t completed_of(const Object& subscription, std::int64_t sequence) {
    for (const json::value& value : children(subscription, "_cycles")) {
        const Object& cycle = value.get_object();
        if (number(cycle, "sequence") == sequence) return number(cycle, "completed");
    }
    return 0;
}

std::int64_t next_sequence(const Object& plan, const Object& subscription) {
    for (const json::value& value : children(plan, "billing_cycles")) {
        const Object& cycle = value.get_object();
        const auto sequence = number(cycle, "sequence");
        const auto total = number(cycle, "total_cycles");
        if (total == 0 || completed_of(subscription, sequence) < total) return sequence;
    }
    return 0;
}

unsigned anchor_of(const Object& subscription, std::int64_t sequence, std::int64_t at) {
    if (completed_of(subscription, sequence) == 0) return day_of(at);
    return static_cast<unsigned>(number(subscription, "_anchor_day"));
}

Object billing_info(const Account& account, const Object& subscription, bool with_last_failed) {
    const Object& plan = plan_of(account, subscription);
    json::array executions;
    for (const json::value& value : children(plan, "billing_cycles")) {
        const Object& cycle = value.get_object();
        const auto sequence = number(cycle, "sequence");
        const auto completed = completed_of(subscription, sequence);
        const auto total = number(cycle, "total_cycles");
        executions.push_back(Object{
            {"tenure_type", cycle.at("tenure_type")},
            {"sequence", sequence},
            {"cycles_completed", completed},
            {"cycles_remaining", total == 0 ? 0 : total - completed},
            {"current_pricing_scheme_version",
             number(child(cycle, "pricing_scheme"), "version", 1)},
            {"total_cycles", total}
        });
    }
    Object info{
        {"outstanding_balance",
         money({number(subscription, "_outstanding"), text(subscription, "_currency")})},
        {"cycle_executions",    std::move(executions)                                  }
    };
    if (present(subscription, "_last_payment")) {
        info["last_payment"] = subscription.at("_last_payment");
    }
    if (text(subscription, "status") == "ACTIVE" && next_sequence(plan, subscription) > 0) {
        info["next_billing_time"] = time_text(number(subscription, "_next"));
        const auto last = final_payment_at(plan, subscription);
        if (last > 0) info["final_payment_time"] = time_text(last);
    }
    info["failed_payments_count"] = number(subscription, "_failed");
    if (with_last_failed && present(subscription, "_last_failed")) {
        info["last_failed_payment"] = subscription.at("_last_failed");
    }
    return info;
}

}  // namespace paydesk::sandbox::paypal
