#pragma once
// What we ask of a provider about usage: its own meters, and lines on its invoices for what we rate. One real
// implementation: stripe/ (PayPal has neither).
//
// Calls and refusals as in provider.h: outside any transaction, repeatable. A repeated report carries the same
// identifier and is counted once; a repeated invoice line carries the same intent.

#include <optional>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "provider/provider.h"

namespace paydesk::provider {

struct NewMeter {
    std::string event_name;  // ours, for ever: "paydesk_api_calls"
    std::string name;
    bool counts_last = false;  // the newest value; else the sum
};

// Amounts are minor units, with decimals.
struct UsageTier {
    std::optional<std::int64_t> up_to = {};  // whole units; the last tier has none
    Decimal unit_price = {};
    Decimal flat = {};  // once, when the tier is reached; the first always is

    friend bool operator==(const UsageTier&, const UsageTier&) = default;
};

// What a meter's units cost on one plan and billing cycle; found again by lookup_key.
struct NewUsagePrice {
    std::string lookup_key;  // "pro_monthly.api_calls"
    Currency currency;
    std::string interval;  // "month", "year"
    bool is_volume =
        false;  // all units at the price of the tier that they reach; else each at its own tier's
    std::vector<UsageTier> tiers;
};

struct SyncedMeter {
    Ref meter;
    std::vector<SyncedPrice> prices;
};

struct UsageReport {
    std::string event_name;
    Ref customer;
    Decimal quantity;
    std::string identifier;  // one report, one identifier
    Instant at;
    // Where there are no meters: all of the hour as of this report, and the item that is charged for it.
    Decimal level = {};
    std::optional<Ref> item = {};
};

struct NewInvoiceItem {
    Ref customer, invoice;
    Money amount;
    std::string description;
    Instant period_start, period_end;
};

class Metering {
public:
    virtual ~Metering() = default;
    virtual Name name() const = 0;
    // Without meters usage is reported as records of a subscription's item: there is no meter and no price to make, a
    // report says all of its hour, and may say it again while the hour is under way.
    virtual bool has_meters() const = 0;

    // Finds the meter of that event_name or makes it, and the prices of its units: one that costs something else is
    // replaced, as sync_product() does. Refuses with provider_rejected where the meter is there with another formula:
    // that never changes.
    virtual Task<Result<SyncedMeter>> sync_meter(NewMeter meter,
                                                 std::vector<NewUsagePrice> prices) = 0;
    // The same without doing it.
    virtual Task<Result<CatalogDifference>> compare_meter(NewMeter meter,
                                                          std::vector<NewUsagePrice> prices) = 0;
    virtual Task<Result<void>> report_usage(UsageReport report) = 0;
    // What a meter has counted of a customer from `from` until `until`: the sum, or the last value. The provider's
    // own precision may be less than ours. REQUIRES: whole minutes. Refuses with not_found.
    virtual Task<Result<Decimal>> counted(Ref meter, Ref customer, Instant from, Instant until) = 0;
    // Refuses with provider_rejected where the invoice is no longer a draft.
    virtual Task<Result<Ref>> add_invoice_item(IntentId intent, NewInvoiceItem item) = 0;
};

}  // namespace paydesk::provider
