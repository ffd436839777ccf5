// Shapes by version, over everything that a busy account has.

#include "sandbox/stripe/render.h"

#include <gmock/gmock.h>

#include "sandbox/stripe/events.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::number;
using stripe::Object;
using stripe::previous_attributes;
using stripe::text;

const char* const versions[] = {"2023-10-16",        "2024-11-20.acacia", "2025-03-31.basil",
                                "2025-09-30.clover", "2026-03-25.dahlia", "2026-10-28.endive"};

class Render : public SandboxTest {
protected:
    // Pays, is declined, changes plan, cancels, refunds, renews: one of every event.
    void live() {
        const auto monthly = price();
        pay(id(session(monthly)), "4242424242424242");
        const auto declined = session(monthly);
        pay(id(declined), "4000000000000002");
        pay(id(declined), "4000002500003155");
        const auto customer = customer_with("pm_card_visa");
        const auto subscription =
            id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + monthly));
        made("/v1/subscriptions/" + subscription, "cancel_at_period_end=true");
        made("/v1/subscriptions/" + subscription, "cancel_at_period_end=false&metadata[_x]=y");
        const auto charge = store_.ids("charge").back();
        made("/v1/refunds", "charge=" + charge + "&amount=1");
        made("/v1/billing_portal/sessions", "customer=" + customer);
        made("/v1/invoiceitems", "customer=" + customer + "&amount=5&currency=usd");
        advance(40 * 86400);
    }
};

void expect_no_own_fields(const json::value& value, const std::string& where) {
    if (value.is_array()) {
        for (const auto& element : value.get_array()) expect_no_own_fields(element, where);
    }
    if (!value.is_object()) return;
    for (const auto& [key, member] : value.get_object()) {
        if (key == "metadata") continue;
        EXPECT_FALSE(key.starts_with('_')) << where << ": " << std::string(key);
        expect_no_own_fields(member, where + "." + std::string(key));
    }
}

TEST_F(Render, NeverShowsOurOwnFields) {
    live();
    ASSERT_GT(store_.ids("event").size(), 60u);
    for (const auto* name : versions) {
        const auto version = *stripe::Version::parse(name);
        for (const auto& event_id : store_.ids("event")) {
            const auto event = stripe::render_event(*store_.find(event_id), version);
            expect_no_own_fields(event, std::string(name) + " " + text(event, "type"));
            EXPECT_EQ(text(event, "api_version"), name);
        }
    }
}

TEST_F(Render, UpdatesSayWhatChangedInEveryVersion) {
    live();
    for (const auto* name : versions) {
        for (const auto& event_id : store_.ids("event")) {
            const auto event =
                stripe::render_event(*store_.find(event_id), *stripe::Version::parse(name));
            const auto& data = child(event, "data");
            const auto type = text(event, "type");
            EXPECT_EQ(data.contains("previous_attributes"), type.ends_with(".updated"))
                << name << " " << type;
            EXPECT_TRUE(!type.ends_with(".updated") || !child(data, "previous_attributes").empty())
                << name << " " << type;
            EXPECT_LE(number(child(data, "object"), "created"), number(event, "created")) << type;
        }
    }
}

TEST_F(Render, InvoicesAddUp) {
    live();
    for (const auto& invoice_id : store_.ids("invoice")) {
        const Object& invoice = *store_.find(invoice_id);
        std::int64_t lines = 0;
        for (const auto& line : stripe::children(child(invoice, "lines"), "data")) {
            lines += number(line.as_object(), "amount");
        }
        EXPECT_EQ(lines, number(invoice, "total"));
        EXPECT_EQ(number(invoice, "amount_due"),
                  number(invoice, "amount_paid") + number(invoice, "amount_remaining"));
        EXPECT_EQ(text(invoice, "status") == "paid", number(invoice, "amount_remaining") == 0);
    }
}

TEST_F(Render, LeavesMetadataAlone) {
    const auto customer =
        made("/v1/customers", "metadata[object]=invoice&metadata[_secret]=x&metadata[parent]=p");
    EXPECT_EQ(text(child(customer, "metadata"), "_secret"), "x");
    version_ = "2023-10-16";
    EXPECT_EQ(text(child(got("/v1/customers/" + id(customer)), "metadata"), "parent"), "p");
}

TEST(PreviousAttributes, HoldTheOldValuesOfWhatDiffers) {
    const auto difference = [](const char* before, const char* after) {
        return json::serialize(
            previous_attributes(json::parse(before).as_object(), json::parse(after).as_object()));
    };
    EXPECT_EQ(difference(R"({"a":1,"b":2})", R"({"a":1,"b":3})"), R"({"b":2})");
    EXPECT_EQ(difference(R"({"o":{"x":1,"y":2}})", R"({"o":{"x":1,"y":3}})"), R"({"o":{"y":2}})");
    EXPECT_EQ(difference(R"({"l":[1,2]})", R"({"l":[1,3]})"), R"({"l":[1,2]})");
    EXPECT_EQ(difference(R"({"m":{}})", R"({"m":{"k":"v"}})"), R"({"m":{"k":null}})");
    EXPECT_EQ(difference(R"({"m":{"k":"v"}})", R"({"m":{}})"), R"({"m":{"k":"v"}})");
    EXPECT_EQ(difference(R"({"n":null})", R"({"n":{"x":1}})"), R"({"n":null})");
    EXPECT_EQ(difference(R"({"a":1})", R"({"a":1})"), "{}");
}

TEST(Version, KnowsWhatCanBe) {
    EXPECT_EQ(stripe::Version::parse("2025-02-24.acacia")->shape, stripe::Shape::acacia);
    EXPECT_EQ(stripe::Version::parse("2026-09-30.endive")->shape, stripe::Shape::endive);
    EXPECT_EQ(stripe::Version::parse("2023-10-16")->shape, stripe::Shape::v2023);
    for (const auto* wrong :
         {"", "endive", "2026-10-28", "2026-1-28.endive", "2026-10-28.endive.x"}) {
        EXPECT_FALSE(stripe::Version::parse(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace paydesk::sandbox
