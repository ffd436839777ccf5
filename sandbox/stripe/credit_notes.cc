// Credit notes: /v1/credit_notes.
//
//     invoice open ──▶ pre-payment: less is due, nothing at all makes it paid
//     invoice paid ──▶ post-payment: refunded, credited to the balance, or given back elsewhere

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/stripe/balance.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view listing =
    "invoice!:id amount:i credit_amount:i refund_amount:i out_of_band_amount:i effective_at:t "
    "email_type:(credit_note|none) memo metadata:m "
    "reason:(duplicate|fraudulent|order_change|product_unsatisfactory) "
    "refund<basil:id refunds>=basil[]{refund!:id amount_refunded:i type:(refund)} "
    "shipping_cost:no "
    "lines[]{type!:(custom_line_item|invoice_line_item) amount:i quantity:i unit_amount:i "
    "unit_amount_decimal:no description invoice_line_item:id metadata:m "
    "tax_amounts[]{amount!:i tax_rate!:id taxable_amount!:i} tax_rates[]:id}";

void check_not_negative(const Object& object, std::string_view key, const std::string& param) {
    if (number(object, key) >= 0) return;
    refuse("parameter_invalid_integer", "This value must be greater than or equal to 0.", param);
}

std::int64_t share(std::int64_t amount, std::int64_t part, std::int64_t whole) {
    if (whole == 0) return 0;
    const __int128 doubled = static_cast<__int128>(amount) * part * 2;
    const __int128 by = whole < 0 ? -static_cast<__int128>(whole) : whole;
    const __int128 signed_doubled = whole < 0 ? -doubled : doubled;
    return static_cast<std::int64_t>((signed_doubled + (signed_doubled < 0 ? -by : by)) / (2 * by));
}

// Of an invoice's line as much discount and tax as of its amount.
void take_part(const Object& known, Object& line) {
    const auto amount = number(line, "amount");
    const auto whole = number(known, "amount");
    std::int64_t off = 0;
    json::array discounts;
    for (const json::value& value : children(known, "discount_amounts")) {
        Object discount = value.get_object();
        discount["amount"] = share(number(discount, "amount"), amount, whole);
        off += number(discount, "amount");
        discounts.push_back(std::move(discount));
    }
    line["discount_amount"] = off;
    line["discount_amounts"] = std::move(discounts);
    json::array taxes;
    for (const json::value& value : children(known, "taxes")) {
        Object tax = value.get_object();
        for (const auto* key : {"amount", "taxable_amount"}) {
            tax[key] = share(number(tax, key), amount, whole);
        }
        taxes.push_back(std::move(tax));
    }
    line["taxes"] = std::move(taxes);
    line["tax_rates"] = children(known, "_tax_rates");
}

// What the call says of a line's tax, if it does.
void set_taxes(const Account& account, const Object& wanted, Object& line,
               const std::string& path) {
    if (wanted.contains("tax_rates") && wanted.contains("tax_amounts")) {
        refuse("parameters_exclusive",
               "You may only specify one of these parameters: tax_amounts, tax_rates.");
    }
    if (wanted.contains("tax_amounts")) {
        json::array taxes, rates;
        for (const json::value& value : children(wanted, "tax_amounts")) {
            const Object& given = value.get_object();
            const auto id = text(given, "tax_rate");
            const auto* rate = find_tax_rate(account, id);
            if (!rate) refuse_missing("tax_rate", id, path + "[tax_amounts][tax_rate]", false);
            taxes.push_back(tax_amount({.rate = *rate,
                                        .amount = number(given, "amount"),
                                        .taxable = number(given, "taxable_amount"),
                                        .reason = "not_available",
                                        .inclusive = flag(*rate, "inclusive")}));
            rates.push_back(*rate);
        }
        line["taxes"] = std::move(taxes);
        line["tax_rates"] = std::move(rates);
    } else if (wanted.contains("tax_rates")) {
        const json::array rates =
            tax_rates_named(account, children(wanted, "tax_rates"), path + "[tax_rates]");
        json::array taxes;
        for (const Tax& tax : taxes_of({.amount = number(line, "amount"), .rates = rates}, {})) {
            taxes.push_back(tax_amount(tax));
        }
        line["taxes"] = std::move(taxes);
        line["tax_rates"] = rates;
    }
}

json::array note_discounts(const json::array& lines) {
    json::array sums;
    for (const json::value& line : lines) {
        for (const json::value& value : children(line.get_object(), "discount_amounts")) {
            const Object& discount = value.get_object();
            auto* known = std::ranges::find_if(sums, [&](const json::value& sum) {
                return sum.get_object().at("discount") == discount.at("discount");
            });
            if (known == sums.end()) {
                sums.push_back(discount);
            } else {
                Object& sum = known->get_object();
                sum["amount"] = number(sum, "amount") + number(discount, "amount");
            }
        }
    }
    return sums;
}

// Sets what the lines come to; gives the note's amount.
std::int64_t total_up_note(Object& note, const json::array& lines) {
    std::int64_t subtotal = 0, off = 0, added = 0, included = 0;
    for (const json::value& value : lines) {
        const Object& line = value.get_object();
        subtotal += number(line, "amount");
        off += number(line, "discount_amount");
        for (const json::value& taken : children(line, "taxes")) {
            const Object& tax = taken.get_object();
            (text(tax, "tax_behavior") == "inclusive" ? included : added) += number(tax, "amount");
        }
    }
    const auto total = subtotal - off + added;
    note["amount"] = total;
    note["discount_amount"] = off;
    note["discount_amounts"] = note_discounts(lines);
    note["subtotal"] = subtotal;
    note["subtotal_excluding_tax"] = subtotal - included;
    note["total"] = total;
    note["total_excluding_tax"] = total - added - included;
    note["total_taxes"] = total_taxes(lines);
    return total;
}

Object line_of(const Account& account, const Object& invoice, const Object& wanted,
               const std::string& path) {
    Object line = blank("credit_note_line_item");
    line["id"] = account.new_id("cnli_1");
    line["type"] = wanted.at("type");
    for (const auto* key : {"amount", "quantity", "unit_amount"}) {
        check_not_negative(wanted, key, path + "[" + key + "]");
    }
    const auto quantity = number(wanted, "quantity", 1);
    line["quantity"] = quantity;
    merge_metadata(wanted, line);
    if (text(wanted, "type") == "custom_line_item") {
        if (!present(wanted, "unit_amount")) refuse_missing_param(path + "[unit_amount]");
        line["unit_amount"] = wanted.at("unit_amount");
        line["unit_amount_decimal"] = std::to_string(number(wanted, "unit_amount"));
        line["amount"] = amount_of(wanted, quantity);
        line["description"] = value_of(wanted, "description");
        set_taxes(account, wanted, line, path);
        return line;
    }
    for (const json::value& value : children(child(invoice, "lines"), "data")) {
        const Object& known = value.get_object();
        if (text(known, "id") != text(wanted, "invoice_line_item")) continue;
        line["invoice_line_item"] = known.at("id");
        line["description"] = value_of(known, "description");
        const auto units = std::max<std::int64_t>(number(known, "quantity", 1), 1);
        const auto whole = amount_of(
                               Object{
                                   {"unit_amount", known.at("amount")}
        },
                               quantity) /
                           units;
        line["amount"] = number(wanted, "amount", whole);
        take_part(known, line);
        set_taxes(account, wanted, line, path);
        return line;
    }
    refuse_missing("invoice line item", text(wanted, "invoice_line_item"),
                   path + "[invoice_line_item]", false);
}

json::array lines_for(const Call& call, const Object& invoice) {
    json::array lines;
    const auto& wanted = children(call.params, "lines");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        lines.push_back(line_of(call.account, invoice, wanted[i].get_object(),
                                "lines[" + std::to_string(i) + "]"));
    }
    if (wanted.empty()) {
        if (!present(call.params, "amount")) {
            refuse("parameter_missing", "You must specify at least one of amount, lines.",
                   "amount");
        }
        lines.push_back(line_of(call.account, invoice,
                                Object{
                                    {"type",        "custom_line_item"      },
                                    {"unit_amount", call.params.at("amount")},
                                    {"description", "Credit"                }
        },
                                "amount"));
    }
    return lines;
}

std::int64_t credited(const Object& invoice) {
    return number(invoice, "pre_payment_credit_notes_amount") +
           number(invoice, "post_payment_credit_notes_amount");
}

// The open invoice asks for `less` less (more, when negative).
void reduce_open_invoice(Account& account, const std::string& id, std::int64_t less) {
    const Object& reduced = account.change(id, "", [&](Object& invoice) {
        for (const auto* key : {"amount_due", "amount_remaining"}) {
            invoice[key] = number(invoice, key) - less;
        }
        invoice["pre_payment_credit_notes_amount"] =
            number(invoice, "pre_payment_credit_notes_amount") + less;
    });
    const auto due = number(reduced, "amount_due");
    const auto intent = text(reduced, "_payment_intent");
    const auto payments = account.store().ids("invoice_payment");
    for (const auto& payment : payments) {
        if (text(*account.store().find(payment), "invoice") != id) continue;
        account.change(payment, "", [&](Object& changed) {
            changed["amount_requested"] = due;
            if (due == 0) changed["status"] = "canceled";
        });
    }
    if (!account.find("payment_intent", intent)) return;
    const Object& changed = account.change(intent, "", [&](Object& paying) {
        paying["amount"] = due;
        if (due > 0) return;
        paying["status"] = "canceled";
        paying["canceled_at"] = account.now();
        paying["cancellation_reason"] = "automatic";
    });
    if (due > 0) return;
    account.emit("payment_intent.canceled", changed);
    account.change(id, "", [](Object& invoice) { invoice.erase("_payment_intent"); });
}

// Gives back what was paid, in the ways that the call names.
void give_back(Call& call, const Object& invoice, Object& note) {
    Account& account = call.account;
    const Object& params = call.params;
    for (const std::string key : {"credit_amount", "refund_amount", "out_of_band_amount"}) {
        check_not_negative(params, key, key);
    }
    json::array refunds;
    std::int64_t refunded = number(params, "refund_amount");
    json::array named = children(params, "refunds");
    if (present(params, "refund")) {
        named.push_back(Object{
            {"refund", params.at("refund")}
        });
    }
    for (const json::value& value : named) {
        const Object& refund =
            account.get("refund", text(value.get_object(), "refund"), "refunds[0][refund]");
        const auto amount = number(value.get_object(), "amount_refunded", number(refund, "amount"));
        refunded += amount;
        refunds.push_back(Object{
            {"amount_refunded",       amount         },
            {"payment_record_refund", nullptr        },
            {"refund",                refund.at("id")},
            {"type",                  "refund"       }
        });
    }
    const auto credit = number(params, "credit_amount");
    const auto elsewhere = number(params, "out_of_band_amount");
    const auto amount = number(note, "amount");
    if (refunded + credit + elsewhere != amount) {
        refuse("", fmt::format("The sum of credit amount, refund amount and out of band amount "
                               "({}) must equal the credit note amount ({}).",
                               refunded + credit + elsewhere, amount));
    }
    if (number(params, "refund_amount") > 0) {
        if (!present(invoice, "_charge")) {
            refuse("", "This invoice was not paid by a charge: nothing can be refunded.",
                   "refund_amount");
        }
        Call refund{.account = account, .version = call.version, .path = {}, .params = {}};
        refund.params["charge"] = invoice.at("_charge");
        refund.params["amount"] = params.at("refund_amount");
        const json::value made = create_refund(refund);
        refunds.push_back(Object{
            {"amount_refunded",       params.at("refund_amount")},
            {"payment_record_refund", nullptr                   },
            {"refund",                made.get_object().at("id")},
            {"type",                  "refund"                  }
        });
    }
    note["refunds"] = std::move(refunds);
    note["out_of_band_amount"] = elsewhere > 0 ? json::value(elsewhere) : json::value(nullptr);
    if (credit == 0) return;
    Object fields{
        {"credit_note", note.at("id")   },
        {"invoice",     invoice.at("id")}
    };
    note["customer_balance_transaction"] =
        add_balance_transaction(account, text(invoice, "customer"), -credit,
                                text(invoice, "currency"), "credit_note", fields)
            .at("id");
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto id = text(call.params, "invoice");
    const Object invoice = account.get("invoice", id, "invoice");
    const auto status = text(invoice, "status");
    if (status != "open" && status != "paid") {
        refuse("",
               "You can only create a credit note for an open or paid invoice; this one is " +
                   status + ".",
               "invoice");
    }
    Object note = blank("credit_note");
    note["id"] = account.new_id("cn_1");
    json::array lines = lines_for(call, invoice);
    const auto amount = total_up_note(note, lines);
    if (present(call.params, "amount") && number(call.params, "amount") != amount) {
        refuse("", "The amount must equal the sum of the lines, their tax included.", "amount");
    }
    const bool open = status == "open";
    const auto left =
        open ? number(invoice, "amount_remaining") : number(invoice, "total") - credited(invoice);
    if (amount < 1 || amount > left) {
        refuse("",
               fmt::format("The credit note amount ({}) must be positive and at most what is "
                           "left of the invoice ({}).",
                           amount, left),
               "amount");
    }
    note["lines"] = list_of("/v1/credit_notes/" + text(note, "id") + "/lines", std::move(lines));
    note[open ? "pre_payment_amount" : "post_payment_amount"] = amount;
    note["type"] = open ? "pre_payment" : "post_payment";
    note["currency"] = invoice.at("currency");
    note["customer"] = invoice.at("customer");
    note["invoice"] = id;
    const auto sequence = number(invoice, "_credit_notes") + 1;
    note["number"] = fmt::format("{}-CN-{:02}", text(invoice, "number"), sequence);
    note["pdf"] = account.base_url() + "/i/" + id + "/pdf";
    note["effective_at"] = account.now();
    copy_params(call.params, note, {"memo", "reason", "effective_at"});
    merge_metadata(call.params, note);
    if (open)
        reduce_open_invoice(account, id, amount);
    else
        give_back(call, invoice, note);
    const auto note_id = text(note, "id");
    account.emit("credit_note.created", account.add(std::move(note)));
    account.change(id, "", [&](Object& changed) {
        changed["_credit_notes"] = sequence;
        if (!open) {
            changed["post_payment_credit_notes_amount"] =
                number(changed, "post_payment_credit_notes_amount") + amount;
        }
    });
    account.emit("invoice.updated", account.get("invoice", id), &invoice);
    if (open && number(account.get("invoice", id), "amount_remaining") == 0) {
        settle_invoice(account, id);
    }
    return account.get("credit_note", note_id);
}

json::value void_note(Call& call) {
    Account& account = call.account;
    const Object note = call.target("credit_note");
    const Object invoice = account.get("invoice", text(note, "invoice"));
    if (text(note, "status") == "void") refuse("", "This credit note is void already.");
    if (text(invoice, "status") != "open") {
        refuse("", "You can only void a credit note of an open invoice.");
    }
    reduce_open_invoice(account, text(invoice, "id"), -number(note, "amount"));
    account.emit("invoice.updated", account.get("invoice", text(invoice, "id")), &invoice);
    const Object& voided = account.change(text(note, "id"), "", [&](Object& changed) {
        changed["status"] = "void";
        changed["voided_at"] = account.now();
    });
    account.emit("credit_note.voided", voided);
    return voided;
}

}  // namespace

void add_credit_note_routes(Routes& routes) {
    routes.on("POST /v1/credit_notes", listing, create);
    routes.on("GET /v1/credit_notes/preview", listing, [](Call& call) {
        call.keeps_nothing = true;
        return create(call);
    });
    routes.list("/v1/credit_notes/preview/lines", listing, [](Call& call) {
        call.keeps_nothing = true;
        const json::value note = create(call);
        return page_of(call, children(child(note.get_object(), "lines"), "data"),
                       "/v1/credit_notes/preview/lines");
    });
    routes.list("/v1/credit_notes", "customer:id invoice:id created:any", [](Call& call) {
        return list_page(call, "credit_note", "/v1/credit_notes", [&](const Object& note) {
            return matches(call, note, "customer") && matches(call, note, "invoice");
        });
    });
    routes.on("GET /v1/credit_notes/{id}", "",
              [](Call& call) -> json::value { return call.target("credit_note"); });
    routes.on("POST /v1/credit_notes/{id}", "memo metadata:m", [](Call& call) -> json::value {
        return call.account.change(text(call.target("credit_note"), "id"), "credit_note.updated",
                                   [&](Object& note) {
                                       copy_params(call.params, note, {"memo"});
                                       merge_metadata(call.params, note);
                                   });
    });
    routes.on("POST /v1/credit_notes/{id}/void", "", void_note);
    routes.list("/v1/credit_notes/{id}/lines", "", [](Call& call) {
        const Object& note = call.target("credit_note");
        return page_of(call, children(child(note, "lines"), "data"),
                       "/v1/credit_notes/" + text(note, "id") + "/lines");
    });
}

}  // namespace paydesk::sandbox::stripe
