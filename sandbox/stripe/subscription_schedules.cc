// Subscription schedules: /v1/subscription_schedules.

#include "sandbox/stripe/inline_prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/schedule_phases.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscription_updates.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view settings_listing =
    "default_settings{application_fee_percent:no automatic_tax:no "
    "billing_cycle_anchor:(automatic|phase_start) billing_thresholds:no "
    "collection_method:(charge_automatically|send_invoice) default_payment_method:id description "
    "invoice_settings{account_tax_ids:no custom_fields:no days_until_due:i description:no "
    "footer:no issuer:no} on_behalf_of:no transfer_data:no} "
    "end_behavior:(cancel|release) metadata:m pause_schedules>=endive:no ";

// A phase starts where the one before it ends; only an update may say where.
std::string phases_listing(std::string_view more) {
    return "phases[]{items[]!{price:id plan:id quantity:i metadata:m " +
           std::string(recurring_price_data) +
           "billing_thresholds:no discounts:no tax_rates:no} "
           "add_invoice_items[]{price:id quantity:i metadata>=clover:m " +
           std::string(one_time_price_data) +
           "discounts:no tax_rates:no period>=clover:no discountable>=endive:no} "
           "application_fee_percent:no automatic_tax:no "
           "billing_cycle_anchor:(automatic|phase_start) billing_thresholds:no "
           "collection_method:(charge_automatically|send_invoice) coupon<basil:id currency "
           "default_payment_method:id default_tax_rates:no description "
           "discounts[]{coupon:id promotion_code:id discount:id} "
           "duration>=basil{interval!:(day|month|week|year) interval_count:i} "
           "iterations<clover:i end_date "
           "invoice_settings{account_tax_ids:no custom_fields:no days_until_due:i "
           "description:no footer:no issuer:no} metadata:m on_behalf_of:no "
           "proration_behavior:(always_invoice|create_prorations|none) transfer_data:no "
           "trial:b trial_end " +
           std::string(more) + "} ";
}

// The phase's own billing is checked once it is whole: send_invoice needs its days.
void check_methods(const Account& account, const Object& schedule) {
    const Object& defaults = child(schedule, "default_settings");
    const auto customer = text(schedule, "customer");
    const auto check = [&](const Object& owner, const std::string& param) {
        const auto method = text(owner, "default_payment_method");
        if (method.empty()) return;
        if (text(account.get("payment_method", method, param), "customer") != customer) {
            refuse("resource_missing",
                   "The customer does not have a payment method with the ID " + method +
                       ". The payment method must be attached to the customer.",
                   param);
        }
    };
    check(defaults, "default_settings[default_payment_method]");
    for (std::size_t i = 0; i < children(schedule, "phases").size(); ++i) {
        const Object& phase = children(schedule, "phases")[i].as_object();
        const auto name = "phases[" + std::to_string(i) + "]";
        check(phase, name + "[default_payment_method]");
        const auto collection =
            text(present(phase, "collection_method") ? phase : defaults, "collection_method");
        const Object& invoicing = present(phase, "invoice_settings")
                                      ? child(phase, "invoice_settings")
                                      : child(defaults, "invoice_settings");
        if (collection == "send_invoice" && !present(invoicing, "days_until_due")) {
            refuse_missing_param(name + "[invoice_settings][days_until_due]");
        }
    }
}

Object settings_of(const Object& params, const Object& before) {
    Object settings;
    const Object& given = child(params, "default_settings");
    copy_params(
        given, settings,
        {"billing_cycle_anchor", "collection_method", "default_payment_method", "description"});
    if (present(given, "invoice_settings")) {
        Object invoicing = child(before, "invoice_settings");
        copy_params(child(given, "invoice_settings"), invoicing, {"days_until_due"});
        settings["invoice_settings"] = std::move(invoicing);
    }
    return settings;
}

json::value create_from_subscription(Call& call) {
    for (const auto& [key, value] : call.params) {
        if (key == "from_subscription" || key == "expand") continue;
        refuse("parameters_exclusive",
               "You cannot set `" + std::string(key) +
                   "` if `from_subscription` is set: create the schedule first, then update it.",
               key);
    }
    const auto id = schedule_subscription(call.account, text(call.params, "from_subscription"));
    return call.account.get("subscription_schedule", id);
}

json::value create(Call& call) {
    if (present(call.params, "from_subscription")) return create_from_subscription(call);
    Account& account = call.account;
    const Object& params = call.params;
    const auto customer = text(params, "customer");
    if (customer.empty()) refuse_missing_param("customer");
    account.get("customer", customer, "customer");
    if (children(params, "phases").empty()) refuse_missing_param("phases");
    const auto start_date = text(params, "start_date");
    const auto start = start_date.empty() || start_date == "now"
                           ? account.now()
                           : seconds_of(start_date, "start_date");
    if (start < account.now()) refuse_unsupported("a start in the past", "start_date");

    Object schedule = blank("subscription_schedule");
    schedule["id"] = account.new_id("sub_sched_1");
    schedule["customer"] = customer;
    schedule["billing_mode"] = billing_mode_for(child(params, "billing_mode"), call.version.shape);
    auto& settings = schedule["default_settings"].as_object();
    for (const auto& [key, value] : settings_of(params, settings)) settings[key] = value;
    if (present(params, "end_behavior")) schedule["end_behavior"] = params.at("end_behavior");
    schedule["phases"] = phases_from(account, children(params, "phases"), start, customer);
    merge_metadata(params, schedule);
    check_methods(account, schedule);
    const Object added = account.add(std::move(schedule));
    const auto id = text(added, "id");
    account.emit("subscription_schedule.created", added);
    if (start == account.now()) start_schedule(account, id);
    return account.get("subscription_schedule", id);
}

json::value update(Call& call) {
    Account& account = call.account;
    const Object& params = call.params;
    const Object before = call.target("subscription_schedule", "schedule");
    const auto& given = children(params, "phases");
    const bool active = text(before, "status") == "active";
    if (active && !given.empty() && !present(given.front().as_object(), "start_date")) {
        refuse("parameter_missing",
               "The start_date of the first phase is required to update the phases of a schedule "
               "that is active: that of its current phase, or of an earlier one.",
               "phases[0][start_date]");
    }
    ScheduleChange change{
        .phases = phases_from(account, given,
                              number(children(before, "phases").front().as_object(), "start_date"),
                              text(before, "customer")),
        .settings = settings_of(params, child(before, "default_settings")),
        .end_behavior = text(params, "end_behavior")};
    if (present(params, "proration_behavior")) {
        change.proration_behavior = text(params, "proration_behavior");
    }
    copy_params(params, change.metadata, {"metadata"});
    if (!active && !change.phases.empty() &&
        number(change.phases.front().as_object(), "start_date") < account.now()) {
        refuse_unsupported("a start in the past", "phases[0][start_date]");
    }
    const auto id = text(before, "id");
    change_schedule(account, id, change);
    check_methods(account, account.get("subscription_schedule", id));
    return account.get("subscription_schedule", id);
}

bool listed(const Call& call, const Object& schedule) {
    if (flag(call.params, "scheduled") && text(schedule, "status") != "not_started") return false;
    // Those of test clocks are listed only when their customer is named.
    if (!present(call.params, "customer") && present(schedule, "test_clock")) return false;
    return matches(call, schedule, "customer");
}

}  // namespace

void add_subscription_schedule_routes(Routes& routes) {
    const std::string settings(settings_listing);
    routes.on("POST /v1/subscription_schedules",
              settings + phases_listing("") +
                  "customer:id customer_account>=dahlia:no from_subscription:id start_date "
                  "billing_mode>=basil{type!:(classic|flexible) "
                  "flexible{proration_discounts:(included|itemized)}}",
              with_inline_prices(create));
    routes.list("/v1/subscription_schedules",
                "customer:id customer_account>=dahlia:no scheduled:b created:any canceled_at:no "
                "completed_at:no released_at:no",
                [](Call& call) {
                    return list_page(call, "subscription_schedule", "/v1/subscription_schedules",
                                     [&](const Object& object) { return listed(call, object); });
                });
    routes.on("GET /v1/subscription_schedules/{id}", "", [](Call& call) -> json::value {
        return call.target("subscription_schedule", "schedule");
    });
    routes.on("POST /v1/subscription_schedules/{id}",
              settings + phases_listing("start_date") +
                  "proration_behavior:(always_invoice|create_prorations|none)",
              with_inline_prices(update));
    routes.on("POST /v1/subscription_schedules/{id}/cancel", "invoice_now:b prorate:b",
              [](Call& call) -> json::value {
                  const auto id = text(call.target("subscription_schedule", "schedule"), "id");
                  cancel_schedule(call.account, id,
                                  {.prorate = flag(call.params, "prorate", true),
                                   .invoice_now = flag(call.params, "invoice_now", true)});
                  return call.account.get("subscription_schedule", id);
              });
    routes.on("POST /v1/subscription_schedules/{id}/release", "preserve_cancel_date:b",
              [](Call& call) -> json::value {
                  const auto id = text(call.target("subscription_schedule", "schedule"), "id");
                  release_schedule(call.account, id, flag(call.params, "preserve_cancel_date"));
                  return call.account.get("subscription_schedule", id);
              });
}

}  // namespace paydesk::sandbox::stripe
