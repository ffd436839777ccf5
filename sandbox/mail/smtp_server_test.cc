// Mails over a real socket, sent by a real client (libcurl's), and clients that misbehave.

#include "sandbox/mail/smtp_server.h"

#include <curl/curl.h>
#include <gmock/gmock.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <thread>

#include "base/error.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::text;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

class SmtpServerTest : public SandboxTest {
protected:
    void listen(SmtpLimits limits = {}) {
        server_ =
            std::make_unique<SmtpServer>(io_, 0, sandbox_->mailbox(), sandbox_->faults(), limits);
        server_->start();
    }
    // Runs the server until `client`, in a thread of its own, has ended.
    void during(const std::function<void()>& client) {
        std::atomic<bool> done = false;
        std::thread thread([&] {
            client();
            done = true;
        });
        io_.restart();
        while (!done) io_.run_for(10ms);
        thread.join();
    }
    // What libcurl says of it.
    CURLcode send(const std::string& mail, const std::string& to) {
        CURLcode outcome = CURLE_OK;
        during([&] {
            CURL* curl = curl_easy_init();
            curl_slist* recipients = curl_slist_append(nullptr, to.c_str());
            auto rest = std::string_view(mail);
            const auto read = +[](char* into, std::size_t size, std::size_t n, void* from) {
                auto& left = *static_cast<std::string_view*>(from);
                const auto length = std::min(size * n, left.size());
                std::memcpy(into, left.data(), length);
                left.remove_prefix(length);
                return length;
            };
            const auto url = "smtp://127.0.0.1:" + std::to_string(server_->port()) + "/client.test";
            curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
            curl_easy_setopt(curl, CURLOPT_USERNAME, "paydesk");
            curl_easy_setopt(curl, CURLOPT_PASSWORD, "secret");
            curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<billing@example.com>");
            curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
            curl_easy_setopt(curl, CURLOPT_READFUNCTION, read);
            curl_easy_setopt(curl, CURLOPT_READDATA, &rest);
            curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
            curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
            curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
            outcome = curl_easy_perform(curl);
            curl_slist_free_all(recipients);
            curl_easy_cleanup(curl);
        });
        return outcome;
    }
    // All that the server says to a client that sends this and then waits.
    std::string told(const std::string& bytes) {
        std::string answers;
        during([&] {
            asio::io_context io;
            asio::ip::tcp::socket socket(io);
            socket.connect({asio::ip::address_v4::loopback(), server_->port()});
            asio::write(socket, asio::buffer(bytes));
            boost::system::error_code end;
            asio::read(socket, asio::dynamic_buffer(answers), end);
        });
        return answers;
    }
    std::unique_ptr<SmtpServer> server_;
};

TEST_F(SmtpServerTest, TakesWhatLibcurlSends) {
    listen();
    const std::string mail =
        "From: billing@example.com\r\nTo: <ada@example.com>\r\nSubject: Receipt\r\n\r\n"
        "..\r\n.\r\nThe end.\r\n";
    EXPECT_EQ(send(mail, "<ada@example.com>"), CURLE_OK);
    const auto* stored = sandbox_->mailbox().find({}, 1).at(0);
    EXPECT_EQ(raw_of(*stored), mail);
    EXPECT_EQ(text(child(*stored, "envelope"), "user"), "paydesk");
    call("POST", "/_sandbox/faults", R"({"fault": "mail_550"})");
    EXPECT_EQ(send(mail, "<ada@example.com>"), CURLE_SEND_ERROR);
    call("DELETE", "/_sandbox/faults");
    call("POST", "/_sandbox/faults", R"({"fault": "mail_reset", "when": "after"})");
    EXPECT_NE(send(mail, "<ada@example.com>"), CURLE_OK);
    EXPECT_EQ(sandbox_->mailbox().size(), 2u);
}

TEST_F(SmtpServerTest, TurnsAwayWhoIsSlow) {
    listen({.line_timeout = 100ms});
    EXPECT_THAT(told("EHLO me\r\nMAIL FR"), HasSubstr("421 4.4.2 "));
    // One byte after another is no line either.
    std::string answers;
    during([&] {
        asio::io_context io;
        asio::ip::tcp::socket socket(io);
        socket.connect({asio::ip::address_v4::loopback(), server_->port()});
        boost::system::error_code end;
        for (int i = 0; i < 20 && !end; ++i) {
            asio::write(socket, asio::buffer("x", 1), end);
            std::this_thread::sleep_for(20ms);
        }
        EXPECT_TRUE(end);
    });
}

TEST_F(SmtpServerTest, TurnsAwayWhoIsTooMany) {
    listen({.connections_max = 1, .line_timeout = 60s});
    during([&] {
        asio::io_context io;
        asio::ip::tcp::socket first(io), second(io);
        const asio::ip::tcp::endpoint there(asio::ip::address_v4::loopback(), server_->port());
        std::string greeting(4, ' '), refusal;
        boost::system::error_code end;
        first.connect(there);
        asio::read(first, asio::buffer(greeting));
        second.connect(there);
        asio::read(second, asio::dynamic_buffer(refusal), end);
        EXPECT_EQ(greeting, "220 ");
        EXPECT_THAT(refusal, StartsWith("421 4.3.2 "));
    });
}

TEST_F(SmtpServerTest, SaysWhichPortIsTaken) {
    listen();
    try {
        SmtpServer second(io_, server_->port(), sandbox_->mailbox(), sandbox_->faults());
        FAIL() << "two listen on one port";
    } catch (const Unavailable& failure) {
        EXPECT_THAT(failure.what(), HasSubstr("--smtp-port"));
    }
}

}  // namespace
}  // namespace paydesk::sandbox
