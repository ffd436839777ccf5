#include "provider/change.h"

#include <gtest/gtest.h>

namespace paydesk::provider {
namespace {

TEST(Change, WordsReadBackAsTheyAreWritten) {
    for (int i = 0; i <= static_cast<int>(SubscriptionStatus::paused); ++i) {
        const auto status = static_cast<SubscriptionStatus>(i);
        EXPECT_EQ(parse_subscription_status(to_string(status)), status);
    }
    for (int i = 0; i <= static_cast<int>(InvoiceStatus::void_); ++i) {
        const auto status = static_cast<InvoiceStatus>(i);
        EXPECT_EQ(parse_invoice_status(to_string(status)), status);
    }
    for (int i = 0; i <= static_cast<int>(ObjectKind::other); ++i) {
        const auto kind = static_cast<ObjectKind>(i);
        EXPECT_EQ(parse_object_kind(to_string(kind)), kind);
    }
    EXPECT_EQ(to_string(SubscriptionStatus::past_due), "past_due");
    EXPECT_EQ(to_string(SubscriptionStatus::incomplete_expired), "incomplete_expired");
    EXPECT_EQ(to_string(InvoiceStatus::void_), "void");
    EXPECT_EQ(to_string(ObjectKind::payment_method), "payment_method");
    EXPECT_EQ(to_string(Name::stripe), "stripe");
    EXPECT_EQ(to_string(Name::paypal), "paypal");
}

TEST(Change, UnknownWordsAreNothing) {
    for (const char* text : {"", "Active", "active ", "void_", "expired"}) {
        EXPECT_EQ(parse_subscription_status(text), std::nullopt) << text;
        EXPECT_EQ(parse_invoice_status(text), std::nullopt) << text;
    }
}

TEST(Change, AFieldStaysOnItsLineWhateverItHolds) {
    Change change{};
    change.provider = Name::stripe;
    change.kind = ObjectKind::customer;
    change.object = Ref{"cus_1"};
    CustomerSnapshot customer{};
    customer.customer = Ref{"cus_1"};
    customer.name = "Ada\nstatus: active\x7f";
    change.fact = customer;
    EXPECT_EQ(to_string(change),
              "provider: stripe\n"
              "livemode: false\n"
              "occurred_at: 1970-01-01T00:00:00Z\n"
              "kind: customer\n"
              "object: cus_1\n"
              "name: Ada\\x0astatus: active\\x7f\n"
              "deleted: false\n");
}

}  // namespace
}  // namespace paydesk::provider
