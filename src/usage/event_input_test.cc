#include "usage/event_input.h"

#include <gtest/gtest.h>

namespace paydesk::usage {
namespace {

using catalog::Aggregation;

constexpr Instant now = from_unix(1'795'000'000);
const AccountId ann{"0198a000-0000-7000-8000-000000000001"};

Metrics make_metrics() {
    Metrics metrics;
    const auto add = [&](std::string key, Aggregation aggregation) {
        metrics.metrics.emplace(key, Metric{.key = key,
                                            .name = key,
                                            .unit = {},
                                            .aggregation = aggregation,
                                            .charge = catalog::UsageCharge::none});
    };
    add("api_calls", Aggregation::sum);
    add("storage_gb", Aggregation::last);
    add("seats", Aggregation::max);
    add("people", Aggregation::unique);
    add("logins", Aggregation::count);
    return metrics;
}
const Metrics metrics = make_metrics();

struct Judged {
    std::optional<Event> event;
    std::vector<FieldError> errors;
    std::string first() const {
        if (errors.empty()) return "";
        return errors.front().field + ": " + std::string(errors.front().code);
    }
};

Judged judge(std::string_view body, bool is_service = false) {
    auto read = read_events(body, BodyShape::one);
    if (!read) return {{}, {{"body", read.error().message, "malformed_request"}}};
    auto accepted =
        accept(std::move(read->front()),
               {.metrics = metrics, .now = now, .account = ann, .is_service = is_service});
    if (auto* event = std::get_if<Event>(&accepted)) return {*event, {}};
    return {{}, std::get<std::vector<FieldError>>(accepted)};
}

TEST(EventInput, TheSeedsOwnCall) {
    const Judged judged = judge(R"({"metricName": "api_calls", "quantity": 5})");
    ASSERT_TRUE(judged.event) << judged.first();
    EXPECT_EQ(judged.event->account, ann);
    EXPECT_EQ(judged.event->metric, "api_calls");
    EXPECT_EQ(judged.event->quantity, Decimal::from_int(5));
    EXPECT_EQ(judged.event->occurred_at, now);
    EXPECT_FALSE(judged.event->is_undated);
    EXPECT_EQ(time_in_key(judged.event->key), std::chrono::floor<std::chrono::milliseconds>(now));
}

TEST(EventInput, EverythingThatCanBeSaid) {
    const Judged judged = judge(
        R"({"metric":"people","value":"u\u0031","quantity":"2","timestamp":"2026-11-18T12:00:00.5+01:00",
            "idempotencyKey":"k 1","metadata":{"model":"a\"b","n":[1.50,{"x":null}],"t":true}})");
    ASSERT_TRUE(judged.event) << judged.first();
    EXPECT_EQ(judged.event->unique_value, "u1");
    EXPECT_EQ(to_iso8601(judged.event->occurred_at), "2026-11-18T11:00:00.500000Z");
    EXPECT_EQ(judged.event->key, "k 1");
    EXPECT_EQ(judged.event->metadata, R"({"model":"a\"b","n":[1.50,{"x":null}],"t":true})");
}

struct QuantityCase {
    const char* text;
    const char* value;  // "" where it is refused
};
const QuantityCase quantity_cases[] = {
    {"1",                                          "1"               },
    {"0.1",                                        "0.1"             },
    {"1e3",                                        "1000"            },
    {"1.25e+2",                                    "125"             },
    {"1e-7",                                       "0.0000001"       },
    {"12.50e-1",                                   "1.25"            },
    {"-3",                                         "-3"              },
    {"0.000000000001",                             "0.000000000001"  },
    {"1e15",                                       "1000000000000000"},
    {"0.0000000000001",                            ""                },
    {"1e16",                                       ""                },
    {"1e400",                                      ""                },
    {"1e-400",                                     ""                },
    {"1e999999999999",                             ""                },
    {"NaN",                                        ""                },
    {"Infinity",                                   ""                },
    {"-inf",                                       ""                },
    {"",                                           ""                },
    {" 1",                                         ""                },
    {"1,5",                                        ""                },
    {"0x10",                                       ""                },
    {"1234567890123456789012345678901234567890",   ""                },
    {"0.1234567890123456789012345678901234567890", ""                },
};

TEST(EventInput, Quantities) {
    for (const auto& c : quantity_cases) {
        SCOPED_TRACE(c.text);
        const auto parsed = parse_quantity(c.text);
        EXPECT_EQ(parsed ? parsed->to_string() : "", c.value);
        if (!parsed) {
            EXPECT_GT(parsed.error().message.size(), 10U);
        }
    }
}

struct BadCase {
    const char* body;
    const char* first;
    bool is_service = false;
};
const BadCase bad_cases[] = {
    {R"({})", "metric: invalid_input"},
    {R"({"metric":"apicalls"})", "metric: unknown_metric"},
    {R"({"metric":7})", "metric: invalid_input"},
    {R"({"metric":"api_calls","quantity":1e400})", "quantity: invalid_input"},
    {R"({"metric":"api_calls","quantity":"NaN"})", "quantity: invalid_input"},
    {R"({"metric":"api_calls","quantity":NaN})", "body: malformed_request"},
    {R"({"metric":"api_calls","quantity":1234567890123456789012345678901234567890})",
     "quantity: invalid_input"},
    {R"({"metric":"api_calls","quantity":0})", "quantity: invalid_input"},
    {R"({"metric":"api_calls","quantity":-1})", "quantity: invalid_input"},
    {R"({"metric":"seats","quantity":-1,"idempotencyKey":"k"})", "quantity: invalid_input", true},
    {R"({"metric":"api_calls","quantity":[1]})", "quantity: invalid_input"},
    {R"({"metric":"api_calls","quantity":true})", "quantity: invalid_input"},
    {R"({"metric":"api_calls","value":"x"})", "value: invalid_input"},
    {R"({"metric":"people"})", "value: invalid_input"},
    {R"({"metric":"api_calls","timestamp":"yesterday"})", "timestamp: invalid_input"},
    {R"({"metric":"api_calls","timestamp":"2026-02-30T00:00:00Z"})", "timestamp: invalid_input"},
    {R"({"metric":"api_calls","timestamp":"2027-01-01T00:00:00Z"})", "timestamp: in_the_future"},
    {R"({"metric":"api_calls","timestamp":"2026-01-01T00:00:00Z"})", "timestamp: too_old"},
    {R"({"metric":"api_calls","idempotencyKey":""})", "idempotencyKey: invalid_input"},
    {R"({"metric":"api_calls","idempotencyKey":"a\u0000b"})", "idempotencyKey: invalid_input"},
    {R"({"metric":"api_calls","idempotencyKey":"01890a5d-ac96-774b-bcce-b302099a8057"})",
     "idempotencyKey: too_old"},
    {R"({"metric":"api_calls"})", "idempotencyKey: invalid_input", true},
    {R"({"metric":"api_calls","metadata":"x"})", "metadata: invalid_input"},
    {R"({"metric":"api_calls","metadata":[1]})", "metadata: invalid_input"},
    {R"({"metric":"api_calls","quantty":1})", "quantty: invalid_input"},
    {R"({"metric":"api_calls","accountId":"0198a000-0000-7000-8000-000000000002"})",
     "accountId: invalid_input"},
    {R"({"metric":"api_calls","idempotencyKey":"k","accountId":"ann"})", "accountId: invalid_input",
     true},
    {R"([])", "body: malformed_request"},
    {R"("x")", "body: malformed_request"},
    {R"(null)", "body: malformed_request"},
    {"", "body: malformed_request"},
    {R"({"metric":"api_calls")", "body: malformed_request"},
};

TEST(EventInput, BadInputSaysWhatIsWrongAndWhere) {
    for (const auto& c : bad_cases) {
        SCOPED_TRACE(c.body);
        const Judged judged = judge(c.body, c.is_service);
        EXPECT_FALSE(judged.event);
        EXPECT_EQ(judged.first(), c.first);
        for (const FieldError& error : judged.errors) EXPECT_GT(error.message.size(), 8U);
    }
}

TEST(EventInput, AServiceMayCorrectAndNameAccounts) {
    const Judged judged = judge(
        R"({"metric":"api_calls","quantity":-2.5,"idempotencyKey":"fix 1","accountId":"0198A000-0000-7000-8000-000000000002"})",
        true);
    ASSERT_TRUE(judged.event) << judged.first();
    EXPECT_EQ(judged.event->quantity.to_string(), "-2.5");
    EXPECT_EQ(judged.event->account.value, "0198a000-0000-7000-8000-000000000002");
    EXPECT_TRUE(judged.event->is_undated);
}

TEST(EventInput, ABadEventFailsAlone) {
    for (
        const char* body :
        {R"([{"metric":"api_calls"},7,null,[1,{"a":2}],{"metric":{"a":[1]}},"x",{"metric":"logins"}])",
         R"({"events":[{"metric":"api_calls"},7,null,[1,{"a":2}],{"metric":{"a":[1]}},"x",{"metric":"logins"}]})"}) {
        SCOPED_TRACE(body);
        const auto read = read_events(body, BodyShape::many);
        ASSERT_TRUE(read) << read.error().message;
        ASSERT_EQ(read->size(), 7U);
        for (std::size_t i = 0; i < 7; ++i)
            EXPECT_EQ((*read)[i].errors.empty(), i == 0 || i == 6) << i;
        EXPECT_EQ((*read)[6].metric, "logins");
    }
    const auto lines = read_event_lines(
        "{\"metric\":\"api_calls\"}\r\n\n  \n{\"metric\":NaN}\n[1]\n{\"metric\":\"logins\"}");
    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 4U);
    EXPECT_TRUE((*lines)[0].errors.empty());
    EXPECT_FALSE((*lines)[1].errors.empty());
    EXPECT_FALSE((*lines)[2].errors.empty());
    EXPECT_EQ((*lines)[3].metric, "logins");
}

TEST(EventInput, BodiesOfTheWrongShape) {
    for (const char* body :
         {R"({"event":[]})", R"({"events":{}})", R"(7)", R"({})", R"({"events":[],"x":1})"}) {
        SCOPED_TRACE(body);
        const auto read = read_events(body, BodyShape::many);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, ErrorCode::malformed_request);
    }
    std::string many = "[";
    for (std::size_t i = 0; i <= batch_events_max; ++i) many += i == 0 ? "{}" : ",{}";
    EXPECT_EQ(read_events(many + "]", BodyShape::many).error().code, ErrorCode::invalid_input);
    EXPECT_TRUE(read_events("[]", BodyShape::many)->empty());
}

TEST(EventInput, TheTimeInAKey) {
    EXPECT_EQ(time_in_key("01890a5d-ac96-774b-bcce-b302099a8057"),
              Instant(std::chrono::milliseconds(0x01890a5dac96)));
    EXPECT_EQ(time_in_key("01H4E5VB4P0000000000000000"), time_in_key("01h4e5vb4p0000000000000000"));
    EXPECT_TRUE(time_in_key("01H4E5VB4P0000000000000000"));
    EXPECT_FALSE(time_in_key("01890a5d-ac96-474b-bcce-b302099a8057"));  // version 4
    EXPECT_FALSE(time_in_key("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));            // no time of this century
    EXPECT_FALSE(time_in_key("order-17"));
    EXPECT_FALSE(time_in_key(""));
}

}  // namespace
}  // namespace paydesk::usage
