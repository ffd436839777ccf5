#include "provider/paypal/verify_online.h"

#include "base/json.h"
#include "provider/paypal/certificates.h"

namespace paydesk::provider::paypal {

OnlineVerifier::OnlineVerifier(std::string webhook_id, Client& client)
    : webhook_id_(std::move(webhook_id)), client_(client) {}

Task<Result<void>> OnlineVerifier::verify(Transmission transmission, std::string_view raw_body,
                                          Instant now) {
    const auto invalid = [](std::string detail) {
        return Error{ErrorCode::webhook_signature_invalid, "The webhook signature is not valid.",
                     std::move(detail)};
    };
    if (const auto form = check_form(transmission, webhook_id_); !form) co_return form.error();
    if (!is_allowed_cert_url(transmission.cert_url))
        co_return invalid("certificates are not taken from this URL");
    if (const auto fresh = check_age(transmission, now); !fresh) co_return fresh.error();
    // One object and nothing behind it, or a body could add fields to our question.
    const auto event = parse_json(raw_body);
    if (!event || !event->is_object()) co_return invalid("the body is no JSON object");

    std::string question = json::serialize(json::object{
        {"auth_algo",         transmission.algorithm},
        {"cert_url",          transmission.cert_url },
        {"transmission_id",   transmission.id       },
        {"transmission_sig",  transmission.signature},
        {"transmission_time", transmission.time     },
        {"webhook_id",        webhook_id_           }
    });
    question.pop_back();
    question.append(R"(,"webhook_event":)").append(raw_body).append("}");
    const Answer answer =
        co_await client_.ask("/v1/notifications/verify-webhook-signature", std::move(question));
    if (!answer) {
        const Error refusal = to_refusal(answer.error());
        if (info(refusal.code).retryable) {
            co_return Error{ErrorCode::unavailable,
                            "PayPal could not be asked about the webhook: try again.",
                            refusal.detail};
        }
        co_return invalid("PayPal refused to verify it: " + refusal.detail);
    }
    const auto status = string_at(*answer, {"verification_status"}).value_or("");
    if (status != "SUCCESS") co_return invalid("PayPal says " + status);
    co_return Result<void>{};
}

}  // namespace paydesk::provider::paypal
