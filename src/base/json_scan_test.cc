// scan_json() against parse_json(): they share no code, and must agree on every text.

#include "base/json_scan.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"

namespace paydesk {
namespace {

const std::vector<JsonPath> paths = {
    {"id"},
    {"created"},
    {"live"},
    {"data", "object", "id"},
    {"data", "id"},
    {"data"}
};

// The same question put to the parsed value.
JsonLeaf leaf_at(const json::value& value, const JsonPath& path) {
    const json::value* at = &value;
    for (const auto key : path) {
        const auto* object = at->if_object();
        at = object ? object->if_contains(key) : nullptr;
        if (at == nullptr) return {};
    }
    if (at->is_string()) return std::string(at->get_string());
    if (at->is_int64()) return at->get_int64();
    if (at->is_bool()) return at->get_bool();
    return {};
}

void expect_agreement(std::string_view text) {
    const auto parsed = parse_json(text);
    const auto scanned = scan_json(text, json_bytes_max, paths);
    ASSERT_EQ(scanned.has_value(), parsed.has_value()) << text;
    if (!parsed) return;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        EXPECT_EQ((*scanned)[i], leaf_at(*parsed, paths[i])) << text << " path " << i;
    }
}

TEST(JsonScan, AgreesWithTheParser) {
    for (const char* text : {
             R"({"id":"evt_1","created":7,"live":true,"data":{"object":{"id":"in_1"},"id":"x"}})",
             R"({"data":{"object":{"lines":[{"id":"il_1"}],"id":"in_1"}},"id":"evt"})",
             R"({"data":[{"object":{"id":"in_1"}}],"created":1.5,"live":null})",
             R"({"id":"a","id":"b"})",
             R"({"id":"a","id":{"id":"b"}})",
             R"({"data":{"object":{"id":"a"}},"data":{"object":{}}})",
             R"({"data":{"object":{"id":"a"},"object":7}})",
             R"({"\u0069d":"esc\u0061ped \ud83d\ude00","created":-9223372036854775808})",
             R"({"created":9223372036854775808,"live":"true"})",
             R"({"created":18446744073709551616})",
             R"([{"id":"evt"}])",
             R"("id")",
             R"({"":{"id":"a"}})",
             R"({"nested":{"id":"a","data":{"object":{"id":"b"}}}})",
             "{\"id\":\"\xff\"}",
             R"({"id":"a"} x)",
             R"({"id":"a")",
             R"({"id":"a",})",
             "",
             "\x01\x02",
         }) {
        expect_agreement(text);
    }
}

TEST(JsonScan, RefusesWhatTheParserRefuses) {
    const std::string deep =
        std::string(json_depth_max + 1, '[') + std::string(json_depth_max + 1, ']');
    const std::string fits = std::string(json_depth_max, '[') + std::string(json_depth_max, ']');
    expect_agreement(deep);
    expect_agreement(fits);
    EXPECT_FALSE(scan_json(deep, json_bytes_max, paths));
    EXPECT_TRUE(scan_json(fits, json_bytes_max, paths));
    EXPECT_EQ(scan_json("{}  ", 3, paths).error().code, ErrorCode::invalid_input);
    EXPECT_EQ(scan_json("{", 9, paths).error().message, parse_json("{", 9).error().message);
}

// Texts made of a few tokens in random order, most of them nearly JSON.
TEST(JsonScan, AgreesWithTheParserOnRandomTexts) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const std::vector<std::string_view> tokens = {"{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  ",",
                                                  R"("id":)",
                                                  R"("data":)",
                                                  R"("object":)",
                                                  R"("created":)",
                                                  R"("x")",
                                                  "1",
                                                  "true",
                                                  "null",
                                                  "{\"data\":{\"object\":{",
                                                  "}}}",
                                                  R"("i\u0064":)"};
    for (int round = 0; round < 30'000 && !testing::Test::HasFailure(); ++round) {
        std::string text = random() % 4 == 0 ? "" : "{";
        for (std::size_t n = random() % 14; n > 0; --n) text += tokens[random() % tokens.size()];
        if (random() % 2 == 0) text += "}";
        expect_agreement(text);
    }
}

}  // namespace
}  // namespace paydesk
