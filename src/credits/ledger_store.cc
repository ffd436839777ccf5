#include "credits/ledger_store.h"

#include "base/assert.h"
#include "base/json.h"
#include "credits/ledger_keys.h"
#include "db/array_param.h"

namespace paydesk::credits::ledger_store {

// The `case` is slot_turn() of ledger.cc. Of the ended ones: the slot's newest that supersedes and has taken effect, and the last free month. The
// `exists` are asked of ended ones only. `offset 0` leaves the planner no other way than the index.
const db::Statement read_account{
    "credits_load_grants",
    R"(select k.account_id, t.number, t.balance_after, g.id, g.kind, g.slot, g.supersedes, g.since,
              g.amount, g.priority, g.effective_at, g.expires_at, g.description, g.issued,
              g.remaining, g.held
       from (select unnest($1::text[])::uuid as account_id) k
       left join lateral (
           select l.number, l.balance_after from paydesk.credit_transactions l
           where l.account_id = k.account_id order by l.number desc limit 1) t on true
       left join lateral (
           select c.* from paydesk.credit_grants c
           where c.account_id = k.account_id
             and (c.remaining > 0 or c.held > 0
                  or ((c.issued = 0 or c.kind = 'plan') and coalesce(c.expires_at > $2, true))
                  or (c.supersedes and c.effective_at <= $2 and not exists (
                          select from paydesk.credit_grants n
                          where n.account_id = c.account_id and n.slot = c.slot and n.supersedes
                            and n.effective_at <= $2
                            and (n.since, case n.kind when 'plan' then 2 - n.supersedes::int else 3 * n.supersedes::int end,
                                 n.effective_at)
                                > (c.since, case c.kind when 'plan' then 2 - c.supersedes::int else 3 * c.supersedes::int end,
                                   c.effective_at)))
                  or (c.kind = 'free' and not exists (
                          select from paydesk.credit_grants n
                          where n.account_id = c.account_id and n.kind = 'free'
                            and n.effective_at > c.effective_at)))
           offset 0) g on true)"};

namespace {

// Without the settings Postgres would read a young table whole, again and again as it grows, and plan
// each statement anew for the lengths of its lists, which costs as much as running it.
const db::Statement lock_accounts{
    "credits_lock",
    R"(select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
              set_config('plan_cache_mode', 'force_generic_plan', true),
              count(pg_advisory_xact_lock(k.key))
       from (select distinct hashtextextended(name, 7411) as key
             from unnest($1::text[]) as name order by 1) k)"};

const db::Statement load_holds{
    "credits_load_holds",
    R"(select h.account_id, h.id, h.number, h.amount, h.status, h.settled_amount, h.description,
              h.expires_at, h.created_at, h.ended_at,
              case h.status when 'held' then (
                  select json_agg(json_build_array(e.grant_id, e.amount) order by e.position)
                  from paydesk.credit_entries e
                  where e.account_id = h.account_id and e.number = h.number) end as parts
       from (
           select o.* from unnest($1::text[]) as name
           cross join lateral (
               select c.* from paydesk.credit_holds c
               where c.account_id = name::uuid and c.status = 'held' and c.expires_at <= $3
               limit 1000) o
           union
           select o.* from json_to_recordset($2::json) as k(account_id uuid, id uuid)
           cross join lateral (
               select c.* from paydesk.credit_holds c
               where c.account_id = k.account_id and c.id = k.id limit 1) o) h)"};

const db::Statement find_free_plan{"credits_free_plan", R"(
    select plan_family, credits_per_month from paydesk.plans
    where kind = 'plan' and is_active and not purchasable order by rank, plan_key limit 1)"};

db::Param names(const std::set<AccountId>& accounts) {
    return db::column<std::string_view>(
        accounts, [](const AccountId& account) { return std::string_view(account.value); });
}

GrantKind parse_grant_kind(std::string_view text) {
    for (const auto kind :
         {GrantKind::free, GrantKind::plan, GrantKind::top_up, GrantKind::admin}) {
        if (to_string(kind) == text) return kind;
    }
    PD_ASSERT(false);  // credit_grants_kind
}

HoldStatus parse_hold_status(std::string_view text) {
    for (const auto status :
         {HoldStatus::held, HoldStatus::settled, HoldStatus::released, HoldStatus::expired}) {
        if (to_string(status) == text) return status;
    }
    PD_ASSERT(false);  // credit_holds_status
}

std::optional<std::int64_t> optional_integer(const db::Rows& rows, std::size_t row,
                                             std::string_view column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return rows.integer(row, column);
}

}  // namespace

Grant read_grant(const db::Rows& rows, std::size_t row) {
    return {.id = std::string(rows.text(row, "id")),
            .kind = parse_grant_kind(rows.text(row, "kind")),
            .fact_key = {},
            .slot = std::string(rows.text(row, "slot")),
            .supersedes = rows.boolean(row, "supersedes"),
            .since = rows.instant(row, "since"),
            .amount = rows.integer(row, "amount"),
            .priority = static_cast<std::int32_t>(rows.integer(row, "priority")),
            .effective_at = rows.instant(row, "effective_at"),
            .expires_at = rows.optional_instant(row, "expires_at").value_or(never),
            .description = std::string(rows.text(row, "description")),
            .issued = rows.integer(row, "issued"),
            .remaining = rows.integer(row, "remaining"),
            .held = rows.integer(row, "held")};
}

Hold read_hold(const db::Rows& rows, std::size_t row) {
    return {.id = std::string(rows.text(row, "id")),
            .number = rows.integer(row, "number"),
            .amount = rows.integer(row, "amount"),
            .status = parse_hold_status(rows.text(row, "status")),
            .settled_amount = optional_integer(rows, row, "settled_amount"),
            .description = std::string(rows.text(row, "description")),
            .expires_at = rows.instant(row, "expires_at"),
            .created_at = rows.instant(row, "created_at"),
            .ended_at = rows.optional_instant(row, "ended_at")};
}

namespace {

std::map<AccountId, Ledger::Loaded> read_accounts(const db::Rows& rows) {
    std::map<AccountId, Ledger::Loaded> loaded;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const AccountId account{std::string(rows.text(row, "account_id"))};
        Ledger::Loaded& ledger = loaded[account];
        ledger.account = account;
        ledger.number = optional_integer(rows, row, "number").value_or(0);
        ledger.balance = optional_integer(rows, row, "balance_after").value_or(0);
        if (!rows.is_null(row, "id")) ledger.grants.push_back(read_grant(rows, row));
    }
    return loaded;
}

std::vector<Burn> read_parts(const db::Rows& rows, std::size_t row) {
    std::vector<Burn> parts;
    if (rows.is_null(row, "parts")) return parts;
    const auto list = parse_json(rows.text(row, "parts"));
    PD_ASSERT(list.has_value());  // json_agg
    for (const json::value& part : list->as_array()) {
        parts.push_back(
            {std::string(part.at(0).as_string()), part.at(1).to_number<std::int64_t>()});
    }
    return parts;
}

Task<> add_holds(db::Tx& tx, const Wanted& wanted, std::map<AccountId, Ledger::Loaded>& loaded,
                 Instant now) {
    std::set<AccountId> holding;
    for (const auto& [account, ledger] : loaded) {
        for (const Grant& grant : ledger.grants) {
            if (grant.held > 0) holding.insert(account);
        }
    }
    if (holding.empty() && wanted.holds.empty()) co_return;
    json::array keys;
    for (const auto& [account, id] : wanted.holds) {
        keys.push_back({
            {"account_id", account.value},
            {"id",         id           }
        });
    }
    const db::Rows rows =
        co_await tx.run(load_holds, {names(holding), json::serialize(keys), db::param(now)});
    for (std::size_t row = 0; row < rows.size(); ++row) {
        Hold hold = read_hold(rows, row);
        hold.parts = read_parts(rows, row);
        loaded[AccountId{std::string(rows.text(row, "account_id"))}].holds.push_back(
            std::move(hold));
    }
}

Task<std::map<AccountId, Ledger>> ledgers_of(db::Tx& tx, db::Rows rows, Wanted wanted,
                                             Instant now) {
    auto loaded = read_accounts(rows);
    co_await add_holds(tx, wanted, loaded, now);
    std::map<AccountId, Ledger> ledgers;
    for (auto& [account, ledger] : loaded) ledgers.emplace(account, Ledger(std::move(ledger), now));
    co_return ledgers;
}

}  // namespace

db::Params read_account_params(const AccountId& account, Instant now) {
    return {names({account}), db::param(now)};
}

Ledger read_ledger(const db::Rows& rows, const AccountId& account, Instant now) {
    auto loaded = read_accounts(rows);
    loaded[account].account = account;
    return Ledger(std::move(loaded[account]), now);
}

Task<> lock(db::Tx& tx, std::set<AccountId> accounts) {
    if (!accounts.empty()) co_await tx.run(lock_accounts, {names(accounts)});
}

Task<std::map<AccountId, Ledger>> load(db::Tx& tx, Wanted wanted, Instant now) {
    const db::Rows rows = co_await tx.run(read_account, {names(wanted.accounts), db::param(now)});
    co_return co_await ledgers_of(tx, rows, std::move(wanted), now);
}

Task<LockedLedgers> lock_and_load(db::Tx& tx, Wanted wanted, std::set<KeyedRequest> keys,
                                  Instant now) {
    std::vector<db::Call> calls;
    calls.push_back({lock_accounts, {names(wanted.accounts)}});
    calls.push_back({
        read_account, {names(wanted.accounts), db::param(now)}
    });
    calls.push_back(select_keys(keys));
    const std::vector<db::Rows> results = co_await db::run_together(tx, std::move(calls));
    co_return LockedLedgers{.ledgers = co_await ledgers_of(tx, results[1], std::move(wanted), now),
                            .keys = read_keys(results[2])};
}

Task<FreePlan> free_plan(db::Tx& tx) {
    const db::Rows rows = co_await tx.run(find_free_plan);
    if (rows.empty()) co_return FreePlan{};
    co_return FreePlan{.slot = std::string(rows.text(0, "plan_family")),
                       .credits = rows.integer(0, "credits_per_month")};
}

}  // namespace paydesk::credits::ledger_store
