#include "provider/stripe/form.h"

namespace paydesk::provider::stripe {
namespace {

void append_encoded(std::string& out, std::string_view text, std::string_view kept) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || kept.find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += hex[byte >> 4];
            out += hex[byte & 15];
        }
    }
}

}  // namespace

Form& Form::set(std::string key, std::string value) {
    fields_.emplace_back(std::move(key), std::move(value));
    return *this;
}

std::string Form::encode() const {
    std::string encoded;
    for (const auto& [key, value] : fields_) {
        if (!encoded.empty()) encoded += '&';
        append_encoded(encoded, key, "-_.~[]");
        encoded += '=';
        append_encoded(encoded, value, "-_.~[]");
    }
    return encoded;
}

std::string encode_path_segment(std::string_view text) {
    // The dot is encoded too, so that no id can become the segment "..".
    std::string encoded;
    append_encoded(encoded, text, "-_~");
    return encoded;
}

}  // namespace paydesk::provider::stripe
