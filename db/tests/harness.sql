-- What every test file begins with. run.sh puts it in front and pg_temp.report() behind; the
-- transaction that begins here is never committed.
\set ON_ERROR_STOP on
set client_min_messages = warning;
begin;
create temp table results (name text, passed boolean, detail text);

create function pg_temp.check(name text, actual text, expected text) returns void language sql as $$
    insert into results values (name, actual is not distinct from expected,
                                format('expected "%s", got "%s"', expected, actual))
$$;

create function pg_temp.report() returns setof text language sql as $$
    select format('FAILED %s: %s', name, detail) from results where not passed
    union all
    select format('TOTAL %s %s', count(*) filter (where passed), count(*) filter (where not passed))
    from results
$$;

-- The constraint that refuses `sql` (or the message, where none is named), or 'accepted'. What it
-- did is undone. `role` and `claims` say who tries; '' is the superuser.
create function pg_temp.outcome(sql text, role text default '', claims text default '')
returns text language plpgsql as $$
declare
    refused_by text;
begin
    if role <> '' then
        perform set_config('request.jwt.claims', claims, true);
        perform set_config('role', role, true);
    end if;
    execute sql;
    set constraints all immediate;
    raise exception using errcode = 'PD001';
exception
    when sqlstate 'PD001' then
        return 'accepted';
    when others then
        get stacked diagnostics refused_by = constraint_name;
        return coalesce(nullif(refused_by, ''), sqlerrm);
end $$;

-- What `sql`, which gives one value, gives to `role` with `claims`.
create function pg_temp.as_role(role text, claims text, sql text) returns text language plpgsql as $$
declare
    value text;
begin
    perform set_config('request.jwt.claims', claims, true);
    perform set_config('role', role, true);
    execute sql into value;
    raise exception using errcode = 'PD001';
exception
    when sqlstate 'PD001' then
        return value;
    when others then
        return sqlerrm;
end $$;

create function pg_temp.claims(person uuid) returns text language sql immutable as $$
    select json_build_object('sub', person, 'role', 'authenticated')::text
$$;
