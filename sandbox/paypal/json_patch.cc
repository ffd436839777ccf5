#include "sandbox/paypal/json_patch.h"

#include <algorithm>

#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t patches_max = 50;

}  // namespace

std::vector<Patch> patches_of(const json::value& body) {
    if (body.is_null()) refuse("MISSING_REQUEST_BODY");
    if (!body.is_array() || body.get_array().empty() || body.get_array().size() > patches_max) {
        refuse("INVALID_PARAMETER_SYNTAX", "/", "A PATCH is a list of 1 to 50 operations.");
    }
    std::vector<Patch> all;
    std::size_t place = 0;
    for (const json::value& value : body.get_array()) {
        const auto at = "/" + std::to_string(place++);
        if (!value.is_object()) refuse("INVALID_PARAMETER_SYNTAX", at);
        const Object& given = value.get_object();
        Patch patch{.op = required_text(given, "op", at + "/op", 20),
                    .path = required_text(given, "path", at + "/path", 500),
                    .value = value_of(given, "value")};
        if (patch.op != "add" && patch.op != "replace" && patch.op != "remove") {
            refuse("INVALID_PARAMETER_VALUE", at + "/op");
        }
        if (patch.op != "remove" && patch.value.is_null()) {
            refuse_missing_field(at + "/value");
        }
        if (std::ranges::find(all, patch.path, &Patch::path) != all.end()) {
            refuse("INVALID_PATCH_PATH", at + "/path");
        }
        all.push_back(std::move(patch));
    }
    return all;
}

void check_patch(const Patch& patch, std::span<const Patchable> all) {
    const auto found = std::ranges::find(all, std::string_view(patch.path), &Patchable::path);
    if (found == all.end()) refuse("INVALID_PATCH_PATH", patch.path, "It cannot be patched.");
    if (found->ops.find(patch.op) == std::string_view::npos) {
        refuse("UNSUPPORTED_PATCH_OPERATION", patch.path);
    }
}

void apply_patch(Object& object, const Patch& patch) {
    Object* parent = &object;
    std::string_view rest = std::string_view(patch.path).substr(1);
    for (auto slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
        json::value& next = (*parent)[rest.substr(0, slash)];
        if (!next.is_object()) next = Object();
        parent = &next.get_object();
        rest.remove_prefix(slash + 1);
    }
    if (patch.op == "remove")
        parent->erase(rest);
    else
        (*parent)[rest] = patch.value;
}

}  // namespace paydesk::sandbox::paypal
