#include "webhook/receiver.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/group_commit.h"
#include "webhook/event_store.h"

namespace paydesk::webhook {

namespace {

using event_store::NewEvent;

// One commit's rows: enough to serve every connection at once, small enough to be over soon.
constexpr std::size_t commit_rows_max = 512;
constexpr std::size_t commit_bytes_max = 4 * 1024 * 1024;

void count(std::string_view outcome) {
    metrics::count("paydesk_webhook_deliveries_total", {
                                                           {"outcome", outcome}
    });
}

Error refused(Error error) {
    count(info(error.code).name);
    return error;
}

// The body as it came; written anew only where it holds what Postgres' json operators refuse.
std::string storable_payload(std::string_view body) {
    if (body.find("\\u0000") == std::string_view::npos) return std::string(body);
    const auto event = parse_json(body, body_bytes_max);
    PD_ASSERT(event.has_value());  // its envelope was read
    return storable(*event);
}

NewEvent to_row(const Delivery& delivery, Envelope envelope, std::string payload, bool livemode) {
    NewEvent row{.provider = delivery.provider,
                 .event_id = std::move(envelope.event_id),
                 .type = std::move(envelope.type),
                 .api_version = std::nullopt,
                 .livemode = envelope.livemode,
                 .occurred_at = envelope.occurred_at,
                 .object_kind = envelope.object_kind,
                 .object_id = std::move(envelope.object_id),
                 .note = {},
                 .received_at = delivery.received_at,
                 .payload = std::move(payload)};
    if (!envelope.api_version.empty()) row.api_version = std::move(envelope.api_version);
    if (envelope.livemode != livemode) {
        row.ignored = true;
        row.note = envelope.livemode ? "a live event, but the server is set up with test keys"
                                     : "a test event, but the server is set up with live keys";
    }
    return row;
}

}  // namespace

class Receiver::Impl {
public:
    Impl(asio::io_context& io, db::Database& db, std::map<provider::Name, Source> sources,
         std::function<void()> on_stored)
        : db_(db),
          sources_(std::move(sources)),
          on_stored_(std::move(on_stored)),
          commits_(
              io, "webhook_group_commit",
              [this](std::vector<const NewEvent*> rows) { return commit(std::move(rows)); },
              commit_rows_max, commit_bytes_max) {}

    // What may take a call elsewhere, before accept(). Refuses as it does.
    Task<Result<void>> prepare(const Delivery& delivery) const {
        const auto source = sources_.find(delivery.provider);
        const bool nothing_to_do = delivery.body.size() > body_bytes_max ||
                                   source == sources_.end() || !source->second.prepare;
        if (nothing_to_do) co_return Result<void>{};
        co_return co_await source->second.prepare(delivery);
    }

    Result<NewEvent> accept(const Delivery& delivery) const {
        if (delivery.body.size() > body_bytes_max) {
            return Error{ErrorCode::webhook_body_too_large,
                         "A webhook body may have " + std::to_string(body_bytes_max / 1024) +
                             " KiB at most."};
        }
        const auto source = sources_.find(delivery.provider);
        if (source == sources_.end()) {
            return Error{ErrorCode::webhook_signature_invalid,
                         "This server takes no webhooks of this provider.",
                         "the provider is not configured"};
        }
        if (const auto verified = source->second.verify(delivery); !verified) {
            return verified.error();
        }
        auto envelope = source->second.envelope(delivery.body);
        if (!envelope) return envelope.error();
        return to_row(delivery, std::move(*envelope), storable_payload(delivery.body),
                      source->second.livemode);
    }

    bool full() const {
        return commits_.waiting() >= receive_queue_max || bytes_waiting_ >= receive_queue_bytes_max;
    }

    Task<Result<Received>> store(NewEvent row) {
        const std::size_t bytes = row.payload.size();
        const std::string event_id = row.event_id;
        bytes_waiting_ += bytes;
        std::optional<Error> error;
        bool is_new = false;
        try {
            is_new = co_await commits_.add(std::move(row), bytes);
        } catch (const db::Failure& failure) {
            error = Error{ErrorCode::unavailable, "The event could not be stored: try again.",
                          failure.what()};
            if (failure.data_is_at_fault()) {
                error = Error{ErrorCode::webhook_payload_invalid,
                              "The event holds what the database cannot store.", failure.what()};
            }
        } catch (const Unavailable& away) {
            error = Error{ErrorCode::unavailable, "The event could not be stored: try again.",
                          away.what()};
        }
        bytes_waiting_ -= bytes;
        if (error) {
            log::warning("webhook_not_stored", {
                                                   {"event_id", json::value(event_id)     },
                                                   {"error",    json::value(error->detail)}
            });
            co_return refused(std::move(*error));
        }
        count(is_new ? "stored" : "duplicate");
        co_return is_new ? Received::stored : Received::duplicate;
    }

    std::size_t waiting() const { return commits_.waiting(); }

private:
    Task<std::vector<bool>> commit(std::vector<const NewEvent*> rows) {
        auto is_new = co_await event_store::add(db_, std::move(rows));
        if (std::ranges::find(is_new, true) != is_new.end()) on_stored_();
        co_return is_new;
    }

    db::Database& db_;
    std::map<provider::Name, Source> sources_;
    std::function<void()> on_stored_;
    db::GroupCommit<NewEvent, bool> commits_;
    std::size_t bytes_waiting_ = 0;
};

Receiver::Receiver(asio::io_context& io, db::Database& db, std::map<provider::Name, Source> sources,
                   std::function<void()> on_stored)
    : impl_(std::make_shared<Impl>(io, db, std::move(sources), std::move(on_stored))) {}
Receiver::~Receiver() = default;

Task<Result<Received>> Receiver::receive(Delivery delivery) {
    const auto prepared = co_await impl_->prepare(delivery);
    auto row = prepared ? impl_->accept(delivery) : Result<NewEvent>(prepared.error());
    if (!row) {
        const Error& error = row.error();
        log::info("webhook_refused", {
                                         {"code",   json::value(info(error.code).name)},
                                         {"detail", json::value(error.detail)         }
        });
        co_return refused(error);
    }
    if (impl_->full()) {
        co_return refused({ErrorCode::unavailable,
                           "Too many deliveries are waiting: try again soon.",
                           "the receive queue is full"});
    }
    co_return co_await impl_->store(std::move(*row));
}

std::size_t Receiver::waiting() const { return impl_->waiting(); }

}  // namespace paydesk::webhook
