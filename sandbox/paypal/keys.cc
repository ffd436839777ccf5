#include "sandbox/paypal/keys.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <zlib.h>

#include <memory>

#include "base/assert.h"
#include "base/crypto.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::string_view record = "_paypal_keys";
constexpr unsigned key_bits = 2048;
constexpr std::int64_t root_seconds = 3650 * day_seconds;
constexpr std::int64_t leaf_seconds = 365 * day_seconds;
constexpr std::int64_t renewed_before = 30 * day_seconds;

template <auto free_one>
struct Freed {
    template <class T>
    void operator()(T* one) const {
        free_one(one);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

Bio reading(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const Bio out(BIO_new(BIO_s_mem()));
    PD_ASSERT(PEM_write_bio_X509(out.get(), certificate) == 1);
    return text_of(out.get());
}

std::string pem_of(EVP_PKEY* key) {
    const Bio out(BIO_new(BIO_s_mem()));
    PD_ASSERT(PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text_of(out.get());
}

Key key_of(const std::string& pem) {
    return Key(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, nullptr));
}

Certificate certificate_of(const std::string& pem) {
    return Certificate(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}

void extend(X509* certificate, X509* issuer, int what, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
    PD_ASSERT(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

void name(X509_NAME* subject, const char* common_name) {
    const auto set = [&](const char* field, const char* value) {
        X509_NAME_add_entry_by_txt(subject, field, MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(value), -1, -1, 0);
    };
    set("O", "Paydesk sandbox");
    set("CN", common_name);
}

// Without its extensions and signature.
Certificate begun(EVP_PKEY* key, std::int64_t from, std::int64_t seconds, const char* common_name) {
    Certificate made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    std::uint64_t serial = 0;
    PD_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1U);
    ASN1_TIME_set(X509_getm_notBefore(made.get()), from - day_seconds);
    ASN1_TIME_set(X509_getm_notAfter(made.get()), from + seconds);
    X509_set_pubkey(made.get(), key);
    name(X509_get_subject_name(made.get()), common_name);
    return made;
}

}  // namespace

void Keys::make_root() {
    if (account_.store().find(record)) return;
    const Key key(EVP_RSA_gen(key_bits));
    PD_ASSERT(key != nullptr);
    const auto made =
        begun(key.get(), to_unix(clock_.now()), root_seconds, "Paydesk sandbox PayPal root");
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    extend(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extend(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(made.get(), made.get(), NID_subject_key_identifier, "hash");
    PD_ASSERT(X509_sign(made.get(), key.get(), EVP_sha256()) != 0);
    account_.store().add(
        record, record,
        Object{
            {"root",   pem_of(made.get())},
            {"key",    pem_of(key.get()) },
            {"leaves", json::array()     }
    });
    account_.commit();
}

void Keys::make_leaf() {
    make_root();
    const Object& all = *account_.store().find(record);
    const auto root = certificate_of(text(all, "root"));
    const auto root_key = key_of(text(all, "key"));
    const Key key(EVP_RSA_gen(key_bits));
    PD_ASSERT(root && root_key && key);
    const auto now = to_unix(clock_.now());
    const auto made =
        begun(key.get(), now, leaf_seconds, "messageverificationcerts.sandbox.paypal.com");
    X509_set_issuer_name(made.get(), X509_get_subject_name(root.get()));
    extend(made.get(), root.get(), NID_basic_constraints, "critical,CA:FALSE");
    extend(made.get(), root.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment");
    extend(made.get(), root.get(), NID_ext_key_usage, "serverAuth,clientAuth");
    extend(made.get(), root.get(), NID_subject_alt_name,
           "DNS:messageverificationcerts.sandbox.paypal.com");
    extend(made.get(), root.get(), NID_subject_key_identifier, "hash");
    extend(made.get(), root.get(), NID_authority_key_identifier, "keyid");
    PD_ASSERT(X509_sign(made.get(), root_key.get(), EVP_sha256()) != 0);
    const auto pem = pem_of(made.get());
    const auto digest = to_hex(sha256(pem));
    account_.edit(record)["leaves"].as_array().push_back(Object{
        {"name", "CERT-" + digest.substr(0, 32) + "-" + digest.substr(32, 8)},
        {"pem", pem},
        {"key", pem_of(key.get())},
        {"expires", now + leaf_seconds}
    });
    account_.commit();
}

const Object& Keys::leaf() {
    const auto newest = [&]() -> const Object* {
        const auto* all = account_.store().find(record);
        if (!all || children(*all, "leaves").empty()) return nullptr;
        return &children(*all, "leaves").back().get_object();
    };
    const auto* signs = newest();
    if (!signs || number(*signs, "expires") - renewed_before <= to_unix(clock_.now())) make_leaf();
    return *newest();
}

const Object* Keys::leaf_named(std::string_view name) const {
    const auto* all = account_.store().find(record);
    if (!all) return nullptr;
    for (const json::value& one : children(*all, "leaves")) {
        if (text(one.get_object(), "name") == name) return &one.get_object();
    }
    return nullptr;
}

std::string Keys::root() {
    make_root();
    return text(*account_.store().find(record), "root");
}

std::string Keys::certificate_url() {
    return account_.url("/v1/notifications/certs/" + text(leaf(), "name"));
}

std::optional<std::string> Keys::chain(std::string_view name) const {
    const auto* found = leaf_named(name);
    if (!found) return std::nullopt;
    return text(*found, "pem") + text(*account_.store().find(record), "root");
}

std::string Keys::sign(std::string_view message) {
    const auto key = key_of(text(leaf(), "key"));
    const Digest context(EVP_MD_CTX_new());
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
    PD_ASSERT(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
    PD_ASSERT(EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) == 1);
    std::string signature(size, '\0');
    PD_ASSERT(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                             &size, bytes, message.size()) == 1);
    return base64_encode(signature);
}

bool Keys::verifies(std::string_view certificate_url, std::string_view message,
                    std::string_view signature) const {
    const auto place = account_.url("/v1/notifications/certs/");
    if (!certificate_url.starts_with(place)) return false;
    const auto* found = leaf_named(certificate_url.substr(place.size()));
    const auto decoded = base64_decode(signature);
    if (!found || !decoded) return false;
    const auto certificate = certificate_of(text(*found, "pem"));
    const Digest context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                X509_get0_pubkey(certificate.get())) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(decoded->data()),
                            decoded->size(), reinterpret_cast<const unsigned char*>(message.data()),
                            message.size()) == 1;
}

std::string signed_text(std::string_view transmission_id, std::string_view transmission_time,
                        std::string_view webhook_id, std::string_view body) {
    const auto checksum =
        ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    std::string out(transmission_id);
    out += "|" + std::string(transmission_time) + "|" + std::string(webhook_id) + "|";
    return out + std::to_string(checksum);
}

}  // namespace paydesk::sandbox::paypal
