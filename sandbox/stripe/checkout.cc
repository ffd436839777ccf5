#include "sandbox/stripe/checkout.h"

#include "sandbox/stripe/customers.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/method_types.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/session_discounts.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox::stripe {
namespace {

SubscriptionOrder order_of(const Account& account, const Object& session) {
    SubscriptionOrder order;
    order.customer = text(session, "customer");
    const Object& data = child(session, "_subscription_data");
    for (const json::value& value : children(session, "_line_items")) {
        const Object& line = value.get_object();
        const Object& price = child(line, "price");
        const OrderItem item{.price = text(price, "id"),
                             .quantity = number(line, "quantity", 1),
                             .tax_rates = children(line, "_tax_rates")};
        (present(price, "recurring") ? order.items : order.one_time).push_back(item);
    }
    const auto days = number(data, "trial_period_days");
    if (days > 0) order.trial_end = account.now() + days * 86400;
    if (present(data, "trial_end")) order.trial_end = number(data, "trial_end");
    order.currency = text(session, "currency");
    for (const auto* key : {"metadata", "description", "billing_mode", "default_tax_rates"}) {
        if (present(data, key)) order.fields[key] = data.at(key);
    }
    const bool automatic = flag(child(session, "automatic_tax"), "enabled");
    order.tax_address = child(session, "_tax_address");
    order.fields["automatic_tax"] = Object{
        {"disabled_reason", nullptr                                                                 },
        {"enabled",         automatic                                                               },
        {"liability",       automatic ? json::value(Object{{"type", "self"}}) : json::value(nullptr)}
    };
    order.discounts = children(session, "_wanted");
    order.fields["trial_settings"] = trial_settings_for(child(data, "trial_settings"));
    return order;
}

std::int64_t due_now(const Account& account, const Object& session) {
    const auto mode = text(session, "mode");
    if (mode == "setup") return 0;
    if (mode == "payment") return number(session, "amount_total");
    return first_amount(account, order_of(account, session));
}

const Object& open_session(const Account& account, const std::string& id) {
    const Object& session = account.get("checkout.session", id);
    if (text(session, "status") != "open") {
        refuse("", "This Checkout Session is no longer active: its status is " +
                       text(session, "status") + ".");
    }
    return session;
}

// The session's customer, made or completed with what the page asked for.
void prepare_customer(Account& account, const std::string& session_id, const Object& method) {
    const Object session = account.get("checkout.session", session_id);
    Object billing = child(method, "billing_details");
    if (present(session, "_tax_address")) billing["address"] = session.at("_tax_address");
    auto customer = text(session, "customer");
    const bool wants_one = text(session, "mode") != "payment" ||
                           text(session, "customer_creation") == "always" ||
                           flag(child(session, "invoice_creation"), "enabled");
    if (customer.empty() && wants_one) {
        customer = text(add_customer(account,
                                     Object{
                                         {"address", value_of(session, "_tax_address")},
                                         {"email",   value_of(billing, "email")       },
                                         {"name",    value_of(billing, "name")        }
        }),
                        "id");
    } else if (!customer.empty()) {
        account.change(customer, "customer.updated", [&](Object& changed) {
            for (const auto* key : {"email", "name"}) {
                if (!present(changed, key)) changed[key] = value_of(billing, key);
            }
            if (present(session, "_tax_address")) changed["address"] = session.at("_tax_address");
        });
    }
    const auto* known = account.find("customer", customer);
    Object details{
        {"address", value_of(billing, "address")},
        {"business_name", nullptr},
        {"email", value_of(billing, "email")},
        {"individual_name", nullptr},
        {"name", value_of(billing, "name")},
        {"phone", nullptr},
        {"tax_exempt", "none"},
        {"tax_ids", json::array()}
    };
    if (known && present(*known, "email")) details["email"] = known->at("email");
    account.change(session_id, "", [&](Object& changed) {
        changed["customer"] = text_or_null(customer);
        changed["customer_details"] = std::move(details);
    });
    const auto intent = text(session, "_intent");
    if (!intent.empty() && !customer.empty()) {
        account.change(intent, "", [&](Object& changed) { changed["customer"] = customer; });
    }
    const bool keeps = text(session, "mode") != "payment" ||
                       present(child(session, "_payment_intent_data"), "setup_future_usage");
    const auto card = text(method, "id");  // "" when none was asked for
    if (!customer.empty() && !card.empty() && keeps) attach_method(account, card, customer);
}

// As a PaymentIntent has it: every field, whatever was given.
Object shipping_of(const Object& given) {
    Object address{
        {"city",        nullptr},
        {"country",     nullptr},
        {"line1",       nullptr},
        {"line2",       nullptr},
        {"postal_code", nullptr},
        {"state",       nullptr}
    };
    for (auto& [key, value] : address) value = value_of(child(given, "address"), key);
    Object shipping{
        {"address", std::move(address)}
    };
    for (const auto* key : {"carrier", "name", "phone", "tracking_number"}) {
        shipping[key] = value_of(given, key);
    }
    return shipping;
}

// A debit's session gets the invoice that it asked for when the bank has paid.
bool has_late_invoice(const Object& session, bool delayed) {
    return delayed && flag(child(session, "invoice_creation"), "enabled");
}

// `debit`: a bank account is going to pay.
std::string ensure_intent(Account& account, const std::string& session_id, bool debit) {
    const Object session = account.get("checkout.session", session_id);
    const auto mode = text(session, "mode");
    const auto amount = due_now(account, session);
    const auto known = text(session, "_intent");
    if (!known.empty()) return known;

    Object fields{
        {"customer", value_of(session, "customer")},
        {"_session", session_id}
    };
    std::string intent;
    if (mode == "setup" || amount == 0) {
        const Object& data = child(session, "_setup_intent_data");
        for (const auto* key : {"metadata", "description"}) {
            if (present(data, key)) fields[key] = data.at(key);
        }
        intent = text(add_setup_intent(account, std::move(fields)), "id");
    } else {
        const Object& data = child(session, "_payment_intent_data");
        for (const auto* key :
             {"capture_method", "metadata", "description", "setup_future_usage", "receipt_email",
              "statement_descriptor", "statement_descriptor_suffix"}) {
            if (present(data, key)) fields[key] = data.at(key);
        }
        if (present(data, "shipping")) fields["shipping"] = shipping_of(child(data, "shipping"));
        if (mode == "subscription") {
            fields["description"] = "Subscription creation";
            fields["setup_future_usage"] = "off_session";
        }
        const bool invoices = flag(child(session, "invoice_creation"), "enabled");
        if (mode == "subscription" || (invoices && !has_late_invoice(session, debit))) {
            fields["_invoice"] = new_invoice_id(account);
        }
        intent =
            text(add_payment_intent(account, amount, text(session, "currency"), std::move(fields)),
                 "id");
    }
    account.change(session_id, "", [&](Object& changed) { changed["_intent"] = intent; });
    return intent;
}

void begin_from(Account& account, const Object& session, const Object* intent) {
    SubscriptionOrder order = order_of(account, session);
    const bool trial = order.trial_end > account.now();
    if (intent) order.fields["default_payment_method"] = value_of(*intent, "payment_method");
    Object settings{
        {"payment_method_options",      nullptr},
        {"payment_method_types",        nullptr},
        {"save_default_payment_method", "off"  }
    };
    order.fields["payment_settings"] = std::move(settings);
    const bool pays = intent && text(*intent, "object") == "payment_intent";
    const auto invoice = pays ? text(*intent, "_invoice") : new_invoice_id(account);
    const auto subscription = begin_subscription(account, order, trial ? "trialing" : "active",
                                                 invoice, pays ? text(*intent, "id") : "");
    account.change(text(session, "id"), "", [&](Object& changed) {
        changed["subscription"] = subscription;
        changed["invoice"] = value_of(account.get("subscription", subscription), "latest_invoice");
    });
}

// The discounts of a one-time session: they belong to it alone.
json::array session_discounts(Account& account, const Object& session) {
    return add_discounts(account, children(session, "_wanted"),
                         Object{
                             {"checkout_session", session.at("id")}
    });
}

void invoice_from(Account& account, const Object& session, const Object& intent) {
    InvoiceDraft draft{.id = text(intent, "_invoice"),
                       .customer = text(session, "customer"),
                       .currency = text(session, "currency"),
                       .billing_reason = "manual",
                       .period_start = account.now(),
                       .period_end = account.now()};
    for (const json::value& value : children(session, "_line_items")) {
        const Object& line = value.get_object();
        draft.lines.push_back({.price = presented(child(line, "price"), draft.currency),
                               .quantity = number(line, "quantity", 1),
                               .amount = number(line, "amount_subtotal"),
                               .period_start = account.now(),
                               .period_end = account.now(),
                               .description = text(line, "description"),
                               .invoice_item = account.new_id("ii_1"),
                               .tax_rates = children(line, "_tax_rates")});
    }
    const Object& data = child(child(session, "invoice_creation"), "invoice_data");
    if (present(data, "metadata")) draft.fields["metadata"] = data.at("metadata");
    if (present(data, "description")) draft.fields["description"] = data.at("description");
    json::array discounts;
    for (const json::value& discount : session_discounts(account, session)) {
        discounts.push_back(discount.get_object().at("id"));
    }
    draft.fields["discounts"] = std::move(discounts);
    if (flag(child(session, "automatic_tax"), "enabled")) {
        draft.fields["automatic_tax"] = Object{
            {"disabled_reason", nullptr                 },
            {"enabled",         true                    },
            {"liability",       Object{{"type", "self"}}},
            {"provider",        "stripe"                },
            {"status",          nullptr                 }
        };
    }
    add_invoice(account, draft);
    finalize_invoice(account, draft.id, text(intent, "id"));
    settle_invoice(account, draft.id);
    account.change(text(session, "id"), "",
                   [&](Object& changed) { changed["invoice"] = draft.id; });
}

// The intent was accepted, or none is needed.
void complete(Account& account, const std::string& session_id) {
    const Object session = account.get("checkout.session", session_id);
    const auto mode = text(session, "mode");
    const auto intent_id = text(session, "_intent");
    const Object* found = account.store().find(intent_id);
    const Object intent = found ? *found : Object();
    const bool pays = text(intent, "object") == "payment_intent";
    // Otherwise the bank answers in days, or the money is only held.
    const bool paid = text(intent, "status") == "succeeded";
    if (mode == "subscription") begin_from(account, session, found ? &intent : nullptr);
    if (mode == "payment" && pays && paid && intent.contains("_invoice")) {
        invoice_from(account, session, intent);
    } else if (mode == "payment" && !has_late_invoice(session, pays && !paid)) {
        session_discounts(account, session);
    }
    const Object& completed = account.change(session_id, "", [&](Object& changed) {
        changed["status"] = "complete";
        changed["payment_status"] = !pays ? "no_payment_required" : paid ? "paid" : "unpaid";
        changed["url"] = nullptr;
        if (mode == "payment" && pays) changed["payment_intent"] = intent_id;
        if (mode == "setup") changed["setup_intent"] = intent_id;
    });
    account.emit("checkout.session.completed", completed);
}

Submitted result_of(const Account& account, const std::string& session_id,
                    const std::string& intent, Outcome outcome) {
    Submitted submitted{.outcome = outcome};
    if (is_accepted(outcome)) {
        submitted.url = success_url(account.get("checkout.session", session_id));
    } else if (outcome == Outcome::requires_action) {
        submitted.url = three_d_secure_url(account, intent);
    } else {
        submitted.message = refusal_of(*account.store().find(intent)).message;
    }
    return submitted;
}

Outcome confirm(Account& account, const std::string& intent, const Confirmation& how) {
    return account.find("setup_intent", intent) ? confirm_setup(account, intent, how)
                                                : confirm_payment(account, intent, how);
}

}  // namespace

bool needs_card(const Account& account, const Object& session) {
    if (due_now(account, session) > 0) return true;
    const auto mode = text(session, "mode");
    return mode == "setup" ||
           (mode == "subscription" && text(session, "payment_method_collection") != "if_required");
}

std::string success_url(const Object& session) {
    constexpr std::string_view hole = "{CHECKOUT_SESSION_ID}";
    auto url = text(session, "success_url");
    for (auto at = url.find(hole); at != std::string::npos; at = url.find(hole)) {
        url.replace(at, hole.size(), text(session, "id"));
    }
    return url;
}

Submitted submit_checkout(Account& account, const std::string& session_id,
                          const CardDetails& details) {
    const Object session = open_session(account, session_id);
    if (!needs_card(account, session)) {
        prepare_customer(account, session_id,
                         Object{
                             {"billing_details", Object{{"email", text_or_null(details.email)},
                                                        {"name", text_or_null(details.name)}}}
        });
        complete(account, session_id);
        return result_of(account, session_id, "", Outcome::succeeded);
    }
    return submit_checkout_with(account, session_id,
                                text(add_payment_method(account, details), "id"), details);
}

Submitted submit_checkout_by_bank(Account& account, const std::string& session_id,
                                  const BankDetails& details) {
    CardDetails payer;
    payer.name = details.name;
    payer.email = details.email;
    if (!needs_card(account, open_session(account, session_id))) {
        return submit_checkout(account, session_id, payer);
    }
    return submit_checkout_with(account, session_id, text(add_bank_method(account, details), "id"),
                                payer);
}

Submitted submit_checkout_with(Account& account, const std::string& session_id,
                               const std::string& method_id, const CardDetails& details) {
    const Object session = open_session(account, session_id);
    std::string email = text(session, "customer_email");
    if (const auto* customer = account.find("customer", text(session, "customer"))) {
        if (present(*customer, "email")) email = text(*customer, "email");
    }
    if (email.empty()) email = details.email;
    learn_tax_address(account, session_id, account.get("payment_method", method_id));
    const Object method = account.change(method_id, "", [&](Object& changed) {
        changed["billing_details"].as_object()["email"] = text_or_null(email);
    });
    check_method_type(session, method);
    const bool debit = is_debit(text(method, "type"));
    // Who will not be declined or questioned becomes a customer first, as on Stripe.
    const bool smooth = debit || (card_of(method).code.empty() &&
                                  card_of(method).authentication == Authentication::never);
    if (smooth) prepare_customer(account, session_id, method);
    const auto intent = ensure_intent(account, session_id, debit);
    if (debit && text(session, "mode") == "payment") {
        account.change(intent, "", [](Object& changed) { changed.erase("_invoice"); });
    }
    const auto outcome =
        confirm(account, intent, {.payment_method = method_id, .mandate_accepted = true});
    if (is_accepted(outcome)) {
        if (!smooth) prepare_customer(account, session_id, method);
        complete(account, session_id);
    }
    return result_of(account, session_id, intent, outcome);
}

Submitted finish_checkout_authentication(Account& account, const std::string& session_id,
                                         bool authenticated) {
    const Object session = open_session(account, session_id);
    const auto intent = text(session, "_intent");
    const Object* waiting = account.store().find(intent);
    if (!waiting || text(*waiting, "status") != "requires_action") {
        refuse("", "This payment does not wait for authentication.");
    }
    const Object method = account.get("payment_method", text(*waiting, "payment_method"));
    if (!authenticated) {
        fail_authentication(account, intent);
        return result_of(account, session_id, intent, Outcome::declined);
    }
    const bool declines = !card_of(method).code.empty();
    if (!declines) prepare_customer(account, session_id, method);
    const auto outcome =
        confirm(account, intent, {.payment_method = text(method, "id"), .authenticated = true});
    if (is_accepted(outcome)) complete(account, session_id);
    return result_of(account, session_id, intent, outcome);
}

void finish_delayed_checkout(Account& account, const std::string& session_id, Outcome outcome) {
    const auto* found = account.find("checkout.session", session_id);
    if (!found || text(*found, "payment_status") != "unpaid") return;
    // Later attempts at a subscription's first invoice are dunning, and no more the session's.
    if (flag(*found, "_answered")) return;
    const Object session =
        account.change(session_id, "", [](Object& changed) { changed["_answered"] = true; });
    if (outcome != Outcome::succeeded) {
        account.emit("checkout.session.async_payment_failed", session);
        return;
    }
    if (text(session, "mode") == "payment" && has_late_invoice(session, true)) {
        const Object& intent = account.change(text(session, "_intent"), "", [&](Object& changed) {
            changed["_invoice"] = new_invoice_id(account);
        });
        invoice_from(account, session, Object(intent));
    }
    const Object& paid =
        account.change(session_id, "", [](Object& changed) { changed["payment_status"] = "paid"; });
    account.emit("checkout.session.async_payment_succeeded", paid);
}

void finish_captured_checkout(Account& account, const std::string& session_id) {
    if (!account.find("checkout.session", session_id)) return;
    account.change(session_id, "", [](Object& changed) { changed["payment_status"] = "paid"; });
}

void expire_session(Account& account, const std::string& session_id) {
    const auto intent = text(account.get("checkout.session", session_id), "_intent");
    const Object& expired = account.change(session_id, "", [](Object& changed) {
        changed["status"] = "expired";
        changed["url"] = nullptr;
    });
    account.emit("checkout.session.expired", expired);
    const auto* left = account.find("payment_intent", intent);
    if (left && text(*left, "status") != "succeeded") {
        const Object& canceled = account.change(intent, "", [&](Object& changed) {
            changed["status"] = "canceled";
            changed["canceled_at"] = account.now();
            changed["cancellation_reason"] = "automatic";
            changed["next_action"] = nullptr;
        });
        account.emit("payment_intent.canceled", canceled);
    }
}

}  // namespace paydesk::sandbox::stripe
