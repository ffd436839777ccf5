#pragma once
// Receives provider webhooks: the half of the inbound path that runs before we answer.
//
//     bytes ── verify ──▶ envelope ── store, group commit ──▶ webhook_events row, status 'received'
//
// processor.h is the second half: it takes stored events and changes the domain.

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/task.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::webhook {

inline constexpr std::size_t body_bytes_max = 512 * 1024;
// Deliveries, and bytes of them, that wait for their commit. Beyond it the provider is asked to come
// back.
inline constexpr std::size_t receive_queue_max = 4'096;
inline constexpr std::size_t receive_queue_bytes_max = 64 * 1024 * 1024;
inline constexpr std::chrono::seconds retry_after{5};  // what the 503's Retry-After says

// One HTTP delivery, exactly as it came. Nothing in it is to be believed yet.
// Everything that it refers to must live until receive() has returned.
struct Delivery {
    provider::Name provider;
    std::function<std::string_view(std::string_view name)> header;  // "" where there is none
    std::string_view body;  // the signed bytes; parsed only once they are verified
    Instant received_at;
};

enum class Received : std::uint8_t {
    stored,
    duplicate,  // normal: providers deliver at least once
};

// What every provider's event says about itself, whatever it is about.
struct Envelope {
    std::string event_id, type;
    std::string api_version;  // "" when unknown
    bool livemode = false;
    Instant occurred_at;
    provider::ObjectKind object_kind = provider::ObjectKind::other;
    std::string object_id;  // "" when the object has none (invoice.upcoming)
};

// What the receiver must know of one provider.
struct Source {
    // Brings what verify() needs from elsewhere (a certificate), before it; none: verify() needs nothing. Refuses
    // as verify() does, or with unavailable: the provider is to deliver again.
    std::function<Task<Result<void>>(const Delivery&)> prepare = {};
    // Accepts the delivery or refuses with webhook_signature_invalid or webhook_timestamp_stale.
    // No secret configured: refuses all (law 7). Constant time in the secret.
    std::function<Result<void>(const Delivery&)> verify;
    // Refuses with webhook_payload_invalid what is not JSON, or not an event.
    std::function<Result<Envelope>(std::string_view body)> envelope;
    // Which of the provider's two worlds we are configured for; an event of the other one is stored
    // and ignored.
    bool livemode = false;
};

// PayPal's envelope: {"id": "WH-...", "event_type": ..., "create_time": ..., "resource": {"id": ...}}. `livemode` is
// that of our configuration: the event does not say.
Result<Envelope> paypal_envelope(std::string_view body, bool livemode);

// Stripe's envelope: {"object": "event", "id": "evt_...", "type": ..., "data": {"object": ...}}.
// Thin events ("v2.core.event") are read too: they name no object of ours.
Result<Envelope> stripe_envelope(std::string_view body);

// Safe to use from many coroutines of the one thread at once.
class Receiver {
public:
    // `on_stored` is called after each commit that stored something: Processor::wake.
    // The database must outlive the receiver; no receive() may be under way when it dies.
    Receiver(asio::io_context& io, db::Database& db, std::map<provider::Name, Source> sources,
             std::function<void()> on_stored);
    ~Receiver();

    // Verifies one delivery and makes it durable. All deliveries that arrive while a commit runs go
    // into the next one.
    //
    // ENSURES: when it returns a value, one webhook_events row exists for the provider's event id,
    //          committed. Only then may the caller answer 2xx.
    //
    // Refuses, checked in this order, with
    //   webhook_body_too_large      before any hashing
    //   webhook_signature_invalid   missing, malformed, wrong, no secret, or a provider not set up
    //   webhook_timestamp_stale     rightly signed, but too long ago or in the future
    //   webhook_payload_invalid     signed, but not an event, or nothing that Postgres can store
    //   unavailable                 receive_queue_max deliveries wait, Postgres is away, or a certificate
    //                               could not be fetched: answer 503
    //                               with Retry-After, and the provider delivers again
    Task<Result<Received>> receive(Delivery delivery);

    // Deliveries that wait for their commit now.
    std::size_t waiting() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace paydesk::webhook
