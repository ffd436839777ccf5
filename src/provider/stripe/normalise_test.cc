// Every payload that taught us something is a file in testdata/: <event type>.<version>.json, and
// <event type>.<version>.<case>.json. Adding a case is adding a file.

#include "provider/stripe/normalise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "provider/stripe/testdata_file.h"

namespace paydesk::provider::stripe {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> versions = {
    "2023-10-16",        "2024-11-20.acacia", "2025-03-31.basil",
    "2025-09-30.clover", "2026-03-25.dahlia", "2026-10-28.endive",
};

std::string described(const Result<Change>& change) {
    if (change) return to_string(*change);
    return "refused: " + std::string(info(change.error().code).name) + "\n" +
           change.error().detail + "\n";
}

std::vector<fs::path> payloads() {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(testdata())) {
        const std::string name = entry.path().filename();
        const bool is_payload = name != "signatures.json" && name != "sdk_requests.json";
        if (entry.path().extension() == ".json" && is_payload) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

// The id that a snapshot says it is of.
Ref own_ref(const Fact& fact) {
    struct Own {
        Ref operator()(const Unfollowed&) const { return {}; }
        Ref operator()(const MustAsk&) const { return {}; }
        Ref operator()(const CustomerSnapshot& s) const { return s.customer; }
        Ref operator()(const SubscriptionSnapshot& s) const { return s.subscription; }
        Ref operator()(const InvoiceSnapshot& s) const { return s.invoice.value_or(Ref{}); }
        Ref operator()(const PaymentMethodSnapshot& s) const { return s.payment_method; }
        Ref operator()(const CheckoutSnapshot& s) const { return s.checkout; }
        Ref operator()(const ChargeSnapshot& s) const { return s.charge; }
        Ref operator()(const RefundSnapshot& s) const { return s.refund; }
        Ref operator()(const DisputeSnapshot& s) const { return s.dispute; }
        Ref operator()(const InvoicePaymentSnapshot& s) const { return s.invoice; }
        Ref operator()(const ScheduleSnapshot& s) const { return s.schedule; }
    };
    return std::visit(Own{}, fact);
}

TEST(StripeNormalise, Testdata) {
    const auto files = payloads();
    for (const fs::path& file : files) {
        SCOPED_TRACE(file.filename());
        fs::path expected = file;
        const auto change = normalise(read_json(file));
        expect_golden(expected.replace_extension(".expected"), described(change));
        if (change && change->kind != ObjectKind::other) {
            EXPECT_EQ(own_ref(change->fact), change->object);
        }
    }
    EXPECT_GE(files.size(), followed_event_types().size() * versions.size());
}

TEST(StripeNormalise, NoExpectationWithoutItsPayload) {
    for (const auto& entry : fs::directory_iterator(testdata())) {
        fs::path payload = entry.path();
        if (payload.extension() != ".expected") continue;
        EXPECT_TRUE(fs::exists(payload.replace_extension(".json"))) << payload;
    }
}

// What the payload of an event can't say any more: basil took charge.invoice away and lists the
// payments of an invoice only where they are asked for.
bool only_older_versions_say(const std::string& line, ObjectKind kind) {
    if (kind == ObjectKind::charge) return line.starts_with("invoice: ");
    if (kind == ObjectKind::invoice) return line.starts_with("payment: ");
    return false;
}

std::string without_version(const Change& change) {
    std::istringstream lines(to_string(change));
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("api_version: ")) continue;
        if (!only_older_versions_say(line, change.kind)) kept += line + "\n";
    }
    return kept;
}

// Since clover an invoice's payment has an event of its own.
bool has_event(const std::string& version, std::string_view type) {
    if (type != "invoice_payment.paid") return true;
    return version >= "2025-09-30";
}

TEST(StripeNormalise, AllVersionsSayTheSame) {
    for (const std::string_view type : followed_event_types()) {
        std::optional<std::string> first;
        for (const std::string& version : versions) {
            if (!has_event(version, type)) continue;
            const std::string name = std::string(type) + "." + version + ".json";
            SCOPED_TRACE(name);
            const auto change = normalise(read_json(testdata() / name));
            ASSERT_TRUE(change);
            EXPECT_EQ(change->event_type, type);
            EXPECT_EQ(change->api_version, version);
            EXPECT_EQ(change->kind, followed_kind(type));
            if (!first) first = without_version(*change);
            EXPECT_EQ(without_version(*change), *first);
        }
    }
}

TEST(StripeNormalise, WhatIsNoEventIsRefused) {
    for (const char* text :
         {"null", "[]", "{}", "1", "\"evt_1\"", R"([{"id":"evt_1","type":"x"}])",
          R"({"id":"evt_1"})", R"({"type":"invoice.paid"})", R"({"id":1,"type":"invoice.paid"})",
          R"({"id":"","type":"invoice.paid"})", R"({"id":"evt_1","type":null})"}) {
        SCOPED_TRACE(text);
        const auto change = normalise(*parse_json(text));
        ASSERT_FALSE(change);
        EXPECT_EQ(change.error().code, ErrorCode::webhook_payload_invalid);
    }
}

TEST(StripeNormalise, WhatWeDoNotFollowIsStoredAndLeft) {
    const auto change = normalise(*parse_json(
        R"({"id":"evt_1","type":"tax.settings.updated","created":1780272000,"livemode":true})"));
    ASSERT_TRUE(change);
    EXPECT_TRUE(std::holds_alternative<Unfollowed>(change->fact));
    EXPECT_EQ(change->kind, ObjectKind::other);
    EXPECT_EQ(change->object.value, "");
    EXPECT_TRUE(change->livemode);
    EXPECT_EQ(to_unix(change->occurred_at), 1780272000);
    EXPECT_TRUE(normalise(*parse_json(R"({"id":"evt_1","type":"a","data":[],"created":"x"})")));
}

TEST(StripeNormalise, TimesOutsideTheCalendarAreNothing) {
    json::value event =
        read_json(testdata() / "customer.subscription.created.2026-10-28.endive.json");
    for (const char* seconds : {"-1", "253402300800", "9223372036854775807", "18446744073709551615",
                                "1e30", "1780272000.5", "\"1780272000\"", "true", "{}"}) {
        SCOPED_TRACE(seconds);
        event.at("data").at("object").as_object()["ended_at"] = *parse_json(seconds);
        const auto change = normalise(event);
        ASSERT_TRUE(change);
        EXPECT_EQ(std::get<SubscriptionSnapshot>(change->fact).ended_at, std::nullopt);
        event.as_object()["created"] = *parse_json(seconds);
        EXPECT_FALSE(normalise(event));
        event.as_object()["created"] = 1780272000;
    }
}

TEST(StripeNormalise, AnAuthorisationIsNoPaymentYet) {
    const auto change = normalise_object(
        ObjectKind::charge,
        json::parse(R"({"id":"ch_1","amount":5,"amount_refunded":0,"currency":"usd",
            "status":"succeeded","captured":false})"),
        from_unix(9));
    EXPECT_EQ(std::get<ChargeSnapshot>(change.value().fact).status, ChargeStatus::pending);
}

TEST(StripeNormalise, AFetchedObjectHasNoEvent) {
    const json::value event = read_json(testdata() / "invoice.paid.2026-10-28.endive.json");
    const Instant at = from_unix(1'780'300'000);
    const auto change = normalise_object(ObjectKind::invoice, event.at("data").at("object"), at);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->event_id, "");
    EXPECT_EQ(change->event_type, "");
    EXPECT_EQ(change->occurred_at, at);
    EXPECT_EQ(change->object.value, "in_1TdQ2vB7WZ01zgkWInVo1cE0");

    const auto deleted =
        normalise_object(ObjectKind::customer,
                         *parse_json(R"({"id":"cus_1","object":"customer","deleted":true})"), at);
    ASSERT_TRUE(deleted);
    EXPECT_TRUE(std::get<CustomerSnapshot>(deleted->fact).deleted);
    EXPECT_FALSE(normalise_object(ObjectKind::charge, event.at("data").at("object"), at));
}

// What an invoice's document needs: basil renamed the taxes and says their behaviour by its name.
TEST(StripeNormalise, DiscountTaxAndBuyerOfAnInvoice) {
    const struct {
        const char* version;
        const char* field;
        std::vector<std::pair<std::int64_t, bool>> taxes;  // amount, inclusive
        bool inclusive;
        std::int64_t tax;
    } cases[] = {
        {"2023-10-16",        "total_tax_amounts", {{400, false}, {51, false}}, false, 451},
        {"2024-11-20.acacia", "total_tax_amounts", {{400, true}},               true,  400},
        {"2025-03-31.basil",  "total_taxes",       {{400, false}},              false, 400},
        {"2026-10-28.endive", "total_taxes",       {{400, true}},               true,  400},
        {"2026-10-28.endive", "total_taxes",       {{7, true}, {5, false}},     false, 5  },
        {"2026-10-28.endive", "total_taxes",       {},                          false, 0  },
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(testing::Message() << c.version << " " << c.tax);
        json::value event =
            read_json(testdata() / ("invoice.paid." + std::string(c.version) + ".json"));
        auto& invoice = event.at("data").at("object").as_object();
        json::array taxes;
        for (const auto& [amount, inclusive] : c.taxes) {
            taxes.push_back({
                {"amount",       amount                               },
                {"inclusive",    inclusive                            },
                {"tax_behavior", inclusive ? "inclusive" : "exclusive"}
            });
        }
        invoice[c.field] = taxes;
        invoice["total_discount_amounts"] =
            *parse_json(R"([{"amount":100,"discount":"di_1"},{"amount":50,"discount":"di_2"}])");
        invoice["customer_address"] = *parse_json(
            R"({"line1":"12 St James's Square","line2":null,"postal_code":"SW1Y 4JH","city":"London","state":"","country":"GB"})");
        invoice["customer_tax_ids"] =
            *parse_json(R"([{"type":"gb_vat","value":"GB123"},{"type":"eu_vat","value":null}])");
        const auto change = normalise(event);
        ASSERT_TRUE(change);
        const auto& read = std::get<InvoiceSnapshot>(change->fact);
        EXPECT_EQ(read.discount.minor_units(), 150);
        EXPECT_EQ(read.tax.minor_units(), c.tax);
        EXPECT_EQ(read.taxes_inclusive, c.inclusive);
        EXPECT_EQ(read.bill_to.name, "Ada Lovelace");
        EXPECT_EQ(read.bill_to.address,
                  (std::vector<std::string>{"12 St James's Square", "SW1Y 4JH London", "GB"}));
        EXPECT_EQ(read.bill_to.tax_ids, std::vector<std::string>{"GB123"});
    }
    // Additive fields reach old versions, too: both names then say the same taxes.
    json::value both = read_json(testdata() / "invoice.paid.2024-11-20.acacia.json");
    auto& told = both.at("data").at("object").as_object();
    told["total_tax_amounts"] = *parse_json(R"([{"amount":400,"inclusive":false}])");
    told["total_taxes"] = *parse_json(R"([{"amount":400,"tax_behavior":"exclusive"}])");
    const auto twice = normalise(both);
    ASSERT_TRUE(twice);
    EXPECT_EQ(std::get<InvoiceSnapshot>(twice->fact).tax.minor_units(), 400);
    // A broken amount must not pass for none.
    json::value event = read_json(testdata() / "invoice.paid.2026-10-28.endive.json");
    event.at("data").at("object").as_object()["total_taxes"] =
        *parse_json(R"([{"amount":"4.00"}])");
    EXPECT_FALSE(normalise(event));
}

TEST(StripeNormalise, ScheduledCancellationIsSeenBothWays) {
    for (const char* name :
         {"customer.subscription.updated.2026-10-28.endive.json",
          "customer.subscription.updated.2026-10-28.endive.portal_cancel.json"}) {
        const auto change = normalise(read_json(testdata() / name));
        ASSERT_TRUE(change) << name;
        EXPECT_TRUE(std::get<SubscriptionSnapshot>(change->fact).cancel_scheduled()) << name;
    }
}

// --- Mutations: whatever a signed body holds, normalise() returns. ---

using Random = std::mt19937_64;

std::uint64_t test_seed() {
    const char* fixed = std::getenv("PAYDESK_SEED");
    return fixed != nullptr ? std::stoull(fixed) : std::random_device{}();
}

json::value odd_value(Random& random) {
    static const json::value values[] = {
        nullptr,
        true,
        0,
        -1,
        INT64_MAX,
        INT64_MIN,
        UINT64_MAX,
        1e300,
        0.5,
        "",
        "\0x",
        "active",
        json::string(70'000, 'x'),
        json::array{},
        json::array{nullptr, 1, "a"},
        json::object{},
        json::object{{"id", 1}},
        json::object{{"data", json::object{}}},
        json::object{{"id", "x"}, {"deleted", true}},
        json::object{{"data", {1, nullptr, {{"id", 2}}}}},
    };
    return values[random() % std::size(values)];
}

// Every place in `value` that can be replaced.
void collect(json::value& value, std::vector<json::value*>& places) {
    places.push_back(&value);
    if (auto* object = value.if_object()) {
        for (auto& [key, member] : *object) collect(member, places);
    } else if (auto* array = value.if_array()) {
        for (json::value& element : *array) collect(element, places);
    }
}

void mutate(json::value& event, Random& random) {
    std::vector<json::value*> places;
    collect(event, places);
    json::value& place = *places[random() % places.size()];
    auto* object = place.if_object();
    if (object != nullptr && !object->empty() && random() % 2 == 0) {
        object->erase(object->begin() + static_cast<std::ptrdiff_t>(random() % object->size()));
    } else if (random() % 4 == 0) {
        place = json::value(*places[random() % places.size()]);
    } else {
        place = odd_value(random);
    }
}

TEST(StripeNormalise, MutatedPayloadsNeverCrash) {
    const std::uint64_t seed = test_seed();
    Random random(seed);
    SCOPED_TRACE(testing::Message() << "PAYDESK_SEED=" << seed);
    const auto files = payloads();
    int refused = 0, rounds = 0;
    for (const fs::path& file : files) {
        const json::value original = read_json(file);
        for (int i = 0; i < 12; ++i, ++rounds) {
            json::value event = original;
            for (std::uint64_t n = random() % 6; n-- > 0;) mutate(event, random);
            const auto change = normalise(event);
            if (!change) {
                ++refused;
                ASSERT_EQ(change.error().code, ErrorCode::webhook_payload_invalid);
                ASSERT_FALSE(change.error().detail.empty());
            } else {
                ASSERT_EQ(to_string(*change).find('\0'), std::string::npos);
                ASSERT_FALSE(change->event_id.empty());
            }
        }
    }
    // Both outcomes must come up, or this test tests nothing.
    EXPECT_GT(refused, rounds / 100);
    EXPECT_LT(refused, rounds);
}

}  // namespace
}  // namespace paydesk::provider::stripe
