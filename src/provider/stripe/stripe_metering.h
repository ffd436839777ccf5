#pragma once
// provider::Metering over Stripe's API.
//
//   sync_meter        GET billing/meters, POST billing/meters; a new name by POST billing/meters/:id; prices as
//                     stripe_metered_prices.h says
//   report_usage      POST billing/meter_events; our identifier makes it count once
//   counted           GET billing/meters/:id/event_summaries
//   add_invoice_item  POST invoiceitems on the draft

#include "provider/metering.h"
#include "provider/stripe/client.h"

namespace paydesk::provider::stripe {

class StripeMetering final : public Metering {
public:
    // `client` outlives it.
    explicit StripeMetering(Client& client) : client_(client) {}

    Name name() const override { return Name::stripe; }
    bool has_meters() const override { return true; }
    Task<Result<SyncedMeter>> sync_meter(NewMeter meter,
                                         std::vector<NewUsagePrice> prices) override;
    Task<Result<CatalogDifference>> compare_meter(NewMeter meter,
                                                  std::vector<NewUsagePrice> prices) override;
    Task<Result<void>> report_usage(UsageReport report) override;
    Task<Result<Decimal>> counted(Ref meter, Ref customer, Instant from, Instant until) override;
    Task<Result<Ref>> add_invoice_item(IntentId intent, NewInvoiceItem item) override;

private:
    // null: none of that event_name
    Task<Answer> find_meter(std::string event_name);
    Task<Result<Ref>> ensure_meter(NewMeter meter);
    Task<Result<Ref>> keep_name(json::value existing, NewMeter meter);

    Client& client_;
};

}  // namespace paydesk::provider::stripe
