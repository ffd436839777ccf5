#pragma once
// provider::Metering for accounts that are pinned to an API version before meters (2025-03-31.basil removed these calls).
//
//   report_usage      POST subscription_items/:id/usage_records, action=set: the hour's level at its own second, so that
//                     it counts once however often it is told, also after Stripe has forgotten the idempotency key
//   add_invoice_item  as stripe_metering.h
//
// There is no meter and no price to make: the prices are there, and newer versions refuse to sell them.

#include "provider/stripe/stripe_metering.h"

namespace paydesk::provider::stripe {

class StripeUsageRecords final : public Metering {
public:
    // `pinned` speaks the old version. Both outlive it.
    StripeUsageRecords(Client& pinned, StripeMetering& newest) : pinned_(pinned), newest_(newest) {}

    Name name() const override { return Name::stripe; }
    bool has_meters() const override { return false; }
    Task<Result<SyncedMeter>> sync_meter(NewMeter meter,
                                         std::vector<NewUsagePrice> prices) override;
    Task<Result<CatalogDifference>> compare_meter(NewMeter meter,
                                                  std::vector<NewUsagePrice> prices) override;
    // Refuses with provider_rejected also what has no item, and levels that are not whole or below zero.
    Task<Result<void>> report_usage(UsageReport report) override;
    // Refuses with not_found: records are not read back.
    Task<Result<Decimal>> counted(Ref meter, Ref customer, Instant from, Instant until) override;
    Task<Result<Ref>> add_invoice_item(IntentId intent, NewInvoiceItem item) override;

private:
    Client& pinned_;
    StripeMetering& newest_;
};

}  // namespace paydesk::provider::stripe
