#include "sandbox/stripe/render.h"

#include <algorithm>

#include "sandbox/stripe/fields_by_version.h"
#include "sandbox/stripe/older_shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

json::value render_object(Object object, Shape shape) {
    const auto kind = text(object, "object");
    if (kind == "event") return object;  // keeps the version in which it was made (events.cc)
    if (!kind.empty() && shape != Shape::endive) {
        reshape(kind, object, shape);
        for (const auto& field : came) {
            if (field.kind == kind && shape < field.with) remove_path(object, field.path);
        }
        for (const auto& field : went) {
            std::string_view last;
            if (field.kind != kind || shape >= field.with) continue;
            if (auto* holder = holder_of(object, field.path, last)) (*holder)[last] = nullptr;
        }
    }
    Object shown;
    for (const auto& [key, value] : object) {
        if (key == "metadata") {
            shown[key] = value;  // the caller's own words, whatever they look like
        } else if (kind.empty() || !key.starts_with('_')) {
            shown[key] = render(value, shape);
        }
    }
    return shown;
}

}  // namespace

json::value render(const json::value& value, Shape shape) {
    if (value.is_object()) return render_object(value.get_object(), shape);
    if (!value.is_array()) return value;
    json::array shown;
    for (const json::value& element : value.get_array()) shown.push_back(render(element, shape));
    return shown;
}

Object previous_attributes(const Object& before, const Object& after) {
    Object previous;
    for (const auto& [key, now] : after) {
        const auto* was = before.if_contains(key);
        if (!was) {
            previous[key] = nullptr;
        } else if (was->is_object() && now.is_object()) {
            Object inside = previous_attributes(was->get_object(), now.get_object());
            if (!inside.empty()) previous[key] = std::move(inside);
        } else if (*was != now) {
            previous[key] = *was;
        }
    }
    for (const auto& [key, was] : before) {
        if (!after.contains(key)) previous[key] = was;
    }
    return previous;
}

}  // namespace paydesk::sandbox::stripe
