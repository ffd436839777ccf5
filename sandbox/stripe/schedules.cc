#include "sandbox/stripe/schedules.h"

#include <algorithm>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/schedule_phases.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscription_changes.h"
#include "sandbox/stripe/usage_invoicing.h"

namespace paydesk::sandbox::stripe {
namespace {

bool is_over(const Object& schedule) {
    const auto status = text(schedule, "status");
    return status != "not_started" && status != "active";
}

json::value current_phase(const Object& phase) {
    return Object{
        {"end_date",   phase.at("end_date")  },
        {"start_date", phase.at("start_date")}
    };
}

std::int64_t last_end(const Object& schedule) {
    return number(children(schedule, "phases").back().as_object(), "end_date");
}

// What the phase says of the subscription, or else the schedule's default settings.
Object fields_of(const Object& schedule, const Object& phase) {
    const Object& defaults = child(schedule, "default_settings");
    const auto either = [&](const char* key) {
        return present(phase, key) ? phase.at(key) : value_of(defaults, key);
    };
    const Object& invoicing = present(phase, "invoice_settings")
                                  ? child(phase, "invoice_settings")
                                  : child(defaults, "invoice_settings");
    return {
        {"collection_method", either("collection_method")},
        {"days_until_due", value_of(invoicing, "days_until_due")},
        {"default_payment_method", either("default_payment_method")},
        {"description", either("description")},
    };
}

json::array discounts_of_phase(const Account& account, const Object& schedule,
                               const Object& phase) {
    json::array named;  // as a call names them: by the one that each has
    for (const json::value& value : children(phase, "discounts")) {
        for (const auto& [key, id] : value.get_object()) {
            if (id.is_string())
                named.push_back(Object{
                    {key, id}
                });
        }
    }
    return wanted_discounts(account,
                            Object{
                                {"discounts", std::move(named)}
    },
                            {.customer = text(schedule, "customer")});
}

// With end_behavior=cancel the subscription says when it ends.
void set_cancel_date(Account& account, const Object& schedule) {
    const bool ends = text(schedule, "end_behavior") == "cancel";
    const auto id = text(schedule, "subscription");
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        if (!ends && !flag(subscription, "_ends_by_schedule")) return;
        subscription["cancel_at"] = ends ? json::value(last_end(schedule)) : json::value(nullptr);
        subscription["canceled_at"] = ends ? json::value(account.now()) : json::value(nullptr);
        subscription["_ends_by_schedule"] = ends;
    });
}

// The subscription becomes what the phase says. `behavior`: of prorations.
void enter_phase(Account& account, const Object& schedule, const Object& phase,
                 const Object& previous, const std::string& behavior) {
    const auto id = text(schedule, "subscription");
    const auto now = account.now();
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        // What neither the phase nor the schedule names stays as it is.
        for (const auto& [key, value] : fields_of(schedule, phase)) {
            if (!value.is_null()) subscription[key] = value;
        }
        merge_metadata(phase, subscription);
    });
    if (!children(phase, "discounts").empty() || !children(previous, "discounts").empty()) {
        set_subscription_discounts(account, id, discounts_of_phase(account, schedule, phase));
    }
    const Object& subscription = account.get("subscription", id);
    SubscriptionChange change{.items = item_changes(subscription, phase),
                              .add_invoice_items = children(phase, "add_invoice_items"),
                              .proration_behavior = behavior};
    const auto trial_end = number(phase, "trial_end");
    const bool trials = text(subscription, "status") == "trialing";
    if (trial_end > now && trial_end != number(subscription, "trial_end"))
        change.trial_end = trial_end;
    else if (trials && trial_end <= now && number(subscription, "trial_end") > now)
        change.trial_end = now;
    const Object& defaults = child(schedule, "default_settings");
    const auto anchor =
        text(present(phase, "billing_cycle_anchor") ? phase : defaults, "billing_cycle_anchor");
    change.anchor_now =
        anchor == "phase_start" && number(phase, "start_date") == now && trial_end <= now;
    change_subscription(account, id, change);
}

void complete_schedule(Account& account, const std::string& id) {
    const Object before = account.get("subscription_schedule", id);
    const bool cancels = text(before, "end_behavior") == "cancel";
    const auto subscription = text(before, "subscription");
    const Object& completed = account.change(id, "", [&](Object& schedule) {
        schedule["status"] = "completed";
        schedule["completed_at"] = account.now();
        schedule["current_phase"] = nullptr;
        if (cancels) return;
        schedule["released_subscription"] = subscription;
        schedule["subscription"] = nullptr;
    });
    if (cancels) {
        add_last_invoice(account, subscription, LastSecond::excluded, "subscription_cycle");
        cancel_subscription(account, subscription, "cancellation_requested");
    } else {
        account.change(subscription, "customer.subscription.updated",
                       [](Object& changed) { changed["schedule"] = nullptr; });
    }
    account.emit("subscription_schedule.completed", completed);
}

void check_open(const Object& schedule, std::string_view verb) {
    if (!is_over(schedule)) return;
    refuse("", "You cannot " + std::string(verb) +
                   " a subscription schedule that is currently in the `" +
                   text(schedule, "status") +
                   "` status. Only those that are `not_started` or `active` can be.");
}

}  // namespace

std::string schedule_subscription(Account& account, const std::string& id) {
    const Object subscription = account.get("subscription", id, "from_subscription");
    if (present(subscription, "schedule")) {
        refuse("", "You cannot migrate a subscription that is already attached to a schedule: `" +
                       text(subscription, "schedule") + "`.");
    }
    const auto status = text(subscription, "status");
    if (present(subscription, "ended_at") || status == "incomplete" || status == "paused") {
        refuse("", "You cannot migrate a subscription that is " + status + " to a schedule.");
    }
    const bool ends = present(subscription, "cancel_at");
    Object phase = phase_of(subscription);
    if (ends) phase["end_date"] = subscription.at("cancel_at");
    Object schedule = blank("subscription_schedule");
    schedule["id"] = account.new_id("sub_sched_1");
    schedule["billing_mode"] = subscription.at("billing_mode");
    schedule["current_phase"] = current_phase(phase);
    schedule["customer"] = subscription.at("customer");
    schedule["end_behavior"] = ends ? "cancel" : "release";
    auto& settings = schedule["default_settings"].as_object();
    settings["collection_method"] = value_of(subscription, "collection_method");
    settings["invoice_settings"].as_object()["days_until_due"] =
        value_of(subscription, "days_until_due");
    schedule["phases"] = json::array{std::move(phase)};
    schedule["status"] = "active";
    schedule["subscription"] = id;
    const Object added = account.add(std::move(schedule));
    account.emit("subscription_schedule.created", added);
    account.change(id, "customer.subscription.updated", [&](Object& changed) {
        changed["schedule"] = added.at("id");
        if (ends) changed["cancel_at_period_end"] = false;
        if (ends) changed["_ends_by_schedule"] = true;
    });
    return text(added, "id");
}

void start_schedule(Account& account, const std::string& id) {
    const Object schedule = account.get("subscription_schedule", id);
    const Object phase = children(schedule, "phases").front().as_object();
    SubscriptionOrder order{.customer = text(schedule, "customer"), .invoice_waits = true};
    order.currency = text(phase, "currency");
    for (const json::value& value : children(phase, "items")) {
        const Object& item = value.get_object();
        order.items.push_back({.price = text(item, "price"),
                               .quantity = number(item, "quantity", 1),
                               .metadata = child(item, "metadata")});
    }
    for (const json::value& value : children(phase, "add_invoice_items")) {
        const Object& item = value.get_object();
        order.one_time.push_back({.price = text(item, "price"),
                                  .quantity = number(item, "quantity", 1),
                                  .metadata = child(item, "metadata")});
    }
    order.trial_end = number(phase, "trial_end");
    order.discounts = discounts_of_phase(account, schedule, phase);
    order.fields = fields_of(schedule, phase);
    order.fields["billing_mode"] = schedule.at("billing_mode");
    order.fields["metadata"] = child(phase, "metadata");
    order.fields["schedule"] = id;
    const bool trial = order.trial_end > account.now();
    const auto subscription = begin_subscription(account, order, trial ? "trialing" : "active",
                                                 new_invoice_id(account), "");
    const Object& started =
        account.change(id, "subscription_schedule.updated", [&](Object& changed) {
            changed["status"] = "active";
            changed["subscription"] = subscription;
            changed["current_phase"] = current_phase(phase);
        });
    set_cancel_date(account, started);
}

void advance_schedule(Account& account, const std::string& id) {
    const Object schedule = account.get("subscription_schedule", id);
    const auto& phases = children(schedule, "phases");
    const auto* next = std::ranges::find_if(phases, [&](const json::value& phase) {
        return number(phase.get_object(), "start_date") ==
               number(child(schedule, "current_phase"), "end_date");
    });
    if (next == phases.end()) {
        complete_schedule(account, id);
        return;
    }
    const Object phase = next->get_object();
    const Object previous = next == phases.begin() ? Object() : std::prev(next)->get_object();
    const Object advanced =
        account.change(id, "subscription_schedule.updated",
                       [&](Object& changed) { changed["current_phase"] = current_phase(phase); });
    enter_phase(account, advanced, phase, previous, text(phase, "proration_behavior"));
}

void announce_schedule_end(Account& account, const std::string& id) {
    const Object& schedule = account.change(
        id, "", [](Object& changed) { changed["_announced_end"] = last_end(changed); });
    account.emit("subscription_schedule.expiring", schedule);
}

void change_schedule(Account& account, const std::string& id, const ScheduleChange& change) {
    const Object before = account.get("subscription_schedule", id);
    check_open(before, "update");
    const bool active = text(before, "status") == "active";
    const auto phases = change.phases.empty() ? children(before, "phases")
                                              : merged_phases(before, change.phases, account.now());
    const Object* current = active ? phase_at(phases, account.now()) : nullptr;
    const Object changed =
        account.change(id, "subscription_schedule.updated", [&](Object& schedule) {
            schedule["phases"] = phases;
            if (current) schedule["current_phase"] = current_phase(*current);
            auto& settings = schedule["default_settings"].as_object();
            for (const auto& [key, value] : change.settings) settings[key] = value;
            if (!change.end_behavior.empty()) schedule["end_behavior"] = change.end_behavior;
            merge_metadata(change.metadata, schedule);
        });
    if (!active) return;
    const Object* previous = phase_at(children(before, "phases"), account.now());
    if (current && previous && !same_terms(*current, *previous)) {
        const bool begins = number(*current, "start_date") == account.now();
        enter_phase(account, changed, *current, *previous,
                    begins ? text(*current, "proration_behavior") : change.proration_behavior);
    }
    set_cancel_date(account, changed);
}

void release_schedule(Account& account, const std::string& id, bool preserve_cancel_date) {
    const Object before = account.get("subscription_schedule", id);
    check_open(before, "release");
    const auto subscription = text(before, "subscription");
    const Object released =
        account.change(id, "subscription_schedule.updated", [&](Object& schedule) {
            schedule["status"] = "released";
            schedule["released_at"] = account.now();
            schedule["released_subscription"] = text_or_null(subscription);
            schedule["subscription"] = nullptr;
            schedule["current_phase"] = nullptr;
        });
    account.emit("subscription_schedule.released", released);
    if (subscription.empty()) return;
    account.change(subscription, "customer.subscription.updated", [&](Object& changed) {
        changed["schedule"] = nullptr;
        if (flag(changed, "_ends_by_schedule") && !preserve_cancel_date) {
            changed["cancel_at"] = nullptr;
            changed["canceled_at"] = nullptr;
        }
        changed.erase("_ends_by_schedule");
    });
}

void cancel_schedule(Account& account, const std::string& id, LastInvoice last) {
    const Object before = account.get("subscription_schedule", id);
    check_open(before, "cancel");
    const Object canceled =
        account.change(id, "subscription_schedule.updated", [&](Object& schedule) {
            schedule["status"] = "canceled";
            schedule["canceled_at"] = account.now();
            schedule["current_phase"] = nullptr;
        });
    account.emit("subscription_schedule.canceled", canceled);
    if (present(before, "subscription")) {
        cancel_subscription(account, text(before, "subscription"), "cancellation_requested", last);
    }
}

void cancel_schedules_of(Account& account, const std::string& customer) {
    const auto ids = account.store().ids("subscription_schedule");
    for (const auto& id : ids) {
        const Object& schedule = *account.store().find(id);
        if (text(schedule, "customer") != customer || is_over(schedule)) continue;
        cancel_schedule(account, id, {});
    }
}

void note_direct_change(Account& account, const Object& before) {
    const auto id = text(before, "schedule");
    const auto* schedule = account.find("subscription_schedule", id);
    if (!schedule || text(*schedule, "status") != "active") return;
    const Object& after = account.get("subscription", text(before, "id"));
    const Object now_has = phase_of(after);
    if (same_terms(phase_of(before), now_has)) return;
    account.change(id, "subscription_schedule.updated", [&](Object& changed) {
        changed["phases"] = split_phase(children(changed, "phases"), now_has, account.now());
        const auto* current = phase_at(children(changed, "phases"), account.now());
        if (current) changed["current_phase"] = current_phase(*current);
    });
}

void subscription_of_schedule_ended(Account& account, const Object& subscription,
                                    std::string_view reason) {
    const auto* schedule = account.find("subscription_schedule", text(subscription, "schedule"));
    if (!schedule || is_over(*schedule)) return;
    const Object& canceled = account.change(text(*schedule, "id"), "subscription_schedule.updated",
                                            [&](Object& changed) {
                                                changed["status"] = "canceled";
                                                changed["canceled_at"] = account.now();
                                                changed["current_phase"] = nullptr;
                                            });
    account.emit(reason == "payment_failed" ? "subscription_schedule.aborted"
                                            : "subscription_schedule.canceled",
                 canceled);
}

}  // namespace paydesk::sandbox::stripe
