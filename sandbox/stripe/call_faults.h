#pragma once
// What a caller sees of a fault that struck its call (sandbox/faults.h).

#include <string>

#include "base/task.h"
#include "http/message.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

// The call is executed although the fault struck before: only its answer suffers.
bool passes_on(const Object& fault);

// Waits where the fault waits. `real` is the answer that the call would have had.
Task<http::Response> struck_answer(asio::io_context& io, Object fault, std::string request_id,
                                   http::Response real);

// 429 with Stripe-Rate-Limited-Reason.
http::Response too_many_requests(const std::string& reason, const std::string& request_id);

}  // namespace paydesk::sandbox::stripe
