#include "provider/stripe/stripe_metering.h"

#include "base/ids.h"
#include "provider/stripe/amount.h"
#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view meters_path = "/v1/billing/meters";
constexpr int meters_pages_max = 20;

std::string formula_of(const NewMeter& meter) { return meter.counts_last ? "last" : "sum"; }

// Repeated calls of a sync look first, as sync_product.cc says.
IntentId one_call() { return {"meter:" + random_hex(16)}; }

Error answer_is_strange(std::string what) {
    return {ErrorCode::provider_unavailable, "Stripe's answer cannot be read.", std::move(what)};
}

}  // namespace

Task<Result<Ref>> StripeMetering::sync_meter(NewMeter meter) {
    std::optional<std::string> after;
    for (int page = 0; page < meters_pages_max; ++page) {
        Form query;
        query.set("limit", 100).set("status", "active").set("starting_after", after);
        const Answer list = co_await client_.get(std::string(meters_path), query);
        if (!list) co_return to_refusal(list.error());
        const json::array data = list_at(*list, {});
        for (const json::value& existing : data) {
            if (text_at(existing, {"event_name"}) == meter.event_name)
                co_return co_await keep_name(existing, std::move(meter));
        }
        if (data.empty() || !bool_at(*list, {"has_more"}).value_or(false)) break;
        after = text_at(data.back(), {"id"});
    }
    Form form;
    form.set("display_name", meter.name)
        .set("event_name", meter.event_name)
        .set("default_aggregation[formula]", formula_of(meter))
        .set("customer_mapping[type]", "by_id")
        .set("customer_mapping[event_payload_key]", "stripe_customer_id")
        .set("value_settings[event_payload_key]", "value");
    const Answer made = co_await client_.post(std::string(meters_path), form, one_call());
    if (!made) co_return to_refusal(made.error());
    const auto id = ref_at(*made, {"id"});
    if (!id) co_return answer_is_strange("a meter without an id");
    co_return *id;
}

Task<Result<Ref>> StripeMetering::keep_name(json::value existing, NewMeter meter) {
    const auto id = ref_at(existing, {"id"});
    if (!id) co_return answer_is_strange("a meter without an id");
    if (text_at(existing, {"default_aggregation", "formula"}) != formula_of(meter)) {
        co_return Error{
            ErrorCode::provider_rejected,
            "Stripe has the meter " + meter.event_name +
                " with another formula, which never changes: give the [[meter]] another key.",
            id->value};
    }
    if (text_at(existing, {"display_name"}) == meter.name) co_return *id;
    const Answer changed =
        co_await client_.post(std::string(meters_path) + "/" + encode_path_segment(id->value),
                              Form().set("display_name", meter.name), one_call());
    if (!changed) co_return to_refusal(changed.error());
    co_return *id;
}

Task<Result<void>> StripeMetering::report_usage(UsageReport report) {
    Form form;
    form.set("event_name", report.event_name)
        .set("payload[stripe_customer_id]", report.customer.value)
        .set("payload[value]", report.quantity.to_string())
        .set("identifier", report.identifier)
        .set("timestamp", to_unix(report.at));
    const Answer sent =
        co_await client_.post("/v1/billing/meter_events", form, {"usage:" + report.identifier});
    if (sent) co_return Result<void>{};
    // Idempotency keys are forgotten after a day, identifiers are not: sent before, counted once.
    const bool is_known = sent.error().http_status == 400 &&
                          sent.error().message.find("identifier") != std::string::npos &&
                          sent.error().message.find("already") != std::string::npos;
    if (is_known) co_return Result<void>{};
    co_return to_refusal(sent.error());
}

Task<Result<Ref>> StripeMetering::add_invoice_item(IntentId intent, NewInvoiceItem item) {
    const auto amount = to_stripe(item.amount);
    if (!amount) co_return amount.error();
    Form form;
    form.set("customer", item.customer.value)
        .set("invoice", item.invoice.value)
        .set("amount", *amount)
        .set("currency", item.amount.currency().lower_code())
        .set("description", item.description)
        .set("period[start]", to_unix(item.period_start))
        .set("period[end]", to_unix(item.period_end))
        .set("metadata[paydesk_intent]", intent.value);
    const Answer made = co_await client_.post("/v1/invoiceitems", form, std::move(intent));
    if (!made) co_return to_refusal(made.error());
    const auto id = ref_at(*made, {"id"});
    if (!id) co_return answer_is_strange("an invoice item without an id");
    co_return *id;
}

}  // namespace paydesk::provider::stripe
