#include "sandbox/pages/pages.h"

#include "sandbox/pages/control_pages.h"
#include "sandbox/pages/html.h"
#include "sandbox/stripe/events.h"

namespace paydesk::sandbox {
namespace {

// "/c/pay/cs_1" after "/c/pay/" -> "cs_1"; "" when the path is elsewhere or goes deeper.
std::string after(const std::string& path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return {};
    const auto rest = path.substr(prefix.size());
    return rest.find('/') == std::string::npos ? rest : std::string();
}

}  // namespace

http::Response Pages::serve(const http::Request& request) {
    const auto& path = request.path;
    const bool gets = request.method == "GET" || request.method == "HEAD";
    if (!gets && request.method != "POST") {
        return notice_page("Not like that", "Pages answer GET and POST.", {}, {}, 405);
    }
    if (const auto id = after(path, "/c/pay/"); !id.empty())
        return checkout_page(account_, request, id);
    if (const auto id = after(path, "/3ds/"); !id.empty()) {
        return three_d_secure_page(account_, request, id);
    }
    if (path.starts_with("/p/session/")) {
        const auto rest = path.substr(std::string_view("/p/session/").size());
        const auto slash = rest.find('/');
        const auto action = slash == std::string::npos ? "" : rest.substr(slash + 1);
        return portal_page(account_, request, rest.substr(0, slash), action);
    }
    if (const auto id = after(path, "/i/"); !id.empty()) return invoice_page(account_, request, id);
    if (const auto id = after(path, "/microdeposits/"); !id.empty()) {
        return microdeposits_page(account_, request, id);
    }
    const bool controls = path == "/clock" || path == "/faults" || path == "/customers" ||
                          path.starts_with("/events/");
    if (controls && is_from_elsewhere(request)) {
        return notice_page("Not from there", "Another site's page sent this: nothing was done.",
                           "/", "To the sandbox's start", 403);
    }
    if (path == "/clock") return clock_page(account_, request);
    if (path == "/customers") return customers_page(account_, request);
    if (path == "/faults") return faults_page(account_, faults_, request);
    if (request.method == "POST" && path.starts_with("/events/") && path.ends_with("/resend")) {
        const auto id = path.substr(8, path.size() - 8 - 7);
        if (const auto* event = account_.find("event", id)) {
            stripe::resend_event(account_, *event);
            account_.commit();
            return redirect_to("/events/" + id);
        }
    }
    if (gets) {
        if (path == "/") return index_page(account_);
        if (auto file = asset(path)) return *file;
        if (const auto id = after(path, "/events/"); !id.empty()) return event_page(account_, id);
        if (const auto id = after(path, "/mandates/"); !id.empty())
            return mandate_page(account_, id);
        if (const auto id = after(path, "/receipts/"); !id.empty())
            return receipt_page(account_, id);
        if (path.starts_with("/i/") && path.ends_with("/pdf")) {
            return invoice_pdf(account_, path.substr(3, path.size() - 3 - 4));
        }
    }
    return notice_page("No such page", "There is nothing here.", "/", "To the sandbox's start",
                       404);
}

}  // namespace paydesk::sandbox
