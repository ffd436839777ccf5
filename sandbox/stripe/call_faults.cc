#include "sandbox/stripe/call_faults.h"

#include "sandbox/stripe/events.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

http::Response refused(const Refusal& refusal, const std::string& request_id) {
    http::Response response{.status = refusal.status,
                            .body = pretty_json(refusal.body(request_id))};
    response.headers.set("Request-Id", request_id);
    response.headers.set("Stripe-Should-Retry", "true");
    return response;
}

}  // namespace

http::Response too_many_requests(const std::string& reason, const std::string& request_id) {
    auto response = refused(
        {.status = 429,
         .code = "rate_limit",
         .message = "Request rate limit exceeded. You can learn more about rate limits here "
                    "https://stripe.com/docs/rate-limits."},
        request_id);
    response.headers.set("Stripe-Rate-Limited-Reason", reason);
    return response;
}

FaultAnswers fault_answers(const Object& fault, const std::string& request_id) {
    return {.too_many = too_many_requests(text(fault, "reason"), request_id),
            .failed = refused({.status = 500,
                               .type = "api_error",
                               .message = "An unknown error occurred (a fault of the sandbox)."},
                              request_id)};
}

}  // namespace paydesk::sandbox::stripe
