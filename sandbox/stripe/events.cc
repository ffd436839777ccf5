#include "sandbox/stripe/events.h"

#include <algorithm>

#include "base/crypto.h"
#include "sandbox/stripe/render.h"

namespace paydesk::sandbox::stripe {
namespace {

void write_pretty(const json::value& value, std::string& out, std::size_t depth) {
    const std::string indent(2 * (depth + 1), ' ');
    const std::string outdent(2 * depth, ' ');
    if (value.is_object() && !value.get_object().empty()) {
        out += '{';
        bool first = true;
        for (const auto& [key, member] : value.get_object()) {
            out += first ? "\n" : ",\n";
            first = false;
            out += indent + json::serialize(json::value(key)) + ": ";
            write_pretty(member, out, depth + 1);
        }
        out += "\n" + outdent + "}";
    } else if (value.is_array() && !value.get_array().empty()) {
        out += '[';
        bool first = true;
        for (const auto& element : value.get_array()) {
            out += first ? "\n" : ",\n";
            first = false;
            out += indent;
            write_pretty(element, out, depth + 1);
        }
        out += "\n" + outdent + "]";
    } else {
        out += json::serialize(value);
    }
}

// Types that came with a version: an endpoint of an older one is never sent them.
constexpr std::pair<std::string_view, Shape> came_with[] = {
    {"billing.meter.created",     Shape::basil },
    {"billing.meter.deactivated", Shape::basil },
    {"billing.meter.reactivated", Shape::basil },
    {"billing.meter.updated",     Shape::basil },
    {"invoice.overdue",           Shape::acacia},
    {"invoice_payment.paid",      Shape::clover},
    {"refund.failed",             Shape::acacia},
};

bool listens(const Account& account, const Object& endpoint, std::string_view type) {
    if (text(endpoint, "status") != "enabled") return false;
    const auto shape = version_of_endpoint(account, endpoint).shape;
    for (const auto& [name, since] : came_with) {
        if (name == type && shape < since) return false;
    }
    return std::ranges::any_of(children(endpoint, "enabled_events"), [&](const json::value& name) {
        return name == "*" || name.as_string() == type;
    });
}

}  // namespace

std::string pretty_json(const json::value& value) {
    std::string out;
    write_pretty(value, out, 0);
    return out;
}

Object render_event(const Object& event, const Version& version) {
    const json::value shown = render(child(event, "data").at("object"), version.shape);
    Object data{
        {"object", shown}
    };
    if (event.contains("_before")) {
        const json::value before = render(event.at("_before"), version.shape);
        data["previous_attributes"] = previous_attributes(before.get_object(), shown.get_object());
    }
    Object rendered;
    for (const auto& [key, value] : event) {
        if (key == "data")
            rendered["data"] = std::move(data);
        else if (!key.starts_with('_'))
            rendered[key] = value;
    }
    rendered["api_version"] = version.name;
    return rendered;
}

std::string event_body(const Object& event, const Version& version) {
    return pretty_json(render_event(event, version));
}

std::string signature_header(std::string_view body, std::string_view secret,
                             std::int64_t unix_seconds) {
    const auto time = std::to_string(unix_seconds);
    return "t=" + time + ",v1=" + to_hex(hmac_sha256(secret, time + "." + std::string(body)));
}

void add_delivery(Account& account, const std::string& event, std::string_view type,
                  const std::string& endpoint, std::string_view url) {
    const auto delivery = account.new_record_id("whd_", Chance::Stream::deliveries);
    account.store().add("_delivery", delivery,
                        Object{
                            {"id",              delivery     },
                            {"event",           event        },
                            {"type",            type         },
                            {"endpoint",        endpoint     },
                            {"url",             url          },
                            {"status",          "pending"    },
                            {"created",         account.now()},
                            {"next_attempt_at", 0            },
                            {"attempts",        json::array()}
    });
    account.note_deliveries();
}

int add_deliveries(Account& account, const Object& event) {
    int count = 0;
    for (const std::string& id : account.store().ids("webhook_endpoint")) {
        const auto* endpoint = account.find("webhook_endpoint", id);
        if (!endpoint || !listens(account, *endpoint, text(event, "type"))) continue;
        add_delivery(account, text(event, "id"), text(event, "type"), id, text(*endpoint, "url"));
        ++count;
    }
    return count;
}

int resend_event(Account& account, const Object& event) { return add_deliveries(account, event); }

Version version_of_endpoint(const Account& account, const Object& endpoint) {
    const auto version = Version::parse(text(endpoint, "api_version"));
    return version ? *version : account.default_version();
}

}  // namespace paydesk::sandbox::stripe
