// The next invoice before it exists: POST /v1/invoices/create_preview, GET /v1/invoices/upcoming.
//
// A preview does what it previews and takes all of it back, so it cannot differ from what happens.

#include "sandbox/stripe/previews.h"

#include "sandbox/stripe/balance.h"
#include "sandbox/stripe/customers.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/inline_prices.h"
#include "sandbox/stripe/invoice_editing.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/prorations.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/subscription_updates.h"
#include "sandbox/stripe/taxes.h"
#include "sandbox/stripe/usage_invoicing.h"

namespace paydesk::sandbox::stripe {
namespace {

const std::string shared =
    "customer:id subscription:id coupon<basil:id "
    "discounts[]{coupon:id promotion_code:id discount:id} currency:id schedule:no "
    "schedule_details:no automatic_tax{enabled!:b liability{type!:(account|self) account:no}} "
    "customer_details{address?{city country line1 line2 postal_code state} "
    "tax_exempt:(none|exempt|reverse)?} on_behalf_of:no "
    "invoice_items[]{amount:i currency:id description quantity:i price:id metadata:m "
    "discountable:b period{start!:t end!:t} discounts:no " +
    std::string(one_time_price_data) +
    "tax_rates[]:id "
    "invoiceitem:no unit_amount:i unit_amount_decimal:d} "
    "subscription_details{items[]{id:id price:id plan:id quantity:i deleted:b clear_usage:b "
    "metadata:m " +
    std::string(recurring_price_data) +
    "discounts:no tax_rates[]:id billing_thresholds:no} "
    "proration_behavior:(always_invoice|create_prorations|none) proration_date:t cancel_at:no "
    "cancel_at_period_end:b cancel_now:b resume_at:no start_date:no trial_end "
    "billing_cycle_anchor<endive billing_cycle_anchor>=endive{type!:(now|timestamp|unchanged) "
    "timestamp:t} "
    "billing_mode>=clover{type!:(classic|flexible) "
    "flexible{proration_discounts:(included|itemized)}} default_tax_rates[]:id} ";

const std::string upcoming_only =
    "subscription_items[]{id:id price:id plan:id quantity:i deleted:b clear_usage:b metadata:m " +
    std::string(recurring_price_data) +
    "billing_thresholds:no discounts:no tax_rates[]:id} "
    "subscription_proration_behavior:(always_invoice|create_prorations|none) "
    "subscription_proration_date:t subscription_cancel_at:no "
    "subscription_cancel_at_period_end:b subscription_cancel_now:b "
    "subscription_trial_end subscription_start_date:no subscription_billing_cycle_anchor "
    "subscription_default_tax_rates[]:id subscription_resume_at:no ";

[[noreturn]] void refuse_none(const std::string& customer) {
    throw Refusal{.status = 404,
                  .code = "invoice_upcoming_none",
                  .message = "No upcoming invoices for customer: " + customer};
}

// Both routes' parameters as create_preview has them.
Object details_of(const Object& params) {
    Object details = child(params, "subscription_details");
    for (const std::string key :
         {"items", "proration_behavior", "proration_date", "cancel_at_period_end", "cancel_now",
          "trial_end", "billing_cycle_anchor", "default_tax_rates"}) {
        const auto old = "subscription_" + key;
        if (params.contains(old)) details[key] = params.at(old);
    }
    return details;
}

// The subscription that is billed next, "" for none.
std::string next_subscription(const Account& account, const std::string& customer) {
    std::string next;
    std::int64_t earliest = 0;
    for (const auto& id : account.store().ids("subscription")) {
        const Object& object = *account.store().find(id);
        if (text(object, "customer") != customer || present(object, "ended_at")) continue;
        const auto end = period_end_of(object);
        if (next.empty() || end < earliest) {
            next = id;
            earliest = end;
        }
    }
    return next;
}

void add_items(Account& account, const Object& params, const std::string& customer,
               const std::string& subscription) {
    const auto& items = children(params, "invoice_items");
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Object& wanted = items[i].get_object();
        Object item = blank("invoiceitem");
        item["id"] = account.new_id("ii_1");
        item["customer"] = customer;
        item["amount"] = 0;
        item["currency"] = nullptr;
        item["date"] = account.now();
        item["period"] = Object{
            {"start", account.now()},
            {"end",   account.now()}
        };
        const auto* owner = account.find("subscription", subscription);
        const Object& known = owner ? *owner : account.get("customer", customer);
        if (present(known, "currency")) item["currency"] = known.at("currency");
        fill_item(account, wanted, item, "invoice_items[" + std::to_string(i) + "]");
        if (!subscription.empty()) {
            item["parent"] = Object{
                {"subscription_details", Object{{"subscription", subscription}}},
                {"type",                 "subscription_details"                }
            };
        }
        account.add(std::move(item));
    }
}

// A billing_cycle_anchor that is a time; 0 where it is none.
std::int64_t anchor_time(const Object& details) {
    const Object& typed = child(details, "billing_cycle_anchor");
    if (!typed.empty()) {
        if (text(typed, "type") != "timestamp") return 0;
        if (!present(typed, "timestamp")) {
            refuse_missing_param("subscription_details[billing_cycle_anchor][timestamp]");
        }
        return number(typed, "timestamp");
    }
    const auto given = text(details, "billing_cycle_anchor");
    if (given.empty() || given == "now" || given == "unchanged") return 0;
    return seconds_of(given, "subscription_details[billing_cycle_anchor]");
}

// A subscription that does not exist yet. Gives its first invoice.
std::string first_invoice(Account& account, const Object& params, const Object& details,
                          const std::string& customer, Shape shape) {
    SubscriptionOrder order{.customer = customer};
    for (const json::value& value : children(details, "items")) {
        const Object& item = value.get_object();
        order.items.push_back(
            {.price = text(item, present(item, "price") ? "price" : "plan"),
             .quantity = number(item, "quantity", 1),
             .tax_rates = tax_rates_named(account, children(item, "tax_rates"),
                                          "subscription_details[items][tax_rates]")});
    }
    order.currency = text(params, "currency");
    order.fields["default_tax_rates"] = tax_rates_named(
        account, children(details, "default_tax_rates"), "subscription_details[default_tax_rates]");
    order.fields["automatic_tax"] = Object{
        {"disabled_reason", nullptr},
        {"enabled", flag(child(params, "automatic_tax"), "enabled")},
        {"liability", nullptr}
    };
    check_order(account, order, "subscription_details[items]");
    const auto trial_end = text(details, "trial_end");
    if (!trial_end.empty() && trial_end != "now") {
        order.trial_end = seconds_of(trial_end, "subscription_details[trial_end]");
    }
    order.anchor = anchor_time(details);
    check_anchor(account, order, "subscription_details[billing_cycle_anchor]");
    order.bills_until_anchor = text(details, "proration_behavior") != "none";
    order.discounts = wanted_discounts(account, params, {.customer = customer});
    order.fields["billing_mode"] = billing_mode_for(child(details, "billing_mode"), shape);
    const bool trial = order.trial_end > account.now();
    const auto id = begin_subscription(account, order, trial ? "trialing" : "incomplete",
                                       new_invoice_id(account), "");
    const Object& begun = account.get("subscription", id);
    if (!present(begun, "latest_invoice")) renew_subscription(account, id);
    return text(account.get("subscription", id), "latest_invoice");
}

// The subscription's tax as the preview asks for it.
void change_tax(Account& account, const Object& params, const Object& details,
                const std::string& id) {
    const json::array rates = tax_rates_named(account, children(details, "default_tax_rates"),
                                              "subscription_details[default_tax_rates]");
    account.change(id, "", [&](Object& subscription) {
        if (details.contains("default_tax_rates")) subscription["default_tax_rates"] = rates;
        if (present(params, "automatic_tax")) {
            subscription["automatic_tax"].as_object()["enabled"] =
                flag(child(params, "automatic_tax"), "enabled");
        }
    });
}

// What this subscription is billed next, after the changes that the call names.
std::string next_invoice(Account& account, const Object& params, const Object& details,
                         const std::string& id) {
    const auto customer = text(account.get("subscription", id), "customer");
    if (present(account.get("subscription", id), "ended_at")) refuse_none(customer);
    if (params.contains("coupon") || params.contains("discounts")) {
        set_subscription_discounts(account, id,
                                   wanted_discounts(account, params, {.customer = customer}));
    }
    change_tax(account, params, details, id);
    const auto before = text(account.get("subscription", id), "latest_invoice");
    if (anchor_time(details) != 0) {
        refuse("", "The anchor of a running subscription can only be `now` or `unchanged`.",
               "subscription_details[billing_cycle_anchor]");
    }
    if (present(details, "billing_mode")) {
        refuse_unsupported("changing the billing mode of a subscription",
                           "subscription_details[billing_mode]");
    }
    if (flag(details, "cancel_now")) {
        if (text(details, "proration_behavior") != "none")
            credit_unused_time(account, id, account.now());
        const auto last =
            add_last_invoice(account, id, LastSecond::included, "subscription_update");
        if (last.empty()) refuse_none(customer);
        return last;
    }
    auto change = change_of(details, account.now());
    // A preview asks nobody for money.
    change.payment_behavior = PaymentBehavior::default_incomplete;
    change_subscription(account, id, change);
    const Object& changed = account.get("subscription", id);
    const auto now = text(changed, "latest_invoice");
    if (now != before) return now;
    const bool keeps = !flag(details, "cancel_at_period_end", false);
    if (!keeps || flag(changed, "cancel_at_period_end") ||
        (present(changed, "cancel_at") && number(changed, "cancel_at") <= period_end_of(changed))) {
        refuse_none(customer);
    }
    renew_subscription(account, id);
    return text(account.get("subscription", id), "latest_invoice");
}

// Waiting invoice items without a subscription.
std::string pending_invoice(Account& account, const Object& params, const std::string& customer) {
    InvoiceDraft draft{.id = new_invoice_id(account),
                       .customer = customer,
                       .currency = "usd",
                       .billing_reason = "upcoming",
                       .period_start = account.now(),
                       .period_end = account.now()};
    const Object& known = account.get("customer", customer);
    if (present(known, "currency")) draft.currency = text(known, "currency");
    if (present(params, "currency")) draft.currency = text(params, "currency");
    if (flag(child(params, "automatic_tax"), "enabled")) {
        draft.fields["automatic_tax"] = child(blank("invoice"), "automatic_tax");
        draft.fields["automatic_tax"].as_object()["enabled"] = true;
    }
    add_pending_items(account, customer, "", draft);
    if (draft.lines.empty()) refuse_none(customer);
    add_invoice(account, draft);
    return draft.id;
}

// As a draft that was never stored looks.
Object shown(Object invoice) {
    const auto due = number(invoice, "amount_due");
    invoice["id"] = "upcoming_" + text(invoice, "id");
    invoice["status"] = "draft";
    invoice["billing_reason"] = text(invoice, "billing_reason") == "subscription_cycle"
                                    ? "upcoming"
                                    : text(invoice, "billing_reason");
    for (const auto* key :
         {"number", "hosted_invoice_url", "invoice_pdf", "effective_at", "webhooks_delivered_at",
          "next_payment_attempt", "automatically_finalizes_at", "_payment_intent", "_charge"}) {
        invoice[key] = nullptr;
    }
    Object& tax = invoice["automatic_tax"].as_object();
    if (present(tax, "disabled_reason")) {
        tax["disabled_reason"] = nullptr;
        tax["enabled"] = true;
        tax["status"] = "requires_location_inputs";
    }
    invoice["amount_paid"] = 0;
    invoice["amount_remaining"] = due;
    invoice["attempted"] = false;
    invoice["attempt_count"] = 0;
    auto& transitions = invoice["status_transitions"].as_object();
    for (auto& [key, value] : transitions) value = nullptr;
    for (json::value& line : invoice["lines"].as_object()["data"].as_array()) {
        line.get_object()["invoice"] = invoice.at("id");
    }
    return invoice;
}

json::value preview(Call& call) {
    Account& account = call.account;
    call.keeps_nothing = true;
    const Object& params = call.params;
    const Object details = details_of(params);
    auto subscription = text(params, "subscription");
    auto customer = text(params, "customer");
    if (!subscription.empty()) {
        customer = text(account.get("subscription", subscription, "subscription"), "customer");
    }
    if (customer.empty()) refuse_missing_param("customer");
    account.get("customer", customer, "customer");
    // Who the customer would be, for tax.
    if (present(params, "customer_details")) {
        account.change(customer, "", [&](Object& changed) {
            const Object& details = child(params, "customer_details");
            copy_params(details, changed, {"tax_exempt"});
            if (details.contains("address")) {
                changed["address"] = full_address(details.at("address"));
            }
            if (!present(changed, "tax_exempt")) changed["tax_exempt"] = "none";
        });
    }
    std::string invoice;
    if (subscription.empty() && !children(details, "items").empty()) {
        add_items(account, params, customer, "");
        invoice = first_invoice(account, params, details, customer, call.version.shape);
    } else {
        if (subscription.empty()) subscription = next_subscription(account, customer);
        add_items(account, params, customer, subscription);
        invoice = subscription.empty() ? pending_invoice(account, params, customer)
                                       : next_invoice(account, params, details, subscription);
    }
    if (text(account.get("invoice", invoice), "status") == "draft") {
        apply_balance(account, invoice, -1);
    }
    return shown(account.get("invoice", invoice));
}

}  // namespace

Object upcoming_invoice(Account& account, const std::string& subscription) {
    Object invoice;
    try {
        const auto id = next_invoice(account, {}, {}, subscription);
        apply_balance(account, id, -1);
        invoice = shown(account.get("invoice", id));
    } catch (const Refusal&) {  // there is none
    }
    account.rollback();
    invoice.erase("id");
    if (!invoice.empty()) {
        for (json::value& line : invoice["lines"].as_object()["data"].as_array()) {
            line.get_object()["invoice"] = nullptr;
        }
    }
    return invoice;
}

void add_preview_routes(Routes& routes) {
    const std::string upcoming = shared + upcoming_only;
    const auto only_before_basil = [](const Call& call) {
        if (call.version.shape >= Shape::basil) {
            refuse_missing("invoice", "upcoming", "invoice", true);
        }
    };
    routes.on("POST /v1/invoices/create_preview", shared + "preview_mode:(next)",
              with_inline_prices(preview));
    routes.on("GET /v1/invoices/upcoming", upcoming,
              with_inline_prices([=](Call& call) -> json::value {
                  only_before_basil(call);
                  Object invoice = preview(call).as_object();
                  invoice.erase("id");
                  return invoice;
              }));
    routes.list("/v1/invoices/upcoming/lines", upcoming,
                with_inline_prices([=](Call& call) -> json::value {
                    only_before_basil(call);
                    const json::value invoice = preview(call);
                    return page_of(call, children(child(invoice.get_object(), "lines"), "data"),
                                   "/v1/invoices/upcoming/lines");
                }));
}

}  // namespace paydesk::sandbox::stripe
