#include "provider/stripe/stripe_usage_records.h"

namespace paydesk::provider::stripe {
namespace {

Error cannot(std::string why) { return {ErrorCode::provider_rejected, std::move(why)}; }

}  // namespace

Task<Result<SyncedMeter>> StripeUsageRecords::sync_meter(NewMeter, std::vector<NewUsagePrice>) {
    co_return SyncedMeter{.meter = {"usage_records"}, .prices = {}};
}

Task<Result<CatalogDifference>> StripeUsageRecords::compare_meter(NewMeter,
                                                                  std::vector<NewUsagePrice>) {
    co_return CatalogDifference{};
}

Task<Result<void>> StripeUsageRecords::report_usage(UsageReport report) {
    if (!report.item) {
        co_return cannot(
            "No subscription has an item with one of the record_prices of this [[meter]].");
    }
    const std::string level = report.level.to_string();
    if (report.level.is_negative() || level.find('.') != std::string::npos)
        co_return cannot("Stripe's usage records count whole units only, none below zero.");
    Form form;
    form.set("quantity", level).set("timestamp", to_unix(report.at)).set("action", "set");
    const Answer sent =
        co_await pinned_.post(path_of("/v1/subscription_items", *report.item) + "/usage_records",
                              form, {"usage:" + report.identifier});
    if (!sent) co_return to_refusal(sent.error());
    co_return Result<void>{};
}

Task<Result<Decimal>> StripeUsageRecords::counted(Ref, Ref, Instant, Instant) {
    co_return Error{ErrorCode::not_found, "Usage records are not read back."};
}

Task<Result<Ref>> StripeUsageRecords::add_invoice_item(IntentId intent, NewInvoiceItem item) {
    co_return co_await newest_.add_invoice_item(std::move(intent), std::move(item));
}

}  // namespace paydesk::provider::stripe
