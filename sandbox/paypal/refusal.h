#pragma once
// PayPal's errors.
//
// A refusal unwinds a whole API call: it is thrown wherever it is found, and caught in one place
// (api.cc), which takes back what the call had changed and answers it.

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/object.h"

namespace paydesk::sandbox::paypal {

struct Detail {
    std::string issue;
    std::string field = {};  // a JSON pointer; "" leaves it out, and so do the next two
    std::string value = {};
    std::string location = {};
    std::string description = {};
};

struct Refusal {
    int status = 422;
    std::vector<Detail> details = {};
    std::string name = {};  // "" for the status' own; so is the message
    std::string message = {};
    json::array links = {};
    bool keep_changes = false;  // an attempt that failed is counted all the same

    // {name, message, debug_id, details?, links?}
    Object body(std::string_view debug_id) const;
};

// 404 INVALID_RESOURCE_ID
[[noreturn]] void refuse_missing();
// The status and the words are the issue's own; other words for a place where it means something else.
[[noreturn]] void refuse(std::string_view issue, std::string_view field = {},
                         std::string_view description = {});
// 400 MISSING_REQUIRED_PARAMETER of the body.
[[noreturn]] void refuse_missing_field(std::string_view field);
// What PayPal can do and the sandbox cannot: said plainly, never ignored in silence.
[[noreturn]] void refuse_unsupported(std::string_view field, std::string_view what);

// Nothing for an issue that PayPal has not.
const Refusal* known_issue(std::string_view issue);

}  // namespace paydesk::sandbox::paypal
