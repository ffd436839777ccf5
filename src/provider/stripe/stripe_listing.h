#pragma once
// provider::Listing over Stripe's API.

#include "base/clock.h"
#include "provider/listing.h"
#include "provider/stripe/client.h"

namespace paydesk::provider::stripe {

//   list_events    GET events; created[gte], starting_after
//   list_objects   GET customers, subscriptions (of every status), invoices (with their payments),
//                  charges, refunds, disputes, checkout/sessions, customers/:id/payment_methods
class StripeListing final : public Listing {
public:
    // `client` and `clock` outlive the listing.
    StripeListing(Client& client, const Clock& clock) : client_(client), clock_(clock) {}

    Name name() const override { return Name::stripe; }
    bool follows(std::string_view event_type) const override;
    std::chrono::days events_kept() const override { return std::chrono::days(30); }
    Task<Result<EventPage>> list_events(EventQuery query) override;
    Task<Result<ObjectPage>> list_objects(ObjectQuery query) override;

private:
    Client& client_;
    const Clock& clock_;
};

}  // namespace paydesk::provider::stripe
