// Recurring revenue is what the invoices say, to the minor unit, and its movements add up.
#include "api/test_api.h"

namespace paydesk::api {
namespace {

class Revenue : public TestApi {
protected:
    // An invoice of that many months ago for one period at a price of the catalogue; `interval`: '1 month', '1 year'.
    void bill(const std::string& account, int months_ago, const std::string& price,
              std::int64_t amount, const std::string& interval = "1 month",
              const std::string& after = "0 days") {
        const std::string subscription = "sub_of_" + account;
        if (count("paydesk.subscriptions where account_id = '" + account + "'") == "0")
            add_subscription(account, subscription, "active");
        const std::string id = uuid_v7(clock_.now());
        database_.run(
            "with t as (select (date_trunc('month', now() at time zone 'UTC') - $3::interval + "
            "$7::interval) at time zone 'UTC' as start) "
            "insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, "
            "provider_subscription_id, status, currency, amount_due, amount_paid, line_items, "
            "provider_stamp, created_at) select $1, $2::uuid, 'stripe', 'in_' || $2::text, $8, "
            "'paid', 'usd', "
            "0, 0, jsonb_build_array(jsonb_build_object('amount', -1, 'quantity', 1, 'price_id', "
            "'price_pro_monthly_4900', 'period_start', start, 'period_end', start + "
            "$5::interval), jsonb_build_object('amount', $6::bigint, 'quantity', 1, 'price_id', "
            "$4::text, 'period_start', start, 'period_end', start + $5::interval)), now(), start "
            "from t",
            {account, id, std::to_string(months_ago) + " months", price, interval,
             db::param(amount), after, subscription});
    }
    void end(const std::string& account, int months_ago) {
        database_.run(
            "update paydesk.subscriptions set status = 'canceled', ended_at = (date_trunc('month', "
            "now() at time zone 'UTC') - $2::interval + interval '10 days') at time zone 'UTC' "
            "where account_id = $1",
            {account, std::to_string(months_ago) + " months"});
    }
    json::value months_of(const std::string& currency, int months) {
        auto asked = request("GET", "/api/admin/revenue?months=" + std::to_string(months));
        asked.headers.set("Authorization", "Bearer " + token_of(grace, true));
        const Answer answer = send(std::move(asked));
        EXPECT_EQ(answer.status, 200) << json::serialize(answer.body);
        for (const auto& group : answer.body.at("currencies").as_array())
            if (group.at("currency").as_string() == currency) return group.at("months");
        return json::array();
    }
    static std::string numbers(const json::value& month, const std::vector<const char*>& fields) {
        std::string text;
        for (const char* field : fields)
            text += (text.empty() ? "" : " ") + std::to_string(month.at(field).as_int64());
        return text;
    }
    static constexpr const char* third = "0190ada0-0000-7000-8000-000000000003";
    static constexpr const char* fourth = "0190ada0-0000-7000-8000-000000000004";
};

const std::vector<const char*> movements = {
    "mrr", "arr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"};
const std::vector<const char*> people = {"subscribers", "new_subscribers", "churned_subscribers"};

TEST_F(Revenue, IsReadOffTheInvoices) {
    for (int ago : {3, 2, 1, 0}) bill(ada, ago, "price_pro_monthly_4900", 4900);
    // A yearly one; in the middle of the next month it becomes a dearer one, prorated.
    bill(grace, 2, "price_pro_yearly_49000", 49000, "1 year");
    bill(grace, 1, "price_business_yearly_99000", 61'234, "11 months", "10 days");
    // One that ended in the last month, and one that is on trial.
    bill(third, 2, "price_pro_monthly_4900", 4900);
    end(third, 1);
    bill(fourth, 1, "price_pro_monthly_4900", 0);

    const json::value months = months_of("usd", 4);
    ASSERT_EQ(months.as_array().size(), 4U);
    EXPECT_EQ(numbers(months.at(0), movements), "4900 58800 4900 0 0 0");
    EXPECT_EQ(numbers(months.at(0), people), "1 1 0");
    EXPECT_EQ(numbers(months.at(1), movements), "13883 166600 8983 0 0 0") << "49000 / 12 = 4083.3";
    EXPECT_EQ(numbers(months.at(1), people), "3 2 0");
    EXPECT_EQ(numbers(months.at(2), movements), "13150 157800 0 4167 0 4900")
        << "an upgrade counts at its full price; 99000 / 12 = 8250";
    EXPECT_EQ(numbers(months.at(2), people), "2 0 1");
    EXPECT_EQ(numbers(months.at(3), movements), "13150 157800 0 0 0 0");
}

TEST_F(Revenue, MovementsAlwaysAddUp) {
    for (int ago : {5, 4, 3, 1, 0}) bill(ada, ago, "price_pro_monthly_4900", 4900);
    for (int ago : {4, 3}) bill(grace, ago, "price_business_monthly_9900", 9900);
    for (int ago : {2, 1}) bill(grace, ago, "price_pro_monthly_4900", 4900);
    bill(third, 3, "price_pro_yearly_49000", 49000, "1 year");
    end(third, 0);
    const json::value months = months_of("usd", 6);
    std::int64_t before = 0, subscribers = 0;
    for (const auto& month : months.as_array()) {
        const auto of = [&](const char* field) { return month.at(field).as_int64(); };
        EXPECT_EQ(of("mrr"), before + of("new_mrr") + of("expansion_mrr") - of("contraction_mrr") -
                                 of("churned_mrr"))
            << json::serialize(month);
        EXPECT_EQ(of("subscribers"),
                  subscribers + of("new_subscribers") - of("churned_subscribers"));
        before = of("mrr");
        subscribers = of("subscribers");
    }
    EXPECT_EQ(months.at(3).at("contraction_mrr").as_int64(), 5000);
    EXPECT_EQ(months.at(3).at("churned_mrr").as_int64(), 4900) << "nothing was billed";
    EXPECT_EQ(months.at(4).at("new_mrr").as_int64(), 4900) << "who comes back is new";
}

TEST_F(Revenue, PaymentsAreCountedInTheirMonthAndCurrency) {
    const auto pay = [this](const char* source, const char* currency, std::int64_t amount,
                            const char* status, std::int64_t refunded) {
        database_.run(
            "insert into paydesk.payments (account_id, id, provider, source_kind, source_id, "
            "amount, amount_refunded, currency, status) values ($1, $2, 'stripe', 'charge', $3, "
            "$4, $5, $6, $7)",
            {ada, uuid_v7(clock_.now()), source, db::param(amount), db::param(refunded), currency,
             status});
    };
    pay("ch_1", "jpy", 5000, "succeeded", 0);
    pay("ch_2", "jpy", 700, "refunded", 700);
    pay("ch_3", "jpy", 300, "failed", 0);
    pay("ch_4", "usd", 2000, "failed", 0);
    database_.run(
        "insert into paydesk.refunds (account_id, id, provider, provider_refund_id, amount, "
        "currency, status, actor, created_at) values ($1, $2, 'stripe', 're_1', 700, 'jpy', "
        "'succeeded', 'provider', now())",
        {ada, uuid_v7(clock_.now())});
    const std::vector<const char*> paid = {"collected", "payments", "refunded", "failed_amount",
                                           "failed_payments"};
    EXPECT_EQ(numbers(months_of("jpy", 1).at(0), paid), "5700 2 700 300 1");
    EXPECT_EQ(numbers(months_of("usd", 1).at(0), paid), "0 0 0 2000 1");
}

// Each attempt is a payment of its own; an invoice is owed once, and not at all when it was paid after all.
TEST_F(Revenue, WhatFailedAndWasPaidAfterAllIsNotOwed) {
    const auto attempt = [this](const char* charge, const char* payment, const char* invoice,
                                const char* status) {
        const std::string kind = std::string(status) == "failed" ? "charge" : "invoice";
        database_.run(
            "insert into paydesk.payments (account_id, id, provider, source_kind, source_id, "
            "provider_payment_id, provider_invoice_id, amount, currency, status) values ($1, $2, "
            "'stripe', $3, $4, nullif($5, ''), nullif($6, ''), 4900, 'usd', $7)",
            {ada, uuid_v7(clock_.now()), kind, kind == "charge" ? charge : invoice, payment,
             invoice, status});
    };
    const std::vector<const char*> owed = {"collected", "failed_amount", "failed_payments"};
    attempt("ch_1", "pi_1", "in_1", "failed");
    attempt("ch_2", "pi_1", "in_1", "failed");
    attempt("ch_3", "pi_2", "", "failed");
    EXPECT_EQ(numbers(months_of("usd", 1).at(0), owed), "0 9800 2") << "one invoice, one payment";
    attempt("", "", "in_1", "succeeded");
    EXPECT_EQ(numbers(months_of("usd", 1).at(0), owed), "4900 4900 1") << "by its invoice";
    attempt("", "pi_2", "in_2", "succeeded");
    EXPECT_EQ(numbers(months_of("usd", 1).at(0), owed), "9800 0 0") << "by its payment";
}

}  // namespace
}  // namespace paydesk::api
