#include "sandbox/server.h"

#include <algorithm>

#include "base/json.h"
#include "http/server.h"
#include "sandbox/fault_controls.h"
#include "sandbox/mail/mail_controls.h"
#include "sandbox/pages/paypal_pages.h"
#include "sandbox/payment_controls.h"
#include "sandbox/paypal/controls.h"
#include "sandbox/paypal/due.h"
#include "sandbox/stripe/due.h"
#include "sandbox/stripe/events.h"
#include "sandbox/stripe/method_types.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/test_clocks.h"
#include "sandbox/stripe/v2.h"

namespace paydesk::sandbox {
namespace {

using stripe::Object;

constexpr std::int64_t advance_seconds_max = 5LL * 366 * 86400;

http::Response answer(int status, json::value body) {
    return {.status = status, .body = stripe::pretty_json(body)};
}

http::Response refusal(int status, std::string_view message) {
    return answer(status, Object{
                              {"error", message}
    });
}

json::value without_own_fields(const Object& record) {
    Object shown;
    for (const auto& [key, value] : record) {
        if (!key.starts_with('_')) shown[key] = value;
    }
    return shown;
}

// {api_version?, secret?, timestamp?}: an event as it would be sent, signed.
http::Response payload(const stripe::Account& account, const Object& event, const Object& wanted,
                       std::int64_t now) {
    const auto name = stripe::text(wanted, "api_version");
    const auto version = name.empty() ? stripe::Version::parse(stripe::text(event, "api_version"))
                                      : stripe::Version::parse(name);
    if (!version) return refusal(400, "api_version is not a version of Stripe's API");
    auto secret = stripe::text(wanted, "secret");
    for (const auto& id : account.store().ids("webhook_endpoint")) {
        const auto* endpoint = account.find("webhook_endpoint", id);
        if (secret.empty() && endpoint) secret = stripe::text(*endpoint, "_secret");
    }
    if (secret.empty()) return refusal(400, "give a secret: there is no webhook endpoint");
    const auto body = stripe::event_body(event, *version);
    const auto at = stripe::number(wanted, "timestamp", now);
    return answer(200,
                  Object{
                      {"body", body},
                      {"signature", stripe::signature_header(body, secret, at)}
    });
}

http::Response advance(stripe::Account& account, const Object& wanted) {
    const auto seconds = stripe::number(wanted, "advance_seconds", -1);
    if (seconds < 0 || seconds > advance_seconds_max) {
        return refusal(400, "advance_seconds must be a whole number from 0 to five years");
    }
    const int steps = stripe::advance_clock(account, seconds);
    return answer(200, Object{
                           {"now",   account.now()},
                           {"steps", steps        }
    });
}

bool are_method_types(const json::value& value) {
    return value.is_array() && !value.get_array().empty() &&
           std::ranges::all_of(value.get_array(), [](const json::value& type) {
               return type.is_string() && stripe::is_method_type(type.get_string());
           });
}

bool are_retry_days(const json::value& value) {
    if (!value.is_array() || value.get_array().size() > 20) return false;
    return std::ranges::all_of(value.get_array(), [](const json::value& day) {
        return day.is_int64() && day.get_int64() >= 1 && day.get_int64() <= 60;
    });
}

struct Setting {
    std::string_view key;
    bool (*allows)(const json::value& value);
    std::string_view what;
};
constexpr Setting settings[] = {
    {"retry_days",           are_retry_days,   "up to 20 whole numbers from 1 to 60"},
    {"retry_end",
     [](const json::value& value) {
         return value == "cancel" || value == "unpaid" || value == "past_due";
     },                                        "cancel, unpaid or past_due"         },
    {"upcoming_days",
     [](const json::value& value) {
         return value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= 90;
     },                                        "a whole number from 0 (never) to 90"},
    {"payment_method_types", are_method_types,
     "a list of card, link, sepa_debit, us_bank_account, bacs_debit"                },
};

// What the account does about renewals: {retry_days?: days from each failed attempt to the next,
// retry_end?: what then, upcoming_days?: how long before it invoice.upcoming is sent}; and
// {payment_method_types?: what it has turned on}.
http::Response change_settings(stripe::Account& account, const Object& wanted) {
    for (const auto& [key, value] : wanted) {
        const auto* found = std::ranges::find(settings, std::string_view(key), &Setting::key);
        if (found != std::end(settings) && found->allows(value)) continue;
        std::string all;
        for (const Setting& one : settings) {
            all += (all.empty() ? "" : "; ") + std::string(one.key) + ": " + std::string(one.what);
        }
        return refusal(400, "settings are " + all);
    }
    for (const auto& [key, value] : wanted) account.set_setting(key, value);
    account.commit();
    Object answered;
    for (const Setting& one : settings) answered[one.key] = account.setting(one.key);
    return answer(200, std::move(answered));
}

// Routes, objects and pages are named by text; what is none is neither looked up, nor quoted, nor
// noted in a log of faults.
bool is_path_of_text(const std::string& path) {
    const auto decoded = http::percent_decode(path, false);
    return decoded && stripe::is_utf8(*decoded);
}

}  // namespace

Sandbox::Sandbox(asio::io_context& io, Store& store, const Clock& real_clock,
                 http::Transport& transport, Recorder& recorder, stripe::Version account_version,
                 std::string base_url)
    : io_(io),
      real_clock_(real_clock),
      clock_(real_clock),
      account_(store, clock_, std::move(account_version), std::move(base_url)),
      faults_(account_),
      mailbox_(account_),
      rate_limit_(real_clock),
      api_(io, account_, recorder, faults_, rate_limit_),
      deliverer_(io, account_, transport, real_clock, recorder, faults_),
      paypal_(
          io, store, clock_, account_.chance(), real_clock, transport, recorder, faults_,
          rate_limit_, [this] { return deliverer_.is_paused(); }, account_.base_url()),
      pages_(account_, faults_, mailbox_) {
    account_.on_clock(
        {.next_due =
             [this](std::int64_t until) { return paypal::next_due(paypal_.account(), until); },
         .act = [this] { paypal::run_due(paypal_.account()); }});
    account_.on_event([this](stripe::Object& event) {
        for (const auto& fault :
             faults_.strike(Faults::Place::event, "", stripe::text(event, "type"),
                            stripe::text(event, "id"))) {
            const auto window = std::max<std::int64_t>(stripe::number(fault, "seconds"), 1);
            const auto created = stripe::number(event, "created");
            event["created"] = created - created % window;
        }
    });
    account_.on_deliveries([this] { deliverer_.wake(); });
}

void Sandbox::start() {
    spawn(io_, "sandbox_sweep", sweep());
    deliverer_.wake();
    paypal_.deliverer().wake();
}

Task<> Sandbox::sweep() {
    for (;;) {
        stripe::run_due(account_);
        paypal_.tick();
        stripe::finish_advancing(account_);
        co_await sleep_for(io_, std::chrono::seconds(1));
    }
}

Task<http::Response> Sandbox::handle(const http::Request& request) {
    if (!is_path_of_text(request.path)) {
        const stripe::Refusal refused{
            .message = "The URL's path is malformed: it must be percent-encoded UTF-8."};
        co_return answer(refused.status, refused.body("req_none"));
    }
    if (request.path == "/v1" || request.path.starts_with("/v1/")) {
        auto response = co_await api_.handle(request);
        stripe::run_caused(account_);
        // Test clocks are advanced when the answer that says so is on its way.
        if (request.method == "POST" && request.path.ends_with("/advance")) {
            asio::post(io_, [this] { stripe::finish_advancing(account_); });
        }
        co_return response;
    }
    if (paypal::PayPal::is_api(request.path)) {
        auto response = co_await paypal_.handle(request);
        response.headers.set("Date", http::http_date(clock_.now()));  // whoever asks goes by it
        co_return response;
    }
    if (request.path.starts_with("/v2/")) co_return stripe::answer_v2(account_, request);
    try {
        constexpr std::string_view mails = "/_sandbox/mails";
        if (request.path == mails || request.path.starts_with("/_sandbox/mails/")) {
            co_return co_await control_mails(io_, mailbox_, request,
                                             request.path.substr(mails.size()));
        }
        if (request.path.starts_with("/_sandbox/")) co_return control(request);
        if (request.path == "/paypal" || request.path.starts_with("/paypal/")) {
            co_return paypal_page(paypal_.account(), request);
        }
        const stripe::InTimeOf time(account_, stripe::clock_of_page(account_, request.path));
        auto response = pages_.serve(request);
        stripe::run_caused(account_);
        co_return response;
    } catch (...) {
        account_.rollback();  // half a click must not be kept by the next one
        throw;
    }
}

http::Response Sandbox::control(const http::Request& request) {
    const std::string path = request.path.substr(std::string_view("/_sandbox/").size());
    const bool posts = request.method == "POST";
    Object wanted;
    if (posts && !request.body.empty()) {
        const auto parsed = parse_json(request.body);
        if (!parsed || !parsed->is_object()) return refusal(400, "the body must be a JSON object");
        wanted = parsed->get_object();
    }
    if (path == "health")
        return answer(200, Object{
                               {"ok", true}
        });
    if (path == "faults" || path.starts_with("faults/")) {
        return control_faults(faults_, request.method, path.substr(6), wanted);
    }
    if (path == "rate_limit" && posts) {
        const auto most = stripe::number(wanted, "calls_per_second", -1);
        if (most < 0) return refusal(400, "calls_per_second must be a whole number, 0 for none");
        rate_limit_.set(most);
        return answer(200, Object{
                               {"calls_per_second", most}
        });
    }
    if (posts) {
        if (auto done = control_payments(account_, path, wanted)) return *done;
    }
    if (path == "settings" && posts) return change_settings(account_, wanted);
    if (path.starts_with("paypal/")) {
        return paypal::control(paypal_.account(), paypal_.keys(), request, path.substr(7), wanted);
    }
    if (path == "clock" && posts) {
        auto advanced = advance(account_, wanted);
        paypal_.deliverer().wake();  // attempts whose time has come
        return advanced;
    }
    if (path == "clock")
        return answer(200, Object{
                               {"now", account_.now()}
        });
    if (path == "latency" && posts) {
        const auto wait = stripe::number(wanted, "milliseconds");
        if (wait < 0 || wait > 60'000) return refusal(400, "milliseconds must be 0 to 60000");
        api_.set_latency(std::chrono::milliseconds(wait));
        paypal_.api().set_latency(std::chrono::milliseconds(wait));
        return answer(200, Object{
                               {"milliseconds", wait}
        });
    }
    if (path == "webhooks/pause" && posts) {
        deliverer_.pause();
        return answer(200, Object{
                               {"paused", true}
        });
    }
    if (path == "webhooks/resume" && posts) {
        deliverer_.resume();
        paypal_.deliverer().wake();
        return answer(200, Object{
                               {"paused", false}
        });
    }
    if (path == "deliveries") {
        json::array all;
        const auto& ids = account_.store().ids("_delivery");
        for (auto id = ids.rbegin(); id != ids.rend() && all.size() < 1000; ++id) {
            all.push_back(without_own_fields(*account_.store().find(*id)));
        }
        return answer(200, Object{
                               {"paused", deliverer_.is_paused()},
                               {"data",   std::move(all)        }
        });
    }
    const auto slash = path.rfind('/');
    if (posts && path.starts_with("events/") && slash > 6) {
        const auto* event = account_.find("event", path.substr(7, slash - 7));
        if (!event) return refusal(404, "there is no such event");
        const auto action = path.substr(slash + 1);
        if (action == "resend") {
            const int count = stripe::resend_event(account_, *event);
            account_.commit();
            deliverer_.wake();
            return answer(200, Object{
                                   {"deliveries", count}
            });
        }
        if (action == "payload") {
            return payload(account_, *event, wanted, to_unix(real_clock_.now()));
        }
    }
    return refusal(404, "the sandbox has no such control: see sandbox/README.md");
}

}  // namespace paydesk::sandbox
