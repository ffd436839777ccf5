#include "billing/decide_facts.h"

#include <gtest/gtest.h>

#include "notify/email_kinds.h"

#include "billing/checkout_row.h"

namespace paydesk::billing {
namespace {

const AccountId ann{"0198a000-0000-7000-8000-000000000001"};

std::string keys(const std::vector<notify::Notification>& facts) {
    std::string list;
    for (const auto& fact : facts) list += (list.empty() ? "" : " ") + fact.fact_key;
    return list;
}

provider::SubscriptionSnapshot subscription(provider::SubscriptionStatus status) {
    provider::SubscriptionSnapshot snapshot{};
    snapshot.subscription = {"sub_1"};
    snapshot.customer = {"cus_1"};
    snapshot.status = status;
    snapshot.period_end = from_unix(1'800'000'000);
    return snapshot;
}

struct SubscriptionCase {
    const char* name;
    provider::SubscriptionStatus status;
    bool at_period_end;
    std::optional<Instant> cancel_at;
    const char* event_type;
    const char* keys;
};

using enum provider::SubscriptionStatus;
constexpr const char* updated = "customer.subscription.updated";
const SubscriptionCase subscription_cases[] = {
    {"incomplete",         incomplete,         false, {},              updated, ""                                                       },
    {"expired",            incomplete_expired, false, {},              updated, ""                                                       },
    {"past_due",           past_due,           false, {},              updated, ""                                                       },
    {"active",             active,             false, {},              updated, "subscription_activated:sub_1"                           },
    {"trialing",           trialing,           false, {},              updated, "subscription_activated:sub_1"                           },
    {"canceled",           canceled,           true,  from_unix(1000), updated, "subscription_canceled:sub_1"                            },
    {"unpaid",             unpaid,             false, {},              updated, "subscription_unpaid:sub_1:unknown"                      },
    {"at_period_end",
     past_due,                                 true,
     {},
     updated,                                                                   "subscription_cancel_scheduled:sub_1:1800000000"         },
    {"portal_sets_a_date", past_due,           false, from_unix(1000), updated,
     "subscription_cancel_scheduled:sub_1:1000"                                                                                          },
    {"trial_will_end",
     trialing,                                 false,
     {},
     "customer.subscription.trial_will_end",                                    "subscription_activated:sub_1 trial_ending:sub_1:unknown"},
};

TEST(DecideFacts, OfSubscriptions) {
    for (const auto& c : subscription_cases) {
        SCOPED_TRACE(c.name);
        auto snapshot = subscription(c.status);
        snapshot.cancel_at_period_end = c.at_period_end;
        snapshot.cancel_at = c.cancel_at;
        EXPECT_EQ(keys(facts_of(ann, c.event_type, snapshot, "Pro")), c.keys);
    }
}

TEST(DecideFacts, SubscriptionTexts) {
    auto snapshot = subscription(active);
    snapshot.cancel_at = from_unix(1'795'132'800);
    const auto facts = facts_of(ann, updated, snapshot, "Pro");
    ASSERT_EQ(facts.size(), 2U);
    EXPECT_EQ(facts[0].title, "Subscription Activated");
    EXPECT_EQ(facts[0].message, "Your Pro subscription has been successfully activated.");
    EXPECT_EQ(facts[1].message,
              "Your Pro subscription ends on November 20, 2026. You can resume it until then.");
    EXPECT_EQ(facts_of(ann, updated, snapshot, "")[0].message,
              "Your subscription has been successfully activated.");
}

// Mailed, with the plan's name, once for each invoice.
TEST(DecideFacts, AnUnpaidSubscriptionIsMailed) {
    auto snapshot = subscription(unpaid);
    snapshot.latest_invoice = provider::Ref{"in_7"};
    const auto facts = facts_of(ann, updated, snapshot, "Pro");
    ASSERT_EQ(keys(facts), "subscription_unpaid:sub_1:in_7");
    EXPECT_TRUE(notify::is_email_kind(facts[0].type));
    EXPECT_EQ(facts[0].details.at("plan"), "Pro");
}

TEST(DecideFacts, ResumedNeedsAScheduledAndALaterLiveOne) {
    SubscriptionRow::Content scheduled, open, ended;
    scheduled.status = open.status = active;
    scheduled.cancel_at = from_unix(1000);
    ended.status = canceled;
    const auto told = resumed_fact(ann, "sub_1", scheduled, open);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->fact_key, "subscription_resumed:sub_1:1000");
    EXPECT_FALSE(resumed_fact(ann, "sub_1", open, open));
    EXPECT_FALSE(resumed_fact(ann, "sub_1", open, scheduled));
    EXPECT_FALSE(resumed_fact(ann, "sub_1", scheduled, ended));
}

provider::InvoiceSnapshot invoice(provider::InvoiceStatus status, Money amount) {
    const Money zero = Money::zero(amount.currency());
    const bool paid = status == provider::InvoiceStatus::paid;
    provider::InvoiceSnapshot snapshot{.invoice = provider::Ref{"in_1"},
                                       .customer = {"cus_1"},
                                       .subscription = {},
                                       .account = {},
                                       .status = status,
                                       .amount_due = amount,
                                       .amount_paid = paid ? amount : zero,
                                       .amount_remaining = paid ? zero : amount,
                                       .subtotal = amount,
                                       .total = amount,
                                       .number = {},
                                       .billing_reason = {},
                                       .hosted_invoice_url = "https://pay.example/in_1",
                                       .invoice_pdf = {},
                                       .lines = {},
                                       .period_start = {},
                                       .period_end = {},
                                       .paid_at = {},
                                       .due_date = {},
                                       .next_payment_attempt = {},
                                       .attempt_count = 2,
                                       .payment = {},
                                       .created_at = from_unix(1),
                                       .deleted = false};
    return snapshot;
}

TEST(DecideFacts, OfInvoices) {
    using provider::InvoiceStatus;
    const Money price(2900, Currency::usd());
    const auto recovered = facts_of(ann, "invoice.updated", invoice(InvoiceStatus::paid, price));
    EXPECT_EQ(keys(recovered), "payment_success:in_1");
    EXPECT_EQ(recovered[0].message,
              "Your payment of $29.00 has been processed. Thank you: nothing is open any more.");

    auto yen = invoice(InvoiceStatus::paid, Money(1234, Currency::jpy()));
    yen.attempt_count = 1;
    EXPECT_EQ(facts_of(ann, "invoice.paid", yen)[0].message,
              "Your payment of ¥1,234 has been processed.");

    // A trial's first invoice of 0 is no payment.
    EXPECT_EQ(keys(facts_of(ann, "invoice.paid",
                            invoice(InvoiceStatus::paid, Money::zero(Currency::usd())))),
              "");
    const auto open = invoice(InvoiceStatus::open, price);
    EXPECT_EQ(keys(facts_of(ann, "invoice.updated", open)), "");
    EXPECT_EQ(keys(facts_of(ann, "invoice.payment_failed", open)), "payment_failed:in_1:2");
    const auto asked = facts_of(ann, "invoice.payment_action_required", open);
    EXPECT_EQ(keys(asked), "action_required:in_1:2");
    EXPECT_EQ(asked[0].metadata.at("url"), "https://pay.example/in_1");
}

// Ours, which nobody collects: its buyer is asked to pay, and thanked.
TEST(DecideFacts, OfAnInvoiceOfUsage) {
    using provider::InvoiceStatus;
    auto usage = invoice(InvoiceStatus::open, Money(4000, Currency::usd()));
    usage.billing_reason = std::string(provider::usage_billing_reason);
    usage.attempt_count = 0;
    usage.period_start = from_unix(1'000);
    usage.period_end = from_unix(2'000);
    const auto facts = facts_of(ann, "", usage);
    EXPECT_EQ(keys(facts), "usage_invoiced:in_1");
    EXPECT_EQ(
        facts[0].message,
        "What you used beyond your plan comes to $40.00. It is not collected by itself: please "
        "pay it on your billing page.");
    EXPECT_TRUE(notify::is_email_kind(facts[0].type));
    EXPECT_EQ(facts[0].details.at("from_at"), 1'000);
    EXPECT_EQ(facts[0].details.at("until_at"), 2'000);

    auto paid = invoice(InvoiceStatus::paid, Money(4000, Currency::usd()));
    paid.billing_reason = usage.billing_reason;
    EXPECT_EQ(keys(facts_of(ann, "", paid)), "payment_success:in_1");
    usage.status = InvoiceStatus::void_;
    EXPECT_EQ(keys(facts_of(ann, "", usage)), "");
}

// What the e-mail says, unformatted: its words depend on the reader.
TEST(DecideFacts, DetailsForTheEmail) {
    using provider::InvoiceStatus;
    auto failing = invoice(InvoiceStatus::open, Money(2900, Currency::usd()));
    failing.number = "A-1";
    failing.next_payment_attempt = from_unix(1'000);
    EXPECT_EQ(facts_of(ann, "invoice.payment_failed", failing)[0].details,
              (boost::json::object{
                  {"invoice_id",      "in_1"                    },
                  {"amount",          2900                      },
                  {"currency",        "usd"                     },
                  {"url",             "https://pay.example/in_1"},
                  {"invoice_number",  "A-1"                     },
                  {"next_attempt_at", 1'000                     }
    }));
}

TEST(DecideFacts, OfARenewalThatIsForeseen) {
    auto upcoming = invoice(provider::InvoiceStatus::draft, Money(2900, Currency::usd()));
    upcoming.invoice.reset();
    upcoming.subscription = provider::Ref{"sub_1"};
    upcoming.period_end = from_unix(1'764'000'000);
    const auto told = facts_of(ann, "invoice.upcoming", upcoming);
    EXPECT_EQ(keys(told), "renewal_upcoming:sub_1:1764000000");
    EXPECT_EQ(told[0].message, "Your subscription renews on November 24, 2025 for $29.00.");
    EXPECT_EQ(told[0].details.at("renews_at"), 1'764'000'000);
    upcoming.amount_due = Money::zero(Currency::usd());
    EXPECT_EQ(keys(facts_of(ann, "invoice.upcoming", upcoming)), "") << "nothing to pay";
    upcoming = invoice(provider::InvoiceStatus::draft, Money(2900, Currency::usd()));
    upcoming.invoice.reset();
    EXPECT_EQ(keys(facts_of(ann, "invoice.upcoming", upcoming)), "") << "of no subscription";
}

provider::CheckoutSnapshot checkout(std::string mode, std::string status, std::string payment) {
    provider::CheckoutSnapshot snapshot{};
    snapshot.checkout = {"cs_1"};
    snapshot.mode = std::move(mode);
    snapshot.status = std::move(status);
    snapshot.payment_status = std::move(payment);
    snapshot.total = Money(500, Currency::usd());
    return snapshot;
}

TEST(DecideFacts, OfCheckouts) {
    constexpr const char* completed = "checkout.session.completed";
    EXPECT_EQ(keys(facts_of(ann, completed, checkout("payment", "complete", "paid"))),
              "payment_success:cs_1");
    EXPECT_EQ(keys(facts_of(ann, completed, checkout("payment", "complete", "unpaid"))), "");
    EXPECT_EQ(keys(facts_of(ann, completed, checkout("subscription", "complete", "paid"))), "");
    auto invoiced = checkout("payment", "complete", "paid");
    invoiced.invoice = provider::Ref{"in_9"};
    EXPECT_EQ(keys(facts_of(ann, completed, invoiced)), "") << "its invoice tells";
    auto failed = checkout("payment", "complete", "unpaid");
    failed.payment_failed = true;
    EXPECT_EQ(keys(facts_of(ann, "checkout.session.async_payment_failed", failed)),
              "payment_failed:cs_1");
}

struct CheckoutCase {
    const char* row;
    const char* status;
    const char* payment;
    bool failed;
    const char* after;  // nullptr: stays
};

const CheckoutCase checkout_cases[] = {
    {"creating",   "complete", "paid",                false, "complete"  },
    {"open",       "complete", "paid",                false, "complete"  },
    {"open",       "complete", "no_payment_required", false, "complete"  },
    {"creating",   "complete", "unpaid",              false, "processing"},
    {"open",       "complete", "unpaid",              false, "processing"},
    {"abandoned",  "complete", "unpaid",              false, "processing"},
    {"open",       "complete", "unpaid",              true,  "failed"    },
    {"processing", "complete", "unpaid",              false, nullptr     },
    {"processing", "complete", "unpaid",              true,  "failed"    },
    {"processing", "complete", "paid",                false, "complete"  },
    {"processing", "expired",  "unpaid",              false, nullptr     },
    {"failed",     "complete", "unpaid",              false, nullptr     },
    {"failed",     "complete", "paid",                false, "complete"  },
    {"open",       "expired",  "unpaid",              false, "expired"   },
    {"open",       "open",     "unpaid",              false, nullptr     },
    {"processing", "open",     "unpaid",              true,  "failed"    },
    {"complete",   "open",     "unpaid",              true,  nullptr     },
    {"complete",   "expired",  "unpaid",              false, nullptr     },
    {"complete",   "complete", "unpaid",              true,  nullptr     },
    {"expired",    "complete", "paid",                false, "complete"  },
    {"abandoned",  "complete", "paid",                false, "complete"  },
    {"abandoned",  "expired",  "unpaid",              false, nullptr     },
};

TEST(CheckoutStatus, Table) {
    for (const auto& c : checkout_cases) {
        SCOPED_TRACE(testing::Message() << c.row << " <- " << c.status << ", " << c.payment);
        auto snapshot = checkout("subscription", c.status, c.payment);
        snapshot.payment_failed = c.failed;
        const auto after = checkout_status_after(c.row, snapshot);
        EXPECT_EQ(after.value_or("stays"), c.after == nullptr ? "stays" : c.after);
    }
}

}  // namespace
}  // namespace paydesk::billing
