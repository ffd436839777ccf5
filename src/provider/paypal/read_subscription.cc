// PayPal's JSON -> Subscription, Plan.

#include <algorithm>
#include <charconv>
#include <map>

#include "provider/paypal/reading.h"
#include "provider/paypal/subscription.h"

namespace paydesk::provider::paypal {
namespace {

std::optional<Unit> unit_of(std::string_view text) {
    if (text == "DAY") return Unit::day;
    if (text == "WEEK") return Unit::week;
    if (text == "MONTH") return Unit::month;
    if (text == "YEAR") return Unit::year;
    return std::nullopt;
}

std::optional<State> state_of(std::string_view text) {
    if (text == "APPROVAL_PENDING") return State::approval_pending;
    if (text == "APPROVED") return State::approved;
    if (text == "ACTIVE") return State::active;
    if (text == "SUSPENDED") return State::suspended;
    if (text == "CANCELLED") return State::cancelled;
    if (text == "EXPIRED") return State::expired;
    return std::nullopt;
}

// Text, as PayPal has it: "2". What is no whole number is one.
std::int64_t quantity_of(const std::string& text) {
    std::int64_t quantity = 1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && quantity > 0;
    return whole ? quantity : 1;
}

// None where there is none; unusable is refused.
Result<std::optional<Subscription::Paid>> read_paid(const json::value& info,
                                                    std::string_view field) {
    if (at_path(info, {field}) == nullptr) return std::optional<Subscription::Paid>{};
    const auto amount = money_at(info, {field, "amount"});
    if (!amount) return amount.error();
    const auto at = instant_at(info, {field, "time"});
    if (!at) return unusable("subscription", info, std::string(field) + " has no time");
    return std::optional(Subscription::Paid{*amount, *at});
}

// What billing_info says; absent before the first billing.
Result<void> read_billing(const json::value& info, Subscription& subscription) {
    if (at_path(info, {"outstanding_balance"}) != nullptr) {
        const auto balance = money_at(info, {"outstanding_balance"});
        if (!balance) return balance.error();
        // PayPal writes what the seller owes as a negative one.
        if (balance->minor_units() > 0) subscription.outstanding = *balance;
    }
    auto paid = read_paid(info, "last_payment");
    if (!paid) return paid.error();
    auto failed = read_paid(info, "last_failed_payment");
    if (!failed) return failed.error();
    subscription.last_payment = *paid;
    subscription.last_failure = *failed;
    subscription.failures = int_at(info, {"failed_payments_count"}).value_or(0);
    subscription.next_billing = instant_at(info, {"next_billing_time"});
    subscription.next_retry = instant_at(info, {"last_failed_payment", "next_payment_retry_time"});
    return {};
}

}  // namespace

const BillingCycle& Plan::regular() const {
    return *std::ranges::find(cycles, false, &BillingCycle::is_trial);
}

Result<Plan> read_plan(const json::value& json) {
    auto id = ref_at(json, {"id"});
    if (!id) return unusable("plan", json, "has no id");
    Plan plan{.plan = *id,
              .product = ref_at(json, {"product_id"}),
              .name = text_at(json, {"name"}).value_or(id->value),
              .cycles = {}};
    std::multimap<std::int64_t, BillingCycle> cycles;  // by sequence
    for (const json::value& each : array_at(json, {"billing_cycles"})) {
        const auto unit = unit_of(text_at(each, {"frequency", "interval_unit"}).value_or(""));
        const auto count = int_at(each, {"frequency", "interval_count"}).value_or(1);
        const auto total = int_at(each, {"total_cycles"}).value_or(1);
        if (!unit || count < 1 || count > 365 || total < 0 || total > 999)
            return unusable("plan", json, "has an unusable billing cycle");
        BillingCycle cycle{.is_trial = text_at(each, {"tenure_type"}) == "TRIAL",
                           .unit = *unit,
                           .count = count,
                           .total = total,
                           .price = {}};
        if (at_path(each, {"pricing_scheme", "fixed_price"}) != nullptr) {
            const auto price = money_at(each, {"pricing_scheme", "fixed_price"});
            if (!price) return price.error();
            cycle.price = *price;
        }
        cycles.emplace(int_at(each, {"sequence"}).value_or(1), cycle);
    }
    for (const auto& [sequence, cycle] : cycles) plan.cycles.push_back(cycle);
    if (std::ranges::find(plan.cycles, false, &BillingCycle::is_trial) == plan.cycles.end())
        return unusable("plan", json, "has no regular billing cycle");
    return plan;
}

Result<Subscription> read_subscription(const json::value& json, Plan plan) {
    const auto id = ref_at(json, {"id"});
    if (!id) return unusable("subscription", json, "has no id");
    const auto state = state_of(text_at(json, {"status"}).value_or(""));
    if (!state) return unusable("subscription", json, "has an unknown status");
    const auto created = instant_at(json, {"create_time"});
    const auto start = instant_at(json, {"start_time"});
    if (!created && !start) return unusable("subscription", json, "has no usable create_time");

    Subscription subscription{.id = *id,
                              .state = *state,
                              .note = text_at(json, {"status_change_note"}).value_or(""),
                              .state_since = instant_at(json, {"status_update_time"}),
                              .custom_id = text_at(json, {"custom_id"}).value_or(""),
                              .account = account_at(json, {"custom_id"}),
                              .email = text_at(json, {"subscriber", "email_address"}),
                              .plan = std::move(plan),
                              .quantity = quantity_of(text_at(json, {"quantity"}).value_or("1")),
                              .created_at = created.value_or(start.value_or(Instant{})),
                              .start = start.value_or(created.value_or(Instant{})),
                              .outstanding = {},
                              .last_payment = {},
                              .last_failure = {},
                              .next_billing = {},
                              .next_retry = {}};
    if (const json::value* info = at_path(json, {"billing_info"})) {
        if (const auto read = read_billing(*info, subscription); !read) return read.error();
    }
    return subscription;
}

}  // namespace paydesk::provider::paypal
