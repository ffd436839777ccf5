#include "sandbox/paypal/subscription_patch.h"

#include <charconv>

#include "sandbox/paypal/billing.h"
#include "sandbox/paypal/json_patch.h"
#include "sandbox/paypal/plan_rules.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/subscriptions.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr Patchable patchables[] = {
    {"/billing_info/outstanding_balance",                   "replace"    },
    {"/custom_id",                                          "add replace"},
    {"/plan/payment_preferences/auto_bill_outstanding",     "replace"    },
    {"/plan/payment_preferences/payment_failure_threshold", "replace"    },
    {"/plan/taxes/inclusive",                               "add replace"},
    {"/plan/taxes/percentage",                              "add replace"},
    {"/shipping_amount",                                    "add replace"},
    {"/start_time",                                         "replace"    },
    {"/subscriber/shipping_address",                        "add replace"},
};

// What a price has to be given as: {amount: value}.
Object named(std::string_view name, const json::value& value) {
    return {
        {name, value}
    };
}

// "/plan/billing_cycles/@sequence==2/pricing_scheme/fixed_price": the sequence, and what comes after.
void patch_cycle(Account& account, Object& subscription, const Patch& patch) {
    constexpr std::string_view before = "/plan/billing_cycles/@sequence==";
    std::int64_t sequence = 0;
    const auto* begin = patch.path.data() + before.size();
    const auto [end, error] =
        std::from_chars(begin, patch.path.data() + patch.path.size(), sequence);
    const std::string_view rest(
        end, static_cast<std::size_t>(patch.path.data() + patch.path.size() - end));
    Object plan = child(subscription, "_override");
    const auto* cycle = cycle_of(plan, sequence);
    if (error != std::errc() || !cycle) refuse("INVALID_PATCH_PATH", patch.path);
    const auto total = number(*cycle, "total_cycles");
    const auto done = completed_of(subscription, sequence);
    if (total > 0 && done >= total) refuse("BILLING_CYCLE_EXECUTION_COMPLETED");
    if (rest == "/total_cycles") {
        const auto wanted = whole_at(named("value", patch.value), "value", patch.path, 0, 999, 0);
        if (wanted > 0 && wanted < done) refuse("INVALID_BILLING_TOTAL_CYCLES");
        for (json::value& value : plan["billing_cycles"].as_array()) {
            if (number(value.get_object(), "sequence") == sequence) {
                value.get_object()["total_cycles"] = wanted;
            }
        }
    } else if (rest == "/pricing_scheme/fixed_price" || rest == "/pricing_scheme/tiers") {
        const Object old = child(*cycle, "pricing_scheme");
        const bool fixed = rest.ends_with("fixed_price");
        Object given = named(fixed ? "fixed_price" : "tiers", patch.value);
        if (!fixed) given["pricing_model"] = value_of(old, "pricing_model");
        auto scheme = pricing_scheme_of(account, given, patch.path, number(old, "version") + 1);
        check_same_type(old, scheme);
        change_price(account, plan, sequence, std::move(scheme));
    } else {
        refuse("INVALID_PATCH_PATH", patch.path);
    }
    subscription["_override"] = std::move(plan);
}

void patch_plan(const Account& account, Object& subscription, const Patch& patch) {
    const Object& before = child(subscription, "_override");
    Object by;
    apply_patch(by, {.op = patch.op, .path = patch.path.substr(5), .value = patch.value});
    const Object changes{
        {"_changes", value_of(before, "_changes")}
    };
    Object plan = overridden(account, before, by);
    if (present(changes, "_changes")) plan["_changes"] = changes.at("_changes");
    subscription["_override"] = std::move(plan);
}

// From here on it has a plan of its own.
void own_plan(const Account& account, Object& subscription) {
    if (present(subscription, "_override")) return;
    subscription["_override"] = Object(plan_of(account, subscription));
    subscription["plan_overridden"] = true;
}

void patch_balance(Object& subscription, const Patch& patch) {
    const auto amount =
        amount_at(named("value", patch.value), "value", patch.path, Sign::not_negative);
    if (amount.currency != text(subscription, "_currency")) refuse("CURRENCY_MISMATCH");
    if (amount.minor > number(subscription, "_outstanding")) {
        refuse("AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE", patch.path,
               "The new outstanding balance cannot be greater than the current outstanding "
               "balance.");
    }
    subscription["_outstanding"] = amount.minor;
}

void apply(Account& account, Object& subscription, const Patch& patch) {
    if (patch.path.starts_with("/plan/billing_cycles/@sequence==")) {
        own_plan(account, subscription);
        patch_cycle(account, subscription, patch);
        return;
    }
    check_patch(patch, patchables);
    if (patch.path.starts_with("/plan/")) {
        own_plan(account, subscription);
        patch_plan(account, subscription, patch);
    } else if (patch.path == "/billing_info/outstanding_balance") {
        patch_balance(subscription, patch);
    } else if (patch.path == "/start_time") {
        refuse("INVALID_START_TIME");
    } else if (patch.path == "/custom_id") {
        required_text(named("value", patch.value), "value", patch.path, 127);
        subscription["custom_id"] = patch.value;
    } else if (patch.path == "/shipping_amount") {
        const auto amount =
            amount_at(named("value", patch.value), "value", patch.path, Sign::not_negative);
        if (amount.currency != text(subscription, "_currency")) refuse("CURRENCY_MISMATCH");
        subscription["shipping_amount"] = money(amount);
    } else {
        subscription["subscriber"].as_object()["shipping_address"] =
            object_at(named("value", patch.value), "value", patch.path);
    }
}

}  // namespace

Answer patch_subscription(Call& call) {
    Account& account = call.account;
    const auto id = text(account.get(kind::subscription, call.id()), "id");
    Object& subscription = account.edit(id);
    const auto status = text(subscription, "status");
    if (status != "ACTIVE" && status != "SUSPENDED") {
        refuse("SUBSCRIPTION_STATUS_INVALID", {},
               "Invalid subscription status for patch action; subscription status should be either "
               "active or suspended.");
    }
    for (const Patch& patch : patches_of(call.body)) apply(account, subscription, patch);
    subscription["update_time"] = time_text(account.now());
    account.emit("BILLING.SUBSCRIPTION.UPDATED", shown_subscription(account, subscription));
    return {204, nullptr};
}

}  // namespace paydesk::sandbox::paypal
