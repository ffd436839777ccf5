// The catalogue at Stripe: products by an id that we choose, prices by their lookup_key.
//
// A sync carries no intent, because it looks before it creates. Its POSTs still need a key, for
// their own retries; it is random, since under a fixed one Stripe would replay the answer of an earlier
// sync instead of changing a name back.

#include "base/ids.h"
#include "provider/stripe/amount.h"
#include "provider/stripe/reading.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view products_path = "/v1/products";
constexpr std::string_view prices_path = "/v1/prices";

IntentId one_call() { return {"catalog:" + random_hex(16)}; }

Ref product_ref(const CatalogProduct& product) { return {"paydesk_" + product.key}; }

bool is_in_sync(const json::value& existing, const CatalogProduct& product) {
    return text_at(existing, {"name"}) == product.name &&
           text_at(existing, {"description"}).value_or("") == product.description &&
           text_at(existing, {"metadata", "plan_key"}) == product.key &&
           bool_at(existing, {"active"}).value_or(false);
}

bool costs_the_same(const json::value& existing, const Ref& product, const CatalogPrice& price,
                    std::int64_t unit_amount) {
    const bool same_interval = text_at(existing, {"recurring", "interval"}) == price.interval &&
                               int_at(existing, {"recurring", "interval_count"}).value_or(1) == 1;
    return ref_at(existing, {"product"}) == product && same_interval &&
           text_at(existing, {"currency"}) == price.amount.currency().lower_code() &&
           int_at(existing, {"unit_amount"}) == unit_amount;
}

// What a price costs at Stripe now, for people.
std::string was_price(const json::value& existing) {
    AmountReader amounts(existing);
    const Money amount = amounts.read("unit_amount");
    return amounts.error() ? "another kind of price" : amount.format();
}

}  // namespace

Task<Result<std::vector<SyncedPrice>>> StripeProvider::sync_product(
    CatalogProduct product, std::vector<CatalogPrice> prices) {
    const auto synced_product = co_await sync_product_itself(product);
    if (!synced_product) co_return synced_product.error();

    std::vector<SyncedPrice> synced;
    for (const CatalogPrice& price : prices) {
        const auto synced_price = co_await sync_price(*synced_product, price);
        if (!synced_price) co_return synced_price.error();
        synced.push_back({price.lookup_key, *synced_product, *synced_price});
    }
    co_return synced;
}

Task<Result<Ref>> StripeProvider::sync_product_itself(CatalogProduct product) {
    const Ref ref = product_ref(product);
    const Answer existing = co_await client_.get(path_of(products_path, ref));
    if (!existing && existing.error().http_status != 404) co_return to_refusal(existing.error());
    if (!existing || bool_at(*existing, {"deleted"}).value_or(false)) {
        co_return co_await create_product(product);
    }
    if (is_in_sync(*existing, product)) co_return ref;

    Form form;
    form.set("name", product.name)
        .set("description", product.description)
        .set("active", true)
        .set("metadata[plan_key]", product.key);
    const Answer updated = co_await client_.post(path_of(products_path, ref), form, one_call());
    if (!updated) co_return to_refusal(updated.error());
    co_return ref;
}

Task<Result<Ref>> StripeProvider::create_product(CatalogProduct product) {
    const Ref ref = product_ref(product);
    Form form;
    form.set("id", ref.value).set("name", product.name);
    if (!product.description.empty()) form.set("description", product.description);
    form.set("metadata[plan_key]", product.key);
    const Answer created = co_await client_.post(std::string(products_path), form, one_call());
    // Another process that syncs the same catalogue was faster.
    if (!created && created.error().code != "resource_already_exists") {
        co_return to_refusal(created.error());
    }
    co_return ref;
}

Task<Answer> StripeProvider::find_price(std::string lookup_key) {
    Form query;
    query.set("lookup_keys[0]", lookup_key).set("limit", 1);
    co_return co_await client_.get(std::string(prices_path), query);
}

// Subscriptions that have it keep it; nobody new gets it.
Task<Result<void>> StripeProvider::archive_price(Ref price) {
    const std::string path = path_of(prices_path, price);
    const Answer archived = co_await client_.post(path, Form().set("active", false), one_call());
    if (!archived) co_return to_refusal(archived.error());
    co_return Result<void>{};
}

Task<Result<Ref>> StripeProvider::sync_price(Ref product, CatalogPrice price) {
    const auto unit_amount = to_stripe(price.amount);
    if (!unit_amount) co_return unit_amount.error();

    const Answer found = co_await find_price(price.lookup_key);
    if (!found) co_return to_refusal(found.error());
    const json::array& list = list_at(*found, {});
    const auto existing = list.empty() ? std::nullopt : ref_at(list.front(), {"id"});

    if (existing && costs_the_same(list.front(), product, price, *unit_amount)) {
        if (bool_at(list.front(), {"active"}).value_or(false)) co_return *existing;
        const std::string path = path_of(prices_path, *existing);
        const Answer revived = co_await client_.post(path, Form().set("active", true), one_call());
        if (!revived) co_return to_refusal(revived.error());
        co_return *existing;
    }

    Form form;
    form.set("product", product.value)
        .set("currency", price.amount.currency().lower_code())
        .set("unit_amount", *unit_amount)
        .set("recurring[interval]", price.interval)
        .set("lookup_key", price.lookup_key)
        .set("transfer_lookup_key", true);
    const Answer created = co_await client_.post(std::string(prices_path), form, one_call());
    if (!created) co_return to_refusal(created.error());
    const auto ref = ref_at(*created, {"id"});
    if (!ref) {
        co_return Error{ErrorCode::provider_unavailable,
                        "Stripe's answer could not be read. Try again later.",
                        "a price without id"};
    }
    if (existing) {
        const auto archived = co_await archive_price(*existing);
        if (!archived) co_return archived.error();
    }
    co_return *ref;
}

Task<Result<CatalogDifference>> StripeProvider::compare_product(CatalogProduct product,
                                                                std::vector<CatalogPrice> prices) {
    CatalogDifference difference;
    const Ref ref = product_ref(product);
    const Answer existing = co_await client_.get(path_of(products_path, ref));
    if (!existing && existing.error().http_status != 404) co_return to_refusal(existing.error());
    if (!existing || bool_at(*existing, {"deleted"}).value_or(false)) {
        difference.changes.push_back("create product " + ref.value + " \"" + product.name + "\"");
    } else if (!is_in_sync(*existing, product)) {
        difference.changes.push_back("update name or description of product " + ref.value);
    }
    for (const CatalogPrice& price : prices) {
        const auto unit_amount = to_stripe(price.amount);
        if (!unit_amount) co_return unit_amount.error();
        const Answer found = co_await find_price(price.lookup_key);
        if (!found) co_return to_refusal(found.error());
        const json::array& list = list_at(*found, {});
        if (list.empty()) {
            difference.changes.push_back("create price " + price.lookup_key + " " +
                                         price.amount.format());
        } else if (!costs_the_same(list.front(), ref, price, *unit_amount)) {
            difference.changes.push_back("price " + price.lookup_key + ": " +
                                         was_price(list.front()) + " -> " + price.amount.format() +
                                         ": a new price; " +
                                         ref_at(list.front(), {"id"}).value_or(Ref{}).value +
                                         " is archived, who subscribes to it keeps it");
        } else if (!bool_at(list.front(), {"active"}).value_or(false)) {
            difference.changes.push_back("offer price " + price.lookup_key + " again");
        }
    }
    co_return difference;
}

}  // namespace paydesk::provider::stripe
