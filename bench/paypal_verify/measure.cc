// Verifies PayPal's deliveries under a certificate that is kept, and counts the calls that it takes: one, for the certificate.
//
//     bench_paypal_verify SECONDS BODY_BYTES
//
// Prints one JSON object.

#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/task.h"
#include "provider/paypal/test_authority.h"
#include "provider/paypal/verify.h"

namespace paydesk::provider::paypal {
namespace {

using namespace std::chrono_literals;
using Watch = std::chrono::steady_clock;

struct Web final : http::Transport {
    std::string certificate;
    int calls = 0;
    Task<http::ClientResponse> send(http::ClientRequest) override {
        ++calls;
        co_return http::ClientResponse{.status = 200, .body = certificate};
    }
};

int measure(double seconds, std::size_t body_bytes) {
    log::set_level(log::Level::error);
    const Instant now = from_unix(1'780'272'000);
    const Identity root = make_identity(
        {.name = "Root", .is_authority = true, .from = now - 24h * 30, .until = now + 24h * 30});
    const Identity leaf = make_identity({.name = "messageverificationcerts.paypal.com",
                                         .issuer = &root,
                                         .from = now - 24h * 30,
                                         .until = now + 24h * 30});
    const std::string time = "2026-06-01T00:00:00Z", webhook_id = "8PT597110X687430LKGECATA",
                      url = "https://api.paypal.com/v1/notifications/certs/CERT-1";
    const std::string body = R"({"id":"WH-1","filler":")" + std::string(body_bytes, 'x') + "\"}";
    const std::string signature =
        leaf.sign("t-1|" + time + "|" + webhook_id + "|" + crc32_text(body));
    Web web;
    web.certificate = leaf.pem();
    Certificates certificates(web, {.authorities_pem = root.pem()});
    Verifier verifier(webhook_id, certificates);
    std::int64_t verified = 0, refused = 0;
    Watch::duration took{};
    run_to_end([&](asio::io_context&) -> Task<> {
        const Transmission transmission{"t-1", time, signature, url, "SHA256withRSA"};
        const auto began = Watch::now();
        while ((took = Watch::now() - began) < std::chrono::duration<double>(seconds)) {
            auto result = co_await verifier.prepare(transmission, now);
            if (result) result = verifier.verify(transmission, body, now);
            ++(result ? verified : refused);
        }
    });
    const double micros = std::chrono::duration<double, std::micro>(took).count();
    std::printf(R"({"verified":%lld,"refused":%lld,"calls":%d,"microseconds":%.1f})"
                "\n",
                static_cast<long long>(verified), static_cast<long long>(refused), web.calls,
                micros / static_cast<double>(verified));
    return refused == 0 && web.calls == 1 ? 0 : 1;
}

}  // namespace
}  // namespace paydesk::provider::paypal

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    return paydesk::provider::paypal::measure(std::atof(argv[1]),
                                              std::strtoull(argv[2], nullptr, 10));
}
