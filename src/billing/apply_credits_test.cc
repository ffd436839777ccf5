// What the provider's facts do to credits: the flows that the documents behind Paydesk describe, each
// balance exact, and the same whatever the order.
#include "billing/test_apply_credits.h"

namespace paydesk::billing {
namespace {

class ApplyCredits : public TestApplyCredits {};

// S1: 100 for a new user, the plan's a month, decremented by use with a description, set anew by each
// paid invoice.
TEST_F(ApplyCredits, S1CreditsOfANewUserThenOfAPlanThenRenewed) {
    play([&]() -> Task<> {
        EXPECT_EQ(co_await balance(), 100);
        EXPECT_TRUE(co_await use(40));
        EXPECT_FALSE(co_await use(61));
        EXPECT_EQ(co_await balance(), 60);

        co_await apply(paid_month("in_1", "price_pro", 0));
        EXPECT_EQ(co_await balance(), 2'500);
        EXPECT_TRUE(co_await use(1'900));
        EXPECT_EQ(co_await balance(), 600);

        clock_.set(month(1) + 1h);
        co_await apply(paid_month("in_2", "price_pro", 1));
        EXPECT_EQ(co_await balance(), 2'500);
        EXPECT_EQ(one("select string_agg(amount::text, ' ' order by number) from "
                      "paydesk.credit_transactions where description = 'AI Chat - GPT-4'"),
                  "-40 -1900");
    });
}

// S3: subscribe (2,500 and any top-up), top up (existing and 1,000), renew, cancel (100 and the top-up).
TEST_F(ApplyCredits, S3SubscribeTopUpRenewCancel) {
    play([&]() -> Task<> {
        EXPECT_EQ(co_await balance(), 100);
        co_await apply(topped_up());
        EXPECT_EQ(co_await balance(), 1'100);
        co_await apply(paid_month("in_1", "price_pro", 0));
        EXPECT_EQ(co_await balance(), 3'500);
        co_await apply(topped_up("cs_2", "c2"));  // three of them
        EXPECT_EQ(co_await balance(), 6'500);

        // The plan's credits burn first.
        EXPECT_TRUE(co_await use(2'600));
        EXPECT_EQ(co_await balance(), 3'900);
        clock_.set(month(1) + 1h);
        co_await apply(paid_month("in_2", "price_pro", 1));
        EXPECT_EQ(co_await balance(), 2'500 + 3'900);
        clock_.set(month(2));
        co_await apply(ended());
        EXPECT_EQ(co_await balance(), 100 + 3'900);
        EXPECT_EQ(one("select string_agg(kind || ' ' || remaining, ', ' order by priority, kind, "
                      "remaining) from "
                      "paydesk.credit_grants where remaining > 0"),
                  "free 100, top_up 900, top_up 3000");
    });
}

TEST_F(ApplyCredits, S3DowngradeCountsFromTheNextInvoice) {
    play([&]() -> Task<> {
        co_await apply(paid_month("in_1", "price_business", 0));
        EXPECT_EQ(co_await balance(), 5'000);
        EXPECT_TRUE(co_await use(1'000));
        clock_.set(may + days(10));
        // A downgrade within the period is billed as two prorations: nothing is given or taken.
        co_await apply(paid("in_2", {line("price_business", -6'600, clock_.now(), month(1), true),
                                     line("price_pro", 3'300, clock_.now(), month(1), true)}));
        EXPECT_EQ(co_await balance(), 4'000);
        clock_.set(month(1) + 1h);
        co_await apply(paid_month("in_3", "price_pro", 1));
        EXPECT_EQ(co_await balance(), 2'500);
    });
}

// In proportion to what is left, as its money is: 21 of 31 days of 2,500 more.
TEST_F(ApplyCredits, AnUpgradeGivesTheDifferenceAtOnce) {
    play([&]() -> Task<> {
        co_await apply(paid_month("in_1", "price_pro", 0));
        EXPECT_TRUE(co_await use(2'000));
        clock_.set(may + days(10));
        co_await apply(paid("in_2", {line("price_pro", -3'300, clock_.now(), month(1), true),
                                     line("price_business", 6'600, clock_.now(), month(1), true)}));
        EXPECT_EQ(co_await balance(), 500 + 1'694);
        clock_.set(month(1) + 1h);
        co_await apply(paid_month("in_3", "price_business", 1));
        EXPECT_EQ(co_await balance(), 5'000);
    });
}

// Else they would give a thousand months' credits for the price of an hour.
TEST_F(ApplyCredits, AThousandUnitsForTheLastHourGiveAnHoursCredits) {
    play([&]() -> Task<> {
        co_await apply(paid_month("in_1", "price_pro", 0));
        clock_.set(month(1) - 1h);
        auto more = line("price_pro", 6'580, clock_.now(), month(1), true);
        more.quantity = 1'000;
        co_await apply(paid("in_2", {line("price_pro", -7, clock_.now(), month(1), true), more}));
        EXPECT_EQ(co_await balance(), 2'500 + 3'357) << "999 x 2,500 x 1 of 744 hours";
    });
}

// A month that ends on the last of its month began on the 28th to the 31st: whoever began later loses nothing.
TEST_F(ApplyCredits, AtTheBeginningOfAShortMonthNothingIsCut) {
    play([&]() -> Task<> {
        const Instant begun = *parse_iso8601("2027-01-31T00:00:00Z"),
                      ends = *parse_iso8601("2027-02-28T00:00:00Z");
        clock_.set(begun);
        co_await apply(paid("in_1", {line("price_pro", 4'900, begun, ends)}));
        co_await apply(paid("in_2", {line("price_pro", -4'900, begun, ends, true),
                                     line("price_business", 9'900, begun, ends, true)}));
        EXPECT_EQ(co_await balance(), 5'000);
    });
}

// Stripe's times are whole seconds: what follows within one began as early.
TEST_F(ApplyCredits, ASecondMayHoldAPurchaseItsUpgradeAndItsEnd) {
    play([&]() -> Task<> {
        EXPECT_EQ(co_await balance(), 100);
        co_await apply(paid_month("in_1", "price_pro", 0));
        EXPECT_EQ(co_await balance(), 2'500);
        co_await apply(paid("in_2", {line("price_pro", -4'900, may, month(1), true),
                                     line("price_business", 9'900, may, month(1), true)}));
        EXPECT_EQ(co_await balance(), 5'000);
        co_await apply(ended());
        EXPECT_EQ(co_await balance(), 100);
    });
}

// Paused and resumed: a new period is paid for, and the rest of the old one given back in money.
TEST_F(ApplyCredits, APauseGivesNoCreditsTwice) {
    const auto resumed = [this](std::string id, Instant at, Instant old_end) {
        return paid(std::move(id), {line("price_pro", 4'900, at, credits::add_months(at, 1)),
                                    line("price_pro", -4'890, at, old_end, true)});
    };
    play([&]() -> Task<> {
        clock_.set(may);
        co_await apply(paid_month("in_1", "price_pro", 0));
        EXPECT_TRUE(co_await use(2'500));
        // At once, again and again: nothing.
        for (int minute = 1; minute <= 3; ++minute) {
            clock_.set(may + std::chrono::minutes(minute));
            const Instant old_end = month(1) + std::chrono::minutes(minute - 1);
            co_await apply(resumed("in_at_once_" + std::to_string(minute), clock_.now(), old_end));
            EXPECT_EQ(co_await balance(), 0);
        }
        // Ten days later: the credits go on when the first month is over, for the ten days beyond it.
        clock_.set(may + days(10));
        co_await apply(resumed("in_later", clock_.now(), month(1) + std::chrono::minutes(3)));
        EXPECT_EQ(co_await balance(), 0);
        clock_.set(month(1) + 1h);
        EXPECT_EQ(co_await balance(), 806) << "10 of 31 days";
        clock_.set(month(1) + days(10));
        co_await apply(
            paid("in_renewed", {line("price_pro", 4'900, clock_.now(), month(2) + days(10))}));
        EXPECT_EQ(co_await balance(), 2'500);
    });
}

// After a pause that outlasts the period, the new one is like any other.
TEST_F(ApplyCredits, AResumptionAfterThePeriodGivesAWholeOne) {
    play([&]() -> Task<> {
        clock_.set(may);
        co_await apply(paid_month("in_1", "price_pro", 0));
        clock_.set(month(3));
        co_await apply(paid("in_2", {line("price_pro", 4'900, month(3), month(4)),
                                     line("price_pro", -4'000, may + days(5), month(1), true)}));
        EXPECT_EQ(co_await balance(), 2'500);
    });
}

TEST_F(ApplyCredits, AYearIsGivenByTheMonth) {
    play([&]() -> Task<> {
        co_await apply(paid("in_1", {line("price_pro_year", 49'000, month(0), month(12))}));
        EXPECT_EQ(co_await balance(), 2'500);
        EXPECT_TRUE(co_await use(2'500));
        clock_.set(month(1));
        EXPECT_EQ(co_await balance(), 2'500);
        clock_.set(month(3) + days(3));
        co_await apply(ended());
        EXPECT_EQ(co_await balance(), 100);
        clock_.set(month(5));
        EXPECT_EQ(co_await balance(), 100);  // a free month's, not the year's
    });
}

// Two tabs, or one plan at each provider: the second is cancelled, and the first's credits stay.
TEST_F(ApplyCredits, TheEndOfASecondSubscriptionLeavesTheFirstsCredits) {
    play([&]() -> Task<> {
        co_await apply({begun("sub_1", "price_business"), paid_month("in_1", "price_business", 0)});
        EXPECT_TRUE(co_await use(1'000));
        clock_.set(may + 5min);
        auto second = of("sub_2", paid("in_2", {line("price_pro", 4'900, clock_.now(), month(1))}));
        std::get<provider::InvoiceSnapshot>(second.change.fact).payment = provider::Ref{"pi_1"};
        co_await apply({begun("sub_2", "price_pro"), second});
        EXPECT_EQ(co_await balance(), 4'000 + 2'500) << "both are paid for";
        clock_.set(may + 6min);
        co_await apply(ended("sub_2", "price_pro"));
        EXPECT_EQ(co_await balance(), 4'000 + 2'500);
        clock_.set(may + 1h);
        co_await apply(charged(4'900, 4'900));
        EXPECT_EQ(co_await balance(), 4'000) << "the second was refunded";
        clock_.set(month(1) + 1h);
        co_await apply(paid_month("in_3", "price_business", 1));
        EXPECT_EQ(co_await balance(), 5'000);
        clock_.set(month(1) + 2h);
        co_await apply(ended("sub_1", "price_business"));
        EXPECT_EQ(co_await balance(), 100);
    });
}

// An add-on that is paid by the year: its end ends its own months and no other plan's.
TEST_F(ApplyCredits, TheEndOfAnAddOnEndsItsOwnCredits) {
    database_.script(R"(
        insert into paydesk.plans (plan_key, name, kind, plan_family, credits_per_month, purchasable)
            values ('boost', 'Boost', 'plan', 'boost', 700, true);
        insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider,
            provider_price_id) values ('boost', 'yearly', 'usd', 9900, 'stripe', 'price_boost');)");
    play([&]() -> Task<> {
        co_await apply({begun("sub_1", "price_pro"), paid_month("in_1", "price_pro", 0)});
        co_await apply({begun("sub_2", "price_boost"),
                        of("sub_2", paid("in_2", {line("price_boost", 9'900, may, month(12))}))});
        EXPECT_EQ(co_await balance(), 2'500 + 700);
        clock_.set(may + days(3));
        co_await apply(ended("sub_2", "price_boost"));
        EXPECT_EQ(co_await balance(), 2'500);
        clock_.set(month(1) + 1h);
        co_await apply(paid_month("in_3", "price_pro", 1));
        EXPECT_EQ(co_await balance(), 2'500);
    });
}

// Where the free plan gives no credits the end of a plan is its end all the same.
TEST_F(ApplyCredits, AYearEndsAlsoWhereTheFreePlanGivesNothing) {
    database_.script("update paydesk.plans set credits_per_month = 0 where plan_key = 'free'");
    play([&]() -> Task<> {
        co_await apply({begun("sub_of_another_product", "price_unknown"),
                        begun("sub_1", "price_pro_year"),
                        paid("in_1", {line("price_pro_year", 49'000, month(0), month(12))})});
        EXPECT_EQ(co_await balance(), 2'500);
        clock_.set(month(1) + days(3));
        co_await apply(ended("sub_1", "price_pro_year"));
        EXPECT_EQ(co_await balance(), 0);
        clock_.set(month(2));
        EXPECT_EQ(co_await balance(), 0);
    });
}

// Two changes of plan on one invoice: what the last plan has more than the first is added.
TEST_F(ApplyCredits, TwoUpgradesOnOneInvoiceGiveTheirDifferenceOnce) {
    play([&]() -> Task<> {
        co_await apply(paid_month("in_1", "price_pro", 0));
        clock_.set(may + days(10));
        co_await apply(paid("in_2", {line("price_pro", -3'300, clock_.now(), month(1), true),
                                     line("price_pro", 3'300, clock_.now(), month(1), true),
                                     line("price_pro", -3'300, clock_.now(), month(1), true),
                                     line("price_business", 6'600, clock_.now(), month(1), true)}));
        EXPECT_EQ(co_await balance(), 2'500 + 1'694);
    });
}

// A month paid for by a provider whose clock was moved ahead of ours.
TEST_F(ApplyCredits, WhatIsPaidForIsThereAlsoWhereTheProvidersClockIsAhead) {
    play([&]() -> Task<> {
        co_await apply(paid_month("in_1", "price_pro", 0));
        EXPECT_TRUE(co_await use(2'000));
        co_await apply(paid_month("in_2", "price_pro", 1));
        EXPECT_EQ(co_await balance(), 2'500);
    });
}

TEST_F(ApplyCredits, WhatIsNotPaidGivesNothing) {
    play([&]() -> Task<> {
        co_await apply(topped_up("cs_1", "c1", "unpaid"));
        auto open = paid_month("in_1", "price_pro", 0);
        std::get<provider::InvoiceSnapshot>(open.change.fact).status =
            provider::InvoiceStatus::open;
        co_await apply(open);
        co_await apply(paid_month("in_2", "price_unknown", 0));
        co_await apply(topped_up("cs_9", "c9"));  // no checkout of ours
        EXPECT_EQ(co_await balance(), 100);
        co_await apply(topped_up("cs_1", "c1", "paid"));
        EXPECT_EQ(co_await balance(), 1'100);
    });
}

// A whole life, told in every order of its events and each twice: one end. Nobody looks in between.
TEST_F(ApplyCredits, TheOrderOfTheFactsDoesNotMatter) {
    play([&]() -> Task<> {
        clock_.set(month(2));
        const std::vector<ToApply> life = {paid_month("in_1", "price_pro", 0), topped_up(),
                                           paid_month("in_2", "price_pro", 1), ended()};
        std::vector<std::size_t> order = {0, 1, 2, 3};
        int person = 0;
        do {
            // A person of their own for each order.
            ++person;
            const std::string id = "0198a000-0000-7000-8000-0000000001" +
                                   std::string(person < 10 ? "0" : "") + std::to_string(person);
            const std::string suffix = "_" + std::to_string(person);
            database_.run("insert into paydesk.accounts (account_id) values ($1)", {id});
            database_.run(
                "insert into paydesk.checkouts (account_id, id, plan_key, plan_family, "
                "billing_cycle, "
                "mode, provider_checkout_id, status) values ($1, gen_random_uuid(), "
                "'credits_1000', "
                "'top_up', 'one_time', 'payment', $2, 'expired')",
                {id, "cs_1" + suffix});
            database_.run(
                "insert into paydesk.provider_refs (provider, kind, provider_id, account_id) "
                "values ('stripe', 'customer', $2, $1)",
                {id, "cus_1" + suffix});
            for (int telling = 0; telling < 2; ++telling) {
                for (const std::size_t i : order) {
                    ToApply change = life[i];
                    change.change.event_id += suffix + "_" + std::to_string(telling);
                    change.change.object.value += suffix;
                    std::visit(
                        [&](auto& fact) {
                            if constexpr (requires { fact.lines; }) {
                                fact.customer.value += suffix;
                                fact.invoice->value += suffix;
                                fact.subscription->value += suffix;
                            } else if constexpr (requires { fact.checkout; }) {
                                fact.customer->value += suffix;
                                fact.checkout.value += suffix;
                                fact.intent_id.reset();
                            } else if constexpr (requires { fact.items; }) {
                                fact.customer.value += suffix;
                                fact.subscription.value += suffix;
                            }
                        },
                        change.change.fact);
                    co_await apply(change);
                }
            }
        } while (std::ranges::next_permutation(order).found);
        EXPECT_EQ(one("select string_agg(distinct remaining, ' / ') from (select string_agg("
                      "fact || ' ' || remaining, ', ' order by fact) as remaining from (select "
                      "account_id, split_part(fact_key, '/', 1) as fact, remaining from "
                      "paydesk.credit_grants where remaining > 0) g group by account_id) e"),
                  "subscription_ended 100, top_up 1000");
        EXPECT_EQ(one("select count(distinct account_id) from paydesk.credit_grants"), "24");
    });
}

}  // namespace
}  // namespace paydesk::billing
