#include "sandbox/stripe/tax_ids.h"

#include <cctype>

#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

// "DE" of "DE123456789"; "GB" of gb_vat; null when neither says it.
json::value country_of(const std::string& type, const std::string& value) {
    const auto upper = [](std::string given) {
        for (char& c : given) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        return given;
    };
    if (type == "eu_vat") return text_or_null(upper(std::string(shortened(value, 2))));
    const auto line = type.find('_');
    if (line != 2) return nullptr;
    return json::value(upper(type.substr(0, 2)));
}

const Object& tax_id_of(const Call& call) {
    const Object& customer = call.target("customer");
    const Object& found = call.account.get("tax_id", call.path.at("tax_id"));
    if (value_of(found, "customer") != customer.at("id")) {
        refuse_missing("tax_id", text(found, "id"), "id", true);
    }
    return found;
}

}  // namespace

const Object& add_tax_id(Account& account, const std::string& customer, const std::string& type,
                         const std::string& value) {
    Object tax_id = blank("tax_id");
    const auto id = account.new_id("txi_1");
    tax_id["id"] = id;
    tax_id["customer"] = customer;
    tax_id["country"] = country_of(type, value);
    tax_id["owner"] = Object{
        {"customer",         customer  },
        {"customer_account", nullptr   },
        {"type",             "customer"}
    };
    tax_id["type"] = type;
    tax_id["value"] = value;
    tax_id["verification"] = Object{
        {"status",           "unavailable"},
        {"verified_address", nullptr      },
        {"verified_name",    nullptr      }
    };
    account.emit("customer.tax_id.created", account.add(std::move(tax_id)));
    tell_drafts(account, customer);
    return account.get("tax_id", id);
}

void add_tax_id_routes(Routes& routes) {
    routes.on("POST /v1/customers/{id}/tax_ids", "type!:id value!:id",
              [](Call& call) -> json::value {
                  return add_tax_id(call.account, text(call.target("customer"), "id"),
                                    text(call.params, "type"), text(call.params, "value"));
              });
    routes.list("/v1/customers/{id}/tax_ids", "", [](Call& call) {
        const auto id = text(call.target("customer"), "id");
        return list_page(call, "tax_id", "/v1/customers/" + id + "/tax_ids",
                         [&](const Object& tax_id) { return text(tax_id, "customer") == id; });
    });
    routes.on("GET /v1/customers/{id}/tax_ids/{tax_id}", "",
              [](Call& call) -> json::value { return tax_id_of(call); });
    routes.on("DELETE /v1/customers/{id}/tax_ids/{tax_id}", "", [](Call& call) -> json::value {
        const Object gone = tax_id_of(call);
        call.account.emit("customer.tax_id.deleted", gone);
        call.account.change(text(gone, "id"), "",
                            [](Object& changed) { changed["_deleted"] = true; });
        tell_drafts(call.account, text(gone, "customer"));
        return deleted(gone);
    });
}

}  // namespace paydesk::sandbox::stripe
