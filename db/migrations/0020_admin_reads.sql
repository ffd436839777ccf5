-- 0020_admin_reads: what the admin's console looks for.
--
-- Why     Events are found by the object that they are about (also by `paydesk explain`), and listed newest first
--         without reading the whole trail. A B-tree would cost each event four entries, two when it comes and two
--         when it is processed: a sixth of all that Postgres does for it. What is read by its time lies on disk in that
--         order, and what happens to one object lies close together: BRIN is enough, and all but free.
-- Locks   SHARE while the indexes are built: writers of these tables wait.
-- Undo    drop index paydesk.accounts_by_date, paydesk.webhook_events_by_object,
--         paydesk.webhook_events_by_receipt, paydesk.webhook_events_unfinished, paydesk.invoices_by_time, paydesk.payments_by_time,
--         paydesk.usage_hours_by_time;

create index accounts_by_date on paydesk.accounts (created_at desc, account_id desc);
create index webhook_events_by_object on paydesk.webhook_events
    using brin (object_id text_bloom_ops (n_distinct_per_range = -0.5)) with (pages_per_range = 32);
create index webhook_events_by_receipt on paydesk.webhook_events using brin (received_at) with (pages_per_range = 32);
-- Few rows, and none of an event that goes well.
create index webhook_events_unfinished on paydesk.webhook_events (received_at)
    where status in ('failed', 'dead', 'waiting');
create index invoices_by_time on paydesk.invoices using brin (created_at);
create index payments_by_time on paydesk.payments using brin (created_at);
create index usage_hours_by_time on paydesk.usage_hours using brin (hour);
