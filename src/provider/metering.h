#pragma once
// What we ask of a provider about usage: its own meters, and lines on its invoices for what we rate. One real
// implementation: stripe/ (PayPal has neither).
//
// Calls and refusals as in provider.h: outside any transaction, repeatable. A repeated report carries the same
// identifier and is counted once; a repeated invoice line carries the same intent.

#include <string>

#include "base/decimal.h"
#include "provider/provider.h"

namespace paydesk::provider {

struct NewMeter {
    std::string event_name;  // ours, for ever: "paydesk_api_calls"
    std::string name;
    bool counts_last = false;  // the newest value; else the sum
};

struct UsageReport {
    std::string event_name;
    Ref customer;
    Decimal quantity;
    std::string identifier;  // one report, one identifier
    Instant at;
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

    // Finds the meter of that event_name or makes it. Refuses with provider_rejected where it is there with
    // another formula: a meter's formula never changes.
    virtual Task<Result<Ref>> sync_meter(NewMeter meter) = 0;
    virtual Task<Result<void>> report_usage(UsageReport report) = 0;
    // Refuses with provider_rejected where the invoice is no longer a draft.
    virtual Task<Result<Ref>> add_invoice_item(IntentId intent, NewInvoiceItem item) = 0;
};

}  // namespace paydesk::provider
