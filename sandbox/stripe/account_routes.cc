// The account itself and its balance: /v1/account, /v1/balance, /v1/balance_transactions.

#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view account_id = "acct_1PaydeskSandbox";

Object the_account() {
    return Object{
        {"id",                account_id                                                  },
        {"object",            "account"                                                   },
        {"business_profile",  nullptr                                                     },
        {"business_type",     nullptr                                                     },
        {"capabilities",      Object{{"card_payments", "active"}, {"transfers", "active"}}},
        {"charges_enabled",   true                                                        },
        {"controller",        Object{{"type", "account"}}                                 },
        {"country",           "US"                                                        },
        {"created",           1'735'689'600                                               },
        {"default_currency",  "usd"                                                       },
        {"details_submitted", true                                                        },
        {"email",             "sandbox@example.com"                                       },
        {"metadata",          Object()                                                    },
        {"payouts_enabled",   true                                                        },
        {"settings",          nullptr                                                     },
        {"type",              "standard"                                                  }
    };
}

json::value one_account(Call& call) {
    if (call.path.at("id") == account_id) return the_account();
    throw Refusal{.status = 403,
                  .code = "account_invalid",
                  .message = "The provided key does not have access to account '" +
                             call.path.at("id") +
                             "' (or that account does not exist). The Paydesk sandbox is one "
                             "account, without Connect."};
}

json::value balance(Call& call) {
    Object pending;
    Object available;
    for (const auto& id : call.account.store().ids("balance_transaction")) {
        const Object& transaction = *call.account.store().find(id);
        const auto currency = text(transaction, "currency");
        Object& side =
            number(transaction, "available_on") <= call.account.now() ? available : pending;
        side[currency] = number(side, currency) + number(transaction, "net");
    }
    const auto amounts = [](const Object& sums) {
        json::array list;
        for (const auto& [currency, amount] : sums) {
            list.push_back(Object{
                {"amount",       amount                  },
                {"currency",     currency                },
                {"source_types", Object{{"card", amount}}}
            });
        }
        if (list.empty()) {
            list.push_back(Object{
                {"amount",       0                  },
                {"currency",     "usd"              },
                {"source_types", Object{{"card", 0}}}
            });
        }
        return list;
    };
    return Object{
        {"object",    "balance"         },
        {"available", amounts(available)},
        {"livemode",  false             },
        {"pending",   amounts(pending)  }
    };
}

}  // namespace

void add_account_routes(Routes& routes) {
    routes.on("GET /v1/account", "", [](Call&) -> json::value { return the_account(); });
    routes.on("GET /v1/accounts/{id}", "", one_account);
    routes.on("GET /v1/balance", "", balance);
    routes.list("/v1/balance_transactions", "source:id type currency created:any", [](Call& call) {
        return list_page(call, "balance_transaction", "/v1/balance_transactions",
                         [&](const Object& transaction) {
                             return matches(call, transaction, "source") &&
                                    matches(call, transaction, "type");
                         });
    });
    routes.on("GET /v1/balance_transactions/{id}", "",
              [](Call& call) -> json::value { return call.target("balance_transaction"); });
}

}  // namespace paydesk::sandbox::stripe
