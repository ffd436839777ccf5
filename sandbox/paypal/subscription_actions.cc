// What is done to subscriptions: approve, activate, suspend, cancel, capture, list payments. (They are
// revised in revising.cc.)

#include <algorithm>

#include "sandbox/paypal/billing.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/sales.h"
#include "sandbox/paypal/subscriptions.h"

namespace paydesk::sandbox::paypal {
namespace {

std::string required_reason(const Call& call) {
    return required_text(call.fields(), "reason", "/reason", 128);
}

[[noreturn]] void refuse_status(std::string_view action, std::string_view should_be) {
    refuse("SUBSCRIPTION_STATUS_INVALID", {},
           "Invalid subscription status for " + std::string(action) +
               " action; subscription status should be " + std::string(should_be) + ".");
}

Answer suspend(Call& call) {
    Account& account = call.account;
    const auto id = text(account.get(kind::subscription, call.id()), "id");
    const auto reason = required_reason(call);
    if (text(account.get(kind::subscription, id), "status") != "ACTIVE") {
        refuse_status("suspend", "active");
    }
    set_status(account, id, "SUSPENDED", reason, "BILLING.SUBSCRIPTION.SUSPENDED");
    return {204, nullptr};
}

Answer cancel(Call& call) {
    Account& account = call.account;
    const auto id = text(account.get(kind::subscription, call.id()), "id");
    const auto reason = required_reason(call);
    const auto status = text(account.get(kind::subscription, id), "status");
    if (status != "ACTIVE" && status != "SUSPENDED") refuse_status("cancel", "active or suspended");
    Object& subscription = account.edit(id);
    subscription["_next"] = 0;
    subscription["_retry_at"] = 0;
    subscription.erase("_revision");
    set_status(account, id, "CANCELLED", reason, "BILLING.SUBSCRIPTION.CANCELLED");
    return {204, nullptr};
}

Answer activate(Call& call) {
    Account& account = call.account;
    const Object before = account.get(kind::subscription, call.id());
    const auto id = text(before, "id");
    const auto reason = optional_text(call.fields(), "reason", "/reason", 128);
    const auto status = text(before, "status");
    if (status == "APPROVED") {
        activate_subscription(account, id, reason);
        return {204, nullptr};
    }
    if (status != "SUSPENDED") refuse_status("activate", "suspended");
    if (flag(before, "_failed_too_often") && number(before, "_outstanding") > 0) {
        refuse("SUBSCRIPTION_CANNOT_BE_ACTIVATED");
    }
    Object& subscription = account.edit(id);
    subscription["_failed_too_often"] = false;
    subscription["_failed"] = 0;
    if (number(subscription, "_due") > 0) subscription["_retry_at"] = account.now();
    skip_missed(account, id);
    set_status(account, id, "ACTIVE", reason, "BILLING.SUBSCRIPTION.RE-ACTIVATED");
    return {204, nullptr};
}

Object breakdown_of(const Amount& amount, bool paid) {
    Object breakdown{
        {"gross_amount", money(amount)}
    };
    if (!paid) return breakdown;
    const auto fee = fee_of(amount);
    breakdown["fee_amount"] = money(fee);
    breakdown["net_amount"] = money(minus(amount, fee));
    return breakdown;
}

Object transaction_of(const Account& account, const Object& subscription, const Object& payment,
                      bool declined) {
    const auto status = declined ? std::string("DECLINED") : status_of_sale(account, payment);
    Object transaction{
        {"id", payment.at("id")},
        {"status", status},
        {"amount_with_breakdown", breakdown_of(stored_amount(payment, "_amount"),
         status != "DECLINED" && status != "PENDING")},
        {"time", time_text(number(payment, "_created"))}
    };
    const Object& subscriber = child(subscription, "subscriber");
    if (present(subscriber, "name")) transaction["payer_name"] = subscriber.at("name");
    if (present(subscriber, "email_address")) {
        transaction["payer_email"] = subscriber.at("email_address");
    }
    return transaction;
}

Answer capture(Call& call) {
    Account& account = call.account;
    const Object before = account.get(kind::subscription, call.id());
    const Object& given = call.fields();
    required_text(given, "note", "/note", 128);
    if (!present(given, "capture_type")) refuse_missing_field("/capture_type");
    choice(given, "capture_type", "/capture_type", {"OUTSTANDING_BALANCE"}, "");
    const auto amount = amount_at(given, "amount", "/amount", Sign::positive);
    const auto status = text(before, "status");
    if (status != "ACTIVE" && status != "SUSPENDED" && status != "EXPIRED") {
        refuse_status("capture", "active or suspended or expired");
    }
    const auto outstanding = number(before, "_outstanding");
    if (outstanding == 0) refuse("ZERO_OUTSTANDING_BALANCE");
    if (amount.currency != text(before, "_currency")) refuse("CURRENCY_MISMATCH");
    if (amount.minor > outstanding) refuse("AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE");
    const auto collected = collect_outstanding(account, text(before, "id"), amount);
    if (!collected.paid) {
        Refusal declined = *known_issue("INSTRUMENT_DECLINED");
        declined.keep_changes = true;  // the attempt is a transaction
        throw declined;
    }
    return {200, transaction_of(account, before, account.get(kind::sale, collected.sale), false)};
}

std::int64_t time_asked(const Call& call, std::string_view name) {
    const auto given = call.asked(name);
    if (given.empty()) refuse("MISSING_REQUIRED_PARAMETER", name);
    if (const auto at = time_of(given)) return at;
    refuse("INVALID_PARAMETER_SYNTAX", name);
}

Answer transactions(Call& call) {
    const Account& account = call.account;
    const Object& subscription = account.get(kind::subscription, call.id());
    const auto from = time_asked(call, "start_time");
    const auto to = time_asked(call, "end_time");
    if (to < from) refuse("INVALID_PARAMETER_VALUE", "end_time");
    std::vector<Object> all;
    for (const auto of : {kind::sale, kind::declined}) {
        for (const auto& id : account.store().ids(of)) {
            const Object& payment = *account.find(of, id);
            const auto at = number(payment, "_created");
            if (payment.at("_subscription") != subscription.at("id") || at < from || at > to) {
                continue;
            }
            all.push_back(transaction_of(account, subscription, payment, of == kind::declined));
        }
    }
    std::ranges::sort(all, std::greater{},
                      [](const Object& one) { return text(one, "time") + text(one, "id"); });
    const auto url = "/v1/billing/subscriptions/" + call.id() + "/transactions";
    Object page = page_of(call, "transactions", all, url, 1000);
    page["total_items"] = all.size();
    page["total_pages"] = 1;
    return {200, std::move(page)};
}

}  // namespace

void activate_subscription(Account& account, const std::string& id, std::string_view note) {
    set_status(account, id, "ACTIVE", note, {});
    start_billing(account, id, [&] {
        account.emit("BILLING.SUBSCRIPTION.ACTIVATED",
                     shown_subscription(account, account.get(kind::subscription, id)));
    });
}

std::string approve_subscription(Account& account, const std::string& id, const std::string& email,
                                 const std::string& funding) {
    Object& subscription = account.edit(id);
    Object subscriber = subscriber_of(email);
    for (const auto& [key, value] : child(subscription, "subscriber")) {
        if (key != "email_address") subscriber[key] = value;
    }
    subscription["subscriber"] = std::move(subscriber);
    subscription["_funding"] = funding;
    const Object approved = subscription;
    if (text(approved, "_user_action") == "CONTINUE")
        set_status(account, id, "APPROVED", {}, {});
    else
        activate_subscription(account, id, {});
    return with_query(text(approved, "_return_url"),
                      back_query(approved, text(approved, "_ba_token")));
}

std::string canceled_subscription_url(const Object& subscription) {
    return with_query(text(subscription, "_cancel_url"),
                      back_query(subscription, text(subscription, "_ba_token")));
}

void add_subscription_action_routes(Routes& routes) {
    routes.on("POST /v1/billing/subscriptions/{id}/suspend", suspend);
    routes.on("POST /v1/billing/subscriptions/{id}/cancel", cancel);
    routes.on("POST /v1/billing/subscriptions/{id}/activate", activate);
    routes.on("POST /v1/billing/subscriptions/{id}/capture", capture, remembers_catalog);
    routes.on("POST /v1/billing/subscriptions/{id}/revise", revise_subscription);
    routes.on("GET /v1/billing/subscriptions/{id}/transactions", transactions);
}

}  // namespace paydesk::sandbox::paypal
