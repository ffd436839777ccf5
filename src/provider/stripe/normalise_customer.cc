// Customers and their payment methods.

#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {

Result<CustomerSnapshot> read_customer(const json::value& object) {
    const auto id = ref_at(object, {"id"});
    if (!id) return unusable(object, "has no id");
    return CustomerSnapshot{
        .customer = *id,
        .account = account_at(object, {"metadata"}),
        .email = text_at(object, {"email"}),
        .name = text_at(object, {"name"}),
        .default_payment_method = ref_at(object, {"invoice_settings", "default_payment_method"}),
        .deleted = bool_at(object, {"deleted"}).value_or(false),
    };
}

Result<PaymentMethodSnapshot> read_payment_method(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    if (!id) return unusable(object, "has no id");
    const std::string type = text_at(object, {"type"}).value_or("");
    return PaymentMethodSnapshot{
        .payment_method = *id,
        .customer = ref_at(object, {"customer"}),
        .previous_customer = {},
        .type = type,
        // The details are under the type's name: card.last4, sepa_debit.last4.
        .brand = text_at(object, {type, "brand"}),
        .last4 = text_at(object, {type, "last4"}),
        .fingerprint = text_at(object, {type, "fingerprint"}),
        .exp_month = int_at(object, {type, "exp_month"}),
        .exp_year = int_at(object, {type, "exp_year"}),
        .created_at = instant_at(object, {"created"}).value_or(at),
    };
}

}  // namespace paydesk::provider::stripe
