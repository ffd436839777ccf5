#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

Object Refusal::body(std::string_view request_id) const {
    Object error;
    if (!code.empty()) {
        error["code"] = code;
    }
    if (!code.empty() && code != "sandbox_unsupported") {  // which Stripe does not document
        error["doc_url"] = "https://stripe.com/docs/error-codes/" + [this] {
            std::string dashed = code;
            for (char& c : dashed) {
                if (c == '_') c = '-';
            }
            return dashed;
        }();
    }
    if (!decline_code.empty()) error["decline_code"] = decline_code;
    // Both may quote the caller: a path, a header, a key.
    error["message"] = readable(message);
    if (!param.empty()) error["param"] = readable(param);
    for (const auto& [key, value] : more) error[key] = value;
    if (status != 401) {
        error["request_log_url"] =
            "https://dashboard.stripe.com/test/logs/" + std::string(request_id);
    }
    error["type"] = type;
    return {
        {"error", std::move(error)}
    };
}

void refuse(std::string_view code, std::string message, std::string_view param) {
    throw Refusal{
        .code = std::string(code), .message = std::move(message), .param = std::string(param)};
}

void refuse_missing(std::string_view noun, std::string_view id, std::string_view param,
                    bool in_path) {
    throw Refusal{.status = in_path ? 404 : 400,
                  .code = "resource_missing",
                  .message = "No such " + std::string(noun) + ": '" + std::string(id) + "'",
                  .param = std::string(param)};
}

void refuse_missing_param(std::string_view param) {
    refuse("parameter_missing", "Missing required param: " + std::string(param) + ".", param);
}

void refuse_unsupported(std::string_view what, std::string_view param) {
    refuse("sandbox_unsupported",
           "The Paydesk sandbox does not support " + std::string(what) +
               " yet. Stripe does: test this against a Stripe test-mode account.",
           param);
}

}  // namespace paydesk::sandbox::stripe
