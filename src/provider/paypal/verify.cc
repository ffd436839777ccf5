#include "provider/paypal/verify.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "base/assert.h"
#include "base/crypto.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view algorithm_known = "SHA256withRSA";
constexpr std::size_t header_bytes_max = 1'024;

struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

Error invalid(std::string detail) {
    return {ErrorCode::webhook_signature_invalid, "The webhook signature is not valid.",
            std::move(detail)};
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

// What separates the signed parts may not be in them.
bool is_part(std::string_view text) {
    return !text.empty() && text.size() <= header_bytes_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '|'; });
}

std::string signed_text(const Transmission& transmission, const std::string& webhook_id,
                        std::string_view body) {
    // zlib takes 32 bits of length; bodies are far smaller (webhook/receiver.h).
    const uLong crc = crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(body.data()),
                            static_cast<uInt>(body.size()));
    std::string text(transmission.id);
    text.append("|").append(transmission.time).append("|").append(webhook_id).append("|");
    return text + std::to_string(crc);
}

bool matches(EVP_PKEY* key, std::string_view text, const std::string& signature) {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    PD_ASSERT(context != nullptr);
    PD_ASSERT(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1);
    const bool same =
        EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                         signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size()) == 1;
    ERR_clear_error();
    return same;
}

}  // namespace

Verifier::Verifier(std::string webhook_id, Certificates& certificates)
    : webhook_id_(std::move(webhook_id)), certificates_(certificates) {}

Result<void> check_form(const Transmission& transmission, std::string_view webhook_id) {
    if (is_blank(webhook_id)) return invalid("no webhook id is configured: set PAYPAL_WEBHOOK_ID");
    if (!is_part(transmission.id)) return invalid("PAYPAL-TRANSMISSION-ID is missing or malformed");
    if (!is_part(transmission.time) || !parse_iso8601(transmission.time))
        return invalid("PAYPAL-TRANSMISSION-TIME is missing or no time");
    if (transmission.signature.size() > header_bytes_max ||
        base64_decode(transmission.signature).value_or("").empty())
        return invalid("PAYPAL-TRANSMISSION-SIG is missing or no base64");
    if (!is_part(transmission.cert_url)) return invalid("PAYPAL-CERT-URL is missing or malformed");
    if (transmission.algorithm != algorithm_known)
        return invalid("PAYPAL-AUTH-ALGO is not SHA256withRSA");
    return {};
}

Task<Result<void>> Verifier::prepare(Transmission transmission, Instant now) {
    if (const auto form = check_form(transmission, webhook_id_); !form) co_return form.error();
    co_return co_await certificates_.prepare(std::string(transmission.cert_url), now);
}

Result<void> Verifier::verify(Transmission transmission, std::string_view raw_body,
                              Instant now) const {
    if (const auto form = check_form(transmission, webhook_id_); !form) return form.error();
    EVP_PKEY* key = certificates_.key(transmission.cert_url, now);
    if (key == nullptr) return invalid("its certificate was not accepted");
    if (!matches(key, signed_text(transmission, webhook_id_, raw_body),
                 *base64_decode(transmission.signature)))
        return invalid("the signature does not match");
    return check_age(transmission, now);
}

Result<void> check_age(const Transmission& transmission, Instant now) {
    const Instant sent = *parse_iso8601(transmission.time);
    if (now - sent > transmission_age_max || sent - now > transmission_lead_max) {
        return Error{ErrorCode::webhook_timestamp_stale,
                     "The webhook was signed too long ago or in the future.",
                     "sent " + std::string(transmission.time)};
    }
    return {};
}

}  // namespace paydesk::provider::paypal
