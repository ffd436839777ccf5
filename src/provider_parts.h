#pragma once
// The provider and what it stands on, in the order in which they depend on each other.

#include "base/clock.h"
#include "config.h"
#include "http/client.h"
#include "provider/paypal/client.h"
#include "provider/paypal/normalise.h"
#include "provider/paypal/paypal_provider.h"
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
                       : records),
          paypal_livemode(config.paypal.livemode) {
        if (!config.paypal.is_configured()) return;
        paypal_client.emplace(
            io, transport, clock,
            provider::paypal::ClientOptions{.client_id = config.paypal.client_id,
                                            .client_secret = config.paypal.client_secret,
                                            .base_url = config.paypal.api_base});
        paypal.emplace(*paypal_client, clock,
                       provider::paypal::PayPalOptions{.livemode = config.paypal.livemode,
                                                       .return_url = config.app_url});
    }

    SystemClock clock;
    http::CurlTransport transport;
    provider::stripe::Client client;
    provider::stripe::StripeProvider stripe;
    provider::stripe::StripeListing listing;
    provider::stripe::StripeMetering meters;
    provider::stripe::Client pinned;  // where the account has a version before meters
    provider::stripe::StripeUsageRecords records;
    provider::Metering& metering;  // one of the two
    bool paypal_livemode;
    // None: not configured.
    std::optional<provider::paypal::Client> paypal_client;
    std::optional<provider::paypal::PayPalProvider> paypal;

    // All that are configured.
    std::vector<provider::Provider*> all() {
        std::vector<provider::Provider*> providers{&stripe};
        if (paypal) providers.push_back(&*paypal);
        return providers;
    }
    webhook::Applier applier() {
        return {.normalise = provider::stripe::normalise, .provider = &stripe};
    }
    std::map<provider::Name, webhook::Applier> appliers() {
        return {
            {provider::Name::stripe, applier()       },
            {provider::Name::paypal, paypal_applier()}
        };
    }
    // Without PayPal's credentials its events are stored and left, to be replayed once they are there.
    webhook::Applier paypal_applier() {
        const bool left = !paypal.has_value();
        return {.normalise =
                    [left, live = paypal_livemode](const json::value& payload) {
                        auto change = provider::paypal::normalise(payload);
                        if (change && left) change->fact = provider::Unfollowed{};
                        if (change) change->livemode = live;
                        return change;
                    },
                .provider = paypal ? &*paypal : nullptr};
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
