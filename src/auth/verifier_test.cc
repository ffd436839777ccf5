// Which tokens are believed. Every bad token below differs from a good one in one thing.

#include "auth/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/auth_test_keys.h"
#include "auth/local_tokens.h"
#include "base/crypto.h"
#include "base/json.h"

namespace paydesk::auth {
namespace {

using test::KeyPair, test::SignInService;
using testing::HasSubstr;

const std::string secret = "a secret of at least thirty-two bytes";
const std::string issuer = "https://abc.supabase.co/auth/v1";
const std::string user_id = "0190a1b2-c3d4-7e5f-8a9b-0123456789ab";
constexpr std::int64_t now_unix = 1'800'000'000;

json::object claims_of_user() {
    return {
        {"iss",           issuer                              },
        {"sub",           user_id                             },
        {"aud",           "authenticated"                     },
        {"role",          "authenticated"                     },
        {"exp",           now_unix + 3600                     },
        {"iat",           now_unix                            },
        {"email",         "ada@example.com"                   },
        {"aal",           "aal2"                              },
        {"session_id",    "s-1"                               },
        {"is_anonymous",  false                               },
        {"app_metadata",  {{"provider", "email"}}             },
        {"user_metadata", {{"role", "admin"}, {"name", "Ada"}}}
    };
}

json::object with(json::object claims,
                  std::initializer_list<std::pair<const char*, json::value>> changes) {
    for (const auto& [name, value] : changes) claims[name] = value;
    return claims;
}

json::object without(json::object claims, const char* name) {
    claims.erase(name);
    return claims;
}

std::string by_secret(const json::object& claims) {
    return test::hs256(
        {
            {"alg", "HS256"},
            {"typ", "JWT"  }
    },
        claims, secret);
}

class VerifierTest : public testing::Test {
protected:
    VerifierTest() {
        service_.keys = {p256_.jwk(), rsa_.jwk()};
        make({});
    }
    void make(VerifierOptions changes) {
        options_ = std::move(changes);
        if (options_.jwt_secret.empty()) options_.jwt_secret = secret;
        if (options_.jwks_url.empty()) options_.jwks_url = issuer + "/.well-known/jwks.json";
        if (options_.issuer.empty()) options_.issuer = issuer;
        options_.service_keys = {"", "sb_secret_0123456789"};
        verifier_ = std::make_unique<Verifier>(options_, service_, clock_);
    }
    Result<Principal> verify(const std::string& token, const std::string& acting_for = {}) {
        std::optional<Result<Principal>> result;
        run_to_end([&](asio::io_context&) -> Task<> {
            result.emplace(co_await verifier_->verify(token, acting_for));
        });
        return *std::move(result);
    }
    void expect_refused(const char* what, const std::string& token) {
        const auto result = verify(token);
        ASSERT_FALSE(result) << what;
        EXPECT_EQ(result.error().code, ErrorCode::unauthenticated) << what;
    }

    static inline const KeyPair p256_ = KeyPair::p256("k1");
    static inline const KeyPair rsa_ = KeyPair::rsa("k2");
    ManualClock clock_{from_unix(now_unix)};
    SignInService service_;
    VerifierOptions options_;
    std::unique_ptr<Verifier> verifier_;
};

TEST_F(VerifierTest, GoodTokensOfEveryKind) {
    const auto claims = claims_of_user();
    for (const std::string& token : {by_secret(claims), p256_.token(claims), rsa_.token(claims)}) {
        for (const char* time : {"checked", "from the cache"}) {
            const auto result = verify(token);
            ASSERT_TRUE(result) << time << ": " << result.error().message << result.error().detail;
            EXPECT_EQ(result->kind, Principal::Kind::user);
            EXPECT_EQ(result->account.value, user_id);
            EXPECT_EQ(result->email, "ada@example.com");
            EXPECT_EQ(result->role, "authenticated");
            EXPECT_EQ(result->session_id, "s-1");
            EXPECT_EQ(result->aal, "aal2");
            EXPECT_FALSE(result->is_admin) << "user_metadata must not make an admin";
            EXPECT_FALSE(result->is_anonymous);
            EXPECT_EQ(*parse_json(result->claims_json), json::value(claims));
        }
    }
    EXPECT_EQ(service_.asked, 1);
    EXPECT_EQ(service_.asked_url, issuer + "/.well-known/jwks.json");
}

TEST_F(VerifierTest, ClaimsThatAreFine) {
    const auto good = claims_of_user();
    const std::vector<std::pair<const char*, json::object>> rows = {
        {"aud is an array",                      with(good,    {{"aud", {"other", "authenticated"}}})              },
        {"expired within the skew",              with(good,    {{"exp", now_unix - 29}})                           },
        {"valid from now within the skew",       with(good,    {{"nbf", now_unix + 30}})                           },
        {"no email",                             without(good, "email")                                            },
        {"no app_metadata",                      without(good, "app_metadata")                                     },
        {"exp far beyond what a clock can hold",
         with(good,                                            {{"exp", std::numeric_limits<std::int64_t>::max()}})},
        {"client_id is null",                    with(good,    {{"client_id", nullptr}})                           },
    };
    for (const auto& [what, claims] : rows) EXPECT_TRUE(verify(by_secret(claims))) << what;
    EXPECT_EQ(verify(by_secret(with(good,
                                    {
                                        {"sub", "0190A1B2-C3D4-7E5F-8A9B-0123456789AB"}
    })))
                  ->account.value,
              user_id);
    EXPECT_TRUE(verify(by_secret(with(good,
                                      {
                                          {"is_anonymous", true}
    })))
                    ->is_anonymous);
    const auto nul = verify(by_secret(with(good, {
                                                     {"email", json::string("a\0b", 3)}
    })));
    EXPECT_EQ(nul->email, "ab");
    EXPECT_THAT(nul->claims_json, testing::Not(HasSubstr("\\u0000"))) << "jsonb cannot hold it";
}

TEST_F(VerifierTest, AdminsAreMadeByAppMetadataAlone) {
    for (const auto& [role, admin] : {
             std::pair("admin", true),
             {"super_admin", true },
             {"Admin",       false},
             {"user",        false},
             {"",            false}
    }) {
        const auto claims = with(claims_of_user(), {
                                                       {"app_metadata", {{"role", role}}}
        });
        EXPECT_EQ(verify(by_secret(claims))->is_admin, admin) << role;
    }
}

TEST_F(VerifierTest, ClaimsThatAreNot) {
    const auto good = claims_of_user();
    const std::vector<std::pair<const char*, json::object>> rows = {
        {"expired", with(good, {{"exp", now_unix - 30}})},
        {"no exp", without(good, "exp")},
        {"exp is a string", with(good, {{"exp", json::value(std::to_string(now_unix + 3600))}})},
        {"exp is a fraction", with(good, {{"exp", 1.9e9 + 0.5}})},
        {"exp is negative", with(good, {{"exp", std::numeric_limits<std::int64_t>::min()}})},
        {"not valid yet", with(good, {{"nbf", now_unix + 31}})},
        {"nbf is a string", with(good, {{"nbf", "soon"}})},
        {"another issuer", with(good, {{"iss", "https://evil.example/auth/v1"}})},
        {"no issuer", without(good, "iss")},
        {"another audience", with(good, {{"aud", "anon"}})},
        {"an array of other audiences", with(good, {{"aud", {"anon", 7}}})},
        {"no audience", without(good, "aud")},
        {"another role", with(good, {{"role", "postgres"}})},
        {"role of a service with a sub", with(good, {{"role", "service_role"}})},
        {"role is an array", with(good, {{"role", {"authenticated"}}})},
        {"no role", without(good, "role")},
        {"no sub", without(good, "sub")},
        {"an empty sub", with(good, {{"sub", ""}})},
        {"sub is no UUID", with(good, {{"sub", "user_2abc"}})},
        {"sub is a number", with(good, {{"sub", 7}})},
        {"of a third party's app", with(good, {{"client_id", "app"}, {"scope", "openid"}})},
        {"the anonymous API key",
         json::object{
             {"iss", "supabase"}, {"ref", "abc"}, {"role", "anon"}, {"exp", now_unix + 3600}}},
    };
    for (const auto& [what, claims] : rows) {
        expect_refused(what, by_secret(claims));
        expect_refused(what, p256_.token(claims));
    }
}

TEST_F(VerifierTest, ThePublicApiKeyGetsAHint) {
    const auto result = verify(by_secret({
        {"iss",  "supabase"     },
        {"role", "anon"         },
        {"exp",  now_unix + 3600}
    }));
    EXPECT_THAT(result.error().message, HasSubstr("public API key"));
}

TEST_F(VerifierTest, SignaturesThatAreNot) {
    const auto claims = claims_of_user();
    const std::string good = p256_.token(claims);
    const KeyPair stranger = KeyPair::p256("k1");
    const std::string public_key = json::serialize(p256_.jwk());
    const auto hs = [&](const std::string& key, json::object header) {
        return test::hs256(header, claims, key);
    };
    const std::vector<std::pair<const char*, std::string>> rows = {
        {"no algorithm", test::join({{"alg", "none"}}, claims, "")},
        {"no algorithm, with a kid", test::join({{"alg", "none"}, {"kid", "k1"}}, claims, "")},
        {"no algorithm, in capitals", test::join({{"alg", "NONE"}}, claims, "")},
        {"an empty signature", test::join({{"alg", "HS256"}}, claims, "")},
        {"another secret", hs("another", {{"alg", "HS256"}})},
        {"an empty secret", hs("", {{"alg", "HS256"}})},
        {"HMAC with the public key's JSON", hs(public_key, {{"alg", "HS256"}, {"kid", "k1"}})},
        {"HMAC with the public key's PEM", hs(rsa_.pem(), {{"alg", "HS256"}, {"kid", "k2"}})},
        {"HS512 by name", hs(secret, {{"alg", "HS512"}})},
        {"hs256 in small letters", hs(secret, {{"alg", "hs256"}})},
        {"alg is not a string", hs(secret, {{"alg", 256}})},
        {"a stranger's key under our kid", stranger.token(claims)},
        {"an unknown kid", p256_.token(claims, {{"kid", "k9"}})},
        {"an empty kid", p256_.token(claims, {{"kid", ""}})},
        {"the kid of another key", p256_.token(claims, {{"kid", "k2"}})},
        {"RS256 under the kid of an EC key", rsa_.token(claims, {{"kid", "k1"}})},
        {"ES256 by header, RSA by kid", rsa_.token(claims, {{"alg", "ES256"}})},
        {"PS256", rsa_.token(claims, {{"alg", "PS256"}})},
        {"crit", p256_.token(claims, {{"crit", {"b64"}}, {"b64", false}})},
        {"cut short", good.substr(0, good.size() - 4)},
        {"one byte more", good + "AAAA"},
        {"the claims of another",
         test::join({{"alg", "ES256"}, {"kid", "k1"}}, with(claims, {{"email", "eve@example.com"}}),
         *base64url_decode(good.substr(good.rfind('.') + 1)))},
        {"an all-zero signature",
         test::join({{"alg", "ES256"}, {"kid", "k1"}}, claims, std::string(64, '\0'))},
    };
    for (const auto& [what, token] : rows) expect_refused(what, token);
    EXPECT_TRUE(verify(good));
}

TEST_F(VerifierTest, TextsThatAreNoTokens) {
    const std::string good = by_secret(claims_of_user());
    const std::string megabytes(10'000'000, 'a');
    for (const std::string& text :
         {std::string(), std::string("x"), std::string(".."), std::string("..."), good + ".",
          "." + good, good + " ", " " + good, std::string("bnVsbA.bnVsbA.bnVsbA"),
          std::string("W10.W10."), std::string("e30.e30."), megabytes,
          megabytes + "." + megabytes + ".", std::string(7'000, '[') + ".e30.",
          std::string("\0.\0.\0", 5), base64url_encode(std::string(5'000, '[')) + ".e30.e30"})
        expect_refused(text.substr(0, 40).c_str(), text);
}

TEST_F(VerifierTest, WithoutASecretNoHmacIsBelieved) {
    options_.jwt_secret = "";
    verifier_ = std::make_unique<Verifier>(options_, service_, clock_);
    expect_refused("the right secret", by_secret(claims_of_user()));
    expect_refused("an empty one", test::hs256(
                                       {
                                           {"alg", "HS256"}
    },
                                       claims_of_user(), ""));
    EXPECT_TRUE(verify(p256_.token(claims_of_user())));
}

TEST_F(VerifierTest, WithoutAKeySetNoPublicKeyIsBelieved) {
    options_.jwks_url = "";
    verifier_ = std::make_unique<Verifier>(options_, service_, clock_);
    expect_refused("the right key", p256_.token(claims_of_user()));
    EXPECT_EQ(service_.asked, 0);
}

TEST_F(VerifierTest, ThirdPartiesOnlyWhereAllowed) {
    make({.allow_client_tokens = true});
    EXPECT_TRUE(verify(by_secret(with(claims_of_user(), {
                                                            {"client_id", "app"}
    }))));
}

TEST_F(VerifierTest, ServicesActForTheAccountTheyName) {
    const std::string legacy = by_secret({
        {"iss",  "supabase"     },
        {"ref",  "abc"          },
        {"role", "service_role" },
        {"exp",  now_unix + 3600}
    });
    for (const std::string& key : {std::string("sb_secret_0123456789"), legacy, legacy}) {
        const auto alone = verify(key);
        ASSERT_TRUE(alone);
        EXPECT_EQ(alone->kind, Principal::Kind::service);
        EXPECT_EQ(alone->account.value, "");
        EXPECT_FALSE(alone->is_admin);
        EXPECT_EQ(verify(key, user_id)->account.value, user_id);
        EXPECT_EQ(verify(key, "ada").error().code, ErrorCode::invalid_input);
    }
    expect_refused("a key's beginning", "sb_secret_012345678");
    expect_refused("a service's token by public key",
                   p256_.token({
                       {"iss",  "supabase"     },
                       {"role", "service_role" },
                       {"exp",  now_unix + 3600}
    }));
    expect_refused("an expired one", by_secret({
                                         {"role", "service_role"},
                                         {"exp",  now_unix - 31 }
    }));
    expect_refused("one without expiry", by_secret({
                                             {"role", "service_role"}
    }));
    EXPECT_EQ(
        verify(by_secret(claims_of_user()), "0190a1b2-c3d4-7e5f-8a9b-ffffffffffff")->account.value,
        user_id)
        << "a user acts for nobody else";
}

TEST_F(VerifierTest, ReadsTheHeadersOfARequest) {
    const auto ask = [&](http::Headers headers) {
        std::optional<Result<Principal>> result;
        run_to_end([&](asio::io_context&) -> Task<> {
            const http::Request request{.headers = headers};
            result.emplace(co_await verifier_->authenticate(request));
        });
        return *std::move(result);
    };
    const std::string token = by_secret(claims_of_user());
    EXPECT_TRUE(ask({
        {"authorization", "bearer " + token}
    }));
    EXPECT_EQ(ask({
                      {"apikey",          "sb_secret_0123456789"},
                      {"Paydesk-Account", user_id               }
    })
                  ->account.value,
              user_id);
    EXPECT_EQ(ask({
                      {"apikey",        "sb_secret_0123456789"},
                      {"Authorization", "Bearer " + token     }
    })
                  ->kind,
              Principal::Kind::user);
    for (const http::Headers& bad : {http::Headers{},
                                     {{"Authorization", token}},
                                     {{"Authorization", "Basic " + token}},
                                     {{"Authorization", "Bearer "}},
                                     {{"apikey", token}},
                                     {{"apikey", ""}}})
        EXPECT_EQ(ask(bad).error().code, ErrorCode::unauthenticated);
}

TEST_F(VerifierTest, AVerifiedTokenEndsWithItsExpiry) {
    const std::string token = p256_.token(with(claims_of_user(), {
                                                                     {"exp", now_unix + 60}
    }));
    EXPECT_TRUE(verify(token));
    clock_.advance(std::chrono::seconds(89));
    EXPECT_TRUE(verify(token));
    clock_.advance(std::chrono::seconds(1));
    expect_refused("expired", token);
}

TEST_F(VerifierTest, AWithdrawnKeyIsForgottenInTheEnd) {
    const std::string token = p256_.token(with(claims_of_user(), {
                                                                     {"exp", now_unix + 100'000}
    }));
    EXPECT_TRUE(verify(token));
    service_.keys = {rsa_.jwk()};
    clock_.advance(std::chrono::minutes(11));
    EXPECT_TRUE(verify(token)) << "due: this one starts the fetch";
    clock_.advance(std::chrono::minutes(11));
    expect_refused("the key is withdrawn", token);
}

TEST_F(VerifierTest, ManyTokensAreNotKeptForEver) {
    for (std::size_t i = 0; i < verified_tokens_max + 50; ++i)
        ASSERT_TRUE(verify(by_secret(
            with(claims_of_user(), {
                                       {"session_id", json::value(std::to_string(i))}
        }))));
    EXPECT_EQ(verifier_->tokens_kept(), verified_tokens_max);
}

TEST(LocalTokens, AreTokensLikeAnyOther) {
    ManualClock clock(from_unix(now_unix));
    SignInService service;
    Verifier verifier({.jwt_secret = secret, .issuer = "paydesk"}, service, clock);
    const LocalUser ada{.account = {user_id}, .email = "ada@example.com", .app_role = "admin"};
    run_to_end([&](asio::io_context&) -> Task<> {
        const auto token =
            mint_local_token(secret, ada, clock.now(), std::chrono::hours(1), "paydesk");
        const auto principal = co_await verifier.verify(token);
        EXPECT_TRUE(principal);
        EXPECT_EQ(principal->account.value, user_id);
        EXPECT_EQ(principal->email, "ada@example.com");
        EXPECT_TRUE(principal->is_admin);
        const auto foreign =
            co_await verifier.verify(mint_local_token("another", ada, clock.now()));
        EXPECT_EQ(foreign.error().code, ErrorCode::unauthenticated);
        clock.advance(std::chrono::hours(2));
        EXPECT_EQ((co_await verifier.verify(token)).error().code, ErrorCode::unauthenticated);
    });
}

}  // namespace
}  // namespace paydesk::auth
