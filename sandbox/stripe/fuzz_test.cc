// Whatever is sent to it: no crash, no 5xx. Repeat a run with PAYDESK_SEED=<what a failure printed>.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "sandbox/stripe/refusal.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::text;

// Said before anything is tried: a test that dies can't say it afterwards.
std::uint64_t seed() {
    const char* given = std::getenv("PAYDESK_SEED");
    const std::uint64_t chosen = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::fprintf(stderr, "PAYDESK_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    return chosen;
}
// PAYDESK_FUZZ_CALLS makes a longer run.
int calls_per_run() {
    const char* given = std::getenv("PAYDESK_FUZZ_CALLS");
    return given ? std::atoi(given) : 1'500;
}

class Fuzz : public SandboxTest {
protected:
    std::size_t below(std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
    }
    template <class List>
    std::string one_of(const List& list) {
        return std::string(list[below(list.size())]);
    }
    // A piece that a form may be made of, or must not be.
    std::string piece() {
        static constexpr std::array<std::string_view, 34> pieces = {
            "[",        "]",
            "[]",       "[0]",
            "[1]",      "[price]",
            "=",        "&",
            "+",        "%",
            "%00",      "%5B",
            "%ff",      "%F0%9F%98%80",
            "a",        "items",
            "data",     "expand[]",
            "-1",       "0",
            "1e9",      "true",
            "now",      "9223372036854775808",
            "99999999", "usd",
            "jpy",      "inf",
            "0.5",      "card",
            "year",     "[type]",
            "enabled",  ""};
        if (below(12) == 0) return std::string(1 + below(6), static_cast<char>(below(256)));
        return one_of(pieces);
    }
    std::string noise() {
        std::string form;
        for (auto left = below(14); left > 0; --left) form += piece();
        return form;
    }
    // A form of names that the API knows with values that it may not expect.
    std::string nearly_right() {
        static constexpr std::array<std::string_view, 106> names = {
            "phases[0][items][0][price]",
            "phases[0][start_date]",
            "phases[0][end_date]",
            "phases[0][trial]",
            "phases[0][duration][interval_count]",
            "phases[1][items][0][price]",
            "from_subscription",
            "start_date",
            "end_behavior",
            "payment_behavior",
            "billing_cycle_anchor[type]",
            "billing_cycle_anchor_config[day_of_month]",
            "add_invoice_items[0][price]",
            "customer",
            "price",
            "amount",
            "currency",
            "items[0][price]",
            "items[0][quantity]",
            "items[0][id]",
            "items[0][deleted]",
            "line_items[0][price]",
            "line_items[0][quantity]",
            "line_items[0][price_data][unit_amount]",
            "mode",
            "success_url",
            "cancel_at",
            "cancel_at_period_end",
            "trial_end",
            "trial_period_days",
            "proration_behavior",
            "proration_date",
            "billing_cycle_anchor",
            "pause_collection[behavior]",
            "metadata[a]",
            "metadata",
            "expand[]",
            "expand[0]",
            "limit",
            "starting_after",
            "ending_before",
            "created[gte]",
            "created",
            "name",
            "email",
            "product",
            "unit_amount",
            "unit_amount_decimal",
            "recurring[interval]",
            "recurring[interval_count]",
            "payment_method",
            "confirm",
            "off_session",
            "charge",
            "payment_intent",
            "reason",
            "percent_off",
            "amount_off",
            "duration",
            "duration_in_months",
            "coupon",
            "promotion[type]",
            "promotion[coupon]",
            "discounts[0][coupon]",
            "invoice",
            "subscription",
            "frozen_time",
            "url",
            "enabled_events[]",
            "type",
            "tiers[0][up_to]",
            "transform_quantity[divide_by]",
            "tiers[0][unit_amount_decimal]",
            "recurring[usage_type]",
            "recurring[meter]",
            "event_name",
            "default_aggregation[formula]",
            "payload[stripe_customer_id]",
            "payload[value]",
            "timestamp",
            "quantity",
            "invoice_now",
            "aggregate_usage",
            "balance",
            "tax_rates[]",
            "default_tax_rates[0]",
            "automatic_tax[enabled]",
            "percentage",
            "inclusive",
            "display_name",
            "tax_exempt",
            "address[country]",
            "tax[validate_location]",
            "currency_options[eur][unit_amount]",
            "currency_options[eur][amount_off]",
            "currency_options[eur]",
            "query",
            "page",
            "lines[0][id]",
            "lines[0][amount]",
            "lines[0][behavior]",
            "lines[0][tax_amounts][0][tax_rate]",
            "lines[0][type]",
            "lines[0][invoice_line_item]",
            "customer_details[address][country]",
            "subscription_data[default_tax_rates][]"};
        std::string form;
        for (auto left = 1 + below(6); left > 0; --left) {
            form += one_of(names) + "=" + value() + (left > 1 ? "&" : "");
        }
        return form;
    }
    std::string value() {
        static constexpr std::array<std::string_view, 36> values = {
            "",
            "0",
            "1",
            "-1",
            "2900",
            "99999999",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "1.5",
            "0.000000000001",
            "true",
            "false",
            "now",
            "usd",
            "USD",
            "jpy",
            "xxx",
            "month",
            "year",
            "subscription",
            "payment",
            "setup",
            "once",
            "forever",
            "pm_card_visa",
            "pm_card_chargeCustomerFail",
            "http%3A%2F%2Fx.example%2F",
            "1800000500",
            "1900000000",
            "19.5",
            "DE",
            "exempt",
            "metadata%5B%22a%22%5D%3A%22b%22",
            "name~%22pro%22%20AND%20created%3E1",
            "custom_line_item"};
        if (below(3) == 0 && !ids_.empty()) return one_of(ids_);
        if (below(10) == 0) return http::percent_encode(piece());
        return one_of(values);
    }
    std::string target() {
        static constexpr std::array<std::string_view, 43> things = {"customers",
                                                                    "products",
                                                                    "prices",
                                                                    "plans",
                                                                    "coupons",
                                                                    "promotion_codes",
                                                                    "checkout/sessions",
                                                                    "subscriptions",
                                                                    "subscription_items",
                                                                    "subscription_schedules",
                                                                    "invoices",
                                                                    "invoiceitems",
                                                                    "invoice_payments",
                                                                    "credit_notes",
                                                                    "payment_intents",
                                                                    "setup_intents",
                                                                    "payment_methods",
                                                                    "charges",
                                                                    "refunds",
                                                                    "disputes",
                                                                    "balance",
                                                                    "balance_transactions",
                                                                    "account",
                                                                    "billing_portal/sessions",
                                                                    "billing_portal/configurations",
                                                                    "billing/meters",
                                                                    "billing/meter_events",
                                                                    "test_helpers/test_clocks",
                                                                    "events",
                                                                    "webhook_endpoints",
                                                                    "invoices/create_preview",
                                                                    "invoices/upcoming",
                                                                    "payment_pages",
                                                                    "tax_rates",
                                                                    "accounts",
                                                                    "customers/search",
                                                                    "prices/search",
                                                                    "invoices/search",
                                                                    "subscriptions/search",
                                                                    "credit_notes/preview",
                                                                    "invoices/upcoming/lines",
                                                                    "..",
                                                                    ""};
        static constexpr std::array<std::string_view, 25> verbs = {
            "cancel",       "pause",
            "confirm",      "pay",
            "finalize",     "void",
            "send",         "mark_uncollectible",
            "lines",        "attach",
            "detach",       "expire",
            "line_items",   "payment_methods",
            "resume",       "advance",
            "close",        "release",
            "%2e%2e",       "search",
            "add_lines",    "update_lines",
            "remove_lines", "attach_payment",
            "tax_ids"};
        std::string path = "/v1/" + one_of(things);
        if (below(2) == 0 && !ids_.empty()) path += "/" + one_of(ids_);
        if (below(4) == 0) path += "/" + one_of(verbs);
        if (below(20) == 0) path += "/" + http::percent_encode(piece());
        return path;
    }
    void keep(const Reply& reply) {
        const auto id = text(reply.body, "id");
        if (id.empty() || reply.status != 200) return;
        if (ids_.size() < 60)
            ids_.push_back(id);
        else
            ids_[below(ids_.size())] = id;
    }

    std::mt19937_64 random_;
    std::vector<std::string> ids_;
};

TEST_F(Fuzz, FormsOfAnyBytesAreDecodedOrRefused) {
    const auto began_with = seed();
    RecordProperty("seed", std::to_string(began_with));
    random_.seed(began_with);
    for (int i = 0; i < 20'000; ++i) {
        const auto form = noise();
        try {
            stripe::decode_form(form);
        } catch (const stripe::Refusal& refusal) {
            ASSERT_EQ(refusal.status, 400) << "PAYDESK_SEED=" << began_with << " form " << form;
        }
    }
}

TEST_F(Fuzz, NoCallIsAnsweredWithAServersError) {
    const auto began_with = seed();
    random_.seed(began_with);
    const auto price_id = price();
    const auto customer = customer_with("pm_card_visa");
    ids_ = {price_id, customer,
            id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price_id)),
            id(session(price_id))};
    static constexpr std::array<std::string_view, 6> versions = {
        "2023-10-16",        "2024-11-20.acacia", "2025-03-31.basil",
        "2025-09-30.clover", "2026-03-25.dahlia", "2026-10-28.endive"};
    for (int i = 0, calls = calls_per_run(); i < calls; ++i) {
        version_ = one_of(versions);
        const auto method =
            one_of(std::array<std::string_view, 5>{"GET", "POST", "POST", "POST", "DELETE"});
        const auto form = below(4) == 0 ? noise() : nearly_right();
        auto path = target();
        const auto reply =
            method == "POST" ? call(method, path, form) : call(method, path + "?" + form);
        ASSERT_LT(reply.status, 500) << "PAYDESK_SEED=" << began_with << " call " << i << ": "
                                     << method << " " << path << " " << form << "\n"
                                     << reply.text;
        ASSERT_FALSE(HasFailure()) << "PAYDESK_SEED=" << began_with << " call " << i << ": "
                                   << method << " " << path << " " << form;
        keep(reply);
        if (below(40) == 0) advance(static_cast<std::int64_t>(below(40)) * 86400);
    }
}

}  // namespace
}  // namespace paydesk::sandbox
