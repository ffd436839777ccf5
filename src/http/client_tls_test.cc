// The client believes no certificate that the system's roots do not vouch for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "http/client.h"

namespace paydesk::http {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using TlsContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// For localhost and 127.0.0.1, valid now, signed by nobody but itself.
Certificate self_signed(EVP_PKEY* key) {
    Certificate certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(certificate.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate.get(), key, EVP_sha256());
    return certificate;
}

// Takes one TLS connection and notes whether a request came through it.
class TlsServer {
public:
    TlsServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        SSL_CTX_use_certificate(context_.get(), self_signed(key.get()).get());
        SSL_CTX_use_PrivateKey(context_.get(), key.get());
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        ::listen(socket_, 4);
        url = "https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
        thread_ = std::thread([this] { serve_one(); });
    }
    ~TlsServer() {
        thread_.join();
        ::close(socket_);
    }

    std::string url;
    std::atomic<bool> got_request = false;

private:
    void serve_one() {
        const int peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        SSL* tls = SSL_new(context_.get());
        SSL_set_fd(tls, peer);
        char bytes[1024];
        if (SSL_accept(tls) == 1 && SSL_read(tls, bytes, sizeof bytes) > 0) {
            got_request = true;
            constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
        }
        SSL_free(tls);
        ::close(peer);
    }

    TlsContext context_{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
    int socket_;
    std::thread thread_;
};

TEST(ClientTls, ACertificateThatNobodyVouchesForIsRefused) {
    TlsServer server;
    run_to_end([&](asio::io_context& io) -> Task<> {
        CurlTransport transport(io, 1);
        try {
            co_await transport.send({.method = "POST", .url = server.url, .body = "secret"});
            ADD_FAILURE() << "it was believed";
        } catch (const TransportError& error) {
            EXPECT_TRUE(error.never_sent);
            EXPECT_THAT(error.what(), testing::HasSubstr("certificate"));
        }
    });
    EXPECT_FALSE(server.got_request);
}

}  // namespace
}  // namespace paydesk::http
