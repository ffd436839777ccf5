#include "sandbox/stripe/invoicing.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/stripe/balance.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoice_lines.h"
#include "sandbox/stripe/invoice_outcomes.h"
#include "sandbox/stripe/invoice_payments.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/usage_invoicing.h"

namespace paydesk::sandbox::stripe {
namespace {

void copy_customer(const Account& account, const Object& customer, Object& invoice) {
    for (const auto* key : {"address", "email", "name", "phone", "shipping", "tax_exempt"}) {
        invoice["customer_" + std::string(key)] = value_of(customer, key);
    }
    json::array tax_ids;
    for (const auto& id : account.store().ids("tax_id")) {
        const auto* tax_id = account.find("tax_id", id);
        if (!tax_id || text(*tax_id, "customer") != text(customer, "id")) continue;
        tax_ids.push_back(Object{
            {"type",  tax_id->at("type") },
            {"value", tax_id->at("value")}
        });
    }
    invoice["customer_tax_ids"] = std::move(tax_ids);
}

std::string next_number(Account& account, const std::string& customer) {
    std::string number_text;
    account.change(customer, "", [&](Object& changed) {
        const auto sequence = number(changed, "next_invoice_sequence", 1);
        number_text = fmt::format("{}-{:04}", text(changed, "invoice_prefix"), sequence);
        changed["next_invoice_sequence"] = sequence + 1;
    });
    return number_text;
}

std::string subscription_of(const Object& invoice) {
    return text(child(child(invoice, "parent"), "subscription_details"), "subscription");
}

// What a line that no call had made an invoice item for names: a session's, a subscription's
// one-time price.
void add_missing_item(Account& account, const InvoiceDraft& draft, const LineDraft& line) {
    if (line.invoice_item.empty() || account.find("invoiceitem", line.invoice_item)) return;
    Object item = blank("invoiceitem");
    item["id"] = line.invoice_item;
    item["amount"] = line.amount;
    item["currency"] = draft.currency;
    item["customer"] = draft.customer;
    item["date"] = account.now();
    item["description"] = text_or_null(line.description);
    item["invoice"] = draft.id;
    item["net_amount"] = line.amount;
    item["period"] = Object{
        {"start", line.period_start},
        {"end",   line.period_end  }
    };
    item["quantity"] = line.quantity;
    item["quantity_decimal"] = std::to_string(line.quantity);
    if (!line.price.empty()) {
        item["pricing"] = Object{
            {"price_details",
             Object{{"price", line.price.at("id")}, {"product", line.price.at("product")}}},
            {"type", "price_details"},
            {"unit_amount_decimal", value_of(line.price, "unit_amount_decimal")}
        };
        item["_price"] = line.price;
    }
    account.emit("invoiceitem.created", account.add(std::move(item)));
}

// Nothing is collected from an unpaid subscription, nor from one whose collection is paused so.
bool stays_draft(const Account& account, const std::string& subscription) {
    const auto* owner = account.find("subscription", subscription);
    if (!owner) return false;
    return text(*owner, "status") == "unpaid" ||
           text(child(*owner, "pause_collection"), "behavior") == "keep_as_draft";
}

// Days from attempt `attempts` to the next automatic one; 0 when there is none.
std::int64_t retry_days_after(const Account& account, std::int64_t attempts) {
    constexpr std::int64_t usual[] = {3, 5, 7};
    const json::value chosen = account.setting("retry_days");
    const auto index = static_cast<std::size_t>(attempts - 1);
    if (!chosen.is_array()) return index < std::size(usual) ? usual[index] : 0;
    const auto& days = chosen.get_array();
    return index < days.size() ? days[index].to_number<std::int64_t>() : 0;
}

}  // namespace

std::string new_invoice_id(const Account& account) { return account.new_id("in_1"); }

void add_invoice(Account& account, const InvoiceDraft& draft) {
    const Object& customer = account.get("customer", draft.customer, "customer");
    Object invoice = blank("invoice");
    json::array lines;
    for (const LineDraft& line : draft.lines) {
        add_missing_item(account, draft, line);
        lines.push_back(line_object(account, draft, line));
    }
    invoice["id"] = draft.id;
    invoice["customer"] = draft.customer;
    copy_customer(account, customer, invoice);
    invoice["currency"] = draft.currency;
    invoice["billing_reason"] = draft.billing_reason;
    invoice["period_start"] = draft.period_start;
    invoice["period_end"] = draft.period_end;
    invoice["lines"] = list_of("/v1/invoices/" + draft.id + "/lines", std::move(lines));
    json::array discounts;
    for (const json::value& discount : discounts_for(account, draft.customer, draft.subscription)) {
        discounts.push_back(discount.get_object().at("id"));
    }
    invoice["discounts"] = std::move(discounts);
    if (!draft.subscription.empty()) {
        const Object& subscription = account.get("subscription", draft.subscription);
        invoice["parent"] = Object{
            {"quote_details",        nullptr                                                                         },
            {"subscription_details", Object{{"metadata", subscription.at("metadata")},
                                            {"subscription", draft.subscription}}},
            {"type",                 "subscription_details"                                                          }
        };
        invoice["collection_method"] = subscription.at("collection_method");
        invoice["default_tax_rates"] = children(subscription, "default_tax_rates");
        if (flag(child(subscription, "automatic_tax"), "enabled")) {
            Object& tax = invoice["automatic_tax"].as_object();
            tax["enabled"] = true;
            tax["liability"] = Object{
                {"type", "self"}
            };
            tax["provider"] = "stripe";
        }
        const auto days = number(subscription, "days_until_due");
        if (days > 0) invoice["due_date"] = account.now() + days * 86400;
    }
    if (draft.billing_reason == "subscription_cycle" && stays_draft(account, draft.subscription)) {
        invoice["auto_advance"] = false;
    } else if (draft.billing_reason == "subscription_cycle") {
        invoice["automatically_finalizes_at"] = account.now() + 3600;
    }
    for (const auto& [key, value] : draft.fields) invoice[key] = value;
    total_up(account, invoice);
    account.emit("invoice.created", account.add(std::move(invoice)));
    end_used_discounts(account, account.get("invoice", draft.id));
}

void take_customer(Account& account, const std::string& id) {
    const auto* found = account.find("customer", text(account.get("invoice", id), "customer"));
    if (!found) return;  // deleted: what the draft knew stays
    const Object customer = *found;
    account.change(id, "", [&](Object& invoice) {
        copy_customer(account, customer, invoice);
        if (flag(child(invoice, "automatic_tax"), "enabled")) total_up(account, invoice);
    });
}

void tell_drafts(Account& account, std::string_view customer) {
    const auto ids = account.store().ids("invoice");
    for (const auto& id : ids) {
        const auto* invoice = account.find("invoice", id);
        const bool draft = invoice && text(*invoice, "status") == "draft";
        if (draft && text(*invoice, "customer") == customer) take_customer(account, id);
    }
}

void finalize_invoice(Account& account, const std::string& id, std::string_view payment_intent) {
    recount_usage(account, id);
    take_customer(account, id);
    const Object taxed = child(account.get("invoice", id), "automatic_tax");
    if (flag(taxed, "enabled") && text(taxed, "status") != "complete") {
        // Stripe goes on without: money is not held up by a missing address.
        account.change(id, "", [](Object& invoice) {
            Object& tax = invoice["automatic_tax"].as_object();
            tax["enabled"] = false;
            tax["status"] = nullptr;
            tax["disabled_reason"] = "finalization_requires_location_inputs";
        });
    }
    const Object draft = account.get("invoice", id);
    const auto number_text = next_number(account, text(draft, "customer"));
    std::string intent(payment_intent);
    const auto* prepaid = account.find("payment_intent", intent);
    apply_balance(account, id, prepaid ? number(*prepaid, "amount") : -1);
    const auto due = number(account.get("invoice", id), "amount_due");
    const Object& open = account.change(id, "", [&](Object& invoice) {
        invoice["status"] = "open";
        invoice["number"] = number_text;
        invoice["automatically_finalizes_at"] = nullptr;
        invoice["effective_at"] = account.now();
        invoice["hosted_invoice_url"] = account.base_url() + "/i/" + id;
        invoice["invoice_pdf"] = account.base_url() + "/i/" + id + "/pdf";
        invoice["status_transitions"].as_object()["finalized_at"] = account.now();
        invoice["webhooks_delivered_at"] = account.now();
        if (!intent.empty()) invoice["_payment_intent"] = intent;
    });
    account.emit("invoice.finalized", open);
    if (due == 0) {
        settle_invoice(account, id);
        return;
    }
    if (intent.empty()) {
        const bool subscribed = !subscription_of(draft).empty();
        intent = text(
            add_payment_intent(account, due, text(draft, "currency"),
                               Object{
                                   {"customer",           draft.at("customer")                                                                      },
                                   {"description",        subscribed ? json::value("Subscription update")
                                                              : json::value("Payment for Invoice")},
                                   {"setup_future_usage",
                                    subscribed ? json::value("off_session") : json::value(nullptr)                                                  },
                                   {"_invoice",           id                                                                                        }
        }),
            "id");
        account.change(id, "", [&](Object& invoice) { invoice["_payment_intent"] = intent; });
    }
    add_invoice_payment(account, *account.find("invoice", id), intent);
}

std::string method_for(const Account& account, const Object& invoice) {
    if (present(invoice, "default_payment_method")) return text(invoice, "default_payment_method");
    if (const auto* subscription = account.find("subscription", subscription_of(invoice))) {
        if (present(*subscription, "default_payment_method")) {
            return text(*subscription, "default_payment_method");
        }
    }
    const auto* customer = account.find("customer", text(invoice, "customer"));
    if (!customer) return {};
    return text(child(*customer, "invoice_settings"), "default_payment_method");
}

Outcome pay_invoice(Account& account, const std::string& id, const Confirmation& how) {
    const Object invoice = account.get("invoice", id);
    const auto status = text(invoice, "status");
    if (status == "paid") refuse("", "Invoice is already paid");
    if (status != "open" && status != "uncollectible") {
        refuse("", "This invoice is " + status + " and can't be paid.");
    }
    const auto intent = text(invoice, "_payment_intent");
    if (text(account.get("payment_intent", intent), "status") == "processing") {
        refuse("payment_intent_unexpected_state",
               "A payment of this invoice is being processed: wait for the bank's answer.");
    }
    const auto outcome = confirm_payment(account, intent, how);
    if (outcome == Outcome::succeeded)
        settle_invoice(account, id);
    else if (outcome == Outcome::processing)
        note_processing_payment(account, id);
    else
        note_failed_payment(account, id, outcome);
    return outcome;
}

void settle_invoice(Account& account, const std::string& id, bool out_of_band) {
    const Object before = account.get("invoice", id);
    const auto* intent = account.find("payment_intent", text(before, "_payment_intent"));
    const auto now = account.now();
    const bool renewal = text(before, "billing_reason") == "subscription_cycle";
    const Object& paid = account.change(id, renewal ? "invoice.updated" : "", [&](Object& invoice) {
        invoice["status"] = "paid";
        invoice["attempted"] = true;
        if (intent && !out_of_band) {
            invoice["_charge"] = value_of(*intent, "latest_charge");
            const bool counted = flag(invoice, "_processing");
            invoice["attempt_count"] = number(invoice, "attempt_count") + (counted ? 0 : 1);
        }
        invoice.erase("_processing");
        if (out_of_band) invoice["_paid_out_of_band"] = true;
        invoice["next_payment_attempt"] = nullptr;
        invoice["amount_paid"] = invoice.at("amount_due");
        invoice["amount_remaining"] = 0;
        invoice["status_transitions"].as_object()["paid_at"] = now;
    });
    account.emit("invoice.paid", paid);
    if (!out_of_band) account.emit("invoice.payment_succeeded", paid);
    if (intent && !out_of_band) {
        change_invoice_payment(
            account, paid,
            [&](Object& payment) {
                payment["status"] = "paid";
                payment["amount_paid"] = payment.at("amount_requested");
                payment["status_transitions"].as_object()["paid_at"] = now;
            },
            "invoice_payment.paid");
    }
    invoice_was_paid(account, subscription_of(paid), id);
}

void note_processing_payment(Account& account, const std::string& id) {
    const Object& tried = account.change(id, "invoice.updated", [](Object& invoice) {
        invoice["attempted"] = true;
        invoice["attempt_count"] = number(invoice, "attempt_count") + 1;
        invoice["next_payment_attempt"] = nullptr;
        invoice["_processing"] = true;
    });
    invoice_is_processing(account, subscription_of(tried), id);
}

void note_failed_payment(Account& account, const std::string& id, Outcome outcome) {
    const bool asks = outcome == Outcome::requires_action;
    const Object before = account.get("invoice", id);
    // A debit that fails days later is tried again, as a renewal is: its subscription has begun.
    const bool delayed = flag(before, "_processing");
    const bool renewal = delayed || text(before, "billing_reason") == "subscription_cycle" ||
                         flag(before, "_collected_later");
    const auto attempts = number(before, "attempt_count") + (asks || delayed ? 0 : 1);
    const Object failed = account.change(id, "", [&](Object& invoice) {
        invoice["attempted"] = true;
        invoice["attempt_count"] = attempts;
        if (delayed) invoice["_delayed"] = true;
        invoice.erase("_processing");
        invoice["next_payment_attempt"] = nullptr;
        const auto days = renewal && attempts >= 1 ? retry_days_after(account, attempts) : 0;
        if (days > 0) invoice["next_payment_attempt"] = account.now() + days * 86400;
    });
    if (!asks) account.emit("invoice.payment_failed", failed);
    const auto* intent = account.find("payment_intent", text(failed, "_payment_intent"));
    const bool needs_customer = asks || (intent && text(child(*intent, "last_payment_error"),
                                                        "code") == "authentication_required");
    if (needs_customer) account.emit("invoice.payment_action_required", failed);
    account.emit("invoice.updated", failed, &before);
    if (!asks) invoice_was_not_paid(account, subscription_of(failed), failed);
}

void void_invoice(Account& account, const std::string& id) {
    const Object& invoice = account.get("invoice", id);
    const auto status = text(invoice, "status");
    if (status != "open" && status != "uncollectible") {
        refuse("invoice_not_editable",
               "You can only pass in open invoices. This invoice isn't open.");
    }
    const auto intent = text(invoice, "_payment_intent");
    const Object& voided = account.change(id, "", [&](Object& changed) {
        changed["status"] = "void";
        changed["next_payment_attempt"] = nullptr;
        changed["status_transitions"].as_object()["voided_at"] = account.now();
    });
    if (account.find("payment_intent", intent)) cancel_payment(account, intent, "void_invoice");
    change_invoice_payment(
        account, voided,
        [&](Object& payment) {
            payment["status"] = "canceled";
            payment["status_transitions"].as_object()["canceled_at"] = account.now();
        },
        "");
    account.emit("invoice.voided", voided);
    return_balance(account, id);
    invoice_was_closed(account, subscription_of(account.get("invoice", id)), id);
}

void mark_uncollectible(Account& account, const std::string& id) {
    if (text(account.get("invoice", id), "status") != "open") {
        refuse("invoice_not_editable",
               "You can only pass in open invoices. This invoice isn't open.");
    }
    const Object& marked = account.change(id, "", [&](Object& changed) {
        changed["status"] = "uncollectible";
        changed["next_payment_attempt"] = nullptr;
        changed["status_transitions"].as_object()["marked_uncollectible_at"] = account.now();
    });
    account.emit("invoice.marked_uncollectible", marked);
    invoice_was_closed(account, subscription_of(account.get("invoice", id)), id);
}

}  // namespace paydesk::sandbox::stripe
