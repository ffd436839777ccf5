#include "sandbox/paypal/routes.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::int64_t page_max = 100'000;

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

std::int64_t whole_at(const Call& call, std::string_view name, std::int64_t fallback,
                      std::int64_t most) {
    const auto given = call.asked(name);
    if (given.empty()) return fallback;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error == std::errc() && end == given.data() + given.size() && value >= 1 && value <= most) {
        return value;
    }
    throw Refusal{.status = 400,
                  .details = {{.issue = "INVALID_PARAMETER_VALUE",
                               .field = std::string(name),
                               .value = given,
                               .location = "query",
                               .description = "It must be a whole number from 1 to " +
                                              std::to_string(most) + "."}}};
}

}  // namespace

const Object& Call::fields() const {
    static const Object none;
    return body.is_object() ? body.get_object() : none;
}

std::string Call::asked(std::string_view name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
}

void Routes::on(std::string_view method_and_pattern, Action action, std::int64_t remembers) {
    const auto space = method_and_pattern.find(' ');
    PD_ASSERT(space != std::string_view::npos);
    routes_.push_back({.method = std::string(method_and_pattern.substr(0, space)),
                       .segments = split(method_and_pattern.substr(space + 1)),
                       .remembers = remembers,
                       .action = action,
                       .pattern = std::string(method_and_pattern)});
}

const Route* Routes::find(std::string_view method, std::string_view path,
                          std::map<std::string, std::string, std::less<>>& params) const {
    const auto segments = split(path);
    const Route* best = nullptr;
    std::size_t best_literals = 0;
    for (const Route& route : routes_) {
        if (route.method != method || route.segments.size() != segments.size()) continue;
        std::size_t literals = 0;
        bool matches = true;
        for (std::size_t i = 0; i < segments.size() && matches; ++i) {
            if (is_param(route.segments[i])) {
                matches = !segments[i].empty();
            } else {
                matches = route.segments[i] == segments[i];
                ++literals;
            }
        }
        if (!matches || (best && literals <= best_literals)) continue;
        best = &route;
        best_literals = literals;
    }
    if (!best) return nullptr;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        if (!is_param(best->segments[i])) continue;
        const auto name = best->segments[i].substr(1, best->segments[i].size() - 2);
        params[name] = http::percent_decode(segments[i], false).value_or(segments[i]);
    }
    return best;
}

Routes all_routes() {
    Routes routes;
    add_order_routes(routes);
    add_payment_routes(routes);
    add_sale_routes(routes);
    add_product_routes(routes);
    add_plan_routes(routes);
    add_subscription_routes(routes);
    add_subscription_action_routes(routes);
    add_webhook_routes(routes);
    add_webhook_event_routes(routes);
    add_dispute_routes(routes);
    return routes;
}

Object page_of(const Call& call, std::string_view name, const std::vector<Object>& all,
               std::string_view url, std::int64_t most) {
    const auto size = whole_at(call, "page_size", std::min<std::int64_t>(10, most), most);
    const auto page = whole_at(call, "page", 1, page_max);
    const auto total = static_cast<std::int64_t>(all.size());
    const auto pages = (total + size - 1) / size;
    json::array shown_items;
    for (auto i = (page - 1) * size; i < std::min(page * size, total); ++i) {
        shown_items.push_back(all[static_cast<std::size_t>(i)]);
    }
    const auto address = [&](std::int64_t number) {
        return call.account.url(url) + "?page_size=" + std::to_string(size) +
               "&page=" + std::to_string(number);
    };
    json::array links;
    links.push_back(link(address(page), "self", "GET"));
    links.push_back(link(address(1), "first", "GET"));
    if (page > 1) links.push_back(link(address(page - 1), "prev", "GET"));
    if (page < pages) links.push_back(link(address(page + 1), "next", "GET"));
    if (pages > 0) links.push_back(link(address(pages), "last", "GET"));
    Object list{
        {name, std::move(shown_items)}
    };
    if (call.asked("total_required") == "true") {
        list["total_items"] = total;
        list["total_pages"] = pages;
    }
    list["links"] = std::move(links);
    return list;
}

}  // namespace paydesk::sandbox::paypal
