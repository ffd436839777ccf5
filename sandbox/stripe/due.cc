#include "sandbox/stripe/due.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"
#include "base/log.h"
#include "sandbox/stripe/charging.h"
#include "sandbox/stripe/checkout.h"
#include "sandbox/stripe/disputes.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/pausing.h"
#include "sandbox/stripe/pending_updates.h"
#include "sandbox/stripe/refunding.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/settling.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/test_clocks.h"
#include "sandbox/stripe/timers.h"
#include "sandbox/stripe/upcoming.h"
#include "sandbox/stripe/usage_invoicing.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t incomplete_seconds = 23 * 3600;
constexpr int steps_max = 10'000;

using Act = void (*)(Account&, const std::string& id);
// Says that `act` is due at a moment.
using Notice = std::function<void(std::int64_t at, Act act)>;
using Consider = void (*)(const Object&, const Notice&);

struct Due {
    std::int64_t at = 0;
    std::string id = {};
    Act act = nullptr;
};

void charge_open_invoice(Account& account, const std::string& id) {
    const Object& invoice = account.get("invoice", id);
    const auto method = method_for(account, invoice);
    // Without anything to charge, retries stay planned and are not made.
    if (method.empty() && number(invoice, "attempt_count") > 0) {
        account.change(id, "", [&](Object& waiting) {
            waiting["next_payment_attempt"] = account.now() + 86400;
        });
        return;
    }
    if (method.empty()) {
        note_failed_payment(account, id, Outcome::declined);
        return;
    }
    pay_invoice(account, id, {.payment_method = method, .off_session = true, .automatic = true});
}

void finalize_draft(Account& account, const std::string& id) {
    finalize_invoice(account, id);
    const Object& invoice = account.get("invoice", id);
    const auto* subscription =
        account.find("subscription",
                     text(child(child(invoice, "parent"), "subscription_details"), "subscription"));
    const auto paused =
        subscription ? text(child(*subscription, "pause_collection"), "behavior") : std::string();
    if (text(invoice, "status") == "open" && paused == "void") {
        void_invoice(account, id);
        return;
    }
    if (text(invoice, "status") == "open" && paused == "mark_uncollectible") {
        mark_uncollectible(account, id);
        return;
    }
    if (text(invoice, "status") == "open" &&
        text(invoice, "collection_method") == "charge_automatically") {
        charge_open_invoice(account, id);
    }
}

void end_at_cancel(Account& account, const std::string& id) {
    add_last_invoice(account, id, LastSecond::excluded, "subscription_cycle");
    cancel_subscription(account, id, "cancellation_requested");
}

// The first payment never came.
void expire_incomplete(Account& account, const std::string& id) {
    const auto invoice = text(account.get("subscription", id), "latest_invoice");
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        subscription["status"] = "incomplete_expired";
        subscription["ended_at"] = account.now();
        subscription["canceled_at"] = account.now();
    });
    if (text(account.get("invoice", invoice), "status") == "open") void_invoice(account, invoice);
}

void announce_trial_end(Account& account, const std::string& id) {
    account.change(id, "", [](Object& subscription) { subscription["_trial_announced"] = true; });
    account.emit("customer.subscription.trial_will_end", account.get("subscription", id));
}

void resume_collection(Account& account, const std::string& id) {
    account.change(id, "customer.subscription.updated",
                   [](Object& subscription) { subscription["pause_collection"] = nullptr; });
}

void consider_session(const Object& session, const Notice& due) {
    if (text(session, "status") == "open") due(number(session, "expires_at"), expire_session);
}

void consider_subscription(const Object& subscription, const Notice& due) {
    const auto status = text(subscription, "status");
    if (status == "incomplete") {
        due(number(subscription, "created") + incomplete_seconds, expire_incomplete);
        return;
    }
    if (status == "canceled" || status == "incomplete_expired") return;
    const auto end = period_end_of(subscription);
    if (status == "paused") {
        if (present(subscription, "cancel_at"))
            due(number(subscription, "cancel_at"), end_at_cancel);
        return;
    }
    const Object& pause = child(subscription, "pause_collection");
    if (present(pause, "resumes_at")) due(number(pause, "resumes_at"), resume_collection);
    if (present(subscription, "cancel_at")) {
        due(number(subscription, "cancel_at"), end_at_cancel);
        if (number(subscription, "cancel_at") <= end) return;
    }
    if (status == "trialing") {
        const auto announce = number(subscription, "trial_end") - 3 * 86400;
        if (!flag(subscription, "_trial_announced") && announce > number(subscription, "created")) {
            due(announce, announce_trial_end);
        }
        due(end, end_trial);
    } else {
        due(end, renew_subscription);
    }
}

void consider_schedule(const Object& schedule, const Notice& due) {
    const auto status = text(schedule, "status");
    if (status != "not_started" && status != "active") return;
    const auto& phases = children(schedule, "phases");
    if (status == "not_started") {
        due(number(phases.front().as_object(), "start_date"), start_schedule);
        return;
    }
    const auto end = number(phases.back().as_object(), "end_date");
    const auto announce = end - schedule_notice_seconds;
    if (number(schedule, "_announced_end") != end && announce > number(schedule, "created")) {
        due(announce, announce_schedule_end);
    }
    due(number(child(schedule, "current_phase"), "end_date"), advance_schedule);
}

// Sent and not paid: the subscription is late.
void note_overdue(Account& account, const std::string& id) {
    account.change(id, "", [](Object& invoice) { invoice["_overdue"] = true; });
    const Object invoice = account.get("invoice", id);
    account.emit("invoice.overdue", invoice);
    const auto subscription =
        text(child(child(invoice, "parent"), "subscription_details"), "subscription");
    const auto* late = account.find("subscription", subscription);
    if (!late || text(*late, "status") != "active") return;
    account.change(subscription, "customer.subscription.updated",
                   [](Object& changed) { changed["status"] = "past_due"; });
}

void consider_invoice(const Object& invoice, const Notice& due) {
    const auto status = text(invoice, "status");
    if (status == "draft" && present(invoice, "automatically_finalizes_at")) {
        due(number(invoice, "automatically_finalizes_at"), finalize_draft);
    }
    if (status == "open" && present(invoice, "next_payment_attempt")) {
        due(number(invoice, "next_payment_attempt"), charge_open_invoice);
    }
    if (status == "open" && present(invoice, "due_date") && !flag(invoice, "_overdue")) {
        due(number(invoice, "due_date"), note_overdue);
    }
}

// By the names that timers give them.
constexpr std::pair<std::string_view, Act> timed_acts[] = {
    {"expire_authorization",  expire_authorization },
    {"expire_pending_update", expire_pending_update},
    {"expire_resuming",       expire_resuming      },
    {"fail_refund",           fail_refund          },
    {"finish_refund",         finish_refund        },
    {"forfeit_dispute",       forfeit_dispute      },
    {"judge_dispute",         judge_dispute        },
    {"open_dispute",          open_dispute         },
    {"resume_paused",         resume_paused        },
    {"settle_debit",          settle_debit         },
};

void run_timer(Account& account, const std::string& id) {
    const Object timer = *account.store().find(id);
    account.store().erase(id);
    const auto* found =
        std::ranges::find(timed_acts, text(timer, "act"), &std::pair<std::string_view, Act>::first);
    PD_ASSERT(found != std::end(timed_acts));
    found->second(account, text(timer, "target"));
}

std::string clock_of_timer(const Account& account, const Object& timer) {
    const auto* target = account.store().find(text(timer, "target"));
    return target ? clock_of(account, *target) : std::string();
}

// The earliest thing due at or before `until` of what follows this test clock ("": the global one).
std::optional<Due> next_due(const Account& account, std::int64_t until, const std::string& clock) {
    std::optional<Due> next;
    for (const auto& id : account.store().ids("_timer")) {
        const Object& timer = *account.store().find(id);
        const auto at = number(timer, "at");
        if (at > until || (next && at >= next->at) || flag(timer, "_stuck")) continue;
        if (clock_of_timer(account, timer) == clock) next = Due{at, id, run_timer};
    }
    const std::pair<std::string_view, Consider> kinds[] = {
        {"checkout.session",      consider_session     },
        // Before the subscriptions: a phase that ends with a period changes what is billed next.
        {"subscription_schedule", consider_schedule    },
        {"subscription",          consider_subscription},
        {"invoice",               consider_invoice     },
    };
    for (const auto& [kind, consider] : kinds) {
        for (const auto& id : account.store().ids(kind)) {
            const auto* object = account.find(kind, id);
            if (!object || flag(*object, "_stuck")) continue;
            consider(*object, [&](std::int64_t at, Act act) {
                if (at > until || (next && at >= next->at)) return;
                if (clock_of(account, *object) == clock) next = Due{at, id, act};
            });
        }
    }
    for (const auto& id : account.store().ids("subscription")) {
        const auto* subscription = account.find("subscription", id);
        if (!subscription || flag(*subscription, "_stuck")) continue;
        const auto at = announced_at(account, *subscription);
        if (at == 0 || at > until || (next && at >= next->at)) continue;
        if (clock_of(account, *subscription) == clock) next = Due{at, id, announce_invoice};
    }
    return next;
}

// One failure must neither stop time nor be repeated for ever.
void act_on(Account& account, const Due& due) {
    try {
        due.act(account, due.id);
    } catch (const Refusal& refusal) {
        account.rollback();
        log::error("sandbox_due_failed",
                   {
                       log::Field{"id",      due.id         },
                       log::Field{"message", refusal.message}
        });
        account.change(due.id, "", [](Object& object) { object["_stuck"] = true; });
    }
    account.commit();
}

}  // namespace

void run_due(Account& account) {
    for (int step = 0; step < steps_max; ++step) {
        const auto due = next_due(account, account.now(), "");
        if (!due) return;
        act_on(account, *due);
    }
}

int advance_clock(Account& account, std::int64_t seconds) {
    const auto target = account.now() + seconds;
    const auto move_to = [&](std::int64_t at) {
        const auto ahead = at - account.now();
        if (ahead <= 0) return;
        account.clock().set_offset(account.clock().offset() + std::chrono::seconds(ahead));
        account.set_setting("clock_offset_seconds", account.clock().offset().count());
        account.commit();
    };
    int steps = 0;
    const auto& companion = account.companion();
    for (; steps < steps_max; ++steps) {
        const auto due = next_due(account, target, "");
        const auto theirs = companion.next_due ? companion.next_due(target) : std::nullopt;
        if (!due && !theirs) break;
        if (due && (!theirs || due->at <= *theirs)) {
            move_to(due->at);
            act_on(account, *due);
        } else {
            move_to(*theirs);
            companion.act();
        }
    }
    move_to(target);
    return steps;
}

void advance_test_clock(Account& account, const std::string& clock, std::int64_t target) {
    const auto move_to = [&](std::int64_t at) {
        account.change(clock, "", [&](Object& changed) {
            changed["frozen_time"] = std::max(at, number(changed, "frozen_time"));
        });
        account.commit();
    };
    for (int step = 0; step < steps_max; ++step) {
        const auto due = next_due(account, target, clock);
        if (!due) break;
        move_to(due->at);
        const InTimeOf time(account, clock);
        act_on(account, *due);
    }
    move_to(target);
}

void run_caused(Account& account) {
    for (int step = 0; step < steps_max; ++step) {
        bool acted = false;
        const auto ids = account.store().ids("_timer");
        for (const auto& id : ids) {
            const auto* timer = account.store().find(id);
            if (!timer || flag(*timer, "_stuck")) continue;
            const InTimeOf time(account, clock_of_timer(account, *timer));
            if (number(*timer, "at") > account.now()) continue;
            act_on(account, Due{number(*timer, "at"), id, run_timer});
            acted = true;
        }
        if (!acted) return;
    }
}

}  // namespace paydesk::sandbox::stripe
