#include "sandbox/stripe/mandates.h"

#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

Object details_for(const Account& account, const std::string& type, const std::string& id) {
    const auto reference = account.new_id("", 12);
    const auto url = account.base_url() + "/mandates/" + id;
    Object details{
        {"type", type}
    };
    if (type == "sepa_debit") {
        details[type] = Object{
            {"reference", reference},
            {"url",       url      }
        };
    } else if (type == "bacs_debit") {
        details[type] = Object{
            {"display_name",        "Paydesk sandbox"},
            {"network_status",      "accepted"       },
            {"reference",           reference        },
            {"revocation_reason",   nullptr          },
            {"service_user_number", nullptr          },
            {"url",                 url              }
        };
    } else {
        details[type] = Object();
    }
    return details;
}

}  // namespace

const Object* mandate_of(const Account& account, const Object& method) {
    const auto* mandate = account.find("mandate", text(method, "_mandate"));
    return mandate && text(*mandate, "status") == "active" ? mandate : nullptr;
}

std::string add_mandate(Account& account, const std::string& method, const Object& acceptance) {
    Object mandate = blank("mandate");
    const auto id = account.new_id("mandate_1");
    mandate["id"] = id;
    mandate["payment_method"] = method;
    Object& accepted = mandate["customer_acceptance"].as_object();
    const bool online = acceptance.empty() || text(acceptance, "type") == "online";
    accepted["type"] = online ? "online" : "offline";
    accepted["accepted_at"] = number(acceptance, "accepted_at", account.now());
    if (online) {
        const Object& given = child(acceptance, "online");
        accepted["online"] = Object{
            {"ip_address",
             present(given,                "ip_address") ? given.at("ip_address") : json::value("127.0.0.1")},
            {"user_agent", value_of(given, "user_agent")                                                    }
        };
    } else {
        accepted["offline"] = Object();
    }
    const auto type = text(account.get("payment_method", method), "type");
    mandate["payment_method_details"] = details_for(account, type, id);
    account.add(std::move(mandate));
    account.change(method, "", [&](Object& changed) { changed["_mandate"] = id; });
    return id;
}

void revoke_mandate(Account& account, const std::string& method) {
    const auto* mandate = mandate_of(account, account.get("payment_method", method));
    if (!mandate) return;
    account.change(text(*mandate, "id"), "mandate.updated", [](Object& changed) {
        changed["status"] = "inactive";
        Object& details = changed["payment_method_details"].as_object();
        if (text(details, "type") != "bacs_debit") return;
        Object& bacs = details["bacs_debit"].as_object();
        bacs["network_status"] = "revoked";
        bacs["revocation_reason"] = "debit_not_authorized";
    });
}

void add_mandate_routes(Routes& routes) {
    routes.on("GET /v1/mandates/{id}", "",
              [](Call& call) -> json::value { return call.target("mandate", "mandate"); });
}

}  // namespace paydesk::sandbox::stripe
