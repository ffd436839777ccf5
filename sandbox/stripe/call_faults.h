#pragma once
// How Stripe words the refusals that a fault makes.

#include <string>

#include "sandbox/call_faults.h"

namespace paydesk::sandbox::stripe {

FaultAnswers fault_answers(const Object& fault, const std::string& request_id);

// 429 with Stripe-Rate-Limited-Reason.
http::Response too_many_requests(const std::string& reason, const std::string& request_id);

}  // namespace paydesk::sandbox::stripe
