#include "sandbox/paypal/deliverer.h"

#include <algorithm>

#include "base/crypto.h"
#include "sandbox/paypal/events.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::int64_t first_pauses[] = {10, 30, 60, 120, 300, 600, 1200, 2400, 3600, 7200};
constexpr std::int64_t later_pause = 16'200;  // four and a half hours

// What a receiver's side is told, as PayPal's own machines do.
constexpr std::string_view user_agent = "PayPal/AUHD-214.0-58682124";

}  // namespace

std::int64_t pause_before(std::size_t attempt) {
    const auto index = attempt - 2;
    return index < std::size(first_pauses) ? first_pauses[index] : later_pause;
}

Deliverer::Deliverer(asio::io_context& io, Account& account, Keys& keys, http::Transport& transport,
                     const Clock& real_clock, Recorder& recorder, Faults& faults,
                     std::function<bool()> paused)
    : io_(io),
      account_(account),
      keys_(keys),
      transport_(transport),
      clock_(real_clock),
      recorder_(recorder),
      faults_(faults),
      paused_(std::move(paused)) {}

std::int64_t Deliverer::real_milliseconds() const {
    return std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count();
}

std::string Deliverer::next_for(const std::string& webhook) const {
    const auto queue = pending_.find(webhook);
    if (queue == pending_.end()) return {};
    for (const auto& id : queue->second) {
        if (number(*account_.store().find(id), "next_attempt_at") <= account_.now()) return id;
    }
    return {};
}

void Deliverer::wake() {
    const auto& all = account_.store().ids(kind::delivery);
    std::vector<std::string> fresh;
    for (; scanned_ < all.size(); ++scanned_) {
        if (text(*account_.store().find(all[scanned_]), "status") == "pending") {
            fresh.push_back(all[scanned_]);
        }
    }
    const Upset made = upset(fresh, *this, account_.store(), faults_, account_.chance());
    if (made.struck) account_.commit();
    for (const auto& id : made.order) {
        pending_[text(*account_.store().find(id), "webhook")].push_back(id);
    }
    scanned_ = all.size();  // those that a fault added were taken up with the others
    if (paused_()) return;
    for (const auto& [webhook, queue] : pending_) {
        if (next_for(webhook).empty() || std::exchange(serving_[webhook], true)) continue;
        spawn(io_, "paypal_delivery", serve(webhook));
    }
}

std::int64_t Deliverer::due_in(std::int64_t seconds) const { return account_.now() + seconds; }

std::string Deliverer::copy(const std::string& id) {
    Object copy = *account_.store().find(id);
    const auto copy_id =
        "ppd_" + account_.chance().alphanumeric(Chance::Stream::paypal_deliveries, 14);
    copy["id"] = copy_id;
    account_.store().add(kind::delivery, copy_id, std::move(copy));
    return copy_id;
}

void Deliverer::strike(const std::string& id, const Object& fault,
                       std::vector<std::string>& order) {
    const auto name = text(fault, "fault");
    if (name == "lost_cancelled") {
        account_.edit(id)["status"] = "dropped";
        std::erase(order, id);
    } else if (name == "late_repeat") {
        order.push_back(copy(id));
        account_.edit(order.back())["next_attempt_at"] = due_in(number(fault, "seconds"));
    }
}

Task<> Deliverer::serve(std::string webhook) {
    for (auto id = next_for(webhook); !id.empty() && !paused_(); id = next_for(webhook)) {
        co_await attempt(id);
    }
    serving_[webhook] = false;
}

// A UUID: new for every attempt.
std::string Deliverer::new_transmission() const {
    auto hex =
        to_hex(sha256(account_.chance().alphanumeric(Chance::Stream::paypal_deliveries, 32)));
    hex[12] = '4';
    hex[16] = 'a';
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
           hex.substr(16, 4) + "-" + hex.substr(20, 12);
}

Task<> Deliverer::attempt(std::string id) {
    const Object delivery = *account_.store().find(id);
    const auto* event = account_.find(kind::event, text(delivery, "event"));
    const auto webhook = text(delivery, "webhook");
    if (!event || (!webhook.empty() && !account_.find(kind::webhook, webhook))) {
        note(id, 0, "the webhook is gone", {}, -1);
        co_return;
    }
    http::ClientRequest request;
    request.method = "POST";
    request.url = text(delivery, "url");
    request.body = event_body(*event);
    request.timeout = delivery_timeout;
    request.connect_timeout = delivery_timeout;
    const auto transmission = new_transmission();
    const auto at = time_text(real_milliseconds() / 1000);
    request.headers.set("Content-Type", "application/json");
    request.headers.set("User-Agent", std::string(user_agent));
    request.headers.set("PAYPAL-AUTH-VERSION", "v2");
    request.headers.set("PAYPAL-AUTH-ALGO", "SHA256withRSA");
    request.headers.set("PAYPAL-CERT-URL", keys_.certificate_url());
    request.headers.set("PAYPAL-TRANSMISSION-ID", transmission);
    request.headers.set("PAYPAL-TRANSMISSION-TIME", at);
    request.headers.set(
        "PAYPAL-TRANSMISSION-SIG",
        keys_.sign(signed_text(transmission, at, text(delivery, "signed_as"), request.body)));
    recorder_.write({
        {"provider", "paypal"                 },
        {"event",    true                     },
        {"body",     json::parse(request.body)}
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
    note(id, status, error, transmission, real_milliseconds() - began);
}

void Deliverer::note(const std::string& id, int status, const std::string& error,
                     const std::string& transmission, std::int64_t milliseconds) {
    Object& delivery = account_.edit(id);
    const auto webhook = text(delivery, "webhook");
    auto& attempts = delivery["attempts"].as_array();
    attempts.push_back(Object{
        {"at", account_.now()},
        {"status", status},
        {"error", text_or_null(error)},
        {"transmission_id", text_or_null(transmission)},
        {"milliseconds", std::max<std::int64_t>(milliseconds, 0)}
    });
    const bool over = error.empty() || milliseconds < 0 || attempts.size() > resends_max;
    if (over) {
        delivery["status"] = error.empty() ? "delivered" : "failed";
    } else {
        delivery["next_attempt_at"] = account_.now() + pause_before(attempts.size() + 1);
    }
    account_.commit();
    if (over) std::erase(pending_[webhook], id);
}

}  // namespace paydesk::sandbox::paypal
