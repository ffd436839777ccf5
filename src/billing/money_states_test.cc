// The lives of charges, refunds and disputes, as tables: what two snapshots of one second prove.

#include <gtest/gtest.h>

#include <array>

#include "billing/charge_row.h"
#include "billing/decide_facts.h"
#include "billing/dispute_row.h"
#include "billing/refund_row.h"

namespace paydesk::billing {
namespace {

using Order = std::partial_ordering;

char letter(Order order) {
    if (order == Order::less) return '<';
    if (order == Order::greater) return '>';
    return order == Order::equivalent ? '=' : '?';
}

// Row by row: the incoming status against that of the row.
TEST(RefundStates, OrderMatrix) {
    constexpr std::array<const char*, 4> expected = {
        // pending succeeded failed canceled  <- the row's
        "=<<<",  // pending
        ">=<<",  // succeeded
        ">>=?",  // failed: a succeeded one may come back
        ">>?=",  // canceled
    };
    for (int incoming = 0; incoming < 4; ++incoming) {
        std::string line;
        for (int row = 0; row < 4; ++row) {
            RefundRow::Content a, b;
            a.status = static_cast<RefundStatus>(incoming);
            b.status = static_cast<RefundStatus>(row);
            line += letter(state_order(a, b));
        }
        EXPECT_EQ(line, expected[static_cast<std::size_t>(incoming)])
            << to_string(static_cast<RefundStatus>(incoming));
    }
}

TEST(RefundStates, AreReadAndWritten) {
    for (const auto status : {RefundStatus::pending, RefundStatus::succeeded, RefundStatus::failed,
                              RefundStatus::canceled}) {
        EXPECT_EQ(parse_refund_status(to_string(status)), status);
    }
    EXPECT_EQ(parse_refund_status("requires_action"), std::nullopt);
    provider::RefundSnapshot snapshot{.refund = {"re_1"},
                                      .charge = {},
                                      .payment = {},
                                      .amount = Money(1, Currency::usd()),
                                      .status = "requires_action",
                                      .reason = {},
                                      .failure_reason = {},
                                      .intent_id = {},
                                      .created_at = {}};
    EXPECT_EQ(content_of(snapshot).status, RefundStatus::pending);
}

TEST(ChargeStates, OrderMatrix) {
    using enum provider::ChargeStatus;
    const auto order = [](provider::ChargeStatus incoming, provider::ChargeStatus row) {
        ChargeRow::Content a, b;
        a.status = incoming;
        b.status = row;
        return letter(state_order(a, b));
    };
    EXPECT_EQ(order(succeeded, pending), '>');
    EXPECT_EQ(order(failed, pending), '>');
    EXPECT_EQ(order(pending, succeeded), '<');
    EXPECT_EQ(order(pending, failed), '<');
    EXPECT_EQ(order(succeeded, succeeded), '=');
    EXPECT_EQ(order(failed, succeeded), '=') << "proves nothing: the provider is asked";
}

struct Stage {
    const char* status;
    int rank;  // -1: not known here
    bool inquiry, decided;
};
const Stage stages[] = {
    {"warning_needs_response", 0,  true,  false},
    {"warning_under_review",   1,  true,  false},
    {"needs_response",         2,  false, false},
    {"under_review",           3,  false, false},
    {"won",                    4,  false, true },
    {"lost",                   4,  false, true },
    {"prevented",              4,  false, true },
    {"warning_closed",         4,  true,  true },
    {"appeal_under_review",    -1, false, false},
};

TEST(DisputeStates, OrderMatrix) {
    for (const auto& incoming : stages) {
        EXPECT_EQ(is_inquiry(incoming.status), incoming.inquiry) << incoming.status;
        EXPECT_EQ(is_decided(incoming.status), incoming.decided) << incoming.status;
        for (const auto& row : stages) {
            SCOPED_TRACE(std::string(incoming.status) + " against " + row.status);
            DisputeRow::Content a, b;
            a.status = incoming.status;
            b.status = row.status;
            const char expected = incoming.rank < 0 || row.rank < 0 ? '?'
                                  : incoming.rank == row.rank       ? '='
                                  : incoming.rank > row.rank        ? '>'
                                                                    : '<';
            EXPECT_EQ(letter(state_order(a, b)), expected);
        }
    }
}

TEST(DisputeFacts, EachStageIsToldOnceToTheOperator) {
    const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
    const auto keys = [&](std::string status) {
        const provider::DisputeSnapshot snapshot{.dispute = {"dp_1"},
                                                 .charge = {},
                                                 .payment = {},
                                                 .amount = Money(2900, Currency::usd()),
                                                 .status = std::move(status),
                                                 .reason = "fraudulent",
                                                 .evidence_due_by = from_unix(1'800'000'000),
                                                 .created_at = {}};
        std::string all;
        for (const auto& fact : facts_of(ann, snapshot)) {
            EXPECT_EQ(fact.account, operator_account);
            all += fact.fact_key + " ";
        }
        return all;
    };
    EXPECT_EQ(keys("needs_response"), "dispute_opened:dp_1 ");
    EXPECT_EQ(keys("under_review"), "dispute_opened:dp_1 ") << "the same fact";
    EXPECT_EQ(keys("warning_needs_response"), "dispute_inquiry:dp_1 ");
    EXPECT_EQ(keys("lost"), "dispute_closed:dp_1:lost ");
}

TEST(RefundFacts, SucceededAndFailedAreTold) {
    const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
    const auto keys = [&](std::string status) {
        const provider::RefundSnapshot snapshot{.refund = {"re_1"},
                                                .charge = {},
                                                .payment = {},
                                                .amount = Money(900, Currency::usd()),
                                                .status = std::move(status),
                                                .reason = {},
                                                .failure_reason = {},
                                                .intent_id = {},
                                                .created_at = {}};
        std::string all;
        for (const auto& fact : facts_of(ann, snapshot)) {
            all += (fact.account == ann ? "buyer " : "operator ") + fact.fact_key + ", ";
        }
        return all;
    };
    EXPECT_EQ(keys("pending"), "");
    EXPECT_EQ(keys("canceled"), "");
    EXPECT_EQ(keys("succeeded"), "buyer refund_succeeded:re_1, ");
    EXPECT_EQ(keys("failed"), "buyer refund_failed:re_1, operator refund_failed:re_1, ");
}

}  // namespace
}  // namespace paydesk::billing
