#pragma once
// For tests: authorities, certificates and signatures as PayPal has them, and as a forger would make them.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/clock.h"
#include "base/crypto.h"

namespace paydesk::provider::paypal {

struct FreeOpenSsl {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

struct Identity {
    std::unique_ptr<EVP_PKEY, FreeOpenSsl> key;
    std::unique_ptr<X509, FreeOpenSsl> certificate;

    std::string pem() const {
        const std::unique_ptr<BIO, FreeOpenSsl> bio(BIO_new(BIO_s_mem()));
        PD_ASSERT(PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
        char* text = nullptr;
        const auto size = BIO_get_mem_data(bio.get(), &text);
        return {text, static_cast<std::size_t>(size)};
    }

    std::string sign(std::string_view text) const {
        const std::unique_ptr<EVP_MD_CTX, FreeOpenSsl> context(EVP_MD_CTX_new());
        PD_ASSERT(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) ==
                  1);
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
        std::size_t size = 0;
        PD_ASSERT(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1);
        std::string signature(size, '\0');
        PD_ASSERT(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                                 &size, bytes, text.size()) == 1);
        signature.resize(size);
        return base64_encode(signature);
    }
};

struct NewIdentity {
    std::string name;                  // common name and, of a leaf, the DNS name
    const Identity* issuer = nullptr;  // none: signs itself
    bool is_authority = false;
    Instant from, until;
    unsigned bits = 2048;
};

inline void add_extension(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    PD_ASSERT(extension != nullptr);
    PD_ASSERT(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

inline Identity make_identity(const NewIdentity& wanted) {
    Identity made;
    made.key.reset(EVP_RSA_gen(wanted.bits));
    made.certificate.reset(X509_new());
    X509* x = made.certificate.get();
    PD_ASSERT(made.key && x);
    static long serial = 1;
    PD_ASSERT(X509_set_version(x, 2) == 1);
    PD_ASSERT(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++) == 1);
    PD_ASSERT(ASN1_TIME_set(X509_getm_notBefore(x), to_unix(wanted.from)) != nullptr);
    PD_ASSERT(ASN1_TIME_set(X509_getm_notAfter(x), to_unix(wanted.until)) != nullptr);
    PD_ASSERT(X509_set_pubkey(x, made.key.get()) == 1);
    X509_NAME* subject = X509_get_subject_name(x);
    PD_ASSERT(X509_NAME_add_entry_by_txt(
                  subject, "CN", MBSTRING_UTF8,
                  reinterpret_cast<const unsigned char*>(wanted.name.c_str()), -1, -1, 0) == 1);
    const Identity& issuer = wanted.issuer ? *wanted.issuer : made;
    PD_ASSERT(X509_set_issuer_name(x, X509_get_subject_name(issuer.certificate.get())) == 1);
    if (wanted.is_authority) {
        add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(x, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        add_extension(x, NID_subject_alt_name, "DNS:" + wanted.name);
    }
    PD_ASSERT(X509_sign(x, issuer.key.get(), EVP_sha256()) > 0);
    return made;
}

inline std::string crc32_text(std::string_view body) {
    return std::to_string(crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(body.data()),
                                static_cast<uInt>(body.size())));
}

}  // namespace paydesk::provider::paypal
