// The account itself and its balance: /v1/account, /v1/balance, /v1/balance_transactions.

#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {
namespace {

json::value account(Call& call) {
    return Object{
        {"id",                "acct_1PaydeskSandbox"                                      },
        {"object",            "account"                                                   },
        {"business_profile",  nullptr                                                     },
        {"business_type",     nullptr                                                     },
        {"capabilities",      Object{{"card_payments", "active"}, {"transfers", "active"}}},
        {"charges_enabled",   true                                                        },
        {"controller",        Object{{"type", "account"}}                                 },
        {"country",           "US"                                                        },
        {"created",           call.account.now()                                          },
        {"default_currency",  "usd"                                                       },
        {"details_submitted", true                                                        },
        {"email",             "sandbox@example.com"                                       },
        {"metadata",          Object()                                                    },
        {"payouts_enabled",   true                                                        },
        {"settings",          nullptr                                                     },
        {"type",              "standard"                                                  }
    };
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
    routes.on("GET /v1/account", "", account);
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
