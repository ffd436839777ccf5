// What refunds take back of credits, whatever is told first and however often.
#include "billing/test_apply_credits.h"

namespace paydesk::billing {
namespace {

class ApplyCreditsRefunds : public TestApplyCredits {};

TEST_F(ApplyCreditsRefunds, ARefundedTopUpTakesUnspentCreditsBack) {
    play([&]() -> Task<> {
        co_await apply(topped_up());
        EXPECT_TRUE(co_await use(400));  // 100 free ones first
        EXPECT_EQ(co_await balance(), 700);
        co_await db_->transaction([&](db::Tx& tx) -> Task<> {
            std::vector<credits::Fact> facts{
                credits::PaymentRefunded{.account = ann,
                                         .grant_fact_key = "top_up/stripe/cs_1",
                                         .refunded = 2'000,
                                         .paid = 2'000}
            };
            co_await credits::apply_facts(tx, std::move(facts), clock_.now());
        });
        EXPECT_EQ(co_await balance(), 0);
        EXPECT_FALSE(co_await use(1));
    });
}

// However it was refunded: the charge says how much has gone back.
TEST_F(ApplyCreditsRefunds, AChargeThatIsRefundedTakesTheTopUpsCreditsBack) {
    play([&]() -> Task<> {
        auto bought = topped_up();
        std::get<provider::CheckoutSnapshot>(bought.change.fact).payment = provider::Ref{"pi_1"};
        co_await apply(bought);
        EXPECT_EQ(co_await balance(), 1'100);
        for (const std::int64_t refunded : {500, 500, 2'000}) {
            clock_.set(clock_.now() + 1min);
            co_await apply(charged(2'000, refunded));
            EXPECT_EQ(co_await balance(), refunded == 500 ? 100 + 750 : 100);
        }
    });
}

// The checkout and its charge both say what has gone back: told in one batch, it goes back once.
TEST_F(ApplyCreditsRefunds, WhatOneBatchTellsTwiceIsTakenBackOnce) {
    play([&]() -> Task<> {
        auto bought = topped_up();
        std::get<provider::CheckoutSnapshot>(bought.change.fact).payment = provider::Ref{"pi_1"};
        co_await apply({bought, charged(2'000, 500)});
        EXPECT_EQ(co_await balance(), 100 + 750);
        clock_.set(clock_.now() + 1min);
        co_await apply({bought, charged(2'000, 1'000), bought});
        EXPECT_EQ(co_await balance(), 100 + 500);
    });
}

// As Stripe bills a top-up that has an invoice: its money is the invoice's payment.
TEST_F(ApplyCreditsRefunds, ATopUpWithAnInvoiceThatIsRefundedGivesItsCreditsBack) {
    play([&]() -> Task<> {
        auto bought = topped_up();
        std::get<provider::CheckoutSnapshot>(bought.change.fact).invoice = provider::Ref{"in_top"};
        auto invoice = paid("in_top", {line("price_top_up", 2'000, may, may)});
        auto& snapshot = std::get<provider::InvoiceSnapshot>(invoice.change.fact);
        snapshot.subscription.reset();
        snapshot.amount_paid = Money(2'000, Currency::usd());
        snapshot.payment = provider::Ref{"pi_1"};
        co_await apply(bought);
        co_await apply(invoice);
        EXPECT_EQ(co_await balance(), 1'100);
        for (const std::int64_t refunded : {500, 500, 2'000}) {
            clock_.set(clock_.now() + 1min);
            co_await apply(charged(2'000, refunded));
            EXPECT_EQ(co_await balance(), refunded == 500 ? 100 + 750 : 100);
        }
    });
}

// Design: a part is goodwill and takes nothing; all of it undoes the month, as far as it is unspent.
TEST_F(ApplyCreditsRefunds, AMonthThatIsRefundedInFullTakesItsUnspentCreditsBack) {
    play([&]() -> Task<> {
        auto invoice = paid_month("in_1", "price_pro", 0);
        std::get<provider::InvoiceSnapshot>(invoice.change.fact).payment = provider::Ref{"pi_1"};
        co_await apply(topped_up());
        co_await apply(invoice);
        EXPECT_TRUE(co_await use(400));
        EXPECT_EQ(co_await balance(), 2'100 + 1'000);
        for (const std::int64_t refunded : {900, 4'900, 4'900}) {
            clock_.set(clock_.now() + 1min);
            co_await apply(charged(4'900, refunded));
            EXPECT_EQ(co_await balance(), refunded == 900 ? 3'100 : 1'000) << "top-ups stay";
        }
        EXPECT_EQ(one("select string_agg(amount || ' ' || description, ', ') from "
                      "paydesk.credit_transactions where kind = 'take_back'"),
                  "-2100 Refunded");
        clock_.set(clock_.now() + 1min);
        co_await apply(ended());
        EXPECT_EQ(co_await balance(), 100 + 1'000);
    });
}

// PayPal's second payment in a month is an invoice whose id begins with the first's: each is refunded by itself.
TEST_F(ApplyCreditsRefunds, ARefundTakesTheCreditsOfItsOwnInvoiceOnly) {
    play([&]() -> Task<> {
        auto first = paid_month("I-1/2026-05-01", "price_pro", 0);
        std::get<provider::InvoiceSnapshot>(first.change.fact).payment = provider::Ref{"pi_1"};
        co_await apply({first, paid_month("I-1/2026-05-01/SALE2", "price_pro", 0)});
        EXPECT_EQ(co_await balance(), 2'500 + 2'500);
        clock_.set(may + 1min);
        co_await apply(charged(4'900, 4'900));
        EXPECT_EQ(co_await balance(), 2'500);
    });
}

TEST_F(ApplyCreditsRefunds, AMonthThatIsRefundedBeforeItsInvoiceIsToldGivesNothing) {
    play([&]() -> Task<> {
        co_await apply(charged(4'900, 4'900));
        auto invoice = paid_month("in_1", "price_pro", 0);
        std::get<provider::InvoiceSnapshot>(invoice.change.fact).payment = provider::Ref{"pi_1"};
        co_await apply(invoice);
        EXPECT_EQ(co_await balance(), 0);
        co_await apply(ended());
        EXPECT_EQ(co_await balance(), 100);
    });
}

// The refund is known before the checkout: the payment's row says so.
TEST_F(ApplyCreditsRefunds, ATopUpThatIsRefundedAlreadyGivesWhatWasKept) {
    play([&]() -> Task<> {
        database_.run(
            "insert into paydesk.payments (account_id, id, provider, source_kind, source_id, "
            "amount, "
            "amount_refunded, currency, status) values ($1, gen_random_uuid(), 'stripe', "
            "'checkout', "
            "'cs_1', 2000, 500, 'usd', 'partially_refunded')",
            {ann.value});
        co_await apply(topped_up());
        EXPECT_EQ(co_await balance(), 100 + 750);
    });
}

}  // namespace
}  // namespace paydesk::billing
