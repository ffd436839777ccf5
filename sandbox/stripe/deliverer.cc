#include "sandbox/stripe/deliverer.h"

#include <algorithm>

#include "sandbox/stripe/events.h"
#include "sandbox/stripe/thin_events.h"

namespace paydesk::sandbox::stripe {
namespace {

// Before the second attempt, the third, ...
constexpr std::int64_t pause_milliseconds[] = {1'000,   3'000,   10'000,   30'000,
                                               120'000, 600'000, 3'600'000};

}  // namespace

Deliverer::Deliverer(asio::io_context& io, Account& account, http::Transport& transport,
                     const Clock& real_clock, Recorder& recorder, Faults& faults)
    : io_(io),
      account_(account),
      transport_(transport),
      clock_(real_clock),
      recorder_(recorder),
      faults_(faults),
      timer_(io) {}

std::int64_t Deliverer::real_milliseconds() const {
    return std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count();
}

void Deliverer::pause() {
    account_.set_setting("webhooks_paused", true);
    account_.commit();
}

void Deliverer::resume() {
    account_.set_setting("webhooks_paused", false);
    account_.commit();
    wake();
}

bool Deliverer::is_paused() const {
    return account_.setting("webhooks_paused") == json::value(true);
}

std::string Deliverer::next_for(const std::string& endpoint) const {
    const auto queue = pending_.find(endpoint);
    if (queue == pending_.end()) return {};
    const auto now = real_milliseconds();
    for (const auto& id : queue->second) {
        if (number(*account_.store().find(id), "next_attempt_at") <= now) return id;
    }
    return {};
}

void Deliverer::wake() {
    const auto& all = account_.store().ids("_delivery");
    std::vector<std::string> fresh;
    for (; scanned_ < all.size(); ++scanned_) {
        if (text(*account_.store().find(all[scanned_]), "status") == "pending") {
            fresh.push_back(all[scanned_]);
        }
    }
    const Upset made = upset(fresh, *this, account_.store(), faults_, account_.chance());
    if (made.struck) account_.commit();
    for (const auto& id : made.order) {
        pending_[text(*account_.store().find(id), "endpoint")].push_back(id);
    }
    scanned_ = all.size();  // those that a fault added were taken up with the others
    if (is_paused()) return;
    std::int64_t earliest = 0;
    for (const auto& [endpoint, queue] : pending_) {
        if (!next_for(endpoint).empty()) {
            if (std::exchange(serving_[endpoint], true)) continue;
            spawn(io_, "webhook_delivery", serve(endpoint));
            continue;
        }
        for (const auto& id : queue) {
            const auto at = number(*account_.store().find(id), "next_attempt_at");
            if (earliest == 0 || at < earliest) earliest = at;
        }
    }
    if (earliest > 0) wake_at(earliest);
}

std::int64_t Deliverer::due_in(std::int64_t seconds) const {
    return real_milliseconds() + seconds * 1000;
}

std::string Deliverer::copy(const std::string& id) {
    Object copy = *account_.store().find(id);
    const auto copy_id = account_.new_record_id("whd_", Chance::Stream::deliveries);
    copy["id"] = copy_id;
    account_.store().add("_delivery", copy_id, std::move(copy));
    return copy_id;
}

void Deliverer::strike(const std::string& id, const Object& fault, std::vector<std::string>&) {
    if (text(fault, "fault") != "old_version") return;
    account_.store().edit(id)["api_version"] = fault.at("api_version");
}

void Deliverer::wake_at(std::int64_t unix_milliseconds) {
    const auto wait = std::max<std::int64_t>(unix_milliseconds - real_milliseconds(), 1);
    timer_.expires_after(std::chrono::milliseconds(wait));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) wake();
    });
}

Task<> Deliverer::serve(std::string endpoint) {
    for (auto id = next_for(endpoint); !id.empty() && !is_paused(); id = next_for(endpoint)) {
        co_await attempt(id);
    }
    serving_[endpoint] = false;
    wake();
}

Task<> Deliverer::attempt(std::string id) {
    const Object delivery = *account_.store().find(id);
    // A webhook endpoint, or the destination of thin events, which have no version.
    const auto* endpoint = account_.store().find(text(delivery, "endpoint"));
    if (endpoint && flag(*endpoint, "_deleted")) endpoint = nullptr;
    const auto* event = account_.store().find(text(delivery, "event"));
    const bool thin = event && text(*event, "object") == "v2.core.event";
    if (!endpoint || !event || text(*endpoint, "status") != "enabled") {
        note(id, 0, "the endpoint is gone or disabled", -1);
        co_return;
    }
    const auto forced = Version::parse(text(delivery, "api_version"));
    const Version version = forced ? *forced : version_of_endpoint(account_, *endpoint);
    http::ClientRequest request;
    request.method = "POST";
    request.url = text(*endpoint, thin ? "_url" : "url");
    request.body = thin ? notification_body(*event) : event_body(*event, version);
    request.timeout = delivery_timeout;
    request.connect_timeout = delivery_timeout;
    request.headers.set("Content-Type", "application/json; charset=utf-8");
    request.headers.set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)");
    // Each attempt is signed afresh.
    request.headers.set(
        "Stripe-Signature",
        signature_header(request.body, text(*endpoint, "_secret"), real_milliseconds() / 1000));
    recorder_.write({
        {"event",       true                                                   },
        {"api_version", thin ? json::value(nullptr) : json::value(version.name)},
        {"body",        json::parse(request.body)                              }
    });
    const auto began = real_milliseconds();
    int status = 0;
    std::string error;
    try {
        const auto response = co_await transport_.send(std::move(request));
        status = response.status;
        if (status < 200 || status > 299) error = "answered " + std::to_string(status);
    } catch (const http::TransportError& failure) {
        error = failure.what();
    }
    note(id, status, error, real_milliseconds() - began);
}

void Deliverer::note(const std::string& id, int status, const std::string& error,
                     std::int64_t milliseconds) {
    const bool gone = milliseconds < 0;
    std::string endpoint;
    std::string event;
    bool over = true;
    account_.change(id, "", [&](Object& delivery) {
        endpoint = text(delivery, "endpoint");
        event = text(delivery, "event");
        auto& attempts = delivery["attempts"].as_array();
        attempts.push_back(Object{
            {"at", real_milliseconds() / 1000},
            {"status", status},
            {"error", text_or_null(error)},
            {"milliseconds", std::max<std::int64_t>(milliseconds, 0)}
        });
        over = error.empty() || gone || attempts.size() >= delivery_attempts_max;
        if (over) {
            delivery["status"] = error.empty() ? "delivered" : "failed";
        } else {
            delivery["next_attempt_at"] =
                real_milliseconds() + pause_milliseconds[attempts.size() - 1];
        }
    });
    if (error.empty() && account_.find("event", event)) {
        account_.change(event, "", [](Object& delivered) {
            const auto left = number(delivered, "pending_webhooks");
            delivered["pending_webhooks"] = std::max<std::int64_t>(left - 1, 0);
        });
    }
    account_.commit();
    if (over) std::erase(pending_[endpoint], id);
}

}  // namespace paydesk::sandbox::stripe
