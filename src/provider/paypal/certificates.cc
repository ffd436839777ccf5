#include "provider/paypal/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <vector>

#include "base/assert.h"
#include "base/json.h"
#include "base/log.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view certs_path = "/v1/notifications/certs/";
constexpr std::string_view own_host = "paypal.com";

struct Free {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
    void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

bool is_label(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }
bool is_name(char c) { return is_label(c) || (c >= 'A' && c <= 'Z'); }

bool is_cert_name(std::string_view name) {
    return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, is_name);
}

// "api.paypal.com", not "paypal.com.example.org", not "api-paypal.com".
bool is_own_host(std::string_view host) {
    if (!host.ends_with(own_host) || host.size() > 253) return false;
    const std::string_view before = host.substr(0, host.size() - own_host.size());
    return before.empty() ||
           (before.ends_with('.') && before.size() > 1 &&
            std::ranges::all_of(before, [](char c) { return is_label(c) || c == '.'; }));
}

Error refused(std::string detail) {
    return {ErrorCode::webhook_signature_invalid, "The webhook signature is not valid.",
            std::move(detail)};
}

// The certificates of a PEM text, in its order.
std::vector<Owned<X509>> read_pem(const std::string& pem) {
    std::vector<Owned<X509>> certificates;
    Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    PD_ASSERT(bio != nullptr);
    while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        certificates.emplace_back(one);
        if (certificates.size() == 10) break;
    }
    ERR_clear_error();  // "no start line" at the end
    return certificates;
}

Instant instant_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return Instant{std::chrono::seconds{timegm(&parts)}};
}

std::string_view view(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// PayPal's certificate is for "messageverificationcerts.paypal.com": in its alternative names, or in its
// common name.
bool is_own(X509* certificate) {
    Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS && is_own_host(view(name->d.dNSName))) return true;
    }
    if (names) return false;  // then the common name says nothing (RFC 6125)
    X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return false;
    return is_own_host(view(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

Owned<X509_STORE> make_store(const std::string& authorities_pem) {
    Owned<X509_STORE> store(X509_STORE_new());
    PD_ASSERT(store != nullptr);
    if (authorities_pem.empty()) {
        PD_ASSERT(X509_STORE_set_default_paths(store.get()) == 1);
        return store;
    }
    for (const auto& authority : read_pem(authorities_pem))
        PD_ASSERT(X509_STORE_add_cert(store.get(), authority.get()) == 1);
    return store;
}

// Why its chain is not to be trusted, or "".
std::string chain_fault(const std::vector<Owned<X509>>& chain, const std::string& authorities_pem,
                        Instant now) {
    const Owned<X509_STORE> store = make_store(authorities_pem);
    Owned<STACK_OF(X509)> between(sk_X509_new_null());
    Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
    PD_ASSERT(between != nullptr && context != nullptr);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        X509_up_ref(chain[i].get());
        PD_ASSERT(sk_X509_push(between.get(), chain[i].get()) > 0);
    }
    PD_ASSERT(X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between.get()) ==
              1);
    X509_STORE_CTX_set_time(context.get(), 0, to_unix(now));
    if (X509_verify_cert(context.get()) == 1) return {};
    std::string why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    ERR_clear_error();
    return why;
}

}  // namespace

bool is_allowed_cert_url(std::string_view url, std::string_view extra_prefix) {
    if (!extra_prefix.empty() && url.starts_with(extra_prefix))
        return is_cert_name(url.substr(extra_prefix.size()));
    constexpr std::string_view scheme = "https://";
    if (!url.starts_with(scheme)) return false;
    url.remove_prefix(scheme.size());
    const std::size_t slash = url.find('/');
    if (slash == std::string_view::npos || !is_own_host(url.substr(0, slash))) return false;
    url.remove_prefix(slash);
    return url.starts_with(certs_path) && is_cert_name(url.substr(certs_path.size()));
}

Certificates::Certificates(http::Transport& transport, CertificateOptions options)
    : transport_(transport), options_(std::move(options)) {
    PD_ASSERT(options_.extra_prefix.empty() || !options_.authorities_pem.empty());
}
Certificates::~Certificates() = default;

EVP_PKEY* Certificates::key(std::string_view url, Instant now) const {
    const auto found = kept_.find(url);
    if (found == kept_.end()) return nullptr;
    const Kept& kept = found->second;
    return kept.key && kept.from <= now && now < kept.until ? kept.key.get() : nullptr;
}

Task<Result<void>> Certificates::prepare(std::string url, Instant now) {
    if (!is_allowed_cert_url(url, options_.extra_prefix))
        co_return refused("certificates are not taken from this URL");
    if (const auto found = kept_.find(url); found != kept_.end() && now < found->second.until) {
        if (found->second.key == nullptr) co_return refused(found->second.why);
        if (found->second.from <= now) co_return Result<void>{};
    }
    auto pem = co_await fetch(url, now);
    if (!pem) co_return pem.error();
    Kept kept = judge(*pem, now);
    const std::string why = kept.why;
    keep(std::move(url), std::move(kept), now);
    if (!why.empty()) co_return refused(why);
    co_return Result<void>{};
}

// The certificate's text; "" where there is none.
Task<Result<std::string>> Certificates::fetch(std::string url, Instant now) {
    if (now >= window_began_ + cert_fetch_window || now < window_began_) {
        window_began_ = now;
        fetches_in_window_ = 0;
    }
    const Error later{ErrorCode::unavailable, "The certificate could not be fetched: try again.",
                      ""};
    if (fetches_in_window_ == cert_fetches_max) {
        log::warning("paypal_cert_fetches_held", {
                                                     {"url", json::value(url)}
        });
        co_return later;
    }
    ++fetches_in_window_;
    ++fetches_;
    http::ClientRequest request{.url = url, .response_bytes_max = cert_bytes_max};
    request.timeout = std::chrono::seconds(10);
    try {
        const auto response = co_await transport_.send(std::move(request));
        if (response.status == 200) co_return response.body;
        if (response.status >= 400 && response.status < 500 && response.status != 429)
            co_return std::string();
        log::warning("paypal_cert_not_fetched",
                     {
                         {"url",    json::value(url)},
                         {"status", response.status }
        });
    } catch (const http::TransportError& error) {
        log::warning("paypal_cert_not_fetched",
                     {
                         {"url",   json::value(url)         },
                         {"error", json::value(error.what())}
        });
    }
    co_return later;
}

Certificates::Kept Certificates::judge(const std::string& pem, Instant now) const {
    const auto refusal = [&](std::string why) {
        return Kept{
            .key = {}, .why = std::move(why), .from = now, .until = now + refused_cert_kept};
    };
    const auto chain = read_pem(pem);
    if (chain.empty()) return refusal("there is no certificate at its URL");
    X509* leaf = chain.front().get();
    if (const auto why = chain_fault(chain, options_.authorities_pem, now); !why.empty())
        return refusal("its certificate is not to be trusted: " + why);
    if (!is_own(leaf)) return refusal("its certificate is not PayPal's");
    std::unique_ptr<EVP_PKEY, FreeKey> key(X509_get_pubkey(leaf));
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(key.get()) < rsa_bits_min)
        return refusal("its certificate's key is not RSA of 2048 bits or more");
    return {.key = std::move(key),
            .why = {},
            .from = instant_of(X509_get0_notBefore(leaf)),
            .until = instant_of(X509_get0_notAfter(leaf))};
}

void Certificates::keep(std::string url, Kept kept, Instant now) {
    if (kept_.size() >= certs_kept_max) {
        std::erase_if(kept_, [&](const auto& one) { return now >= one.second.until; });
    }
    // Of refusals and expired ones there is always room to be made; a good one is never pushed out by them.
    if (kept_.size() >= certs_kept_max) {
        std::erase_if(kept_, [](const auto& one) { return one.second.key == nullptr; });
    }
    if (kept_.size() >= certs_kept_max) kept_.erase(kept_.begin());
    kept_.insert_or_assign(std::move(url), std::move(kept));
}

}  // namespace paydesk::provider::paypal
