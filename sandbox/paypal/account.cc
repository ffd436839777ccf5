#include "sandbox/paypal/account.h"

#include <cctype>

#include "sandbox/paypal/events.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {

Account::Account(Store& store, SandboxClock& clock, Chance& chance, std::string base_url)
    : store_(store), clock_(clock), chance_(chance), base_url_(std::move(base_url)) {}

std::string Account::new_id(std::string_view prefix, std::size_t length) const {
    auto random = chance_.alphanumeric(Chance::Stream::paypal, length);
    for (char& c : random) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return std::string(prefix) + random;
}

const Object& Account::add(std::string_view kind, Object object) {
    const auto id = text(object, "id");
    return store_.add(kind, id, std::move(object));
}

const Object* Account::find(std::string_view kind, std::string_view id) const {
    return store_.find(kind, id);
}

const Object& Account::get(std::string_view kind, std::string_view id) const {
    if (const auto* object = find(kind, id)) return *object;
    refuse_missing();
}

void Account::emit(std::string_view type, Object resource) {
    Object event = event_about(*this, type, std::move(resource));
    if (alter_event_) alter_event_(event);
    add_deliveries(*this, add(kind::event, std::move(event)));
}

std::string Account::url(std::string_view path) const {
    return base_url_ + "/paypal" + std::string(path);
}

void Account::commit() {
    store_.commit();
    if (std::exchange(made_deliveries_, false) && wake_) wake_();
}

void Account::rollback() {
    store_.rollback();
    made_deliveries_ = false;
}

Object shown(const Object& object) {
    Object out;
    for (const auto& [key, value] : object) {
        if (!key.starts_with('_')) out[key] = value;
    }
    return out;
}

std::string time_text(std::int64_t at) { return to_iso8601(from_unix(at)); }

std::int64_t time_of(std::string_view text) {
    const auto parsed = parse_iso8601(text);
    return parsed ? to_unix(*parsed) : 0;
}

std::string with_query(const std::string& url, const std::string& more) {
    if (url.empty()) return {};
    return url + (url.find('?') == std::string::npos ? "?" : "&") + more;
}

Object link(std::string href, std::string_view rel, std::string_view method) {
    return {
        {"href",   std::move(href)},
        {"rel",    rel            },
        {"method", method         }
    };
}

}  // namespace paydesk::sandbox::paypal
