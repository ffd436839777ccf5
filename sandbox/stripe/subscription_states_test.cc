// The state machine of a subscription, as a table: from each status, what each thing that can
// happen makes of it.

#include <gmock/gmock.h>

#include "sandbox/stripe/subscribing.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::children;
using stripe::present;
using stripe::text;

struct Step {
    std::string_view from;
    std::string_view happens;
    std::string_view becomes;  // "refused" where the API says no
};

constexpr Step steps[] = {
    {"incomplete",         "paid",           "active"            },
    {"incomplete",         "declined",       "incomplete"        },
    {"incomplete",         "a day passes",   "incomplete_expired"},
    {"incomplete",         "canceled",       "incomplete_expired"},
    {"incomplete",         "paused",         "refused"           },
    {"incomplete",         "resumed",        "refused"           },
    {"incomplete_expired", "canceled",       "refused"           },
    {"incomplete_expired", "updated",        "refused"           },
    {"incomplete_expired", "a month passes", "incomplete_expired"},
    {"trialing",           "trial ends",     "active"            },
    {"trialing",           "trial fails",    "past_due"          },
    {"trialing",           "canceled",       "canceled"          },
    {"trialing",           "paused",         "paused"            },
    {"trialing",           "a day passes",   "trialing"          },
    {"active",             "a month passes", "active"            },
    {"active",             "renewal fails",  "past_due"          },
    {"active",             "update fails",   "past_due"          },
    {"active",             "trial begins",   "trialing"          },
    {"active",             "canceled",       "canceled"          },
    {"active",             "ends",           "canceled"          },
    {"active",             "paused",         "paused"            },
    {"active",             "resumed",        "refused"           },
    {"past_due",           "paid",           "active"            },
    {"past_due",           "retries end",    "canceled"          },
    {"past_due",           "retries stop",   "unpaid"            },
    {"past_due",           "canceled",       "canceled"          },
    {"past_due",           "paused",         "paused"            },
    {"unpaid",             "paid",           "active"            },
    {"unpaid",             "a month passes", "unpaid"            },
    {"unpaid",             "canceled",       "canceled"          },
    {"unpaid",             "paused",         "refused"           },
    {"paused",             "resumed",        "active"            },
    {"paused",             "a month passes", "paused"            },
    {"paused",             "resume fails",   "past_due"          },
    {"paused",             "canceled",       "canceled"          },
    {"paused",             "paused",         "refused"           },
    {"canceled",           "updated",        "refused"           },
    {"canceled",           "canceled",       "refused"           },
    {"canceled",           "resumed",        "refused"           },
    {"canceled",           "paused",         "refused"           },
    {"canceled",           "a month passes", "canceled"          },
};

class SubscriptionStates : public SandboxTest, public testing::WithParamInterface<Step> {
protected:
    std::string path() const { return "/v1/subscriptions/" + subscription_; }
    std::string status() { return text(got(path()), "status"); }

    void use_card(const std::string& card) {
        const auto method =
            id(made("/v1/payment_methods/" + card + "/attach", "customer=" + customer_));
        made(path(), "default_payment_method=" + method);
    }
    void subscribe(const std::string& more) {
        customer_ = customer_with("pm_card_visa");
        subscription_ = id(made("/v1/subscriptions",
                                "customer=" + customer_ + "&items[0][price]=" + price() + more));
    }
    void set_retry_end(const std::string& end) {
        EXPECT_EQ(call("POST", "/_sandbox/settings", R"({"retry_end":")" + end + "\"}").status,
                  200);
    }

    void arrive(std::string_view state) {
        if (state == "incomplete" || state == "incomplete_expired") {
            subscribe("&payment_behavior=default_incomplete");
            if (state == "incomplete_expired") advance(86400);
        } else if (state == "trialing") {
            subscribe("&trial_period_days=10");
        } else {
            subscribe("");
        }
        if (state == "past_due" || state == "unpaid") {
            set_retry_end("unpaid");
            use_card("pm_card_chargeCustomerFail");
            advance((state == "unpaid" ? 50 : 32) * 86400);
        }
        if (state == "paused") made(path() + "/pause", "bill_for[unused_time_from][type]=none");
        if (state == "canceled") call("DELETE", path());
        EXPECT_EQ(status(), state);
    }

    int happen(std::string_view what) {
        if (what == "paid" || what == "declined") {
            const auto card = what == "paid" ? "pm_card_visa" : "pm_card_chargeCustomerFail";
            const auto invoice = text(got(path()), "latest_invoice");
            const auto reply = call("POST", "/v1/invoices/" + invoice + "/pay",
                                    std::string("payment_method=") + card);
            return what == "paid" ? reply.status : 200;
        }
        if (what == "canceled") return call("DELETE", path()).status;
        if (what == "paused") return call("POST", path() + "/pause").status;
        if (what == "resumed") return call("POST", path() + "/resume").status;
        if (what == "updated") return call("POST", path(), "cancel_at_period_end=true").status;
        if (what == "trial begins") return call("POST", path(), "trial_end=1802000000").status;
        if (what == "a day passes") advance(86400);
        if (what == "a month passes") advance(32 * 86400);
        if (what == "trial ends") advance(11 * 86400);
        if (what == "ends") {
            made(path(), "cancel_at_period_end=true");
            advance(32 * 86400);
        }
        if (what == "retries end" || what == "retries stop") {
            set_retry_end(what == "retries end" ? "cancel" : "unpaid");
            advance(20 * 86400);
        }
        if (what.ends_with("fail") || what.ends_with("fails")) {
            use_card("pm_card_chargeCustomerFail");
            if (what == "trial fails") advance(11 * 86400);
            if (what == "renewal fails") advance(32 * 86400);
            if (what == "update fails") {
                made(path(), "billing_cycle_anchor[type]=now&proration_behavior=none");
            }
            if (what == "resume fails") made(path() + "/resume");
        }
        return 200;
    }
    std::string customer_, subscription_;
};

TEST_P(SubscriptionStates, FollowTheTable) {
    const auto& [from, happens, becomes] = GetParam();
    arrive(from);
    const auto answer = happen(happens);
    if (becomes == "refused") {
        EXPECT_GE(answer, 400);
        EXPECT_LT(answer, 500);
        EXPECT_EQ(status(), from);
    } else {
        EXPECT_EQ(answer, 200);
        EXPECT_EQ(status(), becomes);
    }
    // What has ended says when, and only that.
    const auto now = status();
    EXPECT_EQ(present(got(path()), "ended_at"), now == "canceled" || now == "incomplete_expired");
}

std::string name_of(const testing::TestParamInfo<Step>& info) {
    std::string name = std::string(info.param.from) + "_" + std::string(info.param.happens);
    std::ranges::replace(name, ' ', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Table, SubscriptionStates, testing::ValuesIn(steps), name_of);

}  // namespace
}  // namespace paydesk::sandbox
