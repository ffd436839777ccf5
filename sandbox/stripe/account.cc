#include "sandbox/stripe/account.h"

#include "sandbox/stripe/events.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/render.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view settings_id = "_settings";

}  // namespace

Account::Account(Store& store, SandboxClock& clock, Version default_version, std::string base_url)
    : store_(store),
      clock_(clock),
      default_version_(std::move(default_version)),
      base_url_(std::move(base_url)) {
    if (!store_.find(settings_id)) {
        store_.add("_settings", settings_id, {});
        store_.commit();
    }
    const json::value offset = setting("clock_offset_seconds");
    if (offset.is_int64()) clock_.set_offset(std::chrono::seconds(offset.get_int64()));
}

std::string Account::new_id(std::string_view prefix, std::size_t length) const {
    return std::string(prefix) + chance_.alphanumeric(Chance::Stream::objects, length);
}

std::string Account::new_record_id(std::string_view prefix, Chance::Stream stream) const {
    return std::string(prefix) + chance_.alphanumeric(stream, 14);
}

void Account::seed(std::uint64_t seed) {
    const json::value known = setting("seeded_runs");
    const std::int64_t run = known.is_int64() ? known.get_int64() : 0;
    set_setting("seeded_runs", run + 1);
    store_.commit();
    chance_ = Chance(seed, static_cast<std::uint64_t>(run));
}

const Object& Account::add(Object object) {
    const auto id = text(object, "id");
    const auto kind = text(object, "object");
    if (object.contains("created") && number(object, "created") == 0) object["created"] = now();
    if (object.contains("test_clock") && !present(object, "test_clock")) {
        const auto* customer = store_.find("customer", text(object, "customer"));
        if (customer) object["test_clock"] = value_of(*customer, "test_clock");
    }
    return store_.add(kind, id, std::move(object));
}

const Object* Account::find(std::string_view kind, std::string_view id) const {
    const auto* object = store_.find(kind, id);
    return object && !flag(*object, "_deleted") ? object : nullptr;
}

const Object& Account::get(std::string_view kind, std::string_view id,
                           std::string_view param) const {
    if (const auto* object = find(kind, id)) return *object;
    const auto noun = noun_of(kind);
    refuse_missing(noun, id, param.empty() ? "id" : param, param.empty());
}

const Object& Account::change(std::string_view id, std::string_view event,
                              const std::function<void(Object&)>& edit) {
    const Object before = *store_.find(id);
    Object& object = store_.edit(id);
    edit(object);
    if (!event.empty()) emit(event, object, &before);
    return object;
}

void Account::emit(std::string_view type, const Object& object, const Object* before) {
    // An update that changed nothing that shows is none.
    if (before && type.ends_with(".updated") &&
        render(*before, Shape::endive) == render(object, Shape::endive)) {
        return;
    }
    Object event = blank("event");
    event["id"] = new_id("evt_1");
    event["api_version"] = default_version_.name;
    event["data"] = Object{
        {"object", object}
    };
    event["type"] = type;
    event["request"] = Object{
        {"id",              text_or_null(request_id_)     },
        {"idempotency_key", text_or_null(idempotency_key_)}
    };
    if (before) event["_before"] = *before;
    // A test clock may stand years ago: how long events are kept goes by the account's own time.
    if (frozen_) event["_recorded"] = clock_.seconds();
    if (alter_event_) {
        event["created"] = now();
        alter_event_(event);
    }
    event["pending_webhooks"] = add_deliveries(*this, event);
    add(std::move(event));
}

void Account::begin_request(std::string request_id, std::string idempotency_key) {
    request_id_ = std::move(request_id);
    idempotency_key_ = std::move(idempotency_key);
}

void Account::end_request() { begin_request("", ""); }

void Account::commit() {
    store_.commit();
    if (std::exchange(made_deliveries_, false) && wake_) wake_();
}

void Account::rollback() {
    store_.rollback();
    made_deliveries_ = false;
}

json::value Account::setting(std::string_view key) const {
    return value_of(*store_.find(settings_id), key);
}

void Account::set_setting(std::string_view key, json::value value) {
    store_.edit(settings_id)[key] = std::move(value);
}

std::string noun_of(std::string_view kind) {
    if (kind == "payment_method") return "PaymentMethod";
    if (kind == "checkout.session") return "checkout.session";
    if (kind == "billing_portal.configuration") return "configuration";
    if (kind == "billing_portal.session") return "session";
    if (kind == "test_helpers.test_clock") return "test clock";
    if (kind == "webhook_endpoint") return "webhook endpoint";
    if (kind == "subscription_item") return "subscription_item";
    if (kind == "billing.meter") return "billing meter";
    return std::string(kind);
}

}  // namespace paydesk::sandbox::stripe
