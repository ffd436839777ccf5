#include "sandbox/pages/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/pages/html.h"

namespace paydesk::sandbox {
namespace {

using stripe::Object;
using stripe::text;

constexpr std::array<std::string_view, 11> good = {
    "active", "available", "complete",  "delivered", "enabled", "issued",
    "paid",   "ready",     "succeeded", "trialing",  "verified"};
constexpr std::array<std::string_view, 10> bad = {
    "canceled",       "dropped",  "failed", "incomplete_expired", "lost",
    "needs_response", "past_due", "unpaid", "uncollectible",      "expired"};

bool may_be_id(std::string_view said) {
    return said.size() > 4 && said.size() < 100 && said.find('_') != std::string_view::npos &&
           std::ranges::all_of(
               said,
               [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_';
               });
}

// Where the object is shown; "" when there is none.
std::string page_of(const stripe::Account& account, const std::string& id) {
    const auto* object = account.store().find(id);
    const auto kind = object ? text(*object, "object") : std::string();
    if (kind.empty()) return {};
    if (kind == "event") return "/events/" + id;
    if (kind == "customer") return "/customers/" + id;
    return "/objects/" + id;
}

}  // namespace

std::string object_link(const stripe::Account& account, const std::string& id) {
    if (id.empty()) return {};
    const auto page = page_of(account, id);
    if (page.empty()) return "<code>" + escape(id) + "</code>";
    return fmt::format("<a href=\"{}\"><code>{}</code></a>", escape(page), escape(id));
}

std::string status_badge(std::string_view status, std::string_view label) {
    if (status.empty()) return {};
    const auto* colour = std::ranges::find(good, status) != good.end() ? " good"
                         : std::ranges::find(bad, status) != bad.end() ? " bad"
                                                                       : "";
    std::string said(label.empty() ? status : label);
    std::ranges::replace(said, '_', ' ');
    return fmt::format("<span class=\"badge{}\">{}</span>", colour, escape(said));
}

std::string linked_json(const stripe::Account& account, std::string_view pretty) {
    std::string html = "<pre tabindex=\"0\" role=\"region\" aria-label=\"JSON\">";
    while (!pretty.empty()) {
        const auto quote = std::min(pretty.find('"'), pretty.size());
        html += escape(pretty.substr(0, quote));
        pretty.remove_prefix(quote);
        if (pretty.empty()) break;
        auto end = std::size_t{1};
        while (end < pretty.size() && pretty[end] != '"') end += pretty[end] == '\\' ? 2 : 1;
        end = std::min(end, pretty.size() - 1);
        const std::string inside(pretty.substr(1, end > 0 ? end - 1 : 0));
        const auto page = may_be_id(inside) ? page_of(account, inside) : std::string();
        if (page.empty())
            html += escape(pretty.substr(0, end + 1));
        else
            html += fmt::format("&quot;<a href=\"{}\">{}</a>&quot;", page, inside);
        pretty.remove_prefix(end + 1);
    }
    return html + "</pre>";
}

}  // namespace paydesk::sandbox
