// StripeError -> the refusals of provider.h.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "provider/stripe/client.h"

namespace paydesk::provider::stripe {
namespace {

// What Stripe found out about a card and its holder must not be told.
constexpr std::array<std::string_view, 7> kept_quiet = {
    "fraudulent",      "lost_card",          "stolen_card",        "pickup_card",
    "restricted_card", "merchant_blacklist", "security_violation",
};

// "402 card_error card_declined/insufficient_funds param=... req_...: message". For our logs.
std::string detail_of(const StripeError& error) {
    std::string detail = error.http_status == 0 ? "no answer" : std::to_string(error.http_status);
    const auto add = [&](std::string_view before, const std::string& text) {
        if (!text.empty()) detail += fmt::format("{}{}", before, text);
    };
    add(" ", error.type);
    add(" ", error.code);
    add("/", error.decline_code);
    add(" param=", error.param);
    add(" ", error.request_id);
    add(": ", error.message);
    add(" ", error.doc_url);
    return detail;
}

std::string message_for_customer(const StripeError& error) {
    const bool quiet = std::ranges::find(kept_quiet, error.decline_code) != kept_quiet.end() ||
                       std::ranges::find(kept_quiet, error.code) != kept_quiet.end();
    if (quiet || error.message.empty()) return "Your card was declined.";
    return error.message;
}

}  // namespace

Error to_refusal(const StripeError& error) {
    const int status = error.http_status;
    const auto refusal = [&](ErrorCode code, std::string message) {
        return Error{code, std::move(message), detail_of(error)};
    };
    if (status == 402 || error.type == "card_error") {
        return refusal(ErrorCode::payment_declined, message_for_customer(error));
    }
    if (status == 0 || status == 409 || status == 424 || status == 429 || status >= 500) {
        return refusal(ErrorCode::provider_unavailable,
                       "Stripe does not answer at the moment. Try again in a minute.");
    }
    if (status == 404) {
        return refusal(ErrorCode::not_found, "Stripe has no such object (any more).");
    }
    if (status == 401) {
        return refusal(ErrorCode::provider_rejected,
                       "Stripe does not accept our secret key: check STRIPE_SECRET_KEY.");
    }
    if (status == 403) {
        return refusal(ErrorCode::provider_rejected,
                       "Our Stripe key may not do this: check the rights of STRIPE_SECRET_KEY.");
    }
    if (error.type == "idempotency_error") {
        return refusal(ErrorCode::provider_rejected,
                       "Stripe saw this intent before with other parameters.");
    }
    return refusal(ErrorCode::provider_rejected, "Stripe refused our request.");
}

}  // namespace paydesk::provider::stripe
