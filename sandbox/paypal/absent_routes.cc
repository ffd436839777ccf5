#include "sandbox/paypal/absent_routes.h"

namespace paydesk::sandbox::paypal {
namespace {

struct Absent {
    std::string_view prefix, part, why;  // the path begins with one and holds the other
};
constexpr Absent absent[] = {
    {"/v2/checkout/orders/",              "/confirm-payment-source", "Buyers confirm on the approval page."                                 },
    {"/v2/checkout/orders/",              "/track",                  "Nothing is shipped here: there is no tracking."                       },
    {"/v2/checkout/orders/",              "/save",                   "It has no orders that are authorised."                                },
    {"/v2/payments/authorizations/",      "",                        "It has no authorisations, only captures."                             },
    {"/v2/payments/captures/",            "",                        "A capture is got and refunded, nothing else."                         },
    {"/v1/billing-agreements",            "",                        "Billing agreements gave way to subscriptions."                        },
    {"/v1/payments/billing-",             "",                        "Billing plans v1 gave way to /v1/billing/plans."                      },
    {"/v1/payments/payouts",              "",                        "It pays nobody out."                                                  },
    {"/v1/payments/",                     "",                        "Payments v1 gave way to orders v2; sales and their refunds are there."},
    {"/v1/customer/disputes",             "",
     "Disputes are only read; the sandbox's controls open and resolve them."                                                                },
    {"/v1/customer/partner",              "",                        "It has one merchant."                                                 },
    {"/v2/customer/partner",              "",                        "It has one merchant."                                                 },
    {"/v1/identity/",                     "",                        "Buyers do not log in here."                                           },
    {"/v1/reporting/",                    "",                        "It has no reports; a subscription lists its transactions."            },
    {"/v1/shipping/",                     "",                        "Nothing is shipped here: there is no tracking."                       },
    {"/v1/notifications/webhooks-lookup", "",                        "It has one app."                                                      },
    {"/v1/invoicing/",                    "",                        "PayPal's own invoices are not here."                                  },
    {"/v2/invoicing/",                    "",                        "PayPal's own invoices are not here."                                  },
    {"/v1/payment-experience/",           "",                        "Experience profiles gave way to experience_context."                  },
    {"/v2/vault/",                        "",                        "It keeps no payment methods."                                         },
    {"/v3/vault/",                        "",                        "It keeps no payment methods."                                         },
};

}  // namespace

std::string_view why_absent(std::string_view path) {
    for (const Absent& one : absent) {
        if (path.starts_with(one.prefix) && path.find(one.part) != std::string_view::npos) {
            return one.why;
        }
    }
    return {};
}

}  // namespace paydesk::sandbox::paypal
