#pragma once
// The listener of the mailbox: SMTP on 127.0.0.1.

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/task.h"
#include "sandbox/mail/smtp_session.h"

namespace paydesk::sandbox {

struct SmtpLimits {
    std::size_t connections_max = 50;                // more are told to come back
    std::chrono::milliseconds line_timeout{60'000};  // for one line to come or one answer to go
    std::chrono::milliseconds connection_timeout{600'000};
};

class SmtpServer {
public:
    // Binds and listens at once; port 0 takes a free one. Throws Unavailable, naming the port and
    // --smtp-port. REQUIRES: `io` runs on one thread; mailbox and faults outlive what it runs.
    SmtpServer(asio::io_context& io, std::uint16_t port, Mailbox& mailbox, Faults& faults,
               SmtpLimits limits = {});
    ~SmtpServer();
    SmtpServer(const SmtpServer&) = delete;
    SmtpServer& operator=(const SmtpServer&) = delete;

    std::uint16_t port() const;
    void start();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace paydesk::sandbox
