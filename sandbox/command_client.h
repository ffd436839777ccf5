#pragma once
// How the commands talk to a running sandbox.

#include <string>

#include "base/task.h"
#include "http/client.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox {

struct Answer {
    int status = 0;
    stripe::Object body;
};

// `form`: of a POST; "" for none. Throws TransportError when nobody answers.
Task<Answer> call(http::Transport& transport, std::string method, std::string url,
                  std::string form);

// The error's message, or its status.
std::string message_of(const Answer& answer);

// Throws Unavailable, with what was said, unless the call succeeded.
Task<stripe::Object> called(http::Transport& transport, std::string method, std::string url,
                            std::string form);

}  // namespace paydesk::sandbox
