-- supabase_shim: makes a plain PostgreSQL look enough like Supabase for row level security, for the
-- public views and for the seeds' own page code. Run before the migrations, every time.
--
-- Why     Policies speak of the roles anon, authenticated and service_role and of auth.uid(). On a
--         Supabase project they are there and belong to Supabase: then this file does nothing.
-- Locks   None on existing tables.
-- Undo    drop schema auth cascade; drop the roles. Only where this file made them.
-- Needs   CREATEROLE and CREATE on the database. Idempotent.

do $shim$
begin
    if to_regclass('auth.schema_migrations') is not null
       or exists (select from pg_namespace n join pg_roles r on r.oid = n.nspowner
                  where n.nspname = 'auth' and r.rolname = 'supabase_auth_admin') then
        raise notice 'this is a Supabase database: the shim does nothing';
        return;
    end if;

    -- Roles are the cluster's: another of its databases may be getting them at this moment. Then the
    -- next round finds them.
    for round in 1..10 loop
        begin
            if not exists (select from pg_roles where rolname = 'anon') then
                create role anon nologin;
            end if;
            if not exists (select from pg_roles where rolname = 'authenticated') then
                create role authenticated nologin;
            end if;
            if not exists (select from pg_roles where rolname = 'service_role') then
                begin
                    create role service_role nologin bypassrls;
                exception when insufficient_privilege then
                    -- Before PostgreSQL 16 only a superuser may give BYPASSRLS. Our tables have a
                    -- policy for service_role, so it reads them all the same.
                    create role service_role nologin;
                end;
            end if;
            if not exists (select from pg_roles where rolname = 'authenticator') then
                create role authenticator nologin noinherit;
                grant anon, authenticated, service_role to authenticator;
            end if;
            exit;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;

    create schema if not exists extensions;
    create extension if not exists "uuid-ossp" with schema extensions;
    create extension if not exists pgcrypto with schema extensions;
    grant usage on schema extensions, public to anon, authenticated, service_role;

    create schema if not exists auth;
    grant usage on schema auth to anon, authenticated, service_role;
    create table if not exists auth.users (
        id                 uuid        primary key default gen_random_uuid(),
        aud                text        not null default 'authenticated',
        role               text        not null default 'authenticated',
        email              text,
        phone              text        unique,
        email_confirmed_at timestamptz,
        phone_confirmed_at timestamptz,
        raw_app_meta_data  jsonb       not null default '{}',
        raw_user_meta_data jsonb       not null default '{}',  -- the user may write it: authorises nothing
        is_anonymous       boolean     not null default false,
        is_sso_user        boolean     not null default false,
        banned_until       timestamptz,
        last_sign_in_at    timestamptz,
        created_at         timestamptz not null default now(),
        updated_at         timestamptz not null default now(),
        deleted_at         timestamptz
    );
    create unique index if not exists users_email_partial_key
        on auth.users (email) where not is_sso_user;
    alter table auth.users enable row level security;  -- no policy: nobody but the owner sees it

    -- The same texts as Supabase's own, with the same behaviour on '', on NULL and on a non-UUID.
    create or replace function auth.jwt() returns jsonb language sql stable as $f$
        select nullif(coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                               current_setting('request.jwt.claims', true)), '')::jsonb
    $f$;
    create or replace function auth.uid() returns uuid language sql stable as $f$
        select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
    $f$;
    create or replace function auth.role() returns text language sql stable as $f$
        select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
                        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
    $f$;
    create or replace function auth.email() returns text language sql stable as $f$
        select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
                        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email')
    $f$;

    if not exists (select from pg_publication where pubname = 'supabase_realtime') then
        set local client_min_messages = error;  -- it would warn that wal_level is not logical
        create publication supabase_realtime;
    end if;

    -- The seeds' migration calls uuid_generate_v4() without its schema, as Supabase lets it.
    begin
        execute format('alter database %I set search_path = "$user", public, extensions',
                       current_database());
    exception when insufficient_privilege then
        raise notice 'not the owner of database %: search_path is left as it is', current_database();
    end;
end $shim$;
