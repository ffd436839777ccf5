#pragma once
// For tests: PayPal's subscriptions and plans as it writes them.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "provider/paypal/subscription.h"

namespace paydesk::provider::paypal {

inline constexpr const char* test_account = "00000000-0000-7000-8000-000000000001";

inline Instant moment(std::string_view text) { return *parse_iso8601(text); }

inline std::string money_text(std::string_view value) {
    return fmt::format(R"({{"currency_code":"USD","value":"{}"}})", value);
}

inline std::string plan_text(std::string_view id, std::string_view name, std::string_view unit,
                             std::string_view price, std::string_view trial = {}) {
    std::string cycles;
    if (!trial.empty()) {
        cycles = fmt::format(
            R"({{"tenure_type":"TRIAL","sequence":1,"total_cycles":1,"frequency":{}}},)", trial);
    }
    return fmt::format(
        R"({{"id":"{}","product_id":"PAYDESK-PLANS","name":"{}","status":"ACTIVE","billing_cycles":[{})"
        R"({{"tenure_type":"REGULAR","sequence":2,"total_cycles":0,"frequency":{{"interval_unit":"{}","interval_count":1}},)"
        R"("pricing_scheme":{{"fixed_price":{}}}}}]}})",
        id, name, cycles, unit, money_text(price));
}

inline std::string monthly() { return plan_text("P-PRO-M", "Pro (monthly)", "MONTH", "19.00"); }
inline std::string yearly() { return plan_text("P-PRO-Y", "Pro (yearly)", "YEAR", "190.00"); }

struct Text {
    std::string status = "ACTIVE";
    std::string created = "2026-01-31T10:00:00Z", start = "2026-01-31T10:00:00Z";
    std::string quantity = "1";
    std::string note = {}, since = {};
    std::string balance = "0.00";
    std::string paid = {}, paid_at = {};
    std::string failed_at = {}, retry_at = {};
    int failures = 0;
    std::string next = {};
    std::string plan = monthly(), plan_id = "P-PRO-M";
    std::string account = test_account;
    std::string failed = "19.00";
};

inline std::string subscription_text(const Text& t) {
    std::string text = fmt::format(
        R"({{"id":"I-1","status":"{}","plan_id":"{}","quantity":"{}","custom_id":"{}","create_time":"{}","start_time":"{}",)"
        R"("subscriber":{{"email_address":"ada@example.com","payer_id":"PAYER1"}},"plan":{},)"
        R"("links":[{{"rel":"approve","href":"https://paypal.example/approve"}}],)",
        t.status, t.plan_id, t.quantity, t.account, t.created, t.start, t.plan);
    if (!t.note.empty()) text += fmt::format(R"("status_change_note":"{}",)", t.note);
    if (!t.since.empty()) text += fmt::format(R"("status_update_time":"{}",)", t.since);
    text += fmt::format(R"("billing_info":{{"outstanding_balance":{},"failed_payments_count":{})",
                        money_text(t.balance), t.failures);
    if (!t.paid_at.empty())
        text += fmt::format(R"(,"last_payment":{{"amount":{},"time":"{}"}})",
                            money_text(t.paid.empty() ? "19.00" : t.paid), t.paid_at);
    if (!t.failed_at.empty()) {
        text += fmt::format(R"(,"last_failed_payment":{{"amount":{},"time":"{}")",
                            money_text(t.failed), t.failed_at);
        if (!t.retry_at.empty())
            text += fmt::format(R"(,"next_payment_retry_time":"{}")", t.retry_at);
        text += "}";
    }
    if (!t.next.empty()) text += fmt::format(R"(,"next_billing_time":"{}")", t.next);
    return text + "}}";
}

inline Subscription subscription_of(const Text& t) {
    return *read_subscription(*parse_json(subscription_text(t)), *read_plan(*parse_json(t.plan)));
}

// "2026-02-28T10:00:00Z=19.00", or with a status before it: "REFUNDED 2026-...".
inline std::string transactions_text(const std::vector<std::string>& payments) {
    std::string list;
    int number = 0;
    for (std::string_view each : payments) {
        std::string_view status = "COMPLETED";
        if (const auto space = each.find(' '); space != std::string_view::npos) {
            status = each.substr(0, space);
            each.remove_prefix(space + 1);
        }
        const auto equals = each.find('=');
        if (!list.empty()) list += ",";
        list += fmt::format(
            R"({{"id":"S{}","status":"{}","time":"{}","amount_with_breakdown":{{"gross_amount":{}}}}})",
            ++number, status, each.substr(0, equals), money_text(each.substr(equals + 1)));
    }
    return R"({"transactions":[)" + list + R"(],"total_items":0})";
}

}  // namespace paydesk::provider::paypal
