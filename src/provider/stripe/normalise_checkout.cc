#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {

Result<CheckoutSnapshot> read_checkout(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    if (!id) return unusable(object, "has no id");

    auto account = account_at(object, {"metadata"});
    if (!account) {
        const auto uuid = parse_uuid(text_at(object, {"client_reference_id"}).value_or(""));
        if (uuid) account = AccountId{*uuid};
    }
    auto email = text_at(object, {"customer_details", "email"});
    if (!email) email = text_at(object, {"customer_email"});

    // A session that only saves a card has no amount.
    std::optional<Money> total;
    if (at_path(object, {"amount_total"}) != nullptr) {
        AmountReader amounts(object);
        total = amounts.read("amount_total");
        if (amounts.error()) return *amounts.error();
    }
    return CheckoutSnapshot{
        .checkout = *id,
        .customer = ref_at(object, {"customer"}),
        .subscription = ref_at(object, {"subscription"}),
        .payment = ref_at(object, {"payment_intent"}),
        .invoice = ref_at(object, {"invoice"}),
        .account = account,
        .mode = text_at(object, {"mode"}).value_or(""),
        .status = text_at(object, {"status"}).value_or(""),
        .payment_status = text_at(object, {"payment_status"}).value_or(""),
        .payment_failed = false,
        .total = total,
        .email = email,
        .plan_key = text_at(object, {"metadata", "plan_key"}),
        .intent_id = text_at(object, {"metadata", "checkout_id"}),
        .expires_at = instant_at(object, {"expires_at"}),
        .created_at = instant_at(object, {"created"}).value_or(at),
    };
}

}  // namespace paydesk::provider::stripe
