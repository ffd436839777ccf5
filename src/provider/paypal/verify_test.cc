#include "provider/paypal/verify.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "base/log.h"
#include "provider/paypal/test_authority.h"

namespace paydesk::provider::paypal {
namespace {

using namespace std::chrono_literals;

constexpr const char* cert_url =
    "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594";
constexpr const char* webhook_id = "8PT597110X687430LKGECATA";
const std::string body = R"({"id":"WH-1","event_type":"BILLING.SUBSCRIPTION.ACTIVATED"})";
const Instant now = from_unix(1'780'272'000);  // 2026-06-01
const std::string sent_at = "2026-06-01T00:00:00Z";

// Answers by URL what is there.
struct Web final : http::Transport {
    Task<http::ClientResponse> send(http::ClientRequest request) override {
        ++calls;
        if (down) throw http::TransportError("connection refused", true);
        const auto page = pages.find(request.url);
        if (page == pages.end()) co_return http::ClientResponse{.status = 404};
        co_return http::ClientResponse{.status = 200, .body = page->second};
    }
    std::map<std::string, std::string> pages;
    bool down = false;
    int calls = 0;
};

// Keys take long to make: once for all tests.
struct World {
    Identity root, between, paypal, self_signed, foreign_root, foreign, stranger, expired, future,
        short_key;
    static const World& get() {
        static const World world = make();
        return world;
    }
    static World make() {
        const Instant from = now - 24h * 300, until = now + 24h * 300;
        const std::string name = "messageverificationcerts.paypal.com";
        World w;
        w.root =
            make_identity({.name = "Root", .is_authority = true, .from = from, .until = until});
        w.between = make_identity({.name = "Between",
                                   .issuer = &w.root,
                                   .is_authority = true,
                                   .from = from,
                                   .until = until});
        const auto leaf = [&](const Identity& issuer, std::string host, Instant a, Instant b,
                              unsigned bits = 2048) {
            return make_identity(
                {.name = std::move(host), .issuer = &issuer, .from = a, .until = b, .bits = bits});
        };
        w.paypal = leaf(w.between, name, from, until);
        w.self_signed = make_identity({.name = name, .from = from, .until = until});
        w.foreign_root =
            make_identity({.name = "Root", .is_authority = true, .from = from, .until = until});
        w.foreign = leaf(w.foreign_root, name, from, until);
        w.stranger =
            leaf(w.between, "messageverificationcerts.paypal.com.example.org", from, until);
        w.expired = leaf(w.between, name, from, now - 1h);
        w.future = leaf(w.between, name, now + 1h, until);
        w.short_key = leaf(w.between, name, from, until, 1024);
        return w;
    }
};

struct Delivery {
    std::string id = "69cd13f0-d67a-11e5-baa3-778b53f4ae55", time = sent_at, signature = {},
                url = cert_url, algorithm = "SHA256withRSA", text = body;
};

struct PayPalVerify : testing::Test {
    PayPalVerify() {
        log::set_level(log::Level::error);
        publish(cert_url, world.paypal);
    }

    void publish(const std::string& url, const Identity& who) {
        web.pages[url] = who.pem() + world.between.pem();
    }

    Delivery signed_by(const Identity& who, Delivery delivery = {}) {
        delivery.signature = who.sign(delivery.id + "|" + delivery.time + "|" + webhook_id + "|" +
                                      crc32_text(delivery.text));
        return delivery;
    }

    // prepare(), then verify(): "accepted", or the code and why.
    std::string outcome(const Delivery& d, Instant at = now) {
        std::string said;
        run_to_end([&](asio::io_context&) -> Task<> {
            const Transmission transmission{d.id, d.time, d.signature, d.url, d.algorithm};
            auto result = co_await verifier.prepare(transmission, at);
            if (result) result = verifier.verify(transmission, d.text, at);
            said = result
                       ? "accepted"
                       : std::string(info(result.error().code).name) + ": " + result.error().detail;
        });
        return said;
    }

    const World& world = World::get();
    Web web;
    Certificates certificates{web, {.authorities_pem = world.root.pem()}};
    Verifier verifier{webhook_id, certificates};
};

TEST_F(PayPalVerify, AcceptsPayPalAndAsksForTheCertificateOnce) {
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(outcome(signed_by(world.paypal, {.id = "t-" + std::to_string(i)})), "accepted");
    }
    EXPECT_EQ(web.calls, 1);
}

TEST_F(PayPalVerify, AcceptsWhatAnotherImplementationSigned) {
    const std::string folder = PAYDESK_SOURCE_DIR "/src/provider/paypal/testdata/";
    const auto file = [&](const char* name) {
        std::ifstream in(folder + name, std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        EXPECT_FALSE(text.str().empty()) << name;
        return text.str();
    };
    web.pages[cert_url] = file("leaf.pem");
    Certificates theirs(web, {.authorities_pem = file("authority.pem")});
    Verifier ours("WH-TEST-1", theirs);
    const std::string text = file("body.json"), signature = file("signature.txt");
    run_to_end([&](asio::io_context&) -> Task<> {
        const Transmission transmission{"69cd13f0-d67a-11e5-baa3-778b53f4ae55",
                                        "2027-01-01T00:00:00Z", signature, cert_url,
                                        "SHA256withRSA"};
        const Instant then = from_unix(1'798'761'600);
        const auto prepared = co_await ours.prepare(transmission, then);
        EXPECT_TRUE(prepared);
        EXPECT_TRUE(ours.verify(transmission, text, then));
        EXPECT_FALSE(ours.verify(transmission, text + " ", then));
    });
}

TEST_F(PayPalVerify, RefusesForgeries) {
    const auto changed = [&](auto change) {
        Delivery d = signed_by(world.paypal);
        change(d);
        return outcome(d);
    };
    const std::string no = "webhook_signature_invalid: ",
                      mismatch = no + "the signature does not match";
    EXPECT_EQ(changed([](Delivery& d) {
                  d.text = R"({"event_type":"BILLING.SUBSCRIPTION.ACTIVATED","id":"WH-1"})";
              }),
              mismatch)
        << "the same JSON, written anew";
    EXPECT_EQ(changed([](Delivery& d) { d.text += " "; }), mismatch);
    EXPECT_EQ(changed([](Delivery& d) { d.id += "1"; }), mismatch);
    EXPECT_EQ(changed([](Delivery& d) { d.time = "2026-06-01T00:00:01Z"; }), mismatch);
    EXPECT_EQ(changed([](Delivery& d) { d.signature[5] = d.signature[5] == 'A' ? 'B' : 'A'; }),
              mismatch);
    EXPECT_EQ(outcome(signed_by(world.foreign)), mismatch) << "another's key, PayPal's certificate";

    EXPECT_EQ(changed([](Delivery& d) { d.algorithm = "SHA1withRSA"; }),
              no + "PAYPAL-AUTH-ALGO is not SHA256withRSA");
    EXPECT_EQ(changed([](Delivery& d) { d.signature = ""; }),
              no + "PAYPAL-TRANSMISSION-SIG is missing or no base64");
    EXPECT_EQ(changed([](Delivery& d) { d.id = ""; }),
              no + "PAYPAL-TRANSMISSION-ID is missing or malformed");
    EXPECT_EQ(changed([](Delivery& d) { d.id = "a|b"; }),
              no + "PAYPAL-TRANSMISSION-ID is missing or malformed");
    EXPECT_EQ(changed([](Delivery& d) { d.time = "yesterday"; }),
              no + "PAYPAL-TRANSMISSION-TIME is missing or no time");
}

TEST_F(PayPalVerify, RefusesForeignCertificates) {
    const auto with = [&](const Identity& who) {
        const std::string url = std::string(cert_url) + "-x" + std::to_string(web.pages.size());
        publish(url, who);
        return outcome(signed_by(who, {.url = url}));
    };
    const std::string no = "webhook_signature_invalid: its certificate ";
    EXPECT_TRUE(with(world.foreign).starts_with(no + "is not to be trusted"))
        << "an authority of that name";
    EXPECT_TRUE(with(world.self_signed).starts_with(no + "is not to be trusted"));
    EXPECT_TRUE(with(world.expired).starts_with(no + "is not to be trusted"));
    EXPECT_TRUE(with(world.future).starts_with(no + "is not to be trusted"));
    EXPECT_EQ(with(world.stranger), no + "is not PayPal's");
    // OpenSSL itself may refuse so short a key already.
    EXPECT_TRUE(with(world.short_key).starts_with("webhook_signature_invalid: its certificate"));
    web.pages[std::string(cert_url) + "-junk"] = "<html>sign in</html>";
    EXPECT_EQ(outcome(signed_by(world.paypal, {.url = std::string(cert_url) + "-junk"})),
              "webhook_signature_invalid: there is no certificate at its URL");
    EXPECT_EQ(outcome(signed_by(world.paypal, {.url = std::string(cert_url) + "-gone"})),
              "webhook_signature_invalid: there is no certificate at its URL");
}

TEST_F(PayPalVerify, AsksNobodyButPayPal) {
    for (const char* url : {
             "http://api.paypal.com/v1/notifications/certs/CERT-1",
             "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
             "https://paypal.com.example.org/v1/notifications/certs/CERT-1",
             "https://api-paypal.com/v1/notifications/certs/CERT-1",
             "https://evilpaypal.com/v1/notifications/certs/CERT-1",
             "https://api.paypa1.com/v1/notifications/certs/CERT-1",
             "https://user@api.paypal.com/v1/notifications/certs/CERT-1",
             "https://example.org#.paypal.com/v1/notifications/certs/CERT-1",
             "https://example.org?.paypal.com/v1/notifications/certs/CERT-1",
             "https://example.org\\.paypal.com/v1/notifications/certs/CERT-1",
             "https://api.paypal.com/v1/notifications/certs/../../redirect",
             "https://api.paypal.com/v1/notifications/certs/CERT-1?to=x",
             "https://api.paypal.com/redirect?to=https://example.org",
             "https://API.PAYPAL.COM/v1/notifications/certs/CERT-1",
             "https://xn--pypal-4ve.com/v1/notifications/certs/CERT-1",
             "https://.paypal.com/v1/notifications/certs/CERT-1",
             "https://",
             "file:///etc/passwd",
             "https://api.paypal.com/v1/notifications/certs/",
         }) {
        EXPECT_TRUE(
            outcome(signed_by(world.paypal, {.url = url})).starts_with("webhook_signature_invalid"))
            << url;
    }
    EXPECT_EQ(web.calls, 0);
    for (const char* url : {"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42",
                            "https://api-m.paypal.com/v1/notifications/certs/CERT-1",
                            "https://paypal.com/v1/notifications/certs/a"}) {
        EXPECT_TRUE(is_allowed_cert_url(url)) << url;
    }
    const std::string offline = "http://127.0.0.1:8420/paypal/v1/notifications/certs/";
    EXPECT_TRUE(is_allowed_cert_url(offline + "CERT-1", offline));
    EXPECT_FALSE(is_allowed_cert_url(offline + "../x", offline));
    EXPECT_FALSE(is_allowed_cert_url(offline + "CERT-1"));
}

TEST_F(PayPalVerify, BoundsTheAge) {
    const auto at = [&](std::string time) {
        return outcome(signed_by(world.paypal, {.time = std::move(time)}));
    };
    EXPECT_EQ(at("2026-05-28T22:00:00Z"), "accepted") << "the last of three days of tries";
    EXPECT_EQ(at("2026-05-28T21:59:59Z"), "webhook_timestamp_stale: sent 2026-05-28T21:59:59Z");
    EXPECT_EQ(at("2026-06-01T00:05:00Z"), "accepted");
    EXPECT_EQ(at("2026-06-01T00:05:01Z"), "webhook_timestamp_stale: sent 2026-06-01T00:05:01Z");
}

TEST_F(PayPalVerify, AcceptsNothingWithoutAWebhookId) {
    for (const char* blank : {"", "  "}) {
        Verifier closed(blank, certificates);
        EXPECT_FALSE(closed.verify({"a", sent_at, "QUJD", cert_url, "SHA256withRSA"}, body, now));
    }
    EXPECT_EQ(web.calls, 0);
}

TEST_F(PayPalVerify, PayPalAwayIsNoRefusal) {
    web.down = true;
    EXPECT_EQ(outcome(signed_by(world.paypal)), "unavailable: ");
    web.down = false;
    EXPECT_EQ(outcome(signed_by(world.paypal)), "accepted") << "it is asked again at once";
}

TEST_F(PayPalVerify, FetchesAreBounded) {
    EXPECT_EQ(outcome(signed_by(world.paypal)), "accepted");
    for (int i = 0; i < 50; ++i) {
        const std::string url = std::string(cert_url) + "-" + std::to_string(i);
        EXPECT_NE(outcome(signed_by(world.paypal, {.url = url})), "accepted");
    }
    EXPECT_EQ(web.calls, cert_fetches_max);
    EXPECT_EQ(outcome(signed_by(world.paypal)), "accepted") << "what is kept needs no call";
    publish(std::string(cert_url) + "-new", world.paypal);
    const Delivery other = signed_by(world.paypal, {.url = std::string(cert_url) + "-new"});
    EXPECT_EQ(outcome(other), "unavailable: ");
    EXPECT_EQ(outcome(other, now + cert_fetch_window), "accepted");
}

TEST_F(PayPalVerify, AKeptCertificateEndsWithItsDate) {
    publish(std::string(cert_url) + "-old", world.paypal);
    const Instant late = now + 24h * 301;
    Delivery d = signed_by(world.paypal);
    EXPECT_EQ(outcome(d), "accepted");
    EXPECT_TRUE(outcome(d, late).starts_with(
        "webhook_signature_invalid: its certificate is not to be trusted"));
    EXPECT_EQ(web.calls, 2);
}

// Whatever the headers hold, it returns, and accepts only what was signed.
TEST_F(PayPalVerify, MutatedDeliveriesNeverCrashNorPass) {
    const char* given = std::getenv("PAYDESK_SEED");
    const auto seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE("PAYDESK_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Delivery good = signed_by(world.paypal);
    EXPECT_EQ(outcome(good), "accepted");
    for (int i = 0; i < 3'000; ++i) {
        Delivery d = good;
        std::string* const parts[] = {&d.id, &d.time, &d.signature, &d.url, &d.algorithm, &d.text};
        std::string& part = *parts[random() % std::size(parts)];
        const std::string before = part;
        switch (random() % 4) {
            case 0:
                part[random() % part.size()] = static_cast<char>(random());
                break;
            case 1:
                part.resize(random() % part.size());
                break;
            case 2:
                part.insert(random() % part.size(), 1 + random() % 2'000,
                            static_cast<char>(random()));
                break;
            default:
                part.erase(random() % part.size(), 1);
        }
        if (part == before) continue;
        EXPECT_NE(outcome(d), "accepted") << "part is now " << part;
    }
    EXPECT_LE(web.calls, 1 + cert_fetches_max);
}

}  // namespace
}  // namespace paydesk::provider::paypal
