// Invoice items: /v1/invoiceitems.

#include "sandbox/stripe/invoice_editing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

// Which invoice or subscription waits for the item: the call's `invoice` and `subscription`.
void assign(Call& call, Object& item) {
    Account& account = call.account;
    const auto customer = text(item, "customer");
    const auto invoice = text(call.params, "invoice");
    if (!invoice.empty()) {
        const Object& draft = draft_invoice(account, invoice, "invoice");
        if (text(draft, "customer") != customer) {
            refuse("", "The invoice " + invoice + " belongs to another customer.", "invoice");
        }
        item["invoice"] = invoice;
        item["currency"] = draft.at("currency");
    }
    const auto subscription = text(call.params, "subscription");
    if (subscription.empty()) return;
    const Object& owner = account.get("subscription", subscription, "subscription");
    if (text(owner, "customer") != customer) {
        refuse("", "The subscription " + subscription + " belongs to another customer.",
               "subscription");
    }
    item["currency"] = owner.at("currency");
    item["parent"] = Object{
        {"subscription_details",
         Object{{"subscription", subscription}, {"subscription_item", nullptr}}},
        {"type",                 "subscription_details"                        }
    };
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto customer = text(call.params, "customer");
    account.get("customer", customer, "customer");
    Object item = blank("invoiceitem");
    item["id"] = account.new_id("ii_1");
    item["customer"] = customer;
    item["date"] = account.now();
    item["currency"] = nullptr;
    item["amount"] = nullptr;
    item["period"] = Object{
        {"start", account.now()},
        {"end",   account.now()}
    };
    assign(call, item);
    fill_item(account, call.params, item, "");
    if (!present(item, "amount")) refuse_missing_param("amount");
    const Object added = account.add(std::move(item));
    account.emit("invoiceitem.created", added);
    account.change(customer, "customer.updated", [&](Object& owner) {
        if (!present(owner, "currency")) owner["currency"] = added.at("currency");
    });
    if (present(added, "invoice")) {
        add_line(account, text(added, "invoice"), line_of_item(added));
    }
    return account.get("invoiceitem", text(added, "id"));
}

// One that waits, or is on a draft.
const Object& editable(const Call& call) {
    const Object& item = call.target("invoiceitem");
    if (present(item, "invoice")) draft_invoice(call.account, text(item, "invoice"), "invoiceitem");
    return item;
}

json::value update(Call& call) {
    Account& account = call.account;
    Object changed = editable(call);
    const auto id = text(changed, "id");
    fill_item(account, call.params, changed, "");
    account.change(id, "", [&](Object& item) { item = changed; });
    if (present(changed, "invoice")) {
        const auto invoice = text(changed, "invoice");
        const auto line = line_from_item(account.get("invoice", invoice), id);
        if (!line.empty()) replace_line(account, invoice, line, line_of_item(changed));
    }
    return account.get("invoiceitem", id);
}

json::value remove(Call& call) {
    Account& account = call.account;
    const Object item = editable(call);
    const auto id = text(item, "id");
    if (present(item, "invoice")) {
        const auto invoice = text(item, "invoice");
        const auto line = line_from_item(account.get("invoice", invoice), id);
        if (!line.empty()) remove_line(account, invoice, line);
    }
    account.emit("invoiceitem.deleted", item);
    return deleted(account.change(id, "", [](Object& gone) { gone["_deleted"] = true; }));
}

}  // namespace

void add_invoice_item_routes(Routes& routes) {
    const std::string fields(item_listing);
    routes.on("POST /v1/invoiceitems", fields + "customer!:id invoice:id subscription:id", create);
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
    routes.on("POST /v1/invoiceitems/{id}", fields, update);
    routes.on("DELETE /v1/invoiceitems/{id}", "", remove);
}

}  // namespace paydesk::sandbox::stripe
