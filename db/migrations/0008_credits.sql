-- 0008_credits: prepaid credits as a double-entry, append-only ledger.
--
-- Why     A balance column cannot say where 40 credits went; entries can. Each entry moves an amount out
--         of one ledger account into another, so it balances by construction and no code path can
--         make credits out of nothing. What a bucket has left is kept beside it by the ledger's own
--         trigger, in the statement that books: the two cannot disagree, and nobody else may write it.
-- Locks   New tables only.
-- Undo    drop table paydesk.credit_due, paydesk.credit_refusals, paydesk.credit_holds,
--         paydesk.credit_entries, paydesk.credit_transactions, paydesk.credit_grants;
--         drop function paydesk.refuse_credit_change(), paydesk.keep_credit_grants(),
--         paydesk.check_credit_transactions().
-- See     src/credits/README.md for the words and the invariants.

-- A bucket: credits of one origin, with a priority and a lifetime. fact_key names the fact that it is
-- for ('signup', 'top_up/stripe/cs_1'), never the event that brought it.
create table paydesk.credit_grants (
    account_id   uuid        not null,
    id           uuid        not null,
    kind         text        not null,
    fact_key     text        not null,
    slot         text        not null default '',  -- plan family: one plan bucket follows another
    supersedes   boolean     not null default false,  -- ends the slot's earlier buckets
    since        timestamptz not null,             -- when its fact began: later facts win
    amount       bigint      not null,
    priority     integer     not null,             -- lower burns first
    effective_at timestamptz not null,
    expires_at   timestamptz,                      -- exclusive; NULL: never
    description  text        not null,
    created_at   timestamptz not null,

    -- What the ledger says of it. Written by trigger keep_credit_grants alone.
    issued       bigint      not null default 0,   -- 0 until it takes effect, then amount
    remaining    bigint      not null default 0,
    held         bigint      not null default 0,

    primary key (account_id, id),
    constraint credit_grants_once unique (account_id, fact_key),
    constraint credit_grants_kind check (kind in ('free', 'plan', 'top_up', 'admin')),
    constraint credit_grants_amount check (amount between 1 and 1000000000000),
    constraint credit_grants_lifetime check (expires_at > effective_at),
    constraint credit_grants_supersede_in_a_slot check (not supersedes or slot <> ''),
    constraint credit_grants_issued_whole check (issued in (0, amount)),
    constraint credit_grants_not_negative check (remaining >= 0 and held >= 0),
    constraint credit_grants_not_more_than_issued check (remaining + held <= issued)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- What happened to an account, numbered without a gap. amount is the change of the balance.
create table paydesk.credit_transactions (
    account_id      uuid        not null,
    number          bigint      not null,
    kind            text        not null,
    amount          bigint      not null,
    balance_after   bigint      not null,
    entry_count     smallint    not null,
    description     text        not null,
    hold_id         uuid,
    idempotency_key text,
    request_sha256  bytea,
    created_at      timestamptz not null,

    primary key (account_id, number),
    constraint credit_transactions_kind check
        (kind in ('grant', 'consume', 'hold', 'settle', 'release', 'expire', 'take_back')),
    constraint credit_transactions_sign check (case kind
        when 'grant' then amount > 0 when 'release' then amount >= 0
        when 'settle' then amount >= 0 else amount < 0 end),
    constraint credit_transactions_balance_not_negative check (balance_after >= 0),
    constraint credit_transactions_number check (number >= 1),
    constraint credit_transactions_entry_count check (entry_count >= 1),
    constraint credit_transactions_hold check
        ((kind in ('hold', 'settle', 'release')) = (hold_id is not null)),
    constraint credit_transactions_key_has_request check
        ((idempotency_key is null) = (request_sha256 is null))
);
-- One key books once, for ever.
create unique index credit_transactions_once on paydesk.credit_transactions (account_id, idempotency_key)
    where idempotency_key is not null;

-- The lines of a transaction: `amount` credits of one bucket go from one ledger account to another.
create table paydesk.credit_entries (
    account_id   uuid     not null,
    number       bigint   not null,  -- credit_transactions.number
    position     smallint not null,
    grant_id     uuid     not null,  -- credit_grants.id
    from_account text     not null,
    to_account   text     not null,
    amount       bigint   not null,

    primary key (account_id, number, position),
    constraint credit_entries_position check (position >= 1),
    constraint credit_entries_amount check (amount > 0),
    constraint credit_entries_ways check ((from_account, to_account) in (
        ('issued', 'available'),
        ('available', 'consumed'),
        ('available', 'held'),
        ('held', 'consumed'),
        ('held', 'available'),
        ('held', 'expired'),
        ('available', 'expired'),
        ('available', 'taken_back')))
);

-- Credits set aside for work of unknown cost. Which buckets they are from: the entries of `number`.
create table paydesk.credit_holds (
    account_id     uuid        not null,
    id             uuid        not null,
    number         bigint      not null,  -- of the transaction that set them aside
    amount         bigint      not null,
    status         text        not null default 'held',
    settled_amount bigint,
    description    text        not null,
    expires_at     timestamptz not null,
    created_at     timestamptz not null,
    ended_at       timestamptz,

    primary key (account_id, id),
    constraint credit_holds_amount check (amount > 0),
    constraint credit_holds_status check (status in ('held', 'settled', 'released', 'expired')),
    constraint credit_holds_settled check ((status = 'settled') = (settled_amount is not null)),
    constraint credit_holds_settled_within check (settled_amount between 0 and amount),
    constraint credit_holds_ended check ((status = 'held') = (ended_at is null))
);
create index credit_holds_open on paydesk.credit_holds (account_id, expires_at) where status = 'held';

-- A refusal that came with an Idempotency-Key, so that the same key gets the same answer.
create table paydesk.credit_refusals (
    account_id      uuid        not null,
    idempotency_key text        not null,
    request_sha256  bytea       not null,
    code            text        not null,
    message         text        not null,
    balance         bigint      not null,
    shortfall       bigint      not null,
    created_at      timestamptz not null,

    primary key (account_id, idempotency_key)
);
create index credit_refusals_by_date on paydesk.credit_refusals (created_at);

-- When something happens to an account's credits by itself: a bucket takes effect or expires, a hold
-- times out. At most one row per account; never late, sometimes too early.
create table paydesk.credit_due (
    account_id uuid        primary key,
    due_at     timestamptz not null
);
create index credit_due_by_time on paydesk.credit_due (due_at);

-- ---- what the ledger keeps ----

create function paydesk.refuse_credit_change() returns trigger
language plpgsql set search_path = '' as $$
begin
    raise exception '% on paydesk.% is not allowed: only the ledger''s entries change it',
                    lower(tg_op), tg_table_name
        using errcode = 'restrict_violation', constraint = 'credit_grants_change_by_entries';
end $$;
create trigger by_entries before update on paydesk.credit_grants
    for each row when (pg_trigger_depth() = 0) execute function paydesk.refuse_credit_change();
create trigger born_empty before insert on paydesk.credit_grants
    for each row when (new.issued <> 0 or new.remaining <> 0 or new.held <> 0)
    execute function paydesk.refuse_credit_change();
create trigger kept before delete or truncate on paydesk.credit_grants
    for each statement execute function paydesk.refuse_removal();

-- After each statement that inserts entries: each transaction is whole (all its lines at once, as many
-- as it announces, adding up to its amount; so no line is slipped into an old one), and the buckets
-- say what the lines say. The join methods are fixed: Postgres would read a young table whole.
create function paydesk.keep_credit_grants() returns trigger
language plpgsql set search_path = '' set enable_seqscan = 'off' set enable_hashjoin = 'off'
    set enable_mergejoin = 'off' as $$
declare
    changed bigint;
begin
    if exists (
        select from (
            select a.account_id, a.number, count(*) as lines, max(a.position) as last,
                   sum(case 'available' when a.to_account then a.amount
                                        when a.from_account then -a.amount else 0 end) as change
            from added a group by a.account_id, a.number) s
        left join lateral (
            select t.amount, t.entry_count from paydesk.credit_transactions t
            where t.account_id = s.account_id and t.number = s.number limit 1) t on true
        where t.amount is distinct from s.change or t.entry_count is distinct from s.lines
           or s.last is distinct from s.lines) then
        raise exception 'a credit transaction does not balance with its entries'
            using errcode = 'check_violation', constraint = 'credit_transactions_balance';
    end if;

    update paydesk.credit_grants g
    set issued = g.issued + c.issued, remaining = g.remaining + c.remaining, held = g.held + c.held
    from (
        select a.account_id, a.grant_id,
               sum(case when a.from_account = 'issued' then a.amount else 0 end)::bigint as issued,
               sum(case 'available' when a.to_account then a.amount
                                    when a.from_account then -a.amount else 0 end)::bigint as remaining,
               sum(case 'held' when a.to_account then a.amount
                               when a.from_account then -a.amount else 0 end)::bigint as held
        from added a group by a.account_id, a.grant_id) c
    where g.account_id = c.account_id and g.id = c.grant_id;
    get diagnostics changed = row_count;
    if changed <> (select count(*) from (select distinct a.account_id, a.grant_id from added a) d) then
        raise exception 'a credit entry names a grant that is not there'
            using errcode = 'foreign_key_violation', constraint = 'credit_entries_have_grants';
    end if;
    return null;
end $$;
create trigger keep_grants after insert on paydesk.credit_entries
    referencing new table as added
    for each statement execute function paydesk.keep_credit_grants();

-- After each statement that inserts transactions: they continue the account's numbers and balance, and
-- come with their entries.
create function paydesk.check_credit_transactions() returns trigger
language plpgsql set search_path = '' set enable_seqscan = 'off' set enable_hashjoin = 'off'
    set enable_mergejoin = 'off' as $$
begin
    if exists (
        select from added t
        left join lateral (
            select p.balance_after from paydesk.credit_transactions p
            where p.account_id = t.account_id and p.number = t.number - 1 limit 1) p on true
        left join lateral (
            select 1 as there from paydesk.credit_entries e
            where e.account_id = t.account_id and e.number = t.number and e.position = 1 limit 1) e on true
        where e.there is null
           or t.balance_after is distinct from
              coalesce(p.balance_after, case when t.number = 1 then 0 end) + t.amount) then
        raise exception 'a credit transaction does not continue its account''s'
            using errcode = 'check_violation', constraint = 'credit_transactions_continue';
    end if;
    return null;
end $$;
create trigger continues after insert on paydesk.credit_transactions
    referencing new table as added
    for each statement execute function paydesk.check_credit_transactions();

create trigger append_only before update or delete or truncate on paydesk.credit_transactions
    for each statement execute function paydesk.refuse_change();
create trigger append_only before update or delete or truncate on paydesk.credit_entries
    for each statement execute function paydesk.refuse_change();
create trigger final_status before update of status on paydesk.credit_holds
    for each row execute function paydesk.keep_final_status('settled', 'released', 'expired');
create trigger kept before delete or truncate on paydesk.credit_holds
    for each statement execute function paydesk.refuse_removal();

revoke execute on function paydesk.refuse_credit_change(), paydesk.keep_credit_grants(),
    paydesk.check_credit_transactions()
    from public, anon, authenticated, service_role;

-- ---- who may ----

call paydesk.protect('credit_grants', 'select, insert, update (issued, remaining, held)',
                     service_reads => true);
call paydesk.protect('credit_transactions', 'select, insert', service_reads => true);
call paydesk.protect('credit_entries', 'select, insert', service_reads => true);
call paydesk.protect('credit_holds', 'select, insert, update', service_reads => true);
-- delete: a refusal is kept as long as any other first answer, a day; what was due is done.
call paydesk.protect('credit_refusals', 'select, insert, delete', service_reads => false);
call paydesk.protect('credit_due', 'select, insert, update, delete', service_reads => false);

grant select on paydesk.credit_grants, paydesk.credit_transactions, paydesk.credit_entries,
    paydesk.credit_holds to authenticated;
create policy own on paydesk.credit_grants for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.credit_transactions for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.credit_entries for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.credit_holds for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
