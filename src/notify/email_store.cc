#include "notify/email_store.h"

#include "base/assert.h"
#include "notify/email_kinds.h"

namespace paydesk::notify::email_store {

namespace {

const db::Statement claim_due{"emails_claim", R"(
    update paydesk.emails m
    set attempts = m.attempts + 1, next_attempt_at = $2,
        message_id = coalesce(m.message_id, '<' || m.id || '@' || $3 || '>'),
        recipient = coalesce(m.recipient, due.address)
    from (select e.account_id, e.id, coalesce(c.name, a.name, '') as name,
                 coalesce(e.language, a.language, '') as reads,
                 (select x from coalesce(c.email, a.email) x where x !~ '[[:cntrl:]]') as address
          from paydesk.emails e
          left join paydesk.accounts a on a.account_id = e.account_id
          left join lateral (
              select c.email, c.name from paydesk.customers c
              where c.account_id = e.account_id and c.email is not null and c.deleted_at is null
              order by c.provider desc limit 1) c on true
          where e.status = 'queued' and e.next_attempt_at <= $1
          order by e.next_attempt_at limit $4 for update of e skip locked) due
    where m.account_id = due.account_id and m.id = due.id
    returning m.account_id, m.id, m.kind, m.recipient, due.name, due.reads, m.data, m.message_id,
              m.attempts, m.created_at)"};

// The attempt's number is the lease's: whoever took it over has another.
const db::Statement sent{"emails_sent", R"(
    update paydesk.emails set status = 'sent', sent_at = $4, error = null
    where account_id = $1 and id = $2 and status = 'queued' and attempts = $3)"};

const db::Statement put_back{"emails_put_back", R"(
    update paydesk.emails set next_attempt_at = $5, error = $4, attempts = $6
    where account_id = $1 and id = $2 and status = 'queued' and attempts = $3)"};

const db::Statement end{"emails_end", R"(
    update paydesk.emails set status = $5, error = $4
    where account_id = $1 and id = $2 and status = 'queued' and attempts = $3)"};

const db::Statement skip_all{"emails_skip_due", R"(
    update paydesk.emails set status = 'skipped', error = $2
    where status = 'queued' and next_attempt_at <= $1)"};

const db::Statement add_one{"emails_add", R"(
    with mailed as (
        insert into paydesk.emails (account_id, fact_key, kind, recipient, language, data)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (account_id, fact_key) do nothing returning id),
    job as (insert into paydesk.jobs (kind) select $7 where exists (select from mailed))
    select id from mailed)"};

const db::Statement queue_again{"emails_requeue", R"(
    with again as (
        update paydesk.emails
        set status = 'queued', attempts = 0, error = null, next_attempt_at = $2
        where id::text = $1 and status in ('dead', 'skipped') returning id),
    job as (insert into paydesk.jobs (kind) select $3 where exists (select from again))
    select id from again)"};

constexpr std::size_t error_bytes_max = 1'000;

std::string cut(std::string_view error) { return without_nul(error).substr(0, error_bytes_max); }

db::Params lease_of(const Email& email) {
    return {email.account.value, email.id, db::param(email.attempts)};
}

Email read_row(const db::Rows& rows, std::size_t i) {
    auto data = parse_json(rows.text(i, "data"));
    PD_ASSERT(data.has_value() && data->is_object());  // constraint emails_data_is_an_object
    return {.account = {std::string(rows.text(i, "account_id"))},
            .id = std::string(rows.text(i, "id")),
            .kind = std::string(rows.text(i, "kind")),
            .recipient = rows.optional_text(i, "recipient"),
            .name = std::string(rows.text(i, "name")),
            .language = std::string(rows.text(i, "reads")),
            .data = std::move(data->as_object()),
            .message_id = std::string(rows.text(i, "message_id")),
            .attempts = rows.integer(i, "attempts"),
            .created_at = rows.instant(i, "created_at")};
}

Task<> finish(db::Database& db, db::Statement statement, db::Params lease,
              std::initializer_list<db::Param> more) {
    lease.insert(lease.end(), more);
    co_await db.run(statement, std::move(lease));
}

}  // namespace

Task<std::vector<Email>> claim(db::Database& db, Instant now, Instant until, std::string domain,
                               std::int64_t limit) {
    const auto rows = co_await db.run(
        claim_due, {db::param(now), db::param(until), std::move(domain), db::param(limit)});
    std::vector<Email> emails;
    for (std::size_t i = 0; i < rows.size(); ++i) emails.push_back(read_row(rows, i));
    co_return emails;
}

Task<> mark_sent(db::Database& db, Email email, Instant now) {
    co_await finish(db, sent, lease_of(email), {db::param(now)});
}

Task<> retry(db::Database& db, Email email, std::string error, Instant at) {
    co_await finish(db, put_back, lease_of(email),
                    {cut(error), db::param(at), db::param(email.attempts)});
}

Task<> release(db::Database& db, Email email, std::string error, Instant at) {
    co_await finish(db, put_back, lease_of(email),
                    {cut(error), db::param(at), db::param(email.attempts - 1)});
}

Task<> bury(db::Database& db, Email email, std::string error) {
    co_await finish(db, end, lease_of(email), {cut(error), db::param("dead")});
}

Task<> skip(db::Database& db, Email email, std::string why) {
    co_await finish(db, end, lease_of(email), {cut(why), db::param("skipped")});
}

Task<std::size_t> skip_due(db::Database& db, Instant now, std::string why) {
    const auto rows = co_await db.run(skip_all, {db::param(now), cut(why)});
    co_return rows.affected();
}

Task<bool> add(db::Tx& tx, AccountId account, std::string fact_key, std::string kind,
               std::string recipient, std::optional<std::string> language, json::object data) {
    const auto rows =
        co_await tx.run(add_one, {account.value, std::move(fact_key), std::move(kind),
                                  std::move(recipient), std::move(language),
                                  storable(json::value(std::move(data))), send_emails_job_kind});
    co_return !rows.empty();
}

Task<bool> requeue(db::Tx& tx, std::string id, Instant now) {
    const auto rows =
        co_await tx.run(queue_again, {std::move(id), db::param(now), send_emails_job_kind});
    co_return !rows.empty();
}

}  // namespace paydesk::notify::email_store
