#include "sandbox/paypal/billing.h"

#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/sales.h"
#include "sandbox/paypal/subscriptions.h"

namespace paydesk::sandbox::paypal {
namespace {

bool is_accepted(const Object& subscription) {
    const auto funding = text(subscription, "_funding");
    if (funding == funding::renewals_fail) return number(subscription, "_sales") == 0;
    return funding != funding::declined && funding != funding::refused;
}

// The payment is taken; no event yet. "" when it is declined.
std::string take(Account& account, const std::string& id, const Amount& amount) {
    const Object& before = account.get(kind::subscription, id);
    if (!is_accepted(before)) {
        add_declined(account, before, amount);
        return {};
    }
    const auto funding = text(before, "_funding");
    const bool pending = funding == funding::echeck || funding == funding::bounced_echeck;
    auto sale = add_sale(account, before, amount, pending);
    Object& paid = account.edit(id);
    paid["_sales"] = number(paid, "_sales") + 1;
    paid["_failed"] = 0;
    paid["_attempts"] = 0;
    paid["_retry_at"] = 0;
    paid["_due"] = 0;
    paid["_last_payment"] = Object{
        {"amount", money(amount)           },
        {"time",   time_text(account.now())}
    };
    return sale;
}

Amount tax_of(const Object& plan, const Amount& price) {
    const Object& taxes = child(plan, "taxes");
    if (taxes.empty() || flag(taxes, "inclusive", true)) return {0, price.currency};
    return share_of(price, text(taxes, "percentage"));
}

// What the cycle that begins now costs, without what is outstanding.
Amount cost_of(const Account& account, const Object& subscription, std::int64_t sequence) {
    const Object& plan = plan_of(account, subscription);
    const auto currency = text(subscription, "_currency");
    const auto scheme = scheme_at(plan, sequence, number(subscription, "_created"), account.now());
    auto price = price_of(scheme, quantity_at(subscription, "/quantity"), currency);
    price = plus(price, tax_of(plan, price));
    const auto shipping = stored_amount(subscription, "shipping_amount");
    return price.minor > 0 && shipping.currency == currency ? plus(price, shipping) : price;
}

bool bills_outstanding(const Account& account, const Object& subscription) {
    return flag(child(plan_of(account, subscription), "payment_preferences"),
                "auto_bill_outstanding", true);
}

// The cycle's payment is given up for now.
void count_failure(Account& account, const std::string& id) {
    Object& subscription = account.edit(id);
    const auto failed = number(subscription, "_failed") + 1;
    subscription["_failed"] = failed;
    subscription["_outstanding"] =
        number(subscription, "_outstanding") + number(subscription, "_due");
    subscription["_due"] = 0;
    subscription["_attempts"] = 0;
    subscription["_retry_at"] = 0;
}

// At the threshold the subscription stands still.
void suspend_at_threshold(Account& account, const std::string& id) {
    const Object& subscription = account.get(kind::subscription, id);
    const auto threshold = number(child(plan_of(account, subscription), "payment_preferences"),
                                  "payment_failure_threshold");
    if (threshold == 0 || number(subscription, "_failed") < threshold) return;
    account.edit(id)["_failed_too_often"] = true;
    set_status(account, id, "SUSPENDED", {}, "BILLING.SUBSCRIPTION.SUSPENDED");
}

// A payment of the cycle failed: another try in five days, or one failure more.
void note_failure(Account& account, const std::string& id, const Amount& amount) {
    Object& subscription = account.edit(id);
    const auto attempts = number(subscription, "_attempts") + 1;
    const auto retry_at = account.now() + retry_seconds;
    const bool again = attempts <= retries_max && retry_at < number(subscription, "_next");
    Object failed{
        {"amount",      money(amount)           },
        {"time",        time_text(account.now())},
        {"reason_code", "PAYMENT_DENIED"        }
    };
    if (again) failed["next_payment_retry_time"] = time_text(retry_at);
    subscription["_attempts"] = attempts;
    subscription["_retry_at"] = again ? retry_at : 0;
    subscription["_last_failed"] = std::move(failed);
    if (!again) count_failure(account, id);
    account.emit("BILLING.SUBSCRIPTION.PAYMENT.FAILED",
                 shown_subscription(account, account.get(kind::subscription, id),
                                    {.last_failed_payment = true}));
    if (!again) suspend_at_threshold(account, id);
}

// Takes the cycle's cost and what is outstanding. The sale, "" when there is none.
std::string pay_cycle(Account& account, const std::string& id) {
    const Object before = account.get(kind::subscription, id);
    const auto outstanding =
        bills_outstanding(account, before) ? number(before, "_outstanding") : 0;
    const auto currency = text(before, "_currency");
    const Amount amount = plus({number(before, "_due"), currency}, {outstanding, currency});
    if (amount.minor == 0) return {};
    auto sale = take(account, id, amount);
    if (sale.empty()) {
        note_failure(account, id, amount);
    } else {
        Object& paid = account.edit(id);
        paid["_outstanding"] = number(paid, "_outstanding") - outstanding;
    }
    return sale;
}

void complete(Object& subscription, std::int64_t sequence) {
    for (json::value& value : subscription["_cycles"].as_array()) {
        Object& cycle = value.get_object();
        if (number(cycle, "sequence") == sequence) {
            cycle["completed"] = number(cycle, "completed") + 1;
        }
    }
}

// The next cycle begins, or the last is over. The sale, "" when there is none.
std::string begin_cycle(Account& account, const std::string& id) {
    const Object before = account.get(kind::subscription, id);
    const Object plan = plan_of(account, before);
    const auto sequence = next_sequence(plan, before);
    if (sequence == 0) {
        account.edit(id)["_next"] = 0;
        set_status(account, id, "EXPIRED", {}, "BILLING.SUBSCRIPTION.EXPIRED");
        return {};
    }
    const auto due = cost_of(account, before, sequence);
    const auto anchor = anchor_of(before, sequence, number(before, "_next"));
    Object& subscription = account.edit(id);
    complete(subscription, sequence);
    subscription["_anchor_day"] = anchor;
    subscription["_due"] = due.minor;
    subscription["_attempts"] = 0;
    subscription["_next"] =
        later_by(number(before, "_next"), child(*cycle_of(plan, sequence), "frequency"), anchor);
    return pay_cycle(account, id);
}

}  // namespace

void start_billing(Account& account, const std::string& id, const std::function<void()>& announce) {
    const Object before = account.get(kind::subscription, id);
    const Object plan = plan_of(account, before);
    const auto start = std::max(time_of(text(before, "start_time")), account.now());
    json::array cycles;
    for (const json::value& cycle : children(plan, "billing_cycles")) {
        cycles.push_back(Object{
            {"sequence", number(cycle.get_object(), "sequence")},
            {"completed", 0}
        });
    }
    Object& subscription = account.edit(id);
    for (const char* key :
         {"_outstanding", "_failed", "_attempts", "_retry_at", "_due", "_sales"}) {
        subscription[key] = 0;
    }
    subscription["_cycles"] = std::move(cycles);
    subscription["_next"] = start;
    std::vector<std::string> sales;
    const Object& preferences = child(plan, "payment_preferences");
    const auto fee = stored_amount(preferences, "setup_fee");
    bool refused = false;
    if (fee.minor > 0) {
        sales.push_back(take(account, id, fee));
        refused = sales.back().empty();
        if (refused) account.edit(id)["_outstanding"] = fee.minor;
    }
    if (refused && text(preferences, "setup_fee_failure_action") == "CANCEL") {
        account.edit(id)["_next"] = 0;
        account.edit(id)["_outstanding"] = 0;
        set_status(account, id, "CANCELLED", "The setup fee could not be paid.",
                   "BILLING.SUBSCRIPTION.CANCELLED");
        return;
    }
    if (start <= account.now()) sales.push_back(begin_cycle(account, id));
    announce();
    for (const auto& sale : sales) announce_sale(account, sale);
}

std::optional<std::int64_t> next_act(const Object& subscription) {
    if (text(subscription, "status") != "ACTIVE") return std::nullopt;
    const auto next = number(subscription, "_next");
    const auto retry = number(subscription, "_retry_at");
    if (next == 0 && retry == 0) return std::nullopt;
    if (next == 0 || retry == 0) return std::max(next, retry);
    return std::min(next, retry);
}

void act_on_billing(Account& account, const std::string& id) {
    const auto retry = number(account.get(kind::subscription, id), "_retry_at");
    const bool tries = retry > 0 && retry <= account.now();
    announce_sale(account, tries ? pay_cycle(account, id) : begin_cycle(account, id));
}

Collected collect_outstanding(Account& account, const std::string& id, const Amount& amount) {
    auto sale = take(account, id, amount);
    if (sale.empty()) return {};
    Object& paid = account.edit(id);
    paid["_outstanding"] = std::max<std::int64_t>(number(paid, "_outstanding") - amount.minor, 0);
    announce_sale(account, sale);
    return {.paid = true, .sale = std::move(sale)};
}

void note_bounce(Account& account, const std::string& sale_id) {
    const Object& sale = account.get(kind::sale, sale_id);
    const auto id = text(sale, "_subscription");
    const auto amount = stored_amount(sale, "_amount");
    Object& subscription = account.edit(id);
    subscription["_outstanding"] = number(subscription, "_outstanding") + amount.minor;
    subscription["_failed"] = number(subscription, "_failed") + 1;
    subscription["_last_failed"] = Object{
        {"amount",      money(amount)           },
        {"time",        time_text(account.now())},
        {"reason_code", "PAYMENT_DENIED"        }
    };
    account.emit("BILLING.SUBSCRIPTION.PAYMENT.FAILED",
                 shown_subscription(account, subscription, {.last_failed_payment = true}));
    if (text(subscription, "status") == "ACTIVE") suspend_at_threshold(account, id);
}

void skip_missed(Account& account, const std::string& id) {
    const Object before = account.get(kind::subscription, id);
    const Object plan = plan_of(account, before);
    const auto sequence = next_sequence(plan, before);
    const auto* cycle = cycle_of(plan, sequence);
    if (!cycle) return;
    auto next = number(before, "_next");
    const auto anchor = anchor_of(before, sequence, next);
    while (next <= account.now()) next = later_by(next, child(*cycle, "frequency"), anchor);
    account.edit(id)["_next"] = next;
}

void follow_plan(Account& account, const std::string& id) {
    const Object plan = plan_of(account, account.get(kind::subscription, id));
    Object& subscription = account.edit(id);
    json::array cycles;
    for (const json::value& value : children(plan, "billing_cycles")) {
        const Object& cycle = value.get_object();
        const bool trial = text(cycle, "tenure_type") == "TRIAL";
        cycles.push_back(Object{
            {"sequence",  number(cycle,         "sequence")        },
            {"completed", trial ? number(cycle, "total_cycles") : 0}
        });
    }
    subscription["_cycles"] = std::move(cycles);
}

}  // namespace paydesk::sandbox::paypal
