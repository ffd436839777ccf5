#pragma once
// Refunds of captures.

#include <string>

#include "sandbox/paypal/account.h"
#include "sandbox/paypal/money.h"

namespace paydesk::sandbox::paypal {

inline constexpr std::int64_t refundable_seconds = 180 * day_seconds;
inline constexpr std::int64_t echeck_refund_seconds = 3 * day_seconds;
inline constexpr std::size_t refunds_max = 50;

// What was refunded of the capture so far, pending refunds too.
Amount refunded_of(const Account& account, const Object& capture);

// {amount?, invoice_id?, custom_id?, note_to_payer?}: the refund as it is shown, with its event unless it
// waits for an eCheck. Refuses in this order: the capture is missing (404); PENDING_CAPTURE,
// CAPTURE_FULLY_REFUNDED, REFUND_NOT_ALLOWED; what is wrong with the amount;
// REFUND_TIME_LIMIT_EXCEEDED, REFUND_CAPTURE_CURRENCY_MISMATCH, REFUND_AMOUNT_EXCEEDED,
// TRANSACTION_DISPUTED, MAX_NUMBER_OF_REFUNDS_EXCEEDED, DUPLICATE_INVOICE_ID.
Object refund_capture(Account& account, const std::string& id, const Object& given);

// Stores a refund of a capture and what it makes of it. No event. `waits`: it is PENDING for days.
Object add_refund(Account& account, const Object& capture, const Amount& amount,
                  const Object& given, bool waits);

// A refund that waited is done.
void complete_refund(Account& account, const std::string& id);

}  // namespace paydesk::sandbox::paypal
