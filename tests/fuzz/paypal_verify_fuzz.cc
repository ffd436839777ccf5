// libFuzzer's target: any bytes as a delivery of PayPal's, or as the certificate at the URL that it names. Nothing of it may crash
// the verifier, nothing but what was signed may pass. `./dev fuzz [SECONDS]` builds and runs it; a finding is kept as a file that
// the program takes as its argument.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/task.h"
#include "provider/paypal/test_authority.h"
#include "provider/paypal/verify.h"

namespace paydesk::provider::paypal {
namespace {

using namespace std::chrono_literals;

const Instant now = from_unix(1'780'272'000);
constexpr const char* good_url = "https://api.paypal.com/v1/notifications/certs/CERT-1";
constexpr const char* webhook_id = "8PT597110X687430LKGECATA";

// The good certificate at its URL, what is fuzzed at every other.
struct Web final : http::Transport {
    std::string good, fuzzed;
    Task<http::ClientResponse> send(http::ClientRequest request) override {
        co_return http::ClientResponse{.status = 200,
                                       .body = request.url == good_url ? good : fuzzed};
    }
};

struct World {
    Identity root = make_identity(
        {.name = "Root", .is_authority = true, .from = now - 24h * 30, .until = now + 24h * 30});
    Identity leaf = make_identity({.name = "messageverificationcerts.paypal.com",
                                   .issuer = &root,
                                   .from = now - 24h * 30,
                                   .until = now + 24h * 30});
    Web web;
};

struct Delivery {
    std::string id = "t-1", time = "2026-06-01T00:00:00Z", signature, url = good_url,
                algorithm = "SHA256withRSA", body = R"({"id":"WH-1"})";
};

bool is_accepted(World& world, const Delivery& delivery) {
    bool accepted = false;
    run_to_end([&](asio::io_context&) -> Task<> {
        Certificates certificates(world.web, {.authorities_pem = world.root.pem()});
        Verifier verifier(webhook_id, certificates);
        const Transmission transmission{delivery.id, delivery.time, delivery.signature,
                                        delivery.url, delivery.algorithm};
        auto result = co_await verifier.prepare(transmission, now);
        if (result) result = verifier.verify(transmission, delivery.body, now);
        accepted = result.has_value();
    });
    return accepted;
}

// What is up to the first line break, and takes it away.
std::string take_line(std::string_view& data) {
    const auto line = data.substr(0, data.find('\n'));
    data.remove_prefix(std::min(data.size(), line.size() + 1));
    return std::string(line);
}

}  // namespace

// The first byte says what the rest is: 'c' a certificate; a digit that part of an else good delivery; all other a whole
// delivery, its headers a line each.
void fuzz_one(std::string_view data) {
    static World& world = *[] {
        log::set_level(log::Level::error);
        auto* made = new World;
        made->web.good = made->leaf.pem();
        return made;
    }();
    if (data.empty()) return;
    const char kind = data.front();
    data.remove_prefix(1);
    Delivery good;
    good.signature =
        world.leaf.sign(good.id + "|" + good.time + "|" + webhook_id + "|" + crc32_text(good.body));
    Delivery delivery = good;
    if (kind == 'c') {
        world.web.fuzzed = std::string(data);
        delivery.url = std::string(good_url) + "2";
    } else if (kind >= '0' && kind <= '5') {
        std::string* const parts[] = {&delivery.id,        &delivery.time, &delivery.signature,
                                      &delivery.algorithm, &delivery.url,  &delivery.body};
        *parts[kind - '0'] = std::string(data);
    } else {
        delivery.id = take_line(data);
        delivery.time = take_line(data);
        delivery.signature = take_line(data);
        delivery.algorithm = take_line(data);
        delivery.url = take_line(data);
        delivery.body = std::string(data);
    }
    if (!is_accepted(world, delivery)) return;
    const bool is_good = delivery.id == good.id && delivery.time == good.time &&
                         delivery.body == good.body &&
                         base64_decode(delivery.signature) == base64_decode(good.signature);
    // Its own certificate at another URL is as good.
    if (is_good && (delivery.url == good.url || world.web.fuzzed.find(world.leaf.pem()) == 0))
        return;
    std::fprintf(stderr, "accepted a forgery\n");
    std::abort();
}

}  // namespace paydesk::provider::paypal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    paydesk::provider::paypal::fuzz_one({reinterpret_cast<const char*>(data), size});
    return 0;
}
