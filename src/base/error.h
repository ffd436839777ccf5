#pragma once
// Refusals: the outcomes of an operation that its caller must expect and can act on.
//
// Three kinds of failure, three mechanisms, no fourth:
//   refusal      the request cannot be honoured (declined, not found, conflict)  -> Result<T>
//   environment  Postgres, network or disk is away: answered 503 or retried      -> exception,
//                caught only at the request, job and main boundaries
//   bug          an invariant of ours is broken                                  -> PD_ASSERT, abort

#include <array>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace paydesk {

// The name is the wire name: the API, the logs, the metrics and the docs spell it the same way.
// Ordered by precedence: where several apply to one request, the first listed is reported.
// Codes are published API: never rename, never reuse.
enum class ErrorCode : std::uint8_t {
    malformed_request,
    body_too_large,
    webhook_body_too_large,
    webhook_signature_invalid,
    webhook_timestamp_stale,
    webhook_payload_invalid,

    unauthenticated,
    forbidden,
    rate_limited,

    invalid_input,
    idempotency_key_reused,
    idempotency_key_in_use,
    not_found,
    method_not_allowed,
    url_not_allowed,
    plan_unknown,
    plan_not_purchasable,
    customer_missing,
    subscription_exists,
    subscription_not_cancelable,
    subscription_not_resumable,
    subscription_not_changeable,
    promotion_code_invalid,
    seats_exhausted,
    insufficient_credits,
    hold_ended,
    payment_not_refundable,
    refund_exceeds_payment,
    checkout_not_approved,
    invoice_not_payable,
    provider_not_configured,

    payment_declined,
    provider_rejected,
    provider_unavailable,
    unavailable,
    internal,
};

struct ErrorInfo {
    ErrorCode code;
    std::string_view name;
    std::uint16_t http_status;
    bool retryable;          // the identical request may succeed later without anyone changing it
    std::string_view title;  // problem+json `title`: one sentence for people
};

// The single place that decides HTTP status, retry and wire name.
inline constexpr std::array error_table = {
    ErrorInfo{ErrorCode::malformed_request,           "malformed_request",           400, false,
              "The request is not well-formed."                                                                                  },
    ErrorInfo{ErrorCode::body_too_large,              "body_too_large",              413, false,
              "The request body is too large."                                                                                   },
    ErrorInfo{ErrorCode::webhook_body_too_large,      "webhook_body_too_large",      413, false,
              "The webhook body is too large."                                                                                   },
    ErrorInfo{ErrorCode::webhook_signature_invalid,   "webhook_signature_invalid",   400, false,
              "The webhook signature is not valid."                                                                              },
    ErrorInfo{ErrorCode::webhook_timestamp_stale,     "webhook_timestamp_stale",     400, false,
              "The webhook was signed too long ago or in the future."                                                            },
    ErrorInfo{ErrorCode::webhook_payload_invalid,     "webhook_payload_invalid",     400, false,
              "The signed webhook body is not an event."                                                                         },
    ErrorInfo{ErrorCode::unauthenticated,             "unauthenticated",             401, false, "Sign in to do this."           },
    ErrorInfo{ErrorCode::forbidden,                   "forbidden",                   403, false, "You may not do this."          },
    ErrorInfo{ErrorCode::rate_limited,                "rate_limited",                429, true,  "Too many requests."            },
    ErrorInfo{ErrorCode::invalid_input,               "invalid_input",               422, false,
              "A field is missing or wrong."                                                                                     },
    ErrorInfo{ErrorCode::idempotency_key_reused,      "idempotency_key_reused",      409, false,
              "This Idempotency-Key came with another request."                                                                  },
    ErrorInfo{ErrorCode::idempotency_key_in_use,      "idempotency_key_in_use",      409, true,
              "A request with this Idempotency-Key is still running."                                                            },
    ErrorInfo{ErrorCode::not_found,                   "not_found",                   404, false, "There is no such thing."       },
    ErrorInfo{ErrorCode::method_not_allowed,          "method_not_allowed",          405, false,
              "This path does not answer this method."                                                                           },
    ErrorInfo{ErrorCode::url_not_allowed,             "url_not_allowed",             422, false,
              "This return URL is not on the allow-list."                                                                        },
    ErrorInfo{ErrorCode::plan_unknown,                "plan_unknown",                422, false, "There is no such plan."        },
    ErrorInfo{ErrorCode::plan_not_purchasable,        "plan_not_purchasable",        422, false,
              "This plan cannot be bought."                                                                                      },
    ErrorInfo{ErrorCode::customer_missing,            "customer_missing",            404, false,
              "No billing history yet: subscribe first."                                                                         },
    ErrorInfo{ErrorCode::subscription_exists,         "subscription_exists",         409, false,
              "There is a live subscription already."                                                                            },
    ErrorInfo{ErrorCode::subscription_not_cancelable, "subscription_not_cancelable", 409, false,
              "This subscription cannot be cancelled."                                                                           },
    ErrorInfo{ErrorCode::subscription_not_resumable,  "subscription_not_resumable",  409, false,
              "This subscription cannot be resumed."                                                                             },
    ErrorInfo{ErrorCode::subscription_not_changeable, "subscription_not_changeable", 409, false,
              "This subscription cannot be changed now."                                                                         },
    ErrorInfo{ErrorCode::promotion_code_invalid,      "promotion_code_invalid",      422, false,
              "This promotion code cannot be used."                                                                              },
    ErrorInfo{ErrorCode::seats_exhausted,             "seats_exhausted",             409, false,
              "There are not enough seats."                                                                                      },
    ErrorInfo{ErrorCode::insufficient_credits,        "insufficient_credits",        402, false,
              "There are not enough credits."                                                                                    },
    ErrorInfo{ErrorCode::hold_ended,                  "hold_ended",                  409, false, "This hold has ended already."  },
    ErrorInfo{ErrorCode::payment_not_refundable,      "payment_not_refundable",      409, false,
              "This payment cannot be refunded."                                                                                 },
    ErrorInfo{ErrorCode::refund_exceeds_payment,      "refund_exceeds_payment",      409, false,
              "More than is left of the payment cannot be refunded."                                                             },
    ErrorInfo{ErrorCode::checkout_not_approved,       "checkout_not_approved",       409, false,
              "The buyer has not approved this order."                                                                           },
    ErrorInfo{ErrorCode::invoice_not_payable,         "invoice_not_payable",         409, false,
              "This invoice cannot be paid here."                                                                                },
    ErrorInfo{ErrorCode::provider_not_configured,     "provider_not_configured",     409, false,
              "This payment provider is not set up here."                                                                        },
    ErrorInfo{ErrorCode::payment_declined,            "payment_declined",            402, false,
              "The payment was declined."                                                                                        },
    ErrorInfo{ErrorCode::provider_rejected,           "provider_rejected",           502, false,
              "The payment provider refused our request."                                                                        },
    ErrorInfo{ErrorCode::provider_unavailable,        "provider_unavailable",        503, true,
              "The payment provider does not answer."                                                                            },
    ErrorInfo{ErrorCode::unavailable,                 "unavailable",                 503, true,
              "Paydesk is not ready: try again soon."                                                                            },
    ErrorInfo{ErrorCode::internal,                    "internal",                    500, true,  "Paydesk failed: this is a bug."},
};

constexpr bool error_table_is_complete() {
    for (std::size_t i = 0; i < error_table.size(); ++i) {
        if (static_cast<std::size_t>(error_table[i].code) != i) return false;
    }
    return static_cast<std::size_t>(ErrorCode::internal) + 1 == error_table.size();
}
static_assert(error_table_is_complete(), "error_table must list every ErrorCode in order");

constexpr const ErrorInfo& info(ErrorCode code) {
    return error_table[static_cast<std::size_t>(code)];
}

struct Error {
    ErrorCode code;
    std::string message;      // for the API caller; holds no secret and nobody else's data
    std::string detail = {};  // for our logs; never leaves the process
};

template <typename T = void>
using Result = boost::system::result<T, Error>;

// Called by Result::value() on an error: asking for a value without looking is a bug.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

// The environment failed (Postgres, network, disk). Boundaries answer 503 or try again later.
class Unavailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace paydesk
