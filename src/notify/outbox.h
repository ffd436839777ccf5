#pragma once
// Sends the e-mails that are due: the handler of the job `send_emails`, which the transaction of a mail
// queues, and of a sweep every minute for those that wait for another attempt.
//
//     fact ── add() ──▶ queued ── claim, lease ──▶ SMTP ──▶ sent
//                         ▲                         │
//                         └── back-off ── deferred ─┴──▶ dead (refused for good, or attempts_max)
//
// At least once: a process that dies between the server's 250 and `sent` sends the mail again, after
// the lease, with the same Message-ID, by which many mailboxes show it once. It cannot be done better
// with SMTP: there is no way to ask a server what it has taken.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "db/database.h"
#include "documents/brand.h"
#include "documents/wording.h"
#include "jobs/runner.h"
#include "notify/email_store.h"
#include "notify/mime.h"
#include "notify/smtp.h"

namespace paydesk::notify {

inline constexpr const char* sweep_emails_job_kind = "sweep_emails";
inline constexpr std::chrono::seconds sweep_emails_period{60};
// One minute, doubling to four hours: 20 attempts are about two and a half days.
inline constexpr std::int64_t email_attempts_max = 20;
std::chrono::seconds email_back_off(std::int64_t attempts);

struct Sender {
    Mailbox from;
    std::string reply_to = {};            // "" without
    std::string default_language = "en";  // "en"
};

// The paper to go with a mail, or nothing where there is none. Throws Unavailable: try later.
using Attach = std::function<Task<std::optional<Attachment>>(const email_store::Email& email,
                                                             const std::string& language)>;

class Outbox {
public:
    // Without a server (null) every mail that is due is marked `skipped`, and why: switching mail on
    // later never sends what is old. The arguments must outlive the outbox.
    Outbox(db::Database& db, const Clock& clock, const documents::Wording& wording,
           documents::Brand brand, Sender sender, SmtpClient* server, Attach attach);

    // Sends what is due, until nothing is or `deadline` has come.
    // A mail is never lost to an error: it stays queued until it is sent, dead or skipped.
    Task<Result<void>> send_due(Instant deadline);
    // The same for what a fact has just queued. Without a server it leaves that to the sweep, rather than
    // look for them again with each fact.
    Task<Result<void>> send_new(Instant deadline);

private:
    // False: the server can't be reached, the rest of the batch has no chance either.
    Task<bool> send_one(email_store::Email email);
    Task<MailMessage> compose(email_store::Email email);
    Task<> settle(email_store::Email email, Delivery delivery);

    db::Database& db_;
    const Clock& clock_;
    const documents::Wording& wording_;
    const documents::Brand brand_;
    const Sender sender_;
    SmtpClient* server_;
    Attach attach_;
};

}  // namespace paydesk::notify
