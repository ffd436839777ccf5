// Coupons, promotion codes, discounts; balances; previews.

// clang-format off
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>  // needs gtest before it
// clang-format on

#include <numeric>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

class DiscountTest : public SandboxTest {
protected:
    std::string coupon(const std::string& form) { return id(made("/v1/coupons", form)); }
    std::string code(const std::string& coupon_id, const std::string& text_of_code,
                     const std::string& more = {}) {
        return id(made("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=" +
                                                  coupon_id + "&code=" + text_of_code + more));
    }
    json::object subscribe(const std::string& customer, const std::string& more = {}) {
        return made("/v1/subscriptions",
                    "customer=" + customer + "&items[0][price]=" + price() + more);
    }
    json::object invoice_of(const json::object& subscription) {
        return got("/v1/invoices/" + text(subscription, "latest_invoice"));
    }
    json::object newest_invoice() { return got("/v1/invoices/" + store_.ids("invoice").back()); }
};

TEST_F(DiscountTest, APercentageIsTakenOffEveryInvoiceWhileItLasts) {
    const auto customer = customer_with("pm_card_visa");
    const auto twenty = coupon("percent_off=20&duration=repeating&duration_in_months=2");
    const auto subscription = subscribe(customer, "&discounts[0][coupon]=" + twenty);
    EXPECT_EQ(children(subscription, "discounts").size(), 1U);
    auto invoice = invoice_of(subscription);
    EXPECT_EQ(number(invoice, "subtotal"), 2900);
    EXPECT_EQ(number(invoice, "total"), 2320);
    EXPECT_EQ(number(invoice, "amount_paid"), 2320);
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), 2320);
    advance(31 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), 2900);
    EXPECT_TRUE(children(got("/v1/subscriptions/" + id(subscription)), "discounts").empty());
    EXPECT_TRUE(happened("customer.discount.deleted"));
}

TEST_F(DiscountTest, OnceMeansTheFirstInvoice) {
    const auto customer = customer_with("pm_card_visa");
    const auto ten = coupon("amount_off=1000&currency=usd&duration=once");
    const auto subscription = subscribe(customer, "&discounts[0][coupon]=" + ten);
    EXPECT_EQ(number(invoice_of(subscription), "total"), 1900);
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), 2900);
    EXPECT_EQ(number(got("/v1/coupons/" + ten), "times_redeemed"), 1);
}

TEST_F(DiscountTest, EachVersionHasItsOwnShape) {
    const auto customer = customer_with("pm_card_visa");
    const auto ten = coupon("percent_off=12.5&duration=forever");
    const auto promo = code(ten, "SUMMER");
    const auto subscription = id(subscribe(customer, "&discounts[0][promotion_code]=" + promo));
    const auto newest = got("/v1/subscriptions/" + subscription + "?expand[]=discounts");
    const auto& discount = children(newest, "discounts").front().as_object();
    EXPECT_EQ(text(child(discount, "source"), "coupon"), ten);
    EXPECT_FALSE(newest.contains("discount"));
    version_ = "2025-03-31.basil";
    const auto basil = got("/v1/subscriptions/" + subscription + "?expand[]=discounts");
    EXPECT_EQ(text(child(children(basil, "discounts").front().as_object(), "coupon"), "id"), ten);
    version_ = "2023-10-16";
    const auto old = got("/v1/subscriptions/" + subscription);
    EXPECT_EQ(text(child(child(old, "discount"), "coupon"), "id"), ten);
    EXPECT_EQ(text(child(got("/v1/promotion_codes/" + promo), "coupon"), "id"), ten);
    const auto another = made("/v1/promotion_codes", "coupon=" + ten);
    EXPECT_EQ(text(another, "code").size(), 8U);
    made("/v1/subscriptions/" + subscription, "coupon=");
    EXPECT_TRUE(got("/v1/subscriptions/" + subscription).at("discount").is_null());
    version_ = "2026-10-28.endive";
    EXPECT_EQ(call("POST", "/v1/subscriptions/" + subscription, "coupon=" + ten).code(),
              "parameter_unknown");
}

TEST_F(DiscountTest, ARestrictedCodeIsRefused) {
    const auto half = coupon("percent_off=50&duration=once");
    code(half, "BIG",
         "&restrictions[minimum_amount]=5000&restrictions[minimum_amount_currency]=usd");
    code(half, "FIRST", "&restrictions[first_time_transaction]=true");
    code(half, "ONE", "&max_redemptions=1");
    const auto opened = session(price(), "&allow_promotion_codes=true");
    const auto type_in = [&](const std::string& typed) {
        return call("POST", "/c/pay/" + id(opened), "apply_code=1&promotion_code=" + typed);
    };
    EXPECT_NE(type_in("BIG").text.find("minimum"), std::string::npos);
    EXPECT_NE(type_in("NONE").text.find("invalid"), std::string::npos);
    EXPECT_EQ(type_in("one").status, 303);
    EXPECT_EQ(number(got("/v1/checkout/sessions/" + id(opened)), "amount_total"), 1450);
    EXPECT_EQ(pay(id(opened), "4242424242424242").status, 303);
    const auto complete = got("/v1/checkout/sessions/" + id(opened) + "?expand[]=invoice");
    EXPECT_EQ(number(child(complete, "total_details"), "amount_discount"), 1450);
    EXPECT_EQ(number(child(complete, "invoice"), "amount_paid"), 1450);
    EXPECT_TRUE(happened("customer.discount.created"));
    const auto second =
        session(price(), "&allow_promotion_codes=true&customer=" + text(complete, "customer"));
    const auto again = [&](const std::string& typed) {
        return call("POST", "/c/pay/" + id(second), "apply_code=1&promotion_code=" + typed).text;
    };
    EXPECT_NE(again("ONE").find("used up"), std::string::npos);
    EXPECT_NE(again("first").find("first purchase"), std::string::npos);
}

TEST_F(DiscountTest, EverythingOffNeedsNoPayment) {
    const auto all = coupon("percent_off=100&duration=once");
    const auto opened = session(price(),
                                "&payment_method_collection=if_required&discounts[0]"
                                "[coupon]=" +
                                    all);
    EXPECT_EQ(number(opened, "amount_total"), 0);
    const auto done = call("POST", "/c/pay/" + id(opened), "email=ada%40example.com");
    EXPECT_EQ(done.status, 303) << done.text;
    EXPECT_EQ(text(got("/v1/checkout/sessions/" + id(opened)), "payment_status"),
              "no_payment_required");
}

TEST_F(DiscountTest, CreditIsUsedUpAndSmallAmountsWait) {
    const auto customer = customer_with("pm_card_visa");
    made("/v1/customers/" + customer + "/balance_transactions", "amount=-3000&currency=usd");
    const auto subscription = subscribe(customer);
    auto invoice = invoice_of(subscription);
    EXPECT_EQ(number(invoice, "total"), 2900);
    EXPECT_EQ(number(invoice, "amount_due"), 0);
    EXPECT_EQ(number(invoice, "starting_balance"), -3000);
    EXPECT_EQ(number(invoice, "ending_balance"), -100);
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "amount_paid"), 2800);
    made("/v1/invoiceitems", "customer=" + customer + "&amount=20&currency=usd");
    const auto small =
        made("/v1/invoices", "pending_invoice_items_behavior=include&customer=" + customer);
    const auto final = made("/v1/invoices/" + id(small) + "/finalize");
    EXPECT_EQ(text(final, "status"), "paid");
    EXPECT_EQ(number(got("/v1/customers/" + customer), "balance"), 20);
}

TEST_F(DiscountTest, APreviewIsWhatHappensAndLeavesNothing) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = subscribe(customer);
    const auto item =
        text(children(child(subscription, "items"), "data").front().as_object(), "id");
    const auto dear = id(made("/v1/prices",
                              "currency=usd&unit_amount=9900&recurring[interval]="
                              "month&product_data[name]=Max"));
    advance(10 * 86400);
    const auto invoices = store_.ids("invoice").size();
    const auto events = store_.ids("event").size();
    const auto preview =
        made("/v1/invoices/create_preview", "subscription=" + id(subscription) +
                                                "&subscription_details[items][0][id]=" + item +
                                                "&subscription_details[items][0][price]=" + dear);
    EXPECT_EQ(store_.ids("invoice").size(), invoices);
    EXPECT_EQ(store_.ids("event").size(), events);
    EXPECT_EQ(text(preview, "status"), "draft");
    made("/v1/subscriptions/" + id(subscription),
         "items[0][id]=" + item + "&items[0][price]=" + dear);
    advance(22 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), number(preview, "total"));
    EXPECT_EQ(children(child(preview, "lines"), "data").size(), 3U);
    version_ = "2024-11-20.acacia";
    const auto upcoming = got("/v1/invoices/upcoming?customer=" + customer);
    EXPECT_FALSE(upcoming.contains("id"));
    EXPECT_EQ(number(upcoming, "amount_due"), 9900);
}

TEST_F(DiscountTest, TheRecordedSwapAtSecondFour) {
    const auto customer = customer_with("pm_card_visa");
    const auto plan = [&](const std::string& amount) {
        return id(made("/v1/prices", "currency=usd&unit_amount=" + amount +
                                         "&recurring[interval]=month&product_data[name]=Plan"));
    };
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + plan("2500"));
    const auto item =
        text(children(child(subscription, "items"), "data").front().as_object(), "id");
    advance(4);
    made("/v1/subscriptions/" + id(subscription),
         "proration_behavior=always_invoice&items[0][id]=" + item +
             "&items[0][price]=" + plan("25000"));
    const auto invoice = newest_invoice();
    const auto& lines = children(child(invoice, "lines"), "data");
    ASSERT_EQ(lines.size(), 2U);
    const Object& credit = lines[0].as_object();
    EXPECT_EQ(number(credit, "amount"), -2500);
    EXPECT_EQ(number(lines[1].as_object(), "amount"), 25000);
    EXPECT_TRUE(text(credit, "description").starts_with("Unused time on Plan after"));
    const Object& details = child(child(credit, "parent"), "subscription_item_details");
    EXPECT_EQ(text(child(child(details, "proration_details"), "credited_items"), "invoice"),
              text(subscription, "latest_invoice"));
}

TEST_F(DiscountTest, CreditNotesBeforeAndAfterPayment) {
    const auto customer = customer_with("pm_card_visa");
    made("/v1/invoiceitems", "customer=" + customer + "&amount=5000&currency=usd");
    const auto invoice =
        id(made("/v1/invoices", "pending_invoice_items_behavior=include&customer=" + customer));
    made("/v1/invoices/" + invoice + "/finalize");
    const auto preview = got("/v1/credit_notes/preview?invoice=" + invoice + "&amount=1000");
    EXPECT_EQ(text(preview, "type"), "pre_payment");
    EXPECT_EQ(number(got("/v1/invoices/" + invoice), "amount_due"), 5000);
    const auto first = made("/v1/credit_notes", "invoice=" + invoice + "&amount=1000");
    EXPECT_EQ(number(got("/v1/invoices/" + invoice), "amount_due"), 4000);
    made("/v1/credit_notes/" + id(first) + "/void");
    EXPECT_EQ(number(got("/v1/invoices/" + invoice), "amount_due"), 5000);
    made("/v1/credit_notes", "invoice=" + invoice + "&amount=500");
    EXPECT_EQ(number(made("/v1/invoices/" + invoice + "/pay"), "amount_paid"), 4500);
    EXPECT_EQ(call("POST", "/v1/credit_notes", "invoice=" + invoice + "&amount=700").status, 400);
    const auto post = made("/v1/credit_notes", "invoice=" + invoice +
                                                   "&amount=700&refund_amount=300&credit_amount="
                                                   "400&reason=duplicate");
    EXPECT_EQ(text(post, "type"), "post_payment");
    EXPECT_EQ(children(post, "refunds").size(), 1U);
    EXPECT_EQ(number(got("/v1/customers/" + customer), "balance"), -400);
    const auto after = got("/v1/invoices/" + invoice);
    EXPECT_EQ(text(after, "status"), "paid");
    EXPECT_EQ(number(after, "post_payment_credit_notes_amount"), 700);
    EXPECT_EQ(
        call("POST", "/v1/credit_notes", "invoice=" + invoice + "&amount=4000&credit_amount=4000")
            .status,
        400);
}

TEST_F(DiscountTest, ACreditNoteOverEverythingPaysTheInvoice) {
    const auto customer = customer_with("pm_card_visa");
    made("/v1/invoiceitems", "customer=" + customer + "&amount=5000&currency=usd");
    const auto invoice =
        id(made("/v1/invoices", "pending_invoice_items_behavior=include&customer=" + customer));
    made("/v1/invoices/" + invoice + "/finalize");
    made("/v1/credit_notes", "invoice=" + invoice + "&amount=5000");
    const auto after = got("/v1/invoices/" + invoice);
    EXPECT_EQ(text(after, "status"), "paid");
    EXPECT_EQ(number(after, "amount_paid"), 0);
    EXPECT_TRUE(happened("payment_intent.canceled"));
}

TEST_F(DiscountTest, ASwapAndBackCancelsOut) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = subscribe(customer);
    const auto item =
        text(children(child(subscription, "items"), "data").front().as_object(), "id");
    const auto cheap = text(
        child(children(child(subscription, "items"), "data").front().as_object(), "price"), "id");
    const auto dear = id(made("/v1/prices",
                              "currency=usd&unit_amount=7777&recurring[interval]="
                              "month&product_data[name]=Max"));
    advance(1'234'567);
    for (const auto& to : {dear, cheap}) {
        made("/v1/subscriptions/" + id(subscription),
             "items[0][id]=" + item + "&items[0][price]=" + to);
    }
    std::int64_t sum = 0;
    for (const auto& waiting : store_.ids("invoiceitem"))
        sum += number(*store_.find(waiting), "amount");
    EXPECT_EQ(store_.ids("invoiceitem").size(), 4U);
    EXPECT_EQ(sum, 0);
}

TEST_F(DiscountTest, AmountsThatNoChargeCanHaveAreRefused) {
    const auto customer = customer_with("pm_card_visa");
    EXPECT_EQ(call("POST", "/v1/invoiceitems",
                   "customer=" + customer + "&currency=usd&amount=9223372036854775807")
                  .code(),
              "parameter_invalid_integer");
    EXPECT_EQ(
        call("POST", "/v1/subscriptions",
             "customer=" + customer + "&items[0][quantity]=999999999999&items[0][price]=" + price())
            .code(),
        "amount_too_large");
    EXPECT_EQ(call("POST", "/v1/prices",
                   "currency=usd&product_data[name]=X&billing_scheme=tiered&tiers_mode=volume&"
                   "tiers[0][up_to]=many&tiers[0][unit_amount]=1")
                  .code(),
              "parameter_invalid_integer");
    EXPECT_EQ(call("POST", "/v1/coupons", "percent_off=1..5").status, 400);
}

TEST(Numbers, PackagesAndTiers) {
    const auto price_of = [](const char* text_of_price) {
        return json::parse(text_of_price).as_object();
    };
    const auto up =
        price_of(R"({"unit_amount":500,"transform_quantity":{"divide_by":10,"round":"up"}})");
    const auto down =
        price_of(R"({"unit_amount":500,"transform_quantity":{"divide_by":10,"round":"down"}})");
    const auto tiers = std::string(
        R"("_tiers":[{"up_to":10,"unit_amount":100,"unit_amount_decimal":"100","flat_amount":null,
        "flat_amount_decimal":null},{"up_to":null,"unit_amount":50,"unit_amount_decimal":"50",
        "flat_amount":300,"flat_amount_decimal":"300"}]})");
    const auto graduated =
        price_of((R"({"billing_scheme":"tiered","tiers_mode":"graduated",)" + tiers).c_str());
    const auto volume =
        price_of((R"({"billing_scheme":"tiered","tiers_mode":"volume",)" + tiers).c_str());
    const struct {
        const Object& price;
        std::int64_t quantity, amount;
    } cases[] = {
        {up,        0,  0   },
        {up,        1,  500 },
        {up,        10, 500 },
        {up,        11, 1000},
        {down,      9,  0   },
        {down,      19, 500 },
        {graduated, 10, 1000},
        {graduated, 12, 1400},
        {volume,    10, 1000},
        {volume,    12, 900 },
    };
    for (const auto& test : cases) {
        EXPECT_EQ(amount_of(test.price, test.quantity), test.amount)
            << json::serialize(test.price) << " × " << test.quantity;
    }
}

Object percent(std::int64_t ten_thousandths) {
    return {
        {"percent_off", ten_thousandths / 10'000},
        {"_percent",    ten_thousandths         }
    };
}

RC_GTEST_PROP(Discounts, NeverTakeMoreThanThereIs, ()) {
    std::vector<DiscountedLine> lines;
    const auto amounts = *rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(-50'000, 1'000'000));
    for (const auto amount : amounts) {
        lines.push_back({.amount = amount, .discountable = *rc::gen::arbitrary<bool>()});
    }
    std::vector<Object> coupons;
    for (const auto kind : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2))) {
        if (kind == 0) {
            coupons.push_back(percent(*rc::gen::inRange<std::int64_t>(1, 1'000'001)));
        } else {
            coupons.push_back({
                {"amount_off", *rc::gen::inRange<std::int64_t>(1, 2'000'000)},
                {"currency", "usd"}
            });
        }
    }
    const auto taken = discount_lines(lines, coupons, "usd");
    RC_ASSERT(taken.size() == coupons.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::int64_t off = 0;
        for (const auto& by_coupon : taken) {
            RC_ASSERT(by_coupon[i] >= 0);
            off += by_coupon[i];
        }
        RC_ASSERT(off <= std::max<std::int64_t>(lines[i].amount, 0));
        RC_ASSERT(lines[i].discountable || off == 0);
    }
}

RC_GTEST_PROP(Discounts, AFixedAmountIsTakenWhole, ()) {
    std::vector<DiscountedLine> lines;
    std::int64_t all = 0;
    for (const auto amount : *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
             rc::gen::inRange<std::int64_t>(0, 100'000)))) {
        lines.push_back({.amount = amount});
        all += amount;
    }
    const auto off = *rc::gen::inRange<std::int64_t>(1, 200'000);
    const std::vector<Object> coupons{
        {{"amount_off", off}, {"currency", "usd"}}
    };
    RC_ASSERT(discount_total(lines, coupons, "usd") == std::min(off, all));
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
