#include "sandbox/paypal/paypal.h"

#include <algorithm>

#include "sandbox/paypal/due.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::string_view certificates = "/paypal/v1/notifications/certs/";

}  // namespace

PayPal::PayPal(asio::io_context& io, Store& store, SandboxClock& clock, Chance& chance,
               const Clock& real_clock, http::Transport& transport, Recorder& recorder,
               Faults& faults, RateLimit& limit, std::function<bool()> paused, std::string base_url)
    : account_(store, clock, chance, std::move(base_url)),
      keys_(account_, real_clock),
      api_(io, account_, keys_, recorder, faults, limit),
      deliverer_(io, account_, keys_, transport, real_clock, recorder, faults, std::move(paused)) {
    account_.on_deliveries([this] { deliverer_.wake(); });
    account_.on_event([&faults](Object& event) {
        for (const auto& fault : faults.strike(Faults::Place::event, "", text(event, "event_type"),
                                               text(event, "id"))) {
            const auto window = std::max<std::int64_t>(number(fault, "seconds"), 1);
            const auto created = number(event, "_created");
            event["_created"] = created - created % window;
            event["create_time"] = time_text(created - created % window);
        }
    });
}

std::string PayPal::new_token() { return paypal::new_token(account_); }

bool PayPal::is_api(std::string_view path) {
    return path.starts_with("/paypal/v1/") || path.starts_with("/paypal/v2/") ||
           path.starts_with("/paypal/v3/");
}

Task<http::Response> PayPal::handle(const http::Request& request) {
    if (request.method == "GET" && request.path.starts_with(certificates)) {
        const auto pem = keys_.chain(request.path.substr(certificates.size()));
        if (!pem)
            co_return http::Response{.status = 404, .body = R"({"error":"no such certificate"})"};
        co_return http::Response{.content_type = "application/x-pem-file", .body = *pem};
    }
    http::Request inner = request;
    inner.path = request.path.substr(std::string_view("/paypal").size());
    co_return co_await api_.handle(inner);
}

void PayPal::tick() {
    run_due(account_);
    deliverer_.wake();
}

}  // namespace paydesk::sandbox::paypal
