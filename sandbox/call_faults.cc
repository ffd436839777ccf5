#include "sandbox/call_faults.h"

#include <algorithm>

namespace paydesk::sandbox {
namespace {

constexpr std::size_t slow_pieces = 20;

http::Response bad_gateway() {
    return {.status = 502,
            .content_type = "text/html",
            .body =
                "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
                "<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"};
}

Task<> write_slowly(asio::io_context& io, std::string body, std::int64_t seconds,
                    http::Writer& out) {
    const auto piece = std::max<std::size_t>(1, (body.size() + slow_pieces - 1) / slow_pieces);
    const std::chrono::milliseconds pause(seconds * 1000 / static_cast<std::int64_t>(slow_pieces));
    for (std::size_t at = 0; at < body.size(); at += piece) {
        co_await sleep_for(io, pause);
        if (!co_await out.write(std::string_view(body).substr(at, piece))) co_return;
    }
}

}  // namespace

bool passes_on(const Object& fault) { return text(fault, "fault") == "slow"; }

Task<http::Response> struck_answer(asio::io_context& io, Object fault, FaultAnswers answers,
                                   http::Response real) {
    const auto kind = text(fault, "fault");
    const auto seconds = number(fault, "seconds");
    if (seconds > 0 && kind != "slow") co_await sleep_for(io, std::chrono::seconds(seconds));
    http::Response response;
    if (kind == "429") {
        response = std::move(answers.too_many);
    } else if (kind == "500") {
        response = std::move(answers.failed);
    } else if (kind == "502") {
        response = bad_gateway();
    } else if (kind == "slow") {
        response = std::move(real);
        response.stream = [&io, body = response.body, seconds](http::Writer& out) -> Task<> {
            return write_slowly(io, body, seconds, out);
        };
    } else {
        response.reset = true;  // a time-out has waited above
    }
    response.headers.set("Sandbox-Fault", text(fault, "id"));
    co_return response;
}

}  // namespace paydesk::sandbox
