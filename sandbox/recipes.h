#pragma once
// What `paydesk-sandbox trigger EVENT` does: API calls that make the event happen.
//
// A line is a call: NAME METHOD PATH [FORM]. "${NAME.field.0.field}" is taken from an earlier
// answer, "${now}" is the sandbox's time, "${now+60}" a minute later. A NAME that ends in '?' may be
// declined with 402. Names are what `--override NAME:field=value` speaks of, so they are Stripe's.

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
