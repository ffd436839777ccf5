// Charges: /v1/charges (made by PaymentIntents; read and described here).

#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {

void add_charge_routes(Routes& routes) {
    routes.list(
        "/v1/charges", "customer:id payment_intent:id transfer_group created:any", [](Call& call) {
            return list_page(call, "charge", "/v1/charges", [&](const Object& charge) {
                return matches(call, charge, "customer") && matches(call, charge, "payment_intent");
            });
        });
    routes.on("GET /v1/charges/{id}", "",
              [](Call& call) -> json::value { return call.target("charge"); });
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
