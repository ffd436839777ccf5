#include "sandbox/command_client.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "sandbox/command_line.h"

namespace paydesk::sandbox {

using stripe::Object;

Task<Answer> call(http::Transport& transport, std::string method, std::string url,
                  std::string form) {
    http::ClientRequest request{.method = std::move(method), .url = std::move(url)};
    request.headers.set("Authorization", "Bearer sk_test_paydesk_command_line");
    if (!form.empty()) {
        request.headers.set("Content-Type", "application/x-www-form-urlencoded");
        request.body = std::move(form);
    }
    const auto response = co_await transport.send(std::move(request));
    const auto parsed = parse_json(response.body);
    co_return Answer{response.status,
                     parsed && parsed->is_object() ? parsed->get_object() : Object()};
}

std::string message_of(const Answer& answer) {
    const auto said = stripe::text(stripe::child(answer.body, "error"), "message");
    return said.empty() ? "answered " + std::to_string(answer.status) : said;
}

Task<Object> called(http::Transport& transport, std::string method, std::string url,
                    std::string form) {
    const std::string what = method + " " + url;
    const auto answer =
        co_await call(transport, std::move(method), std::move(url), std::move(form));
    if (answer.status != 200) throw Unavailable(what + ": " + message_of(answer));
    co_return answer.body;
}

std::string url_of(const std::string& given) {
    const bool whole = given.starts_with("http://") || given.starts_with("https://");
    std::string url = whole ? given : "http://" + given;
    if (!url.empty() && url.ends_with('/') && std::ranges::count(url, '/') == 3) url.pop_back();
    return url;
}

}  // namespace paydesk::sandbox
