// ledger_store.h: what is written.

#include "base/json.h"
#include "credits/ledger_store.h"
#include "db/array_param.h"
#include "db/together.h"

namespace paydesk::credits::ledger_store {

namespace {

const db::Statement insert_grants{
    "credits_insert_grants",
    R"(insert into paydesk.credit_grants (account_id, id, kind, fact_key, slot, supersedes, since, amount,
           priority, effective_at, expires_at, description, created_at)
       select r.account_id, r.id, r.kind, r.fact_key, r.slot, r.supersedes, r.since, r.amount,
           r.priority, r.effective_at, r.expires_at, r.description, $2
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, kind text, fact_key text,
           slot text, supersedes boolean, since timestamptz, amount bigint, priority integer,
           effective_at timestamptz, expires_at timestamptz, description text))"};

// One statement: the triggers hold transactions against their entries when it ends.
const db::Statement book_transactions{"credits_book",
                                      R"(with booked as (
           insert into paydesk.credit_transactions (account_id, number, kind, amount, balance_after,
               entry_count, description, hold_id, idempotency_key, request_sha256, created_at)
           select r.account_id::uuid, r.number, r.kind, r.amount, r.balance_after,
               r.entry_count::smallint, r.description, r.hold_id::uuid, r.key,
               decode(r.sha256, 'hex'), $11
           from (select unnest($1::text[]) as account_id, unnest($2::bigint[]) as number,
                        unnest($3::text[]) as kind, unnest($4::bigint[]) as amount,
                        unnest($5::bigint[]) as balance_after, unnest($6::bigint[]) as entry_count,
                        unnest($7::text[]) as description, unnest($8::text[]) as hold_id,
                        unnest($9::text[]) as key, unnest($10::text[]) as sha256) r)
       insert into paydesk.credit_entries (account_id, number, position, grant_id, from_account,
           to_account, amount)
       select r.account_id::uuid, r.number, r.position::smallint, r.grant_id::uuid, r.from_account,
           r.to_account, r.amount
       from (select unnest($12::text[]) as account_id, unnest($13::bigint[]) as number,
                    unnest($14::bigint[]) as position, unnest($15::text[]) as grant_id,
                    unnest($16::text[]) as from_account, unnest($17::text[]) as to_account,
                    unnest($18::bigint[]) as amount) r)"};

const db::Statement write_holds{
    "credits_write_holds",
    R"(insert into paydesk.credit_holds (account_id, id, number, amount, status, settled_amount,
           description, expires_at, created_at, ended_at)
       select r.account_id, r.id, r.number, r.amount, r.status, r.settled_amount, r.description,
           r.expires_at, r.created_at, r.ended_at
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, number bigint, amount bigint,
           status text, settled_amount bigint, description text, expires_at timestamptz,
           created_at timestamptz, ended_at timestamptz)
       on conflict (account_id, id) do update
           set status = excluded.status, settled_amount = excluded.settled_amount,
               ended_at = excluded.ended_at)"};

// A date moves forward only in note_next_due().
const db::Statement note_due{"credits_note_due", R"(
    insert into paydesk.credit_due as d (account_id, due_at)
    select r.account_id, min(r.due_at)
    from json_to_recordset($1::json) as r(account_id uuid, due_at timestamptz)
    group by r.account_id order by r.account_id
    on conflict (account_id) do update set due_at = least(d.due_at, excluded.due_at))"};

json::value instant_or_null(Instant instant) {
    return instant == never ? json::value() : json::value(to_iso8601(instant));
}

// Refers to the ledgers: they outlive it.
class Writer {
public:
    void add(const AccountId& account, const Ledger& ledger) {
        for (const Grant* grant : ledger.new_grants()) add_grant(account, *grant, ledger.now());
        for (const Transaction& transaction : ledger.booked()) add_booking(account, transaction);
        for (const Hold* hold : ledger.changed_holds()) add_hold(account, *hold);
    }

    // What writes it all, in this order.
    std::vector<db::Call> calls(Instant now) const {
        std::vector<db::Call> calls;
        if (!grants_.empty())
            calls.push_back({
                insert_grants, {json::serialize(grants_), db::param(now)}
            });
        if (!bookings_.empty()) calls.push_back({book_transactions, booking_params(now)});
        if (!holds_.empty()) calls.push_back({write_holds, {json::serialize(holds_)}});
        if (!due_.empty()) calls.push_back({note_due, {json::serialize(due_)}});
        return calls;
    }

private:
    void add_grant(const AccountId& account, const Grant& grant, Instant now) {
        grants_.push_back({
            {"account_id",   account.value                    },
            {"id",           grant.id                         },
            {"kind",         to_string(grant.kind)            },
            {"fact_key",     grant.fact_key                   },
            {"slot",         grant.slot                       },
            {"supersedes",   grant.supersedes                 },
            {"since",        to_iso8601(grant.since)          },
            {"amount",       grant.amount                     },
            {"priority",     grant.priority                   },
            {"effective_at", to_iso8601(grant.effective_at)   },
            {"expires_at",   instant_or_null(grant.expires_at)},
            {"description",  grant.description                }
        });
        const Instant next = grant.effective_at > now ? grant.effective_at : grant.expires_at;
        if (next > now && next != never) add_due(account, next);
    }

    void add_booking(const AccountId& account, const Transaction& transaction) {
        bookings_.push_back({&account, &transaction});
        std::int64_t position = 0;
        for (const Entry& entry : transaction.entries)
            lines_.push_back({&account, transaction.number, ++position, &entry});
    }

    db::Params booking_params(Instant now) const {
        using Text = std::string_view;
        using Number = std::int64_t;
        using db::column;
        using B = Booking;
        using L = Line;
        return {
            column<Text>(bookings_, [](const B& b) { return Text(b.account->value); }),
            column<Number>(bookings_, [](const B& b) { return b.booked->number; }),
            column<Text>(bookings_, [](const B& b) { return to_string(b.booked->kind); }),
            column<Number>(bookings_, [](const B& b) { return b.booked->amount; }),
            column<Number>(bookings_, [](const B& b) { return b.booked->balance_after; }),
            column<Number>(bookings_, [](const B& b) { return Number(b.booked->entries.size()); }),
            column<Text>(bookings_, [](const B& b) { return Text(b.booked->description); }),
            column<Text>(bookings_, [](const B& b) { return view(b.booked->hold); }),
            column<Text>(bookings_, [](const B& b) { return view(b.booked->key, &Key::text); }),
            column<Text>(bookings_,
                         [](const B& b) { return view(b.booked->key, &Key::request_sha256); }),
            db::param(now),
            column<Text>(lines_, [](const L& l) { return Text(l.account->value); }),
            column<Number>(lines_, [](const L& l) { return l.number; }),
            column<Number>(lines_, [](const L& l) { return l.position; }),
            column<Text>(lines_, [](const L& l) { return Text(l.entry->grant); }),
            column<Text>(lines_, [](const L& l) { return to_string(l.entry->from); }),
            column<Text>(lines_, [](const L& l) { return to_string(l.entry->to); }),
            column<Number>(lines_, [](const L& l) { return l.entry->amount; })};
    }

    void add_hold(const AccountId& account, const Hold& hold) {
        json::value settled, ended;
        if (hold.settled_amount) settled = *hold.settled_amount;
        if (hold.ended_at) ended = to_iso8601(*hold.ended_at);
        holds_.push_back({
            {"account_id",     account.value              },
            {"id",             hold.id                    },
            {"number",         hold.number                },
            {"amount",         hold.amount                },
            {"status",         to_string(hold.status)     },
            {"settled_amount", std::move(settled)         },
            {"description",    hold.description           },
            {"expires_at",     to_iso8601(hold.expires_at)},
            {"created_at",     to_iso8601(hold.created_at)},
            {"ended_at",       std::move(ended)           }
        });
        if (hold.status == HoldStatus::held) add_due(account, hold.expires_at);
    }

    void add_due(const AccountId& account, Instant at) {
        due_.push_back({
            {"account_id", account.value },
            {"due_at",     to_iso8601(at)}
        });
    }

    struct Booking {
        const AccountId* account;
        const Transaction* booked;
    };
    struct Line {
        const AccountId* account;
        std::int64_t number, position;
        const Entry* entry;
    };
    static std::optional<std::string_view> view(const std::optional<std::string>& text) {
        return text ? std::optional<std::string_view>(*text) : std::nullopt;
    }
    static std::optional<std::string_view> view(const std::optional<Key>& key,
                                                std::string Key::* part) {
        return key ? std::optional<std::string_view>((*key).*part) : std::nullopt;
    }

    std::vector<Booking> bookings_;
    std::vector<Line> lines_;
    json::array grants_, holds_, due_;
};

const db::Statement insert_refusals{
    "credits_insert_refusals",
    R"(insert into paydesk.credit_refusals (account_id, idempotency_key, request_sha256, code, message,
           balance, shortfall, created_at)
       select r.account_id, r.key, decode(r.sha256, 'hex'), r.code, r.message, r.balance, r.shortfall, $2
       from json_to_recordset($1::json) as r(account_id uuid, key text, sha256 text, code text,
           message text, balance bigint, shortfall bigint)
       on conflict (account_id, idempotency_key) do nothing)"};

const db::Statement delete_old_refusals{"credits_sweep_refusals", R"(
    delete from paydesk.credit_refusals where created_at < $1)"};

const db::Statement select_due{"credits_due", R"(
    select account_id from paydesk.credit_due where due_at <= $1 order by due_at limit $2)"};

const db::Statement delete_due{"credits_delete_due", R"(
    delete from paydesk.credit_due
    where account_id = any (array(select json_array_elements_text($1::json)::uuid)))"};

const db::Statement insert_next_due{"credits_next_due", R"(
    insert into paydesk.credit_due (account_id, due_at)
    select n.account_id, n.due_at
    from (select name::uuid as account_id from json_array_elements_text($1::json) as name) k
    cross join lateral (
        select k.account_id, least(
            (select min(case when g.effective_at > $2 then g.effective_at else g.expires_at end)
             from paydesk.credit_grants g
             where g.account_id = k.account_id and coalesce(g.expires_at > $2, true)
               and (g.remaining > 0 or g.effective_at > $2)),
            (select min(h.expires_at) from paydesk.credit_holds h
             where h.account_id = k.account_id and h.status = 'held')) as due_at) n
    where n.due_at is not null
    order by n.account_id)"};

json::array names(const std::set<AccountId>& accounts) {
    json::array array;
    for (const AccountId& account : accounts) array.emplace_back(account.value);
    return array;
}

std::vector<db::Call> calls_of(const std::map<AccountId, Ledger>& ledgers) {
    if (ledgers.empty()) return {};
    Writer writer;
    for (const auto& [account, ledger] : ledgers) writer.add(account, ledger);
    return writer.calls(ledgers.begin()->second.now());
}

}  // namespace

Task<> save(db::Tx& tx, const std::map<AccountId, Ledger>& ledgers) {
    std::vector<db::Call> calls = calls_of(ledgers);
    if (!calls.empty()) co_await db::run_together(tx, std::move(calls));
}

void save_with_commit(db::Tx& tx, const std::map<AccountId, Ledger>& ledgers) {
    for (db::Call& call : calls_of(ledgers))
        db::run_with_commit(tx, call.statement, std::move(call.params));
}

void save_refusals(db::Tx& tx, const std::vector<KeyedRefusal>& refusals, Instant now) {
    if (refusals.empty()) return;
    json::array rows;
    for (const KeyedRefusal& refused : refusals) {
        rows.push_back({
            {"account_id", refused.account.value                },
            {"key",        refused.key.text                     },
            {"sha256",     refused.key.request_sha256           },
            {"code",       info(refused.refusal.error.code).name},
            {"message",    refused.refusal.error.message        },
            {"balance",    refused.refusal.balance              },
            {"shortfall",  refused.refusal.shortfall            }
        });
    }
    db::run_with_commit(tx, insert_refusals, {json::serialize(rows), db::param(now)});
}

Task<> sweep_refusals(db::Database& db, Instant before) {
    co_await db.run(delete_old_refusals, {db::param(before)});
}

Task<std::set<AccountId>> due(db::Database& db, Instant now, std::int64_t limit) {
    const db::Rows rows = co_await db.run(select_due, {db::param(now), db::param(limit)});
    std::set<AccountId> accounts;
    for (std::size_t row = 0; row < rows.size(); ++row)
        accounts.insert(AccountId{std::string(rows.text(row, "account_id"))});
    co_return accounts;
}

Task<> note_next_due(db::Tx& tx, std::set<AccountId> accounts, Instant now) {
    const std::string list = json::serialize(names(accounts));
    co_await tx.run(delete_due, {list});
    co_await tx.run(insert_next_due, {list, db::param(now)});
}

}  // namespace paydesk::credits::ledger_store
