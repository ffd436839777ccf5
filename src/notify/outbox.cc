#include "notify/outbox.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "notify/render_email.h"

namespace paydesk::notify {

namespace {

constexpr std::int64_t batch_emails_max = 20;
// Longer than a batch can take: each of its mails may wait for the server's time-out.
constexpr std::chrono::minutes lease{30};
constexpr std::chrono::seconds pause_when_unreachable{60};
constexpr std::chrono::seconds back_off_first{60};
constexpr std::chrono::hours back_off_max{4};

void count(std::string_view outcome) {
    metrics::count("paydesk_emails_total", {
                                               {"outcome", outcome}
    });
}

std::string domain_of(const std::string& address) { return address.substr(address.find('@') + 1); }

}  // namespace

std::chrono::seconds email_back_off(std::int64_t attempts) {
    const auto doublings = std::clamp<std::int64_t>(attempts - 1, 0, 20);
    return std::min<std::chrono::seconds>(back_off_first * (std::int64_t{1} << doublings),
                                          back_off_max);
}

Outbox::Outbox(db::Database& db, const Clock& clock, const documents::Wording& wording,
               documents::Brand brand, Sender sender, SmtpClient* server, Attach attach)
    : db_(db),
      clock_(clock),
      wording_(wording),
      brand_(std::move(brand)),
      sender_(std::move(sender)),
      server_(server),
      attach_(std::move(attach)) {}

Task<Result<void>> Outbox::send_due(Instant deadline) {
    if (server_ == nullptr) {
        const auto skipped = co_await email_store::skip_due(
            db_, clock_.now(), "no mail server is configured: set SMTP_URL and MAIL_FROM");
        for (std::size_t i = 0; i < skipped; ++i) count("skipped");
        co_return Result<void>{};
    }
    const std::string domain = domain_of(sender_.from.address);
    while (clock_.now() < deadline) {
        const Instant now = clock_.now();
        auto emails = co_await email_store::claim(db_, now, now + lease, domain, batch_emails_max);
        if (emails.empty()) break;
        bool reachable = true;
        for (auto& email : emails) {
            if (reachable && clock_.now() < deadline) {
                reachable = co_await send_one(email);
                continue;
            }
            const Instant again =
                clock_.now() + (reachable ? std::chrono::seconds(0) : pause_when_unreachable);
            co_await email_store::release(
                db_, email, reachable ? "" : "the mail server could not be reached", again);
        }
        if (!reachable) break;
    }
    co_return Result<void>{};
}

Task<Result<void>> Outbox::send_new(Instant deadline) {
    if (server_ == nullptr) co_return Result<void>{};
    co_return co_await send_due(deadline);
}

Task<bool> Outbox::send_one(email_store::Email email) {
    if (!email.recipient || !is_mail_address(*email.recipient)) {
        count("skipped");
        co_await email_store::skip(
            db_, email,
            email.recipient ? "the address cannot be mailed to" : "no e-mail address is known");
        co_return true;
    }
    std::optional<MailMessage> message;
    std::string failure;
    try {
        message = co_await compose(email);
    } catch (const std::exception& thrown) {
        failure = thrown.what();
    }
    if (!message) {
        co_await settle(email, {Delivery::Outcome::deferred, 0, failure});
        co_return true;
    }
    const Delivery delivery =
        co_await server_->send(message->from.address, message->to.address, to_mime(*message));
    co_await settle(email, delivery);
    co_return delivery.outcome != Delivery::Outcome::unreachable;
}

Task<MailMessage> Outbox::compose(email_store::Email email) {
    EmailContent content{.kind = email.kind,
                         .language = wording_.language(email.language, sender_.default_language),
                         .name = email.name,
                         .data = email.data};
    std::optional<Attachment> paper;
    if (attach_) paper = co_await attach_(email, content.language);
    content.with_attachment = paper.has_value();
    auto words = render_email(wording_, brand_, content);
    MailMessage message{
        .from = sender_.from,
        .to = {*email.recipient, email.name},
        .reply_to = sender_.reply_to,
        .message_id = email.message_id,
        .date = email.created_at,
        .subject = std::move(words.subject),
        .text = std::move(words.text),
        .html = std::move(words.html),
        .attachments = {}
    };
    if (paper) message.attachments.push_back(std::move(*paper));
    co_return message;
}

Task<> Outbox::settle(email_store::Email email, Delivery delivery) {
    using enum Delivery::Outcome;
    if (delivery.outcome == accepted) {
        count("sent");
        co_await email_store::mark_sent(db_, email, clock_.now());
        co_return;
    }
    const std::string error = delivery.code > 0
                                  ? delivery.text + " (" + std::to_string(delivery.code) + ")"
                                  : delivery.text;
    const bool dead = delivery.outcome == refused || email.attempts >= email_attempts_max;
    count(dead ? "dead" : "retried");
    // The address is no secret of ours to tell: the row has it.
    log::warning(dead ? "email_dead" : "email_not_sent",
                 {
                     {"email_id", json::value(email.id)      },
                     {"kind",     json::value(email.kind)    },
                     {"attempts", json::value(email.attempts)},
                     {"error",    json::value(error)         }
    });
    if (dead) {
        co_await email_store::bury(db_, email, error);
    } else {
        co_await email_store::retry(db_, email, error,
                                    clock_.now() + email_back_off(email.attempts));
    }
}

}  // namespace paydesk::notify
