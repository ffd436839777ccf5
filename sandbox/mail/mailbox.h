#pragma once
// The mails that the sandbox received. Nothing leaves it: whoever they are for, they end here.
//
// A mail is a stored record of kind "_mail":
//   {id, created, envelope: {from, to: [], user}, from, to, subject, bytes, attachments: how many,
//    has_html, _words: what is searched, _raw or _raw_base64: the mail as it was sent}
// `created` is the sandbox's time. When there are too many, the oldest give way.

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/mail/message.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

inline constexpr std::size_t mail_bytes_max = 10'485'760;  // of one mail
inline constexpr std::size_t mails_max = 1000;
inline constexpr std::size_t mailbox_bytes_max = 50'000'000;

struct Envelope {
    std::string from;             // "" for the null sender
    std::vector<std::string> to;  // as the server was told, not as the headers say
    std::string user;             // who signed in; "" for nobody
};

struct MailFilter {
    std::string to;                               // an address of the envelope, or a part of one
    std::string subject;                          // a part of it
    std::string words;                            // a part of subject, addresses or text
    std::string after;                            // only what came after this mail
    bool fits(const stripe::Object& mail) const;  // all but `after`
};

class Mailbox {
public:
    // REQUIRES: it outlives the mailbox.
    explicit Mailbox(stripe::Account& account) : account_(account) {}

    // Stores the mail and commits; its id. REQUIRES: raw.size() <= mail_bytes_max.
    // Throws Unavailable when the disk refuses; nothing is stored then.
    std::string keep(const Envelope& envelope, std::string_view raw);

    // Newest first, at most `most`.
    std::vector<const stripe::Object*> find(const MailFilter& filter, std::size_t most) const;
    // nullptr when there is none.
    const stripe::Object* get(std::string_view id) const;
    std::size_t size() const;

    // Where it takes mails, "smtp://127.0.0.1:8425"; "" when nobody listens.
    const std::string& url() const { return url_; }
    void set_url(std::string url) { url_ = std::move(url); }

    // Both commit.
    bool remove(std::string_view id);
    std::size_t remove_all(const MailFilter& filter);

private:
    void make_room(std::size_t bytes);

    stripe::Account& account_;
    std::string url_;
};

std::string raw_of(const stripe::Object& mail);
Message message_of(const stripe::Object& mail);

}  // namespace paydesk::sandbox
