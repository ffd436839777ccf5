// A balance of credits: every line of the ledger that made it, and for which fact.

#include <fmt/format.h>

#include "base/ids.h"
#include "explain/explain_parts.h"

namespace paydesk::explain {

namespace {

const db::Statement find_account{"explain_find_account",
                                 R"(select account_id, coalesce(email, account_id::text) as who
       from paydesk.accounts
       where case when $2::uuid is not null then account_id = $2 else lower(email) = lower($1) end
       order by created_at limit 2)"};

const db::Statement read_buckets{"explain_buckets",
                                 R"(select description, kind, remaining, held, expires_at, priority
       from paydesk.credit_grants
       where account_id = $1 and (remaining > 0 or held > 0)
       order by priority, expires_at nulls last, id)"};

const db::Statement read_ledger{
    "explain_ledger",
    R"(select t.number, t.kind, t.amount, t.balance_after, t.description, t.created_at,
              t.idempotency_key, l.lines, l.fact_keys, count(*) over () as all_of_them
       from paydesk.credit_transactions t
       cross join lateral (
           select string_agg(format('%s of "%s" %s -> %s', e.amount, g.description, e.from_account,
                                    e.to_account), ', ' order by e.position) as lines,
                  string_agg(distinct g.fact_key, ', ')
                      filter (where e.from_account = 'issued') as fact_keys
           from paydesk.credit_entries e
           join paydesk.credit_grants g on g.account_id = e.account_id and g.id = e.grant_id
           where e.account_id = t.account_id and e.number = t.number) l
       where t.account_id = $1
       order by t.number desc limit $2)"};

struct Why {
    std::string_view kind, words;
};
constexpr Why whys[] = {
    {"grant",     "were granted"                                            },
    {"consume",   "were used"                                               },
    {"hold",      "were set aside for work of unknown cost"                 },
    {"settle",    "came back when that work was settled for less"           },
    {"release",   "came back: nothing of what was set aside was used"       },
    {"expire",    "expired: their time was over"                            },
    {"take_back", "were taken back: what they were bought with was refunded"},
};

// "because invoice in_1 was paid"
std::string fact_in_words(std::string_view key) {
    const auto part = [&key](int n) {
        std::string_view rest = key;
        for (; n > 0 && !rest.empty(); --n) {
            const auto slash = rest.find('/');
            rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
        }
        return std::string(rest.substr(0, rest.find('/')));
    };
    const std::string first = part(0);
    if (first == "invoice_line") return "because invoice " + part(2) + " was paid";
    if (first == "top_up") return "because checkout " + part(2) + " was paid";
    if (first == "subscription_ended") return "because subscription " + part(2) + " has ended";
    if (first == "admin") return "by " + part(1);
    if (first == "signup") return "because the account is new";
    return "for " + std::string(key);
}

std::string sentence_of(const db::Rows& rows, std::size_t i) {
    std::string_view words = "changed";
    for (const auto& why : whys) {
        if (why.kind == rows.text(i, "kind")) words = why.words;
    }
    const std::int64_t amount = rows.integer(i, "amount");
    std::string text =
        fmt::format("{:+} credits {}: {}", amount, words, rows.text(i, "description"));
    if (const auto keys = rows.optional_text(i, "fact_keys")) text += ", " + fact_in_words(*keys);
    text += fmt::format(". The balance is {} then", rows.integer(i, "balance_after"));
    if (const auto lines = rows.optional_text(i, "lines")) text += " (" + *lines + ")";
    return text + ".";
}

Task<std::string> standing_of(const Parts& parts, const std::string account,
                              const std::string who) {
    const auto buckets = co_await parts.db.run(read_buckets, {account});
    std::int64_t balance = 0, held = 0;
    std::string list;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        balance += buckets.integer(i, "remaining");
        held += buckets.integer(i, "held");
        const auto expires = buckets.optional_instant(i, "expires_at");
        list += fmt::format("{}{} of \"{}\"{}", list.empty() ? "" : ", then ",
                            buckets.integer(i, "remaining"), buckets.text(i, "description"),
                            expires ? " until " + day_of(*expires) : "");
    }
    std::string text = fmt::format("{} has {} credits", who, balance);
    if (held > 0) text += fmt::format(" and {} set aside", held);
    if (!list.empty()) text += ". They are used in this order: " + list;
    co_return text + ".";
}

}  // namespace

Task<Result<Explanation>> explain_balance(const Parts& parts, std::string id) {
    const auto uuid = parse_uuid(id);
    const auto found =
        co_await parts.db.run(find_account, {db::param(id), uuid ? db::Param(*uuid) : db::Param()});
    if (found.empty()) {
        co_return Error{ErrorCode::not_found,
                        "There is no account " + id + ". Give its UUID or its e-mail address."};
    }
    if (found.size() > 1) {
        co_return Error{ErrorCode::not_found, "Several accounts have the address " + id +
                                                  ". Give the UUID of one of them."};
    }
    const std::string account(found.text(0, "account_id"));
    Explanation explanation{
        .subject = Subject::balance,
        .id = account,
        .account = account,
        .now = co_await standing_of(parts, account, std::string(found.text(0, "who")))};
    const auto rows = co_await parts.db.run(read_ledger, {account, db::param(steps_max)});
    if (!rows.empty() && rows.integer(0, "all_of_them") > steps_max) {
        explanation.left_out.push_back(
            fmt::format("{} older entries are not shown; the balance after the first one shown "
                        "includes them",
                        rows.integer(0, "all_of_them") - steps_max));
    }
    for (std::size_t i = rows.size(); i-- > 0;) {
        explanation.steps.push_back({.at = rows.instant(i, "created_at"),
                                     .kind = StepKind::entry,
                                     .text = sentence_of(rows, i),
                                     .id = std::to_string(rows.integer(i, "number"))});
    }
    co_return explanation;
}

}  // namespace paydesk::explain
