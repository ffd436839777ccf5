// The small things of base/: clock, ids, JSON, crypto, logs, metrics, errors.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/worker_pool.h"

namespace paydesk {
namespace {

TEST(Clock, Iso8601) {
    struct Case {
        const char *text, *same;  // nullptr: refused
    };
    const Case cases[] = {
        {"2026-11-20T12:34:56Z",           "2026-11-20T12:34:56Z"       },
        {"2026-11-20 12:34:56.5+00",       "2026-11-20T12:34:56.500000Z"},
        {"2026-11-20T14:34:56+02:00",      "2026-11-20T12:34:56Z"       },
        {"2026-11-20T12:34:56.123456789Z", "2026-11-20T12:34:56.123456Z"},
        {"2024-02-29T00:00:00Z",           "2024-02-29T00:00:00Z"       },
        {"2026-02-29T00:00:00Z",           nullptr                      },
        {"2026-11-20T12:34:56",            nullptr                      },
        {"2026-11-20",                     nullptr                      },
        {"2026-11-20T24:00:00Z",           nullptr                      },
        {"1969-12-31T23:59:59Z",           nullptr                      },
        {"2026-11-20T12:34:56Zx",          nullptr                      },
        {"2026-11-20T12:34:56.Z",          nullptr                      },
        {"",                               nullptr                      },
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.text);
        const auto instant = parse_iso8601(c.text);
        ASSERT_EQ(instant.has_value(), c.same != nullptr);
        if (instant) EXPECT_EQ(to_iso8601(*instant), c.same);
    }
    EXPECT_EQ(to_unix(from_unix(1'700'000'000)), 1'700'000'000);
}

TEST(Ids, UuidV7) {
    const Instant now = from_unix(1'763'640'000);
    const std::string id = uuid_v7(now);
    std::string before = id;
    for (int i = 0; i < 1'000; ++i) {
        std::string next = uuid_v7(now);
        EXPECT_LT(before, next) << "in the order in which they are made";
        before = std::move(next);
    }
    EXPECT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '7');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_LT(before, uuid_v7(now + std::chrono::milliseconds{1}));
    EXPECT_GT(before, uuid_v7(now - std::chrono::seconds{1})) << "a clock that was set back";
    EXPECT_TRUE(parse_uuid(id));
    EXPECT_EQ(parse_uuid("0198AAAA-0000-7000-8000-00000000000F").value(),
              "0198aaaa-0000-7000-8000-00000000000f");
    for (const char* bad : {"", "0198aaaa", "0198aaaa-0000-7000-8000-00000000000g",
                            "0198aaaa00000-7000-8000-00000000000f"}) {
        EXPECT_FALSE(parse_uuid(bad)) << bad;
    }
    EXPECT_EQ(random_alphanumeric(24).size(), 24u);
}

TEST(Json, Limits) {
    EXPECT_TRUE(parse_json(R"({"a":[1,2,{"b":null}]})"));
    EXPECT_FALSE(parse_json(""));
    EXPECT_FALSE(parse_json("{} x"));
    EXPECT_FALSE(parse_json("[1,]"));
    EXPECT_FALSE(parse_json("\"\xff\""));
    EXPECT_FALSE(parse_json("[1,2,3]", 5));
    EXPECT_FALSE(parse_json(std::string(100'000, '[')));
    const auto deep = parse_json(std::string(33, '[') + std::string(33, ']'));
    ASSERT_FALSE(deep);
    EXPECT_NE(deep.error().message.find("byte"), std::string::npos);
}

TEST(Json, Readers) {
    const auto value =
        parse_json(R"({"a":{"list":[{"id":"x","n":5,"f":1.5,"t":true,"nil":null}]}})").value();
    EXPECT_EQ(string_at(value, {"a", "list", "0", "id"}), "x");
    EXPECT_EQ(int_at(value, {"a", "list", "0", "n"}), 5);
    EXPECT_EQ(bool_at(value, {"a", "list", "0", "t"}), true);
    EXPECT_FALSE(int_at(value, {"a", "list", "0", "f"}));
    EXPECT_FALSE(int_at(value, {"a", "list", "0", "id"}));
    EXPECT_FALSE(string_at(value, {"a", "list", "1", "id"}));
    EXPECT_FALSE(string_at(value, {"a", "list", "-1", "id"}));
    EXPECT_EQ(at_path(value, {"a", "list", "0", "nil"}), nullptr);
    EXPECT_EQ(at_path(value, {"a", "list", "id"}), nullptr);
}

TEST(Json, LivesInTheMemoryThatItIsGiven) {
    json::monotonic_resource memory(4096);
    const std::string text = R"({"a":["one",{"two":2}],"b":null})";
    const auto value = parse_json(text, json_bytes_max, &memory);
    ASSERT_TRUE(value);
    EXPECT_EQ(value->storage().get(), &memory);
    const std::string kept = storable(*value);
    EXPECT_EQ(kept, text);
}

TEST(Json, StorableHasNoNul) {
    const auto value = parse_json(R"({"k\u0000ey":["a\u0000b",{"c":"\u0000"}],"n":1})").value();
    EXPECT_EQ(storable(value), R"({"key":["ab",{"c":""}],"n":1})");
}

TEST(Crypto, KnownAnswers) {
    EXPECT_EQ(to_hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(hmac_sha256("key", "The quick brown fox jumps over the lazy dog")),
              "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
    EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
    EXPECT_EQ(base64_encode("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
    EXPECT_EQ(base64_decode("YW55IGNhcm5hbCBwbGVhcw=="), "any carnal pleas");
    EXPECT_FALSE(base64url_decode("a"));
    EXPECT_FALSE(base64url_decode("ab=="));
    EXPECT_FALSE(base64url_decode("ab+/"));
    EXPECT_FALSE(base64url_decode("-_9"));  // left-over bits that are not zero
    EXPECT_FALSE(from_hex("abc"));
    EXPECT_EQ(from_hex("00ff").value(), std::string("\0\xff", 2));
    EXPECT_TRUE(constant_time_equal("same", "same"));
    EXPECT_FALSE(constant_time_equal("same", "sane"));
    EXPECT_FALSE(constant_time_equal("same", "samer"));
}

TEST(Crypto, EncodingsReadBack) {
    EXPECT_TRUE(rc::check("decode(encode(x)) is x", [](const std::string& bytes) {
        RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
        RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes);
        RC_ASSERT(from_hex(to_hex(bytes)) == bytes);
    }));
}

TEST(Log, RedactsSecrets) {
    struct Case {
        const char *text, *redacted;
    };
    const Case cases[] = {
        {"key sk_test_abcdefgh1234 used",                "key [redacted] used"               },
        {"whsec_abcdefghijkl",                           "[redacted]"                        },
        {"Authorization: Bearer abc.def-ghi",            "Authorization: [redacted]"         },
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",    "[redacted]"                        },
        {"postgres://paydesk:hunter2@db.example:5432/x",
         "postgres://paydesk:[redacted]@db.example:5432/x"                                   },
        {"card 4242 4242 4242 4242 declined",            "card [redacted] declined"          },
        {"card 4000-0000-0000-0002.",                    "card [redacted]."                  },
        {"cus_4242424242424242 at 1763640000",           "cus_4242424242424242 at 1763640000"},
        {"sub_1NXq at 2026-11-20T12:00:00Z",             "sub_1NXq at 2026-11-20T12:00:00Z"  },
        {"sk_test_",                                     "sk_test_"                          },
    };
    for (const auto& c : cases) EXPECT_EQ(log::redact(c.text), c.redacted);
}

TEST(Log, RedactsByName) {
    testing::internal::CaptureStderr();
    log::info("tried", {
                           {"webhook_secret", "hunter2"                                 },
                           {"nested",         {{"password", "hunter3"}, {"user", "ada"}}}
    });
    const std::string line = testing::internal::GetCapturedStderr();
    EXPECT_EQ(line.find("hunter"), std::string::npos) << line;
    const auto parsed = parse_json(line);
    ASSERT_TRUE(parsed) << line;
    EXPECT_EQ(string_at(*parsed, {"event"}), "tried");
    EXPECT_EQ(string_at(*parsed, {"nested", "user"}), "ada");
}

TEST(Metrics, Exposition) {
    metrics::count("test_requests_total", {
                                              {"route", "a\"b\n"}
    });
    metrics::count("test_requests_total", {
                                              {"route", "a\"b\n"}
    });
    metrics::gauge("test_connections", 3);
    metrics::observe_seconds("test_seconds", 0.002,
                             {
                                 {"route", "x"}
    });
    const std::string text = metrics::exposition();
    EXPECT_NE(text.find("test_requests_total{route=\"a\\\"b\\n\"} 2"), text.npos) << text;
    EXPECT_NE(text.find("test_connections 3"), text.npos) << text;
    EXPECT_NE(text.find("test_seconds_bucket{route=\"x\",le=\"0.0025\"} 1"), text.npos) << text;
}

TEST(Errors, NamesAreUniqueAndStatusesSane) {
    std::set<std::string_view> names;
    for (const ErrorInfo& e : error_table) {
        EXPECT_TRUE(names.insert(e.name).second) << e.name;
        EXPECT_GE(e.http_status, 400) << e.name;
        EXPECT_TRUE(e.title.ends_with('.')) << e.name;
    }
}

TEST(WorkerPool, RunsElsewhereAndReturnsHere) {
    run_to_end([](asio::io_context& io) -> Task<> {
        WorkerPool pool(io, 2);
        const auto here = std::this_thread::get_id();
        const auto there = co_await pool.run([] { return std::this_thread::get_id(); });
        EXPECT_NE(there, here);
        EXPECT_EQ(std::this_thread::get_id(), here);
        bool thrown = false;
        try {
            co_await pool.run([]() -> int { throw Unavailable("away"); });
        } catch (const Unavailable&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
    });
}

}  // namespace
}  // namespace paydesk
