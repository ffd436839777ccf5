#include "sandbox/stripe/absent_routes.h"

namespace paydesk::sandbox::stripe {
namespace {

// A pattern covers all routes that begin with it; '*' is one segment. The first that fits tells.
struct Absent {
    std::string_view method;  // "" for each
    std::string_view pattern;
    std::string_view why;
};

constexpr std::string_view connect =
    "Connect is not in it: the sandbox is one account, without connected ones.";
constexpr std::string_view payouts =
    "What becomes of Stripe's balance is not in it: payouts, top-ups, transfers.";
constexpr std::string_view sources =
    "The Sources API is not in it: Stripe has deprecated it. Use PaymentMethods.";
constexpr std::string_view cash = "Cash balances and bank transfers are not in it.";
constexpr std::string_view browser =
    "What runs in the customer's browser is not in it: use the hosted pages, or name a test "
    "PaymentMethod such as pm_card_visa.";
constexpr std::string_view choice =
    "Which methods of payment there are is set by POST /_sandbox/settings {payment_method_types}.";
constexpr std::string_view elsewhere =
    "It is another of Stripe's products, beyond billing and payments.";
constexpr std::string_view records = "Payments that were made outside of Stripe are not in it.";

constexpr Absent all[] = {
    {"",     "/v1/account_links",                             connect                                                             },
    {"",     "/v1/account_sessions",                          connect                                                             },
    {"",     "/v1/accounts",                                  connect                                                             },
    {"",     "/v1/application_fees",                          connect                                                             },
    {"",     "/v1/country_specs",                             connect                                                             },
    {"",     "/v1/transfers",                                 connect                                                             },
    {"",     "/v1/balance_settings",                          payouts                                                             },
    {"",     "/v1/payouts",                                   payouts                                                             },
    {"",     "/v1/topups",                                    payouts                                                             },
    {"",     "/v1/exchange_rates",                            payouts                                                             },
    {"",     "/v1/customers/*/bank_accounts",                 sources                                                             },
    {"",     "/v1/customers/*/cards",                         sources                                                             },
    {"",     "/v1/customers/*/sources",                       sources                                                             },
    {"",     "/v1/sources",                                   sources                                                             },
    {"",     "/v1/three_d_secure",                            sources                                                             },
    {"",     "/v1/customers/*/cash_balance",                  cash                                                                },
    {"",     "/v1/customers/*/cash_balance_transactions",     cash                                                                },
    {"",     "/v1/customers/*/funding_instructions",          cash                                                                },
    {"",     "/v1/payment_intents/*/apply_customer_balance",  cash                                                                },
    {"",     "/v1/test_helpers/customers",                    cash                                                                },
    {"",     "/v1/apple_pay",                                 browser                                                             },
    {"",     "/v1/confirmation_tokens",                       browser                                                             },
    {"",     "/v1/customer_sessions",                         browser                                                             },
    {"",     "/v1/ephemeral_keys",                            browser                                                             },
    {"",     "/v1/payment_method_domains",                    browser                                                             },
    {"",     "/v1/test_helpers/confirmation_tokens",          browser                                                             },
    {"",     "/v1/tokens",                                    browser                                                             },
    {"",     "/v1/payment_method_configurations",             choice                                                              },
    {"",     "/v1/payment_attempt_records",                   records                                                             },
    {"",     "/v1/payment_records",                           records                                                             },
    {"POST", "/v1/charges",                                   "Charges are made by PaymentIntents only: POST /v1/payment_intents."},
    {"",     "/v1/payment_intents/*/increment_authorization",
     "Authorizations can't be raised afterwards: it has no cards that allow it."                                                  },
    {"",     "/v1/subscriptions/*/migrate",
     "A subscription keeps its billing mode: name it when it is made."                                                            },
    {"",     "/v1/quotes",                                    "Quotes are not in it."                                             },
    {"",     "/v1/payment_links",
     "Payment links are not in it: POST /v1/checkout/sessions makes a page to pay on."                                            },
    {"",     "/v1/shipping_rates",                            "Shipping is not in it."                                            },
    {"",     "/v1/setup_attempts",
     "Attempts are not kept: a SetupIntent's last_setup_error tells of the last one."                                             },
    {"",     "/v1/tax_ids",
     "The account has no tax ids: /v1/customers/:id/tax_ids has those of customers."                                              },
    {"",     "/v1/tax_codes",                                 "Any tax code is taken; txcd_00000000 is not taxed."                },
    {"",     "/v1/tax",
     "Tax is calculated on sessions, subscriptions and invoices only: automatic_tax."                                             },
    {"",     "/v1/file_links",                                "Files are not in it."                                              },
    {"",     "/v1/files",                                     "Files are not in it."                                              },
    {"",     "/v1/invoice_rendering_templates",               "Invoices have one look."                                           },
    {"",     "/v1/billing/alerts",                            "Billing alerts are not in it."                                     },
    {"",     "/v1/billing/analytics",                         "Analytics are not in it."                                          },
    {"",     "/v1/billing/credit_balance_summary",            "Billing credits are not in it."                                    },
    {"",     "/v1/billing/credit_balance_transactions",       "Billing credits are not in it."                                    },
    {"",     "/v1/billing/credit_grants",                     "Billing credits are not in it."                                    },
    {"",     "/v1/billing/feedback_options",
     "Feedback has Stripe's own options only: cancellation_details[feedback]."                                                    },
    {"",     "/v1/entitlements",                              "Entitlements are not in it."                                       },
    {"",     "/v1/products/*/features",                       "Entitlements are not in it."                                       },
    {"",     "/v1/reviews",                                   elsewhere                                                           },
    {"",     "/v1/test_helpers/refunds",                      cash                                                                },
    {"",     "/v1/apps",                                      elsewhere                                                           },
    {"",     "/v1/climate",                                   elsewhere                                                           },
    {"",     "/v1/financial_connections",                     elsewhere                                                           },
    {"",     "/v1/forwarding",                                elsewhere                                                           },
    {"",     "/v1/identity",                                  elsewhere                                                           },
    {"",     "/v1/issuing",                                   elsewhere                                                           },
    {"",     "/v1/product_catalog",                           elsewhere                                                           },
    {"",     "/v1/radar",                                     elsewhere                                                           },
    {"",     "/v1/reporting",                                 elsewhere                                                           },
    {"",     "/v1/sigma",                                     elsewhere                                                           },
    {"",     "/v1/terminal",                                  elsewhere                                                           },
    {"",     "/v1/test_helpers/issuing",                      elsewhere                                                           },
    {"",     "/v1/test_helpers/terminal",                     elsewhere                                                           },
    {"",     "/v1/test_helpers/treasury",                     elsewhere                                                           },
    {"",     "/v1/treasury",                                  elsewhere                                                           },
};

// Takes "/segment" from the front.
std::string_view take_segment(std::string_view& path) {
    const auto end = path.find('/', 1);
    const auto segment = path.substr(0, end);
    path.remove_prefix(segment.size());
    return segment;
}

bool covers(std::string_view pattern, std::string_view path) {
    while (!pattern.empty()) {
        if (path.empty()) return false;
        const auto wanted = take_segment(pattern);
        const auto given = take_segment(path);
        if (wanted != "/*" && wanted != given) return false;
    }
    return true;
}

}  // namespace

std::string_view why_absent(std::string_view method, std::string_view path) {
    for (const Absent& one : all) {
        if ((one.method.empty() || one.method == method) && covers(one.pattern, path)) {
            return one.why;
        }
    }
    return {};
}

}  // namespace paydesk::sandbox::stripe
