#pragma once
// What the tests of meters and of the invoices over them share.

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::int64_t day = 86400;

class MeteringTest : public SandboxTest {
protected:
    std::int64_t now() { return number(call("GET", "/_sandbox/clock").body, "now"); }

    std::string meter(const std::string& name, const std::string& formula = "sum",
                      const std::string& more = {}) {
        return id(made("/v1/billing/meters", "display_name=API+calls&event_name=" + name +
                                                 "&default_aggregation[formula]=" + formula +
                                                 more));
    }
    std::string metered_price(const std::string& meter_id, const std::string& amount) {
        return id(made("/v1/prices",
                       "currency=usd&product_data[name]=Calls&recurring[interval]=month&"
                       "recurring[usage_type]=metered&recurring[meter]=" +
                           meter_id + "&" + amount));
    }
    json::object subscribe(const std::string& customer, const std::string& price_id,
                           const std::string& more = {}) {
        return made("/v1/subscriptions",
                    "customer=" + customer + "&items[0][price]=" + price_id + more);
    }
    Reply use(const std::string& name, const std::string& customer, const std::string& value,
              const std::string& more = {}) {
        return call("POST", "/v1/billing/meter_events",
                    "event_name=" + name + "&payload[stripe_customer_id]=" + customer +
                        "&payload[value]=" + value + more);
    }
    void used(const std::string& name, const std::string& customer, const std::string& value,
              const std::string& more = {}) {
        const auto reply = use(name, customer, value, more);
        EXPECT_EQ(reply.status, 200) << reply.text;
    }
    json::object latest_invoice(const std::string& subscription) {
        return got("/v1/invoices/" +
                   text(got("/v1/subscriptions/" + subscription), "latest_invoice"));
    }
    static json::object line(const json::object& invoice, std::size_t index = 0) {
        return children(child(invoice, "lines"), "data").at(index).as_object();
    }
};

}  // namespace paydesk::sandbox::stripe
