#include "auth/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <boost/asio/this_coro.hpp>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"

namespace paydesk::auth {

namespace {

constexpr std::size_t rsa_bytes_least = 256, rsa_bytes_most = 1024, rsa_exponent_bytes_most = 8;
constexpr std::size_t p256_bytes = 32;
constexpr std::chrono::seconds fetch_timeout{5};

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* pointer) const {
        Free(pointer);
    }
};
using BigNumber = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using ParamList = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;
using KeyPointer = std::shared_ptr<EVP_PKEY>;

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

BigNumber big_number(std::string_view text) {
    return BigNumber(BN_bin2bn(bytes(text), static_cast<int>(text.size()), nullptr));
}

KeyPointer build(const char* kind, OSSL_PARAM_BLD* builder) {
    const ParamList params(OSSL_PARAM_BLD_to_param(builder));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return {};
    KeyPointer owned(key, &EVP_PKEY_free);
    const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return check && EVP_PKEY_public_check(check.get()) == 1 ? owned : KeyPointer();
}

std::string decoded(const json::value& jwk, std::string_view name) {
    const auto text = string_at(jwk, {name});
    return text ? base64url_decode(*text).value_or("") : "";
}

KeyPointer p256_key(const json::value& jwk) {
    const std::string x = decoded(jwk, "x"), y = decoded(jwk, "y"), point = "\x04" + x + y;
    if (string_at(jwk, {"crv"}) != "P-256" || x.size() != p256_bytes || y.size() != p256_bytes)
        return {};
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    return build("EC", builder.get());
}

KeyPointer rsa_key(const json::value& jwk) {
    const std::string modulus = decoded(jwk, "n"), exponent = decoded(jwk, "e");
    if (modulus.size() < rsa_bytes_least || modulus.size() > rsa_bytes_most || exponent.empty() ||
        exponent.size() > rsa_exponent_bytes_most)
        return {};
    const BigNumber n = big_number(modulus), e = big_number(exponent);
    if (BN_is_zero(e.get()) || BN_is_one(e.get()) || !BN_is_odd(e.get())) return {};
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    return build("RSA", builder.get());
}

// JOSE writes r and s side by side (RFC 7518 3.4), OpenSSL reads DER.
std::optional<std::string> to_der(std::string_view signature) {
    if (signature.size() != 2 * p256_bytes) return {};
    const EcdsaSignature pair(ECDSA_SIG_new());
    BigNumber r = big_number(signature.substr(0, p256_bytes));
    BigNumber s = big_number(signature.substr(p256_bytes));
    if (!pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
    (void)r.release();
    (void)s.release();
    unsigned char der[80];
    unsigned char* end = der;
    const int size = i2d_ECDSA_SIG(pair.get(), &end);
    if (size <= 0) return {};
    return std::string(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
}

bool is_for_signatures(const json::value& jwk) {
    if (const auto use = string_at(jwk, {"use"}); use && *use != "sig") return false;
    const json::value* operations = at_path(jwk, {"key_ops"});
    if (operations == nullptr || !operations->is_array()) return true;
    for (const json::value& operation : operations->get_array()) {
        if (operation == "verify") return true;
    }
    return false;
}

}  // namespace

std::optional<PublicKey> PublicKey::from_jwk(const json::value& jwk) {
    if (!jwk.is_object() || !is_for_signatures(jwk)) return {};
    const auto kind = string_at(jwk, {"kty"});
    const std::string_view alg = kind == "EC" ? "ES256" : kind == "RSA" ? "RS256" : "";
    if (alg.empty() || string_at(jwk, {"alg"}).value_or(std::string(alg)) != alg) return {};
    auto key = alg == "ES256" ? p256_key(jwk) : rsa_key(jwk);
    if (!key) return {};
    return PublicKey(alg, std::move(key));
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
    std::optional<std::string> der;
    if (alg_ == "ES256") {
        der = to_der(signature);
        if (!der) return false;
        signature = *der;
    }
    const DigestContext context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message),
                            message.size()) == 1;
}

std::optional<KeysById> parse_jwks(std::string_view text) {
    const auto set = parse_json(text, jwks_bytes_max);
    if (!set) return {};
    const json::value* list = at_path(*set, {"keys"});
    if (list == nullptr || !list->is_array()) return {};
    KeysById keys;
    for (const json::value& jwk : list->get_array()) {
        if (keys.size() == jwks_keys_max) break;
        const auto kid = string_at(jwk, {"kid"});
        if (!kid || kid->empty()) continue;
        if (auto key = PublicKey::from_jwk(jwk)) keys.emplace(*kid, *std::move(key));
    }
    return keys;
}

Jwks::Jwks(std::string url, http::Transport& transport, const Clock& clock)
    : url_(std::move(url)), transport_(transport), clock_(clock) {}

std::optional<PublicKey> Jwks::known(std::string_view kid) const {
    if (!fetched_at_ || clock_.now() - *fetched_at_ > jwks_stale_max) return {};
    const auto at = keys_.find(kid);
    return at == keys_.end() ? std::nullopt : std::optional(at->second);
}

bool Jwks::may_fetch() const {
    return !attempted_at_ || clock_.now() - *attempted_at_ >= jwks_fetch_pause;
}

Task<Jwks::Found> Jwks::find(std::string kid) {
    std::optional<PublicKey> key = known(kid);
    if (key) {
        const bool due = clock_.now() - *fetched_at_ > jwks_age_max;
        if (due && !fetching_ && may_fetch()) {
            const Executor executor = co_await asio::this_coro::executor;
            spawn(executor.context(), "auth_jwks_refresh", refresh(shared_from_this()));
        }
        co_return Found{.key = std::move(key), .reliable = true};
    }
    if (fetching_) {
        const auto signal = std::make_shared<Signal>();
        waiting_.push_back(signal);
        co_await signal->wait();
    } else if (may_fetch()) {
        co_await refresh(shared_from_this());
    }
    co_return Found{.key = known(kid), .reliable = !last_failed_};
}

Task<> Jwks::refresh(std::shared_ptr<Jwks> self) {
    self->attempted_at_ = self->clock_.now();
    self->fetching_ = true;
    self->last_failed_ = !co_await self->fetch();
    self->fetching_ = false;
    metrics::count("auth_jwks_fetches_total",
                   {
                       {"outcome", self->last_failed_ ? "failed" : "fetched"}
    });
    for (const auto& signal : std::exchange(self->waiting_, {})) signal->set();
}

// ENSURES: never throws; the keys change only on success.
Task<bool> Jwks::fetch() {
    std::string failure;
    try {
        const http::ClientResponse response =
            co_await transport_.send({.url = url_,
                                      .headers = {{"Accept", "application/json"}},
                                      .connect_timeout = fetch_timeout,
                                      .timeout = fetch_timeout,
                                      .response_bytes_max = jwks_bytes_max});
        auto keys = response.status == 200 ? parse_jwks(response.body) : std::nullopt;
        if (keys) {
            keys_ = *std::move(keys);
            fetched_at_ = clock_.now();
            co_return true;
        }
        failure = "status " + std::to_string(response.status) + ", no key set";
    } catch (const std::exception& error) {
        failure = error.what();
    }
    log::warning("auth_jwks_fetch_failed",
                 {
                     {"url",     json::value(url_)   },
                     {"failure", json::value(failure)}
    });
    co_return false;
}

}  // namespace paydesk::auth
