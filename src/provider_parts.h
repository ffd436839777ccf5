#pragma once
// The provider and what it stands on, in the order in which they depend on each other.

#include "base/clock.h"
#include "config.h"
#include "http/client.h"
#include "provider/paypal/normalise.h"
#include "provider/stripe/client.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/stripe_listing.h"
#include "provider/stripe/stripe_metering.h"
#include "provider/stripe/stripe_provider.h"
#include "provider/stripe/stripe_usage_records.h"
#include "reconcile/reconciler.h"
#include "webhook/processor.h"

namespace paydesk {

// Reads a payload as the inbox has it.
inline Result<provider::Change> normalise_stored(provider::Name from, const json::value& payload) {
    return from == provider::Name::paypal ? provider::paypal::normalise(payload)
                                          : provider::stripe::normalise(payload);
}

struct ProviderParts {
    ProviderParts(asio::io_context& io, const Config& config)
        : transport(io),
          client(io, transport, clock,
                 {.secret_key = config.stripe.secret_key, .base_url = config.stripe.api_base}),
          stripe(client, clock),
          listing(client, clock),
          meters(client),
          pinned(io, transport, clock,
                 {.secret_key = config.stripe.secret_key,
                  .base_url = config.stripe.api_base,
                  .version = config.stripe.usage_api_version}),
          records(pinned, meters),
          metering(config.stripe.usage_api_version.empty()
                       ? static_cast<provider::Metering&>(meters)
                       : records) {}

    SystemClock clock;
    http::CurlTransport transport;
    provider::stripe::Client client;
    provider::stripe::StripeProvider stripe;
    provider::stripe::StripeListing listing;
    provider::stripe::StripeMetering meters;
    provider::stripe::Client pinned;  // where the account has a version before meters
    provider::stripe::StripeUsageRecords records;
    provider::Metering& metering;  // one of the two

    webhook::Applier applier() {
        return {.normalise = provider::stripe::normalise, .provider = &stripe};
    }
    std::map<provider::Name, webhook::Applier> appliers() {
        return {
            {provider::Name::stripe, applier()                                 },
            {provider::Name::paypal, {.normalise = provider::paypal::normalise}}
        };
    }
    // `db` and this outlive what is made of it.
    reconcile::Parts reconcile_parts(db::Database& db, std::function<void()> on_stored = {}) {
        return {.db = db,
                .clock = clock,
                .listing = listing,
                .applier = applier(),
                .envelope = webhook::stripe_envelope,
                .on_stored = std::move(on_stored),
                .metering = &metering};
    }
};

}  // namespace paydesk
