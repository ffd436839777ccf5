#include "sandbox/stripe/plans.h"

#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view create_listing =
    "currency! interval!:(day|week|month|year) id:id active:b amount:i amount_decimal:d "
    "aggregate_usage<basil:(last_during_period|last_ever|max|sum) "
    "billing_scheme:(per_unit|tiered) interval_count:i metadata:m meter:id nickname product!:any "
    "tiers[]{flat_amount:i flat_amount_decimal:d unit_amount:i unit_amount_decimal:d up_to!} "
    "tiers_mode:(graduated|volume) transform_usage{divide_by!:i round!:(up|down)} "
    "trial_period_days:i usage_type:(licensed|metered)";

// `product` is an id or a new product's fields.
void copy_product(Call& call, Object& price) {
    const json::value& product = call.params.at("product");
    if (product.is_string()) {
        price["product"] = product;
        return;
    }
    static const auto fields = ParamSpec::parse(
        "name! id:id active:b metadata:m statement_descriptor tax_code unit_label");
    price["product_data"] = fields.check(product.get_object(), call.version.shape);
}

json::value create(Call& call) {
    const Object& params = call.params;
    Object recurring;
    copy_params(params, recurring,
                {"interval", "interval_count", "meter", "usage_type", "aggregate_usage",
                 "trial_period_days"});
    Object price{
        {"recurring", std::move(recurring)},
        {"id",
         present(params, "id") ? params.at("id") : json::value(call.account.new_id("plan_", 14))}
    };
    copy_params(
        params, price,
        {"currency", "active", "billing_scheme", "metadata", "nickname", "tiers", "tiers_mode"});
    const std::pair<std::string_view, std::string_view> renamed[] = {
        {"amount",          "unit_amount"        },
        {"amount_decimal",  "unit_amount_decimal"},
        {"transform_usage", "transform_quantity" },
    };
    for (const auto& [plan_name, price_name] : renamed) {
        if (present(params, plan_name)) price[price_name] = params.at(plan_name);
    }
    copy_product(call, price);
    return plan_of(add_price(call.account, price, "", call.version.shape));
}

const Object& target(const Call& call) {
    const auto& id = call.path.find("id")->second;
    const auto* price = call.account.find("price", id);
    if (!price || !present(*price, "recurring")) refuse_missing("plan", id, "plan", true);
    return *price;
}

json::value update(Call& call) {
    Account& account = call.account;
    const Object before = target(call);
    if (present(call.params, "product")) {
        account.get("product", text(call.params, "product"), "product");
    }
    const Object& after = account.change(text(before, "id"), "price.updated", [&](Object& price) {
        copy_params(call.params, price, {"active", "nickname", "product"});
        copy_params(call.params, price["recurring"].as_object(), {"trial_period_days"});
        merge_metadata(call.params, price);
    });
    emit_plan(account, "plan.updated", after, &before);
    return plan_of(after);
}

// Who subscribed to it stays; nobody else can.
json::value remove(Call& call) {
    Account& account = call.account;
    const Object price = target(call);
    emit_plan(account, "plan.deleted", price);
    account.emit("price.deleted", price);
    account.change(text(price, "id"), "", [](Object& gone) { gone["_deleted"] = true; });
    return deleted(plan_of(price));
}

json::value list(Call& call) {
    json::value page = list_page(call, "price", "/v1/plans", [&](const Object& price) {
        return present(price, "recurring") && matches(call, price, "active") &&
               matches(call, price, "product");
    });
    for (json::value& price : page.as_object()["data"].as_array()) {
        price = plan_of(price.get_object());
    }
    return page;
}

}  // namespace

Object plan_of(const Object& price) {
    Object plan = blank("plan");
    copy_params(price, plan,
                {"id", "active", "billing_scheme", "created", "currency", "livemode", "metadata",
                 "nickname", "product", "tiers_mode", "_aggregate_usage"});
    copy_params(child(price, "recurring"), plan,
                {"interval", "interval_count", "meter", "trial_period_days", "usage_type"});
    plan["amount"] = value_of(price, "unit_amount");
    plan["amount_decimal"] = value_of(price, "unit_amount_decimal");
    plan["transform_usage"] = value_of(price, "transform_quantity");
    return plan;
}

void emit_plan(Account& account, std::string_view event, const Object& price,
               const Object* before) {
    if (!present(price, "recurring")) return;
    if (!before) {
        account.emit(event, plan_of(price));
        return;
    }
    const Object plan_before = plan_of(*before);
    account.emit(event, plan_of(price), &plan_before);
}

void add_plan_routes(Routes& routes) {
    routes.on("POST /v1/plans", create_listing, create);
    routes.list("/v1/plans", "active:b product:id created:any", list);
    routes.on("GET /v1/plans/{id}", "",
              [](Call& call) -> json::value { return plan_of(target(call)); });
    routes.on("POST /v1/plans/{id}", "active:b metadata:m nickname product:id trial_period_days:i",
              update);
    routes.on("DELETE /v1/plans/{id}", "", remove);
}

}  // namespace paydesk::sandbox::stripe
