#include "provider/stripe/normalise.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

struct Followed {
    std::string_view event_type;
    ObjectKind kind;
};

// Every event here carries the whole object, so each is worth as much as any other about it.
// clang-format off
constexpr std::string_view invoice_payment_paid = "invoice_payment.paid";

constexpr auto followed = std::to_array<Followed>({
    {"customer.created",                         ObjectKind::customer},
    {"customer.updated",                         ObjectKind::customer},
    {"customer.deleted",                         ObjectKind::customer},

    {"customer.subscription.created",            ObjectKind::subscription},
    {"customer.subscription.updated",            ObjectKind::subscription},
    {"customer.subscription.deleted",            ObjectKind::subscription},
    {"customer.subscription.paused",             ObjectKind::subscription},
    {"customer.subscription.resumed",            ObjectKind::subscription},
    {"customer.subscription.trial_will_end",     ObjectKind::subscription},

    {"invoice.created",                          ObjectKind::invoice},
    {"invoice.finalized",                        ObjectKind::invoice},
    {"invoice.paid",                             ObjectKind::invoice},
    {"invoice.payment_succeeded",                ObjectKind::invoice},
    {"invoice.payment_failed",                   ObjectKind::invoice},
    {"invoice.payment_action_required",          ObjectKind::invoice},
    {"invoice.voided",                           ObjectKind::invoice},
    {"invoice.marked_uncollectible",             ObjectKind::invoice},
    {"invoice.updated",                          ObjectKind::invoice},
    {"invoice.deleted",                          ObjectKind::invoice},
    {"invoice.upcoming",                         ObjectKind::invoice},

    {invoice_payment_paid,                       ObjectKind::invoice},  // a fact about the invoice

    {"payment_method.attached",                  ObjectKind::payment_method},
    {"payment_method.updated",                   ObjectKind::payment_method},
    {"payment_method.automatically_updated",     ObjectKind::payment_method},
    {"payment_method.detached",                  ObjectKind::payment_method},

    {"checkout.session.completed",               ObjectKind::checkout},
    {"checkout.session.async_payment_succeeded", ObjectKind::checkout},
    {"checkout.session.async_payment_failed",    ObjectKind::checkout},
    {"checkout.session.expired",                 ObjectKind::checkout},

    {"charge.pending",                           ObjectKind::charge},
    {"charge.succeeded",                         ObjectKind::charge},
    {"charge.failed",                            ObjectKind::charge},
    {"charge.updated",                           ObjectKind::charge},
    {"charge.captured",                          ObjectKind::charge},
    {"charge.expired",                           ObjectKind::charge},
    {"charge.refunded",                          ObjectKind::charge},

    {"refund.created",                           ObjectKind::refund},
    {"refund.updated",                           ObjectKind::refund},
    {"refund.failed",                            ObjectKind::refund},
    {"charge.refund.updated",                    ObjectKind::refund},  // the older name

    {"charge.dispute.created",                   ObjectKind::dispute},
    {"charge.dispute.updated",                   ObjectKind::dispute},
    {"charge.dispute.closed",                    ObjectKind::dispute},
    {"charge.dispute.funds_withdrawn",           ObjectKind::dispute},
    {"charge.dispute.funds_reinstated",          ObjectKind::dispute},

    {"subscription_schedule.created",            ObjectKind::subscription_schedule},
    {"subscription_schedule.updated",            ObjectKind::subscription_schedule},
    {"subscription_schedule.released",           ObjectKind::subscription_schedule},
    {"subscription_schedule.canceled",           ObjectKind::subscription_schedule},
    {"subscription_schedule.completed",          ObjectKind::subscription_schedule},
    {"subscription_schedule.aborted",            ObjectKind::subscription_schedule},
});
// clang-format on

// What Stripe calls an object of this kind in its `object` field.
std::string_view stripe_name(ObjectKind kind) {
    return kind == ObjectKind::checkout ? "checkout.session" : to_string(kind);
}

template <class Snapshot>
Result<Fact> as_fact(Result<Snapshot> snapshot) {
    if (!snapshot) return snapshot.error();
    return Fact(std::move(*snapshot));
}

Result<Fact> read_fact(ObjectKind kind, const json::value& object, Instant at) {
    switch (kind) {
        case ObjectKind::customer:
            return as_fact(read_customer(object));
        case ObjectKind::subscription:
            return as_fact(read_subscription(object, at));
        case ObjectKind::invoice:
            return as_fact(read_invoice(object, at));
        case ObjectKind::payment_method:
            return as_fact(read_payment_method(object, at));
        case ObjectKind::checkout:
            return as_fact(read_checkout(object, at));
        case ObjectKind::charge:
            return as_fact(read_charge(object, at));
        case ObjectKind::refund:
            return as_fact(read_refund(object, at));
        case ObjectKind::dispute:
            return as_fact(read_dispute(object, at));
        case ObjectKind::subscription_schedule:
            return as_fact(read_schedule(object, at));
        case ObjectKind::other:
            break;
    }
    return Fact(Unfollowed{});
}

// What only the event says, not the object in it.
void add_what_the_event_says(Change& change, const json::value& event) {
    if (auto* customer = std::get_if<CustomerSnapshot>(&change.fact)) {
        if (change.event_type == "customer.deleted") customer->deleted = true;
    } else if (auto* invoice = std::get_if<InvoiceSnapshot>(&change.fact)) {
        if (change.event_type == "invoice.deleted") invoice->deleted = true;
        if (change.event_type == "invoice.upcoming") invoice->invoice.reset();
    } else if (auto* checkout = std::get_if<CheckoutSnapshot>(&change.fact)) {
        checkout->payment_failed = change.event_type == "checkout.session.async_payment_failed";
    } else if (auto* method = std::get_if<PaymentMethodSnapshot>(&change.fact)) {
        if (change.event_type == "payment_method.detached") {
            method->previous_customer = ref_at(event, {"data", "previous_attributes", "customer"});
        }
    }
}

Ref object_of(const Fact& fact, const json::value& object) {
    if (const auto* invoice = std::get_if<InvoiceSnapshot>(&fact)) {
        return invoice->invoice.value_or(Ref{});
    }
    return ref_at(object, {"id"}).value_or(Ref{});
}

// Events show ten elements of a list and can't be asked for more. Of an invoice's lines prorations come first.
bool is_cut(const Fact& fact, const json::value& object) {
    std::string_view list;
    if (std::holds_alternative<InvoiceSnapshot>(fact)) list = "lines";
    if (std::holds_alternative<SubscriptionSnapshot>(fact)) list = "items";
    return !list.empty() && bool_at(object, {list, "has_more"}).value_or(false);
}

Change change_at(Instant at) {
    Change change{};
    change.provider = Name::stripe;
    change.occurred_at = at;
    return change;
}

// v2 events write their time as text.
std::optional<Instant> time_of(const json::value& event) {
    if (const auto at = instant_at(event, {"created"})) return at;
    const auto parsed = parse_iso8601(text_at(event, {"created"}).value_or(""));
    if (!parsed) return std::nullopt;
    return std::chrono::floor<std::chrono::seconds>(*parsed);
}

Result<Change> normalise_invoice_payment(const json::value& object, Instant at) {
    auto paid = read_invoice_payment(object);
    if (!paid) return paid.error();
    Change change = change_at(at);
    if (paid->payment.value.empty()) return change;
    change.kind = ObjectKind::invoice;
    change.object = paid->invoice;
    change.fact = std::move(*paid);
    return change;
}

}  // namespace

std::optional<ObjectKind> followed_kind(std::string_view event_type) {
    const auto* found = std::ranges::find(followed, event_type, &Followed::event_type);
    if (found == followed.end()) return std::nullopt;
    return found->kind;
}

std::vector<std::string_view> followed_event_types() {
    std::vector<std::string_view> types;
    for (const Followed& each : followed) types.push_back(each.event_type);
    return types;
}

Result<Change> normalise_object(ObjectKind kind, const json::value& object, Instant at) {
    PD_ASSERT(kind != ObjectKind::other);
    const auto name = text_at(object, {"object"});
    if (name && *name != stripe_name(kind)) {
        return unusable(object, "is no " + std::string(to_string(kind)));
    }
    auto fact = read_fact(kind, object, at);
    if (!fact) return fact.error();

    Change change = change_at(at);
    change.kind = kind;
    change.livemode = bool_at(object, {"livemode"}).value_or(false);
    change.object = object_of(*fact, object);
    change.fact = std::move(*fact);
    return change;
}

Result<Change> normalise(const json::value& event) {
    const auto id = text_at(event, {"id"});
    const auto type = text_at(event, {"type"});
    if (!event.is_object() || !id || !type) {
        return Error{ErrorCode::webhook_payload_invalid, "The signed webhook body is not an event.",
                     "it is not a JSON object with the texts id and type"};
    }
    const json::value* data = at_path(event, {"data", "object"});
    const auto at = time_of(event);
    const auto kind = followed_kind(*type);

    Change change = change_at(at.value_or(from_unix(0)));
    if (kind) {
        if (!at) return unusable(event, "has no usable created: it can't be ordered");
        if (data == nullptr) return unusable(event, "has no data.object");
        auto read = *type == invoice_payment_paid ? normalise_invoice_payment(*data, *at)
                                                  : normalise_object(*kind, *data, *at);
        if (!read) return read.error();
        change = std::move(*read);
    } else if (data != nullptr) {
        change.object = ref_at(event, {"data", "object"}).value_or(Ref{});
    }
    change.event_id = *id;
    change.event_type = *type;
    change.api_version = text_at(event, {"api_version"}).value_or("");
    change.livemode = bool_at(event, {"livemode"}).value_or(false);
    add_what_the_event_says(change, event);
    if (*type == "invoice.upcoming") change.object = Ref{};
    change.is_cut = !change.object.value.empty() && is_cut(change.fact, *data);
    // Every other object is found again by its id.
    const bool is_unfollowed = std::holds_alternative<Unfollowed>(change.fact);
    if (kind && !is_unfollowed && *type != "invoice.upcoming" && change.object.value.empty()) {
        return unusable(*data, "has no id");
    }
    return change;
}

}  // namespace paydesk::provider::stripe
