#include "provider/paypal/subscription_payments.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "provider/paypal/test_subscription.h"

namespace paydesk::provider::paypal {
namespace {

std::string line_of(const InvoiceSnapshot& invoice) {
    return fmt::format("{} {} {} {}", invoice.invoice->value, to_string(invoice.status),
                       invoice.amount_due.to_decimal(), invoice.payment.value_or(Ref{"-"}).value);
}

std::vector<std::string> billed(const Text& text, std::vector<std::string> payments,
                                std::string_view at, const std::vector<Plan>& others = {}) {
    const auto subscription = subscription_of(text);
    const auto list = read_payments(*parse_json(transactions_text(payments)));
    std::vector<std::string> lines;
    for (const auto& invoice : bill(subscription, others, *list, moment(at)).invoices)
        lines.push_back(line_of(invoice));
    std::ranges::sort(lines);
    return lines;
}

using Lines = std::vector<std::string>;

TEST(PayPalPayments, EachPeriodHasItsInvoice) {
    const Text text{.paid_at = "2026-03-31T10:00:00Z", .next = "2026-04-30T10:00:00Z"};
    EXPECT_EQ(billed(text,
                     {"2026-01-31T10:00:05Z=19.00", "2026-02-28T03:00:00Z=19.00",
                      "2026-03-31T10:00:00Z=19.00"},
                     "2026-04-01T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-02-28 paid 19.00 S2",
                     "I-1/2026-03-31 paid 19.00 S3"}));
}

TEST(PayPalPayments, AnInvoiceTellsAllOfItsPeriod) {
    const Text text{.quantity = "3", .paid = "57.00", .paid_at = "2026-01-31T10:00:05Z"};
    const auto list = read_payments(*parse_json(transactions_text({"2026-01-31T10:00:05Z=57.00"})));
    const auto both = bill(subscription_of(text), {}, *list, moment("2026-02-01T00:00:00Z"));
    const InvoiceSnapshot& invoice = both.invoices.at(0);
    EXPECT_EQ(invoice.billing_reason, "subscription_create");
    EXPECT_EQ(invoice.amount_paid.to_decimal(), "57.00");
    EXPECT_EQ(invoice.amount_remaining.minor_units(), 0);
    EXPECT_EQ(invoice.bill_to.email, "ada@example.com");
    EXPECT_EQ(invoice.account, AccountId{test_account});
    EXPECT_EQ(invoice.lines.at(0).description, "Pro (monthly)");
    EXPECT_EQ(invoice.lines.at(0).quantity, 3);
    EXPECT_EQ(invoice.lines.at(0).price, Ref{"P-PRO-M"});
    EXPECT_EQ(to_iso8601(*invoice.lines.at(0).period_end), "2026-02-28T10:00:00Z");
    const ChargeSnapshot& charge = both.charges.at(0);
    EXPECT_EQ(charge.charge, Ref{"S1"});
    EXPECT_EQ(charge.payment, invoice.payment);
    EXPECT_EQ(charge.invoice, invoice.invoice);
    EXPECT_EQ(charge.status, ChargeStatus::succeeded);
}

TEST(PayPalPayments, AFurtherPaymentIsAnInvoiceOfItsOwn) {
    const Text text{.paid_at = "2026-02-10T10:00:00Z", .next = "2026-02-28T10:00:00Z"};
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00", "2026-02-10T10:00:00Z=5.00"},
                     "2026-02-11T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-01-31/S2 paid 5.00 S2"}));
}

// A month of dunning at PayPal: the invoice opens, is tried again, and is paid, under one id.
TEST(PayPalPayments, AFailedRenewalIsOpenUntilItIsPaid) {
    Text text{.paid_at = "2026-01-31T10:00:00Z",
              .failed_at = "2026-02-28T10:00:00Z",
              .retry_at = "2026-03-05T10:00:00Z",
              .failures = 1,
              .next = "2026-03-31T10:00:00Z"};
    const auto subscription = subscription_of(text);
    const auto list = read_payments(*parse_json(transactions_text({"2026-01-31T10:00:00Z=19.00"})));
    const auto open = bill(subscription, {}, *list, moment("2026-03-01T00:00:00Z")).invoices.at(1);
    EXPECT_EQ(line_of(open), "I-1/2026-02-28 open 19.00 -");
    EXPECT_EQ(open.attempt_count, 1);
    EXPECT_EQ(to_iso8601(*open.next_payment_attempt), "2026-03-05T10:00:00Z");

    text.failed_at = "2026-03-05T10:00:00Z";
    const auto again =
        bill(subscription_of(text), {}, *list, moment("2026-03-06T00:00:00Z")).invoices.at(1);
    EXPECT_EQ(again.attempt_count, 2);
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00"}, "2026-03-06T00:00:00Z").at(1),
              "I-1/2026-02-28 open 19.00 -");
    text.failures = 0;
    text.paid_at = "2026-03-10T10:00:00Z";
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00", "2026-03-10T10:00:00Z=19.00"},
                     "2026-03-11T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-02-28 paid 19.00 S2"}));
}

TEST(PayPalPayments, SeveralPeriodsAreOwed) {
    const Text text{.status = "SUSPENDED",
                    .balance = "57.00",
                    .paid_at = "2026-01-31T10:00:00Z",
                    .failed_at = "2026-04-30T10:00:00Z",
                    .failures = 3};
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00"}, "2026-05-01T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-02-28 open 19.00 -",
                     "I-1/2026-03-31 open 19.00 -", "I-1/2026-04-30 open 19.00 -"}));
}

// The second period is being tried again, together with the balance of the first: neither is counted twice.
TEST(PayPalPayments, ABalanceAndARetry) {
    Text text{.balance = "19.00",
              .paid_at = "2026-01-31T10:00:00Z",
              .failed_at = "2026-04-05T10:00:00Z",
              .retry_at = "2026-04-10T10:00:00Z",
              .failures = 1,
              .next = "2026-04-30T10:00:00Z"};
    text.failed = "38.00";
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00"}, "2026-04-06T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-02-28 open 19.00 -",
                     "I-1/2026-03-31 open 19.00 -"}));
}

TEST(PayPalPayments, WhatIsOwedNeverSumsToMore) {
    Text text{.balance = "30.00",
              .paid_at = "2026-01-31T10:00:00Z",
              .failed_at = "2026-03-31T10:00:00Z",
              .failures = 2,
              .next = "2026-04-30T10:00:00Z"};
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00"}, "2026-04-01T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-02-28 open 11.00 -",
                     "I-1/2026-03-31 open 19.00 -"}));
    text.balance = "12.00";
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00"}, "2026-04-01T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-03-31 open 12.00 -"}));
}

// The balance of February came in March, after March had been paid.
TEST(PayPalPayments, AFurtherPaymentPaysTheUnpaidPeriod) {
    const Text text{.paid_at = "2026-04-02T10:00:00Z",
                    .failed_at = "2026-03-10T10:00:00Z",
                    .next = "2026-04-30T10:00:00Z"};
    EXPECT_EQ(billed(text,
                     {"2026-01-31T10:00:00Z=19.00", "2026-03-31T10:00:00Z=19.00",
                      "2026-04-02T10:00:00Z=19.00"},
                     "2026-04-03T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-02-28 paid 19.00 S3",
                     "I-1/2026-03-31 paid 19.00 S2"}));
}

// auto_bill_outstanding: one payment for both. What was open is owed no more.
TEST(PayPalPayments, ABalanceBilledWithTheNextPeriodVoidsTheOpenInvoice) {
    const Text text{.paid = "38.00",
                    .paid_at = "2026-03-31T10:00:00Z",
                    .failed_at = "2026-03-10T10:00:00Z",
                    .next = "2026-04-30T10:00:00Z"};
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00", "2026-03-31T10:00:00Z=38.00"},
                     "2026-04-01T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 19.00 S1", "I-1/2026-02-28 void 19.00 -",
                     "I-1/2026-03-31 paid 38.00 S2"}));
}

TEST(PayPalPayments, AYearThatIsPaidMonthsLaterKeepsItsInvoice) {
    Text text{.balance = "190.00",
              .paid = "190.00",
              .paid_at = "2026-01-31T10:00:00Z",
              .failed_at = "2027-01-31T10:00:00Z",
              .failures = 1,
              .next = "2028-01-31T10:00:00Z",
              .plan = yearly(),
              .plan_id = "P-PRO-Y"};
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=190.00"}, "2027-02-01T00:00:00Z").at(1),
              "I-1/2027-01-31 open 190.00 -");
    text.balance = "0.00";
    text.failures = 0;
    text.paid_at = "2027-04-11T10:00:00Z";
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=190.00", "2027-04-11T10:00:00Z=190.00"},
                     "2027-04-12T00:00:00Z"),
              (Lines{"I-1/2026-01-31 paid 190.00 S1", "I-1/2027-01-31 paid 190.00 S2"}));
}

TEST(PayPalPayments, OwedByACancelledOneIsUncollectible) {
    const Text text{.status = "CANCELLED",
                    .since = "2026-03-10T00:00:00Z",
                    .balance = "19.00",
                    .paid_at = "2026-01-31T10:00:00Z",
                    .failed_at = "2026-02-28T10:00:00Z",
                    .failures = 1};
    EXPECT_EQ(billed(text, {"2026-01-31T10:00:00Z=19.00"}, "2026-03-11T00:00:00Z").at(1),
              "I-1/2026-02-28 uncollectible 19.00 -");
}

// A revision moves no invoice: what was paid before keeps its id, its plan and its period.
TEST(PayPalPayments, ARevisionMovesNothing) {
    const std::vector<std::string> payments = {"2026-01-31T10:00:00Z=19.00",
                                               "2026-02-28T10:00:00Z=19.00"};
    const Text before{.paid_at = "2026-02-28T10:00:00Z", .next = "2026-03-31T10:00:00Z"};
    Text revised = before;
    revised.plan = yearly();
    revised.plan_id = "P-PRO-Y";
    const std::vector<Plan> others = {*read_plan(*parse_json(monthly()))};
    EXPECT_EQ(billed(before, payments, "2026-03-01T00:00:00Z"),
              billed(revised, payments, "2026-03-01T00:00:00Z", others));
    auto later = payments;
    later.push_back("2026-03-31T10:00:00Z=190.00");
    revised.paid = "190.00";
    revised.paid_at = "2026-03-31T10:00:00Z";
    revised.next = "2027-03-31T10:00:00Z";
    const auto list = read_payments(*parse_json(transactions_text(later)));
    const auto invoices =
        bill(subscription_of(revised), others, *list, moment("2026-04-01T00:00:00Z")).invoices;
    ASSERT_EQ(invoices.size(), 3u);
    EXPECT_EQ(invoices[1].lines.at(0).price, Ref{"P-PRO-M"});
    EXPECT_EQ(date_text(*invoices[1].period_end), "2026-03-31");
    EXPECT_EQ(invoices[2].invoice, Ref{"I-1/2026-03-31"});
    EXPECT_EQ(date_text(*invoices[2].period_end), "2027-03-31");
}

TEST(PayPalPayments, ChargesTellHowTheyEnded) {
    const auto list = read_payments(*parse_json(transactions_text(
        {"REFUNDED 2026-01-31T10:00:00Z=19.00", "DECLINED 2026-02-28T10:00:00Z=19.00",
         "PENDING 2026-03-05T10:00:00Z=19.00", "PARTIALLY_REFUNDED 2026-03-31T10:00:00Z=19.00"})));
    const auto charges = bill(subscription_of({.paid_at = "2026-03-31T10:00:00Z"}), {}, *list,
                              moment("2026-04-01T00:00:00Z"))
                             .charges;
    ASSERT_EQ(charges.size(), 4u);
    EXPECT_TRUE(charges[0].refunded);
    EXPECT_EQ(charges[0].amount_refunded.to_decimal(), "19.00");
    EXPECT_EQ(charges[1].status, ChargeStatus::failed);
    EXPECT_EQ(charges[2].status, ChargeStatus::pending);
    EXPECT_EQ(charges[3].status, ChargeStatus::succeeded);
    EXPECT_EQ(charges[3].amount_refunded.minor_units(), 0) << "how much its refunds tell";
}

TEST(PayPalPayments, RefusesWhatItCannotRead) {
    EXPECT_TRUE(read_payments(*parse_json("{}")));
    for (
        const char* text : {
            R"({"transactions":[{}]})",
            R"({"transactions":[{"id":"S1","status":"COMPLETED","time":"noon"}]})",
            R"({"transactions":[{"id":"S1","status":"COMPLETED","time":"2026-01-31T10:00:00Z"}]})",
            R"({"transactions":[{"id":"S1","status":"COMPLETED","time":"2026-01-31T10:00:00Z","amount_with_breakdown":{"gross_amount":{"currency_code":"USD","value":"x"}}}]})",
        }) {
        EXPECT_FALSE(read_payments(*parse_json(text))) << text;
    }
}

// Whatever part of its history is asked for, each period has the same invoice.
TEST(PayPalPayments, SinceWhenIsAskedChangesNothing) {
    const Text text{.paid_at = "2026-12-31T10:00:00Z", .next = "2027-01-31T10:00:00Z"};
    const auto subscription = subscription_of(text);
    std::vector<std::string> all;
    for (int month = 1; month <= 12; ++month) {
        const Instant due = after(moment("2026-01-31T10:00:00Z"), Unit::month, month - 1);
        all.push_back(to_iso8601(due) + "=19.00");
    }
    const auto list = *read_payments(*parse_json(transactions_text(all)));
    const auto whole = bill(subscription, {}, list, moment("2027-01-01T00:00:00Z"));
    const Instant since = moment("2026-11-15T00:00:00Z");
    std::vector<Payment> some;
    for (const Payment& payment : list) {
        if (payment.at >= payments_needed_from(subscription, since)) some.push_back(payment);
    }
    EXPECT_LT(some.size(), list.size());
    for (const auto& invoice :
         bill(subscription, {}, some, moment("2027-01-01T00:00:00Z")).invoices) {
        EXPECT_TRUE(std::ranges::any_of(whole.invoices, [&](const InvoiceSnapshot& other) {
            return line_of(other) == line_of(invoice);
        })) << line_of(invoice);
    }
}

}  // namespace
}  // namespace paydesk::provider::paypal
