// Tax rates and automatic tax: on lines, subscriptions, invoices, Checkout, credit notes.

// clang-format off
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>  // needs gtest before it
// clang-format on

#include "sandbox/stripe/taxes.h"
#include "sandbox/stripe/tax_places.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

Object rate(std::int64_t percent, bool inclusive) {
    return {
        {"id",        "txr_" + std::to_string(percent)},
        {"_percent",  percent                         },
        {"inclusive", inclusive                       }
    };
}

RC_GTEST_PROP(Taxes, NothingIsLost, ()) {
    TaxableLine line{.amount = *rc::gen::inRange<std::int64_t>(-10'000'000, 10'000'000)};
    for (const auto percent : *rc::gen::container<std::vector<std::int64_t>>(
             rc::gen::inRange<std::int64_t>(0, 1'000'001))) {
        line.rates.push_back(rate(percent, *rc::gen::arbitrary<bool>()));
    }
    const auto taxes = taxes_of(line, {});
    RC_ASSERT(taxes.size() == line.rates.size());
    for (const Tax& tax : taxes) {
        RC_ASSERT(tax.taxable + included_tax(taxes) == line.amount);
        RC_ASSERT(tax.amount == 0 || (tax.amount < 0) == (line.amount < 0));
    }
    // What is asked for is the line and what was added; what was added is at most each rate's share.
    const auto reversed = taxes_of({.amount = -line.amount, .rates = line.rates}, {});
    RC_ASSERT(added_tax(reversed) == -added_tax(taxes));
    RC_ASSERT(included_tax(reversed) == -included_tax(taxes));
}

TEST(Taxes, AreRoundedOnceALine) {
    const struct {
        std::int64_t amount, percent;
        bool inclusive;
        std::int64_t tax;
    } cases[] = {
        {1000,  190'000, false, 190 },
        {1005,  100'000, false, 101 }, // half away from zero
        {-1005, 100'000, false, -101},
        {1190,  190'000, true,  190 },
        {1000,  88'750,  false, 89  },
        {1,     81'000,  false, 0   },
        {1000,  0,       false, 0   },
    };
    for (const auto& test : cases) {
        const auto taxes =
            taxes_of({.amount = test.amount, .rates = {rate(test.percent, test.inclusive)}}, {});
        EXPECT_EQ(taxes.front().amount, test.tax) << test.amount << " at " << test.percent;
    }
}

TEST(Taxes, PercentagesAreReadExactly) {
    EXPECT_EQ(percent_units("8.875"), 88'750);
    EXPECT_EQ(percent_units("20"), 200'000);
    EXPECT_EQ(percent_units("0.5000000"), 5'000);
    EXPECT_EQ(percent_units("1.00005"), -1);
    EXPECT_EQ(percent_units("-1"), -1);
    EXPECT_EQ(percent_units(""), -1);
}

class TaxTest : public SandboxTest {
protected:
    std::string tax_rate(const std::string& percent, bool inclusive) {
        return id(made("/v1/tax_rates", "display_name=VAT&percentage=" + percent +
                                            "&inclusive=" + (inclusive ? "true" : "false")));
    }
    std::string customer_in(const std::string& country) {
        const auto customer = customer_with("pm_card_visa");
        made("/v1/customers/" + customer, "address[country]=" + country);
        return customer;
    }
    json::object subscribe(const std::string& customer, const std::string& more) {
        return made("/v1/subscriptions",
                    "customer=" + customer + "&items[0][price]=" + price() + more);
    }
    json::object invoice_of(const json::object& subscription) {
        return got("/v1/invoices/" + text(subscription, "latest_invoice"));
    }
    json::object newest_invoice() { return got("/v1/invoices/" + store_.ids("invoice").back()); }
    static Object first(const json::object& holder, std::string_view key) {
        const auto& list = children(holder, key);
        return list.empty() ? Object() : list.front().as_object();
    }
};

TEST_F(TaxTest, RatesAreMadeChangedAndListed) {
    const auto vat = made("/v1/tax_rates",
                          "display_name=VAT&percentage=19.5&inclusive=false&country=DE&"
                          "jurisdiction=DE&tax_type=vat&metadata[a]=b");
    EXPECT_EQ(json::serialize(vat.at("percentage")), "1.95E1");
    made("/v1/tax_rates/" + id(vat), "active=false&description=old");
    EXPECT_TRUE(happened("tax_rate.created"));
    EXPECT_TRUE(happened("tax_rate.updated"));
    EXPECT_EQ(children(got("/v1/tax_rates?active=true"), "data").size(), 0U);
    EXPECT_EQ(children(got("/v1/tax_rates?inclusive=false"), "data").size(), 1U);
    EXPECT_EQ(call("POST", "/v1/tax_rates", "display_name=X&percentage=101&inclusive=true").param(),
              "percentage");
    EXPECT_EQ(call("POST", "/v1/tax_rates/" + id(vat), "percentage=5").code(), "parameter_unknown");
    EXPECT_EQ(call("POST", "/v1/subscriptions",
                   "customer=" + customer_with("pm_card_visa") + "&items[0][price]=" + price() +
                       "&default_tax_rates[0]=" + id(vat))
                  .param(),
              "default_tax_rates[0]");
    version_ = "2023-10-16";
    EXPECT_FALSE(got("/v1/tax_rates/" + id(vat)).contains("rate_type"));
}

TEST_F(TaxTest, ASubscriptionIsTaxedOnEveryInvoiceAfterItsDiscounts) {
    const auto vat = tax_rate("19", false);
    const auto ten = id(made("/v1/coupons", "percent_off=10&duration=forever"));
    const auto subscription =
        subscribe(customer_with("pm_card_visa"),
                  "&default_tax_rates[0]=" + vat + "&discounts[0][coupon]=" + ten);
    EXPECT_EQ(text(first(subscription, "default_tax_rates"), "id"), vat);
    const auto invoice = invoice_of(subscription);
    EXPECT_EQ(number(invoice, "subtotal"), 2900);
    EXPECT_EQ(number(invoice, "total_excluding_tax"), 2610);
    EXPECT_EQ(number(invoice, "total"), 2610 + 496);
    EXPECT_EQ(number(invoice, "amount_paid"), 3106);
    const Object total = first(invoice, "total_taxes");
    EXPECT_EQ(number(total, "amount"), 496);
    EXPECT_EQ(number(total, "taxable_amount"), 2610);
    EXPECT_EQ(text(child(total, "tax_rate_details"), "tax_rate"), vat);
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), 3106);
    version_ = "2023-10-16";
    const auto old = got("/v1/invoices/" + id(invoice));
    EXPECT_EQ(number(old, "tax"), 496);
    EXPECT_EQ(text(first(old, "total_tax_amounts"), "tax_rate"), vat);
    const Object line = first(child(old, "lines"), "data");
    EXPECT_EQ(number(first(line, "tax_amounts"), "amount"), 496);
    EXPECT_EQ(number(line, "amount_excluding_tax"), 2900);
}

TEST_F(TaxTest, AnItemsOwnRatesWinAndInclusiveOnesAreInThePrice) {
    const auto added = tax_rate("19", false);
    const auto inside = tax_rate("20", true);
    const auto subscription =
        subscribe(customer_with("pm_card_visa"),
                  "&default_tax_rates[0]=" + added + "&items[0][tax_rates][0]=" + inside);
    const auto invoice = invoice_of(subscription);
    EXPECT_EQ(number(invoice, "total"), 2900);
    EXPECT_EQ(number(first(invoice, "total_taxes"), "amount"), 483);
    EXPECT_EQ(number(invoice, "total_excluding_tax"), 2417);
    EXPECT_EQ(number(invoice, "subtotal_excluding_tax"), 2417);
    const Object item = first(child(subscription, "items"), "data");
    EXPECT_EQ(text(first(item, "tax_rates"), "id"), inside);
    made("/v1/subscription_items/" + text(item, "id"), "tax_rates=");
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), 2900 + 551);
}

TEST_F(TaxTest, WhoIsExemptPaysNone) {
    const auto vat = tax_rate("19", false);
    for (const auto& [exempt, reason] : {
             std::pair{"exempt",  "customer_exempt"},
             {"reverse", "reverse_charge" }
    }) {
        const auto customer = customer_with("pm_card_visa");
        made("/v1/customers/" + customer, std::string("tax_exempt=") + exempt);
        const auto invoice = invoice_of(subscribe(customer, "&default_tax_rates[0]=" + vat));
        EXPECT_EQ(number(invoice, "total"), 2900);
        EXPECT_EQ(text(first(invoice, "total_taxes"), "taxability_reason"), reason);
    }
}

TEST_F(TaxTest, AutomaticTaxFollowsTheCustomersPlace) {
    const auto german = customer_in("DE");
    const auto subscription = subscribe(german, "&automatic_tax[enabled]=true");
    const auto invoice = invoice_of(subscription);
    EXPECT_EQ(number(invoice, "total"), 2900 + 551);
    EXPECT_EQ(text(child(invoice, "automatic_tax"), "status"), "complete");
    const auto used = text(child(first(invoice, "total_taxes"), "tax_rate_details"), "tax_rate");
    EXPECT_EQ(text(got("/v1/tax_rates/" + used), "country"), "DE");
    EXPECT_EQ(text(child(got("/v1/customers/" + german + "?expand[]=tax"), "tax"), "automatic_tax"),
              "supported");
    made("/v1/customers/" + german, "address[country]=FR");
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), 2900 + 580);
    // Nobody knows where to send the next one: it goes without tax, and says so.
    made("/v1/customers/" + german, "address=");
    advance(32 * 86400);
    const auto without = newest_invoice();
    EXPECT_EQ(number(without, "total"), 2900);
    EXPECT_EQ(text(child(without, "automatic_tax"), "disabled_reason"),
              "finalization_requires_location_inputs");
}

TEST_F(TaxTest, AutomaticTaxWithoutAPlaceIsRefused) {
    const auto nowhere = customer_with("pm_card_visa");
    EXPECT_EQ(
        call("POST", "/v1/subscriptions",
             "customer=" + nowhere + "&items[0][price]=" + price() + "&automatic_tax[enabled]=true")
            .code(),
        "customer_tax_location_invalid");
    EXPECT_EQ(
        call("POST", "/v1/customers", "address[country]=Germany&tax[validate_location]=immediately")
            .code(),
        "customer_tax_location_invalid");
    made("/v1/invoiceitems", "customer=" + nowhere + "&amount=1000&currency=usd");
    const auto draft =
        made("/v1/invoices", "pending_invoice_items_behavior=include&customer=" + nowhere +
                                 "&automatic_tax[enabled]=true");
    EXPECT_EQ(text(child(draft, "automatic_tax"), "status"), "requires_location_inputs");
    EXPECT_EQ(call("POST", "/v1/invoices/" + id(draft) + "/finalize").code(),
              "customer_tax_location_invalid");
    EXPECT_TRUE(happened("invoice.finalization_failed"));
    made("/v1/customers/" + nowhere, "address[country]=US&address[state]=NY");
    const auto open = made("/v1/invoices/" + id(draft) + "/finalize");
    EXPECT_EQ(number(open, "total"), 1089);
}

TEST_F(TaxTest, CheckoutAddsTaxAndItsInvoiceAgrees) {
    const auto vat = tax_rate("19", false);
    const auto opened = session(price(), "&line_items[0][tax_rates][0]=" + vat);
    EXPECT_EQ(number(opened, "amount_total"), 3451);
    EXPECT_EQ(number(child(opened, "total_details"), "amount_tax"), 551);
    EXPECT_EQ(pay(id(opened), "4242424242424242").status, 303);
    const auto paid = got("/v1/checkout/sessions/" + id(opened) +
                          "?expand[]=subscription.latest_invoice&expand[]=line_items.data.taxes&"
                          "expand[]=total_details.breakdown");
    EXPECT_EQ(number(child(child(paid, "subscription"), "latest_invoice"), "amount_paid"), 3451);
    const Object line = first(child(paid, "line_items"), "data");
    EXPECT_EQ(number(first(line, "taxes"), "amount"), 551);
    EXPECT_EQ(
        text(child(first(child(child(paid, "total_details"), "breakdown"), "taxes"), "rate"), "id"),
        vat);
}

TEST_F(TaxTest, CheckoutLearnsThePlaceFromTheCard) {
    const auto opened = session(price(), "&automatic_tax[enabled]=true");
    EXPECT_EQ(text(child(opened, "automatic_tax"), "status"), "requires_location_inputs");
    EXPECT_EQ(number(opened, "amount_total"), 2900);
    EXPECT_EQ(pay(id(opened), "4000002760003184").status, 303);  // asks for 3-D Secure first
    const auto again = session(price(), "&automatic_tax[enabled]=true");
    EXPECT_EQ(pay(id(again), "4242424242424242").status, 303);
    const auto paid =
        got("/v1/checkout/sessions/" + id(again) + "?expand[]=subscription.latest_invoice");
    EXPECT_EQ(number(paid, "amount_total"), 2900 + 210);
    EXPECT_EQ(text(child(paid, "automatic_tax"), "status"), "complete");
    EXPECT_EQ(number(child(child(paid, "subscription"), "latest_invoice"), "amount_paid"), 3110);
    EXPECT_EQ(text(child(got("/v1/customers/" + text(paid, "customer")), "address"), "state"),
              "CA");
}

TEST_F(TaxTest, WhatAnUpdateAddsHasItsOwnRates) {
    const auto vat = tax_rate("19", false);
    const auto ten = tax_rate("10", false);
    const auto fee =
        id(made("/v1/prices", "currency=usd&unit_amount=1000&product_data[name]=Setup"));
    const auto subscription =
        subscribe(customer_with("pm_card_visa"), "&default_tax_rates[0]=" + vat +
                                                     "&add_invoice_items[0][price]=" + fee +
                                                     "&add_invoice_items[0][tax_rates][0]=" + ten);
    EXPECT_EQ(number(invoice_of(subscription), "amount_paid"), 2900 + 551 + 1000 + 100);
    const auto changed =
        made("/v1/subscriptions/" + id(subscription),
             "items[0][price]=" + price() + "&items[0][tax_rates][0]=" + ten +
                 "&proration_behavior=always_invoice&add_invoice_items[0][price]=" + fee +
                 "&add_invoice_items[0][tax_rates][0]=" + ten);
    EXPECT_EQ(number(invoice_of(changed), "amount_paid"), 2900 + 290 + 1000 + 100);
}

TEST_F(TaxTest, ANewRateAloneSettlesNothing) {
    const auto vat = tax_rate("19", false);
    const auto subscription = subscribe(customer_with("pm_card_visa"), "");
    const auto changed =
        made("/v1/subscriptions/" + id(subscription),
             "items[0][id]=" + text(first(child(subscription, "items"), "data"), "id") +
                 "&items[0][tax_rates][0]=" + vat + "&proration_behavior=always_invoice");
    EXPECT_EQ(text(changed, "latest_invoice"), text(subscription, "latest_invoice"));
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), 3451);
}

TEST_F(TaxTest, ACreditNoteGivesTheTaxBack) {
    const auto vat = tax_rate("19", false);
    const auto invoice =
        invoice_of(subscribe(customer_with("pm_card_visa"), "&default_tax_rates[0]=" + vat));
    const auto line = text(first(child(invoice, "lines"), "data"), "id");
    const auto half =
        made("/v1/credit_notes", "invoice=" + id(invoice) +
                                     "&lines[0][type]=invoice_line_item&lines[0]"
                                     "[invoice_line_item]=" +
                                     line + "&lines[0][amount]=1450&refund_amount=1726");
    EXPECT_EQ(number(half, "subtotal"), 1450);
    EXPECT_EQ(number(half, "total"), 1726);
    EXPECT_EQ(number(first(half, "total_taxes"), "amount"), 276);
    const auto custom =
        made("/v1/credit_notes", "invoice=" + id(invoice) +
                                     "&lines[0][type]=custom_line_item&lines[0][unit_amount]=1000"
                                     "&lines[0][description]=Sorry&lines[0][tax_rates][0]=" +
                                     vat + "&credit_amount=1190");
    EXPECT_EQ(number(custom, "amount"), 1190);
    version_ = "2024-11-20.acacia";
    EXPECT_EQ(number(first(got("/v1/credit_notes/" + id(custom)), "tax_amounts"), "amount"), 190);
}

TEST_F(TaxTest, APreviewIsTaxedAsTheInvoiceWillBe) {
    const auto vat = tax_rate("7.7", false);
    const auto subscription =
        subscribe(customer_with("pm_card_visa"), "&default_tax_rates[0]=" + vat);
    const auto preview = made("/v1/invoices/create_preview", "subscription=" + id(subscription));
    EXPECT_EQ(number(preview, "total"), 2900 + 223);
    const auto taxed = made("/v1/invoices/create_preview",
                            "subscription=" + id(subscription) +
                                "&automatic_tax[enabled]=true&customer_details[address][country]="
                                "GB&subscription_details[default_tax_rates]=");
    EXPECT_EQ(number(taxed, "total"), 2900 + 580);
    advance(32 * 86400);
    EXPECT_EQ(number(newest_invoice(), "total"), number(preview, "total"));
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
