// What can still change about a draft: its lines, and whom it names.

#include "sandbox/stripe/test_metering.h"

namespace paydesk::sandbox::stripe {
namespace {

using InvoiceEditingTest = MeteringTest;

TEST_F(InvoiceEditingTest, ADraftsLinesAreAddedChangedAndTakenAway) {
    const auto customer = customer_with("pm_card_visa");
    const auto draft = id(made("/v1/invoices", "customer=" + customer + "&currency=usd"));
    const auto item = id(made("/v1/invoiceitems", "customer=" + customer + "&invoice=" + draft +
                                                      "&amount=1000&description=Work"));
    EXPECT_EQ(number(got("/v1/invoices/" + draft), "total"), 1000);
    made("/v1/invoiceitems/" + item, "amount=1500");
    EXPECT_EQ(number(got("/v1/invoices/" + draft), "total"), 1500);
    const auto vat = id(made("/v1/tax_rates", "display_name=VAT&percentage=10&inclusive=false"));
    const auto two =
        made("/v1/invoices/" + draft + "/add_lines",
             "lines[0][amount]=500&lines[0][description]=Pen&lines[0][tax_rates][0]=" + vat +
                 "&invoice_metadata[a]=b");
    EXPECT_EQ(number(two, "total"), 2050);
    EXPECT_EQ(text(child(two, "metadata"), "a"), "b");
    const auto pen = text(children(child(two, "lines"), "data").back().as_object(), "id");
    const auto dear = made("/v1/invoices/" + draft + "/update_lines",
                           "lines[0][id]=" + pen + "&lines[0][amount]=1000");
    EXPECT_EQ(number(dear, "total"), 2600);
    const auto line = made("/v1/invoices/" + draft + "/lines/" + pen, "description=Pencil");
    EXPECT_EQ(text(line, "description"), "Pencil");
    EXPECT_EQ(number(line, "amount"), 1000);
    const auto one = made("/v1/invoices/" + draft + "/remove_lines",
                          "lines[0][id]=" + pen + "&lines[0][behavior]=unassign");
    EXPECT_EQ(number(one, "total"), 1500);
    EXPECT_EQ(children(got("/v1/invoiceitems?pending=true&customer=" + customer), "data").size(),
              1U);
    EXPECT_EQ(call("DELETE", "/v1/invoiceitems/" + item).status, 200);
    EXPECT_EQ(number(got("/v1/invoices/" + draft), "total"), 0);
    made("/v1/invoices/" + draft + "/finalize");
    EXPECT_EQ(call("POST", "/v1/invoices/" + draft + "/add_lines", "lines[0][amount]=5").code(),
              "invoice_not_editable");
    EXPECT_EQ(
        call("POST", "/v1/invoiceitems", "customer=" + customer + "&invoice=" + draft + "&amount=5")
            .code(),
        "invoice_not_editable");
}

// Usage with a fraction that waits for the next invoice, as a line.
TEST_F(InvoiceEditingTest, UsageKeepsItsFractionUntilAQuantityIsNamed) {
    const auto usage = metered_price(meter("calls"), "unit_amount=200");
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = subscribe(customer, usage, "&items[1][price]=" + price());
    used("calls", customer, "2.5");
    advance(day);
    const auto items = children(child(subscription, "items"), "data");
    EXPECT_EQ(call("DELETE", "/v1/subscription_items/" + text(items.at(0).as_object(), "id") +
                                 "?proration_behavior=none")
                  .status,
              200);
    const auto waiting = children(got("/v1/invoiceitems?customer=" + customer), "data");
    ASSERT_EQ(waiting.size(), 1U);
    const auto item = id(waiting.front().as_object());
    EXPECT_EQ(text(waiting.front().as_object(), "quantity_decimal"), "2.5");
    made("/v1/invoiceitems/" + item, "description=Calls+of+yesterday");
    EXPECT_EQ(text(got("/v1/invoiceitems/" + item), "quantity_decimal"), "2.5");
    const auto draft =
        id(made("/v1/invoices", "customer=" + customer + "&subscription=" + id(subscription) +
                                    "&auto_advance=false"));
    auto shown = line(got("/v1/invoices/" + draft));
    EXPECT_EQ(number(shown, "amount"), 500);
    EXPECT_EQ(text(shown, "quantity_decimal"), "2.5");
    EXPECT_EQ(text(shown, "description"), "Calls of yesterday");
    made("/v1/invoices/" + draft + "/lines/" + text(shown, "id"), "metadata[a]=b");
    shown = line(got("/v1/invoices/" + draft));
    EXPECT_EQ(number(shown, "amount"), 500);
    EXPECT_EQ(text(shown, "quantity_decimal"), "2.5");
}

TEST_F(InvoiceEditingTest, ALineThatStillCountsCannotBeChanged) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(subscribe(customer, metered_price(meter("calls"), "unit_amount=200")));
    used("calls", customer, "3");
    advance(31 * day);  // the draft hour
    const auto draft = latest_invoice(subscription);
    ASSERT_EQ(text(draft, "status"), "draft");
    const auto path = "/v1/invoices/" + id(draft) + "/lines/" + text(line(draft), "id");
    EXPECT_EQ(call("POST", path, "description=mine").code(), "invoice_not_editable");
    advance(2 * 3600);
    EXPECT_EQ(number(latest_invoice(subscription), "amount_paid"), 600);
}

TEST_F(InvoiceEditingTest, PendingItemsComeWhenTheyAreAskedFor) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription = id(subscribe(customer, price()));
    const auto item = "customer=" + customer + "&currency=usd&amount=";
    made("/v1/invoiceitems", item + "1000");
    made("/v1/invoiceitems", item + "300&subscription=" + subscription);
    const auto draft = [&](const std::string& more) {
        return made("/v1/invoices", "customer=" + customer + more);
    };
    EXPECT_EQ(number(draft(""), "total"), 0);
    const auto own = draft("&subscription=" + subscription);
    EXPECT_EQ(number(own, "total"), 300);
    EXPECT_EQ(text(own, "billing_reason"), "manual");
    EXPECT_EQ(text(child(child(own, "parent"), "subscription_details"), "subscription"),
              subscription);
    EXPECT_NE(text(got("/v1/subscriptions/" + subscription), "latest_invoice"), id(own));
    EXPECT_EQ(call("POST", "/v1/invoices", "customer=" + customer + "&subscription=" + subscription)
                  .code(),
              "invoice_no_subscription_line_items");
    EXPECT_EQ(call("POST", "/v1/invoices",
                   "customer=" + customer_with("pm_card_visa") + "&subscription=" + subscription)
                  .param(),
              "subscription");
    EXPECT_EQ(number(draft("&pending_invoice_items_behavior=include"), "total"), 1000);
}

TEST_F(InvoiceEditingTest, ADraftNamesItsCustomerAsTheyAreNow) {
    const auto customer = customer_with("pm_card_visa");
    made("/v1/customers/" + customer,
         "name=Ada&phone=123&address[country]=DE&address[city]=Berlin&shipping[name]=Ada&"
         "shipping[address][country]=FR");
    const auto path = "/v1/customers/" + customer + "/tax_ids";
    const auto tax_id = id(made(path, "type=eu_vat&value=DE123456789"));
    made("/v1/invoiceitems", "customer=" + customer + "&amount=1000&currency=usd");
    const auto draft =
        id(made("/v1/invoices", "pending_invoice_items_behavior=include&customer=" + customer));
    auto invoice = got("/v1/invoices/" + draft);
    EXPECT_EQ(text(invoice, "customer_name"), "Ada");
    EXPECT_EQ(text(invoice, "customer_email"), "ada@example.com");
    EXPECT_EQ(text(invoice, "customer_phone"), "123");
    EXPECT_EQ(text(child(invoice, "customer_address"), "city"), "Berlin");
    EXPECT_EQ(text(child(child(invoice, "customer_shipping"), "address"), "country"), "FR");
    EXPECT_EQ(json::serialize(invoice.at("customer_tax_ids")),
              R"([{"type":"eu_vat","value":"DE123456789"}])");

    made("/v1/customers/" + customer, "name=Countess&tax_exempt=exempt");
    made(path, "type=gb_vat&value=GB123456789");
    EXPECT_EQ(call("DELETE", path + "/" + tax_id).status, 200);
    invoice = got("/v1/invoices/" + draft);
    EXPECT_EQ(text(invoice, "customer_name"), "Countess");
    EXPECT_EQ(text(invoice, "customer_tax_exempt"), "exempt");
    EXPECT_EQ(json::serialize(invoice.at("customer_tax_ids")),
              R"([{"type":"gb_vat","value":"GB123456789"}])");

    made("/v1/invoices/" + draft + "/finalize");
    made("/v1/customers/" + customer, "name=Grace");
    EXPECT_EQ(text(got("/v1/invoices/" + draft), "customer_name"), "Countess");
    EXPECT_EQ(children(got("/v1/invoices/" + draft), "customer_tax_ids").size(), 1U);
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
