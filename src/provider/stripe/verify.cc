#include "provider/stripe/verify.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/assert.h"
#include "base/crypto.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::size_t signature_bytes = 32;
constexpr std::size_t signature_hex_characters = 2 * signature_bytes;
using Signature = std::array<unsigned char, signature_bytes>;

struct Free {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

struct ParsedHeader {
    std::string_view timestamp_text;  // signed as it was written
    std::int64_t timestamp = 0;
    std::array<std::string_view, signatures_max> signatures;
    std::size_t signature_count = 0;
};

std::optional<std::int64_t> parse_digits(std::string_view text) {
    std::int64_t number = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// Nothing when the header has no `t` of digits, two of them, or no v1 at all.
std::optional<ParsedHeader> parse_header(std::string_view header) {
    ParsedHeader parsed;
    bool timestamped = false;
    while (!header.empty()) {
        const std::size_t comma = std::min(header.find(','), header.size());
        std::string_view item = header.substr(0, comma);
        header.remove_prefix(std::min(comma + 1, header.size()));
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);

        if (item.starts_with("t=")) {
            const auto seconds = parse_digits(item.substr(2));
            if (!seconds || timestamped) return std::nullopt;
            timestamped = true;
            parsed.timestamp = *seconds;
            parsed.timestamp_text = item.substr(2);
        } else if (item.starts_with("v1=") && parsed.signature_count < signatures_max) {
            parsed.signatures[parsed.signature_count++] = item.substr(3);
        }
    }
    if (!timestamped || parsed.signature_count == 0) return std::nullopt;
    return parsed;
}

bool is_blank(std::string_view secret) {
    return secret.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

std::array<char, signature_hex_characters> hex_of(const Signature& signature) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, signature_hex_characters> hex;
    for (std::size_t i = 0; i < signature.size(); ++i) {
        hex[2 * i] = digits[signature[i] >> 4];
        hex[2 * i + 1] = digits[signature[i] & 15];
    }
    return hex;
}

Error invalid(std::string detail) {
    return {ErrorCode::webhook_signature_invalid, "The webhook signature is not valid.",
            std::move(detail)};
}

}  // namespace

class Verifier::Keys {
public:
    explicit Keys(const std::vector<std::string>& secrets)
        : hmac_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)) {
        PD_ASSERT(hmac_ != nullptr);
        for (const std::string& secret : secrets) {
            if (!is_blank(secret)) contexts_.push_back(keyed(secret));
        }
    }

    bool empty() const { return contexts_.empty(); }
    std::size_t size() const { return contexts_.size(); }

    Signature sign(std::size_t key, std::string_view timestamp, std::string_view body) {
        EVP_MAC_CTX* context = contexts_[key].get();
        // No key: OpenSSL goes back to the state just after the key was set.
        PD_ASSERT(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
        update(context, timestamp);
        update(context, ".");
        update(context, body);
        Signature signature;
        std::size_t written = 0;
        PD_ASSERT(EVP_MAC_final(context, signature.data(), &written, signature.size()) == 1);
        PD_ASSERT(written == signature.size());
        return signature;
    }

private:
    using Context = std::unique_ptr<EVP_MAC_CTX, Free>;

    Context keyed(const std::string& secret) const {
        char digest[] = "SHA256";
        const OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
            OSSL_PARAM_construct_end(),
        };
        Context context(EVP_MAC_CTX_new(hmac_.get()));
        PD_ASSERT(context != nullptr);
        PD_ASSERT(EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                               secret.size(), parameters) == 1);
        return context;
    }

    static void update(EVP_MAC_CTX* context, std::string_view bytes) {
        PD_ASSERT(EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(bytes.data()),
                                 bytes.size()) == 1);
    }

    std::unique_ptr<EVP_MAC, Free> hmac_;
    std::vector<Context> contexts_;
};

Verifier::Verifier(const std::vector<std::string>& secrets)
    : keys_(std::make_unique<Keys>(secrets)) {}
Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;

Result<void> Verifier::verify(std::string_view signature_header, std::string_view raw_body,
                              Instant now) const {
    if (keys_->empty())
        return invalid("no webhook secret is configured: set STRIPE_WEBHOOK_SECRET");
    if (signature_header.empty()) return invalid("the Stripe-Signature header is missing");
    const auto header = parse_header(signature_header);
    if (!header) return invalid("the Stripe-Signature header is not t=<seconds>,v1=<hex>");

    bool matched = false;
    for (std::size_t key = 0; key < keys_->size(); ++key) {
        const auto expected = hex_of(keys_->sign(key, header->timestamp_text, raw_body));
        for (std::size_t i = 0; i < header->signature_count; ++i) {
            // No early exit: how long this takes says nothing about which one matched.
            matched |=
                constant_time_equal({expected.data(), expected.size()}, header->signatures[i]);
        }
    }
    if (!matched) return invalid("no v1 signature matches under any configured secret");

    // A timestamp beyond what the clock can hold is far in the future, so seconds are compared.
    const std::int64_t age = to_unix(now) - header->timestamp;
    if (age > signature_age_max.count() || age < -signature_age_max.count()) {
        return Error{ErrorCode::webhook_timestamp_stale,
                     "The webhook was signed too long ago or in the future.",
                     "signed " + std::to_string(age) + " s ago; at most " +
                         std::to_string(signature_age_max.count()) + " s either way"};
    }
    return {};
}

Result<void> verify(const std::vector<std::string>& secrets, std::string_view signature_header,
                    std::string_view raw_body, Instant now) {
    return Verifier(secrets).verify(signature_header, raw_body, now);
}

std::string sign(std::string_view secret, std::string_view raw_body, Instant at) {
    const std::string timestamp = std::to_string(to_unix(at));
    const std::string signed_text = timestamp + "." + std::string(raw_body);
    return "t=" + timestamp + ",v1=" + to_hex(hmac_sha256(secret, signed_text));
}

}  // namespace paydesk::provider::stripe
