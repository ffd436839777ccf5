#include "provider/change.h"

#include <array>

namespace paydesk::provider {
namespace {

// Each in the order of its enum: the index is the value.
constexpr std::array<std::string_view, 2> names = {"stripe", "paypal"};

constexpr std::array<std::string_view, 10> kinds = {
    "customer", "subscription", "invoice", "payment_method",        "checkout",
    "charge",   "refund",       "dispute", "subscription_schedule", "other",
};
static_assert(kinds.size() == static_cast<std::size_t>(ObjectKind::other) + 1);

constexpr std::array<std::string_view, 8> subscription_statuses = {
    "incomplete", "incomplete_expired", "trialing", "active",
    "past_due",   "canceled",           "unpaid",   "paused",
};
static_assert(subscription_statuses.size() ==
              static_cast<std::size_t>(SubscriptionStatus::paused) + 1);

constexpr std::array<std::string_view, 5> invoice_statuses = {
    "draft", "open", "paid", "uncollectible", "void",
};
static_assert(invoice_statuses.size() == static_cast<std::size_t>(InvoiceStatus::void_) + 1);

constexpr std::array<std::string_view, 3> charge_statuses = {"pending", "succeeded", "failed"};
static_assert(charge_statuses.size() == static_cast<std::size_t>(ChargeStatus::failed) + 1);

template <class Enum, std::size_t size>
std::optional<Enum> parse(const std::array<std::string_view, size>& words, std::string_view text) {
    for (std::size_t i = 0; i < size; ++i) {
        if (words[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Name name) { return names.at(static_cast<std::size_t>(name)); }

std::string_view to_string(ObjectKind kind) { return kinds.at(static_cast<std::size_t>(kind)); }

std::optional<ObjectKind> parse_object_kind(std::string_view text) {
    return parse<ObjectKind>(kinds, text);
}

std::string_view to_string(SubscriptionStatus status) {
    return subscription_statuses.at(static_cast<std::size_t>(status));
}

std::optional<SubscriptionStatus> parse_subscription_status(std::string_view text) {
    return parse<SubscriptionStatus>(subscription_statuses, text);
}

std::string_view to_string(InvoiceStatus status) {
    return invoice_statuses.at(static_cast<std::size_t>(status));
}

std::string_view to_string(ChargeStatus status) {
    return charge_statuses.at(static_cast<std::size_t>(status));
}

std::optional<ChargeStatus> parse_charge_status(std::string_view text) {
    return parse<ChargeStatus>(charge_statuses, text);
}

std::optional<InvoiceStatus> parse_invoice_status(std::string_view text) {
    return parse<InvoiceStatus>(invoice_statuses, text);
}

const SchedulePhase* ScheduleSnapshot::next_phase() const {
    if (status != "active" && status != "not_started") return nullptr;
    for (const auto& phase : phases) {
        if (current_phase_start && phase.start <= *current_phase_start) continue;
        if (!current_phase_start && status == "active") return nullptr;  // nobody knows where it is
        return &phase;
    }
    return nullptr;
}

}  // namespace paydesk::provider
