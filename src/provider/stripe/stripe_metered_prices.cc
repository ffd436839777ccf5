#include "provider/stripe/stripe_metered_prices.h"

#include "base/crypto.h"
#include "base/ids.h"
#include "provider/stripe/amount.h"
#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view prices_path = "/v1/prices";
constexpr std::string_view products_path = "/v1/products";
constexpr std::size_t digest_characters = 32;

// Repeated calls of a sync look first, as sync_product.cc says.
IntentId one_call() { return {"metered_price:" + random_hex(16)}; }

Ref product_of(const NewMeter& meter) { return {"usage_" + meter.event_name}; }

Result<void> set_amount(Form& form, std::string key, Decimal minor_units, Currency currency) {
    const auto amount = to_stripe(minor_units, currency);
    if (!amount) return amount.error();
    form.set(std::move(key), amount->to_string());
    return {};
}

Result<void> set_tiers(Form& form, const NewUsagePrice& price) {
    form.set("billing_scheme", "tiered")
        .set("tiers_mode", price.is_volume ? "volume" : "graduated");
    for (std::size_t i = 0; i < price.tiers.size(); ++i) {
        const UsageTier& tier = price.tiers[i];
        const std::string one = "tiers[" + std::to_string(i) + "]";
        form.set(one + "[up_to]", tier.up_to ? std::to_string(*tier.up_to) : "inf");
        auto set = set_amount(form, one + "[unit_amount_decimal]", tier.unit_price, price.currency);
        if (set && !tier.flat.is_zero())
            set = set_amount(form, one + "[flat_amount_decimal]", tier.flat, price.currency);
        if (!set) return set;
    }
    return {};
}

// All that a price is, but its names.
Result<Form> terms_of(const NewMeter& meter, const Ref& ref, const NewUsagePrice& price) {
    PD_ASSERT(!price.tiers.empty());
    Form form;
    form.set("product", product_of(meter).value)
        .set("currency", price.currency.lower_code())
        .set("recurring[interval]", price.interval)
        .set("recurring[usage_type]", "metered")
        .set("recurring[meter]", ref.value);
    const bool is_plain = price.tiers.size() == 1 && price.tiers.front().flat.is_zero();
    const auto set = is_plain ? set_amount(form, "unit_amount_decimal",
                                           price.tiers.front().unit_price, price.currency)
                              : set_tiers(form, price);
    if (!set) return set.error();
    return form;
}

std::string digest_of(const Form& terms) {
    return to_hex(sha256(terms.encode())).substr(0, digest_characters);
}

Task<Answer> find_price(Client& client, std::string lookup_key) {
    Form query;
    query.set("lookup_keys[0]", lookup_key).set("limit", 1);
    Answer list = co_await client.get(std::string(prices_path), query);
    if (!list) co_return list;
    const json::array& found = list_at(*list, {});
    co_return found.empty() ? json::value{} : found.front();
}

bool costs_the_same(const json::value& existing, const std::string& digest) {
    return text_at(existing, {"metadata", "paydesk_terms"}) == digest;
}

bool is_active(const json::value& existing) {
    return bool_at(existing, {"active"}).value_or(false);
}

Task<Result<void>> sync_product(Client& client, NewMeter meter) {
    const Ref ref = product_of(meter);
    const Answer existing = co_await client.get(path_of(products_path, ref));
    if (!existing && existing.error().http_status != 404) co_return to_refusal(existing.error());
    if (!existing || bool_at(*existing, {"deleted"}).value_or(false)) {
        Form form;
        form.set("id", ref.value).set("name", meter.name);
        const Answer made = co_await client.post(std::string(products_path), form, one_call());
        // Another process that syncs the same catalogue was faster.
        if (!made && made.error().code != "resource_already_exists")
            co_return to_refusal(made.error());
        co_return Result<void>{};
    }
    if (text_at(*existing, {"name"}) == meter.name && is_active(*existing))
        co_return Result<void>{};
    const Answer named =
        co_await client.post(path_of(products_path, ref),
                             Form().set("name", meter.name).set("active", true), one_call());
    if (!named) co_return to_refusal(named.error());
    co_return Result<void>{};
}

Task<Result<Ref>> set_active(Client& client, Ref price, bool active) {
    const Answer set =
        co_await client.post(path_of(prices_path, price), Form().set("active", active), one_call());
    if (!set) co_return to_refusal(set.error());
    co_return price;
}

Task<Result<Ref>> sync_price(Client& client, NewMeter meter, Ref ref, NewUsagePrice price) {
    auto form = terms_of(meter, ref, price);
    if (!form) co_return form.error();
    const std::string digest = digest_of(*form);
    const Answer existing = co_await find_price(client, price.lookup_key);
    if (!existing) co_return to_refusal(existing.error());
    const auto old = ref_at(*existing, {"id"});
    if (old && costs_the_same(*existing, digest)) {
        if (is_active(*existing)) co_return *old;
        co_return co_await set_active(client, *old, true);
    }
    form->set("lookup_key", price.lookup_key)
        .set("transfer_lookup_key", true)
        .set("metadata[paydesk_terms]", digest);
    const Answer made = co_await client.post(std::string(prices_path), *form, one_call());
    if (!made) co_return to_refusal(made.error());
    const auto id = ref_at(*made, {"id"});
    if (!id) {
        co_return Error{ErrorCode::provider_unavailable, "Stripe's answer cannot be read.",
                        "a price without an id"};
    }
    if (old) {
        const auto archived = co_await set_active(client, *old, false);
        if (!archived) co_return archived.error();
    }
    co_return *id;
}

}  // namespace

Task<Result<std::vector<SyncedPrice>>> sync_metered_prices(Client& client, NewMeter meter, Ref ref,
                                                           std::vector<NewUsagePrice> prices) {
    const auto product = co_await sync_product(client, meter);
    if (!product) co_return product.error();
    std::vector<SyncedPrice> synced;
    for (const NewUsagePrice& price : prices) {
        const auto made = co_await sync_price(client, meter, ref, price);
        if (!made) co_return made.error();
        synced.push_back({price.lookup_key, product_of(meter), *made});
    }
    co_return synced;
}

Task<Result<CatalogDifference>> compare_metered_prices(Client& client, NewMeter meter,
                                                       std::optional<Ref> ref,
                                                       std::vector<NewUsagePrice> prices) {
    CatalogDifference difference;
    for (const NewUsagePrice& price : prices) {
        const auto terms = terms_of(meter, ref.value_or(Ref{}), price);
        if (!terms) co_return terms.error();
        const Answer existing = co_await find_price(client, price.lookup_key);
        if (!existing) co_return to_refusal(existing.error());
        const auto old = ref_at(*existing, {"id"});
        if (!old) {
            difference.changes.push_back("create metered price " + price.lookup_key);
        } else if (!costs_the_same(*existing, digest_of(*terms))) {
            difference.changes.push_back("metered price " + price.lookup_key + ": a new one; " +
                                         old->value +
                                         " is archived, who subscribes to it keeps it");
        } else if (!is_active(*existing)) {
            difference.changes.push_back("offer metered price " + price.lookup_key + " again");
        }
    }
    co_return difference;
}

}  // namespace paydesk::provider::stripe
