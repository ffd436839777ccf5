// PayPal loses webhooks: whatever was told, how often and in which order, after the poller ran our rows say
// what PayPal says.
#include <algorithm>
#include <random>

#include "api/test_paypal.h"

namespace paydesk::api {
namespace {

using enum provider::SubscriptionStatus;

class PayPalPoll : public TestPayPal {
protected:
    // All that is alive, due or not.
    billing::Polled poll_all() {
        return run(billing::poll(*services_.flows.paypal, {.all = true})).value();
    }

    // What is stored of a subscription, and what PayPal says of it, in the same words.
    std::string stored(const std::string& id) {
        return std::string(database_
                               .run(R"(
            select concat_ws(E'\n',
                (select concat_ws(' ', s.status, s.cancel_at_period_end,
                                  extract(epoch from s.current_period_end)::bigint)
                 from paydesk.subscriptions s where s.provider_subscription_id = $1),
                (select string_agg(concat_ws(' ', i.provider_invoice_id, i.status, i.amount_paid),
                                   E'\n' order by i.created_at)
                 from paydesk.invoices i where i.provider_subscription_id = $1),
                (select string_agg(concat_ws(' ', p.source_id, p.provider_charge_id, p.status, p.amount),
                                   E'\n' order by p.created_at)
                 from paydesk.payments p where p.source_id like $1 || '/%'),
                (select count(*) from paydesk.charges c where c.provider_charge_id like 'SALE-' || $1 || '-%')
            ) as it)",
                                    {id})
                               .text(0, "it"));
    }
    std::string said(const std::string& id) {
        const auto& snapshot = paypal_.subscriptions.at(id);
        std::string text = std::string(provider::to_string(snapshot.status)) +
                           (snapshot.cancel_at_period_end ? " t " : " f ") +
                           std::to_string(to_unix(*snapshot.period_end));
        std::string payments;
        int charges = 0;
        for (const auto& [charge, invoice] : paypal_.sales.at(id)) {
            const std::string paid = std::to_string(invoice.amount_paid.minor_units());
            text += "\n" + invoice.invoice->value + " " +
                    std::string(provider::to_string(invoice.status)) + " " + paid;
            if (!charge) continue;
            ++charges;
            payments +=
                "\n" + invoice.invoice->value + " " + charge->charge.value + " succeeded " + paid;
        }
        return text + payments + "\n" + std::to_string(charges);
    }

    // One step in the life of a subscription at PayPal.
    void live(const std::string& id, int& period, std::mt19937& random) {
        auto& snapshot = paypal_.subscriptions.at(id);
        if (provider::is_terminal(snapshot.status)) return;
        switch (random() % 5) {
            case 0:
            case 1:
                snapshot.status = active;
                ++period;
                add_sale(id, period);
                snapshot.period_end = *snapshot.period_end + std::chrono::days(30);
                return;
            case 2: {
                snapshot.status = past_due;
                auto owed = invoice_of(id, period + 1);
                owed.attempt_count = 1;
                auto& sales = paypal_.sales[id];
                if (sales.back().second.status == provider::InvoiceStatus::open) return;
                sales.emplace_back(std::nullopt, owed);
                return;
            }
            case 3:
                snapshot.status = paused;
                return;
            case 4:
                snapshot.cancel_at_period_end = true;
                snapshot.cancel_at = snapshot.period_end;
                return;
        }
    }
};

TEST_F(PayPalPoll, ALostCancelledIsFoundByAsking) {
    const std::string id = subscribe(ada);
    auto& snapshot = paypal_.subscriptions.at(id);
    snapshot.status = canceled;
    snapshot.ended_at = snapshot.canceled_at = snapshot.period_start;
    EXPECT_EQ(run(billing::poll(*services_.flows.paypal, {})).value().asked, 0) << "nothing is due";
    database_.run(
        "update paydesk.subscriptions set created_at = now() - interval '25 hours', "
        "provider_stamp = now() - interval '25 hours'");
    EXPECT_EQ(run(billing::poll(*services_.flows.paypal, {})).value().asked, 1);
    EXPECT_EQ(count("paydesk.subscriptions where status = 'canceled'"), "1");
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "free");
    EXPECT_EQ(poll_all().asked, 0) << "nothing of it is alive";
}

TEST_F(PayPalPoll, WhatIsPastItsPeriodIsAskedEachHour) {
    subscribe(ada);
    database_.run(
        "update paydesk.subscriptions set created_at = now() - interval '2 hours', "
        "provider_stamp = now() - interval '2 hours', "
        "current_period_start = now() - interval '31 days', "
        "current_period_end = now() - interval '1 minute'");
    EXPECT_EQ(run(billing::poll(*services_.flows.paypal, {})).value().asked, 1);
    EXPECT_EQ(run(billing::poll(*services_.flows.paypal, {})).value().asked, 0) << "an hour later";
}

TEST_F(PayPalPoll, AnApprovalThatNobodyToldOfIsCaptured) {
    const Answer begun = post("/api/paypal/create-order", ada,
                              {
                                  {"planId", "credits_1000"}
    });
    paypal_.approved.insert(begun.text({"orderId"}));
    EXPECT_EQ(poll_all().asked, 1);
    run_jobs();
    EXPECT_EQ(count("paydesk.checkouts where status = 'complete'"), "1");
    EXPECT_EQ(count("paydesk.credit_grants where kind = 'top_up'"), "1");
}

TEST_F(PayPalPoll, AnOrderThatPayPalForgotHasLapsed) {
    (void)post("/api/paypal/create-order", ada,
               {
                   {"planId", "credits_1000"}
    });
    paypal_.checkouts.clear();
    EXPECT_EQ(poll_all().refused, 1);
    EXPECT_EQ(count("paydesk.checkouts where status = 'expired'"), "1");
}

TEST_F(PayPalPoll, AnOperatorMayAskAtOnce) {
    subscribe(ada);
    EXPECT_EQ(post("/api/admin/paypal/poll", ada, json::object{}).status, 403);
    const auto ask = [&](const char* body) {
        auto asked = request("POST", "/api/admin/paypal/poll", {}, body);
        asked.headers.add("Authorization", "Bearer " + token_of(grace, true));
        return send(asked);
    };
    EXPECT_EQ(ask("{}").body.at("asked"), 0) << "nothing is due";
    EXPECT_EQ(ask(R"({"all": true})").body.at("asked"), 1);
    EXPECT_EQ(ask(R"({"objects": 0})").status, 422);
    services_.flows.paypal.reset();
    EXPECT_EQ(ask("{}").code(), "provider_not_configured");
}

TEST_F(PayPalPoll, AnAbsentPayPalStopsTheRunAndIsTriedAgain) {
    subscribe(ada);
    subscribe(grace);
    paypal_.failures.push_back({
        "fetch_with_payments", {ErrorCode::provider_unavailable, "no answer"}
    });
    const auto stopped = run(billing::poll(*services_.flows.paypal, {.all = true}));
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::provider_unavailable);
    EXPECT_EQ(poll_all().asked, 2);
    EXPECT_EQ(
        run(billing::poll(*services_.flows.paypal, {.objects_max = 1, .all = true})).value().asked,
        1)
        << "a run has its budget";
}

// Each life is told with a tenth of its events lost, some told twice or days later, all in any order.
TEST_F(PayPalPoll, AfterItRanTheRowsAreWhatPayPalSays) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::string id =
            subscribe("0190ada0-0000-7000-8000-00000000010" + std::to_string(seed));
        std::vector<std::vector<provider::Change>> answers;
        int period = 1;
        for (int step = 0; step < 12; ++step) {
            live(id, period, random);
            if (random() % 10 != 0) answers.push_back(answer_about(id));
            if (random() % 5 == 0 && !answers.empty()) answers.push_back(answers.back());
        }
        std::ranges::shuffle(answers, random);
        for (const auto& answer : answers) tell(answer);
        poll_all();
        EXPECT_EQ(stored(id), said(id));
        EXPECT_EQ(count("paydesk.notifications where type = 'payment_success' and fact_key like "
                        "'payment_success:" +
                        id + "/%'"),
                  count("paydesk.invoices where status = 'paid' and provider_subscription_id = '" +
                        id + "'"))
            << "each payment is told once";
    }
}

}  // namespace
}  // namespace paydesk::api
