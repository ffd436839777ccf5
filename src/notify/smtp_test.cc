#include "notify/smtp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notify/mime.h"
#include "notify/smtp_test_server.h"

namespace paydesk::notify {
namespace {

using enum Delivery::Outcome;
using Kind = SmtpTestServer::Kind;

const char* const mail = "Subject: x\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n.dot\r\n";

SmtpServer at(const SmtpTestServer& server, const std::string& scheme = "smtp",
              const std::string& login = "") {
    auto parsed = parse_smtp_url(scheme + "://" + login + "localhost:" + server.port());
    EXPECT_TRUE(parsed);
    parsed->ca_file = server.ca_file();
    parsed->ehlo_name = "app.example.com";
    return *parsed;
}

std::vector<Delivery> deliver(const SmtpServer& server,
                              const std::vector<std::string>& recipients) {
    std::vector<Delivery> deliveries;
    run_to_end([&](asio::io_context& io) -> Task<> {
        SmtpClient client(io, server);
        for (const auto& to : recipients)
            deliveries.push_back(co_await client.send("billing@example.com", to, mail));
    });
    return deliveries;
}

TEST(Smtp, SeveralMailsGoOverOneConnectionThatStarttlsProtects) {
    SmtpTestServer server(Kind::starttls, "ada:pa%ss w");
    const auto deliveries = deliver(at(server, "smtp", "ada:pa%25ss%20w@"),
                                    {"a@example.com", "b@example.com", "c@example.com"});
    for (const auto& delivery : deliveries) EXPECT_EQ(delivery.outcome, accepted) << delivery.text;
    const auto mails = server.mails();
    ASSERT_EQ(mails.size(), 3U);
    EXPECT_EQ(bool_at(mails[0], {"tls"}), true);
    EXPECT_EQ(bool_at(mails[0], {"login"}), true);
    EXPECT_EQ(string_at(mails[2], {"to", "0"}), "c@example.com");
    EXPECT_EQ(int_at(mails[0], {"peer_port"}), int_at(mails[2], {"peer_port"}));
    EXPECT_THAT(server.raw(1), testing::HasSubstr("\r\n.dot\r\n"));
}

TEST(Smtp, TlsFromTheFirstByte) {
    SmtpTestServer server(Kind::smtps, "ada:secret");
    const auto deliveries = deliver(at(server, "smtps", "ada:secret@"), {"a@example.com"});
    EXPECT_EQ(deliveries[0].outcome, accepted) << deliveries[0].text;
    EXPECT_EQ(server.mails().size(), 1U);
}

TEST(Smtp, NothingIsSentWithoutTlsUnlessToldOtherwise) {
    SmtpTestServer server(Kind::plain);
    auto options = at(server);
    options.ca_file.clear();
    auto refused = deliver(options, {"a@example.com"});
    EXPECT_EQ(refused[0].outcome, unreachable);
    EXPECT_TRUE(server.mails().empty());
    options.tls = SmtpServer::Tls::off;
    EXPECT_EQ(deliver(options, {"a@example.com"})[0].outcome, accepted);
    options.tls = SmtpServer::Tls::optional;
    EXPECT_EQ(deliver(options, {"a@example.com"})[0].outcome, accepted);
}

TEST(Smtp, ACertificateThatNobodyVouchesForIsRefused) {
    SmtpTestServer server(Kind::starttls);
    auto options = at(server);
    options.ca_file.clear();  // the system's roots do not know the test CA
    const auto deliveries = deliver(options, {"a@example.com"});
    EXPECT_EQ(deliveries[0].outcome, unreachable);
    EXPECT_THAT(deliveries[0].text, testing::HasSubstr("certificate"));
    EXPECT_TRUE(server.mails().empty());
}

TEST(Smtp, AWrongPasswordIsNotTheMailsFault) {
    SmtpTestServer server(Kind::starttls, "ada:secret");
    for (const std::string login : {"ada:wrong@", ""}) {
        const auto deliveries = deliver(at(server, "smtp", login), {"a@example.com"});
        EXPECT_EQ(deliveries[0].outcome, unreachable) << deliveries[0].text;
        EXPECT_THAT(deliveries[0].text, testing::Not(testing::HasSubstr("wrong")));
    }
    EXPECT_TRUE(server.mails().empty());
}

TEST(Smtp, RefusalsForGoodAndForNow) {
    SmtpTestServer server(Kind::starttls);
    const auto deliveries = deliver(at(server), {"refuse-550@example.com", "later-451@example.com",
                                                 "full-552@example.com", "fine@example.com"});
    EXPECT_EQ(deliveries[0].outcome, refused);
    EXPECT_EQ(deliveries[0].code, 550);
    EXPECT_EQ(deliveries[1].outcome, deferred);
    EXPECT_EQ(deliveries[1].code, 451);
    EXPECT_EQ(deliveries[2].outcome, refused);
    EXPECT_EQ(deliveries[2].code, 552);
    EXPECT_EQ(deliveries[3].outcome, accepted) << "a refusal does not spoil the next mail";
}

TEST(Smtp, AServerThatIsGoneOrDiesInTheMiddle) {
    SmtpTestServer server(Kind::starttls);
    EXPECT_EQ(deliver(at(server), {"deaf@example.com"})[0].outcome, unreachable);
    EXPECT_EQ(server.mails().size(), 1U) << "it had taken the mail: what is sent again has one id";
    server.stop();
    EXPECT_EQ(deliver(at(server), {"a@example.com"})[0].outcome, unreachable);
}

TEST(Smtp, AddressesOfServers) {
    const auto good = parse_smtp_url("smtp://user%40example.com:p%2Fw@mail.example.com");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->user, "user@example.com");
    EXPECT_EQ(good->password, "p/w");
    EXPECT_EQ(good->port, 587);
    EXPECT_EQ(good->tls, SmtpServer::Tls::required);
    EXPECT_EQ(parse_smtp_url("smtps://mail.example.com")->port, 465);
    EXPECT_EQ(parse_smtp_url("smtp://[::1]:25")->host, "[::1]");
    for (const char* bad :
         {"", "mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://mail:99999",
          "smtp://mail.example.com/path", "smtp://a:b%0d%0aRCPT@mail.example.com"}) {
        const auto server = parse_smtp_url(bad);
        ASSERT_FALSE(server) << bad;
        EXPECT_THAT(server.error().message, testing::Not(testing::HasSubstr("b%0d")));
    }
}

TEST(Smtp, APasswordDoesNotTravelInTheClear) {
    auto server = *parse_smtp_url("smtp://ada:secret@mail.example.com");
    EXPECT_TRUE(is_safe_for_password(server));
    server.tls = SmtpServer::Tls::optional;
    EXPECT_FALSE(is_safe_for_password(server)) << "anyone in between can turn STARTTLS off";
    server.host = "127.0.0.1";
    EXPECT_TRUE(is_safe_for_password(server));
}

}  // namespace
}  // namespace paydesk::notify
