// POST /api/admin/send-email, GET /api/admin/emails, POST /api/admin/emails/{id}/retry
#include "api/admin_store.h"
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "notify/email_store.h"
#include "notify/mime.h"

namespace paydesk::api {
namespace {

constexpr std::size_t subject_bytes_max = 200;
constexpr std::size_t message_bytes_max = 10'000;
constexpr std::size_t paragraphs_max = 200;
constexpr std::int64_t page_rows_default = 50;
constexpr std::int64_t page_rows_max = 200;

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",              text   },
    {"account_id",      text   },
    {"kind",            text   },
    {"recipient",       text   },
    {"language",        text   },
    {"status",          text   },
    {"attempts",        integer},
    {"error",           text   },
    {"message_id",      text   },
    {"fact_key",        text   },
    {"created_at",      instant},
    {"sent_at",         instant},
    {"next_attempt_at", instant},
};

UserWork for_admins(UserWork work) {
    return [work = std::move(work)](const http::Request& request,
                                    Caller caller) -> Task<http::Response> {
        if (!caller.is_admin && !caller.is_service)
            co_return refusal({ErrorCode::forbidden, "This is for admins."});
        co_return co_await work(request, std::move(caller));
    };
}

// Each line is a paragraph; blank ones are only space between them.
json::array paragraphs_of(std::string_view message) {
    json::array paragraphs;
    while (!message.empty() && paragraphs.size() < paragraphs_max) {
        const auto end = message.find('\n');
        auto line = message.substr(0, end);
        while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
        if (!line.empty()) paragraphs.emplace_back(line);
        if (end == message.npos) break;
        message.remove_prefix(end + 1);
    }
    return paragraphs;
}

struct Letter {
    std::string account, subject, message, to, button_label, button_url;
};

void check_button(BodyFields& body, const Letter& letter) {
    if (letter.button_label.empty() != letter.button_url.empty())
        body.wrong("buttonUrl", "a button needs buttonLabel and buttonUrl.");
    if (!letter.button_url.empty() && !letter.button_url.starts_with("https://"))
        body.wrong("buttonUrl", "must begin with https://");
}

std::optional<http::Response> read_letter(const http::Request& request, Letter& letter) {
    BodyFields body(request.body);
    letter = {.account = body.uuid("accountId").value_or(""),
              .subject = body.text("subject", subject_bytes_max).value_or(""),
              .message = body.lines("message", message_bytes_max).value_or(""),
              .to = body.text("to", 254).value_or(""),
              .button_label = body.text("buttonLabel", 60).value_or(""),
              .button_url = body.text("buttonUrl", 1'000).value_or("")};
    if (letter.account.empty()) body.wrong("accountId", "is missing: whose e-mail it is.");
    if (letter.subject.find_first_not_of(' ') == letter.subject.npos)
        body.wrong("subject", "is missing.");
    if (paragraphs_of(letter.message).empty()) body.wrong("message", "is missing.");
    if (!letter.to.empty() && !notify::is_mail_address(letter.to))
        body.wrong("to", "is not an e-mail address.");
    check_button(body, letter);
    return body.refused();
}

Task<http::Response> send(const Services& services, const http::Request& request, Caller caller) {
    Letter letter;
    if (auto refused = read_letter(request, letter)) co_return *refused;
    const db::Rows reader = co_await services.db.run(admin_store::reader, {letter.account});
    if (reader.empty())
        co_return refusal({ErrorCode::not_found, "accountId: there is no such account."});
    if (letter.to.empty()) letter.to = std::string(reader.text(0, "email"));
    if (!notify::is_mail_address(letter.to)) {
        co_return field_problem({
            {"to", "this account has no e-mail address: name one."}
        });
    }
    json::object data{
        {"subject",    letter.subject               },
        {"paragraphs", paragraphs_of(letter.message)}
    };
    if (!letter.button_url.empty()) {
        data["button_label"] = letter.button_label;
        data["url"] = letter.button_url;
    }
    const std::string fact = "free_form:" + uuid_v7(services.clock.now());
    const auto language = reader.optional_text(0, "language");
    co_await services.db.transaction([&](db::Tx& tx) -> Task<> {
        co_await notify::email_store::add(tx, {letter.account}, fact, "free_form", letter.to,
                                          language, data);
        // What was written is in the row itself; the log says who, whom and about what.
        const json::object details{
            {"fact_key",  fact          },
            {"recipient", letter.to     },
            {"subject",   letter.subject}
        };
        co_await tx.run(admin_store::audit, {letter.account, actor_of(caller), "email.send",
                                             storable(json::value(details))});
    });
    co_return http::json_response(
        202, {
                 {"status",    "queued" },
                 {"fact_key",  fact     },
                 {"recipient", letter.to}
    });
}

Task<http::Response> list(const Services& services, const http::Request& request, Caller) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, page_rows_max, page_rows_default);
    const auto account = query.uuid("account_id");
    const auto after = query.uuid("starting_after");
    const auto status = query.choice("status", {"queued", "sent", "skipped", "dead"});
    if (auto refused = query.refused()) co_return *refused;
    const db::Rows rows =
        co_await services.db.run(admin_store::list, {status, account, db::param(limit + 1), after});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array emails;
    for (std::size_t row = 0; row < shown; ++row) emails.push_back(to_json(rows, row, columns));
    co_return http::json_response(
        200, {
                 {"emails",   std::move(emails)  },
                 {"has_more", rows.size() > shown}
    });
}

Task<http::Response> retry(const Services& services, const http::Request& request, Caller caller) {
    const auto id = parse_uuid(request.params.at("id"));
    const Error none{ErrorCode::not_found, "There is no dead or skipped e-mail of this id."};
    if (!id) co_return refusal(none);
    const bool queued = co_await services.db.transaction([&](db::Tx& tx) -> Task<bool> {
        const bool again = co_await notify::email_store::requeue(tx, *id, services.clock.now());
        if (again) {
            const json::object details{
                {"email_id", *id}
            };
            co_await tx.run(admin_store::audit, {caller.account.value, actor_of(caller),
                                                 "email.retry", json::serialize(details)});
        }
        co_return again;
    });
    if (!queued) co_return refusal(none);
    co_return http::json_response(202, {
                                           {"status", "queued"},
                                           {"id",     *id     }
    });
}

}  // namespace

void add_admin_email_routes(http::Router& router, const Services& services) {
    const auto bind = [&services](auto work) {
        return for_admins([&services, work](const http::Request& request, Caller caller) {
            return work(services, request, std::move(caller));
        });
    };
    router.on("POST /api/admin/send-email", for_user_once(services, bind(&send)));
    router.on("GET /api/admin/emails", for_user(services, bind(&list)));
    router.on("POST /api/admin/emails/{id}/retry", for_user_once(services, bind(&retry)));
}

}  // namespace paydesk::api
