#include "provider/paypal/subscription.h"

#include <gtest/gtest.h>

#include "provider/paypal/test_subscription.h"

namespace paydesk::provider::paypal {
namespace {

std::string minutes(const std::optional<Instant>& at) {
    return at ? to_iso8601(*at).substr(0, 10) : std::string("-");
}

// "active 2026-01-31..2026-02-28 cancel_at=... ended=... trial_end=..."
std::string judge(const Text& text, std::string_view at) {
    const auto snapshot = to_snapshot(subscription_of(text), {}, moment(at));
    std::string said = fmt::format("{} {}..{}", to_string(snapshot.status),
                                   minutes(snapshot.period_start), minutes(snapshot.period_end));
    if (snapshot.cancel_at_period_end) said += " cancel_at=" + minutes(snapshot.cancel_at);
    if (snapshot.ended_at) said += " ended=" + minutes(snapshot.ended_at);
    if (snapshot.trial_end) said += " trial_end=" + minutes(snapshot.trial_end);
    return said;
}

struct Case {
    const char* name;
    Text text;
    const char* at;
    const char* said;
};

// The subscription began on January 31st.
const Case cases[] = {
    {"approved",
     {.status = "APPROVED"},
     "2026-01-31T10:05:00Z", "incomplete 2026-01-31..2026-02-28"                                        },
    {"active, the first sale is still to come",
     {.next = "2026-02-28T10:00:00Z"},
     "2026-01-31T10:05:00Z", "active 2026-01-31..2026-02-28"                                            },
    {"active, paid",
     {.paid_at = "2026-01-31T10:00:10Z", .next = "2026-02-28T10:00:00Z"},
     "2026-02-10T00:00:00Z", "active 2026-01-31..2026-02-28"                                            },
    {"renewed, back on the 31st",
     {.paid_at = "2026-03-31T09:12:00Z", .next = "2026-04-30T10:00:00Z"},
     "2026-04-01T00:00:00Z", "active 2026-03-31..2026-04-30"                                            },
    {"PayPal bills at another hour than it began",
     {.paid_at = "2026-02-28T03:00:00Z", .next = "2026-03-31T04:00:00Z"},
     "2026-03-01T00:00:00Z", "active 2026-02-28..2026-03-31"                                            },
    {"PayPal moved the billing day",
     {.paid_at = "2026-02-28T10:00:00Z", .next = "2026-04-10T10:00:00Z"},
     "2026-03-15T00:00:00Z", "active 2026-03-10..2026-04-10"                                            },
    {"a failed renewal, to be tried again",
     {.paid_at = "2026-01-31T10:00:00Z",
      .failed_at = "2026-02-28T10:00:00Z",
      .retry_at = "2026-03-05T10:00:00Z",
      .failures = 1,
      .next = "2026-03-31T10:00:00Z"},
     "2026-03-01T00:00:00Z", "past_due 2026-02-28..2026-03-31"                                          },
    {"a failure that nobody counts yet",
     {.paid_at = "2026-01-31T10:00:00Z",
      .failed_at = "2026-02-28T10:00:00Z",
      .next = "2026-03-31T10:00:00Z"},
     "2026-03-01T00:00:00Z", "past_due 2026-02-28..2026-03-31"                                          },
    {"a balance is outstanding",
     {.balance = "19.00", .paid_at = "2026-01-31T10:00:00Z", .next = "2026-03-31T10:00:00Z"},
     "2026-03-20T00:00:00Z", "past_due 2026-02-28..2026-03-31"                                          },
    {"recovered",
     {.paid_at = "2026-03-05T10:00:00Z",
      .failed_at = "2026-02-28T10:00:00Z",
      .next = "2026-03-31T10:00:00Z"},
     "2026-03-06T00:00:00Z", "active 2026-02-28..2026-03-31"                                            },
    {"suspended by us",
     {.status = "SUSPENDED", .paid_at = "2026-01-31T10:00:00Z"},
     "2026-02-10T00:00:00Z", "paused 2026-01-31..2026-02-28"                                            },
    {"suspended at the threshold",
     {.status = "SUSPENDED",
      .balance = "57.00",
      .paid_at = "2026-01-31T10:00:00Z",
      .failed_at = "2026-04-30T10:00:00Z",
      .failures = 3},
     "2026-05-01T00:00:00Z", "unpaid 2026-01-31..2026-02-28"                                            },
    {"cancelled, still paid for",
     {.status = "CANCELLED", .since = "2026-02-10T00:00:00Z", .paid_at = "2026-01-31T10:00:00Z"},
     "2026-02-28T09:59:59Z", "active 2026-01-31..2026-02-28 cancel_at=2026-02-28"                       },
    {"cancelled, and the paid time is over",
     {.status = "CANCELLED", .since = "2026-02-10T00:00:00Z", .paid_at = "2026-01-31T10:00:00Z"},
     "2026-02-28T10:00:00Z", "canceled 2026-01-31..2026-02-28 ended=2026-02-28"                         },
    {"cancelled with the date that we wrote down",
     {.status = "CANCELLED",
      .note = "At period end 2026-03-15T10:00:00Z: too expensive",
      .since = "2026-02-10T00:00:00Z",
      .paid_at = "2026-01-31T10:00:00Z"},
     "2026-03-01T00:00:00Z", "active 2026-01-31..2026-02-28 cancel_at=2026-03-15"                       },
    {"cancelled now",
     {.status = "CANCELLED",
      .note = "Now: refunded",
      .since = "2026-02-10T00:00:00Z",
      .paid_at = "2026-01-31T10:00:00Z"},
     "2026-02-10T00:00:01Z", "canceled 2026-01-31..2026-02-28 ended=2026-02-10"                         },
    {"cancelled owing, the paid time was over",
     {.status = "CANCELLED",
      .since = "2026-03-10T00:00:00Z",
      .paid_at = "2026-01-31T10:00:00Z",
      .failed_at = "2026-02-28T10:00:00Z",
      .failures = 1},
     "2026-03-11T00:00:00Z", "canceled 2026-01-31..2026-02-28 ended=2026-03-10"                         },
    {"cancelled, never paid",
     {.status = "CANCELLED", .since = "2026-02-01T00:00:00Z"},
     "2026-02-02T00:00:00Z", "canceled 2026-01-31..2026-02-28 ended=2026-02-01"                         },
    {"expired, the last cycle is still running",
     {.status = "EXPIRED", .since = "2026-03-31T10:00:00Z", .paid_at = "2026-03-31T10:00:00Z"},
     "2026-04-15T00:00:00Z", "active 2026-03-31..2026-04-30 cancel_at=2026-04-30"                       },
    {"expired",
     {.status = "EXPIRED", .since = "2026-03-31T10:00:00Z", .paid_at = "2026-03-31T10:00:00Z"},
     "2026-05-15T00:00:00Z", "canceled 2026-03-31..2026-04-30 ended=2026-04-30"                         },
    {"a trial: the start was put off",
     {.start = "2026-02-14T10:00:00Z", .next = "2026-02-14T10:00:00Z"},
     "2026-02-01T00:00:00Z", "trialing 2026-01-31..2026-02-14 trial_end=2026-02-14"                     },
    {"the trial is over",
     {.start = "2026-02-14T10:00:00Z",
      .paid_at = "2026-02-14T10:00:00Z",
      .next = "2026-03-14T10:00:00Z"},
     "2026-02-15T00:00:00Z", "active 2026-02-14..2026-03-14 trial_end=2026-02-14"                       },
    {"a trial that was cancelled lasts to its end",
     {.status = "CANCELLED", .start = "2026-02-14T10:00:00Z", .since = "2026-02-02T00:00:00Z"},
     "2026-02-03T00:00:00Z", "trialing 2026-01-31..2026-02-14 cancel_at=2026-02-14 trial_end=2026-02-14"},
    {"the trial's cancellation came true",
     {.status = "CANCELLED", .start = "2026-02-14T10:00:00Z", .since = "2026-02-02T00:00:00Z"},
     "2026-02-14T10:00:00Z", "canceled 2026-02-14..2026-03-14 ended=2026-02-14 trial_end=2026-02-14"    },
    {"the buyer was slow to approve: no trial",
     {.start = "2026-01-31T13:00:00Z", .next = "2026-02-28T13:00:00Z"},
     "2026-01-31T14:00:00Z", "active 2026-01-31..2026-02-28"                                            },
    {"a year",
     {.paid = "190.00",
      .paid_at = "2026-01-31T10:00:00Z",
      .next = "2027-01-31T10:00:00Z",
      .plan = yearly(),
      .plan_id = "P-PRO-Y"},
     "2026-06-01T00:00:00Z", "active 2026-01-31..2027-01-31"                                            },
    {"a year, cancelled",
     {.status = "CANCELLED",
      .since = "2026-06-01T00:00:00Z",
      .paid = "190.00",
      .paid_at = "2026-01-31T10:00:00Z",
      .plan = yearly(),
      .plan_id = "P-PRO-Y"},
     "2026-06-02T00:00:00Z", "active 2026-01-31..2027-01-31 cancel_at=2027-01-31"                       },
};

TEST(PayPalSubscription, States) {
    for (const Case& c : cases) EXPECT_EQ(judge(c.text, c.at), c.said) << c.name;
}

TEST(PayPalSubscription, ATrialCycleOfThePlan) {
    const std::string plan =
        plan_text("P-T", "Pro", "MONTH", "19.00", R"({"interval_unit":"WEEK","interval_count":2})");
    const Text text{.next = "2026-02-14T10:00:00Z", .plan = plan, .plan_id = "P-T"};
    EXPECT_EQ(judge(text, "2026-02-01T00:00:00Z"),
              "trialing 2026-01-31..2026-02-14 trial_end=2026-02-14");
}

// A revision from months to years took hold of the plan, not yet of what is paid.
TEST(PayPalSubscription, AfterARevisionThePaidPeriodKeepsItsLength) {
    const Plan before = *read_plan(*parse_json(monthly()));
    Text text{.status = "CANCELLED",
              .since = "2026-02-10T00:00:00Z",
              .paid = "19.00",
              .paid_at = "2026-01-31T10:00:00Z",
              .plan = yearly(),
              .plan_id = "P-PRO-Y"};
    EXPECT_EQ(to_iso8601(*paid_until(subscription_of(text), {before})), "2026-02-28T10:00:00Z");
    text.status = "ACTIVE";
    text.next = "2026-02-28T10:00:00Z";
    const auto period =
        current_period(subscription_of(text), {before}, moment("2026-02-10T00:00:00Z"));
    EXPECT_EQ(date_text(period.start) + " " + date_text(period.end), "2026-01-31 2026-02-28");
}

TEST(PayPalSubscription, BelongsToWhoItsCustomIdNames) {
    const auto snapshot = to_snapshot(subscription_of({}), {}, moment("2026-02-01T00:00:00Z"));
    EXPECT_EQ(snapshot.account, AccountId{test_account});
    EXPECT_EQ(snapshot.customer, Ref{test_account});
    EXPECT_EQ(snapshot.items.at(0).price, Ref{"P-PRO-M"});
    EXPECT_EQ(snapshot.items.at(0).quantity, 1);
}

TEST(PayPalSubscription, Checkouts) {
    const auto said = [](const Text& text) {
        const auto checkout = to_checkout(subscription_of(text));
        return checkout.status + " " + checkout.payment_status +
               (checkout.subscription ? " " + checkout.subscription->value : "");
    };
    EXPECT_EQ(said({.status = "APPROVAL_PENDING"}), "open unpaid");
    EXPECT_EQ(said({}), "complete unpaid I-1");
    EXPECT_EQ(said({.paid_at = "2026-01-31T10:00:00Z"}), "complete paid I-1");
    EXPECT_EQ(said({.start = "2026-02-14T10:00:00Z"}), "complete no_payment_required I-1");
    EXPECT_EQ(said({.status = "CANCELLED"}), "expired unpaid");
}

TEST(PayPalSubscription, CancelReasonsThereAndBack) {
    const Instant until = moment("2026-03-15T10:00:00Z");
    const auto end = read_cancel_note(cancel_reason(until, "too: expensive"));
    EXPECT_FALSE(end.now);
    EXPECT_EQ(end.until, until);
    EXPECT_EQ(end.comment, "too: expensive");
    const auto now = read_cancel_note(cancel_reason(std::nullopt, ""));
    EXPECT_TRUE(now.now);
    EXPECT_EQ(now.until, std::nullopt);
    std::string umlauts;
    for (int i = 0; i < 100; ++i) umlauts += "ü";
    const std::string cut = cancel_reason(until, umlauts);
    EXPECT_LE(cut.size(), 128u);
    EXPECT_TRUE(parse_json("\"" + cut + "\"")) << "no half characters";
    // A buyer's own words, at PayPal's page.
    EXPECT_EQ(read_cancel_note("I moved").comment, "I moved");
    EXPECT_FALSE(read_cancel_note("I moved").now);
    for (const char* odd :
         {"At period end", "At period end ", "At period end never: x", "Now:", ""})
        EXPECT_EQ(read_cancel_note(odd).until, std::nullopt) << odd;
}

TEST(PayPalSubscription, RefusesWhatItCannotRead) {
    const Plan plan = *read_plan(*parse_json(monthly()));
    const std::string good = subscription_text({.paid_at = "2026-01-31T10:00:00Z"});
    EXPECT_TRUE(read_subscription(*parse_json(good), plan));
    for (const auto& [what, with] : std::vector<std::pair<std::string, std::string>>{
             {"\"I-1\"",                                                                          "7"                  },
             {"\"ACTIVE\",\"plan_id\"",                                                           "\"HMM\",\"plan_id\""},
             {"\"create_time\":\"2026-01-31T10:00:00Z\",\"start_time\":\"2026-01-31T10:00:00Z\"",
              "\"x\":1"                                                                                                },
             {"\"value\":\"0.00\"",                                                               "\"value\":\"0.001\""},
             {"\"time\":\"2026-01-31T10:00:00Z\"",                                                "\"time\":\"noon\""  },
    }) {
        std::string text = good;
        const auto found = text.find(what);
        ASSERT_NE(found, std::string::npos) << what;
        text.replace(found, what.size(), with);
        const auto read = read_subscription(*parse_json(text), plan);
        ASSERT_FALSE(read) << with;
        EXPECT_EQ(read.error().code, ErrorCode::webhook_payload_invalid);
    }
    EXPECT_FALSE(read_plan(*parse_json(R"({"id":"P-1","billing_cycles":[]})")));
    EXPECT_FALSE(read_plan(*parse_json(
        R"({"id":"P-1","billing_cycles":[{"tenure_type":"REGULAR","frequency":{"interval_unit":"AGE"}}]})")));
    EXPECT_FALSE(read_plan(*parse_json(
        R"({"id":"P-1","billing_cycles":[{"tenure_type":"REGULAR","frequency":{"interval_unit":"DAY","interval_count":0}}]})")));
}

}  // namespace
}  // namespace paydesk::provider::paypal
