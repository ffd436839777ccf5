#pragma once
// How fields of Stripe's objects are read: tolerant of what is absent, strict about money.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/money.h"
#include "provider/change.h"

namespace paydesk::provider::stripe {

using Path = std::initializer_list<std::string_view>;

// Text without U+0000; nothing when it is absent, null, of another type, or empty.
std::optional<std::string> text_at(const json::value& object, Path path);

// The id of what an expandable field points at: a string, an object, or a deleted object.
std::optional<Ref> ref_at(const json::value& object, Path path);

// Unix seconds between 1970 and 9999.
std::optional<Instant> instant_at(const json::value& object, Path path);

// Whose it is, by a metadata object that we wrote (or that a seed's code wrote): the first UUID among
// account_id, user_id, supabase_user_id. What is no UUID names nobody.
std::optional<AccountId> account_at(const json::value& object, Path metadata);

// The elements of a list object's `data`, or of nothing.
const json::array& list_at(const json::value& object, Path path);

// "charge ch_1 has no usable amount": why an event of a type that we follow can't be applied.
Error unusable(const json::value& object, std::string_view why);

// Reads the amounts of one object. A missing amount must not pass for a zero, so each is required
// and the first that can't be used is kept; what read() gave is worthless then.
class AmountReader {
public:
    // The currency is the text at "currency" of `object`.
    explicit AmountReader(const json::value& object);

    Money read(std::string_view field);
    // The same, for an element of a list in the object.
    Money read(const json::value& element, std::string_view field);

    const std::optional<Error>& error() const { return error_; }

private:
    const json::value& object_;
    Currency currency_ = Currency::usd();
    std::optional<Error> error_;
};

// Each refuses with webhook_payload_invalid. `at` stands in for a missing time of creation.
Result<CustomerSnapshot> read_customer(const json::value& object);
Result<SubscriptionSnapshot> read_subscription(const json::value& object, Instant at);
Result<InvoiceSnapshot> read_invoice(const json::value& object, Instant at);
Result<PaymentMethodSnapshot> read_payment_method(const json::value& object, Instant at);
Result<CheckoutSnapshot> read_checkout(const json::value& object, Instant at);
Result<ChargeSnapshot> read_charge(const json::value& object, Instant at);
Result<RefundSnapshot> read_refund(const json::value& object, Instant at);
Result<DisputeSnapshot> read_dispute(const json::value& object, Instant at);
Result<ScheduleSnapshot> read_schedule(const json::value& object, Instant at);
// An empty payment: it was paid otherwise than by a payment intent.
Result<InvoicePaymentSnapshot> read_invoice_payment(const json::value& object);

}  // namespace paydesk::provider::stripe
