#include "notify/mime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/json.h"
#include "notify/smtp.h"
#include "notify/smtp_test_server.h"

namespace paydesk::notify {
namespace {

using testing::HasSubstr;
using testing::Not;

MailMessage message() {
    return {
        .from = {"billing@example.com", "Acme Billing"},
        .to = {"ada@example.com", "Ada Lovelace"},
        .reply_to = "help@example.com",
        .message_id = "<0190ada0-0000-7000-8000-000000000001@example.com>",
        .date = from_unix(1'764'000'000),
        .subject = "Your receipt",
        .text = "Hello\n",
        .html = "<p>Hello</p>\n",
        .attachments = {}
    };
}

// What Python's parser makes of it after a journey through a real server.
json::value judged(const MailMessage& mail) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    run_to_end([&](asio::io_context& io) -> Task<> {
        auto options = *parse_smtp_url("smtp://127.0.0.1:" + server.port());
        options.tls = SmtpServer::Tls::off;
        SmtpClient client(io, options);
        const auto delivery =
            co_await client.send(mail.from.address, mail.to.address, to_mime(mail));
        EXPECT_EQ(delivery.outcome, Delivery::Outcome::accepted) << delivery.text;
    });
    const auto mails = server.mails();
    EXPECT_EQ(mails.size(), 1U);
    return mails.empty() ? json::value() : mails.front();
}

std::string header(const json::value& mail, std::string_view name) {
    std::string found;
    for (const auto& pair : at_path(mail, {"headers"})->as_array()) {
        if (string_at(pair, {"0"}) == name) found += string_at(pair, {"1"}).value_or("");
    }
    return found;
}

TEST(Mime, PythonsParserReadsAllOfIt) {
    auto mail = message();
    mail.to.name = "Zoë Müller-Łukasiewicz 山田太郎";
    mail.subject = "Ihre Quittung über 1.234,50 € von Äpfel & Söhne, und noch viel mehr, 領収書";
    mail.text = "Guten Tag Zoë,\n\n.ein Punkt am Anfang\nFrom hier\n" + std::string(300, 'x') +
                "\nEnde mit Leerzeichen \n";
    mail.html = "<p>1.234,50&nbsp;€ = viel</p>\n" + std::string(2'000, 'y') + "\n";
    const std::string pdf("%PDF-1.5\r\n\0\xff\x80 bytes", 20);
    mail.attachments = {
        {"invoice-A/1.pdf", "application/pdf", pdf}
    };
    const auto parsed = judged(mail);

    EXPECT_EQ(json::serialize(*at_path(parsed, {"defects"})), "[]");
    EXPECT_EQ(header(parsed, "Subject"), mail.subject);
    EXPECT_EQ(header(parsed, "To"), "Zoë Müller-Łukasiewicz 山田太郎 <ada@example.com>");
    EXPECT_EQ(header(parsed, "From"), "Acme Billing <billing@example.com>");
    EXPECT_EQ(header(parsed, "Reply-To"), "help@example.com");
    EXPECT_EQ(header(parsed, "Message-ID"), mail.message_id);
    EXPECT_EQ(header(parsed, "Date"), "Mon, 24 Nov 2025 16:00:00 +0000");
    EXPECT_EQ(header(parsed, "Auto-Submitted"), "auto-generated");
    EXPECT_EQ(header(parsed, "List-Unsubscribe"), "") << "transactional";
    EXPECT_EQ(
        json::serialize(*at_path(parsed, {"structure"})),
        R"(["multipart/mixed","multipart/alternative","text/plain","text/html","application/pdf"])");
    EXPECT_EQ(string_at(parsed, {"parts", "0", "text"}), mail.text);
    EXPECT_EQ(string_at(parsed, {"parts", "1", "text"}), mail.html);
    EXPECT_EQ(string_at(parsed, {"parts", "2", "filename"}), "invoice-A-1.pdf");
    EXPECT_EQ(string_at(parsed, {"parts", "2", "sha256"}), to_hex(sha256(pdf)));
    EXPECT_EQ(bool_at(parsed, {"ascii"}), true);
    EXPECT_LE(int_at(parsed, {"longest_line"}).value(), 78);
}

TEST(Mime, NoValueBecomesAHeader) {
    auto mail = message();
    mail.subject = "Hello\r\nBcc: victim@example.com\r\n\r\nA body";
    mail.to.name = "Eve\" <eve@example.com>\r\nBcc: victim@example.com\n";
    mail.from.name = "Acme\rX-Evil: 1";
    const auto parsed = judged(mail);
    EXPECT_EQ(header(parsed, "Bcc"), "");
    EXPECT_EQ(header(parsed, "X-Evil"), "");
    EXPECT_EQ(header(parsed, "Subject"), "Hello  Bcc: victim@example.com    A body");
    EXPECT_THAT(header(parsed, "To"), HasSubstr("<ada@example.com>"));
    EXPECT_EQ(json::serialize(*at_path(parsed, {"to"})), R"(["ada@example.com"])");
    EXPECT_EQ(json::serialize(*at_path(parsed, {"defects"})), "[]");
}

TEST(Mime, WhatLooksLikeAnEncodedWordIsEncoded) {
    auto mail = message();
    mail.subject = "=?utf-8?q?Bcc:?= and so on";
    EXPECT_THAT(to_mime(mail), Not(HasSubstr("=?utf-8?q?")));
    EXPECT_EQ(header(judged(mail), "Subject"), mail.subject);
}

TEST(Mime, EncodedWordsAreShortAndCutBetweenCharacters) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += "山";
    const std::string encoded = encode_header(text, 9);
    std::size_t words = 0;
    for (std::size_t at = 0; (at = encoded.find("=?UTF-8?B?", at)) != encoded.npos; ++words) {
        const std::size_t end = encoded.find("?=", at);
        EXPECT_LE(end + 2 - at, 75U);
        const auto bytes = base64_decode(encoded.substr(at + 10, end - at - 10));
        ASSERT_TRUE(bytes);
        EXPECT_EQ(bytes->size() % 3, 0U) << "half a character";
        at = end;
    }
    EXPECT_EQ(words, 3U);  // 39 + 45 + 36 bytes
}

TEST(Mime, TheSameMailIsTheSameBytes) { EXPECT_EQ(to_mime(message()), to_mime(message())); }

TEST(Mime, Addresses) {
    for (const char* good :
         {"a@b", "ada.lovelace+x@example.com", "o'brien@example.com", "zoë@example.com"})
        EXPECT_TRUE(is_mail_address(good)) << good;
    for (const std::string bad :
         {"", "ada", "@example.com", "ada@", "a@b@c", "a b@example.com", "ada@example.com\r\nRCPT",
          "<ada@example.com>", "a,b@example.com", "-oX@example.com", "\"a\"@example.com"})
        EXPECT_FALSE(is_mail_address(bad)) << bad;
    EXPECT_FALSE(is_mail_address(std::string(250, 'a') + "@b.de"));
}

}  // namespace
}  // namespace paydesk::notify
