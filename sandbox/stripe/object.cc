#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

Object list_of(std::string_view url, json::array data) {
    return {
        {"object",   "list"         },
        {"data",     std::move(data)},
        {"has_more", false          },
        {"url",      url            }
    };
}

}  // namespace paydesk::sandbox::stripe
