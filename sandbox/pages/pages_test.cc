#include "sandbox/pages/pages.h"

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::children;
using stripe::text;
using testing::HasSubstr;
using testing::Not;

using PagesTest = SandboxTest;

TEST_F(PagesTest, EscapeWhatCallersWrote) {
    const auto product = id(made("/v1/products", "name=%3Cscript%3Ealert(1)%3C%2Fscript%3E"));
    const auto evil =
        id(made("/v1/prices",
                "currency=usd&unit_amount=2900&recurring[interval]=month&product=" + product));
    const auto open = session(evil, "&customer_email=%22%3E%3Cimg%3E%40x.y");
    const auto page = call("GET", "/c/pay/" + id(open)).text;
    EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(page, Not(HasSubstr("<img>")));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)"));
    const auto name =
        call("POST", "/c/pay/" + id(open), "card_number=1&card_name=%22%3E%3Cb%3E").text;
    EXPECT_THAT(name, Not(HasSubstr("<b>")));
    for (const auto& event : store_.ids("event")) {
        EXPECT_THAT(call("GET", "/events/" + event).text, Not(HasSubstr("<script>alert")));
    }
    EXPECT_THAT(call("GET", "/").text, Not(HasSubstr("<script>alert")));
}

TEST_F(PagesTest, NeverLinkToAScript) {
    const auto customer = id(made("/v1/customers"));
    EXPECT_EQ(call("POST", "/v1/billing_portal/sessions",
                   "return_url=javascript%3Aalert(1)&customer=" + customer)
                  .code(),
              "url_invalid");
}

TEST_F(PagesTest, ShowInvoicesAndTheirPdf) {
    const auto subscription =
        made("/v1/subscriptions",
             "customer=" + customer_with("pm_card_visa") + "&items[0][price]=" + price());
    const auto invoice = got("/v1/invoices/" + text(subscription, "latest_invoice"));
    const auto path = [](const std::string& url) { return url.substr(url.find("/i/")); };
    EXPECT_THAT(call("GET", path(text(invoice, "hosted_invoice_url"))).text, HasSubstr(">paid<"));
    const auto pdf = call("GET", path(text(invoice, "invoice_pdf")));
    EXPECT_THAT(pdf.text, testing::StartsWith("%PDF-1.4"));
    EXPECT_THAT(pdf.text, HasSubstr(text(invoice, "number")));
}

TEST_F(PagesTest, AnOpenInvoiceCanBePaidThere) {
    const auto subscription =
        made("/v1/subscriptions",
             "payment_behavior=default_incomplete&customer=" + customer_with("pm_card_visa") +
                 "&items[0][price]=" + price());
    const auto path = "/i/" + text(subscription, "latest_invoice");
    const auto fill = [&](const char* card) {
        return call("POST", path, std::string("card_exp=12%2F34&card_cvc=123&card_number=") + card);
    };
    EXPECT_THAT(fill("4000000000009995").text, HasSubstr("insufficient funds"));
    EXPECT_EQ(fill("4242424242424242").status, 303);
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(subscription)), "status"), "active");
}

TEST_F(PagesTest, SayWhatIsNotThere) {
    for (const auto* path :
         {"/customers/cus_x", "/objects/x", "/mailbox/mail_x", "/c/pay/cs_test_x", "/3ds/pi_x",
          "/p/session/bps_x", "/i/in_x", "/events/evt_x", "/x"}) {
        EXPECT_EQ(call("GET", path).status, 404) << path;
    }
    EXPECT_EQ(call("PUT", "/").status, 405);
}

TEST_F(PagesTest, ClockGoesToTheNextRenewal) {
    made("/v1/subscriptions",
         "customer=" + customer_with("pm_card_visa") + "&items[0][price]=" + price());
    EXPECT_THAT(call("GET", "/clock").text, HasSubstr("To the next renewal"));
    const auto before = sandbox_->account().now();
    EXPECT_EQ(call("POST", "/clock", "until=renewal").status, 303);
    EXPECT_GE(sandbox_->account().now(), before + 28 * 86400);
    EXPECT_EQ(call("POST", "/clock", "days=-1").status, 400);
    EXPECT_EQ(call("POST", "/clock", "days=1",
                   http::Headers{
                       {"Origin", "http://evil.example"},
                       {"Host",   "127.0.0.1:8420"     }
    })
                  .status,
              403);
    EXPECT_THAT(call("GET", "/customers").text, HasSubstr("ada@example.com"));
}

TEST_F(PagesTest, TheEventLogIsNarrowedAndGoesOn) {
    const auto customer = customer_with("pm_card_visa");
    made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price());
    for (int i = 0; i < 120; ++i) made("/v1/products", "name=Thing" + std::to_string(i));
    const auto rows = [](const std::string& page) {
        std::size_t count = 0;
        for (auto at = page.find("data-testid=\"event\""); at != std::string::npos;
             at = page.find("data-testid=\"event\"", at + 1)) {
            ++count;
        }
        return count;
    };
    const auto first = call("GET", "/?type=product.created").text;
    EXPECT_EQ(rows(first), 100u);
    const auto link = first.find("before=");
    ASSERT_NE(link, std::string::npos);
    const auto next = first.substr(link, first.find('"', link) - link);
    EXPECT_EQ(rows(call("GET", "/?type=product.created&" + next).text), 21u);
    EXPECT_EQ(rows(call("GET", "/?type=invoice.pa").text), 2u);  // paid, payment_succeeded
    EXPECT_EQ(rows(call("GET", "/?type=*.created&q=THING77").text), 1u);
    EXPECT_THAT(call("GET", "/?type=nothing").text, HasSubstr("No event is like that."));
}

TEST_F(PagesTest, ACustomersPageShowsEverythingAboutThem) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price());
    const auto charge =
        id(children(got("/v1/charges?customer=" + customer), "data").at(0).as_object());
    made("/v1/refunds", "amount=900&charge=" + charge);
    made("/v1/customers/" + customer + "/balance_transactions", "amount=-500&currency=usd");
    session(price(), "&customer=" + customer);
    const auto page = call("GET", "/customers/" + customer).text;
    for (const auto& shown :
         {id(subscription), text(subscription, "latest_invoice"), charge, std::string("$20.00"),
          std::string("$5.00 in credit"), std::string("/c/pay/cs_test_"),
          std::string("Visa •••• 4242"), std::string("customer.created")}) {
        EXPECT_THAT(page, HasSubstr(shown));
    }
    const auto object = call("GET", "/objects/" + id(subscription)).text;
    EXPECT_THAT(object, HasSubstr("href=\"/customers/" + customer + "\""));
    EXPECT_THAT(object, HasSubstr("customer.subscription.created"));
    EXPECT_THAT(call("GET", "/customers?q=ADA").text, HasSubstr(customer));
    EXPECT_THAT(call("GET", "/customers?q=grace").text, HasSubstr("Nobody is like that."));
    EXPECT_EQ(call("GET", "/objects/" + customer).headers.get("Location"),
              "/customers/" + customer);
    made("/v1/webhook_endpoints", "url=http%3A%2F%2Fx.example%2F&enabled_events[]=*");
    receiver_.statuses = {500};
    made("/v1/products", "name=Sent");
    settle();
    EXPECT_THAT(call("GET", "/deliveries").text, HasSubstr("product.created"));
    EXPECT_THAT(call("GET", "/deliveries?status=dropped").text, HasSubstr("None is like that."));
    const auto event = store_.ids("event").back();
    EXPECT_EQ(
        call("POST", "/events/" + event + "/resend", "back=%2Fdeliveries").headers.get("Location"),
        "/deliveries");
    EXPECT_EQ(call("POST", "/events/" + event + "/resend", "back=%2F%2Fevil.example")
                  .headers.get("Location"),
              "/events/" + event);
    // Our own records are nobody's objects.
    EXPECT_EQ(call("GET", "/objects/" + store_.ids("_delivery").front()).status, 404);
}

TEST_F(PagesTest, FaultsAreSetAndRemovedByForms) {
    EXPECT_EQ(
        call("POST", "/faults", "action=add&fault=500&filter=%3Cb%3E&percent=50&count=3").status,
        303);
    const auto page = call("GET", "/faults").text;
    EXPECT_THAT(page, HasSubstr("&lt;b&gt;"));
    EXPECT_THAT(page, HasSubstr("50 %"));
    EXPECT_EQ(call("POST", "/faults", "action=add&fault=none").status, 400);
    EXPECT_EQ(call("POST", "/faults", "action=add&fault=500&percent=x").status, 400);
    EXPECT_EQ(call("POST", "/faults", "action=clear").status, 303);
    EXPECT_THAT(call("GET", "/faults").text, HasSubstr("None: everything works."));
}

}  // namespace
}  // namespace paydesk::sandbox
