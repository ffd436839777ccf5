-- 0020_admin_reads: what the admin's console looks for.
--
-- Why     Events are found by the object that they are about (also by `paydesk explain`), and listed newest first
--         without reading the whole trail. Neither column ever changes, so an index costs an event its entry and
--         each change of its state another one, and nothing else.
--         What is read by month or day lies on disk in the order of its time: BRIN is enough, and all but free.
-- Locks   SHARE while the indexes are built: writers of these tables wait.
-- Undo    drop index paydesk.accounts_by_date, paydesk.webhook_events_by_object,
--         paydesk.webhook_events_by_receipt, paydesk.webhook_events_unfinished, paydesk.invoices_by_time, paydesk.payments_by_time,
--         paydesk.usage_hours_by_time;

create index accounts_by_date on paydesk.accounts (created_at desc, account_id desc);
create index webhook_events_by_object on paydesk.webhook_events (object_id);
create index webhook_events_by_receipt on paydesk.webhook_events (received_at);
-- Few rows, and none of an event that goes well.
create index webhook_events_unfinished on paydesk.webhook_events (received_at)
    where status in ('failed', 'dead', 'waiting');
create index invoices_by_time on paydesk.invoices using brin (created_at);
create index payments_by_time on paydesk.payments using brin (created_at);
create index usage_hours_by_time on paydesk.usage_hours using brin (hour);
