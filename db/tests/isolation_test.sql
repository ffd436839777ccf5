-- The isolation matrix: every table and view of ours x every kind of caller x select, insert, update
-- of each column, delete, truncate; and every function. The objects come from the catalogue, what is
-- expected from `rules`. An object without a rule fails, so a new table must say who may do what.
\ir fixture.sql

create temp table callers (caller text, kind text, role text, claims text, accounts uuid[]);
insert into callers values
    ('ann',            'person',  'authenticated', pg_temp.claims(:ann), array[:ann]::uuid[]),
    ('bob',            'person',  'authenticated', pg_temp.claims(:bob),
        array[:bob, '99999999-0000-4000-8000-000000000000']::uuid[]),
    ('team member',    'person',  'authenticated', pg_temp.claims(:cid), array[:cid, :team]::uuid[]),
    ('stranger',       'person',  'authenticated', pg_temp.claims(:eve), array[:eve]::uuid[]),
    ('empty claims',   'nobody',  'authenticated', '{}', '{}'),
    ('no claims',      'nobody',  'authenticated', '', '{}'),
    ('empty sub',      'nobody',  'authenticated', '{"sub": ""}', '{}'),
    ('foreign sub',    'nobody',  'authenticated', '{"sub": "user_2abc"}', '{}'),
    ('anon',           'anon',    'anon', '', '{}'),
    ('anon as ann',    'anon',    'anon', pg_temp.claims(:ann), '{}'),
    ('service_role',   'service', 'service_role', '{"role": "service_role"}', '{}'),
    ('paydesk_server', 'server',  'paydesk_server', '', '{}');

-- Who may do what. What is not here is denied. `people` is person and nobody: `own` means exactly the
-- rows whose owner_column is one of the caller's accounts, which for a nobody are none.
create temp table rules (object text, kind text, action text, expected text, owner_column text);

create function pg_temp.table_of_people(object text, owner_column text, reads boolean)
returns void language sql as $$
    insert into rules
    select object, k.kind, 'select', 'own', owner_column
    from (values ('person'), ('nobody')) k (kind) where reads
    union all select object, 'service', 'select', 'everything', owner_column
    union all select object, 'server', a, 'everything', owner_column
    from unnest(array['select', 'insert', 'update']) a
$$;
create function pg_temp.server_only(object text, also text[]) returns void language sql as $$
    insert into rules
    select object, 'server', a, 'everything', 'account_id' from unnest(array['select', 'insert'] || also) a
$$;
create function pg_temp.append_only(object text) returns void language sql as $$
    insert into rules
    select object, k.kind, 'select', 'own', 'account_id' from (values ('person'), ('nobody')) k (kind)
    union all select object, 'service', 'select', 'everything', 'account_id'
    union all select object, 'server', a, 'everything', 'account_id' from unnest(array['select', 'insert']) a
$$;
create function pg_temp.offer(object text) returns void language sql as $$
    insert into rules
    select object, kind, 'select', 'active', null from (values ('person'), ('nobody'), ('anon')) k (kind)
$$;

-- tables
select pg_temp.table_of_people('paydesk.' || t, 'account_id', true)
from unnest(array['accounts', 'customers', 'checkouts', 'subscriptions', 'subscription_items',
                  'invoices', 'payments', 'payment_methods', 'notifications', 'emails',
                  'disputes', 'subscription_schedules']) t;
select pg_temp.table_of_people('paydesk.' || t, 'account_id', false) from unnest(array['charges', 'refunds', 'trials']) t;
select pg_temp.server_only('paydesk.invoice_retries', '{}');
select pg_temp.table_of_people('paydesk.account_members', 'user_id', true);
select pg_temp.table_of_people('paydesk.plans', null, false), pg_temp.offer('paydesk.plans');
select pg_temp.table_of_people('paydesk.plan_prices', null, false), pg_temp.offer('paydesk.plan_prices');
select pg_temp.table_of_people('paydesk.exchange_rates', null, false);
insert into rules
select 'paydesk.exchange_rates', kind, 'select', 'everything', null
from (values ('person'), ('nobody'), ('anon')) k (kind);
select pg_temp.table_of_people('paydesk.webhook_events', 'account_id', false);
select pg_temp.server_only('paydesk.provider_refs', '{}');
select pg_temp.server_only('paydesk.jobs', '{update}');
select pg_temp.server_only('paydesk.provider_polls', '{update}');
select pg_temp.server_only('paydesk.idempotency_keys', '{update}');
select pg_temp.server_only('paydesk.audit_log', '{}');
-- the ledger: people read it, the server adds to it, and nobody changes it
select pg_temp.append_only('paydesk.' || t)
from unnest(array['credit_grants', 'credit_transactions', 'credit_entries']) t;
select pg_temp.table_of_people('paydesk.credit_holds', 'account_id', true);
-- usage: the records are evidence, the roll-ups are the server's
select pg_temp.append_only('paydesk.usage_records');
select pg_temp.table_of_people('paydesk.' || t, 'account_id', true)
from unnest(array['usage_periods', 'usage_hours', 'usage_totals', 'usage_reports', 'usage_charges']) t;
select pg_temp.server_only('paydesk.' || t, '{}') from unnest(array['usage_undated_keys', 'usage_uniques']) t;
select pg_temp.server_only('paydesk.usage_prices', '{update}');
select pg_temp.table_of_people('paydesk.meters', null, false);
insert into rules
select 'paydesk.meters', kind, 'select', 'everything', null
from (values ('person'), ('nobody'), ('anon')) k (kind);
select pg_temp.server_only('paydesk.credit_refusals', '{delete}');
select pg_temp.server_only('paydesk.credit_due', '{update,delete}');
insert into rules values
    ('paydesk.seats', 'service', 'select', 'everything', 'account_id'),
    ('paydesk.seats', 'server', 'select', 'everything', 'account_id'),
    ('paydesk.access_policy', 'person', 'select', 'everything', null),
    ('paydesk.access_policy', 'nobody', 'select', 'everything', null),
    ('paydesk.access_policy', 'service', 'select', 'everything', null),
    ('paydesk.access_policy', 'server', 'select', 'everything', null),
    ('paydesk.access_policy', 'server', 'update', 'everything', null),
    ('paydesk.reconciliations', 'service', 'select', 'everything', null),
    ('paydesk.reconciliations', 'server', 'select', 'everything', null),
    ('paydesk.reconciliations', 'server', 'insert', 'everything', null),
    ('paydesk.reconciliations', 'server', 'update', 'everything', null),
    ('paydesk.reconciliations', 'server', 'delete', 'everything', null),
    ('paydesk.provider_polls', 'server', 'delete', 'everything', 'account_id'),
    ('paydesk.entitlements', 'person', 'select', 'own', 'account_id'),
    ('paydesk.entitlements', 'nobody', 'select', 'own', 'account_id'),
    ('paydesk.entitlements', 'service', 'select', 'everything', 'account_id'),
    ('paydesk.entitlements', 'server', 'select', 'everything', 'account_id'),
    ('paydesk.schema_migrations', 'server', 'select', 'everything', null),
    ('paydesk.schema_migrations', 'service', 'select', 'everything', null),
    ('paydesk.audit_log', 'service', 'select', 'everything', 'account_id'),
    -- replaced with its subscription; seats are given back; retention
    ('paydesk.subscription_items', 'server', 'delete', 'everything', 'account_id'),
    ('paydesk.account_members', 'server', 'delete', 'everything', 'user_id'),
    ('paydesk.webhook_events', 'server', 'delete', 'everything', 'account_id'),
    ('paydesk.jobs', 'server', 'delete', 'everything', 'account_id'),
    ('paydesk.idempotency_keys', 'server', 'delete', 'everything', 'account_id'),
    -- for the ledger's own trigger: any other update is refused
    ('paydesk.credit_grants', 'server', 'update issued', 'everything', 'account_id'),
    ('paydesk.credit_grants', 'server', 'update remaining', 'everything', 'account_id'),
    ('paydesk.credit_grants', 'server', 'update held', 'everything', 'account_id'),
    -- the one thing that people may write
    ('paydesk.notifications', 'person', 'update read', 'own', 'account_id'),
    ('paydesk.notifications', 'nobody', 'update read', 'own', 'account_id'),
    ('public.notifications', 'person', 'update read', 'own', 'user_id'),
    ('public.notifications', 'nobody', 'update read', 'own', 'user_id');
-- views
insert into rules
select 'public.' || v, k.kind, 'select', case k.kind when 'service' then 'everything' else 'own' end, 'user_id'
from unnest(array['customers', 'subscriptions', 'invoices', 'payments', 'payment_methods',
                  'notifications', 'credit_usage', 'usage_records']) v, (values ('person'), ('nobody'), ('service')) k (kind);
insert into rules values ('public.webhook_events', 'service', 'select', 'everything', null),
                         ('public.pricing_plans', 'service', 'select', 'everything', null);
select pg_temp.offer('public.pricing_plans');

create temp table objects as
select c.oid, format('%I.%I', n.nspname, c.relname) as object, c.relkind, n.nspname = 'paydesk' as is_base
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where (n.nspname = 'paydesk' and c.relkind in ('r', 'p', 'v', 'm', 'f'))
   or (n.nspname = 'public' and obj_description(c.oid, 'pg_class') = 'Paydesk view');
grant select on objects, rules, callers to public;

select pg_temp.check(object || ' has a rule', (exists (select from rules r where r.object = o.object))::text, 'true')
from objects o;
select pg_temp.check(object || ' of a rule exists', (exists (select from objects o where o.object = r.object))::text, 'true')
from rules r;

-- Runs `sql` as the caller and undoes it: the number of rows, 'denied', or the error.
create function pg_temp.attempt(who callers, sql text) returns text language plpgsql as $$
declare
    rows bigint;
begin
    perform set_config('request.jwt.claims', who.claims, true);
    perform set_config('role', who.role, true);
    execute sql;
    get diagnostics rows = row_count;
    raise exception using errcode = 'PD001', message = rows::text;
exception
    when sqlstate 'PD001' then
        return sqlerrm;
    when insufficient_privilege or object_not_in_prerequisite_state or feature_not_supported then
        return 'denied';  -- the others: a view that cannot be written through
    when integrity_constraint_violation or unique_violation or check_violation or not_null_violation
         or restrict_violation or exclusion_violation then
        return 'allowed';  -- only the data were refused: rights and policies had let it pass
    when others then
        return sqlstate || ' ' || sqlerrm;
end $$;

-- 'everything', 'own', 'active' or 'nothing', by which rows a condition picks; never a guess from one
-- number: `total` rows there are, `mine` are the caller's, `reached` were reached.
create function pg_temp.expected_rows(o objects, r rules, who callers) returns text language plpgsql as $$
declare
    condition text := case r.expected
        when 'own' then format('%I = any (%L::uuid[])', r.owner_column, who.accounts)
        when 'active' then case o.object when 'paydesk.plan_prices'
            then 'is_active and plan_key <> ''old''' else 'is_active' end
        else 'true' end;
    wanted text;
begin
    execute format('select count(*) from %s where %s', o.object, condition) into wanted;
    return wanted;
end $$;

-- One row as it could be inserted (Bob's, or anyone's): the data are fine, who may is the question.
create function pg_temp.any_row(o objects) returns text language plpgsql as $$
declare
    found text;
begin
    execute format('select to_json(t) from %s t order by to_json(t)::text like ''%%bbbbbbbb%%'' desc limit 1',
                   o.object) into found;
    return found;
end $$;
select pg_temp.check(object || ' has a row in fixture.sql', (pg_temp.any_row(o) is not null)::text, 'true')
from objects o;

-- select and delete: exactly the rows of the rule. That they are those very rows, not as many of
-- somebody else's, is what the second query is for.
do $$
declare
    o objects; who callers; r rules; what text; label text; wanted text; got text;
    insertable text; column_name text;
begin
    for o in select * from objects loop
        select string_agg(format('%I', attname), ', ' order by attnum) into insertable
        from pg_attribute where attrelid = o.oid and attnum > 0 and not attisdropped and attgenerated = ''
            and (o.is_base or attname = 'created_at');  -- a view may show one column under two names
        for who in select * from callers loop
            foreach what in array array['select', 'delete', 'insert'] loop
                r := null;
                select * into r from rules where rules.object = o.object and rules.kind = who.kind
                    and rules.action = what;
                label := format('%s: %s %s', who.caller, what, o.object);
                if what = 'insert' then
                    wanted := case when r.object is null then 'denied' else 'allowed' end;
                    got := pg_temp.attempt(who, format(
                        'insert into %s (%s) select %2$s from json_populate_record(null::%1$s, %3$L)',
                        o.object, insertable, coalesce(pg_temp.any_row(o), '{}')));
                    if got = '1' then got := 'allowed'; end if;
                else
                    wanted := case when r.object is null then 'denied'
                                   else pg_temp.expected_rows(o, r, who) end;
                    got := pg_temp.attempt(who, case what when 'select' then 'select * from ' || o.object
                                                else 'delete from ' || o.object end);
                end if;
                perform pg_temp.check(label, got, wanted);
                if what = 'select' and r.expected = 'own' then
                    perform pg_temp.check(label || ' of others', pg_temp.attempt(who, format(
                        'select from %s where (%I = any (%L::uuid[])) is not true', o.object,
                        r.owner_column, who.accounts)), '0');
                end if;
            end loop;

            for column_name in select attname from pg_attribute
                where attrelid = o.oid and attnum > 0 and not attisdropped and attgenerated = '' loop
                r := null;
                select * into r from rules where rules.object = o.object and rules.kind = who.kind
                    and rules.action in ('update', 'update ' || column_name);
                wanted := case when r.object is null then 'denied' else pg_temp.expected_rows(o, r, who) end;
                got := pg_temp.attempt(who, format('update %s set %I = %2$I', o.object, column_name));
                if got = 'allowed' and wanted <> 'denied' then
                    got := wanted;  -- a constraint or trigger stopped it after all rights were there
                end if;
                perform pg_temp.check(format('%s: update %s of %s', who.caller, column_name, o.object), got, wanted);
            end loop;

            -- What no caller has: it empties, locks or changes behaviour past every policy.
            if o.relkind in ('r', 'p') then
                perform pg_temp.check(format('%s: truncate %s', who.caller, o.object),
                    pg_temp.attempt(who, 'truncate ' || o.object), 'denied');
            end if;
            perform pg_temp.check(format('%s: truncate, references, trigger on %s', who.caller, o.object),
                has_table_privilege(who.role, o.oid, 'truncate, references, trigger')::text, 'false');
        end loop;
    end loop;
end $$;

-- A row cannot be moved to another account, and no condition sees a row before the policy does.
select pg_temp.check('ann moves her notification to bob',
    pg_temp.attempt(c, format('update paydesk.notifications set account_id = %L', :bob)), 'denied')
from callers c where caller = 'ann';
select pg_temp.check('ann divides by what is only in bob''s row',
    pg_temp.attempt(c, format('select from public.invoices where 1 / (stripe_invoice_id <> ''in_b'')::int > 0')), '1')
from callers c where caller = 'ann';
select pg_temp.check('the accounts of ' || caller,
    pg_temp.as_role(role, claims, 'select paydesk.account_ids()'), accounts::text)
from callers where kind in ('person', 'nobody');

-- Functions: what people may call is named here.
select pg_temp.check(format('%s: execute %s', c.role, p.oid::regprocedure),
    has_function_privilege(c.role, p.oid, 'execute')::text,
    (c.role = 'authenticated' and p.proname in ('account_ids', 'person_id')
     or c.role = 'paydesk_server' and p.proname in ('make_usage_partitions', 'drop_usage_partitions'))::text)
from pg_proc p, (select distinct role from callers) c
where p.pronamespace = 'paydesk'::regnamespace;

-- Roles: the server becomes a person and nothing more, and nobody may make anything here.
select pg_temp.check('paydesk_server''s powers',
    (select format('super %s, bypassrls %s, inherit %s, login %s', rolsuper, rolbypassrls, rolinherit,
                   rolcanlogin) from pg_roles where rolname = 'paydesk_server'),
    'super f, bypassrls f, inherit f, login t');
select pg_temp.check('paydesk_server can become',
    (select string_agg(r.rolname, ' ' order by r.rolname) from pg_roles r
     where pg_has_role('paydesk_server', r.oid, 'member') and r.rolname <> 'paydesk_server'),
    'anon authenticated');
select pg_temp.check('paydesk_server owns', (select string_agg(relname, ' ') from pg_class
    where pg_get_userbyid(relowner) = 'paydesk_server'), null);
select pg_temp.check(format('%s: create in paydesk', role),
    has_schema_privilege(role, 'paydesk', 'create')::text, 'false')
from (select distinct role from callers) c;

-- Speed is part of it: the policy is evaluated once per statement and the key's index is used.
create function pg_temp.plan_of(sql text) returns text language plpgsql as $$
declare
    line text;
    plan text := '';
begin
    perform set_config('request.jwt.claims', pg_temp.claims('aaaaaaaa-0000-4000-8000-000000000000'), true);
    perform set_config('enable_seqscan', 'off', true);
    perform set_config('role', 'authenticated', true);
    for line in execute 'explain (costs off) ' || sql loop
        plan := plan || line || e'\n';
    end loop;
    perform set_config('role', 'none', true);
    return plan;
end $$;
select pg_temp.check('the policy of ' || t || ' uses its index',
    (pg_temp.plan_of('select * from paydesk.' || t) ~ 'InitPlan.*Index Cond: \(account_id = ANY'
     or pg_temp.plan_of('select * from paydesk.' || t) ~ 'Index Cond: \(account_id = ANY.*InitPlan')::text, 'true')
from unnest(array['customers', 'subscriptions', 'subscription_items', 'invoices', 'payments',
                  'payment_methods', 'notifications', 'checkouts', 'credit_grants',
                  'credit_transactions', 'credit_entries', 'credit_holds', 'emails', 'usage_periods', 'usage_hours',
                  'usage_totals', 'usage_reports', 'usage_charges']) t;
-- The partitions are behind the table and nowhere else.
select pg_temp.check(role || ' may enter paydesk_usage', has_schema_privilege(role, 'paydesk_usage', 'usage')::text, 'false')
from (select distinct role from callers) c;
