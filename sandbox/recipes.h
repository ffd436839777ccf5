#pragma once
// What `paydesk-sandbox trigger EVENT` does: API calls that make the event happen.
//
// A line is a call: NAME METHOD PATH [FORM]. "${NAME.field.field}" is taken from an earlier
// answer, "${now}" is the sandbox's time. A NAME that ends in '?' may be declined with 402.

#include <span>
#include <string_view>

namespace paydesk::sandbox {

struct Recipe {
    std::string_view event;
    std::string_view lines;
};

// In the order of their names.
std::span<const Recipe> recipes();
// nullptr when there is none.
const Recipe* recipe_for(std::string_view event);

}  // namespace paydesk::sandbox
