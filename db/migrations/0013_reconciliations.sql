-- 0013_reconciliations: the runs that compare our rows with the provider's, and what they found.
--
-- Why     A webhook can be lost for good: the endpoint was off for days, somebody restored a backup. A run
--         says what it looked at, what differed and what it mended; one that used up its requests says
--         where the next goes on.
-- Locks   New table only.
-- Undo    drop table paydesk.reconciliations.

create table paydesk.reconciliations (
    id          uuid        primary key,  -- v7: in the order of their start
    provider    text        not null,
    mode        text        not null,     -- events: what we were not told; objects: what our rows say
    origin      text        not null,     -- who asked: 'schedule', 'operator'
    dry_run     boolean     not null default false,
    status      text        not null default 'running',
    since       timestamptz,              -- of a look at events: the oldest that it asks for
    reached     timestamptz,              -- of a look at events: the newest that it has seen
    position    jsonb       not null default '{}',  -- where it is, or where the next goes on
    requests    integer     not null default 0,     -- to the provider
    checked     bigint      not null default 0,
    drift       bigint      not null default 0,
    repaired    bigint      not null default 0,
    report      jsonb       not null default '{}',
    error       text,
    started_at  timestamptz not null,
    finished_at timestamptz,

    constraint reconciliations_provider check (provider in ('stripe', 'paypal')),
    constraint reconciliations_mode check (mode in ('events', 'objects')),
    constraint reconciliations_origin check (origin in ('schedule', 'operator')),
    -- stopped: within its budget it came to `position`
    constraint reconciliations_status check (status in ('running', 'complete', 'stopped', 'failed')),
    constraint reconciliations_ended_is_dated check ((status = 'running') = (finished_at is null)),
    constraint reconciliations_counts check (requests >= 0 and checked >= 0 and drift >= 0 and repaired >= 0)
);

-- delete: runs that found nothing are forgotten after a month.
call paydesk.protect('reconciliations', 'select, insert, update, delete', service_reads => true);
