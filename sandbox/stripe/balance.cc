#include "sandbox/stripe/balance.h"

#include <algorithm>

#include "base/money.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

// Stripe's minimum charges by currency of settlement; elsewhere about half a dollar.
constexpr std::pair<std::string_view, std::int64_t> minimums[] = {
    {"aed", 200  },
    {"bgn", 100  },
    {"czk", 1500 },
    {"dkk", 250  },
    {"gbp", 30   },
    {"hkd", 400  },
    {"huf", 17500},
    {"mxn", 1000 },
    {"myr", 200  },
    {"nok", 300  },
    {"pln", 200  },
    {"ron", 200  },
    {"sek", 300  },
    {"thb", 1000 },
};

json::value create(Call& call) {
    Account& account = call.account;
    const auto customer = text(call.target("customer"), "id");
    const auto currency = Currency::parse(text(call.params, "currency"));
    if (!currency) refuse("", "Invalid currency: " + text(call.params, "currency"), "currency");
    const Object& known = account.get("customer", customer);
    if (present(known, "currency") && text(known, "currency") != currency->lower_code()) {
        refuse("", "The customer's currency is " + text(known, "currency") + ".", "currency");
    }
    Object fields{
        {"description", value_of(call.params, "description")}
    };
    merge_metadata(call.params, fields);
    return add_balance_transaction(account, customer, number(call.params, "amount"),
                                   currency->lower_code(), "adjustment", fields);
}

const Object& transaction_of(const Call& call) {
    const Object& customer = call.target("customer");
    const Object& found =
        call.account.get("customer_balance_transaction", call.path.at("transaction"));
    if (value_of(found, "customer") != customer.at("id")) {
        refuse_missing("customer_balance_transaction", text(found, "id"), "id", true);
    }
    return found;
}

}  // namespace

std::int64_t minimum_charge(std::string_view currency) {
    for (const auto& [code, minimum] : minimums) {
        if (code == currency) return minimum;
    }
    const auto known = Currency::parse(currency);
    return known && known->minor_digits() == 3 ? 500 : 50;
}

void check_amount(std::int64_t amount, std::string_view currency) {
    const auto known = Currency::parse(currency);
    if (!known) refuse("", "Invalid currency: " + std::string(currency), "currency");
    const auto code = known->lower_code();
    const auto minimum = minimum_charge(code);
    if (amount < minimum) {
        refuse("amount_too_small",
               "Amount must be at least " + Money(minimum, *known).format() + " " + code, "amount");
    }
    const int step = known->minor_digits() == 3 ? 10 : code == "isk" || code == "ugx" ? 100 : 1;
    if (amount % step != 0) {
        refuse("",
               "Amounts of " + code + " must be divisible by " + std::to_string(step) +
                   ": the currency has no smaller part.",
               "amount");
    }
}

Due due_of(const Account& account, const std::string& customer, std::int64_t total,
           std::string_view currency) {
    const auto* owner = account.find("customer", customer);
    const auto owed = total + (owner ? number(*owner, "balance") : 0);
    if (total == 0) return {.amount = 0, .ending_balance = owed};
    if (total < 0 || owed < minimum_charge(currency)) return {.amount = 0, .ending_balance = owed};
    return {.amount = owed, .ending_balance = 0};
}

const Object& add_balance_transaction(Account& account, const std::string& customer,
                                      std::int64_t amount, std::string_view currency,
                                      std::string_view type, const Object& fields) {
    const auto ending = number(account.get("customer", customer), "balance") + amount;
    account.change(customer, "customer.updated", [&](Object& changed) {
        changed["balance"] = ending;
        if (!present(changed, "currency")) changed["currency"] = currency;
    });
    Object transaction = blank("customer_balance_transaction");
    transaction["id"] = account.new_id("cbtxn_1");
    transaction["customer"] = customer;
    transaction["amount"] = amount;
    transaction["currency"] = currency;
    transaction["ending_balance"] = ending;
    transaction["type"] = type;
    for (const auto& [key, value] : fields) transaction[key] = value;
    return account.add(std::move(transaction));
}

void apply_balance(Account& account, const std::string& id, std::int64_t charged) {
    const Object invoice = account.get("invoice", id);
    const auto customer = text(invoice, "customer");
    const auto total = number(invoice, "total");
    const auto currency = text(invoice, "currency");
    const auto starting = number(account.get("customer", customer), "balance");
    Due due = due_of(account, customer, total, currency);
    if (charged >= 0) due = {.amount = charged, .ending_balance = starting + total - charged};
    account.change(id, "", [&](Object& changed) {
        changed["starting_balance"] = starting;
        changed["ending_balance"] = due.ending_balance;
        changed["amount_due"] = due.amount;
        changed["amount_remaining"] = due.amount;
    });
    if (due.ending_balance == starting) return;
    const bool small = due.ending_balance > 0 && due.amount == 0 && total > 0;
    add_balance_transaction(account, customer, due.ending_balance - starting, currency,
                            small ? "invoice_too_small" : "applied_to_invoice",
                            Object{
                                {"invoice", id}
    });
}

void return_balance(Account& account, const std::string& id) {
    const Object invoice = account.get("invoice", id);
    const auto taken = number(invoice, "starting_balance") - number(invoice, "ending_balance");
    if (taken == 0 || !account.find("customer", text(invoice, "customer"))) return;
    add_balance_transaction(account, text(invoice, "customer"), taken, text(invoice, "currency"),
                            "unapplied_from_invoice",
                            Object{
                                {"invoice", id}
    });
}

void add_balance_routes(Routes& routes) {
    routes.on("POST /v1/customers/{id}/balance_transactions",
              "amount!:i currency!:id description metadata:m", create);
    routes.list("/v1/customers/{id}/balance_transactions", "created:any invoice:id",
                [](Call& call) {
                    const auto id = text(call.target("customer"), "id");
                    return list_page(call, "customer_balance_transaction",
                                     "/v1/customers/" + id + "/balance_transactions",
                                     [&](const Object& transaction) {
                                         return text(transaction, "customer") == id &&
                                                matches(call, transaction, "invoice");
                                     });
                });
    routes.on("GET /v1/customers/{id}/balance_transactions/{transaction}", "",
              [](Call& call) -> json::value { return transaction_of(call); });
    routes.on("POST /v1/customers/{id}/balance_transactions/{transaction}",
              "description metadata:m", [](Call& call) -> json::value {
                  return call.account.change(
                      text(transaction_of(call), "id"), "", [&](Object& transaction) {
                          copy_params(call.params, transaction, {"description"});
                          merge_metadata(call.params, transaction);
                      });
              });
}

}  // namespace paydesk::sandbox::stripe
