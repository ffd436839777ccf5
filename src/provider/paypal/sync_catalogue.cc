// The catalogue at PayPal: products by an id that we choose, plans by their description, which is the lookup_key.
//
// PayPal revises a subscription only within one product, so all plans are of one.
//
// A sync carries no intent, because it looks before it creates. Its POSTs still need a key, for their own
// retries; it is random, since under a fixed one PayPal would replay the answer of an earlier sync.

#include <algorithm>

#include "base/ids.h"
#include "provider/paypal/amount.h"
#include "provider/paypal/paypal_provider.h"
#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view products_path = "/v1/catalogs/products";
constexpr std::string_view plans_path = "/v1/billing/plans";
constexpr int plans_in_page = 20;  // PayPal's largest page
constexpr int pages_max = 50;
constexpr int payment_failure_threshold = 3;
constexpr std::size_t name_bytes_max = 127, product_id_max = 50;

const Ref plans_product{"PAYDESK-PLANS"};

IntentId one_call() { return {"catalog:" + random_hex(16)}; }

// "PAYDESK-CREDITS-1000"
Ref product_of(const CatalogProduct& product) {
    std::string id = "PAYDESK-" + product.key;
    std::ranges::transform(id, id.begin(), [](char c) {
        if (c == '_') return '-';
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return {id.substr(0, product_id_max)};
}

std::string cut(std::string text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
    text.resize(bytes);
    return text;
}

// What the buyer reads at PayPal.
std::string plan_name(const CatalogProduct& product, const CatalogPrice& price) {
    return cut(product.name, name_bytes_max - 10) +
           (price.interval == "year" ? " (yearly)" : " (monthly)");
}

bool is_active(const json::value& plan) { return text_at(plan, {"status"}) == "ACTIVE"; }

// One regular cycle for ever, of this amount and interval.
bool costs_the_same(const json::value& existing, const CatalogPrice& price) {
    const auto plan = read_plan(existing);
    if (!plan || plan->cycles.size() != 1) return false;
    const BillingCycle& cycle = plan->regular();
    const Unit unit = price.interval == "year" ? Unit::year : Unit::month;
    return cycle.unit == unit && cycle.count == 1 && cycle.total == 0 &&
           cycle.price == price.amount;
}

std::string was_price(const json::value& existing) {
    const auto plan = read_plan(existing);
    if (!plan || !plan->regular().price) return "another kind of price";
    return plan->regular().price->format();
}

// The plan that is to be used, or one to be replaced: an active one of these terms, one that was retired, an
// active one of other terms.
struct Found {
    const json::value* same = nullptr;
    std::vector<const json::value*> others;  // active, of other terms
};
Found find_plan(const json::array& plans, const CatalogPrice& price) {
    Found found;
    for (const json::value& plan : plans) {
        if (text_at(plan, {"description"}) != price.lookup_key) continue;
        if (costs_the_same(plan, price)) {
            if (found.same == nullptr || (is_active(plan) && !is_active(*found.same)))
                found.same = &plan;
        } else if (is_active(plan)) {
            found.others.push_back(&plan);
        }
    }
    return found;
}

Result<json::value> new_plan(const CatalogProduct& product, const CatalogPrice& price) {
    const auto amount = paypal_money(price.amount);
    if (!amount) return amount.error();
    const json::value cycle{
        {"tenure_type",    "REGULAR"                                                            },
        {"sequence",       1                                                                    },
        {"total_cycles",   0                                                                    },
        {"frequency",
         {{"interval_unit", price.interval == "year" ? "YEAR" : "MONTH"}, {"interval_count", 1}}},
        {"pricing_scheme", {{"fixed_price", *amount}}                                           }
    };
    return json::value{
        {"product_id", plans_product.value},
        {"name", plan_name(product, price)},
        {"description", price.lookup_key},
        {"status", "ACTIVE"},
        {"billing_cycles", json::array{cycle}},
        {"payment_preferences",
         {{"auto_bill_outstanding", true},
          {"payment_failure_threshold", payment_failure_threshold}}},
        {"quantity_supported", true}
    };
}

}  // namespace

// PayPal lets nobody rename a product; what it is called matters only in PayPal's dashboard.
Task<Result<void>> PayPalProvider::ensure_product(Ref product, std::string name,
                                                  std::string description) {
    const Answer existing = co_await client_.get(path_of(products_path, product));
    if (existing) co_return Result<void>{};
    if (existing.error().http_status != 404) co_return to_refusal(existing.error());
    json::object body{
        {"id", product.value},
        {"name", cut(name, name_bytes_max)},
        {"type", "SERVICE"}
    };
    if (!description.empty()) body["description"] = cut(std::move(description), 256);
    const Answer created =
        co_await client_.post(std::string(products_path), json::value(std::move(body)), one_call());
    // Another process that syncs the same catalogue may have been faster.
    if (!created && created.error().issue != "DUPLICATE_RESOURCE_IDENTIFIER")
        co_return to_refusal(created.error());
    co_return Result<void>{};
}

Task<Result<json::array>> PayPalProvider::list_plans(Ref product) {
    json::array plans;
    for (int page = 1; page <= pages_max; ++page) {
        const Answer answer = co_await client_.get(
            std::string(plans_path) + "?product_id=" + path_segment(product.value) +
            "&page_size=" + std::to_string(plans_in_page) + "&page=" + std::to_string(page));
        if (!answer) co_return to_refusal(answer.error());
        const json::array& some = array_at(*answer, {"plans"});
        for (const json::value& plan : some) {
            const auto id = ref_at(plan, {"id"});
            if (!id) co_return unreadable("a plan without id");
            if (!array_at(plan, {"billing_cycles"}).empty()) {
                plans.push_back(plan);
                continue;
            }
            // A list may show plans in short.
            const Answer whole = co_await client_.get(path_of(plans_path, *id));
            if (!whole) co_return to_refusal(whole.error());
            plans.push_back(*whole);
        }
        if (some.size() < static_cast<std::size_t>(plans_in_page)) break;
    }
    co_return plans;
}

Task<Result<void>> PayPalProvider::retire_plan(Ref plan) {
    const Answer retired =
        co_await client_.act("POST", path_of(plans_path, plan) + "/deactivate", json::object());
    if (!retired && retired.error().http_status != 422) co_return to_refusal(retired.error());
    co_return Result<void>{};
}

Task<Result<Ref>> PayPalProvider::sync_plan(CatalogProduct product, CatalogPrice price,
                                            json::array existing) {
    const Found found = find_plan(existing, price);
    Ref plan;
    if (found.same != nullptr) {
        plan = ref_at(*found.same, {"id"}).value_or(Ref{});
        if (!is_active(*found.same)) {
            const Answer revived = co_await client_.act(
                "POST", path_of(plans_path, plan) + "/activate", json::object());
            if (!revived) co_return to_refusal(revived.error());
        }
        if (text_at(*found.same, {"name"}) != plan_name(product, price)) {
            const json::value patch = json::array{
                json::value{
                            {"op", "replace"}, {"path", "/name"}, {"value", plan_name(product, price)}}
            };
            const Answer renamed = co_await client_.act("PATCH", path_of(plans_path, plan), patch);
            if (!renamed) co_return to_refusal(renamed.error());
        }
    } else {
        const auto body = new_plan(product, price);
        if (!body) co_return body.error();
        const Answer created = co_await client_.post(std::string(plans_path), *body, one_call());
        if (!created) co_return to_refusal(created.error());
        const auto id = ref_at(*created, {"id"});
        if (!id) co_return unreadable("a plan without id");
        plan = *id;
    }
    // Who subscribes to them goes on paying what was agreed.
    for (const json::value* other : found.others) {
        const auto retired = co_await retire_plan(ref_at(*other, {"id"}).value_or(Ref{}));
        if (!retired) co_return retired.error();
    }
    co_return plan;
}

Task<Result<std::vector<SyncedPrice>>> PayPalProvider::sync_product(
    CatalogProduct product, std::vector<CatalogPrice> prices) {
    std::vector<SyncedPrice> synced;
    std::optional<json::array> plans;
    for (const CatalogPrice& price : prices) {
        if (!price.interval) {
            const auto fits = to_paypal(price.amount);
            if (!fits) co_return fits.error();
            const Ref own = product_of(product);
            const auto made = co_await ensure_product(own, product.name, product.description);
            if (!made) co_return made.error();
            synced.push_back({price.lookup_key, own, own});
            continue;
        }
        if (!plans) {
            const auto made = co_await ensure_product(plans_product, "Subscriptions", "");
            if (!made) co_return made.error();
            auto listed = co_await list_plans(plans_product);
            if (!listed) co_return listed.error();
            plans = std::move(*listed);
        }
        const auto plan = co_await sync_plan(product, price, *plans);
        if (!plan) co_return plan.error();
        synced.push_back({price.lookup_key, plans_product, *plan});
    }
    co_return synced;
}

Task<Result<CatalogDifference>> PayPalProvider::compare_product(CatalogProduct product,
                                                                std::vector<CatalogPrice> prices) {
    CatalogDifference difference;
    std::optional<json::array> plans;
    for (const CatalogPrice& price : prices) {
        const auto fits = to_paypal(price.amount);
        if (!fits) co_return fits.error();
        const Ref place = price.interval ? plans_product : product_of(product);
        if (!price.interval) {
            const Answer existing = co_await client_.get(path_of(products_path, place));
            if (!existing && existing.error().http_status != 404)
                co_return to_refusal(existing.error());
            if (!existing) difference.changes.push_back("create product " + place.value);
            continue;
        }
        if (!plans) {
            auto listed = co_await list_plans(plans_product);
            if (!listed && listed.error().code != ErrorCode::not_found) co_return listed.error();
            plans = listed ? std::move(*listed) : json::array();
        }
        const Found found = find_plan(*plans, price);
        if (found.same != nullptr) {
            if (!is_active(*found.same))
                difference.changes.push_back("offer plan " + price.lookup_key + " again");
            if (text_at(*found.same, {"name"}) != plan_name(product, price))
                difference.changes.push_back("rename plan " + price.lookup_key);
        } else if (found.others.empty()) {
            difference.changes.push_back("create plan " + price.lookup_key + " " +
                                         price.amount.format());
        }
        for (const json::value* other : found.others) {
            difference.changes.push_back("plan " + price.lookup_key + ": " + was_price(*other) +
                                         " -> " + price.amount.format() + ": " +
                                         ref_at(*other, {"id"}).value_or(Ref{}).value +
                                         " is retired, who subscribes to it keeps it");
        }
    }
    co_return difference;
}

}  // namespace paydesk::provider::paypal
