#include "billing/decide_change.h"

#include <gtest/gtest.h>

#include "billing/promotion_flow.h"
#include "billing/schedule_row.h"

namespace paydesk::billing {
namespace {

PlanTerms terms(std::string plan, std::int64_t rank, std::string cycle, std::int64_t amount,
                std::int64_t quantity) {
    return {std::move(plan), rank, std::move(cycle), Money(amount, Currency::usd()), quantity};
}

struct Case {
    const char* name;
    PlanTerms from, to;
    bool trialing;
    ChangeWhen when;
};
using enum ChangeWhen;
const Case cases[] = {
    {"the_same",              terms("pro",      1, "monthly", 49,  1), terms("pro",      1, "monthly", 49,  1), false,
     never                                                                                                                       },
    {"a_new_price_only",      terms("pro",      1, "monthly", 49,  1), terms("pro",      1, "monthly", 59,  1),
     false,                                                                                                            never     },
    {"the_same_in_a_trial",   terms("pro",      1, "monthly", 49,  1), terms("pro",      1, "monthly", 49,  1),
     true,                                                                                                             never     },
    {"a_higher_rank",         terms("pro",      1, "monthly", 49,  1), terms("business", 2, "monthly", 99,  1),
     false,                                                                                                            now       },
    {"a_lower_rank",          terms("business", 2, "monthly", 99,  1), terms("pro",      1, "monthly", 49,  1),
     false,                                                                                                            period_end},
    {"rank_before_cycle",     terms("pro",      1, "yearly",  490, 1), terms("business", 2, "monthly", 99,  1),
     false,                                                                                                            now       },
    {"rank_before_quantity",  terms("business", 2, "monthly", 99,  1),
     terms("pro",                                                                        1, "monthly", 49,  9), false, period_end},
    {"yearly_at_once",        terms("pro",      1, "monthly", 49,  1), terms("pro",      1, "yearly",  490, 1), false,
     now                                                                                                                         },
    {"monthly_later",         terms("pro",      1, "yearly",  490, 1), terms("pro",      1, "monthly", 49,  1), false,
     period_end                                                                                                                  },
    {"more_seats",            terms("pro",      1, "monthly", 49,  2), terms("pro",      1, "monthly", 49,  3), false,
     now                                                                                                                         },
    {"fewer_seats",           terms("pro",      1, "monthly", 49,  3), terms("pro",      1, "monthly", 49,  2), false,
     period_end                                                                                                                  },
    {"yearly_fewer_seats",    terms("pro",      1, "monthly", 49,  3), terms("pro",      1, "yearly",  490, 2),
     false,                                                                                                            now       },
    {"equal_ranks_dearer",    terms("a",        1, "monthly", 49,  1), terms("b",        1, "yearly",  600, 1), false,
     now                                                                                                                         },
    {"equal_ranks_cheaper",   terms("a",        1, "monthly", 49,  1), terms("b",        1, "yearly",  500, 1), false,
     period_end                                                                                                                  },
    {"equal_in_all_but_name", terms("a",        1, "monthly", 49,  1), terms("b",        1, "monthly", 49,  1),
     false,                                                                                                            now       },
    {"down_in_a_trial",       terms("business", 2, "monthly", 99,  5), terms("pro",      1, "monthly", 49,  1),
     true,                                                                                                             now       },
};

TEST(DecideChange, UpgradesAtOnceDowngradesLater) {
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(decide_change(c.from, c.to, c.trialing), c.when);
    }
}

TEST(DecideChange, OnlyWhatRunsCanBeChanged) {
    using enum SubscriptionStatus;
    for (const auto status :
         {incomplete, incomplete_expired, trialing, active, past_due, canceled, unpaid, paused}) {
        SCOPED_TRACE(provider::to_string(status));
        const bool runs = status == active || status == trialing;
        EXPECT_EQ(check_changeable(status, false).has_value(), runs);
        EXPECT_FALSE(check_changeable(status, true));
        EXPECT_EQ(check_pausable(status, false).has_value(), status == active);
    }
}

struct CodeCase {
    const char* name;
    provider::PromotionCode code;
    PromotionUse use;
    std::string refused;  // "" where it may be used
};

provider::PromotionCode code(auto change) {
    provider::PromotionCode made{.promotion_code = {"promo_1"}, .code = "SPRING", .active = true};
    change(made);
    return made;
}
const Instant today = from_unix(1'795'000'000);  // 2026-11-18
const Money fifty(5'000, Currency::usd());
const auto least = [](auto& c) { c.minimum_amount = fifty; };
const auto for_ada = [](auto& c) { c.customer = provider::Ref{"cus_ada"}; };
const auto at_first = [](auto& c) { c.first_time_only = true; };

const CodeCase code_cases[] = {
    {"good",              code([](auto&) {}),                                                  {},                                                    ""                                                  },
    {"expired",
     code([](auto& c) {
         c.expires_at = today;
         c.active = false;
     }),
     {},
     "This promotion code expired on November 18, 2026."                                                                                                                                                  },
    {"not_yet",           code([](auto& c) { c.expires_at = today + std::chrono::hours(1); }), {},                                                    ""                                                  },
    {"used_up",
     code([](auto& c) {
         c.max_redemptions = 2;
         c.times_redeemed = 2;
     }),
     {},
     "This promotion code has been used as often as it may be."                                                                                                                                           },
    {"switched_off",
     code([](auto& c) { c.active = false; }),
     {},
     "This promotion code is not valid any more."                                                                                                                                                         },
    {"for_ada",           code(for_ada),                                                       {.account = {}, .customer = provider::Ref{"cus_ada"}}, ""                                                  },
    {"not_for_grace",
     code(for_ada),
     {.account = {}, .customer = provider::Ref{"cus_grace"}},
     "This promotion code was made for another customer."                                                                                                                                                 },
    {"not_for_strangers", code(for_ada),                                                       {},                                                    "This promotion code was made for another customer."},
    {"first",             code(at_first),                                                      {},                                                    ""                                                  },
    {"not_the_first",
     code(at_first),
     {.account = {}, .has_paid = true},
     "This promotion code is for a first purchase only."                                                                                                                                                  },
    {"enough",            code(least),                                                         {.account = {}, .amount = fifty},                      ""                                                  },
    {"too_little",
     code(least),
     {.account = {}, .amount = Money(4'999, Currency::usd())},
     "This promotion code needs a purchase of at least $50.00."                                                                                                                                           },
    {"another_currency",
     code(least),
     {.account = {}, .amount = Money(99'999, Currency::jpy())},
     "This promotion code needs a purchase of at least $50.00."                                                                                                                                           },
    {"running_already",   code(least),                                                         {},                                                    ""                                                  },
};

TEST(PromotionCode, EachRefusalSaysWhy) {
    for (const auto& c : code_cases) {
        SCOPED_TRACE(c.name);
        const auto checked = check_promotion(c.code, c.use, today);
        EXPECT_EQ(checked ? "" : checked.error().message, c.refused);
        if (!checked) {
            EXPECT_EQ(checked.error().code, ErrorCode::promotion_code_invalid);
        }
    }
}

// A schedule in its first phase of two, unless a test says otherwise.
provider::ScheduleSnapshot two_phases() {
    const auto item = [](const char* price, std::int64_t quantity) {
        return provider::SubscriptionItem{.item = {},
                                          .price = {price},
                                          .product = {},
                                          .lookup_key = {},
                                          .quantity = quantity,
                                          .period_start = {},
                                          .period_end = {}};
    };
    const Instant begin = today, middle = today + std::chrono::days(30);
    return {
        .schedule = {"sub_sched_1"},
        .customer = {"cus_1"},
        .subscription = provider::Ref{"sub_1"},
        .status = "active",
        .current_phase_start = begin,
        .phases = {{begin, middle, {item("price_business", 1)}},
                     {middle, {}, {item("price_metered", 1), item("price_pro", 3)}}},
        .created_at = begin
    };
}

PlanPrices catalogue() {
    PlanPrice pro{.plan_key = "pro", .plan_name = "Pro", .plan_family = "main"};
    pro.billing_cycle = "monthly";
    pro.currency = "usd";
    pro.provider_price_id = "price_pro";
    pro.unit_amount = 4900;
    return PlanPrices({pro});
}

TEST(Schedule, TheNextPhaseIsWhatIsScheduled) {
    const auto content = content_of(two_phases(), false, catalogue());
    EXPECT_EQ(content.effective_at, today + std::chrono::days(30));
    EXPECT_EQ(content.plan_key, "pro");
    EXPECT_EQ(content.price_id, "price_pro") << "the plan's item, not the first";
    EXPECT_EQ(content.quantity, 3);
    EXPECT_EQ(content.unit_amount, 4900);
}

TEST(Schedule, InItsLastPhaseOrAtItsEndNothingIs) {
    auto last = two_phases();
    last.current_phase_start = last.phases[1].start;
    EXPECT_FALSE(content_of(last, false, catalogue()).effective_at);
    for (const char* status : {"released", "canceled", "completed"}) {
        auto ended = two_phases();
        ended.status = status;
        EXPECT_FALSE(content_of(ended, false, catalogue()).effective_at) << status;
        EXPECT_TRUE(is_final_schedule(status));
    }
    auto lost = two_phases();
    lost.current_phase_start.reset();
    EXPECT_FALSE(content_of(lost, false, catalogue()).effective_at) << "nobody knows where it is";
}

TEST(Schedule, APriceOfNobodysPlanIsScheduledAllTheSame) {
    const auto content = content_of(two_phases(), false, PlanPrices{});
    EXPECT_EQ(content.price_id, "price_metered");
    EXPECT_FALSE(content.plan_key);
}

}  // namespace
}  // namespace paydesk::billing
