// The pure parts: header fields, percent-encoding, forms, CORS, security headers, problems.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "http/cors.h"
#include "http/security_headers.h"
#include "http/server.h"

namespace paydesk::http {
namespace {

using testing::HasSubstr, testing::Not;

TEST(Headers, NamesCompareWithoutCase) {
    Headers headers = {
        {"Content-Type", "a"},
        {"X",            "1"},
        {"content-type", "b"}
    };
    EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
    EXPECT_EQ(headers.get("Content"), "");
    headers.set("CONTENT-type", "c");
    EXPECT_EQ(headers.size(), 2u);
    EXPECT_EQ(headers.get("content-type"), "c");
    EXPECT_FALSE(headers.contains("y"));
}

TEST(PercentCoding, Table) {
    EXPECT_EQ(percent_encode("a b/~é\n"), "a%20b%2F~%C3%A9%0A");
    EXPECT_EQ(percent_decode("a%20b%2f+", false), "a b/+");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
    for (const char* bad : {"%", "%4", "a%zz", "%%41"})
        EXPECT_FALSE(percent_decode(bad, false).has_value()) << bad;
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(percent_decode(percent_encode(all), true), all);
}

TEST(ParseForm, Table) {
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(parse_form(""), Pairs{});
    EXPECT_EQ(
        parse_form("a=1&b=x+y&a=%3D&&c&=d&e=f=g&h=%"),
        (Pairs{
            {"a", "1"  },
            {"b", "x y"},
            {"a", "="  },
            {"c", ""   },
            {"",  "d"  },
            {"e", "f=g"},
            {"h", "%"  }
    }));
}

TEST(Problem, IsProblemJsonWithTheOldField) {
    const Response response = problem({ErrorCode::rate_limited, "Slow down.", "for logs: secret"});
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(response.headers.get("Retry-After"), "1");
    EXPECT_EQ(boost::json::parse(response.body), (boost::json::value{
                                                     {"type",   "urn:paydesk:error:rate_limited"},
                                                     {"title",  "Too many requests."            },
                                                     {"status", 429                             },
                                                     {"code",   "rate_limited"                  },
                                                     {"detail", "Slow down."                    },
                                                     {"error",  "Slow down."                    }
    }));
    EXPECT_EQ(problem({ErrorCode::unauthenticated, ""}).headers.get("WWW-Authenticate"), "Bearer");
}

TEST(ParseOrigin, Table) {
    const std::vector<std::pair<const char*, const char*>> good = {
        {"https://app.example.com",     "https://app.example.com"},
        {"HTTPS://App.Example.com:443", "https://app.example.com"},
        {"http://localhost:3000",       "http://localhost:3000"  },
        {"http://127.0.0.1:80",         "http://127.0.0.1"       },
        {"http://[::1]:5173",           "http://[::1]:5173"      },
    };
    for (const auto& [text, origin] : good) EXPECT_EQ(*parse_origin(text), origin);
    for (const char* bad :
         {"", "*", "null", "app.example.com", "https://", "https://a/", "https://a/b",
          "https://u@a", "ftp://a", "https://a b", "https://:80", "javascript:x"})
        EXPECT_EQ(parse_origin(bad).error().code, ErrorCode::invalid_input) << bad;
}

Request from(const std::string& origin, const std::string& method = "GET", Headers more = {}) {
    Request request{.method = method, .path = "/api/plans", .headers = std::move(more)};
    if (!origin.empty()) request.headers.add("Origin", origin);
    return request;
}

TEST(Cors, OnlyListedOriginsAreAllowed) {
    const Cors cors({"https://app.example.com"});
    for (const char* origin :
         {"", "null", "*", "https://app.example.com.evil.net", "https://evil.net",
          "http://app.example.com", "https://app.example.com:8443"}) {
        Response response;
        cors.apply(from(origin), response);
        EXPECT_FALSE(response.headers.contains("Access-Control-Allow-Origin")) << origin;
        EXPECT_EQ(response.headers.get("Vary"), "Origin");
    }
    Response response{.headers = {{"Vary", "Accept-Encoding"}}};
    cors.apply(from("https://app.example.com"), response);
    EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "https://app.example.com");
    EXPECT_EQ(response.headers.get("Vary"), "Accept-Encoding, Origin");
    EXPECT_FALSE(response.headers.contains("Access-Control-Allow-Credentials"));
    EXPECT_FALSE(response.headers.contains("Access-Control-Allow-Methods"));
}

TEST(Cors, APreflightLearnsMethodsAndHeaders) {
    const Cors cors({"https://app.example.com"});
    Response response{.status = 204, .headers = {{"Allow", "OPTIONS, PATCH"}}};
    const Request request = from("https://app.example.com", "OPTIONS",
                                 {
                                     {"Access-Control-Request-Method", "PATCH"}
    });
    EXPECT_TRUE(Cors::is_preflight(request));
    cors.apply(request, response);
    EXPECT_EQ(response.headers.get("Access-Control-Allow-Methods"), "OPTIONS, PATCH");
    EXPECT_THAT(response.headers.get("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
    EXPECT_EQ(response.headers.get("Access-Control-Max-Age"), "600");
}

TEST(SecurityHeaders, ThePolicyRunsOnlyOurOwnScripts) {
    const std::string policy(page_security_headers().get("Content-Security-Policy"));
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self';"));
    EXPECT_THAT(policy, HasSubstr("connect-src 'self';"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe-eval")));
    const std::vector<std::string> hosts = {"https://a.supabase.co", "wss://a.supabase.co"};
    EXPECT_THAT(page_security_headers(hosts).get("Content-Security-Policy"),
                HasSubstr("connect-src 'self' https://a.supabase.co wss://a.supabase.co;"));
    Response response{.headers = {{"Cache-Control", "max-age=60"}}};
    add_missing(response, api_security_headers());
    EXPECT_EQ(response.headers.get("Cache-Control"), "max-age=60");
    EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
}

}  // namespace
}  // namespace paydesk::http
