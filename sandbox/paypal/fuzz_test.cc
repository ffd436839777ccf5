// Whatever is sent to PayPal's side: no crash, no 5xx. Repeat a run with PAYDESK_SEED=<what a failure printed>.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "sandbox/paypal/test_paypal.h"

namespace paydesk::sandbox {
namespace {

class PayPalFuzz : public PayPalTest {
protected:
    std::size_t below(std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
    }
    template <class List>
    std::string one_of(const List& list) {
        return std::string(list[below(list.size())]);
    }
    std::string value() {
        static constexpr std::array<std::string_view, 34> values = {
            R"("")",
            R"("x")",
            "null",
            "true",
            "0",
            "1",
            "-1",
            "1.5",
            "99",
            "9223372036854775807",
            "18446744073709551615",
            "[]",
            "{}",
            "[{}]",
            R"("USD")",
            R"("JPY")",
            R"("19.00")",
            R"("-1.00")",
            R"("999999999999999.99")",
            R"("CAPTURE")",
            R"("MONTH")",
            R"("REGULAR")",
            R"("TRIAL")",
            R"("2027-02-01T00:00:00Z")",
            R"("http://127.0.0.1:9/x")",
            R"({"currency_code":"USD","value":"3.00"})",
            R"({"currency_code":"USD","value":"999999999999999.99"})",
            R"([{"amount":{"currency_code":"USD","value":"3.00"}}])",
            R"([{"sequence":1,"tenure_type":"REGULAR","frequency":{"interval_unit":"DAY"},)"
            R"("pricing_scheme":{"fixed_price":{"currency_code":"USD","value":"1.00"}}}])",
            R"({"fixed_price":{"currency_code":"USD","value":"1.00"}})",
            R"({"paypal":{}})",
            R"({"paypal":{"experience_context":{"return_url":"http://127.0.0.1:9/"}}})",
            R"([{"op":"replace","path":"/name","value":"x"}])",
            R"([{"name":"*"}])"};
        if (below(3) == 0 && !ids_.empty()) return "\"" + one_of(ids_) + "\"";
        return one_of(values);
    }
    std::string object() {
        static constexpr std::array<std::string_view, 44> names = {"intent",
                                                                   "purchase_units",
                                                                   "payment_source",
                                                                   "application_context",
                                                                   "amount",
                                                                   "currency_code",
                                                                   "value",
                                                                   "invoice_id",
                                                                   "note_to_payer",
                                                                   "name",
                                                                   "type",
                                                                   "id",
                                                                   "description",
                                                                   "product_id",
                                                                   "billing_cycles",
                                                                   "payment_preferences",
                                                                   "taxes",
                                                                   "quantity_supported",
                                                                   "status",
                                                                   "plan_id",
                                                                   "quantity",
                                                                   "start_time",
                                                                   "subscriber",
                                                                   "custom_id",
                                                                   "plan",
                                                                   "shipping_amount",
                                                                   "reason",
                                                                   "note",
                                                                   "capture_type",
                                                                   "pricing_schemes",
                                                                   "pricing_scheme",
                                                                   "billing_cycle_sequence",
                                                                   "url",
                                                                   "event_types",
                                                                   "webhook_id",
                                                                   "event_type",
                                                                   "webhook_event",
                                                                   "transmission_id",
                                                                   "transmission_sig",
                                                                   "auth_algo",
                                                                   "cert_url",
                                                                   "transmission_time",
                                                                   "webhook_ids",
                                                                   "category"};
        std::string body = "{";
        for (auto left = below(8); left > 0; --left) {
            body += "\"" + one_of(names) + "\":" + value() + (left > 1 ? "," : "");
        }
        return body + "}";
    }
    std::string patch() {
        static constexpr std::array<std::string_view, 16> paths = {
            "/name",
            "/description",
            "/custom_id",
            "/status",
            "/purchase_units/@reference_id=='default'/amount",
            "/purchase_units/@reference_id=='default'/items",
            "/purchase_units/@reference_id=='",
            "/purchase_units/@reference_id=='default'",
            "/plan/billing_cycles/@sequence==1/pricing_scheme/fixed_price",
            "/plan/billing_cycles/@sequence==1/total_cycles",
            "/plan/billing_cycles/@sequence==",
            "/plan/payment_preferences/payment_failure_threshold",
            "/plan/taxes/percentage",
            "/payment_preferences/setup_fee",
            "/taxes/percentage",
            "/shipping_amount"};
        static constexpr std::array<std::string_view, 4> ops = {"add", "replace", "remove", "move"};
        return R"([{"op":")" + one_of(ops) + R"(","path":")" + one_of(paths) + R"(","value":)" +
               value() + "}]";
    }
    std::string target() {
        static constexpr std::array<std::string_view, 20> things = {
            "/v2/checkout/orders",
            "/v2/payments/captures",
            "/v2/payments/refunds",
            "/v2/payments/authorizations",
            "/v1/payments/sale",
            "/v1/payments/refund",
            "/v1/catalogs/products",
            "/v1/billing/plans",
            "/v1/billing/subscriptions",
            "/v1/billing/subscriptions",
            "/v1/notifications/webhooks",
            "/v1/notifications/webhooks-events",
            "/v1/notifications/webhooks-event-types",
            "/v1/notifications/verify-webhook-signature",
            "/v1/notifications/simulate-event",
            "/v1/customer/disputes",
            "/v1/oauth2/token",
            "/v1/notifications/certs",
            "/v1/..",
            "/v2/"};
        static constexpr std::array<std::string_view, 14> verbs = {"capture",
                                                                   "authorize",
                                                                   "refund",
                                                                   "activate",
                                                                   "deactivate",
                                                                   "suspend",
                                                                   "cancel",
                                                                   "revise",
                                                                   "update-pricing-schemes",
                                                                   "transactions",
                                                                   "resend",
                                                                   "event-types",
                                                                   "confirm-payment-source",
                                                                   "%2e%2e"};
        std::string path = one_of(things);
        if (below(4) != 0 && !ids_.empty()) path += "/" + one_of(ids_);
        if (below(2) == 0) path += "/" + one_of(verbs);
        return path;
    }
    std::string query() {
        static constexpr std::array<std::string_view, 9> queries = {
            "page_size=5&page=2&total_required=true",
            "page_size=x",
            "fields=plan,last_failed_payment",
            "start_time=2027-01-01T00:00:00Z&end_time=2029-01-01T00:00:00Z",
            "start_time=x&end_time=%ff",
            "statuses=ACTIVE",
            "plan_ids=,",
            "product_id=%00",
            ""};
        return one_of(queries);
    }
    // A click on an approval page, with anything.
    Reply click() {
        static constexpr std::array<std::string_view, 4> pages = {
            "/paypal/checkoutnow", "/paypal/webapps/billing/subscriptions",
            "/paypal/webapps/billing/subscriptions/revise", "/paypal/x"};
        static constexpr std::array<std::string_view, 6> forms = {
            "email=a%40b.c&funding=balance&answer=approve",
            "email=a%40b.c&funding=renewals_fail&answer=approve",
            "email=a%40b.c&funding=bounced_echeck&answer=approve",
            "email=x&funding=%ff&answer=approve",
            "answer=cancel",
            ""};
        const auto token = one_of(tokens_);
        return call(below(3) == 0 ? "GET" : "POST",
                    one_of(pages) + "?token=" + token + "&ba_token=" + token, one_of(forms));
    }
    void keep(const Reply& reply) {
        const auto made = text(reply.body, "id");
        if (!made.empty() && reply.status < 300) {
            if (ids_.size() < 60)
                ids_.push_back(made);
            else
                ids_[below(ids_.size())] = made;
            tokens_.push_back(made);
        }
        for (const json::value& one : children(reply.body, "links")) {
            const auto address = text(one.as_object(), "href");
            const auto at = address.find("token=");
            if (at != std::string::npos) tokens_.push_back(address.substr(at + 6));
        }
    }

    std::mt19937_64 random_;
    std::vector<std::string> ids_, tokens_ = {"x"};
};

TEST_F(PayPalFuzz, NoCallIsAnsweredWithAServersError) {
    const char* given = std::getenv("PAYDESK_SEED");
    const std::uint64_t began_with =
        given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::fprintf(stderr, "PAYDESK_SEED=%llu\n", static_cast<unsigned long long>(began_with));
    random_.seed(began_with);
    const char* asked = std::getenv("PAYDESK_FUZZ_CALLS");
    const auto monthly = plan(cycle());
    ids_ = {order(), monthly, product_, active(monthly, "renewals_fail"), subscription_to(monthly)};
    for (int i = 0, calls = asked ? std::atoi(asked) : 2'000; i < calls; ++i) {
        Reply reply;
        std::string said;
        if (below(6) == 0) {
            reply = click();
            said = "a click";
        } else {
            const auto method = one_of(
                std::array<std::string_view, 6>{"GET", "POST", "POST", "POST", "PATCH", "DELETE"});
            const auto path = target() + (method == "GET" ? "?" + query() : "");
            const auto body = method == "PATCH" ? patch() : below(12) == 0 ? value() : object();
            said = method + " " + path + " " + body;
            reply = paypal(method, path, body,
                           {
                               {"PayPal-Request-Id", std::to_string(below(50))}
            });
        }
        ASSERT_LT(reply.status, 500)
            << "PAYDESK_SEED=" << began_with << " call " << i << ": " << said << "\n"
            << reply.text;
        ASSERT_FALSE(HasFailure())
            << "PAYDESK_SEED=" << began_with << " call " << i << ": " << said;
        keep(reply);
        if (below(60) == 0) pass(static_cast<std::int64_t>(below(40)));
    }
}

}  // namespace
}  // namespace paydesk::sandbox
