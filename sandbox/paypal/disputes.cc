// Disputes: /v1/customer/disputes, to read.

#include "sandbox/paypal/disputes.h"

#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/routes.h"
#include "sandbox/paypal/sales.h"

namespace paydesk::sandbox::paypal {
namespace {

Object shown_dispute(const Account& account, const Object& dispute) {
    Object out = shown(dispute);
    out.erase("id");
    json::array links;
    links.push_back(
        link(account.url("/v1/customer/disputes/" + text(dispute, "id")), "self", "GET"));
    out["links"] = std::move(links);
    return out;
}

Answer get(Call& call) {
    return {200, shown_dispute(call.account, call.account.get(kind::dispute, call.id()))};
}

// ?disputed_transaction_id=
Answer list(Call& call) {
    const auto transaction = call.asked("disputed_transaction_id");
    json::array items;
    for (const auto& id : call.account.store().ids(kind::dispute)) {
        const Object& dispute = *call.account.find(kind::dispute, id);
        if (!transaction.empty() && text(dispute, "_transaction") != transaction) continue;
        items.push_back(shown_dispute(call.account, dispute));
    }
    json::array links;
    links.push_back(link(call.account.url("/v1/customer/disputes"), "self", "GET"));
    return {
        200, Object{{"items", std::move(items)}, {"links", std::move(links)}}
    };
}

}  // namespace

bool is_disputed(const Account& account, std::string_view transaction) {
    for (const auto& id : account.store().ids(kind::dispute)) {
        const Object& dispute = *account.find(kind::dispute, id);
        if (text(dispute, "_transaction") == transaction && text(dispute, "status") != "RESOLVED") {
            return true;
        }
    }
    return false;
}

Object open_dispute(Account& account, const std::string& transaction, const Object& given) {
    const auto* sale = account.find(kind::sale, transaction);
    const Object& paid = sale ? *sale : account.get(kind::capture, transaction);
    if (is_disputed(account, transaction)) {
        refuse("TRANSACTION_DISPUTED", {}, "It is disputed already.");
    }
    const json::value amount = paid.at(sale ? "_amount" : "amount");
    const auto reason =
        choice(given, "reason", "/reason",
               {"MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED",
                "UNAUTHORISED", "CREDIT_NOT_PROCESSED", "DUPLICATE_TRANSACTION", "OTHER"},
               "MERCHANDISE_OR_SERVICE_NOT_RECEIVED");
    const auto id = account.new_id("PP-D-", 7);
    json::array transactions;
    transactions.push_back(Object{
        {"seller_transaction_id", transaction                         },
        {"create_time",           paid.at("create_time")              },
        {"transaction_status",    "COMPLETED"                         },
        {"gross_amount",          amount                              },
        {"seller",                Object{{"merchant_id", merchant_id}}}
    });
    const Object& dispute =
        account.add(kind::dispute, Object{
                                       {"id",                       id                      },
                                       {"dispute_id",               id                      },
                                       {"create_time",              time_text(account.now())},
                                       {"update_time",              time_text(account.now())},
                                       {"disputed_transactions",    std::move(transactions) },
                                       {"reason",                   reason                  },
                                       {"status",                   "OPEN"                  },
                                       {"dispute_amount",           amount                  },
                                       {"dispute_life_cycle_stage", "INQUIRY"               },
                                       {"dispute_channel",          "INTERNAL"              },
                                       {"_transaction",             transaction             }
    });
    auto seen = shown_dispute(account, dispute);
    account.emit("CUSTOMER.DISPUTE.CREATED", seen);
    return seen;
}

Object resolve_dispute(Account& account, const std::string& id, bool for_buyer) {
    const Object before = account.get(kind::dispute, id);
    if (text(before, "status") == "RESOLVED") refuse_missing();
    Object& dispute = account.edit(id);
    dispute["status"] = "RESOLVED";
    dispute["update_time"] = time_text(account.now());
    dispute["dispute_outcome"] = Object{
        {"outcome_code",    for_buyer ? "RESOLVED_BUYER_FAVOUR" : "RESOLVED_SELLER_FAVOUR"},
        {"amount_refunded", before.at("dispute_amount")                                   }
    };
    if (!for_buyer) dispute["dispute_outcome"].as_object().erase("amount_refunded");
    auto seen = shown_dispute(account, dispute);
    if (for_buyer) {
        const auto transaction = text(before, "_transaction");
        if (account.find(kind::sale, transaction))
            reverse_sale(account, transaction);
        else
            reverse_capture(account, transaction);
    }
    account.emit("CUSTOMER.DISPUTE.RESOLVED", seen);
    return seen;
}

void add_dispute_routes(Routes& routes) {
    routes.on("GET /v1/customer/disputes", list);
    routes.on("GET /v1/customer/disputes/{id}", get);
}

}  // namespace paydesk::sandbox::paypal
