-- 0006_realtime: live rows for supabase-js where Supabase's Realtime is there.
--
-- Why     postgres_changes tells only of tables in the publication supabase_realtime, and each needs
--         a primary key that the subscriber may read: (account_id, id) is. Their rows are never
--         deleted by the server: a DELETE is told to every subscriber, past row level security.
-- Locks   ShareUpdateExclusive on three tables, for a moment.
-- Undo    alter publication supabase_realtime drop table paydesk.notifications,
--         paydesk.subscriptions, paydesk.invoices.

do $$
declare
    realtime pg_publication;
begin
    select * into realtime from pg_publication where pubname = 'supabase_realtime';
    if not found or realtime.puballtables then
        return;  -- no Realtime here, or it publishes all tables already
    end if;
    alter publication supabase_realtime
        add table paydesk.notifications, paydesk.subscriptions, paydesk.invoices;
exception when insufficient_privilege then
    raise warning 'publication supabase_realtime belongs to %: live rows for supabase-js are off',
                  realtime.pubowner::regrole
        using hint = 'Its owner may run: alter publication supabase_realtime add table '
                     'paydesk.notifications, paydesk.subscriptions, paydesk.invoices';
end $$;
