// Charges: /v1/charges (made by PaymentIntents; read, described and captured here).

#include "sandbox/stripe/charging.h"
#include "sandbox/stripe/checkout.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {
namespace {

json::value capture(Call& call) {
    Account& account = call.account;
    const Object charge = call.target("charge");
    const auto intent = text(charge, "payment_intent");
    capture_payment(account, intent, number(call.params, "amount", number(charge, "amount")));
    finish_captured_checkout(account, text(account.get("payment_intent", intent), "_session"));
    return account.change(text(charge, "id"), "", [&](Object& changed) {
        copy_params(call.params, changed,
                    {"receipt_email", "statement_descriptor", "statement_descriptor_suffix",
                     "transfer_group"});
    });
}

}  // namespace

void add_charge_routes(Routes& routes) {
    routes.list(
        "/v1/charges", "customer:id payment_intent:id transfer_group created:any", [](Call& call) {
            return list_page(call, "charge", "/v1/charges", [&](const Object& charge) {
                return matches(call, charge, "customer") && matches(call, charge, "payment_intent");
            });
        });
    routes.on("GET /v1/charges/{id}", "",
              [](Call& call) -> json::value { return call.target("charge"); });
    routes.on("POST /v1/charges/{id}/capture",
              "amount:i receipt_email statement_descriptor statement_descriptor_suffix "
              "application_fee:no application_fee_amount:no transfer_data:no transfer_group",
              capture);
    routes.on("POST /v1/charges/{id}", "description metadata:m receipt_email transfer_group",
              [](Call& call) -> json::value {
                  return call.account.change(
                      text(call.target("charge"), "id"), "charge.updated", [&](Object& charge) {
                          copy_params(call.params, charge,
                                      {"description", "receipt_email", "transfer_group"});
                          merge_metadata(call.params, charge);
                      });
              });
}

}  // namespace paydesk::sandbox::stripe
