-- 0005_floor: notifications, the webhook inbox, jobs, idempotency keys, the audit log.
--
-- Why     One fact, one effect: each of these tables has the key that makes the second one a no-op.
-- Locks   New tables only.
-- Undo    drop table paydesk.audit_log, paydesk.idempotency_keys, paydesk.jobs,
--         paydesk.webhook_events, paydesk.notifications.

-- fact_key names the fact that is told ('invoice.paid/in_123'), never the event that brought it:
-- insert ... on conflict (account_id, fact_key) do nothing.
create table paydesk.notifications (
    account_id uuid        not null,
    id         uuid        not null default gen_random_uuid(),
    type       text        not null,
    title      text        not null,
    message    text        not null,
    read       boolean     not null default false,
    metadata   jsonb       not null default '{}',
    fact_key   text        not null,
    created_at timestamptz not null default now(),

    primary key (account_id, id),
    constraint notifications_once unique (account_id, fact_key),
    constraint notifications_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
);
create index notifications_by_date on paydesk.notifications (account_id, created_at desc, id desc);

-- The inbox and audit trail of deliveries, keyed by the provider's event id. Verified, stored,
-- committed, then acknowledged:
--     insert into paydesk.webhook_events (provider, event_id, type, ...)
--     select ... from json_to_recordset($1) as ... on conflict (provider, event_id) do nothing
-- Life: received -> processed | ignored; waiting (its customer is unknown yet) and failed are tried
-- again at next_attempt_at; dead is for an operator. A worker that must leave its transaction (to ask
-- the provider) moves next_attempt_at into the future: that is its lease.
create table paydesk.webhook_events (
    provider        text        not null,
    event_id        text        not null,
    type            text        not null,
    api_version     text,
    livemode        boolean     not null default false,
    occurred_at     timestamptz not null,        -- the provider's clock, whole seconds
    object_kind     text        not null default 'other',  -- as provider::ObjectKind
    object_id       text        not null default '',       -- '' where the object has no id
    account_id      uuid,                        -- filled when it is known whose it is
    waiting_for     text,                        -- provider's customer id that a waiting event lacks
    status          text        not null default 'received',
    attempts        integer     not null default 0,
    next_attempt_at timestamptz not null default now(),
    error           text,
    received_at     timestamptz not null default now(),
    processed_at    timestamptz,
    -- The body's text, its keys in the provider's order; the server strips the escape of U+0000, which
    -- json operators refuse. json, not jsonb: we store far more often than we ask, and the text is
    -- evidence. `payload -> 'data'` works on it.
    payload         json        not null,

    primary key (provider, event_id),
    constraint webhook_events_provider check (provider in ('stripe', 'paypal')),
    constraint webhook_events_status check
        (status in ('received', 'processed', 'ignored', 'waiting', 'failed', 'dead')),
    constraint webhook_events_done_is_dated
        check ((status in ('processed', 'ignored')) = (processed_at is not null)),
    constraint webhook_events_attempts_not_negative check (attempts >= 0)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.05);
-- lz4 stores a batch about 30 % faster than pglz and smaller; a server may be built without it.
do $$
begin
    alter table paydesk.webhook_events alter column payload set compression lz4;
exception when feature_not_supported then
    raise notice 'this PostgreSQL has no lz4: payloads are compressed with pglz';
end $$;
-- These hold unfinished events only, so that they stay small however long the trail is kept.
create index webhook_events_due on paydesk.webhook_events (next_attempt_at)
    where status in ('received', 'waiting', 'failed');
create index webhook_events_waiting on paydesk.webhook_events (provider, waiting_for)
    where status = 'waiting';

-- Work to do later, exactly the rows that are claimed with `for update skip locked`. unique_key: at
-- most one live job of that name.
create table paydesk.jobs (
    id           uuid        primary key default gen_random_uuid(),
    queue        text        not null default 'default',
    kind         text        not null,
    account_id   uuid,
    payload      jsonb       not null default '{}',
    status       text        not null default 'queued',
    run_at       timestamptz not null default now(),
    attempts     integer     not null default 0,
    max_attempts integer     not null default 10,
    locked_until timestamptz,
    locked_by    text,
    last_error   text,
    unique_key   text,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,

    constraint jobs_status check (status in ('queued', 'running', 'done', 'dead')),
    constraint jobs_attempts check (attempts >= 0 and max_attempts >= 1),
    constraint jobs_running_is_leased check (status <> 'running' or locked_until is not null)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create unique index jobs_one_live on paydesk.jobs (kind, unique_key)
    where unique_key is not null and status in ('queued', 'running');
create index jobs_due on paydesk.jobs (queue, run_at) where status = 'queued';
create index jobs_leased on paydesk.jobs (locked_until) where status = 'running';

-- The Idempotency-Key header of POSTs that cost: the first answer is the answer. The same key with
-- another request_sha256 is refused by the API.
create table paydesk.idempotency_keys (
    account_id       uuid        not null,
    key              text        not null,
    request_sha256   bytea       not null,
    method           text        not null,
    path             text        not null,
    status           text        not null default 'in_progress',
    response_status  integer,
    response_headers jsonb,
    response_body    text,
    locked_until     timestamptz,
    created_at       timestamptz not null default now(),
    expires_at       timestamptz not null default now() + interval '24 hours',

    primary key (account_id, key),
    constraint idempotency_keys_length check (length(key) between 1 and 255),
    constraint idempotency_keys_sha256 check (length(request_sha256) = 32),
    constraint idempotency_keys_status check (status in ('in_progress', 'done')),
    constraint idempotency_keys_done_has_response
        check ((status = 'done') = (response_status is not null)),
    constraint idempotency_keys_response_status check (response_status between 100 and 599)
);
-- For the sweep of the expired.
create index idempotency_keys_by_expiry on paydesk.idempotency_keys (expires_at);

create table paydesk.audit_log (
    account_id uuid        not null,
    id         uuid        not null default gen_random_uuid(),
    actor      text        not null,  -- 'user:<uuid>', 'admin:<uuid>', 'service', 'webhook:<event id>'
    action     text        not null,
    details    jsonb       not null default '{}',
    created_at timestamptz not null default now(),

    primary key (account_id, id)
);
create index audit_log_by_date on paydesk.audit_log (account_id, created_at desc);

call paydesk.protect('notifications', 'select, insert, update', service_reads => true);
-- delete: retention removes finished events and jobs, and expired keys.
call paydesk.protect('webhook_events', 'select, insert, update, delete', service_reads => true);
call paydesk.protect('jobs', 'select, insert, update, delete', service_reads => false);
call paydesk.protect('idempotency_keys', 'select, insert, update, delete', service_reads => false);
call paydesk.protect('audit_log', 'select, insert', service_reads => true);

-- The one thing that a person may write anywhere: the flag `read` of their own notifications.
grant select, update (read) on paydesk.notifications to authenticated;
create policy own on paydesk.notifications for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own_read on paydesk.notifications for update to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]))
    with check (account_id = any ((select paydesk.account_ids())::uuid[]));

create trigger append_only before update or delete or truncate on paydesk.audit_log
    for each statement execute function paydesk.refuse_change();
