// Lines of draft invoices: /v1/invoices/{id}/lines, add_lines, update_lines, remove_lines.

#include "sandbox/stripe/invoice_editing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string at(std::size_t i) { return "lines[" + std::to_string(i) + "]"; }

// A line as the item that it could have come from: what fill_item() works on.
Object item_of(const Object& line) {
    Object item = blank("invoiceitem");
    copy_params(line, item,
                {"amount", "currency", "description", "discountable", "metadata", "period",
                 "pricing", "quantity", "quantity_decimal", "_price", "_usage"});
    item["tax_rates"] = children(line, "_tax_rates");
    const Object& parent = child(line, "parent");
    const bool own = text(parent, "type") == "invoice_item_details";
    const Object& details =
        child(parent, own ? "invoice_item_details" : "subscription_item_details");
    item["id"] = text(details, "invoice_item");
    item["proration"] = flag(details, "proration");
    item["parent"] = Object{
        {"subscription_details",
         Object{{"subscription", value_of(details, "subscription")},
                {"subscription_item", value_of(details, "subscription_item")}}},
        {"type",                 "subscription_details"                       }
    };
    return item;
}

void add_one(Call& call, const std::string& invoice, const Object& wanted,
             const std::string& path) {
    Account& account = call.account;
    const Object& draft = account.get("invoice", invoice);
    const auto waiting = text(wanted, "invoice_item");
    if (!waiting.empty()) {
        const Object& item = account.get("invoiceitem", waiting, path + "[invoice_item]");
        if (present(item, "invoice") || text(item, "customer") != text(draft, "customer")) {
            refuse("", "This invoice item does not wait for an invoice of this customer.",
                   path + "[invoice_item]");
        }
        const Object taken =
            account.change(waiting, "", [&](Object& changed) { changed["invoice"] = invoice; });
        add_line(account, invoice, line_of_item(taken));
        return;
    }
    Object item = blank("invoiceitem");
    item["id"] = account.new_id("ii_1");
    item["amount"] = nullptr;
    item["currency"] = draft.at("currency");
    item["customer"] = draft.at("customer");
    item["date"] = account.now();
    item["invoice"] = invoice;
    item["period"] = Object{
        {"start", account.now()},
        {"end",   account.now()}
    };
    fill_item(account, wanted, item, path);
    if (!present(item, "amount")) refuse_missing_param(path + "[amount]");
    const Object added = account.add(std::move(item));
    account.emit("invoiceitem.created", added);
    add_line(account, invoice, line_of_item(added));
}

const Object& line_named(const Object& invoice, const std::string& id, std::string_view param,
                         bool in_path) {
    for (const json::value& value : children(child(invoice, "lines"), "data")) {
        if (text(value.get_object(), "id") == id) return value.get_object();
    }
    refuse_missing("line_item", id, param, in_path);
}

void update_one(Call& call, const std::string& invoice, const std::string& id, const Object& wanted,
                const std::string& path) {
    Account& account = call.account;
    const Object& line = line_named(account.get("invoice", invoice), id,
                                    path.empty() ? "line_item_id" : path + "[id]", path.empty());
    if (line.contains("_counts_until")) {
        refuse(
            "invoice_not_editable",
            "This line counts metered usage until the invoice is finalized: it can't be changed.",
            path.empty() ? "line_item_id" : path + "[id]");
    }
    Object item = item_of(line);
    fill_item(account, wanted, item, path);
    replace_line(account, invoice, id, line_of_item(item));
    const auto behind = text(item, "id");
    if (!account.find("invoiceitem", behind)) return;
    account.change(behind, "", [&](Object& changed) {
        copy_params(item, changed,
                    {"amount", "net_amount", "description", "discountable", "metadata", "period",
                     "pricing", "quantity", "quantity_decimal", "tax_rates", "_price"});
    });
}

void remove_one(Call& call, const std::string& invoice, const Object& wanted,
                const std::string& path) {
    Account& account = call.account;
    const auto id = text(wanted, "id");
    const Object item =
        item_of(line_named(account.get("invoice", invoice), id, path + "[id]", false));
    remove_line(account, invoice, id);
    const auto* behind = account.find("invoiceitem", text(item, "id"));
    if (!behind) return;
    const auto item_id = text(*behind, "id");
    if (text(wanted, "behavior") == "unassign") {
        account.change(item_id, "", [](Object& changed) { changed["invoice"] = nullptr; });
        return;
    }
    account.emit("invoiceitem.deleted", *behind);
    account.change(item_id, "", [](Object& gone) { gone["_deleted"] = true; });
}

using Change = void (*)(Call&, const std::string& invoice, const Object& wanted,
                        const std::string& path);

Action each_line(Change change) {
    return [change](Call& call) -> json::value {
        const auto id = text(call.target("invoice"), "id");
        draft_invoice(call.account, id, "invoice");
        const auto& lines = children(call.params, "lines");
        if (lines.empty()) refuse_missing_param("lines");
        for (std::size_t i = 0; i < lines.size(); ++i) {
            change(call, id, lines[i].get_object(), at(i));
        }
        call.account.change(id, "invoice.updated", [&](Object& invoice) {
            merge_metadata(call.params, invoice, "invoice_metadata");
        });
        return call.account.get("invoice", id);
    };
}

json::value update_line(Call& call) {
    const auto id = text(call.target("invoice"), "id");
    draft_invoice(call.account, id, "invoice");
    const auto line = call.path.at("line");
    update_one(call, id, line, call.params, "");
    return line_named(call.account.get("invoice", id), line, "line_item_id", true);
}

}  // namespace

void add_invoice_line_routes(Routes& routes) {
    const std::string fields(item_listing);
    routes.list("/v1/invoices/{id}/lines", "", [](Call& call) {
        const Object& invoice = call.target("invoice");
        return page_of(call, children(child(invoice, "lines"), "data"),
                       "/v1/invoices/" + text(invoice, "id") + "/lines");
    });
    routes.on("POST /v1/invoices/{id}/lines/{line}", fields, update_line);
    routes.on("POST /v1/invoices/{id}/add_lines",
              "invoice_metadata:m lines[]!{" + fields + "invoice_item:id}", each_line(add_one));
    routes.on("POST /v1/invoices/{id}/update_lines",
              "invoice_metadata:m lines[]!{" + fields + "id!:id}",
              each_line([](Call& call, const std::string& invoice, const Object& wanted,
                           const std::string& path) {
                  update_one(call, invoice, text(wanted, "id"), wanted, path);
              }));
    routes.on("POST /v1/invoices/{id}/remove_lines",
              "invoice_metadata:m lines[]!{behavior!:(delete|unassign) id!:id}",
              each_line(remove_one));
}

}  // namespace paydesk::sandbox::stripe
