#include "provider/remote_clock.h"

#include <ctime>
#include <optional>
#include <string>

namespace paydesk::provider {

namespace {

// "Thu, 26 Nov 2026 07:49:36 GMT" (RFC 9110).
std::optional<Instant> read_http_date(std::string_view text) {
    std::tm parts{};
    const char* end = strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr) return std::nullopt;
    return Instant{std::chrono::seconds{timegm(&parts)}};
}

}  // namespace

void RemoteClock::note(const http::ClientResponse& answer) {
    const auto date = read_http_date(answer.headers.get("Date"));
    if (!date) return;
    const auto ahead = std::chrono::floor<std::chrono::seconds>(*date - clock_.now());
    const bool agrees = ahead >= -clocks_agree_within && ahead <= clocks_agree_within;
    ahead_ = agrees ? std::chrono::seconds{0} : ahead;
}

}  // namespace paydesk::provider
