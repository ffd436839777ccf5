// Invoices, their lines and payments: /v1/invoices, /v1/invoice_payments.

#include "base/money.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoice_payments.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string subscription_of(const Object& invoice) {
    return text(child(child(invoice, "parent"), "subscription_details"), "subscription");
}

// What create and update take alike, set on `invoice`, which has id and customer.
void fill(Call& call, Object& invoice) {
    Account& account = call.account;
    const Object& params = call.params;
    copy_params(
        params, invoice,
        {"auto_advance", "collection_method", "default_payment_method", "description", "footer"});
    if (present(params, "days_until_due") && present(params, "due_date")) {
        refuse("parameters_exclusive",
               "You may only specify one of these parameters: days_until_due, due_date.");
    }
    if (present(params, "days_until_due")) {
        invoice["due_date"] = account.now() + number(params, "days_until_due") * 86400;
    }
    copy_params(params, invoice, {"due_date"});
    if (params.contains("default_tax_rates")) {
        invoice["default_tax_rates"] =
            tax_rates_named(account, children(params, "default_tax_rates"), "default_tax_rates");
    }
    if (present(params, "automatic_tax")) {
        Object tax = child(invoice, "automatic_tax");
        if (tax.empty()) tax = child(blank("invoice"), "automatic_tax");
        const bool enabled = flag(child(params, "automatic_tax"), "enabled");
        tax["enabled"] = enabled;
        tax["status"] = nullptr;
        tax["liability"] = enabled ? json::value(Object{
                                         {"type", "self"}
        })
                                   : json::value(nullptr);
        tax["provider"] = enabled ? json::value("stripe") : json::value(nullptr);
        invoice["automatic_tax"] = std::move(tax);
    }
    if (params.contains("discounts")) {
        const Purchase purchase{.customer = text(invoice, "customer")};
        json::array ids;
        for (const json::value& discount :
             add_discounts(account, wanted_discounts(account, params, purchase),
                           Object{
                               {"invoice", invoice.at("id")}
        })) {
            ids.push_back(discount.get_object().at("id"));
        }
        invoice["discounts"] = std::move(ids);
    }
    merge_metadata(params, invoice);
}

const Object& subscription_of_customer(const Account& account, const std::string& id,
                                       const std::string& customer) {
    const Object& subscription = account.get("subscription", id, "subscription");
    if (text(subscription, "customer") == customer) return subscription;
    refuse("", "The subscription " + id + " belongs to another customer.", "subscription");
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto customer = text(call.params, "customer");
    const Object& known = account.get("customer", customer, "customer");
    const auto subscription = text(call.params, "subscription");
    const Object& payer =
        subscription.empty() ? known : subscription_of_customer(account, subscription, customer);
    const auto asked = present(call.params, "currency") ? text(call.params, "currency")
                       : present(payer, "currency")     ? text(payer, "currency")
                                                        : "usd";
    const auto parsed = Currency::parse(asked);
    if (!parsed) refuse("", "Invalid currency: " + asked, "currency");
    const auto currency = parsed->lower_code();
    InvoiceDraft draft{.id = new_invoice_id(account),
                       .customer = customer,
                       .currency = currency,
                       .billing_reason = "manual",
                       .subscription = subscription,
                       .period_start = account.now(),
                       .period_end = account.now()};
    draft.fields = Object{
        {"id",           draft.id},
        {"customer",     customer},
        {"auto_advance", false   }
    };
    fill(call, draft.fields);
    const auto pending = text(call.params, "pending_invoice_items_behavior");
    if (!subscription.empty() && pending != "exclude") {
        add_pending_items(account, customer, subscription, draft, PendingItems::its_own);
        if (draft.lines.empty()) {
            refuse("invoice_no_subscription_line_items", "Nothing to invoice for subscription",
                   "subscription");
        }
    } else if (pending == "include") {
        add_pending_items(account, customer, "", draft);
    }
    add_invoice(account, draft);
    return account.get("invoice", draft.id);
}

json::value update(Call& call) {
    Object changed = call.target("invoice");
    const auto id = text(changed, "id");
    const bool draft = text(changed, "status") == "draft";
    for (const auto* key : {"default_tax_rates", "automatic_tax", "discounts", "collection_method",
                            "days_until_due", "due_date"}) {
        if (draft || !call.params.contains(key)) continue;
        refuse("invoice_not_editable",
               "Finalized invoices can't be updated in this way: " + std::string(key) + ".", key);
    }
    fill(call, changed);
    if (draft) total_up(call.account, changed);
    return call.account.change(id, "invoice.updated",
                               [&](Object& invoice) { invoice = std::move(changed); });
}

// Finalises for a call. Without a place for its automatic tax it stays a draft, and says why.
void finalize_asked(Call& call, const std::string& id) {
    Account& account = call.account;
    take_customer(account, id);
    const Object& tax = child(account.get("invoice", id), "automatic_tax");
    if (!flag(tax, "enabled") || text(tax, "status") == "complete") {
        finalize_invoice(account, id);
        return;
    }
    Refusal refusal{.code = "customer_tax_location_invalid",
                    .message =
                        "The customer's location isn't recognized. Set a valid customer address "
                        "in order to automatically calculate tax.",
                    .keep_changes = true};
    const Object& failed = account.change(id, "", [&](Object& invoice) {
        invoice["last_finalization_error"] = Object{
            {"code",    refusal.code           },
            {"message", refusal.message        },
            {"type",    "invalid_request_error"}
        };
    });
    account.emit("invoice.finalization_failed", failed);
    throw refusal;
}

// A payment that was made beside the invoice counts for it.
json::value attach_payment(Call& call) {
    Account& account = call.account;
    const Object invoice = call.target("invoice");
    const auto id = text(invoice, "id");
    if (text(invoice, "status") != "open") {
        refuse("", "You can only attach payments to open invoices.");
    }
    const auto intent_id = text(call.params, "payment_intent");
    const Object& intent = account.get("payment_intent", intent_id, "payment_intent");
    if (text(intent, "status") != "succeeded") {
        refuse_unsupported("attaching a PaymentIntent that has not succeeded", "payment_intent");
    }
    const auto amount = number(intent, "amount_received");
    const bool fits = value_of(intent, "currency") == invoice.at("currency") &&
                      value_of(intent, "customer") == invoice.at("customer") &&
                      amount <= number(invoice, "amount_remaining");
    if (!fits || present(intent, "_invoice")) {
        refuse("",
               "The PaymentIntent must be of the invoice's customer and currency, of no other "
               "invoice, and at most what remains to be paid.",
               "payment_intent");
    }
    const bool whole = amount == number(invoice, "amount_remaining");
    account.change(intent_id, "", [&](Object& paid) { paid["_invoice"] = id; });
    add_attached_payment(account, id, intent_id);
    if (whole) settle_invoice(account, id, true);
    return account.get("invoice", id);
}

json::value finalize(Call& call) {
    const Object& invoice = call.target("invoice");
    if (text(invoice, "status") != "draft") {
        refuse("", "This invoice is already finalized, you can't re-finalize a non-draft invoice.");
    }
    const auto id = text(invoice, "id");
    finalize_asked(call, id);
    return call.account.get("invoice", id);
}

json::value pay(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target("invoice"), "id");
    if (text(account.get("invoice", id), "status") == "draft") finalize_asked(call, id);
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
    const std::string shared =
        "auto_advance:b collection_method:(charge_automatically|send_invoice) days_until_due:i "
        "due_date:t default_payment_method:id description footer metadata:m "
        "discounts[]{coupon:id promotion_code:id discount:id} default_tax_rates[]:id "
        "automatic_tax{enabled!:b liability{type!:(account|self) account:no}} ";
    routes.on("POST /v1/invoices",
              shared +
                  "customer!:id currency:id subscription:id "
                  "pending_invoice_items_behavior:(exclude|include)",
              create);
    routes.list("/v1/invoices",
                "customer:id subscription:id status:(draft|open|paid|uncollectible|void) "
                "collection_method:(charge_automatically|send_invoice) created:i{gt:i gte:i lt:i "
                "lte:i} due_date:no",
                [](Call& call) {
                    return list_page(call, "invoice", "/v1/invoices",
                                     [&](const Object& invoice) { return listed(call, invoice); });
                });
    routes.on("GET /v1/invoices/{id}", "",
              [](Call& call) -> json::value { return call.target("invoice"); });
    routes.on("POST /v1/invoices/{id}", shared, update);
    routes.on("DELETE /v1/invoices/{id}", "", remove);
    routes.on("POST /v1/invoices/{id}/finalize", "auto_advance:b", finalize);
    routes.on("POST /v1/invoices/{id}/pay",
              "payment_method:id off_session:b paid_out_of_band:b forgive:no source:no", pay);
    routes.on("POST /v1/invoices/{id}/send", "", [](Call& call) -> json::value {
        const auto id = text(call.target("invoice"), "id");
        if (text(call.account.get("invoice", id), "status") == "draft") {
            finalize_asked(call, id);
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
    routes.on("POST /v1/invoices/{id}/attach_payment", "payment_intent!:id", attach_payment);
    add_invoice_line_routes(routes);
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
