#pragma once
// The provider and what it stands on, in the order in which they depend on each other.

#include "base/clock.h"
#include "config.h"
#include "http/client.h"
#include "provider/stripe/client.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/stripe_listing.h"
#include "provider/stripe/stripe_provider.h"
#include "reconcile/reconciler.h"
#include "webhook/processor.h"

namespace paydesk {

struct ProviderParts {
    ProviderParts(asio::io_context& io, const Config& config)
        : transport(io),
          client(io, transport, clock,
                 {.secret_key = config.stripe.secret_key, .base_url = config.stripe.api_base}),
          stripe(client, clock),
          listing(client, clock) {}

    SystemClock clock;
    http::CurlTransport transport;
    provider::stripe::Client client;
    provider::stripe::StripeProvider stripe;
    provider::stripe::StripeListing listing;

    webhook::Applier applier() {
        return {.normalise = provider::stripe::normalise, .provider = &stripe};
    }
    // `db` and this outlive what is made of it.
    reconcile::Parts reconcile_parts(db::Database& db, std::function<void()> on_stored = {}) {
        return {.db = db,
                .clock = clock,
                .listing = listing,
                .applier = applier(),
                .envelope = webhook::stripe_envelope,
                .on_stored = std::move(on_stored)};
    }
};

}  // namespace paydesk
