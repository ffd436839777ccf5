#include "sandbox/stripe/v2.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/json.h"
#include "sandbox/stripe/api.h"
#include "sandbox/stripe/events.h"
#include "sandbox/stripe/meter_events.h"
#include "sandbox/stripe/meters.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/thin_events.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view destination_kind = "v2.core.event_destination";
constexpr std::int64_t session_seconds = 15 * 60;
constexpr std::size_t stream_events_max = 100;
constexpr std::size_t destinations_max = 16;

struct V2Call {
    Account& account;
    const http::Request& request;
    std::string id;      // of the path, if any
    std::string action;  // after it, if any
    Object params;       // the JSON body, or the query
};

std::string required(const Object& params, const std::string& key) {
    auto value = text(params, key);
    if (value.empty()) refuse_missing_param(key);
    return value;
}

// "2027-01-15T08:00:00Z", with any fraction, which is cut off, and any offset.
std::int64_t parse_time(const std::string& written) {
    const auto wrong = [&]() -> std::int64_t {
        refuse("invalid_fields", "Invalid timestamp: " + std::string(shortened(written, 40)),
               "timestamp");
    };
    const auto digits = [&](std::size_t at, std::size_t count) {
        int value = 0;
        const char* begin = written.data() + at;
        if (written.size() < at + count) return static_cast<int>(wrong());
        const auto [end, error] = std::from_chars(begin, begin + count, value);
        if (error != std::errc() || end != begin + count || value < 0) wrong();
        return value;
    };
    using namespace std::chrono;
    const year_month_day date{year{digits(0, 4)}, month{static_cast<unsigned>(digits(5, 2))},
                              std::chrono::day{static_cast<unsigned>(digits(8, 2))}};
    const auto hour = digits(11, 2), minute = digits(14, 2), second = digits(17, 2);
    if (!date.ok() || written[10] != 'T' || hour > 23 || minute > 59 || second > 60) wrong();
    std::int64_t at =
        sys_seconds{sys_days{date}}.time_since_epoch().count() + hour * 3600 + minute * 60 + second;
    const auto zone = written.find_first_not_of(".0123456789", 19);
    if (zone == std::string::npos) wrong();
    if (written[zone] == 'Z' && zone + 1 == written.size()) return at;
    if ((written[zone] != '+' && written[zone] != '-') || written.size() != zone + 6) wrong();
    const auto offset = digits(zone + 1, 2) * 3600 + digits(zone + 4, 2) * 60;
    return written[zone] == '+' ? at - offset : at + offset;
}

MeterEvent event_of(const Object& params) {
    MeterEvent event{.event_name = required(params, "event_name"),
                     .identifier = text(params, "identifier"),
                     .payload = child(params, "payload")};
    if (event.payload.empty()) refuse_missing_param("payload");
    if (present(params, "timestamp")) event.timestamp = parse_time(text(params, "timestamp"));
    return event;
}

json::value create_event(V2Call& call) {
    const MeterEvent event = accept_meter_event(call.account, event_of(call.params));
    return Object{
        {"object",     "v2.billing.meter_event" },
        {"created",    iso_time(event.created)  },
        {"event_name", event.event_name         },
        {"identifier", event.identifier         },
        {"livemode",   false                    },
        {"payload",    event.payload            },
        {"timestamp",  iso_time(event.timestamp)}
    };
}

json::value cancel_event(V2Call& call) {
    Object adjustment = cancel_meter_event(call.account, required(call.params, "event_name"),
                                           text(child(call.params, "cancel"), "identifier"));
    adjustment["object"] = "v2.billing.meter_event_adjustment";
    adjustment["id"] = call.account.new_id("mtradj_test_");
    adjustment["created"] = iso_time(call.account.now());
    return adjustment;
}

json::value create_session(V2Call& call) {
    Account& account = call.account;
    const auto id = account.new_id("mes_test_");
    const auto token = account.new_id("token_", 40);
    const auto expires = account.now() + session_seconds;
    account.store().add("_meter_session", token,
                        Object{
                            {"expires_at", expires}
    });
    return Object{
        {"id",                   id                              },
        {"object",               "v2.billing.meter_event_session"},
        {"authentication_token", token                           },
        {"created",              iso_time(account.now())         },
        {"expires_at",           iso_time(expires)               },
        {"livemode",             false                           }
    };
}

// Taken as they are: what is wrong with one is told by a thin event.
json::value stream_events(V2Call& call) {
    Account& account = call.account;
    const auto& events = children(call.params, "events");
    if (events.empty()) refuse_missing_param("events");
    if (events.size() > stream_events_max) {
        refuse("invalid_fields", "A call may bring at most 100 events.", "events");
    }
    for (const json::value& value : events) {
        if (!value.is_object()) refuse("invalid_fields", "Invalid object", "events");
        stream_meter_event(account, event_of(value.get_object()));
    }
    return Object();
}

// Include: what is shown only to those who ask for it.
Object shown(const Object& destination, const Object& params, bool with_secret) {
    Object visible;
    for (const auto& [key, value] : destination) {
        if (!key.starts_with('_')) visible[key] = value;
    }
    Object endpoint;
    for (const json::value& name : children(params, "include")) {
        if (name == "webhook_endpoint.url") endpoint["url"] = destination.at("_url");
        if (name == "webhook_endpoint.signing_secret" && with_secret) {
            endpoint["signing_secret"] = destination.at("_secret");
        }
    }
    visible["webhook_endpoint"] = std::move(endpoint);
    return visible;
}

void set_destination(V2Call& call, Object& destination) {
    for (const auto* key : {"name", "description", "enabled_events", "metadata"}) {
        if (present(call.params, key)) destination[key] = call.params.at(key);
    }
    const auto url = text(child(call.params, "webhook_endpoint"), "url");
    if (!url.empty()) destination["_url"] = url;
    const auto now = iso_time(call.account.now());
    destination["updated"] = now;
}

json::value create_destination(V2Call& call) {
    Account& account = call.account;
    if (required(call.params, "type") != "webhook_endpoint") {
        refuse_unsupported("event destinations other than webhook endpoints", "type");
    }
    if (required(call.params, "event_payload") != "thin") {
        refuse("sandbox_unsupported",
               "The Paydesk sandbox sends snapshot events to /v1/webhook_endpoints only.",
               "event_payload");
    }
    required(call.params, "name");
    if (children(call.params, "enabled_events").empty()) refuse_missing_param("enabled_events");
    const auto url = text(child(call.params, "webhook_endpoint"), "url");
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        refuse("url_invalid", "Invalid URL: An explicit scheme (such as https) must be provided.",
               "webhook_endpoint.url");
    }
    if (account.store().ids(destination_kind).size() >= destinations_max) {
        refuse("", "You have reached the maximum of 16 event destinations.");
    }
    const auto id = account.new_id("ed_test_");
    Object destination{
        {"id", id},
        {"object", destination_kind},
        {"created", iso_time(account.now())},
        {"description", ""},
        {"event_payload", "thin"},
        {"events_from", json::array{"self"}},
        {"livemode", false},
        {"metadata", Object()},
        {"status", "enabled"},
        {"type", "webhook_endpoint"},
        {"_secret", account.new_id("whsec_", 32)}
    };
    set_destination(call, destination);
    return shown(account.store().add(destination_kind, id, std::move(destination)), call.params,
                 true);
}

const Object& found(const V2Call& call, std::string_view kind) {
    const auto* object = call.account.store().find(kind, call.id);
    if (!object) {
        throw Refusal{.status = 404,
                      .code = "not_found",
                      .message = "No such " + std::string(kind) + ": '" + call.id + "'"};
    }
    return *object;
}

json::value change_destination(V2Call& call) {
    found(call, destination_kind);
    Object& destination = call.account.store().edit(call.id);
    if (call.action.empty()) {
        set_destination(call, destination);
    } else if (call.action == "enable" || call.action == "disable") {
        destination["status"] = call.action == "enable" ? "enabled" : "disabled";
    } else {
        refuse_unsupported("the action `" + call.action + "` of event destinations");
    }
    return shown(destination, call.params, false);
}

json::value delete_destination(V2Call& call) {
    found(call, destination_kind);
    call.account.store().erase(call.id);
    return Object{
        {"id",     call.id         },
        {"object", destination_kind}
    };
}

// Newest first. `page` is how many have been shown.
json::value list_of_kind(V2Call& call, std::string_view kind) {
    const auto whole = [&](const char* key, std::int64_t otherwise) {
        const auto given = text(call.params, key);
        if (given.empty()) return otherwise;
        if (given.size() > 9 || given.find_first_not_of("0123456789") != std::string::npos) {
            refuse("invalid_fields", "Invalid integer: " + std::string(shortened(given, 40)), key);
        }
        return static_cast<std::int64_t>(std::stoll(given));
    };
    const auto limit = std::clamp<std::int64_t>(whole("limit", 20), 1, 100);
    const auto begin = whole("page", 0);
    const auto about = text(call.params, "object_id");
    std::int64_t seen = 0;
    json::array data;
    json::value next = nullptr;
    const auto& ids = call.account.store().ids(kind);
    for (auto id = ids.rbegin(); id != ids.rend() && next.is_null(); ++id) {
        const Object& object = *call.account.store().find(*id);
        if (!about.empty() && text(child(object, "related_object"), "id") != about) continue;
        if (seen++ < begin) continue;
        if (static_cast<std::int64_t>(data.size()) == limit) {
            next = call.request.path + "?limit=" + std::to_string(limit) +
                   "&page=" + std::to_string(begin + limit) +
                   (about.empty() ? "" : "&object_id=" + about);
            break;
        }
        data.push_back(kind == destination_kind ? shown(object, call.params, false) : object);
    }
    return Object{
        {"data",              std::move(data)},
        {"next_page_url",     std::move(next)},
        {"previous_page_url", nullptr        }
    };
}

using Action = json::value (*)(V2Call&);
struct V2Route {
    std::string_view method, path;
    bool with_id;
    Action action;
};
constexpr V2Route routes[] = {
    {"POST",   "/v2/billing/meter_events",            false, create_event      },
    {"POST",   "/v2/billing/meter_event_adjustments", false, cancel_event      },
    {"POST",   "/v2/billing/meter_event_session",     false, create_session    },
    {"POST",   "/v2/billing/meter_event_stream",      false, stream_events     },
    {"POST",   "/v2/core/event_destinations",         false, create_destination},
    {"GET",    "/v2/core/event_destinations",         false,
     [](V2Call& call) { return list_of_kind(call, destination_kind); }         },
    {"GET",    "/v2/core/event_destinations",         true,
     [](V2Call& call) -> json::value {
         return shown(found(call, destination_kind), call.params, false);
     }                                                                         },
    {"POST",   "/v2/core/event_destinations",         true,  change_destination},
    {"DELETE", "/v2/core/event_destinations",         true,  delete_destination},
    {"GET",    "/v2/core/events",                     false,
     [](V2Call& call) { return list_of_kind(call, "v2.core.event"); }          },
    {"GET",    "/v2/core/events",                     true,
     [](V2Call& call) -> json::value { return found(call, "v2.core.event"); }  },
};

// The stream takes a session's token, the rest a key.
void authenticate(const Account& account, const http::Request& request) {
    if (request.path != "/v2/billing/meter_event_stream") {
        check_key(request);
        return;
    }
    const auto header = request.headers.get("Authorization");
    const auto token = header.starts_with("Bearer ") ? std::string(header.substr(7)) : "";
    const auto* session = account.store().find("_meter_session", token);
    if (session && number(*session, "expires_at") > account.now()) return;
    throw Refusal{.status = 401,
                  .code = "billing_meter_event_session_expired",
                  .message =
                      "Give the authentication_token of a meter event session that has not "
                      "expired: POST /v2/billing/meter_event_session."};
}

Object params_of(const http::Request& request) {
    if (request.method != "POST") {
        Object params = decode_form(request.query);
        json::array include;
        for (const auto& [index, name] : child(params, "include")) include.push_back(name);
        params["include"] = std::move(include);
        return params;
    }
    if (request.body.empty()) return {};
    const auto parsed = parse_json(request.body);
    if (!parsed || !parsed->is_object()) {
        refuse("invalid_fields", "The body must be a JSON object.");
    }
    return parsed->get_object();
}

json::value carry_out(Account& account, const http::Request& request) {
    authenticate(account, request);
    for (const V2Route& route : routes) {
        if (route.method != request.method || !request.path.starts_with(route.path)) continue;
        std::string rest = request.path.substr(route.path.size());
        if (rest.empty() == route.with_id || (!rest.empty() && rest.front() != '/')) continue;
        if (!rest.empty()) rest.erase(0, 1);
        const auto slash = rest.find('/');
        V2Call call{account, request, rest.substr(0, slash),
                    slash == std::string::npos ? "" : rest.substr(slash + 1), params_of(request)};
        return route.action(call);
    }
    throw Refusal{.status = 404,
                  .code = "not_found",
                  .message = "Unrecognized request URL (" + request.method + ": " + request.path +
                             "). The Paydesk sandbox has of /v2 what sandbox/README.md lists."};
}

}  // namespace

http::Response answer_v2(Account& account, const http::Request& request) {
    const auto request_id = account.new_record_id("req_", Chance::Stream::changing_calls);
    http::Response response;
    try {
        response.body = pretty_json(carry_out(account, request));
        account.commit();
    } catch (const Refusal& refusal) {
        account.rollback();
        response.status = refusal.status;
        response.body = pretty_json(refusal.body(request_id));
    } catch (...) {
        account.rollback();
        throw;
    }
    response.headers.set("Request-Id", request_id);
    return response;
}

}  // namespace paydesk::sandbox::stripe
