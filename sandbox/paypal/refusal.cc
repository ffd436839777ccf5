#include "sandbox/paypal/refusal.h"

#include <algorithm>
#include <map>

namespace paydesk::sandbox::paypal {
namespace {

struct Words {
    int status;
    std::string_view name, message;
};
constexpr Words by_status[] = {
    {400, "INVALID_REQUEST",
     "Request is not well-formed, syntactically incorrect, or violates schema."                        },
    {401, "AUTHENTICATION_FAILURE",
     "Authentication failed due to missing authorization header, or invalid authentication "
     "credentials."                                                                                    },
    {403, "NOT_AUTHORIZED",         "Authorization failed due to insufficient permissions."            },
    {404, "RESOURCE_NOT_FOUND",     "The specified resource does not exist."                           },
    {409, "RESOURCE_CONFLICT",      "The server has detected a conflict while processing this request."},
    {415, "UNSUPPORTED_MEDIA_TYPE",
     "The server does not support the request payload's media type."                                   },
    {422, "UNPROCESSABLE_ENTITY",
     "The requested action could not be performed, semantically incorrect, or failed business "
     "validation."                                                                                     },
    {429, "RATE_LIMIT_REACHED",     "Too many requests. Blocked due to rate limiting."                 },
    {500, "INTERNAL_SERVER_ERROR",  "An internal server error occurred."                               },
    {503, "SERVICE_UNAVAILABLE",    "Service Unavailable."                                             },
};

struct Issue {
    int status;
    std::string_view name, description;
};
constexpr Issue issues[] = {
#include "sandbox/paypal/issues.inc"
};

const std::map<std::string_view, Refusal>& all_issues() {
    static const auto all = [] {
        std::map<std::string_view, Refusal> made;
        for (const Issue& issue : issues) {
            made[issue.name] =
                Refusal{.status = issue.status,
                        .details = {{.issue = std::string(issue.name),
                                     .description = std::string(issue.description)}}};
        }
        for (const Words& words : by_status) made[words.name] = Refusal{.status = words.status};
        return made;
    }();
    return all;
}

}  // namespace

Object Refusal::body(std::string_view debug_id) const {
    const auto* words = std::ranges::find(by_status, status, &Words::status);
    const bool known = words != std::end(by_status);
    Object out{
        {"name",     name.empty() && known ? words->name : std::string_view(name)         },
        {"message",  message.empty() && known ? words->message : std::string_view(message)},
        {"debug_id", debug_id                                                             }
    };
    json::array listed;
    for (const Detail& detail : details) {
        Object one;
        if (!detail.field.empty()) one["field"] = readable(detail.field);
        if (!detail.value.empty()) one["value"] = readable(detail.value);
        if (!detail.location.empty()) one["location"] = detail.location;
        one["issue"] = detail.issue;
        if (!detail.description.empty()) one["description"] = readable(detail.description);
        listed.push_back(std::move(one));
    }
    if (!listed.empty()) out["details"] = std::move(listed);
    if (!links.empty()) out["links"] = links;
    return out;
}

const Refusal* known_issue(std::string_view issue) {
    const auto found = all_issues().find(issue);
    return found == all_issues().end() ? nullptr : &found->second;
}

void refuse(std::string_view issue, std::string_view field, std::string_view description) {
    const auto* known = known_issue(issue);
    Refusal refusal = known ? *known : Refusal{.details = {{.issue = std::string(issue)}}};
    if (refusal.details.empty()) refusal.details.push_back({.issue = std::string(issue)});
    Detail& detail = refusal.details.front();
    detail.field = std::string(field);
    if (!field.empty()) detail.location = "body";
    if (!description.empty()) detail.description = std::string(description);
    throw refusal;
}

void refuse_missing() { refuse("INVALID_RESOURCE_ID"); }

void refuse_missing_field(std::string_view field) { refuse("MISSING_REQUIRED_PARAMETER", field); }

void refuse_unsupported(std::string_view field, std::string_view what) {
    refuse("NOT_SUPPORTED", field,
           "PayPal has " + std::string(what) + "; the Paydesk sandbox has not.");
}

}  // namespace paydesk::sandbox::paypal
