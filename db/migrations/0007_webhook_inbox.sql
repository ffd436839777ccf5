-- 0007_webhook_inbox: a stored event costs less.
--
-- Why     payload as text: the server has read the JSON before it stores it, and Postgres' json type reads
--         it all once more. It stays what it was: `payload::json -> 'data'` works on it.
--         Out of line from 128 bytes on: an event's state changes once or twice, its payload never, and a
--         new version of the row would carry a payload that lies in it along.
--         collate "C": ids are compared byte by byte, not by a language's rules.
--         A view on a column forbids changing its type: the one of --public-views goes and comes again.
-- Locks   webhook_events and provider_refs, exclusively, while they are written anew.
-- Undo    alter table paydesk.webhook_events alter payload type json using payload::json,
--         alter provider type text collate "default", alter event_id type text collate "default",
--         reset (toast_tuple_target).

do $$
declare
    had_view boolean := obj_description(to_regclass('public.webhook_events'), 'pg_class')
        is not distinct from 'Paydesk view';
begin
    if had_view then
        drop view public.webhook_events;
    end if;

    alter table paydesk.webhook_events
        alter column payload type text using payload::text,
        alter column provider type text collate "C",
        alter column event_id type text collate "C",
        alter column object_id type text collate "C",
        alter column waiting_for type text collate "C",
        set (toast_tuple_target = 128);

    begin
        alter table paydesk.webhook_events
            alter column payload set compression lz4;  -- a new type forgets it
    exception when feature_not_supported then
        null;  -- 0005 has said so
    end;

    alter table paydesk.provider_refs
        alter column provider type text collate "C",
        alter column kind type text collate "C",
        alter column provider_id type text collate "C";

    if had_view then
        create view public.webhook_events with (security_invoker = true) as
        select left(encode(sha256(convert_to(event_id, 'UTF8')), 'hex'), 32)::uuid as id,
               event_id as stripe_event_id, type,
               payload::json -> 'data' as data, status in ('processed', 'ignored') as processed,
               error as processing_error, received_at as created_at, processed_at
        from paydesk.webhook_events
        where provider = 'stripe';
        comment on view public.webhook_events is 'Paydesk view';
        revoke all on public.webhook_events from public, anon, authenticated, service_role;
        grant select on public.webhook_events to service_role;
    end if;
end $$;
