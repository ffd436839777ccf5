#include "sandbox/stripe/routes.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"
#include "http/message.h"
#include "sandbox/stripe/known_params.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // '/'
        const auto slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    }
    return segments;
}

bool is_param(const std::string& segment) { return segment.starts_with('{'); }

struct Window {
    std::size_t limit = 10;
    std::string after, before;
};

Window window_of(const Call& call) {
    Window window;
    const auto limit = number(call.params, "limit", 10);
    if (limit < 1 || limit > 100) {
        refuse("parameter_invalid_integer",
               limit < 1 ? "This value must be greater than or equal to 1."
                         : "This value must be less than or equal to 100.",
               "limit");
    }
    window.limit = static_cast<std::size_t>(limit);
    window.after = text(call.params, "starting_after");
    window.before = text(call.params, "ending_before");
    if (!window.after.empty() && !window.before.empty()) {
        refuse("parameters_exclusive",
               "You may only specify one of these parameters: ending_before, starting_after.");
    }
    return window;
}

// `all` is in the order of the list.
json::value cut(const Window& window, const std::vector<const Object*>& all, std::string_view url) {
    const auto position = [&](const std::string& id, std::string_view param) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (text(*all[i], "id") == id) return i;
        }
        refuse_missing("object", id, param, false);
    };
    std::size_t begin = 0;
    std::size_t end = std::min(all.size(), window.limit);
    bool more = all.size() > end;
    if (!window.after.empty()) {
        begin = position(window.after, "starting_after") + 1;
        end = std::min(all.size(), begin + window.limit);
        more = end < all.size();
    } else if (!window.before.empty()) {
        end = position(window.before, "ending_before");
        begin = end > window.limit ? end - window.limit : 0;
        more = begin > 0;
    }
    json::array data;
    for (std::size_t i = begin; i < end; ++i) data.push_back(*all[i]);
    Object list = list_of(url, std::move(data));
    list["has_more"] = more;
    return list;
}

}  // namespace

const Object& Call::target(std::string_view kind, std::string_view param) const {
    const auto& id = path.find("id")->second;
    if (const auto* object = account.find(kind, id)) return *object;
    refuse_missing(noun_of(kind), id, param, true);
}

void Routes::on(std::string_view method_and_pattern, std::string_view listing, Action action) {
    const auto space = method_and_pattern.find(' ');
    PD_ASSERT(space != std::string_view::npos);
    auto segments = split(method_and_pattern.substr(space + 1));
    std::string plain(method_and_pattern.substr(0, space + 1));
    for (const auto& segment : segments) plain += "/" + (is_param(segment) ? "{}" : segment);
    routes_.push_back({std::string(method_and_pattern.substr(0, space)), std::move(segments),
                       ParamSpec::parse(listing, known_params(plain).value_or("")),
                       std::move(action)});
}

void Routes::list(std::string_view pattern, std::string_view listing, Action action) {
    on("GET " + std::string(pattern),
       "limit:i starting_after:id ending_before:id " + std::string(listing), std::move(action));
}

const Route* Routes::find(std::string_view method, std::string_view path,
                          PathParams& params) const {
    const auto segments = split(path);
    const Route* best = nullptr;
    for (const Route& route : routes_) {
        if (route.method != method || route.segments.size() != segments.size()) continue;
        bool fits = true;
        bool better = best == nullptr;
        for (std::size_t i = 0; i < segments.size() && fits; ++i) {
            fits = is_param(route.segments[i]) ? !segments[i].empty()
                                               : route.segments[i] == segments[i];
            better =
                better || (best && is_param(best->segments[i]) && !is_param(route.segments[i]));
        }
        if (fits && better) best = &route;
    }
    if (!best) return nullptr;
    params.clear();
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const auto& name = best->segments[i];
        if (!is_param(name)) continue;
        params[name.substr(1, name.size() - 2)] =
            http::percent_decode(segments[i], false).value_or(segments[i]);
    }
    return best;
}

Routes all_routes() {
    Routes routes;
    add_account_routes(routes);
    add_balance_routes(routes);
    add_charge_routes(routes);
    add_checkout_session_routes(routes);
    add_coupon_routes(routes);
    add_credit_note_routes(routes);
    add_customer_routes(routes);
    add_dispute_routes(routes);
    add_event_routes(routes);
    add_event_summary_routes(routes);
    add_invoice_item_routes(routes);
    add_invoice_routes(routes);
    add_mandate_routes(routes);
    add_meter_event_routes(routes);
    add_meter_routes(routes);
    add_microdeposit_routes(routes);
    add_payment_intent_routes(routes);
    add_payment_method_routes(routes);
    add_plan_routes(routes);
    add_portal_routes(routes);
    add_preview_routes(routes);
    add_price_routes(routes);
    add_product_routes(routes);
    add_refund_routes(routes);
    add_search_routes(routes);
    add_setup_intent_routes(routes);
    add_subscription_item_routes(routes);
    add_subscription_routes(routes);
    add_subscription_schedule_routes(routes);
    add_test_clock_routes(routes);
    add_tax_id_routes(routes);
    add_tax_rate_routes(routes);
    add_usage_record_routes(routes);
    add_webhook_endpoint_routes(routes);
    return routes;
}

json::value list_page(const Call& call, std::string_view kind, std::string_view url,
                      const std::function<bool(const Object&)>& keep) {
    const auto& ids = call.account.store().ids(kind);
    std::vector<const Object*> all;
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const auto* object = call.account.find(kind, *id);
        if (object && keep(*object) && created_matches(call, *object)) all.push_back(object);
    }
    return cut(window_of(call), all, url);
}

json::value page_of(const Call& call, const json::array& all, std::string_view url) {
    std::vector<const Object*> objects;
    for (const json::value& value : all) objects.push_back(&value.get_object());
    return cut(window_of(call), objects, url);
}

bool matches(const Call& call, const Object& object, std::string_view key) {
    const auto* wanted = call.params.if_contains(key);
    return !wanted || wanted->is_null() || *wanted == value_of(object, key);
}

bool created_matches(const Call& call, const Object& object) {
    const auto* wanted = call.params.if_contains("created");
    if (!wanted) return true;
    const auto created = number(object, "created");
    const auto seconds = [](const json::value& value) {
        std::int64_t parsed = 0;
        if (!value.is_string()) refuse("parameter_invalid_integer", "Invalid integer", "created");
        const auto& digits = value.get_string();
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
        if (error != std::errc() || end != digits.data() + digits.size()) {
            refuse("parameter_invalid_integer", "Invalid integer: " + std::string(digits),
                   "created");
        }
        return parsed;
    };
    if (!wanted->is_object()) return created == seconds(*wanted);
    for (const auto& [key, value] : wanted->get_object()) {
        const auto bound = seconds(value);
        if (key == "gt"    ? created <= bound
            : key == "gte" ? created < bound
            : key == "lt"  ? created >= bound
            : key == "lte" ? created > bound
                           : true) {
            return false;
        }
    }
    return true;
}

void copy_params(const Object& params, Object& object,
                 std::initializer_list<std::string_view> keys) {
    for (const auto key : keys) {
        if (const auto* value = params.if_contains(key)) object[key] = *value;
    }
}

void merge_metadata(const Object& params, Object& object, std::string_view key) {
    const auto* given = params.if_contains(key);
    if (!given) return;
    if (given->is_null()) {
        object["metadata"] = Object();
        return;
    }
    auto& metadata = object["metadata"];
    if (!metadata.is_object()) metadata = Object();
    for (const auto& [name, value] : given->get_object()) {
        if (value.get_string().empty())
            metadata.get_object().erase(name);
        else
            metadata.get_object()[name] = value;
    }
}

Object deleted(const Object& object) {
    return {
        {"id",      object.at("id")    },
        {"object",  object.at("object")},
        {"deleted", true               }
    };
}

}  // namespace paydesk::sandbox::stripe
