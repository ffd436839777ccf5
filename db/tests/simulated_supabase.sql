-- Makes the current, empty database look like a hosted Supabase project. Run as superuser, with
--     -v owner=ROLE    who stands for Supabase's `postgres`: no superuser
--     -v grants=all    the default privileges of projects made before 2026, and worse: everything to
--                      everyone on all that `owner` will make, in every schema
--     -v grants=none   those of 2026: no SELECT, INSERT, UPDATE, DELETE; TRUNCATE, REFERENCES and
--                      TRIGGER stayed
\set ON_ERROR_STOP on
set client_min_messages = warning;
select set_config('paydesk_test.owner', :'owner', false), set_config('paydesk_test.grants', :'grants', false) \g /dev/null

do $$
declare
    owner name := current_setting('paydesk_test.owner');
    wanted record;
begin
    for wanted in select * from (values
        ('anon', 'nologin'), ('authenticated', 'nologin'), ('service_role', 'nologin bypassrls'),
        ('authenticator', 'login noinherit'), ('supabase_auth_admin', 'nologin noinherit'),
        (owner, 'login nosuperuser createdb createrole replication bypassrls')) as r (name, attributes)
    loop
        if not exists (select from pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.attributes);
        end if;
    end loop;
    grant anon, authenticated, service_role to authenticator;
    if current_setting('server_version_num')::int >= 160000 then
        execute format('grant anon, authenticated, service_role to %I with admin option', owner);
    else
        execute format('grant anon, authenticated, service_role to %I', owner);
    end if;

    -- public and extensions
    execute format('grant create on database %I to %I', current_database(), owner);
    execute format('grant all on schema public to %I', owner);
    grant usage on schema public to anon, authenticated, service_role;
    create schema extensions;
    create extension "uuid-ossp" with schema extensions;
    create extension pgcrypto with schema extensions;
    grant usage on schema extensions to anon, authenticated, service_role;

    -- auth: GoTrue's. `owner` may read and refer to auth.users, and make nothing there.
    create schema auth authorization supabase_auth_admin;
    set local role supabase_auth_admin;
    create table auth.schema_migrations (version text primary key);
    create table auth.users (
        id uuid primary key, aud text, role text, email text, phone text unique,
        raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_anonymous boolean not null default false,
        is_sso_user boolean not null default false, created_at timestamptz default now(),
        updated_at timestamptz default now(), deleted_at timestamptz);
    alter table auth.users enable row level security;
    create function auth.uid() returns uuid language sql stable as $f$
        select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
    $f$;
    create function auth.jwt() returns jsonb language sql stable as $f$
        select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                        nullif(current_setting('request.jwt.claims', true), ''))::jsonb
    $f$;
    grant usage on schema auth to anon, authenticated, service_role;
    execute format('grant usage on schema auth to %I', owner);
    execute format('grant all on auth.users to %I', owner);
    reset role;

    -- Realtime: one publication is the customer's, the other is not.
    create schema realtime;
    create table realtime.messages (id uuid primary key default gen_random_uuid(), topic text);
    set local client_min_messages = error;
    create publication supabase_realtime;
    execute format('alter publication supabase_realtime owner to %I', owner);
    create publication supabase_realtime_messages_publication for table realtime.messages;

    if current_setting('paydesk_test.grants') = 'all' then
        execute format('alter default privileges for role %I
                        grant all on tables to anon, authenticated, service_role', owner);
        execute format('alter default privileges for role %I
                        grant all on functions to anon, authenticated, service_role', owner);
        execute format('alter default privileges for role %I
                        grant all on sequences to anon, authenticated, service_role', owner);
        execute format('alter default privileges for role %I
                        grant all on schemas to anon, authenticated, service_role', owner);
        execute format('alter default privileges for role %I in schema public
                        grant all on tables to anon, authenticated, service_role', owner);
    elsif current_setting('paydesk_test.grants') = 'none' then
        execute format('alter default privileges for role %I in schema public
                        grant truncate, references, trigger on tables
                        to anon, authenticated, service_role', owner);
    else
        raise exception 'grants is all or none';
    end if;
end $$;
