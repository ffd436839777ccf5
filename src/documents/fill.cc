#include "documents/fill.h"

#include "base/assert.h"

namespace paydesk::documents {

namespace {

std::string filled(const std::string& source, const Values& values,
                   std::string (*escape)(const std::string&)) {
    kainjow::mustache::mustache parsed(source);
    PD_ASSERT(parsed.is_valid());  // Wording::load() has parsed it before
    parsed.set_custom_escape(escape);
    return parsed.render(values);
}

std::string without_control(const std::string& text) {
    std::string clean = text;
    for (char& c : clean) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = ' ';
    }
    return clean;
}

}  // namespace

std::string fill_html(const std::string& source, const Values& values) {
    return filled(source, values, [](const std::string& text) {
        return kainjow::mustache::html_escape<std::string>(text);
    });
}

std::string fill_text(const std::string& source, const Values& values) {
    return filled(source, values, &without_control);
}

std::string fill_frame(const std::string& source, const Values& values) {
    return filled(source, values, [](const std::string& text) { return text; });
}

}  // namespace paydesk::documents
