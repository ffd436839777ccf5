#pragma once
// The one PayPal merchant that the sandbox plays: its objects, its time, its events.
//
// Everything is kept in the same store, on the same clock and from the same seed as Stripe's side. Our
// own fields on an object begin with '_' and are never shown. A change is kept by commit(), which the
// caller of a whole operation does: an API call, a click on an approval page, a step of time.

#include <functional>
#include <string>
#include <string_view>

#include "sandbox/chance.h"
#include "sandbox/object.h"
#include "sandbox/sandbox_clock.h"
#include "sandbox/store.h"

namespace paydesk::sandbox::paypal {

inline constexpr std::int64_t day_seconds = 86400;

// Kinds of stored objects.
namespace kind {
inline constexpr std::string_view order = "paypal.order";
inline constexpr std::string_view capture = "paypal.capture";
inline constexpr std::string_view refund = "paypal.refund";
inline constexpr std::string_view product = "paypal.product";
inline constexpr std::string_view plan = "paypal.plan";
inline constexpr std::string_view subscription = "paypal.subscription";
inline constexpr std::string_view sale = "paypal.sale";  // v1: a subscription's payment
inline constexpr std::string_view sale_refund = "paypal.sale_refund";  // v1
inline constexpr std::string_view declined = "paypal.declined";        // an attempt that failed
inline constexpr std::string_view dispute = "paypal.dispute";
inline constexpr std::string_view webhook = "paypal.webhook";
inline constexpr std::string_view event = "paypal.event";
inline constexpr std::string_view delivery = "_paypal_delivery";
inline constexpr std::string_view token = "_paypal_token";
inline constexpr std::string_view replay = "_paypal_replay";
}  // namespace kind

class Account {
public:
    // All outlive the account. `base_url`: where the sandbox is found, without "/paypal".
    Account(Store& store, SandboxClock& clock, Chance& chance, std::string base_url);

    Store& store() { return store_; }
    const Store& store() const { return store_; }
    std::int64_t now() const { return clock_.seconds(); }
    Chance& chance() const { return chance_; }

    // "P-" + capital letters and digits.
    std::string new_id(std::string_view prefix, std::size_t length = 17) const;

    // REQUIRES: it has an id that nothing has.
    const Object& add(std::string_view kind, Object object);
    const Object* find(std::string_view kind, std::string_view id) const;
    // Refuses with 404 INVALID_RESOURCE_ID.
    const Object& get(std::string_view kind, std::string_view id) const;
    Object& edit(std::string_view id) { return store_.edit(id); }

    // Records an event about `resource` (as it is shown), and a delivery for each webhook that wants it.
    void emit(std::string_view type, Object resource);

    // "http://127.0.0.1:8420/paypal" + path
    std::string url(std::string_view path) const;

    void commit();
    void rollback();
    // May change an event before it is stored (faults).
    void on_event(std::function<void(Object&)> alter) { alter_event_ = std::move(alter); }
    // Called after each commit that made deliveries.
    void on_deliveries(std::function<void()> wake) { wake_ = std::move(wake); }
    void note_deliveries() { made_deliveries_ = true; }

private:
    Store& store_;
    SandboxClock& clock_;
    Chance& chance_;
    std::string base_url_;
    std::function<void()> wake_;
    std::function<void(Object&)> alter_event_;
    bool made_deliveries_ = false;
};

// Who takes the money, in every answer.
inline constexpr std::string_view merchant_id = "PAYDESKSANDBX";
inline constexpr std::string_view merchant_email = "merchant@paydesk.example";

// Without our own fields.
Object shown(const Object& object);
// "2026-11-26T08:00:00Z"
std::string time_text(std::int64_t at);
// Nothing but a time: 0 when the text is none.
std::int64_t time_of(std::string_view text);
// With more of a query: "token=X". "" for "".
std::string with_query(const std::string& url, const std::string& more);
// {href, rel, method}
Object link(std::string href, std::string_view rel, std::string_view method);

}  // namespace paydesk::sandbox::paypal
