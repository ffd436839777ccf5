#include "sandbox/paypal/events.h"

#include <algorithm>

#include "base/assert.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr EventType all_types[] = {
    {"BILLING.PLAN.ACTIVATED",                "plan",           "2.0", "A billing plan was activated."      },
    {"BILLING.PLAN.CREATED",                  "plan",           "2.0", "A billing plan was created."        },
    {"BILLING.PLAN.DEACTIVATED",              "plan",           "2.0", "A billing plan was deactivated."    },
    {"BILLING.PLAN.PRICING-CHANGE.ACTIVATED", "plan",           "2.0",
     "A price change for the plan was activated."                                                           },
    {"BILLING.PLAN.UPDATED",                  "plan",           "2.0", "A billing plan was updated."        },
    {"BILLING.SUBSCRIPTION.ACTIVATED",        "subscription",   "2.0", "Subscription activated"             },
    {"BILLING.SUBSCRIPTION.CANCELLED",        "subscription",   "2.0", "Subscription cancelled"             },
    {"BILLING.SUBSCRIPTION.CREATED",          "subscription",   "2.0", "Subscription created"               },
    {"BILLING.SUBSCRIPTION.EXPIRED",          "subscription",   "2.0", "Subscription expired"               },
    {"BILLING.SUBSCRIPTION.PAYMENT.FAILED",   "subscription",   "2.0", "Subscription payment failed"        },
    {"BILLING.SUBSCRIPTION.RE-ACTIVATED",     "subscription",   "2.0", "Subscription reactivated"           },
    {"BILLING.SUBSCRIPTION.SUSPENDED",        "subscription",   "2.0", "Subscription suspended"             },
    {"BILLING.SUBSCRIPTION.UPDATED",          "subscription",   "2.0", "Subscription updated"               },
    {"CATALOG.PRODUCT.CREATED",               "product",        "1.0", "A product was created."             },
    {"CATALOG.PRODUCT.UPDATED",               "product",        "1.0", "A product was updated."             },
    {"CHECKOUT.ORDER.APPROVED",               "checkout-order", "2.0", "An order has been approved by buyer"},
    {"CHECKOUT.ORDER.COMPLETED",              "checkout-order", "2.0", "Checkout Order Completed"           },
    {"CHECKOUT.PAYMENT-APPROVAL.REVERSED",    "payment",        "2.0",
     "A payment has been reversed after approval."                                                          },
    {"CUSTOMER.DISPUTE.CREATED",              "dispute",        "1.0", "A new dispute opened"               },
    {"CUSTOMER.DISPUTE.RESOLVED",             "dispute",        "1.0", "A dispute was resolved"             },
    {"CUSTOMER.DISPUTE.UPDATED",              "dispute",        "1.0", "A dispute was updated"              },
    {"PAYMENT.CAPTURE.COMPLETED",             "capture",        "2.0", "Payment completed for"              },
    {"PAYMENT.CAPTURE.DENIED",                "capture",        "2.0", "Payment denied for"                 },
    {"PAYMENT.CAPTURE.PENDING",               "capture",        "2.0", "Payment pending for"                },
    {"PAYMENT.CAPTURE.REFUNDED",              "refund",         "2.0", "Refund of"                          },
    {"PAYMENT.CAPTURE.REVERSED",              "refund",         "2.0", "Reversal of"                        },
    {"PAYMENT.SALE.COMPLETED",                "sale",           "1.0", "Payment completed for"              },
    {"PAYMENT.SALE.DENIED",                   "sale",           "1.0", "Payment denied for"                 },
    {"PAYMENT.SALE.PENDING",                  "sale",           "1.0", "Payment pending for"                },
    {"PAYMENT.SALE.REFUNDED",                 "refund",         "1.0", "Refund of"                          },
    {"PAYMENT.SALE.REVERSED",                 "sale",           "1.0", "Reversal of"                        },
};

// "Payment completed for 19.00 USD"; both shapes of money.
std::string summary_of(const EventType& type, const Object& resource) {
    std::string said(type.summary);
    const Object& amount = child(resource, "amount");
    if (!type.name.starts_with("PAYMENT.") || amount.empty()) return said;
    const bool old = amount.contains("total");
    return said + " " + text(amount, old ? "total" : "value") + " " +
           text(amount, old ? "currency" : "currency_code");
}

bool listens(const Object& webhook, std::string_view type) {
    return std::ranges::any_of(children(webhook, "event_types"), [&](const json::value& one) {
        const auto name = text(one.get_object(), "name");
        return name == "*" || name == type;
    });
}

}  // namespace

std::span<const EventType> event_types() { return all_types; }

const EventType* event_type(std::string_view name) {
    const auto* found = std::ranges::find(all_types, name, &EventType::name);
    return found == std::end(all_types) ? nullptr : found;
}

Object event_about(const Account& account, std::string_view type, Object resource) {
    const auto* known = event_type(type);
    PD_ASSERT(known != nullptr);
    const auto id = account.new_id("WH-") + account.new_id("-");
    const auto url = account.url("/v1/notifications/webhooks-events/" + id);
    json::array links;
    links.push_back(link(url, "self", "GET"));
    links.push_back(link(url + "/resend", "resend", "POST"));
    auto summary = summary_of(*known, resource);
    return {
        {"id",               id                      },
        {"event_version",    "1.0"                   },
        {"create_time",      time_text(account.now())},
        {"resource_type",    known->resource_type    },
        {"resource_version", known->resource_version },
        {"event_type",       known->name             },
        {"summary",          std::move(summary)      },
        {"resource",         std::move(resource)     },
        {"links",            std::move(links)        },
        {"_created",         account.now()           }
    };
}

std::string event_body(const Object& event) { return json::serialize(shown(event)); }

void add_delivery(Account& account, const Object& event, std::string_view webhook,
                  std::string_view url, std::string_view signed_as) {
    const auto id = "ppd_" + account.chance().alphanumeric(Chance::Stream::paypal_deliveries, 14);
    account.store().add(kind::delivery, id,
                        Object{
                            {"id", id},
                            {"event", text(event, "id")},
                            {"type", text(event, "event_type")},
                            {"webhook", webhook},
                            {"signed_as", signed_as.empty() ? webhook : signed_as},
                            {"url", url},
                            {"status", "pending"},
                            {"created", account.now()},
                            {"next_attempt_at", 0},
                            {"attempts", json::array()}
    });
    account.note_deliveries();
}

int add_deliveries(Account& account, const Object& event) {
    int count = 0;
    const auto type = text(event, "event_type");
    const auto ids = account.store().ids(kind::webhook);
    for (const std::string& id : ids) {
        const Object& webhook = *account.find(kind::webhook, id);
        if (!listens(webhook, type)) continue;
        add_delivery(account, event, id, text(webhook, "url"));
        ++count;
    }
    return count;
}

}  // namespace paydesk::sandbox::paypal
