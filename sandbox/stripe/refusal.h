#pragma once
// Stripe's errors.
//
// A refusal unwinds a whole API call: it is thrown wherever it is found, and caught in one place
// (api.cc), which takes back what the call had changed and answers it.

#include <string>
#include <string_view>

#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

struct Refusal {
    int status = 400;
    std::string type = "invalid_request_error";
    std::string code = {};  // "" leaves the field out; so do the next three
    std::string message = {};
    std::string param = {};
    std::string decline_code = {};
    Object more = {};           // payment_intent, setup_intent, payment_method, charge
    bool keep_changes = false;  // a declined charge happened: what it left behind stays

    // {"error": {...}}
    Object body(std::string_view request_id) const;
};

// 400 invalid_request_error
[[noreturn]] void refuse(std::string_view code, std::string message, std::string_view param = {});
// 404 for an id in the path, 400 for an id in the parameters (`param` names it).
[[noreturn]] void refuse_missing(std::string_view noun, std::string_view id, std::string_view param,
                                 bool in_path);
[[noreturn]] void refuse_missing_param(std::string_view param);
// What Stripe can do and the sandbox cannot: said plainly, never ignored in silence.
[[noreturn]] void refuse_unsupported(std::string_view what, std::string_view param = {});

}  // namespace paydesk::sandbox::stripe
