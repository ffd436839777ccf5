// ledger_store.h: what is known already, by a fact's key or a request's.

#include "base/assert.h"
#include "base/json.h"
#include "credits/ledger_keys.h"
#include "db/array_param.h"

namespace paydesk::credits::ledger_store {

namespace {

const db::Statement select_facts{"credits_known_facts",
                                 R"(select k.account_id, k.fact_key
       from json_to_recordset($1::json) as k(account_id uuid, fact_key text)
       cross join lateral (
           select 1 from paydesk.credit_grants g
           where g.account_id = k.account_id and g.fact_key = k.fact_key limit 1) g)"};

const db::Statement select_grant{
    "credits_find_grant",
    R"(select g.id, g.kind, g.slot, g.supersedes, g.since, g.amount, g.priority, g.effective_at,
              g.expires_at, g.description, g.issued, g.remaining, g.held,
              (select coalesce(sum(e.amount), 0)::bigint from paydesk.credit_entries e
               where e.account_id = g.account_id and e.grant_id = g.id
                 and e.to_account = 'taken_back') as taken_back
       from paydesk.credit_grants g where g.account_id = $1 and g.fact_key = $2)"};

const db::Statement select_grants{"credits_find_grants", R"(
    select id, fact_key from paydesk.credit_grants
    where account_id = $1 and starts_with(fact_key, $2))"};

// A hold as it was after the transaction: what came later is left out.
const db::Statement find_keys{
    "credits_find_keys",
    R"(select k.account_id, k.key, encode(coalesce(t.request_sha256, r.request_sha256), 'hex') as sha256,
              t.number, t.kind, t.amount, t.balance_after, t.description, t.created_at,
              h.id, h.amount as held, h.settled_amount, h.description as hold_description, h.expires_at,
              h.created_at as hold_created_at,
              r.code, r.message, r.balance, r.shortfall
       from (select a::uuid as account_id, r.key from unnest($1::text[], $2::text[]) as r(a, key)) k
       left join lateral (
           select b.* from paydesk.credit_transactions b
           where b.account_id = k.account_id and b.idempotency_key = k.key limit 1) t on true
       left join lateral (
           select s.* from paydesk.credit_holds s
           where s.account_id = k.account_id and s.id = t.hold_id limit 1) h on true
       left join lateral (
           select f.* from paydesk.credit_refusals f
           where f.account_id = k.account_id and f.idempotency_key = k.key limit 1) r on true
       where t.number is not null or r.code is not null)"};

HoldStatus status_after(TransactionKind kind) {
    switch (kind) {
        case TransactionKind::settle:
            return HoldStatus::settled;
        case TransactionKind::release:
            return HoldStatus::released;
        default:
            return HoldStatus::held;
    }
}

ErrorCode parse_code(std::string_view name) {
    for (const ErrorInfo& entry : error_table) {
        if (entry.name == name) return entry.code;
    }
    return ErrorCode::internal;
}

KeyedOutcome read_outcome(const db::Rows& rows, std::size_t row) {
    KeyedOutcome outcome{.request_sha256 = std::string(rows.text(row, "sha256"))};
    if (rows.is_null(row, "number")) {
        outcome.refusal = Refusal{
            .error = {parse_code(rows.text(row, "code")), std::string(rows.text(row, "message"))},
            .balance = rows.integer(row, "balance"),
            .shortfall = rows.integer(row, "shortfall")
        };
        return outcome;
    }
    const auto kind = parse_transaction_kind(rows.text(row, "kind"));
    outcome.transaction = Transaction{.number = rows.integer(row, "number"),
                                      .kind = kind,
                                      .amount = rows.integer(row, "amount"),
                                      .balance_after = rows.integer(row, "balance_after"),
                                      .description = std::string(rows.text(row, "description")),
                                      .at = rows.instant(row, "created_at")};
    if (rows.is_null(row, "id")) return outcome;
    Hold hold{.id = std::string(rows.text(row, "id")),
              .amount = rows.integer(row, "held"),
              .status = status_after(kind),
              .description = std::string(rows.text(row, "hold_description")),
              .expires_at = rows.instant(row, "expires_at"),
              .created_at = rows.instant(row, "hold_created_at")};
    if (hold.status != HoldStatus::held) hold.ended_at = outcome.transaction->at;
    if (hold.status == HoldStatus::settled)
        hold.settled_amount = rows.integer(row, "settled_amount");
    outcome.transaction->hold = hold.id;
    outcome.hold = std::move(hold);
    return outcome;
}

}  // namespace

Task<std::set<FactKey>> known_facts(db::Tx& tx, std::set<FactKey> facts) {
    std::set<FactKey> known;
    if (facts.empty()) co_return known;
    json::array keys;
    for (const auto& [account, fact] : facts) {
        keys.push_back({
            {"account_id", account.value},
            {"fact_key",   fact         }
        });
    }
    const db::Rows rows = co_await tx.run(select_facts, {json::serialize(keys)});
    for (std::size_t row = 0; row < rows.size(); ++row) {
        known.emplace(AccountId{std::string(rows.text(row, "account_id"))},
                      std::string(rows.text(row, "fact_key")));
    }
    co_return known;
}

Task<std::optional<Granted>> find_grant(db::Tx& tx, AccountId account, std::string fact_key) {
    const db::Rows rows = co_await tx.run(select_grant, {account.value, std::move(fact_key)});
    if (rows.empty()) co_return std::nullopt;
    co_return Granted{read_grant(rows, 0), rows.integer(0, "taken_back")};
}

Task<std::map<std::string, std::string>> find_grants(db::Tx& tx, AccountId account,
                                                     std::string prefix) {
    const db::Rows rows = co_await tx.run(select_grants, {account.value, std::move(prefix)});
    std::map<std::string, std::string> facts;
    for (std::size_t row = 0; row < rows.size(); ++row)
        facts.emplace(rows.text(row, "id"), rows.text(row, "fact_key"));
    co_return facts;
}

db::Call select_keys(const std::set<KeyedRequest>& keys) {
    const auto text = [&](auto value) {
        return db::column<std::string_view>(
            keys, [&](const KeyedRequest& request) { return std::string_view(value(request)); });
    };
    return {
        find_keys,
        {text([](const KeyedRequest& request) -> const auto& { return request.account.value; }),
          text([](const KeyedRequest& request) -> const auto& { return request.key; })}
    };
}

std::map<KeyedRequest, KeyedOutcome> read_keys(const db::Rows& rows) {
    std::map<KeyedRequest, KeyedOutcome> outcomes;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        outcomes.emplace(KeyedRequest{{std::string(rows.text(row, "account_id"))},
                                      std::string(rows.text(row, "key"))},
                         read_outcome(rows, row));
    }
    return outcomes;
}

}  // namespace paydesk::credits::ledger_store
