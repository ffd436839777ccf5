// PayPalError -> the refusals of provider.h.

#include <fmt/format.h>

#include <algorithm>

#include "provider/paypal/client.h"

namespace paydesk::provider::paypal {
namespace {

struct Meaning {
    std::string_view issue;
    ErrorCode code;
    std::string_view message;
};

constexpr std::string_view declined =
    "PayPal declined the payment. Choose another way of paying at PayPal, or try again.";
constexpr std::string_view payer_is_stopped =
    "PayPal does not let this account pay at the moment. The buyer can ask PayPal why.";
constexpr std::string_view not_approved =
    "The buyer has not approved this payment at PayPal yet: follow the approval link first.";
constexpr std::string_view refunded_already =
    "The payment has been refunded already, perhaps in the provider's dashboard.";
constexpr std::string_view less_is_left =
    "The provider says that less than this is left of the payment.";

// Issues that tell more than their HTTP status. All others are ours to mend: provider_rejected.
// clang-format off
constexpr Meaning meanings[] = {
    {"INSTRUMENT_DECLINED",                     ErrorCode::payment_declined,            declined},
    {"TRANSACTION_REFUSED",                     ErrorCode::payment_declined,            declined},
    {"REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",    ErrorCode::payment_declined,            declined},
    {"CARD_EXPIRED",                            ErrorCode::payment_declined,            declined},
    {"PAYMENT_DENIED",                          ErrorCode::payment_declined,            declined},
    {"TRANSACTION_LIMIT_EXCEEDED",              ErrorCode::payment_declined,            declined},
    {"PAYER_CANNOT_PAY",                        ErrorCode::payment_declined,            payer_is_stopped},
    {"PAYER_ACCOUNT_LOCKED_OR_CLOSED",          ErrorCode::payment_declined,            payer_is_stopped},
    {"PAYER_ACCOUNT_RESTRICTED",                ErrorCode::payment_declined,            payer_is_stopped},
    {"PAYER_COUNTRY_NOT_SUPPORTED",             ErrorCode::payment_declined,            payer_is_stopped},
    {"SUBSCRIBER_ACCOUNT_LOCKED",               ErrorCode::payment_declined,            payer_is_stopped},
    {"SUBSCRIBER_ACCOUNT_CLOSED",               ErrorCode::payment_declined,            payer_is_stopped},
    {"SUBSCRIBER_ACCOUNT_RESTRICTED",           ErrorCode::payment_declined,            payer_is_stopped},
    {"COMPLIANCE_VIOLATION",                    ErrorCode::payment_declined,            payer_is_stopped},
    {"MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", ErrorCode::payment_declined,
     "PayPal was asked too often for this payment: begin a new one."},

    {"ORDER_NOT_APPROVED",                      ErrorCode::checkout_not_approved,       not_approved},
    {"PAYER_ACTION_REQUIRED",                   ErrorCode::checkout_not_approved,       not_approved},

    {"CAPTURE_FULLY_REFUNDED",                  ErrorCode::refund_exceeds_payment,      refunded_already},
    {"REFUND_AMOUNT_EXCEEDED",                  ErrorCode::refund_exceeds_payment,      less_is_left},
    {"REFUND_CAPTURE_CURRENCY_MISMATCH",        ErrorCode::payment_not_refundable,
     "A refund has the currency of its payment."},
    {"REFUND_TIME_LIMIT_EXCEEDED",              ErrorCode::payment_not_refundable,
     "PayPal refunds payments of the last 180 days only."},
    {"PENDING_CAPTURE",                         ErrorCode::payment_not_refundable,
     "PayPal still holds this payment: it can be refunded once it has arrived."},
    {"TRANSACTION_DISPUTED",                    ErrorCode::payment_not_refundable,
     "The payment is disputed: PayPal decides about the money now."},
    {"PARTIAL_REFUND_NOT_ALLOWED",              ErrorCode::payment_not_refundable,
     "PayPal refunds this payment as a whole only."},
    {"MAX_NUMBER_OF_REFUNDS_EXCEEDED",          ErrorCode::payment_not_refundable,
     "This payment has been refunded in as many parts as PayPal allows."},
    {"REFUND_FAILED_INSUFFICIENT_FUNDS",        ErrorCode::payment_not_refundable,
     "There is not enough money in our PayPal account for this refund."},
    {"REFUND_NOT_ALLOWED",                      ErrorCode::payment_not_refundable,
     "PayPal does not allow a refund of this payment."},

    {"SUBSCRIPTION_STATUS_INVALID",             ErrorCode::subscription_not_changeable,
     "PayPal does not allow this for a subscription in its present state."},
    {"SUBSCRIPTION_CANNOT_BE_ACTIVATED",        ErrorCode::subscription_not_resumable,
     "PayPal does not reactivate this subscription: subscribe anew."},
    {"PLAN_PRODUCT_NOT_COMPATIBLE",             ErrorCode::subscription_not_changeable,
     "PayPal changes only between plans of one product: run paydesk plans sync, or subscribe anew."},
    {"ZERO_OUTSTANDING_BALANCE",                ErrorCode::subscription_not_changeable,
     "Nothing is owed for this subscription."},
};
// clang-format on

// "422 UNPROCESSABLE_ENTITY INSTRUMENT_DECLINED /field debug_id=...: message". For our logs.
std::string detail_of(const PayPalError& error) {
    std::string detail = error.http_status == 0 ? "no answer" : std::to_string(error.http_status);
    const auto add = [&](std::string_view before, const std::string& text) {
        if (!text.empty()) detail += fmt::format("{}{}", before, text);
    };
    add(" ", error.name);
    add(" ", error.issue);
    add(" ", error.field);
    add(" debug_id=", error.debug_id);
    add(": ", error.message);
    add(" ", error.description);
    return detail;
}

}  // namespace

Error to_refusal(const PayPalError& error) {
    const int status = error.http_status;
    const auto refusal = [&](ErrorCode code, std::string_view message) {
        return Error{code, std::string(message), detail_of(error)};
    };
    if (status == 0 || status == 409 || status == 429 || status >= 500) {
        return refusal(ErrorCode::provider_unavailable,
                       "PayPal does not answer at the moment. Try again in a minute.");
    }
    if (status == 401) {
        return refusal(ErrorCode::provider_rejected,
                       "PayPal does not accept our credentials: check PAYPAL_CLIENT_ID, "
                       "PAYPAL_CLIENT_SECRET and PAYPAL_MODE.");
    }
    const auto* known = std::ranges::find(meanings, error.issue, &Meaning::issue);
    if (known != std::end(meanings)) return refusal(known->code, known->message);
    if (status == 404) {
        return refusal(ErrorCode::not_found, "PayPal has no such object (any more).");
    }
    if (status == 403) {
        return refusal(ErrorCode::provider_rejected,
                       "Our PayPal app may not do this: check its features in PayPal's dashboard.");
    }
    return refusal(ErrorCode::provider_rejected, "PayPal refused our request.");
}

}  // namespace paydesk::provider::paypal
