#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

bool is_utf8(std::string_view text) {
    boost::system::error_code error;
    json::parse(json::serialize(json::value(text)), error);
    return !error;
}

Object list_of(std::string_view url, json::array data) {
    return {
        {"object",   "list"         },
        {"data",     std::move(data)},
        {"has_more", false          },
        {"url",      url            }
    };
}

}  // namespace paydesk::sandbox::stripe
