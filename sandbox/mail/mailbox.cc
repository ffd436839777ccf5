#include "sandbox/mail/mailbox.h"

#include <algorithm>

#include "base/crypto.h"
#include "sandbox/mail/mime_text.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::Object;
using stripe::text;

constexpr std::string_view kind = "_mail";
constexpr std::size_t words_max = 20'000;

bool holds(std::string_view where, std::string_view lower_needle) {
    return lower_case(where).find(lower_needle) != std::string::npos;
}

bool is_for(const Object& mail, const std::string& lower_needle) {
    return std::ranges::any_of(children(child(mail, "envelope"), "to"),
                               [&](const auto& to) { return holds(to.as_string(), lower_needle); });
}

}  // namespace

bool MailFilter::fits(const Object& mail) const {
    if (!to.empty() && !is_for(mail, lower_case(to))) return false;
    if (!subject.empty() && !holds(text(mail, "subject"), lower_case(subject))) return false;
    const auto needle = lower_case(words);
    return needle.empty() || is_for(mail, needle) || holds(text(mail, "from"), needle) ||
           holds(text(mail, "subject"), needle) || holds(text(mail, "_words"), needle);
}

std::string Mailbox::keep(const Envelope& envelope, std::string_view raw) {
    const auto message = parse_message(raw);
    const auto id = account_.new_record_id("mail_", Chance::Stream::mails);
    json::array to;
    for (const auto& address : envelope.to) to.emplace_back(address);
    const auto words = message.text.empty()
                           ? words_of_html(stripe::shortened(message.html, 10 * words_max))
                           : message.text;
    Object mail{
        {"id", id},
        {"created", account_.now()},
        {"envelope", Object{{"from", envelope.from},
                            {"to", std::move(to)},
                            {"user", stripe::text_or_null(envelope.user)}}},
        {"from", message.header("From")},
        {"to", message.header("To")},
        {"subject", message.header("Subject")},
        {"bytes", raw.size()},
        {"attachments", message.attachments.size()},
        {"has_html", !message.html.empty()},
        {"_words", stripe::shortened(words, words_max)},
    };
    if (stripe::is_utf8(raw))
        mail["_raw"] = raw;
    else
        mail["_raw_base64"] = base64_encode(raw);
    try {
        make_room(raw.size());
        account_.store().add(kind, id, std::move(mail));
        account_.commit();
    } catch (...) {
        account_.rollback();
        throw;
    }
    return id;
}

void Mailbox::make_room(std::size_t bytes) {
    Store& store = account_.store();
    std::size_t held = bytes;
    for (const auto& id : store.ids(kind)) {
        held += static_cast<std::size_t>(number(*store.find(id), "bytes"));
    }
    while (!store.ids(kind).empty() &&
           (store.ids(kind).size() >= mails_max || held > mailbox_bytes_max)) {
        const std::string oldest = store.ids(kind).front();
        held -= static_cast<std::size_t>(number(*store.find(oldest), "bytes"));
        store.erase(oldest);
    }
}

std::vector<const Object*> Mailbox::find(const MailFilter& filter, std::size_t most) const {
    std::vector<const Object*> found;
    const auto& ids = account_.store().ids(kind);
    for (auto id = ids.rbegin(); id != ids.rend() && found.size() < most; ++id) {
        if (!filter.after.empty() && *id == filter.after) break;
        const Object& mail = *account_.store().find(*id);
        if (filter.fits(mail)) found.push_back(&mail);
    }
    return found;
}

const Object* Mailbox::get(std::string_view id) const { return account_.store().find(kind, id); }

std::size_t Mailbox::size() const { return account_.store().ids(kind).size(); }

bool Mailbox::remove(std::string_view id) {
    if (!get(id)) return false;
    account_.store().erase(id);
    account_.commit();
    return true;
}

std::size_t Mailbox::remove_all(const MailFilter& filter) {
    std::vector<std::string> ids;
    for (const Object* mail : find(filter, mails_max)) ids.push_back(text(*mail, "id"));
    for (const auto& id : ids) account_.store().erase(id);
    account_.commit();
    return ids.size();
}

std::string raw_of(const Object& mail) {
    const auto* plain = mail.if_contains("_raw");
    if (plain) return std::string(plain->as_string());
    return base64_decode(text(mail, "_raw_base64")).value_or("");
}

Message message_of(const Object& mail) { return parse_message(raw_of(mail)); }

}  // namespace paydesk::sandbox
