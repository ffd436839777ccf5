#pragma once
// What a caller sees of a fault that struck its call (sandbox/faults.h), whoever's API it called.

#include "base/task.h"
#include "http/message.h"
#include "sandbox/object.h"

namespace paydesk::sandbox {

// How the called API refuses.
struct FaultAnswers {
    http::Response too_many;  // 429
    http::Response failed;    // 500
};

// The call is executed although the fault struck before: only its answer suffers.
bool passes_on(const Object& fault);

// Waits where the fault waits. `real` is the answer that the call would have had.
Task<http::Response> struck_answer(asio::io_context& io, Object fault, FaultAnswers answers,
                                   http::Response real);

}  // namespace paydesk::sandbox
