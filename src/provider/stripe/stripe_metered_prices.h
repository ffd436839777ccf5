#pragma once
// The prices of a meter's units at Stripe: metered prices of one product for each meter, named as invoices name it,
// found by their lookup_key.
//
// What a price costs is remembered as a digest in its metadata (`paydesk_terms`): Stripe never changes a price's
// amounts, and tiers are not in its answers unless they are asked for.

#include "provider/metering.h"
#include "provider/stripe/client.h"

namespace paydesk::provider::stripe {

// As Metering::sync_meter() and compare_meter() say. `ref`: the meter; none where it is not there yet.
Task<Result<std::vector<SyncedPrice>>> sync_metered_prices(Client& client, NewMeter meter, Ref ref,
                                                           std::vector<NewUsagePrice> prices);
Task<Result<CatalogDifference>> compare_metered_prices(Client& client, NewMeter meter,
                                                       std::optional<Ref> ref,
                                                       std::vector<NewUsagePrice> prices);

}  // namespace paydesk::provider::stripe
