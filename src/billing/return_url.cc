#include "billing/return_url.h"

#include <algorithm>
#include <optional>

#include "provider/checkout_placeholder.h"

namespace paydesk::billing {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return result;
}

bool is_host(std::string_view host) {
    if (host.empty()) return false;
    return std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '[' || c == ']' || c == ':';
    });
}

// "https://app.example.com" of an absolute http(s) URL that is written plainly, or nothing.
std::optional<std::string> origin_of(std::string_view url) {
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string scheme = lower(url.substr(0, colon));
    if (scheme != "http" && scheme != "https") return std::nullopt;
    const auto rest = url.substr(colon + 3);
    std::string authority = lower(rest.substr(0, rest.find_first_of("/?#")));
    const std::string_view default_port = scheme == "https" ? ":443" : ":80";
    if (authority.ends_with(default_port)) authority.resize(authority.size() - default_port.size());
    if (!is_host(authority)) return std::nullopt;
    return scheme + "://" + authority;
}

// Only what RFC 3986 lets stand unencoded, and our placeholder.
bool is_plainly_written(std::string_view url) {
    std::string rest(url);
    if (const auto at = rest.find(provider::checkout_placeholder); at != std::string::npos) {
        rest.erase(at, provider::checkout_placeholder.size());
    }
    constexpr std::string_view others = "-._~:/?#[]!$&'()*+,;=%@";
    return std::ranges::all_of(rest, [others](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

}  // namespace

ReturnUrls::ReturnUrls(std::string app_url, const std::vector<std::string>& more)
    : app_url_(std::move(app_url)) {
    if (auto origin = origin_of(app_url_)) origins_.push_back(std::move(*origin));
    for (const auto& url : more) {
        if (auto origin = origin_of(url)) origins_.push_back(std::move(*origin));
    }
}

Result<std::string> ReturnUrls::check(std::string_view url) const {
    const auto refused = [](std::string message) {
        return Error{ErrorCode::url_not_allowed, std::move(message)};
    };
    if (url.empty() || url.size() > return_url_bytes_max) {
        return refused("A return URL has 1 to 2048 characters.");
    }
    if (!is_plainly_written(url)) {
        return refused(
            "A return URL holds no spaces, backslashes or other characters that must be "
            "percent-encoded.");
    }
    if (url.starts_with('/') && !url.starts_with("//")) return app_url_ + std::string(url);
    const auto origin = origin_of(url);
    if (!origin)
        return refused(
            "A return URL is https://host/path, or a path of the app that begins with '/'.");
    if (std::ranges::find(origins_, *origin) == origins_.end()) {
        return refused("Return URLs may lead to APP_URL and PAYDESK_RETURN_URLS only, not to " +
                       *origin + ".");
    }
    return std::string(url);
}

std::string ReturnUrls::success_url() const {
    return app_url_ + "/success?session_id=" + std::string(provider::checkout_placeholder);
}
std::string ReturnUrls::cancel_url() const { return app_url_ + "/dashboard?canceled=true"; }
std::string ReturnUrls::portal_return_url() const { return app_url_ + "/dashboard"; }
std::string ReturnUrls::billing_url() const { return app_url_ + "/dashboard/billing"; }
std::string ReturnUrls::invoice_paid_url() const {
    return billing_url() + "?paid=" + std::string(provider::checkout_placeholder);
}

}  // namespace paydesk::billing
