// Invoice items: /v1/invoiceitems.

#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

json::value create(Call& call) {
    Account& account = call.account;
    const auto customer = text(call.params, "customer");
    account.get("customer", customer, "customer");
    Object item = blank("invoiceitem");
    item["id"] = account.new_id("ii_1");
    item["customer"] = customer;
    item["date"] = account.now();
    item["period"] = Object{
        {"start", account.now()},
        {"end",   account.now()}
    };
    item["description"] = value_of(call.params, "description");
    const auto quantity = number(call.params, "quantity", 1);
    item["quantity"] = quantity;
    item["quantity_decimal"] = std::to_string(quantity);
    const auto named = present(call.params, "price") ? text(call.params, "price")
                                                     : text(child(call.params, "pricing"), "price");
    if (!named.empty()) {
        const Object& price = account.get("price", named, "pricing[price]");
        if (present(price, "recurring")) {
            refuse("",
                   "The price specified is set to `type=recurring` but this field only accepts "
                   "prices with `type=one_time`.",
                   "pricing[price]");
        }
        item["amount"] = amount_of(price, quantity);
        item["currency"] = price.at("currency");
        item["pricing"] = Object{
            {"price_details", Object{{"price", price.at("id")}, {"product", price.at("product")}}},
            {"type", "price_details"},
            {"unit_amount_decimal", value_of(price, "unit_amount_decimal")}
        };
        item["_price"] = price;
    } else {
        if (!present(call.params, "amount")) refuse_missing_param("amount");
        item["amount"] = call.params.at("amount");
        item["currency"] = present(call.params, "currency") ? call.params.at("currency") : "usd";
    }
    item["net_amount"] = item.at("amount");
    merge_metadata(call.params, item);
    const Object& added = account.add(std::move(item));
    account.emit("invoiceitem.created", added);
    return added;
}

}  // namespace

void add_invoice_item_routes(Routes& routes) {
    routes.on("POST /v1/invoiceitems",
              "customer!:id amount:i currency description quantity:i metadata:m price<basil:id "
              "pricing>=basil{price:id} invoice:no subscription:no price_data:no discounts:no "
              "period:any discountable:b unit_amount:no unit_amount_decimal:no tax_rates:no",
              create);
    routes.list("/v1/invoiceitems", "customer:id invoice:id pending:b created:any", [](Call& call) {
        return list_page(call, "invoiceitem", "/v1/invoiceitems", [&](const Object& item) {
            if (present(call.params, "pending") &&
                flag(call.params, "pending") == present(item, "invoice")) {
                return false;
            }
            return matches(call, item, "customer") && matches(call, item, "invoice");
        });
    });
    routes.on("GET /v1/invoiceitems/{id}", "",
              [](Call& call) -> json::value { return call.target("invoiceitem"); });
    routes.on("DELETE /v1/invoiceitems/{id}", "", [](Call& call) -> json::value {
        const Object& item = call.target("invoiceitem");
        if (present(item, "invoice")) {
            refuse("invoice_not_editable",
                   "An invoice item of a finalized invoice can't be deleted.");
        }
        call.account.emit("invoiceitem.deleted", item);
        return deleted(call.account.change(text(item, "id"), "",
                                           [](Object& gone) { gone["_deleted"] = true; }));
    });
}

}  // namespace paydesk::sandbox::stripe
