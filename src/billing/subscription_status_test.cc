#include "billing/subscription_status.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace paydesk::billing {
namespace {

// The whole matrix: from down, to across. = same, x step, ? anomaly (applied, reported), . refused.
// A reviewer sees a change of behaviour as a changed sign.
constexpr std::string_view matrix = R"(
                    inc exp tri act due can unp pau
incomplete          =   x   x   x   ?   x   ?   ?
incomplete_expired  .   =   .   .   .   .   .   .
trialing            ?   ?   =   x   x   x   ?   x
active              ?   ?   x   =   x   x   x   x
past_due            ?   ?   ?   x   =   x   x   ?
canceled            .   .   .   .   .   =   .   .
unpaid              ?   ?   ?   x   x   x   =   ?
paused              ?   ?   ?   x   x   x   ?   =
)";

std::string signs_only(std::string_view table) {
    std::string signs;
    std::string_view rest = table.substr(table.find("incomplete"));
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        for (const char c : line.substr(line.find(' '))) {
            if (c != ' ') signs += c;
        }
    }
    return signs;
}

TEST(SubscriptionStatus, TransitionMatrix) {
    std::string actual;
    for (int from = 0; from < subscription_status_count; ++from) {
        for (int to = 0; to < subscription_status_count; ++to) {
            const auto t = transition(SubscriptionStatus(from), SubscriptionStatus(to));
            actual += "=x?."[static_cast<std::size_t>(t)];
        }
    }
    EXPECT_EQ(actual, signs_only(matrix));
}

}  // namespace
}  // namespace paydesk::billing
