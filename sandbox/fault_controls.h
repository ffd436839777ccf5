#pragma once
// Faults by API: POST, GET, DELETE /_sandbox/faults, and GET, DELETE /_sandbox/faults/log.

#include <string>

#include "http/message.h"
#include "sandbox/faults.h"

namespace paydesk::sandbox {

// `rest` is the path after "faults": "", "/log", "/fault_1".
// Answers 400 with {error} for a fault that cannot be, 404 for one that is not there.
http::Response control_faults(Faults& faults, const std::string& method, const std::string& rest,
                              const stripe::Object& wanted);

}  // namespace paydesk::sandbox
