// GET /api/plans
#include "api/routes.h"
#include "base/assert.h"
#include "base/json.h"
#include "base/money.h"
#include "catalog/plan_store.h"

namespace paydesk::api {
namespace {

json::value parsed(std::string_view text) {
    auto value = parse_json(text);
    PD_ASSERT(value.has_value());  // of a jsonb column
    return std::move(*value);
}

json::value text_or_null(const db::Rows& rows, std::size_t row, std::string_view column) {
    const auto text = rows.optional_text(row, column);
    return text ? json::value(json::string(*text)) : json::value();
}

json::object price_json(const db::Rows& rows, std::size_t row) {
    const auto currency = Currency::parse(rows.text(row, "currency"));
    PD_ASSERT(currency.has_value());
    const Money amount(rows.integer(row, "unit_amount"), *currency);
    const std::string_view cycle = rows.text(row, "billing_cycle");
    json::object price{
        {"price_id", text_or_null(rows, row, "provider_price_id")},
        {"lookup_key", text_or_null(rows, row, "lookup_key")},
        {"billing_cycle", nullptr},
        {"interval", nullptr},
        {"amount", amount.minor_units()},
        {"currency", currency->lower_code()},
        {"formatted", amount.format()},
        {"monthly_amount", nullptr},
        {"saving_percent", 0}
    };
    if (cycle == "one_time") return price;
    const bool yearly = cycle == "yearly";
    price["billing_cycle"] = json::string(cycle);
    price["interval"] = yearly ? "year" : "month";
    price["monthly_amount"] = yearly ? amount.minor_units() / 12 : amount.minor_units();
    return price;
}

// Yearly against twelve months of the monthly price in the same currency, to a whole percent.
void add_savings(json::array& prices) {
    for (json::value& yearly : prices) {
        if (yearly.at("interval") != "year") continue;
        for (const json::value& monthly : prices) {
            if (monthly.at("interval") != "month" ||
                monthly.at("currency") != yearly.at("currency"))
                continue;
            const std::int64_t year = yearly.at("amount").as_int64();
            const __int128 twelve = static_cast<__int128>(monthly.at("amount").as_int64()) * 12;
            if (twelve > year) {
                yearly.as_object()["saving_percent"] =
                    static_cast<std::int64_t>(((twelve - year) * 200 + twelve) / (twelve * 2));
            }
        }
    }
}

json::object plan_json(const db::Rows& rows, std::size_t row) {
    const bool is_plan = rows.text(row, "kind") == "plan";
    const json::value key = json::string(rows.text(row, "plan_key"));
    return {
        {"id", key},
        {"key", key},
        {"kind", json::string(rows.text(row, "kind"))},
        {"family", json::string(rows.text(row, "plan_family"))},
        {"tier", json::string(rows.text(row, "tier"))},
        {"rank", rows.integer(row, "rank")},
        {"name", json::string(rows.text(row, "name"))},
        {"description", json::string(rows.text(row, "description"))},
        {"features", parsed(rows.text(row, "features"))},
        {"limits", parsed(rows.text(row, "limits"))},
        {"credits", rows.integer(row, is_plan ? "credits_per_month" : "credits")},
        {"trial_days", rows.integer(row, "trial_days")},
        {"is_free", is_plan && !rows.boolean(row, "purchasable")},
        {"purchasable", false},
        {"prices", json::array()},
    };
}

Task<http::Response> list(const Services& services) {
    const db::Rows rows =
        co_await services.db.run_as({"anon", R"({"role":"anon"})"}, catalog::plan_store::list,
                                    {db::param(provider::to_string(provider::Name::stripe))});
    json::array plans, top_ups, products;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const std::string_view kind = rows.text(row, "kind");
        json::array& list = kind == "plan" ? plans : kind == "top_up" ? top_ups : products;
        const std::string_view key = rows.text(row, "plan_key");
        if (list.empty() || list.back().at("key").as_string() != key)
            list.push_back(plan_json(rows, row));
        if (rows.is_null(row, "provider_price_id")) continue;
        list.back().as_object()["prices"].as_array().push_back(price_json(rows, row));
        list.back().as_object()["purchasable"] = rows.boolean(row, "purchasable");
    }
    for (json::array* list : {&plans, &top_ups}) {
        for (json::value& plan : *list) add_savings(plan.as_object()["prices"].as_array());
    }
    auto response = http::json_response(200, {
                                                 {"plans",    std::move(plans)   },
                                                 {"top_ups",  std::move(top_ups) },
                                                 {"products", std::move(products)}
    });
    response.headers.set("Cache-Control", "public, max-age=60");
    co_return response;
}

}  // namespace

void add_plan_routes(http::Router& router, const Services& services) {
    router.on("GET /api/plans", [&services](const http::Request&) { return list(services); });
}

}  // namespace paydesk::api
