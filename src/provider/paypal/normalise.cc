#include "provider/paypal/normalise.h"

#include <algorithm>
#include <array>

#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

enum class About : std::uint8_t {
    order,
    approval,
    capture,
    refund,
    sale,
    sale_refund,
    subscription,
    dispute
};

struct Followed {
    std::string_view event_type;
    About about;
};

// clang-format off
constexpr auto followed = std::to_array<Followed>({
    {"CHECKOUT.ORDER.APPROVED",                   About::order},
    {"CHECKOUT.ORDER.COMPLETED",                  About::order},
    {"CHECKOUT.PAYMENT-APPROVAL.REVERSED",        About::approval},

    {"PAYMENT.CAPTURE.COMPLETED",                 About::capture},
    {"PAYMENT.CAPTURE.PENDING",                   About::capture},
    {"PAYMENT.CAPTURE.DENIED",                    About::capture},
    {"PAYMENT.CAPTURE.DECLINED",                  About::capture},
    {"PAYMENT.CAPTURE.REFUNDED",                  About::refund},
    {"PAYMENT.CAPTURE.REVERSED",                  About::refund},

    {"PAYMENT.SALE.COMPLETED",                    About::sale},
    {"PAYMENT.SALE.PENDING",                      About::sale},
    {"PAYMENT.SALE.DENIED",                       About::sale},
    {"PAYMENT.SALE.REFUNDED",                     About::sale_refund},
    {"PAYMENT.SALE.REVERSED",                     About::sale_refund},

    {"BILLING.SUBSCRIPTION.CREATED",              About::subscription},
    {"BILLING.SUBSCRIPTION.ACTIVATED",            About::subscription},
    {"BILLING.SUBSCRIPTION.UPDATED",              About::subscription},
    {"BILLING.SUBSCRIPTION.EXPIRED",              About::subscription},
    {"BILLING.SUBSCRIPTION.CANCELLED",            About::subscription},
    {"BILLING.SUBSCRIPTION.SUSPENDED",            About::subscription},
    {"BILLING.SUBSCRIPTION.RE-ACTIVATED",         About::subscription},
    {"BILLING.SUBSCRIPTION.PAYMENT.FAILED",       About::subscription},

    {"CUSTOMER.DISPUTE.CREATED",                  About::dispute},
    {"CUSTOMER.DISPUTE.UPDATED",                  About::dispute},
    {"CUSTOMER.DISPUTE.RESOLVED",                 About::dispute},
});
// clang-format on

Result<void> set(Change& change, ObjectKind kind, Ref object, Fact fact) {
    change.kind = kind;
    change.object = std::move(object);
    change.fact = std::move(fact);
    return {};
}

Result<void> read_refund_event(Change& change, const json::value& resource) {
    // A reversal may show the capture that was reversed instead of what took the money back.
    const bool is_capture = at_path(resource, {"final_capture"}) != nullptr ||
                            at_path(resource, {"seller_receivable_breakdown"}) != nullptr;
    if (is_capture) {
        auto charge = read_capture(resource, std::nullopt, change.occurred_at);
        if (!charge) return charge.error();
        const Ref id = charge->charge;
        return set(change, ObjectKind::charge, id, std::move(*charge));
    }
    auto refund = read_refund(resource, change.occurred_at);
    if (!refund) return refund.error();
    const Ref id = refund->refund;
    return set(change, ObjectKind::refund, id, std::move(*refund));
}

Result<void> read_sale_event(Change& change, const json::value& resource, bool refund) {
    if (refund && at_path(resource, {"sale_id"}) != nullptr) {
        auto snapshot = read_sale_refund(resource, change.occurred_at);
        if (!snapshot) return snapshot.error();
        const Ref id = snapshot->refund;
        return set(change, ObjectKind::refund, id, std::move(*snapshot));
    }
    if (!ref_at(resource, {"id"})) return unusable("sale", resource, "has no id");
    // None: a payment of the seller's that has nothing to do with us.
    const auto subscription = ref_at(resource, {"billing_agreement_id"});
    if (!subscription) return {};
    return set(change, ObjectKind::subscription, *subscription, MustAsk{});
}

Result<void> read_resource(Change& change, About about, const json::value& resource) {
    switch (about) {
        case About::order: {
            auto checkout = read_order(resource, change.occurred_at);
            if (!checkout) return checkout.error();
            const Ref id = checkout->checkout;
            return set(change, ObjectKind::checkout, id, std::move(*checkout));
        }
        case About::approval: {
            auto order = ref_at(resource, {"order_id"});
            if (!order) order = ref_at(resource, {"id"});
            if (!order) return unusable("approval", resource, "has no order_id");
            return set(change, ObjectKind::checkout, *order, MustAsk{});
        }
        case About::capture: {
            auto charge = read_capture(resource, std::nullopt, change.occurred_at);
            if (!charge) return charge.error();
            const Ref id = charge->charge;
            return set(change, ObjectKind::charge, id, std::move(*charge));
        }
        case About::refund:
            return read_refund_event(change, resource);
        case About::sale:
            return read_sale_event(change, resource, false);
        case About::sale_refund:
            return read_sale_event(change, resource, true);
        case About::subscription: {
            const auto id = ref_at(resource, {"id"});
            if (!id) return unusable("subscription", resource, "has no id");
            return set(change, ObjectKind::subscription, *id, MustAsk{});
        }
        case About::dispute: {
            auto dispute = read_dispute(resource, change.occurred_at);
            if (!dispute) return dispute.error();
            const Ref id = dispute->dispute;
            return set(change, ObjectKind::dispute, id, std::move(*dispute));
        }
    }
    return {};
}

}  // namespace

std::vector<std::string_view> followed_event_types() {
    std::vector<std::string_view> types;
    for (const Followed& each : followed) types.push_back(each.event_type);
    return types;
}

Result<Change> normalise(const json::value& event) {
    const auto id = text_at(event, {"id"});
    const auto type = text_at(event, {"event_type"});
    const auto created = instant_at(event, {"create_time"});
    if (!id || !type || !created) {
        return Error{ErrorCode::webhook_payload_invalid, "The event is not one of PayPal's.",
                     "it lacks id, event_type or create_time"};
    }
    Change change{.provider = Name::paypal,
                  .event_id = *id,
                  .event_type = *type,
                  .api_version = text_at(event, {"resource_version"}).value_or(""),
                  .livemode = false,
                  .occurred_at = std::chrono::floor<std::chrono::seconds>(*created),
                  .kind = ObjectKind::other,
                  .object = {},
                  .fact = Unfollowed{}};
    const auto* known = std::ranges::find(followed, *type, &Followed::event_type);
    if (known == followed.end()) return change;
    const json::value* resource = at_path(event, {"resource"});
    if (resource == nullptr || !resource->is_object())
        return unusable("event", event, "has no resource");
    if (const auto read = read_resource(change, known->about, *resource); !read)
        return read.error();
    return change;
}

}  // namespace paydesk::provider::paypal
