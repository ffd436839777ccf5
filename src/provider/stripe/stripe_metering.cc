#include "provider/stripe/stripe_metering.h"

#include <algorithm>

#include "base/ids.h"
#include "provider/stripe/amount.h"
#include "provider/stripe/reading.h"
#include "provider/stripe/stripe_metered_prices.h"

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

// A JSON number as it is written, "120.4" or "1.204E2": without arithmetic on binary fractions. What is beyond twelve
// decimals is cut.
std::optional<Decimal> decimal_of(const json::value& value) {
    if (!value.is_number()) return std::nullopt;
    const std::string text = json::serialize(value);
    const std::size_t mark = text.find_first_of("eE");
    std::string digits = text.substr(0, mark);
    const bool negative = digits.starts_with('-');
    if (negative) digits.erase(0, 1);
    const std::size_t dot = digits.find('.');
    auto point = static_cast<std::int64_t>(std::min(dot, digits.size()));
    if (dot != digits.npos) digits.erase(dot, 1);
    if (mark != text.npos) point += std::stoll(text.substr(mark + 1));
    if (point < -400 || point > 400) return std::nullopt;
    if (point < 1) digits.insert(0, static_cast<std::size_t>(1 - point), '0');
    const auto whole = static_cast<std::size_t>(std::max<std::int64_t>(point, 1));
    if (digits.size() < whole) digits.resize(whole, '0');
    std::string decimal = (negative ? "-" : "") + digits.substr(0, whole);
    if (digits.size() > whole) decimal += "." + digits.substr(whole, Decimal::scale);
    const auto parsed = Decimal::parse(decimal);
    if (!parsed) return std::nullopt;
    return *parsed;
}

}  // namespace

Task<Answer> StripeMetering::find_meter(std::string event_name) {
    std::optional<std::string> after;
    for (int page = 0; page < meters_pages_max; ++page) {
        Form query;
        query.set("limit", 100).set("status", "active").set("starting_after", after);
        const Answer list = co_await client_.get(std::string(meters_path), query);
        if (!list) co_return list;
        const json::array data = list_at(*list, {});
        for (const json::value& existing : data) {
            if (text_at(existing, {"event_name"}) == event_name) co_return existing;
        }
        if (data.empty() || !bool_at(*list, {"has_more"}).value_or(false)) break;
        after = text_at(data.back(), {"id"});
    }
    co_return json::value{};
}

Task<Result<Ref>> StripeMetering::ensure_meter(NewMeter meter) {
    const Answer existing = co_await find_meter(meter.event_name);
    if (!existing) co_return to_refusal(existing.error());
    if (!existing->is_null()) co_return co_await keep_name(*existing, std::move(meter));
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

Task<Result<SyncedMeter>> StripeMetering::sync_meter(NewMeter meter,
                                                     std::vector<NewUsagePrice> prices) {
    const auto ref = co_await ensure_meter(meter);
    if (!ref) co_return ref.error();
    SyncedMeter synced{.meter = *ref, .prices = {}};
    if (prices.empty()) co_return synced;
    auto made = co_await sync_metered_prices(client_, std::move(meter), *ref, std::move(prices));
    if (!made) co_return made.error();
    synced.prices = std::move(*made);
    co_return synced;
}

Task<Result<CatalogDifference>> StripeMetering::compare_meter(NewMeter meter,
                                                              std::vector<NewUsagePrice> prices) {
    const Answer existing = co_await find_meter(meter.event_name);
    if (!existing) co_return to_refusal(existing.error());
    CatalogDifference difference;
    std::optional<Ref> ref;
    if (existing->is_null()) {
        difference.changes.push_back("create meter " + meter.event_name);
    } else {
        ref = ref_at(*existing, {"id"});
        if (!ref) co_return answer_is_strange("a meter without an id");
        if (text_at(*existing, {"display_name"}) != meter.name)
            difference.changes.push_back("rename meter " + meter.event_name);
    }
    if (prices.empty()) co_return difference;
    auto of_prices =
        co_await compare_metered_prices(client_, std::move(meter), ref, std::move(prices));
    if (!of_prices) co_return of_prices.error();
    for (auto& change : of_prices->changes) difference.changes.push_back(std::move(change));
    co_return difference;
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
    const Answer changed = co_await client_.post(
        path_of(meters_path, *id), Form().set("display_name", meter.name), one_call());
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

Task<Result<Decimal>> StripeMetering::counted(Ref meter, Ref customer, Instant from,
                                              Instant until) {
    Form query;
    query.set("customer", customer.value)
        .set("start_time", to_unix(from))
        .set("end_time", to_unix(until));
    const Answer answer =
        co_await client_.get(path_of(meters_path, meter) + "/event_summaries", query);
    if (!answer) co_return to_refusal(answer.error());
    const json::array& summaries = list_at(*answer, {});
    if (summaries.empty()) co_return Decimal();
    const json::value* value = at_path(summaries.front(), {"aggregated_value"});
    const auto counted = value == nullptr ? std::nullopt : decimal_of(*value);
    if (!counted) co_return answer_is_strange("an event summary without a value");
    co_return *counted;
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
