// Sales, and their routes of the old API: /v1/payments/sale, /v1/payments/refund.

#include "sandbox/paypal/sales.h"

#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/disputes.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refunds.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {
namespace {

Amount refunded_of_sale(const Account& account, const Object& sale) {
    Amount sum{0, stored_amount(sale, "_amount").currency};
    for (const json::value& id : children(sale, "_refunds")) {
        sum = plus(sum, stored_amount(*account.find(kind::sale_refund, id.as_string()), "_amount"));
    }
    return sum;
}

Object add_refund_of_sale(Account& account, const Object& sale, const Amount& amount,
                          const Object& given) {
    const auto id = account.new_id("");
    const auto sale_id = text(sale, "id");
    json::array links;
    links.push_back(link(account.url("/v1/payments/refund/" + id), "self", "GET"));
    links.push_back(link(account.url("/v1/payments/sale/" + sale_id), "sale", "GET"));
    const Amount whole = plus(refunded_of_sale(account, sale), amount);
    Object refund{
        {"id",                          id                                                 },
        {"state",                       "completed"                                        },
        {"amount",                      old_money(amount)                                  },
        {"sale_id",                     sale_id                                            },
        {"total_refunded_amount",
         Object{{"value", value_text(whole)}, {"currency", whole.currency}}                },
        {"refund_from_transaction_fee",
         Object{{"value", value_text({0, amount.currency})}, {"currency", amount.currency}}},
        {"refund_from_received_amount",
         Object{{"value", value_text(amount)}, {"currency", amount.currency}}              },
        {"create_time",                 time_text(account.now())                           },
        {"update_time",                 time_text(account.now())                           },
        {"links",                       std::move(links)                                   },
        {"_amount",                     money(amount)                                      }
    };
    if (present(sale, "custom")) refund["custom"] = sale.at("custom");
    if (present(given, "invoice_id")) refund["invoice_number"] = given.at("invoice_id");
    if (present(given, "note_to_payer")) refund["description"] = given.at("note_to_payer");
    const Object& added = account.add(kind::sale_refund, std::move(refund));
    Object& changed = account.edit(sale_id);
    changed["_refunds"].as_array().push_back(json::value(id));
    changed["state"] = whole == stored_amount(sale, "_amount") ? "refunded" : "partially_refunded";
    changed["update_time"] = time_text(account.now());
    return shown(added);
}

void check_refundable(const Account& account, const Object& sale) {
    const auto status = status_of_sale(account, sale);
    if (status == "PENDING") refuse("PENDING_CAPTURE");
    if (status == "REFUNDED") refuse("CAPTURE_FULLY_REFUNDED");
    if (status == "DECLINED") refuse("REFUND_NOT_ALLOWED");
    if (number(sale, "_created") + refundable_seconds < account.now()) {
        refuse("REFUND_TIME_LIMIT_EXCEEDED");
    }
}

Answer get_sale(Call& call) {
    return {200, shown_sale(call.account, call.account.get(kind::sale, call.id()))};
}

// {amount?: {total, currency}, invoice_number?, description?}
Answer refund_by_old_api(Call& call) {
    call.account.get(kind::sale, call.id());
    const Object& given = call.fields();
    Object asked;
    if (present(given, "amount")) {
        const Object& amount = object_at(given, "amount", "/amount");
        asked["amount"] = Object{
            {"currency_code", value_of(amount, "currency")},
            {"value",         value_of(amount, "total")   }
        };
    }
    if (present(given, "invoice_number")) asked["invoice_id"] = given.at("invoice_number");
    if (present(given, "description")) asked["note_to_payer"] = given.at("description");
    const auto refunded = refund_sale(call.account, call.id(), asked);
    return {201, shown(call.account.get(kind::sale_refund, text(refunded, "id")))};
}

Answer get_refund(Call& call) {
    return {200, shown(call.account.get(kind::sale_refund, call.id()))};
}

}  // namespace

std::string add_sale(Account& account, const Object& subscription, const Amount& amount,
                     bool pending) {
    const auto fee = fee_of(amount);
    Object sale{
        {"id",                          account.new_id("")                                            },
        {"state",                       pending ? "pending" : "completed"                             },
        {"amount",                      old_money(amount)                                             },
        {"payment_mode",                pending ? "ECHECK" : "INSTANT_TRANSFER"                       },
        {"protection_eligibility",      "ELIGIBLE"                                                    },
        {"protection_eligibility_type", "ITEM_NOT_RECEIVED_ELIGIBLE,UNAUTHORIZED_PAYMENT_ELIGIBLE"    },
        {"transaction_fee",             Object{{"value", value_text(fee)}, {"currency", fee.currency}}},
        {"billing_agreement_id",        subscription.at("id")                                         },
        {"create_time",                 time_text(account.now())                                      },
        {"update_time",                 time_text(account.now())                                      },
        {"_amount",                     money(amount)                                                 },
        {"_subscription",               subscription.at("id")                                         },
        {"_created",                    account.now()                                                 },
        {"_refunds",                    json::array()                                                 }
    };
    if (present(subscription, "custom_id")) sale["custom"] = subscription.at("custom_id");
    if (pending) {
        sale["reason_code"] = "ECHECK";
        sale["_settles"] = account.now() + echeck_seconds;
    }
    return text(account.add(kind::sale, std::move(sale)), "id");
}

void announce_sale(Account& account, const std::string& id) {
    if (id.empty()) return;
    const Object& sale = account.get(kind::sale, id);
    account.emit(
        text(sale, "state") == "pending" ? "PAYMENT.SALE.PENDING" : "PAYMENT.SALE.COMPLETED",
        shown_sale(account, sale));
}

void add_declined(Account& account, const Object& subscription, const Amount& amount) {
    account.add(kind::declined, Object{
                                    {"id",            account.new_id("")   },
                                    {"_subscription", subscription.at("id")},
                                    {"_amount",       money(amount)        },
                                    {"_created",      account.now()        }
    });
}

Object shown_sale(const Account& account, const Object& sale) {
    Object out = shown(sale);
    const auto self = account.url("/v1/payments/sale/" + text(sale, "id"));
    json::array links;
    links.push_back(link(self, "self", "GET"));
    links.push_back(link(self + "/refund", "refund", "POST"));
    out["links"] = std::move(links);
    return out;
}

std::string status_of_sale(const Account&, const Object& sale) {
    const auto state = text(sale, "state");
    if (state == "pending") return "PENDING";
    if (state == "denied") return "DECLINED";
    if (state == "refunded") return "REFUNDED";
    return state == "partially_refunded" ? "PARTIALLY_REFUNDED" : "COMPLETED";
}

Object capture_of_sale(const Account& account, const Object& sale) {
    const auto self = account.url("/v2/payments/captures/" + text(sale, "id"));
    const auto amount = stored_amount(sale, "_amount");
    json::array links;
    links.push_back(link(self, "self", "GET"));
    links.push_back(link(self + "/refund", "refund", "POST"));
    Object out{
        {"id", sale.at("id")},
        {"status", status_of_sale(account, sale)},
        {"amount", money(amount)},
        {"final_capture", true},
        {"seller_receivable_breakdown", receivable(amount)},
        {"create_time", sale.at("create_time")},
        {"update_time", sale.at("update_time")},
        {"links", std::move(links)}
    };
    if (present(sale, "custom")) out["custom_id"] = sale.at("custom");
    return out;
}

Object refund_of_old(const Account& account, const Object& refund) {
    const auto amount = stored_amount(refund, "_amount");
    const auto self = account.url("/v2/payments/refunds/" + text(refund, "id"));
    json::array links;
    links.push_back(link(self, "self", "GET"));
    links.push_back(
        link(account.url("/v2/payments/captures/" + text(refund, "sale_id")), "up", "GET"));
    const Object& total = child(refund, "total_refunded_amount");
    Object out{
        {"id",                       refund.at("id")                                       },
        {"status",                   "COMPLETED"                                           },
        {"amount",                   money(amount)                                         },
        {"seller_payable_breakdown",
         Object{{"gross_amount", money(amount)},
                {"paypal_fee", money({0, amount.currency})},
                {"net_amount", money(amount)},
                {"total_refunded_amount",
                 Object{{"currency_code", amount.currency}, {"value", total.at("value")}}}}},
        {"create_time",              refund.at("create_time")                              },
        {"update_time",              refund.at("update_time")                              },
        {"links",                    std::move(links)                                      }
    };
    if (present(refund, "invoice_number")) out["invoice_id"] = refund.at("invoice_number");
    if (present(refund, "description")) out["note_to_payer"] = refund.at("description");
    if (present(refund, "custom")) out["custom_id"] = refund.at("custom");
    return out;
}

Object refund_sale(Account& account, const std::string& id, const Object& given) {
    const Object sale = account.get(kind::sale, id);
    const auto asked = optional_amount_at(given, "amount", "/amount", Sign::positive);
    optional_text(given, "note_to_payer", "/note_to_payer", 255);
    optional_text(given, "invoice_id", "/invoice_id", 127);
    check_refundable(account, sale);
    const auto whole = stored_amount(sale, "_amount");
    const auto left = minus(whole, refunded_of_sale(account, sale));
    if (asked && asked->currency != whole.currency) {
        refuse("REFUND_CAPTURE_CURRENCY_MISMATCH", "/amount/currency_code");
    }
    if (asked && asked->minor > left.minor) refuse("REFUND_AMOUNT_EXCEEDED", "/amount/value");
    const auto amount = asked.value_or(left);
    if (amount != whole && is_disputed(account, id)) refuse("TRANSACTION_DISPUTED");
    if (children(sale, "_refunds").size() >= refunds_max) refuse("MAX_NUMBER_OF_REFUNDS_EXCEEDED");
    const auto refund = add_refund_of_sale(account, sale, amount, given);
    account.emit("PAYMENT.SALE.REFUNDED", refund);
    return refund_of_old(account, account.get(kind::sale_refund, text(refund, "id")));
}

void settle_sale(Account& account, const std::string& id, bool completed) {
    Object& sale = account.edit(id);
    sale["state"] = completed ? "completed" : "denied";
    sale["update_time"] = time_text(account.now());
    sale.erase("reason_code");
    sale.erase("_settles");
    account.emit(completed ? "PAYMENT.SALE.COMPLETED" : "PAYMENT.SALE.DENIED",
                 shown_sale(account, sale));
}

void reverse_sale(Account& account, const std::string& id) {
    Object& sale = account.edit(id);
    sale["state"] = "refunded";
    sale["reason_code"] = "CHARGEBACK";
    sale["update_time"] = time_text(account.now());
    account.emit("PAYMENT.SALE.REVERSED", shown_sale(account, sale));
}

void add_sale_routes(Routes& routes) {
    routes.on("GET /v1/payments/sale/{id}", get_sale);
    routes.on("POST /v1/payments/sale/{id}/refund", refund_by_old_api, remembers_payments);
    routes.on("GET /v1/payments/refund/{id}", get_refund);
}

}  // namespace paydesk::sandbox::paypal
