// Invoices, their lines and payments: /v1/invoices, /v1/invoice_payments.

#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/subscription_items.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string subscription_of(const Object& invoice) {
    return text(child(child(invoice, "parent"), "subscription_details"), "subscription");
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto customer = text(call.params, "customer");
    const Object& known = account.get("customer", customer, "customer");
    const auto currency = present(call.params, "currency") ? text(call.params, "currency")
                          : present(known, "currency")     ? text(known, "currency")
                                                           : "usd";
    InvoiceDraft draft{.id = new_invoice_id(account),
                       .customer = customer,
                       .currency = currency,
                       .billing_reason = "manual",
                       .period_start = account.now(),
                       .period_end = account.now()};
    draft.fields["auto_advance"] = flag(call.params, "auto_advance", false);
    for (const auto* key :
         {"description", "collection_method", "metadata", "default_payment_method", "footer"}) {
        if (present(call.params, key)) draft.fields[key] = call.params.at(key);
    }
    if (present(call.params, "days_until_due")) {
        draft.fields["due_date"] = account.now() + number(call.params, "days_until_due") * 86400;
    }
    if (text(call.params, "pending_invoice_items_behavior") != "exclude") {
        add_pending_items(account, customer, "", draft);
    }
    add_invoice(account, draft);
    return account.get("invoice", draft.id);
}

json::value update(Call& call) {
    const auto id = text(call.target("invoice"), "id");
    return call.account.change(id, "invoice.updated", [&](Object& invoice) {
        copy_params(call.params, invoice,
                    {"auto_advance", "default_payment_method", "description", "footer"});
        merge_metadata(call.params, invoice);
    });
}

json::value finalize(Call& call) {
    const Object& invoice = call.target("invoice");
    if (text(invoice, "status") != "draft") {
        refuse("", "This invoice is already finalized, you can't re-finalize a non-draft invoice.");
    }
    const auto id = text(invoice, "id");
    finalize_invoice(call.account, id);
    return call.account.get("invoice", id);
}

json::value pay(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target("invoice"), "id");
    if (text(account.get("invoice", id), "status") == "draft") finalize_invoice(account, id);
    // Nothing was due: finalising paid it.
    if (text(account.get("invoice", id), "status") == "paid" &&
        number(account.get("invoice", id), "amount_due") == 0) {
        return account.get("invoice", id);
    }
    if (flag(call.params, "paid_out_of_band")) {
        if (text(account.get("invoice", id), "status") == "paid") {
            refuse("", "Invoice is already paid");
        }
        settle_invoice(account, id, true);
        return account.get("invoice", id);
    }
    std::string method =
        present(call.params, "payment_method")
            ? text(resolve_method(account, text(call.params, "payment_method"), "payment_method"),
                   "id")
            : method_for(account, account.get("invoice", id));
    if (method.empty()) {
        refuse("resource_missing", "Cannot charge a customer that has no active card");
    }
    const auto outcome = pay_invoice(
        account, id,
        {.payment_method = method, .off_session = flag(call.params, "off_session", true)});
    const Object& invoice = account.get("invoice", id);
    if (outcome == Outcome::declined) {
        throw refusal_of(account.get("payment_intent", text(invoice, "_payment_intent")));
    }
    if (outcome == Outcome::requires_action) {
        throw Refusal{.status = 402,
                      .type = "card_error",
                      .code = "invoice_payment_intent_requires_action",
                      .message =
                          "Payment for this invoice requires additional user action before "
                          "it can be completed successfully.",
                      .keep_changes = true};
    }
    return invoice;
}

json::value remove(Call& call) {
    const Object& invoice = call.target("invoice");
    if (text(invoice, "status") != "draft" || !subscription_of(invoice).empty()) {
        refuse("invoice_not_editable",
               "You can only delete draft invoices that no subscription made.");
    }
    const auto id = text(invoice, "id");
    call.account.emit("invoice.deleted", invoice);
    return deleted(call.account.change(id, "", [](Object& gone) { gone["_deleted"] = true; }));
}

bool listed(const Call& call, const Object& invoice) {
    const auto subscription = text(call.params, "subscription");
    return (subscription.empty() || subscription == subscription_of(invoice)) &&
           matches(call, invoice, "customer") && matches(call, invoice, "status") &&
           matches(call, invoice, "collection_method");
}

bool payment_listed(const Call& call, const Object& payment) {
    const Object& wanted = child(call.params, "payment");
    const auto intent = text(wanted, "payment_intent");
    return (intent.empty() || intent == text(child(payment, "payment"), "payment_intent")) &&
           matches(call, payment, "invoice") && matches(call, payment, "status");
}

}  // namespace

void add_invoice_routes(Routes& routes) {
    routes.on("POST /v1/invoices",
              "customer!:id currency auto_advance:b collection_method:(charge_automatically|"
              "send_invoice) days_until_due:i default_payment_method:id description footer "
              "metadata:m pending_invoice_items_behavior:(exclude|include) subscription:no "
              "discounts:no automatic_tax{enabled!:b}",
              create);
    routes.list("/v1/invoices",
                "customer:id subscription:id status:(draft|open|paid|uncollectible|void) "
                "collection_method created:any due_date:no",
                [](Call& call) {
                    return list_page(call, "invoice", "/v1/invoices",
                                     [&](const Object& invoice) { return listed(call, invoice); });
                });
    routes.on("GET /v1/invoices/{id}", "",
              [](Call& call) -> json::value { return call.target("invoice"); });
    routes.on("POST /v1/invoices/{id}",
              "auto_advance:b default_payment_method:id description footer metadata:m "
              "collection_method:no days_until_due:no discounts:no",
              update);
    routes.on("DELETE /v1/invoices/{id}", "", remove);
    routes.on("POST /v1/invoices/{id}/finalize", "auto_advance:b", finalize);
    routes.on("POST /v1/invoices/{id}/pay",
              "payment_method:id off_session:b paid_out_of_band:b forgive:b source:no", pay);
    routes.on("POST /v1/invoices/{id}/send", "", [](Call& call) -> json::value {
        const auto id = text(call.target("invoice"), "id");
        if (text(call.account.get("invoice", id), "status") == "draft") {
            finalize_invoice(call.account, id);
        }
        call.account.emit("invoice.sent", call.account.get("invoice", id));
        return call.account.get("invoice", id);
    });
    routes.on("POST /v1/invoices/{id}/void", "", [](Call& call) -> json::value {
        const auto id = text(call.target("invoice"), "id");
        void_invoice(call.account, id);
        return call.account.get("invoice", id);
    });
    routes.on("POST /v1/invoices/{id}/mark_uncollectible", "", [](Call& call) -> json::value {
        const auto id = text(call.target("invoice"), "id");
        mark_uncollectible(call.account, id);
        return call.account.get("invoice", id);
    });
    routes.list("/v1/invoices/{id}/lines", "", [](Call& call) {
        const Object& invoice = call.target("invoice");
        return page_of(call, children(child(invoice, "lines"), "data"),
                       "/v1/invoices/" + text(invoice, "id") + "/lines");
    });
    routes.list("/v1/invoice_payments",
                "invoice:id status:(canceled|open|paid) created:any "
                "payment{type!:(payment_intent|charge|payment_record) payment_intent:id charge:id}",
                [](Call& call) {
                    return list_page(
                        call, "invoice_payment", "/v1/invoice_payments",
                        [&](const Object& payment) { return payment_listed(call, payment); });
                });
    routes.on("GET /v1/invoice_payments/{id}", "",
              [](Call& call) -> json::value { return call.target("invoice_payment"); });
}

}  // namespace paydesk::sandbox::stripe
