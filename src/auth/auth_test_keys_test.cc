// Keys and tokens of auth's tests.
#include "auth/auth_test_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/assert.h"
#include "base/crypto.h"

namespace paydesk::auth::test {

namespace json = boost::json;

namespace {

std::string number(const EVP_PKEY* key, const char* name, std::size_t size = 0) {
    BIGNUM* value = nullptr;
    PD_ASSERT(EVP_PKEY_get_bn_param(key, name, &value) == 1);
    if (size == 0) size = static_cast<std::size_t>(BN_num_bytes(value));
    std::string bytes(size, '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size));
    BN_free(value);
    return base64url_encode(bytes);
}

}  // namespace

KeyPair::KeyPair(std::string kid, std::string alg, evp_pkey_st* key)
    : kid_(std::move(kid)), alg_(std::move(alg)), key_(key, &EVP_PKEY_free) {}

KeyPair KeyPair::p256(std::string kid) { return {std::move(kid), "ES256", EVP_EC_gen("P-256")}; }

KeyPair KeyPair::rsa(std::string kid, unsigned bits) {
    return {std::move(kid), "RS256", EVP_RSA_gen(bits)};
}

json::object KeyPair::jwk() const {
    json::object jwk = {
        {"kid",     kid_      },
        {"alg",     alg_      },
        {"use",     "sig"     },
        {"key_ops", {"verify"}}
    };
    if (alg_ == "ES256") {
        jwk["kty"] = "EC";
        jwk["crv"] = "P-256";
        jwk["x"] = number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32);
        jwk["y"] = number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    } else {
        jwk["kty"] = "RSA";
        jwk["n"] = number(key_.get(), OSSL_PKEY_PARAM_RSA_N);
        jwk["e"] = number(key_.get(), OSSL_PKEY_PARAM_RSA_E);
    }
    return jwk;
}

std::string KeyPair::pem() const {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(memory, key_.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory, &text);
    std::string pem(text, static_cast<std::size_t>(size));
    BIO_free(memory);
    return pem;
}

std::string KeyPair::sign(std::string_view message) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    PD_ASSERT(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
    unsigned char bytes[1024];
    std::size_t size = sizeof bytes;
    PD_ASSERT(EVP_DigestSign(context, bytes, &size,
                             reinterpret_cast<const unsigned char*>(message.data()),
                             message.size()) == 1);
    EVP_MD_CTX_free(context);
    if (alg_ == "RS256") return {reinterpret_cast<char*>(bytes), size};

    const unsigned char* der = bytes;
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    std::string raw(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
    ECDSA_SIG_free(pair);
    return raw;
}

std::string KeyPair::token(const json::object& claims, json::object header) const {
    if (!header.contains("alg")) header["alg"] = alg_;
    if (!header.contains("kid")) header["kid"] = kid_;
    const std::string unsigned_token = join(header, claims, "");
    const std::string signed_part = unsigned_token.substr(0, unsigned_token.size() - 1);
    return join(header, claims, sign(signed_part));
}

std::string join(const json::object& header, const json::object& claims,
                 std::string_view signature) {
    return base64url_encode(json::serialize(header)) + "." +
           base64url_encode(json::serialize(claims)) + "." + base64url_encode(signature);
}

std::string hs256(const json::object& header, const json::object& claims, std::string_view secret) {
    const std::string unsigned_token = join(header, claims, "");
    return join(header, claims,
                hmac_sha256(secret, unsigned_token.substr(0, unsigned_token.size() - 1)));
}

Task<http::ClientResponse> SignInService::send(http::ClientRequest request) {
    ++asked;
    asked_url = request.url;
    if (delay.count() > 0) co_await sleep_for(*io, delay);
    if (away) throw http::TransportError("connection refused", true);
    const std::string body = json::serialize(json::value{
        {"keys", keys}
    });
    co_return http::ClientResponse{
        .status = status, .headers = {}, .body = body_instead.empty() ? body : body_instead};
}

}  // namespace paydesk::auth::test
