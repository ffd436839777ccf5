#pragma once
// Objects as older versions of the API had them, where a table of paths (fields_by_version.h) cannot say it.

#include <string_view>

#include "sandbox/stripe/object.h"
#include "sandbox/stripe/version.h"

namespace paydesk::sandbox::stripe {

// The object that holds the last step of `path`, or nullptr; `last` gets that step.
Object* holder_of(Object& object, std::string_view path, std::string_view& last);
void remove_path(Object& object, std::string_view path);

// `object`, stored in the newest shape, gets that of a version before endive.
void reshape(std::string_view kind, Object& object, Shape shape);

}  // namespace paydesk::sandbox::stripe
