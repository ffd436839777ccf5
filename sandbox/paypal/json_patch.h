#pragma once
// The body of a PATCH: [{op, path, value}], RFC 6902 as far as PayPal takes it.

#include <span>
#include <string>
#include <vector>

#include "sandbox/object.h"

namespace paydesk::sandbox::paypal {

struct Patch {
    std::string op;    // add, replace or remove
    std::string path;  // "/description"
    json::value value = nullptr;
};

// Refuses with MISSING_REQUEST_BODY, INVALID_PARAMETER_SYNTAX, MISSING_REQUIRED_PARAMETER,
// INVALID_PARAMETER_VALUE (400), or INVALID_PATCH_PATH where one path comes twice.
std::vector<Patch> patches_of(const json::value& body);

// What one attribute takes.
struct Patchable {
    std::string_view path;
    std::string_view ops;  // "add replace remove"
};
// Refuses with INVALID_PATCH_PATH or UNSUPPORTED_PATCH_OPERATION.
void check_patch(const Patch& patch, std::span<const Patchable> all);

// Sets or removes the member that the path names, making objects on the way.
void apply_patch(Object& object, const Patch& patch);

}  // namespace paydesk::sandbox::paypal
