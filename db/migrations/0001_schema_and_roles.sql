-- 0001_schema_and_roles: schema paydesk, the server's role, and what every later table is made with.
--
-- Why     Supabase's default privileges for `public` were "everything to anon" until 2026 and are
--         "nothing, but TRUNCATE" since. In a schema of our own neither applies: all rights are
--         given by name, and old projects, new projects and plain Postgres behave alike.
-- Locks   New objects only.
-- Undo    drop schema paydesk cascade; drop owned by paydesk_server; drop role paydesk_server.
-- Needs   CREATEROLE, CREATE on the database. No superuser: on Supabase the role `postgres` runs it.
--         anon, authenticated, service_role and auth.uid() exist (supabase_shim.sql elsewhere).

create schema paydesk;
revoke all on schema paydesk from public;  -- and from whomever default privileges gave it:
revoke all on schema paydesk from anon, authenticated, service_role;

-- paydesk_server is who the server is: it owns nothing and bypasses nothing, its access is a policy
-- on each table. It may become anon or authenticated for one transaction, to read as a user.
-- No password is set here: `alter role paydesk_server password '...'` is the operator's.
do $$
declare
    server   pg_roles;
    is_super boolean := (select rolsuper from pg_roles where rolname = current_user);
    may_set  boolean;
begin
    begin
        if not exists (select from pg_roles where rolname = 'paydesk_server') then
            create role paydesk_server login noinherit;
        end if;
    exception when duplicate_object or unique_violation then
        null;  -- roles are the cluster's: another database of it is being migrated at this moment
    end;
    select * into server from pg_roles where rolname = 'paydesk_server';
    if server.rolsuper or server.rolbypassrls then
        raise exception 'role paydesk_server exists and is above row level security'
            using hint = 'As a superuser: alter role paydesk_server nosuperuser nobypassrls';
    end if;
    if server.rolinherit then
        alter role paydesk_server noinherit;
    end if;
    if not pg_has_role('paydesk_server', 'anon', 'member')
       or not pg_has_role('paydesk_server', 'authenticated', 'member') then
        begin
            grant anon, authenticated to paydesk_server;
        exception when unique_violation then
            null;
        end;
    end if;

    -- The owner of the tables may `set role paydesk_server`, and so the server may be given the
    -- owner's URL. From PostgreSQL 16 on, making a role gives ADMIN on it and not SET.
    if not is_super then
        if current_setting('server_version_num')::int >= 160000 then
            execute 'select pg_has_role(current_user, ''paydesk_server'', ''set'')' into may_set;
            if not may_set then
                execute format('grant paydesk_server to %I with set true', current_user);
            end if;
        elsif not pg_has_role(current_user, 'paydesk_server', 'member') then
            execute format('grant paydesk_server to %I', current_user);
        end if;
    end if;
end $$;

grant usage on schema paydesk to anon, authenticated, service_role, paydesk_server;

-- Every table is born with one call of this: row level security on and forced, nothing for anyone,
-- then what is named. `server` are paydesk_server's rights; `service_reads` lets service_role SELECT;
-- rights of people are granted and limited by a policy beside the table.
create procedure paydesk.protect(table_name text, server text, service_reads boolean)
language plpgsql set search_path = '' as $$
begin
    execute format('alter table paydesk.%I enable row level security, force row level security',
                   table_name);
    execute format('revoke all on paydesk.%I from public, anon, authenticated, service_role',
                   table_name);
    execute format('grant %s on paydesk.%I to paydesk_server', server, table_name);
    execute format('create policy server on paydesk.%I to paydesk_server using (true) with check (true)',
                   table_name);
    if service_reads then
        execute format('grant select on paydesk.%I to service_role', table_name);
        execute format('create policy service on paydesk.%I for select to service_role using (true)',
                       table_name);
    end if;
end $$;

-- The migrator's record of what it applied. It would make the table itself; here it gets its rights,
-- whatever default privileges say. The server may look (is my schema there?), the owner writes.
create table paydesk.schema_migrations (
    name       text        primary key,
    checksum   text        not null,
    applied_at timestamptz not null default now()
);
call paydesk.protect('schema_migrations', 'select', service_reads => true);
create policy owner on paydesk.schema_migrations to current_user using (true) with check (true);

create function paydesk.touch_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
    new.updated_at := now();
    return new;
end $$;

-- For rows that are evidence. The missing grant stops the server, the trigger also the owner's psql.
create function paydesk.refuse_removal() returns trigger
language plpgsql set search_path = '' as $$
begin
    raise exception '% on paydesk.% is not allowed: its rows are kept', lower(tg_op), tg_table_name
        using errcode = 'restrict_violation', constraint = tg_table_name || '_are_kept';
end $$;

-- For append-only tables: a correction is a new row.
create function paydesk.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
    raise exception '% on paydesk.% is not allowed: it is append-only', lower(tg_op), tg_table_name
        using errcode = 'restrict_violation', constraint = tg_table_name || '_is_append_only';
end $$;

-- Tombstones: create trigger ... execute function paydesk.keep_final_status('paid', 'void'): once a
-- row's status is one of these it is never another. Webhooks arrive late and twice; what has ended
-- must not come back to life.
create function paydesk.keep_final_status() returns trigger
language plpgsql set search_path = '' as $$
begin
    if new.status is distinct from old.status and old.status = any (tg_argv) then
        raise exception 'paydesk.%: status % is final and cannot become %',
                        tg_table_name, old.status, new.status
            using errcode = 'check_violation', constraint = tg_table_name || '_status_is_final';
    end if;
    return new;
end $$;

-- Functions are executable by everyone when they are made, and default privileges may add more.
revoke execute on procedure paydesk.protect(text, text, boolean)
    from public, anon, authenticated, service_role;
revoke execute on function paydesk.touch_updated_at(), paydesk.refuse_removal(),
    paydesk.refuse_change(), paydesk.keep_final_status()
    from public, anon, authenticated, service_role;
