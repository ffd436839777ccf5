#pragma once
// The provider and what it stands on, in the order in which they depend on each other.

#include "base/clock.h"
#include "config.h"
#include "http/client.h"
#include "provider/stripe/client.h"
#include "provider/stripe/stripe_metering.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk {

struct ProviderParts {
    ProviderParts(asio::io_context& io, const Config& config)
        : transport(io),
          client(io, transport, clock,
                 {.secret_key = config.stripe.secret_key, .base_url = config.stripe.api_base}),
          stripe(client, clock),
          metering(client) {}

    SystemClock clock;
    http::CurlTransport transport;
    provider::stripe::Client client;
    provider::stripe::StripeProvider stripe;
    provider::stripe::StripeMetering metering;
};

}  // namespace paydesk
