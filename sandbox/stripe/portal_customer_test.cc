// The customer's own details in the portal.

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::text;
using testing::HasSubstr;
using testing::Not;

class PortalCustomer : public SandboxTest {
protected:
    std::string configuration(const std::string& allowed) {
        return id(made("/v1/billing_portal/configurations",
                       "features[invoice_history][enabled]=true&features[customer_update][enabled]"
                       "=true" +
                           allowed));
    }
    json::object open(const std::string& more) {
        return made("/v1/billing_portal/sessions", "customer=" + customer_ + more);
    }
    json::object customer() { return got("/v1/customers/" + customer_); }

    std::string customer_ = customer_with("pm_card_visa");
};

TEST_F(PortalCustomer, ChangesWhatIsAllowedAndNothingElse) {
    const auto allows = configuration(
        "&features[customer_update][allowed_updates][0]=address&features[customer_update]"
        "[allowed_updates][1]=tax_id&features[customer_update][allowed_updates][2]=shipping");
    const auto path = "/p/session/" + id(open("&configuration=" + allows));
    EXPECT_THAT(call("GET", path).text, HasSubstr("portal-update-details"));
    const auto form = call("GET", path + "?view=details").text;
    EXPECT_THAT(form, HasSubstr("name=\"address_city\""));
    EXPECT_THAT(form, Not(HasSubstr("name=\"email\"")));
    const auto saved =
        call("POST", path + "/details",
             "address_city=Berlin&address_country=DE&email=evil%40example.com&tax_id_type=eu_vat&"
             "tax_id_value=DE123456789&shipping_name=Ada&shipping_city=Paris");
    EXPECT_EQ(saved.status, 303) << saved.text;
    const auto now = customer();
    EXPECT_EQ(text(child(now, "address"), "city"), "Berlin");
    EXPECT_EQ(text(child(child(now, "shipping"), "address"), "city"), "Paris");
    EXPECT_EQ(text(now, "email"), "ada@example.com");
    EXPECT_EQ(children(got("/v1/customers/" + customer_ + "/tax_ids"), "data").size(), 1U);
    EXPECT_TRUE(happened("customer.tax_id.created"));
    EXPECT_THAT(call("GET", path + "?view=details").text, HasSubstr("DE123456789"));
}

TEST_F(PortalCustomer, AFlowLeadsThereAndBack) {
    EXPECT_EQ(call("POST", "/v1/billing_portal/sessions",
                   "customer=" + customer_ + "&flow_data[type]=customer_update&configuration=" +
                       id(made("/v1/billing_portal/configurations",
                               "features[invoice_history][enabled]=true")))
                  .param(),
              "flow_data[type]");
    const auto session = open(
        "&flow_data[type]=customer_update&flow_data[after_completion][type]=redirect&"
        "flow_data[after_completion][redirect][return_url]=http%3A%2F%2Fshop.example%2Fback");
    const auto path = "/p/session/" + id(session);
    EXPECT_THAT(call("GET", path).text, HasSubstr("name=\"email\""));
    const auto wrong = call("POST", path + "/details", "email=nobody&name=%3Cb%3EAda");
    EXPECT_THAT(wrong.text, HasSubstr("Invalid email address: nobody"));
    EXPECT_THAT(wrong.text, HasSubstr("&lt;b&gt;Ada"));
    EXPECT_EQ(text(customer(), "email"), "ada@example.com");
    const auto saved = call("POST", path + "/details", "email=countess%40example.com&name=Ada");
    EXPECT_EQ(saved.headers.get("Location"), "http://shop.example/back");
    EXPECT_EQ(text(customer(), "email"), "countess@example.com");
    EXPECT_TRUE(happened("customer.updated"));
}

TEST_F(PortalCustomer, TheFlowCameWithEndive) {
    version_ = "2026-03-25.dahlia";
    EXPECT_EQ(call("POST", "/v1/billing_portal/sessions",
                   "customer=" + customer_ + "&flow_data[type]=customer_update")
                  .param(),
              "flow_data[type]");
}

TEST_F(PortalCustomer, IsNotThereWhereItIsNotAllowed) {
    const auto path = "/p/session/" + id(open("&configuration=" + configuration("")));
    EXPECT_THAT(call("GET", path).text, Not(HasSubstr("portal-update-details")));
    EXPECT_EQ(call("GET", path + "?view=details").status, 403);
    EXPECT_EQ(call("POST", path + "/details", "email=evil%40example.com").status, 403);
    EXPECT_EQ(text(customer(), "email"), "ada@example.com");
}

}  // namespace
}  // namespace paydesk::sandbox
