#include "sandbox/paypal/simulating.h"

#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/money.h"
#include "sandbox/paypal/payer.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::string_view buyer = "buyer@example.com";

json::array self(const Account& account, const std::string& path) {
    json::array links;
    links.push_back(link(account.url(path), "self", "GET"));
    return links;
}

Object with_times(const Account& account, Object resource) {
    resource["create_time"] = time_text(account.now());
    resource["update_time"] = time_text(account.now());
    return resource;
}

Object order(const Account& account, const std::string& status) {
    const auto id = account.new_id("");
    return with_times(account,
                      {
                          {"id", id},
                          {"intent", "CAPTURE"},
                          {"status", status},
                          {"purchase_units", json::array{Object{{"reference_id", "default"},
                                                                {"amount", money({1900, "USD"})}}}},
                          {"payer", payer_of(buyer)},
                          {"links", self(account, "/v2/checkout/orders/" + id)}
    });
}

Object payment(const Account& account, const std::string& status) {
    const auto id = account.new_id("");
    const Amount amount{1900, "USD"};
    return with_times(account, {
                                   {"id", id},
                                   {"status", status},
                                   {"amount", money(amount)},
                                   {"final_capture", true},
                                   {"seller_receivable_breakdown", receivable(amount)},
                                   {"links", self(account, "/v2/payments/captures/" + id)}
    });
}

Object refund(const Account& account) {
    const auto id = account.new_id("");
    json::array links = self(account, "/v2/payments/refunds/" + id);
    links.push_back(link(account.url("/v2/payments/captures/" + account.new_id("")), "up", "GET"));
    return with_times(account, {
                                   {"id",     id                  },
                                   {"status", "COMPLETED"         },
                                   {"amount", money({1900, "USD"})},
                                   {"links",  std::move(links)    }
    });
}

Object sale(const Account& account, const std::string& state) {
    const auto id = account.new_id("");
    return with_times(account, {
                                   {"id", id},
                                   {"state", state},
                                   {"amount", old_money({1900, "USD"})},
                                   {"payment_mode", "INSTANT_TRANSFER"},
                                   {"billing_agreement_id", account.new_id("I-", 12)},
                                   {"links", self(account, "/v1/payments/sale/" + id)}
    });
}

Object old_refund(const Account& account) {
    const auto id = account.new_id("");
    return with_times(account, {
                                   {"id", id},
                                   {"state", "completed"},
                                   {"amount", old_money({1900, "USD"})},
                                   {"sale_id", account.new_id("")},
                                   {"links", self(account, "/v1/payments/refund/" + id)}
    });
}

Object subscription(const Account& account, const std::string& status) {
    const auto id = account.new_id("I-", 12);
    return with_times(account,
                      {
                          {"id", id},
                          {"plan_id", account.new_id("P-", 24)},
                          {"status", status},
                          {"status_update_time", time_text(account.now())},
                          {"start_time", time_text(account.now())},
                          {"quantity", "1"},
                          {"subscriber", subscriber_of(buyer)},
                          {"billing_info", Object{{"outstanding_balance", money({0, "USD"})},
                                                  {"failed_payments_count", 0}}},
                          {"links", self(account, "/v1/billing/subscriptions/" + id)}
    });
}

Object named(const Account& account, std::string_view prefix, const std::string& path) {
    const auto id = account.new_id(prefix);
    return with_times(account,
                      {
                          {"id", id},
                          {"name", "Pro"},
                          {"links", self(account, path + id)}
    });
}

}  // namespace

Object pretended_resource(Account& account, std::string_view type) {
    const auto ends = [&](std::string_view end) { return type.ends_with(end); };
    if (type.starts_with("CHECKOUT.")) {
        return order(account, ends("APPROVED") ? "APPROVED" : "COMPLETED");
    }
    if (type == "PAYMENT.CAPTURE.REFUNDED" || type == "PAYMENT.CAPTURE.REVERSED") {
        return refund(account);
    }
    if (type.starts_with("PAYMENT.CAPTURE.")) {
        return payment(account, ends("PENDING")  ? "PENDING"
                                : ends("DENIED") ? "DECLINED"
                                                 : "COMPLETED");
    }
    if (type == "PAYMENT.SALE.REFUNDED") return old_refund(account);
    if (type.starts_with("PAYMENT.SALE.")) {
        return sale(account, ends("PENDING") ? "pending" : ends("DENIED") ? "denied" : "completed");
    }
    if (type.starts_with("BILLING.SUBSCRIPTION.")) {
        return subscription(account, ends("CREATED")     ? "APPROVAL_PENDING"
                                     : ends("CANCELLED") ? "CANCELLED"
                                     : ends("SUSPENDED") ? "SUSPENDED"
                                     : ends("EXPIRED")   ? "EXPIRED"
                                                         : "ACTIVE");
    }
    if (type.starts_with("BILLING.PLAN.")) {
        auto plan = named(account, "P-", "/v1/billing/plans/");
        plan["status"] = ends("DEACTIVATED") ? "INACTIVE" : "ACTIVE";
        return plan;
    }
    if (type.starts_with("CATALOG.")) return named(account, "PROD-", "/v1/catalogs/products/");
    const auto id = account.new_id("PP-D-", 7);
    return with_times(account, {
                                   {"dispute_id", id},
                                   {"reason", "OTHER"},
                                   {"status", ends("RESOLVED") ? "RESOLVED" : "OPEN"},
                                   {"dispute_amount", money({1900, "USD"})},
                                   {"links", self(account, "/v1/customer/disputes/" + id)}
    });
}

}  // namespace paydesk::sandbox::paypal
