// The conversation and what becomes of it: mailbox, controls, page, faults.

#include <gmock/gmock.h>

#include <array>
#include <cstdlib>
#include <random>

#include "base/crypto.h"
#include "sandbox/mail/smtp_session.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::text;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Then = SmtpSession::Turn::Then;

class SmtpTest : public SandboxTest {
protected:
    SmtpSession session() { return {sandbox_->mailbox(), sandbox_->faults()}; }
    static std::string said(SmtpSession& session, std::string_view bytes) {
        return session.take(bytes).say;
    }
    // The answer to the whole mail.
    std::string sent(const std::string& to, const std::string& mail) {
        auto smtp = session();
        const auto head = said(
            smtp, "EHLO me\r\nMAIL FROM:<shop@example.com>\r\nRCPT TO:<" + to + ">\r\nDATA\r\n");
        const auto last = head.substr(head.rfind("\r\n", head.size() - 3) + 2);
        return last.starts_with("354") ? said(smtp, mail + ".\r\n") : head;
    }
    json::object mails(const std::string& query = {}) { return got("/_sandbox/mails" + query); }
    std::size_t count(const std::string& query = {}) {
        return children(mails(query), "data").size();
    }
    json::object newest() {
        return got("/_sandbox/mails/" + text(children(mails(), "data").at(0).as_object(), "id"));
    }
};

TEST_F(SmtpTest, AMailIsTakenAsRfc5321Says) {
    auto smtp = session();
    EXPECT_THAT(SmtpSession::greeting(), StartsWith("220 "));
    EXPECT_THAT(said(smtp, "EHLO client.example\r\n"),
                testing::AllOf(StartsWith("250-"), HasSubstr("250-PIPELINING\r\n"),
                               HasSubstr("250-SIZE 10485760\r\n"), HasSubstr("8BITMIME"),
                               HasSubstr("SMTPUTF8"), HasSubstr("250 AUTH PLAIN LOGIN\r\n")));
    EXPECT_THAT(said(smtp, "mail from:<a@x.example> SIZE=100 BODY=8BITMIME\r\n"),
                StartsWith("250 "));
    EXPECT_THAT(said(smtp, "RCPT TO:<b@x.example>\r\n"), StartsWith("250 "));
    EXPECT_THAT(said(smtp, "RCPT TO: <\"c d\"@x.example>\r\n"), StartsWith("250 "));
    EXPECT_THAT(said(smtp, "DATA\r\n"), StartsWith("354 "));
    EXPECT_EQ(said(smtp, "Subject: Hi\r\n\r\n..dot\r\n.. \r\n"), "");
    EXPECT_THAT(said(smtp, ".\r\n"), StartsWith("250 2.0.0 Taken as mail_"));
    const auto turn = smtp.take("QUIT\r\n");
    EXPECT_THAT(turn.say, StartsWith("221 "));
    EXPECT_EQ(turn.then, Then::close);
    const auto mail = newest();
    EXPECT_EQ(text(mail, "subject"), "Hi");
    EXPECT_EQ(text(mail, "text"), ".dot\n. \n");
    EXPECT_EQ(text(child(mail, "envelope"), "from"), "a@x.example");
    EXPECT_EQ(children(child(mail, "envelope"), "to"),
              (json::array{"b@x.example", "\"c d\"@x.example"}));
}

TEST_F(SmtpTest, BytesComeInAnyPieces) {
    const std::string all =
        "EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\nSubject: "
        "piecewise\r\n\r\nbody\r\n.\r\nMAIL FROM:<x@y.z>\r\nRSET\r\nQUIT\r\n";
    auto whole = session();
    const auto expected = said(whole, all);
    auto by_byte = session();
    std::string answers;
    for (const char byte : all) answers += said(by_byte, std::string(1, byte));
    const auto codes = [](const std::string& replies) {
        std::string found;
        for (std::size_t at = 0; at < replies.size(); at = replies.find("\r\n", at) + 2) {
            found += replies.substr(at, 4);
        }
        return found;
    };
    EXPECT_EQ(codes(answers), codes(expected));
    EXPECT_THAT(codes(expected), HasSubstr("354 250 250 250 221 "));
    EXPECT_EQ(count("?subject=PIECEWISE"), 2u);
}

TEST_F(SmtpTest, AnyoneSignsIn) {
    const auto encoded = [](std::string_view plain) { return base64_encode(plain) + "\r\n"; };
    using std::string_view_literals::operator""sv;
    auto plain = session();
    said(plain, "EHLO me\r\n");
    EXPECT_THAT(said(plain, "AUTH PLAIN " + encoded("\0ada\0secret"sv)), StartsWith("235 "));
    EXPECT_THAT(said(plain, "AUTH PLAIN\r\n"), StartsWith("503 "));
    auto asked = session();
    said(asked, "EHLO me\r\n");
    EXPECT_EQ(said(asked, "AUTH PLAIN\r\n"), "334 \r\n");
    EXPECT_THAT(said(asked, "*\r\n"), StartsWith("501 "));
    EXPECT_EQ(said(asked, "AUTH LOGIN\r\n"), "334 VXNlcm5hbWU6\r\n");
    EXPECT_EQ(said(asked, encoded("grace")), "334 UGFzc3dvcmQ6\r\n");
    EXPECT_THAT(said(asked, encoded("x")), StartsWith("235 "));
    said(asked, "MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n\r\nx\r\n.\r\n");
    EXPECT_EQ(text(child(newest(), "envelope"), "user"), "grace");
    auto wrong = session();
    said(wrong, "EHLO me\r\n");
    EXPECT_THAT(said(wrong, "AUTH PLAIN !!!\r\n"), StartsWith("501 "));
    EXPECT_THAT(said(wrong, "AUTH PLAIN " + encoded("no nul")), StartsWith("501 "));
    EXPECT_THAT(said(wrong, "AUTH CRAM-MD5\r\n"), StartsWith("504 "));
    EXPECT_THAT(said(wrong, "AUTH PLAIN " + encoded("\xFF\0\xFF\0\xFF"sv)), StartsWith("501 "));
}

TEST_F(SmtpTest, WhatIsWrongIsSaid) {
    for (const auto& [commands, code] : std::initializer_list<std::pair<const char*, const char*>>{
             {"MAIL FROM:<a@b.c>\r\n",                                    "503 "      },
             {"EHLO\r\n",                                                 "501 "      },
             {"WHAT\r\n",                                                 "500 "      },
             {"STARTTLS\r\n",                                             "502 "      },
             {"EHLO me\r\nRCPT TO:<a@b.c>\r\n",                           "503 "      },
             {"EHLO me\r\nDATA\r\n",                                      "503 "      },
             {"EHLO me\r\nMAIL FROM:<a@b.c>\r\nDATA\r\n",                 "554 "      },
             {"EHLO me\r\nMAIL FROM:a@b.c\r\n",                           "501 "      },
             {"EHLO me\r\nMAIL FROM:<a@b.c> SIZE=99999999\r\n",           "552 "      },
             {"EHLO me\r\nMAIL FROM:<a@b.c> SIZE=x\r\n",                  "501 "      },
             {"EHLO me\r\nMAIL FROM:<a@b.c> RET=FULL\r\n",                "555 "      },
             {"EHLO me\r\nMAIL FROM:<a b@c.d>\r\n",                       "501 "      },
             {"EHLO me\r\nMAIL FROM:<nobody>\r\n",                        "553 "      },
             {"EHLO me\r\nMAIL FROM:<\xC3\xBC@b.c>\r\n",                  "553 "      },
             {"EHLO me\r\nMAIL FROM:<\xFF@b.c> SMTPUTF8\r\n",             "553 "      },
             {"EHLO me\r\nMAIL FROM:<\xC3\xBC@b.c> SMTPUTF8\r\n",         "250 "      },
             {"EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<>\r\n",           "553 "      },
             {"EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<postmaster>\r\n", "250 2.1.5 "},
             {"EHLO me\r\nMAIL FROM:<a@b.c>\r\nMAIL FROM:<a@b.c>\r\n",    "503 "      }
    }) {
        auto smtp = session();
        const auto answers = said(smtp, commands);
        EXPECT_THAT("\r\n" + answers, HasSubstr(std::string("\r\n") + code)) << commands;
    }
    auto from_a_browser = session();
    const auto closed = from_a_browser.take("POST / HTTP/1.1\r\nEHLO me\r\nMAIL FROM:<a@b.c>\r\n");
    EXPECT_EQ(closed.then, Then::close);
    EXPECT_THAT(closed.say, testing::AllOf(StartsWith("421 "), Not(HasSubstr("250"))));
    auto smtp = session();
    EXPECT_THAT(said(smtp, std::string(20'000, 'x') + "\r\n"), StartsWith("500 5.5.6 "));
    EXPECT_THAT(said(smtp, "NOOP\r\n"), StartsWith("250 "));
    SmtpSession::Turn turn;
    for (int i = 0; i < 20 && turn.then == Then::read_on; ++i) turn = smtp.take("WHAT\r\n");
    EXPECT_THAT(turn.say, HasSubstr("421 "));
    EXPECT_EQ(turn.then, Then::close);
}

TEST_F(SmtpTest, LimitsHoldAndTheConversationGoesOn) {
    EXPECT_THAT(sent("a@b.c", "\r\n" + std::string(998, 'x') + "\r\n"), StartsWith("250 "));
    const auto refused = sent("a@b.c", "S: 1\r\n\r\n" + std::string(999, 'x') + "\r\n");
    EXPECT_THAT(refused, StartsWith("554 5.6.0 Line 3 "));
    EXPECT_THAT(sent("a@b.c", "\r\n" + std::string(50'000, 'x') + "\r\n"), StartsWith("554 "));
    const auto line = std::string(98, 'x') + "\r\n";
    std::string big;
    while (big.size() <= mail_bytes_max) big += line;
    EXPECT_THAT(sent("a@b.c", big), StartsWith("552 "));
    EXPECT_EQ(count(), 1u);

    auto smtp = session();
    said(smtp, "EHLO me\r\nMAIL FROM:<a@b.c>\r\n");
    for (int i = 0; i < 100; ++i) {
        ASSERT_THAT(said(smtp, "RCPT TO:<a" + std::to_string(i) + "@b.c>\r\n"), StartsWith("250 "));
    }
    EXPECT_THAT(said(smtp, "RCPT TO:<one.more@b.c>\r\n"), StartsWith("452 "));
}

// Repeat a run with PAYDESK_SEED=<what a failure printed>.
TEST_F(SmtpTest, AnyBytesAreSurvived) {
    const char* given = std::getenv("PAYDESK_SEED");
    const std::uint64_t began_with =
        given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::mt19937_64 random(began_with);
    static constexpr std::array<std::string_view, 22> pieces = {
        "EHLO me\r\n",
        "MAIL FROM:<a@b.c>",
        "RCPT TO:<d@e.f>",
        "DATA\r\n",
        ".\r\n",
        "\r\n",
        "\n",
        "\r",
        "AUTH PLAIN ",
        "AUTH LOGIN\r\n",
        "AGEAYg==",
        "<",
        ">",
        "\"",
        "\\",
        " SIZE=",
        "RSET\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n",
        "--b\r\n",
        "=?utf-8?B?w5w=?=",
        "\xFF\x80",
        "Content-Transfer-Encoding: base64\r\n"};
    for (int i = 0; i < 300; ++i) {
        auto smtp = session();
        for (int piece = 0; piece < 60; ++piece) {
            const auto turn = smtp.take(pieces[random() % pieces.size()]);
            ASSERT_TRUE(turn.say.empty() || turn.say.ends_with("\r\n"))
                << "PAYDESK_SEED=" << began_with;
            if (turn.then != Then::read_on) break;
        }
    }
    for (const auto* mail : sandbox_->mailbox().find({}, mails_max)) {
        ASSERT_EQ(call("GET", "/_sandbox/mails/" + text(*mail, "id")).status, 200)
            << "PAYDESK_SEED=" << began_with;
    }
}

// What ends a mail for one server and not for another is how mails are smuggled.
TEST_F(SmtpTest, OnlyCrlfDotCrlfEndsAMail) {
    auto smtp = session();
    said(smtp, "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n");
    EXPECT_EQ(said(smtp, "\r\none\n.\nMAIL FROM:<evil@b.c>\r\nx\n.\r\ny\r\n.\n"), "");
    EXPECT_THAT(said(smtp, "z\r\n.\r\n"), StartsWith("250 "));
    EXPECT_EQ(count(), 1u);
    EXPECT_THAT(text(newest(), "text"), HasSubstr("MAIL FROM:<evil@b.c>"));
}

TEST_F(SmtpTest, TheOldestGiveWay) {
    for (std::size_t i = 0; i < mails_max + 3; ++i) {
        sandbox_->mailbox().keep({"a@b.c", {"d@e.f"}, ""},
                                 "Subject: n" + std::to_string(i) + "\r\n\r\n");
    }
    EXPECT_EQ(number(mails(), "total"), static_cast<std::int64_t>(mails_max));
    EXPECT_EQ(count("?subject=n2&limit=1000&q=n2"), 110u);  // n20 to n29, n200 to n299
    const std::string large(mail_bytes_max, 'x');
    for (int i = 0; i < 6; ++i) sandbox_->mailbox().keep({"", {"d@e.f"}, ""}, large);
    EXPECT_EQ(sandbox_->mailbox().size(), 4u);
    restart();
    EXPECT_EQ(sandbox_->mailbox().size(), 4u);
}

TEST_F(SmtpTest, ControlsListFindWaitAndDelete) {
    sent("ada@example.com", "Subject: Welcome\r\n\r\nhttp://x.example/confirm\r\n");
    const auto first = newest();
    sent("Grace@example.com",
         "Subject: Receipt\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename=\"a/\xC3\xBC.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n");
    EXPECT_EQ(count(), 2u);
    EXPECT_EQ(count("?to=grace%40"), 1u);
    EXPECT_EQ(count("?subject=welc&to=ada"), 1u);
    EXPECT_EQ(count("?q=confirm"), 1u);
    EXPECT_EQ(count("?after=" + id(first)), 1u);
    EXPECT_EQ(count("?q=nothing"), 0u);
    EXPECT_EQ(children(first, "links"), json::array{"http://x.example/confirm"});
    const auto waited = got("/_sandbox/mails/wait?to=grace&timeout=0");
    EXPECT_EQ(text(waited, "subject"), "Receipt");
    const auto& attachment = children(waited, "attachments").at(0).as_object();
    EXPECT_EQ(text(attachment, "name"), "a/ü.pdf");
    const auto download = call("GET", text(attachment, "url"));
    EXPECT_EQ(download.text, "%PDF-");
    EXPECT_EQ(download.headers.get("Content-Disposition"),
              "attachment; filename=\"a___.pdf\"; filename*=UTF-8''a%2F%C3%BC.pdf");
    EXPECT_THAT(call("GET", "/_sandbox/mails/" + id(first) + "/raw").text,
                StartsWith("Subject: Welcome\r\n"));
    EXPECT_EQ(call("GET", "/_sandbox/mails/wait?to=nobody&timeout=0").status, 404);
    EXPECT_EQ(call("GET", "/_sandbox/mails/wait?timeout=61").status, 400);
    EXPECT_EQ(call("GET", "/_sandbox/mails?limit=0").status, 400);
    EXPECT_EQ(call("GET", "/_sandbox/mails/mail_none").status, 404);
    EXPECT_EQ(call("POST", "/_sandbox/mails").status, 405);
    restart();
    EXPECT_EQ(count(), 2u);
    EXPECT_EQ(number(call("DELETE", "/_sandbox/mails?to=ada").body, "deleted"), 1);
    EXPECT_EQ(call("DELETE", "/_sandbox/mails/" + id(waited)).status, 200);
    EXPECT_EQ(count(), 0u);
}

TEST_F(SmtpTest, PagesShowMailsAndRunNothing) {
    EXPECT_THAT(call("GET", "/mailbox").text, HasSubstr("No mail yet."));
    sent("ada@example.com",
         "From: <script>alert(1)</script>\r\nSubject: <b>x</b>\r\nContent-Type: "
         "text/html\r\n\r\n<!doctype html><html><head></head><script>alert(2)</script>\r\n");
    const auto mail = "/mailbox/" + id(newest());
    const auto list = call("GET", "/mailbox?q=x&to=ada");
    EXPECT_THAT(list.text, HasSubstr("&lt;b&gt;x&lt;/b&gt;"));
    for (const auto* view : {"", "?view=phone", "?view=text", "?view=headers", "?view=source"}) {
        const auto page = call("GET", mail + view);
        EXPECT_EQ(page.status, 200);
        EXPECT_THAT(page.text, Not(HasSubstr("<script>alert"))) << view;
    }
    EXPECT_THAT(call("GET", mail).text, HasSubstr("<iframe"));
    const auto frame = call("GET", mail + "/html");
    EXPECT_THAT(frame.text, StartsWith("<!doctype html><html><head><base target=\"_blank\">"));
    const std::string policy(frame.headers.get("Content-Security-Policy"));
    EXPECT_THAT(policy, HasSubstr("sandbox allow-popups"));
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("script")));
    const http::Headers elsewhere = {
        {"Origin", "http://evil.example"},
        {"Host",   "127.0.0.1:8420"     }
    };
    EXPECT_EQ(call("POST", "/mailbox/delete", "", elsewhere).status, 403);
    EXPECT_EQ(count(), 1u);
    EXPECT_EQ(call("POST", "/mailbox/delete", "q=other").status, 303);
    EXPECT_EQ(count(), 1u);
    EXPECT_EQ(call("POST", mail + "/delete").status, 303);
    EXPECT_EQ(call("GET", mail).status, 404);
}

TEST_F(SmtpTest, Faults) {
    const auto set = [&](const std::string& fault) {
        call("DELETE", "/_sandbox/faults");
        const auto reply = call("POST", "/_sandbox/faults", fault);
        EXPECT_EQ(reply.status, 200) << reply.text;
    };
    set(R"({"fault": "mail_451", "to": "*@slow.example", "count": 1})");
    EXPECT_THAT(sent("a@slow.example", "\r\n"), HasSubstr("451 4.7.1 "));
    EXPECT_THAT(sent("a@slow.example", "\r\n"), StartsWith("250 "));
    set(R"({"fault": "mail_550", "to": "gone@x.example"})");
    EXPECT_THAT(sent("gone@x.example", "\r\n"), HasSubstr("550 5.1.1 "));
    EXPECT_THAT(sent("here@x.example", "\r\n"), StartsWith("250 "));
    set(R"({"fault": "mail_lost"})");
    EXPECT_THAT(sent("a@b.c", "\r\n"), StartsWith("250 "));
    EXPECT_EQ(count(), 2u);
    // After its effect: the mail is there, and its sender cannot know.
    set(R"({"fault": "mail_hang", "when": "after", "seconds": 7})");
    auto smtp = session();
    said(smtp, "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n");
    const auto turn = smtp.take("Subject: kept\r\n\r\n.\r\n");
    EXPECT_EQ(turn.say, "");
    EXPECT_EQ(turn.then, Then::reset);
    EXPECT_EQ(turn.wait, std::chrono::seconds(7));
    EXPECT_EQ(count("?subject=kept"), 1u);
    set(R"({"fault": "mail_reset"})");
    auto cut = session();
    said(cut, "EHLO me\r\nMAIL FROM:<a@b.c>\r\n");
    EXPECT_EQ(cut.take("RCPT TO:<d@e.f>\r\nDATA\r\n").then, Then::reset);
    for (const auto* wrong :
         {R"({"fault": "mail_550", "route": "x"})", R"({"fault": "500", "to": "x"})",
          R"({"fault": "mail_lost", "when": "after"})"}) {
        EXPECT_EQ(call("POST", "/_sandbox/faults", wrong).status, 400) << wrong;
    }
    EXPECT_THAT(call("GET", "/faults").text, HasSubstr("mail_550"));
}

}  // namespace
}  // namespace paydesk::sandbox
