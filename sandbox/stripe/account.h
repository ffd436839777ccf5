#pragma once
// The one Stripe account that the sandbox plays: its objects, its time, its events.
//
// Objects are stored in the newest shape. Our own fields on them begin with '_' and are never
// shown. A change is kept by commit(), which the caller of a whole operation does (an API call, a
// click on a hosted page, a step of time); everything in between is one step or none.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/chance.h"
#include "sandbox/sandbox_clock.h"
#include "sandbox/store.h"
#include "sandbox/stripe/object.h"
#include "sandbox/stripe/version.h"

namespace paydesk::sandbox::stripe {

class Account {
public:
    // REQUIRES: both outlive the account. `base_url`: where browsers find the hosted pages.
    Account(Store& store, SandboxClock& clock, Version default_version, std::string base_url);

    Store& store() { return store_; }
    const Store& store() const { return store_; }
    // The time of the test clock that was entered (test_clocks.h), else the global clock's.
    std::int64_t now() const { return frozen_ ? *frozen_ : clock_.seconds(); }
    std::optional<std::int64_t> frozen() const { return frozen_; }
    void freeze(std::optional<std::int64_t> at) { frozen_ = at; }
    SandboxClock& clock() { return clock_; }
    const Version& default_version() const { return default_version_; }
    const std::string& base_url() const { return base_url_; }
    void set_base_url(std::string url) { base_url_ = std::move(url); }

    // "cus_" + random text.
    std::string new_id(std::string_view prefix, std::size_t length = 24) const;
    // As new_id(), for what is no object of Stripe's: its number changes none of theirs.
    std::string new_record_id(std::string_view prefix, Chance::Stream stream) const;
    Chance& chance() const { return chance_; }
    // From now on ids and dice are the same in every run that makes the same calls.
    void seed(std::uint64_t seed);

    // `object` gets `created`, if it has such a field that is 0, and its customer's test clock.
    // REQUIRES: it has id and object.
    const Object& add(Object object);
    // nullptr when there is none or it was deleted.
    const Object* find(std::string_view kind, std::string_view id) const;
    // Refuses with resource_missing: 400 naming `param`, or 404 where that is "".
    const Object& get(std::string_view kind, std::string_view id,
                      std::string_view param = {}) const;

    // Changes the object; emits `event`, an *.updated one (unless ""), with its previous attributes.
    const Object& change(std::string_view id, std::string_view event,
                         const std::function<void(Object&)>& edit);

    // Records an event about `object` as it is now, and a delivery for each endpoint that wants it.
    // An *.updated event whose `before` looks the same is not recorded.
    void emit(std::string_view type, const Object& object, const Object* before = nullptr);

    // Who asked, for the events' `request`.
    void begin_request(std::string request_id, std::string idempotency_key);
    void end_request();

    // Deliveries were made otherwise than by emit().
    void note_deliveries() { made_deliveries_ = true; }

    void commit();
    void rollback();
    // May change an event before it is stored (faults).
    void on_event(std::function<void(Object&)> alter) { alter_event_ = std::move(alter); }
    // Called after each commit that made deliveries.
    void on_deliveries(std::function<void()> wake) { wake_ = std::move(wake); }

    // Somebody else who lives by the global clock: what is due there is done on the way too.
    struct Companion {
        std::function<std::optional<std::int64_t>(std::int64_t until)> next_due;
        std::function<void()> act;  // does what is due by now
    };
    void on_clock(Companion companion) { companion_ = std::move(companion); }
    const Companion& companion() const { return companion_; }

    // Sandbox settings: what is not an object of Stripe's. Kept over restarts.
    json::value setting(std::string_view key) const;
    void set_setting(std::string_view key, json::value value);

private:
    Store& store_;
    SandboxClock& clock_;
    Version default_version_;
    std::string base_url_;
    std::string request_id_, idempotency_key_;
    std::function<void()> wake_;
    std::function<void(Object&)> alter_event_;
    Companion companion_;
    mutable Chance chance_;
    bool made_deliveries_ = false;
    std::optional<std::int64_t> frozen_;
};

// "customer" for messages about a "customer", "checkout session" ...: how Stripe names a kind.
std::string noun_of(std::string_view kind);

}  // namespace paydesk::sandbox::stripe
