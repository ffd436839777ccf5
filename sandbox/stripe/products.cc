// Products: /v1/products.

#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view fields =
    "active:b description images[]:id marketing_features>=acacia[]{name!} features<acacia[]{name!} "
    "metadata:m shippable:b statement_descriptor tax_code "
    "tax_details>=endive{performance_location tax_code} unit_label url ";

void fill(const Object& params, Object& product) {
    copy_params(params, product,
                {"active", "name", "description", "images", "marketing_features", "shippable",
                 "statement_descriptor", "tax_code", "unit_label", "url"});
    if (present(params, "features")) product["marketing_features"] = params.at("features");
    if (present(params, "tax_details")) {
        Object details{
            {"performance_location", nullptr},
            {"tax_code",             nullptr}
        };
        copy_params(child(params, "tax_details"), details, {"performance_location", "tax_code"});
        product["tax_details"] = std::move(details);
    }
    merge_metadata(params, product);
}

json::value create(Call& call) {
    const auto id = text(add_product(call.account, call.params, "id"), "id");
    call.account.change(id, "", [&](Object& product) { fill(call.params, product); });
    call.account.emit("product.created", call.account.get("product", id));
    const Object& data = child(call.params, "default_price_data");
    if (data.empty()) return call.account.get("product", id);
    Object price = data;
    price["product"] = id;
    const auto price_id = text(add_price(call.account, price, "default_price_data"), "id");
    return call.account.change(id, "product.updated",
                               [&](Object& product) { product["default_price"] = price_id; });
}

json::value update(Call& call) {
    const auto id = text(call.target("product"), "id");
    if (present(call.params, "default_price")) {
        call.account.get("price", text(call.params, "default_price"), "default_price");
    }
    return call.account.change(id, "product.updated", [&](Object& product) {
        fill(call.params, product);
        copy_params(call.params, product, {"default_price"});
        product["updated"] = call.account.now();
    });
}

json::value remove(Call& call) {
    const auto id = text(call.target("product"), "id");
    for (const auto& price : call.account.store().ids("price")) {
        const auto* kept = call.account.find("price", price);
        if (!kept || text(*kept, "product") != id) continue;
        refuse("",
               "This product cannot be deleted because it has one or more user-created prices.");
    }
    call.account.emit("product.deleted", call.account.get("product", id));
    return deleted(
        call.account.change(id, "", [](Object& product) { product["_deleted"] = true; }));
}

}  // namespace

void add_product_routes(Routes& routes) {
    const std::string common(fields);
    routes.on("POST /v1/products",
              common +
                  "name! id:id type:(service|good) default_price_data{currency! unit_amount:i "
                  "unit_amount_decimal:d "
                  "currency_options{*?{tax_behavior:(exclusive|inclusive|unspecified) "
                  "unit_amount:i unit_amount_decimal:d}} recurring{interval!:(day|week|month|year) "
                  "interval_count:i} tax_behavior metadata:m}",
              create);
    routes.list("/v1/products", "active:b ids[]:id url type created:any", [](Call& call) {
        return list_page(call, "product", "/v1/products", [&](const Object& product) {
            const auto& ids = children(call.params, "ids");
            const bool listed =
                ids.empty() || std::ranges::find(ids, product.at("id")) != ids.end();
            return listed && matches(call, product, "active") && matches(call, product, "url");
        });
    });
    routes.on("GET /v1/products/{id}", "",
              [](Call& call) -> json::value { return call.target("product"); });
    routes.on("POST /v1/products/{id}", common + "name:id default_price", update);
    routes.on("DELETE /v1/products/{id}", "", remove);
}

}  // namespace paydesk::sandbox::stripe
