// Keys: which are usable, when they are fetched, and what happens when they cannot be.

#include "auth/jwks.h"

#include <gtest/gtest.h>

#include "auth/auth_test_keys.h"
#include "base/json.h"

namespace paydesk::auth {
namespace {

using namespace std::chrono_literals;
using test::KeyPair, test::SignInService;

json::object with(json::object jwk, const char* name, json::value value) {
    jwk[name] = std::move(value);
    return jwk;
}

TEST(PublicKey, OnlyStrongKeysForSignatures) {
    const json::object p256 = KeyPair::p256("a").jwk(), rsa = KeyPair::rsa("b").jwk();
    EXPECT_EQ(PublicKey::from_jwk(p256)->alg(), "ES256");
    EXPECT_EQ(PublicKey::from_jwk(rsa)->alg(), "RS256");
    const std::vector<std::pair<const char*, json::value>> bad = {
        {"a symmetric key",
         json::value{{"kty", "oct"}, {"k", "c2VjcmV0"}, {"kid", "a"}, {"alg", "HS256"}}},
        {"for another algorithm", with(rsa, "alg", "PS256")},
        {"HMAC with an RSA key", with(rsa, "alg", "HS256")},
        {"for encryption", with(p256, "use", "enc")},
        {"for signing only", with(p256, "key_ops", {"sign"})},
        {"another curve", with(p256, "crv", "P-384")},
        {"not on the curve", with(p256, "x", p256.at("y"))},
        {"half a coordinate", with(p256, "x", "AAAA")},
        {"not base64url", with(p256, "x", "????")},
        {"an RSA key of 1024 bits", KeyPair::rsa("c", 1024).jwk()},
        {"an exponent of 1", with(rsa, "e", "AQ")},
        {"an even exponent", with(rsa, "e", "Ag")},
        {"an endless modulus", with(rsa, "n", json::value(std::string(8'000, 'A')))},
        {"no fields", json::value{{"kty", "RSA"}}},
        {"not an object", 7},
    };
    for (const auto& [what, jwk] : bad) EXPECT_FALSE(PublicKey::from_jwk(jwk)) << what;
}

TEST(ParseJwks, IsBounded) {
    json::array keys;
    json::object key = KeyPair::p256("k").jwk();
    for (int i = 0; i < 100; ++i)
        keys.push_back(with(key, "kid", json::value("k" + std::to_string(i))));
    EXPECT_EQ(parse_jwks(json::serialize(json::value{
                             {"keys", keys}
    }))
                  ->size(),
              jwks_keys_max);
    EXPECT_EQ(parse_jwks(R"({"keys":[]})")->size(), 0u) << "a project that still signs by secret";
    EXPECT_EQ(parse_jwks(R"({"keys":[7,{},{"kid":""},{"kid":"a"}]})")->size(), 0u);
    for (const char* bad : {"", "{}", "[]", R"({"keys":{}})", "<html>"})
        EXPECT_FALSE(parse_jwks(bad)) << bad;
    EXPECT_FALSE(parse_jwks(R"({"keys":[)" + std::string(jwks_bytes_max, ' ') + "]}"));
}

class JwksTest : public testing::Test {
protected:
    JwksTest() { service_.keys = {old_.jwk()}; }
    Jwks::Found find(const std::string& kid) {
        Jwks::Found found;
        run_to_end([&](asio::io_context& io) -> Task<> {
            service_.io = &io;
            found = co_await jwks_->find(kid);
        });
        return found;
    }

    static inline const KeyPair old_ = KeyPair::p256("old");
    static inline const KeyPair new_ = KeyPair::p256("new");
    ManualClock clock_{from_unix(1'800'000'000)};
    SignInService service_;
    std::shared_ptr<Jwks> jwks_ = std::make_shared<Jwks>("https://x/jwks.json", service_, clock_);
};

TEST_F(JwksTest, AreKeptAndFetchedAgainWhenOld) {
    EXPECT_TRUE(find("old").key);
    EXPECT_TRUE(find("old").key);
    EXPECT_EQ(service_.asked, 1);
    clock_.advance(jwks_age_max + 1s);
    EXPECT_TRUE(find("old").key);
    EXPECT_EQ(service_.asked, 2);
}

TEST_F(JwksTest, ARotatedKeyIsFoundAtOnce) {
    EXPECT_TRUE(find("old").key);
    clock_.advance(jwks_fetch_pause);
    service_.keys = {old_.jwk(), new_.jwk()};
    EXPECT_TRUE(find("new").key);
    EXPECT_EQ(service_.asked, 2);
}

TEST_F(JwksTest, StrangersCannotMakeUsAskWithoutEnd) {
    for (int i = 0; i < 100; ++i) {
        const auto found = find("unknown" + std::to_string(i));
        EXPECT_FALSE(found.key);
        EXPECT_TRUE(found.reliable);
    }
    EXPECT_EQ(service_.asked, 1);
    clock_.advance(jwks_fetch_pause);
    EXPECT_FALSE(find("unknown").key);
    EXPECT_EQ(service_.asked, 2);
}

TEST_F(JwksTest, OneFetchForAllWhoWait) {
    service_.delay = 20ms;
    int done = 0;
    run_to_end([&](asio::io_context& io) -> Task<> {
        service_.io = &io;
        const auto one = [&]() -> Task<> {
            EXPECT_TRUE((co_await jwks_->find("old")).key);
            ++done;
        };
        for (int i = 0; i < 50; ++i) spawn(io, "find", one());
        while (done < 50) co_await sleep_for(io, 2ms);
    });
    EXPECT_EQ(service_.asked, 1);
}

TEST_F(JwksTest, AnOutageKeepsWhatIsKnown) {
    EXPECT_TRUE(find("old").key);
    for (const char* how : {"away", "500", "html"}) {
        service_.away = how == std::string_view("away");
        service_.status = how == std::string_view("500") ? 500 : 200;
        service_.body_instead = how == std::string_view("html") ? "<html>" : "";
        clock_.advance(jwks_age_max + 1s);
        EXPECT_TRUE(find("old").key) << how;
        clock_.advance(jwks_fetch_pause);
        const auto found = find("new");
        EXPECT_FALSE(found.key) << how;
        EXPECT_FALSE(found.reliable)
            << how << ": the key may exist, so this is not the caller's fault";
    }
    clock_.advance(jwks_stale_max);
    EXPECT_FALSE(find("old").key) << "a key that nobody confirmed for a day";
    service_.body_instead = "";
    clock_.advance(jwks_fetch_pause);
    EXPECT_TRUE(find("old").key) << "and back";
}

TEST_F(JwksTest, NobodyWaitsForAFetchWhoseKeyIsKnown) {
    EXPECT_TRUE(find("old").key);
    clock_.advance(jwks_age_max + 1s);
    service_.delay = 500ms;
    run_to_end([&](asio::io_context& io) -> Task<> {
        service_.io = &io;
        const auto began = std::chrono::steady_clock::now();
        EXPECT_TRUE((co_await jwks_->find("old")).key);
        EXPECT_LT(std::chrono::steady_clock::now() - began, 400ms);
    });
    EXPECT_EQ(service_.asked, 2);
}

}  // namespace
}  // namespace paydesk::auth
