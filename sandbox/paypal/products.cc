// Catalogue: /v1/catalogs/products.

#include "sandbox/paypal/json_patch.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {
namespace {

std::string url_of(const Account& account, const Object& product) {
    return account.url("/v1/catalogs/products/" + text(product, "id"));
}

Object shown_product(const Account& account, const Object& product) {
    Object out = shown(product);
    json::array links;
    links.push_back(link(url_of(account, product), "self", "GET"));
    links.push_back(link(url_of(account, product), "edit", "PATCH"));
    out["links"] = std::move(links);
    return out;
}

// Of what is given; a product that exists is held to the same.
void check(const Object& given) {
    optional_text(given, "description", "/description", 256);
    optional_text(given, "category", "/category", 256);
    url_at(given, "image_url", "/image_url");
    url_at(given, "home_url", "/home_url");
}

Answer create(Call& call) {
    Account& account = call.account;
    const Object& given = call.fields();
    const auto name = required_text(given, "name", "/name", 127);
    if (!present(given, "type")) refuse_missing_field("/type");
    const auto type = choice(given, "type", "/type", {"PHYSICAL", "DIGITAL", "SERVICE"}, "");
    auto id = optional_text(given, "id", "/id", 50);
    if (!id.empty() && id.size() < 6) refuse("INVALID_STRING_MIN_LENGTH", "/id");
    if (!id.empty() && account.store().find(id)) refuse("DUPLICATE_RESOURCE_IDENTIFIER", "/id");
    if (id.empty()) id = account.new_id("PROD-");
    check(given);
    Object product{
        {"id",          id                      },
        {"name",        name                    },
        {"type",        type                    },
        {"create_time", time_text(account.now())},
        {"update_time", time_text(account.now())}
    };
    for (const char* key : {"description", "category", "image_url", "home_url"}) {
        if (present(given, key)) product[key] = given.at(key);
    }
    auto all = shown_product(account, account.add(kind::product, std::move(product)));
    account.emit("CATALOG.PRODUCT.CREATED", all);
    if (call.whole) return {201, std::move(all)};
    return {
        201, Object{{"id", all.at("id")}, {"links", all.at("links")}}
    };
}

Answer list(Call& call) {
    std::vector<Object> all;
    for (const auto& id : call.account.store().ids(kind::product)) {
        const Object& product = *call.account.find(kind::product, id);
        Object element{
            {"id",          product.at("id")         },
            {"name",        product.at("name")       },
            {"create_time", product.at("create_time")}
        };
        if (present(product, "description")) element["description"] = product.at("description");
        json::array links;
        links.push_back(link(url_of(call.account, product), "self", "GET"));
        element["links"] = std::move(links);
        all.push_back(std::move(element));
    }
    return {200, page_of(call, "products", all, "/v1/catalogs/products", 20)};
}

Answer get(Call& call) {
    return {200, shown_product(call.account, call.account.get(kind::product, call.id()))};
}

constexpr Patchable patchables[] = {
    {"/description", "add replace remove"},
    {"/category",    "add replace remove"},
    {"/image_url",   "add replace remove"},
    {"/home_url",    "add replace remove"},
    {"/name",        "replace"           },
};

Answer update(Call& call) {
    Account& account = call.account;
    const auto id = text(account.get(kind::product, call.id()), "id");
    Object& product = account.edit(id);
    for (const Patch& patch : patches_of(call.body)) {
        check_patch(patch, patchables);
        apply_patch(product, patch);
    }
    check(product);
    required_text(product, "name", "/name", 127);
    product["update_time"] = time_text(account.now());
    account.emit("CATALOG.PRODUCT.UPDATED", shown_product(account, product));
    return {204, nullptr};
}

}  // namespace

void add_product_routes(Routes& routes) {
    routes.on("POST /v1/catalogs/products", create, remembers_catalog);
    routes.on("GET /v1/catalogs/products", list);
    routes.on("GET /v1/catalogs/products/{id}", get);
    routes.on("PATCH /v1/catalogs/products/{id}", update);
}

}  // namespace paydesk::sandbox::paypal
