#pragma once
// How fields of PayPal's objects are read: tolerant of what is absent, strict about money.

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

namespace paydesk::provider::paypal {

using Path = std::initializer_list<std::string_view>;

// Text without U+0000; nothing when it is absent, null, of another type, or empty.
std::optional<std::string> text_at(const json::value& object, Path path);
std::optional<Ref> ref_at(const json::value& object, Path path);
std::optional<Instant> instant_at(const json::value& object, Path path);  // ISO 8601
// A UUID that we wrote into custom_id. What is no UUID names nobody.
std::optional<AccountId> account_at(const json::value& object, Path path);
// The elements of an array, or of nothing.
const json::array& array_at(const json::value& object, Path path);

// {"currency_code", "value"} of v2 and of subscriptions, {"currency", "total"} and {"currency", "value"} of v1.
// A missing amount must not pass for a zero: refuses with webhook_payload_invalid.
Result<Money> money_at(const json::value& object, Path path);

// The href of the first link with one of these rels; nothing where there is none.
std::optional<std::string> link_at(const json::value& object,
                                   std::initializer_list<std::string_view> rels);
std::optional<std::string> approval_link(const json::value& object);  // where the buyer agrees
// "2GG279541U471931P" of "https://api-m.paypal.com/v2/payments/captures/2GG279541U471931P", if the part before is
// `collection`.
std::optional<Ref> ref_in_link(const std::optional<std::string>& href, std::string_view collection);

// "capture 2GG... has no usable amount": why it can't be applied.
Error unusable(std::string_view what, const json::value& object, std::string_view why);

// Each refuses with webhook_payload_invalid. `at` stands in for a missing time of creation.
Result<CheckoutSnapshot> read_order(const json::value& order, Instant at);
// `order`: whose capture it is, where the capture does not say.
Result<ChargeSnapshot> read_capture(const json::value& capture, std::optional<Ref> order,
                                    Instant at);
Result<RefundSnapshot> read_refund(const json::value& refund, Instant at);
Result<RefundSnapshot> read_sale_refund(const json::value& refund, Instant at);  // v1
Result<DisputeSnapshot> read_dispute(const json::value& dispute, Instant at);

}  // namespace paydesk::provider::paypal
