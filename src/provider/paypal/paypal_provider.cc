// Reading whatever PayPal has. The calls that change something are in the files beside this one.

#include "provider/paypal/paypal_provider.h"

#include "base/assert.h"
#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {

PayPalProvider::PayPalProvider(Client& client, const Clock& clock, PayPalOptions options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

bool is_subscription(const Ref& checkout) { return checkout.value.starts_with("I-"); }

Error unreadable(std::string_view what) {
    return {ErrorCode::provider_unavailable, "PayPal's answer could not be read. Try again later.",
            std::string(what)};
}

Error unreadable(const Error& why) { return unreadable(why.detail); }

Change PayPalProvider::change_of(ObjectKind kind, Ref object, Fact fact, Instant at) const {
    return {.provider = Name::paypal,
            .event_id = {},
            .event_type = {},
            .api_version = {},
            .livemode = options_.livemode,
            .occurred_at = at,
            .kind = kind,
            .object = std::move(object),
            .fact = std::move(fact)};
}

Task<Result<std::vector<Change>>> PayPalProvider::fetch_with_payments(
    ObjectKind kind, Ref object, std::optional<Instant> since) {
    const bool is_checkout = kind == ObjectKind::checkout;
    if (kind == ObjectKind::subscription || (is_checkout && is_subscription(object))) {
        auto asked = co_await ask(object);
        if (!asked) co_return asked.error();
        co_return co_await tell(std::move(*asked), since);
    }
    if (is_checkout) {
        const auto order = co_await get_order(object);
        if (!order) co_return order.error();
        co_return changes_of(*order);
    }
    auto change = co_await fetch(kind, object);
    if (!change) co_return change.error();
    std::vector<Change> changes;
    changes.push_back(std::move(*change));
    co_return changes;
}

// One of what its subscription's payments amount to.
Task<Result<Change>> PayPalProvider::fetch_invoice(Ref invoice) {
    const Ref subscription{invoice.value.substr(0, invoice.value.find('/'))};
    auto asked = co_await ask(subscription);
    if (!asked) co_return asked.error();
    auto changes = co_await tell(std::move(*asked), std::nullopt);
    if (!changes) co_return changes.error();
    for (Change& change : *changes) {
        if (change.kind == ObjectKind::invoice && change.object == invoice)
            co_return std::move(change);
    }
    co_return Error{ErrorCode::not_found, "PayPal knows of no such payment (any more).",
                    invoice.value};
}

Task<Result<Change>> PayPalProvider::fetch(ObjectKind kind, Ref object) {
    const Error none{ErrorCode::not_found, "PayPal has no such object (any more).",
                     std::string(to_string(kind)) + " " + object.value};
    const Instant at = client_.remote_clock().there(clock_.now());
    const auto get = [&](std::string_view collection) {
        return client_.get(path_of(collection, object));
    };
    const auto changed = [&]<class Snapshot>(Result<Snapshot> snapshot) -> Result<Change> {
        if (!snapshot) return unreadable(snapshot.error());
        return change_of(kind, object, std::move(*snapshot), at);
    };
    switch (kind) {
        case ObjectKind::customer: {
            CustomerSnapshot customer{.customer = object,
                                      .account = {},
                                      .email = {},
                                      .name = {},
                                      .default_payment_method = {}};
            if (const auto uuid = parse_uuid(object.value)) customer.account = AccountId{*uuid};
            co_return change_of(kind, object, customer, at);
        }
        case ObjectKind::subscription: {
            const auto asked = co_await ask(object);
            if (!asked) co_return asked.error();
            if (asked->subscription.state == State::approval_pending) co_return none;
            co_return snapshot_of(*asked);
        }
        case ObjectKind::checkout: {
            auto changes = co_await fetch_with_payments(kind, object, clock_.now());
            if (!changes) co_return changes.error();
            for (Change& change : *changes) {
                if (change.kind == kind) co_return std::move(change);
            }
            co_return none;
        }
        case ObjectKind::invoice:
            co_return co_await fetch_invoice(object);
        case ObjectKind::charge: {
            const Answer answer = co_await get("/v2/payments/captures");
            if (!answer) co_return to_refusal(answer.error());
            co_return changed(read_capture(*answer, std::nullopt, at));
        }
        case ObjectKind::refund: {
            const Answer answer = co_await get("/v2/payments/refunds");
            if (!answer) co_return to_refusal(answer.error());
            co_return changed(read_refund(*answer, at));
        }
        case ObjectKind::dispute: {
            const Answer answer = co_await get("/v1/customer/disputes");
            if (!answer) co_return to_refusal(answer.error());
            co_return changed(read_dispute(*answer, at));
        }
        case ObjectKind::payment_method:
        case ObjectKind::subscription_schedule:
            co_return none;
        case ObjectKind::other:
            break;
    }
    PD_ASSERT(!"kind other has no fetch");
    co_return none;
}

}  // namespace paydesk::provider::paypal
