-- What the catalogue says about our schema, whatever is in it. Each finding fails, unless `allowed`
-- names it with a reason; a reason for something that is not there fails too.
create temp table allowed (finding text primary key, reason text not null);
insert into allowed values
    ('unique key without account_id: paydesk.provider_refs.provider_refs_pkey',
     'leads from a provider''s id to its account: the one table that must be keyed so'),
    ('unique key without account_id: paydesk.plans.plans_pkey', 'the catalogue belongs to nobody'),
    ('unique key without account_id: paydesk.plan_prices.plan_prices_pkey', 'the catalogue'),
    ('unique key without account_id: paydesk.plan_prices.plan_prices_known_once', 'the catalogue'),
    ('unique key without account_id: paydesk.plan_prices.plan_prices_one_active', 'the catalogue'),
    ('unique key without account_id: paydesk.webhook_events.webhook_events_pkey',
     'the inbox: a delivery is stored before it is known whose it is'),
    ('unique key without account_id: paydesk.jobs.jobs_pkey', 'the work queue serves all accounts'),
    ('unique key without account_id: paydesk.jobs.jobs_one_live', 'the work queue serves all accounts'),
    ('index not led by account_id: paydesk.webhook_events.webhook_events_due', 'claiming, all accounts'),
    ('index not led by account_id: paydesk.webhook_events.webhook_events_waiting',
     'found by the customer whose account is not known yet'),
    ('unique key without account_id: paydesk.exchange_rates.exchange_rates_pkey', 'the world''s rates'),
    ('no account_id: paydesk.exchange_rates', 'the world''s rates'),
    ('index not led by account_id: paydesk.emails.emails_due', 'claiming, all accounts'),
    ('index not led by account_id: paydesk.jobs.jobs_due', 'claiming, all accounts'),
    ('index not led by account_id: paydesk.jobs.jobs_leased', 'leases that ran out, all accounts'),
    ('index not led by account_id: paydesk.account_members.account_members_by_user',
     'the way from a person to their accounts: what every policy asks'),
    ('index not led by account_id: paydesk.idempotency_keys.idempotency_keys_by_expiry',
     'the sweep of the expired, all accounts'),
    ('index not led by account_id: paydesk.credit_refusals.credit_refusals_by_date',
     'the sweep of the old ones, all accounts'),
    ('index not led by account_id: paydesk.credit_due.credit_due_by_time', 'what is due, all accounts'),
    ('unique key without account_id: paydesk.schema_migrations.schema_migrations_pkey', 'the migrator''s'),
    ('no account_id: paydesk.schema_migrations', 'the migrator''s'),
    ('unique key without account_id: paydesk.account_members.account_members_by_invitation',
     'an invitation is found by its secret: who accepts does not know the account yet'),
    ('index not led by account_id: paydesk.subscriptions.subscriptions_of_paypal', 'the poller looks at all accounts'),
    ('index not led by account_id: paydesk.checkouts.checkouts_of_paypal', 'the poller looks at all accounts'),
    ('index not led by account_id: paydesk.refunds.refunds_of_paypal', 'the poller looks at all accounts'),
    ('index not led by account_id: paydesk.charges.charges_of_paypal', 'the poller looks at all accounts'),
    ('index not led by account_id: paydesk.trials.trials_by_fingerprint', 'one card under all accounts'),
    ('no account_id: paydesk.plans', 'the catalogue belongs to nobody'),
    ('no account_id: paydesk.plan_prices', 'the catalogue belongs to nobody'),
    ('index not led by account_id: paydesk.charges.charges_of_unknown_origin',
     'asking the provider what charges were for, all accounts'),
    ('index not led by account_id: paydesk.payments.payments_by_id', 'the operator''s refund'),
    ('index not led by account_id: paydesk.refunds.refunds_by_date', 'the operator''s list'),
    ('index not led by account_id: paydesk.disputes.disputes_by_date', 'the operator''s list'),
    ('index not led by account_id: paydesk.accounts.accounts_by_date', 'the operator''s list'),
    ('index not led by account_id: paydesk.webhook_events.webhook_events_by_object',
     'what was told of an object, for the operator and explain'),
    ('index not led by account_id: paydesk.webhook_events.webhook_events_by_receipt', 'the operator''s list'),
    ('index not led by account_id: paydesk.webhook_events.webhook_events_unfinished', 'what needs the operator'),
    ('index not led by account_id: paydesk.invoices.invoices_by_time', 'the operator''s revenue'),
    ('index not led by account_id: paydesk.payments.payments_by_time', 'the operator''s revenue'),
    ('index not led by account_id: paydesk.usage_hours.usage_hours_by_time', 'the operator''s usage'),
    ('unique key without account_id: paydesk.access_policy.access_policy_pkey', 'one row for all'),
    ('no account_id: paydesk.access_policy', 'one row for all'),
    ('unique key without account_id: paydesk.reconciliations.reconciliations_pkey', 'a run looks at all accounts'),
    ('no account_id: paydesk.reconciliations', 'a run looks at all accounts'),
    ('account_id may be null: paydesk.webhook_events', 'unknown until it is applied'),
    ('unique key without account_id: paydesk.meters.meters_pkey', 'the catalogue'),
    ('no account_id: paydesk.meters', 'the catalogue'),
    ('no account_id: paydesk.usage_prices', 'the catalogue'),
    ('unique key without account_id: paydesk.usage_prices.usage_prices_pkey', 'the catalogue'),
    ('unique key without account_id: paydesk.usage_prices.usage_prices_one_active', 'the catalogue'),
    ('index not led by account_id: paydesk.usage_totals.usage_totals_watched', 'limits to be told of, all accounts'),
    ('index not led by account_id: paydesk.usage_hours.usage_hours_unreported', 'what is to be reported, all accounts'),
    ('index not led by account_id: paydesk.usage_periods.usage_periods_of_paypal', 'what is to be invoiced, all accounts'),
    ('index not led by account_id: paydesk.invoices.invoices_of_usage', 'who is to be reminded, all accounts'),
    ('index not led by account_id: paydesk.usage_reports.usage_reports_pending', 'what is to be sent, all accounts'),
    ('security definer: paydesk.make_usage_partitions(date,date)',
     'only an owner makes partitions: days, named by nothing that a caller writes'),
    ('security definer: paydesk.drop_usage_partitions(date)',
     'only an owner drops partitions: old days of which every period is invoiced'),
    ('account_id may be null: paydesk.jobs', 'some jobs are for nobody: sweeps, reconciliation');

create temp view ours as
select c.*, format('%I.%I', n.nspname, c.relname) as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'paydesk' or (n.nspname = 'public' and obj_description(c.oid, 'pg_class') = 'Paydesk view');
create temp view base as select * from ours where relkind in ('r', 'p');

create temp table findings as
-- keys
select format('%s: %s.%s', case when i.indisunique or i.indisexclusion
                                then 'unique key without account_id' else 'index not led by account_id' end,
              t.name, (select relname from pg_class where oid = i.indexrelid)) as finding
from base t join pg_index i on i.indrelid = t.oid
left join pg_attribute a on a.attrelid = t.oid and a.attname = 'account_id'
where case when i.indisunique or i.indisexclusion then a.attnum is null or not a.attnum = any (i.indkey::int2[])
           else a.attnum is null or i.indkey[0] <> a.attnum end
union all
select format('unique key not led by account_id: %s.%s', t.name, (select relname from pg_class where oid = i.indexrelid))
from base t join pg_index i on i.indrelid = t.oid
join pg_attribute a on a.attrelid = t.oid and a.attname = 'account_id'
where a.attnum = any (i.indkey::int2[]) and i.indkey[0] <> a.attnum and i.indisunique
union all select format('no primary key: %s', t.name) from base t
where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)
-- Two indexes with the same columns and condition: the seeds had four.
union all
select format('indexes twice: %s (%s)', t.name, string_agg(i.indexrelid::regclass::text, ', ' order by i.indexrelid::regclass::text))
from base t join pg_index i on i.indrelid = t.oid
group by t.name, i.indrelid, i.indkey::text, coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
         coalesce(pg_get_expr(i.indexprs, i.indrelid), '')
having count(*) > 1
-- columns
union all select format('no account_id: %s', t.name) from base t
where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'account_id')
union all select format('account_id may be null: %s', t.name)
from base t join pg_attribute a on a.attrelid = t.oid and a.attname = 'account_id' and not a.attnotnull
union all select format('account_id is not a uuid: %s', t.name)
from base t join pg_attribute a on a.attrelid = t.oid and a.attname = 'account_id' and a.atttypid <> 'uuid'::regtype
union all select format('type %s: %s.%s', format_type(a.atttypid, a.atttypmod), t.name, a.attname)
from base t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
where a.atttypid in ('float4'::regtype, 'float8'::regtype, 'money'::regtype, 'timestamp'::regtype,
                     'time'::regtype, 'timetz'::regtype, 'varchar'::regtype)
union all select format('amount is not bigint: %s.%s', t.name, a.attname)
from base t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
where a.attname ~ '(^|_)(amount|total|subtotal|credits)(_|$)' and a.atttypid <> 'int8'::regtype
union all select format('enum type: %s', t.typname) from pg_type t
where t.typnamespace = 'paydesk'::regnamespace and t.typtype = 'e'
-- A check that the message names `..._check` was not given a name to be matched by.
union all select format('constraint without a name of its own: %s', conname) from pg_constraint
where connamespace = 'paydesk'::regnamespace and contype in ('c', 'x') and conname ~ '_check\d*$|_excl\d*$'
-- structure
union all select format('foreign key: %s -> %s', conrelid::regclass, confrelid::regclass) from pg_constraint
where contype = 'f' and (connamespace = 'paydesk'::regnamespace or confrelid in (select oid from base))
union all select format('sequence: %s', name) from ours where relkind = 'S'
union all select format('does not belong to the migrating role: %s', name) from ours
where relowner <> (select relowner from pg_class where oid = 'paydesk.accounts'::regclass)
-- row level security
union all select format('row level security is off or not forced: %s', name) from base
where not relrowsecurity or not relforcerowsecurity
union all select format('policy without a role: %s.%s', polrelid::regclass, polname)
from pg_policy where polrelid in (select oid from base) and polroles = '{0}'
union all select format('policy for writing without a check: %s.%s', polrelid::regclass, polname)
from pg_policy where polrelid in (select oid from base) and polcmd in ('a', 'w', '*') and polwithcheck is null
union all select format('no policy for paydesk_server: %s', name) from base t
where not exists (select from pg_policy p where p.polrelid = t.oid and 'paydesk_server'::regrole = any (p.polroles))
-- auth.uid() once per row is 4 to 4000 times slower; only (select ...) is evaluated once.
union all select format('policy calls a function per row: %s.%s', polrelid::regclass, polname)
from pg_policy where polrelid in (select oid from base)
  and (regexp_replace(pg_get_expr(polqual, polrelid), 'SELECT (auth|paydesk)\.\w+\(\)', '', 'g') ~ '(auth|paydesk)\.\w+\(')
-- views and functions
union all select format('view without security_invoker: %s', name) from ours
where relkind in ('v', 'm') and not coalesce(reloptions, '{}') @> '{security_invoker=true}'
union all select format('function with an open search_path: %s', oid::regprocedure) from pg_proc
where pronamespace = 'paydesk'::regnamespace and not coalesce(proconfig, '{}') @> array['search_path=""']
union all select format('security definer: %s', oid::regprocedure) from pg_proc
where pronamespace = 'paydesk'::regnamespace and prosecdef
-- rights
union all select format('granted to PUBLIC: %s on %s', x.privilege_type, t.name)
from ours t, aclexplode(t.relacl) x where x.grantee = 0
union all select format('granted to PUBLIC: execute on %s', p.oid::regprocedure)
from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
where p.pronamespace = 'paydesk'::regnamespace and x.grantee = 0
union all select format('granted to PUBLIC: %s on schema paydesk', x.privilege_type)
from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
where n.nspname = 'paydesk' and x.grantee = 0
union all select format('with grant option: %s on %s to %s', x.privilege_type, t.name, x.grantee::regrole)
from ours t, aclexplode(t.relacl) x where x.is_grantable and x.grantee <> t.relowner
-- Realtime tells everyone of a DELETE, and needs a primary key that its reader may see.
union all select format('published, yet the server may delete: %s', t.name)
from base t join pg_publication_rel r on r.prrelid = t.oid
where has_table_privilege('paydesk_server', t.oid, 'delete');

select pg_temp.check('finding', finding, null) from findings where finding not in (select finding from allowed);
select pg_temp.check('allowed, and not there', finding, null) from allowed where finding not in (select finding from findings);
select pg_temp.check('looked at', (count(*) >= 23)::text, 'true') from base;

select pg_temp.check('published for realtime',
    (select string_agg(prrelid::regclass::text, ' ' order by prrelid::regclass::text)
     from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = 'supabase_realtime'),
    'paydesk.invoices paydesk.notifications paydesk.subscriptions');
select pg_temp.check('made in auth on a Supabase database', (select string_agg(relname, ' ') from pg_class
    where relnamespace = 'auth'::regnamespace and pg_get_userbyid(relowner) = 'paydesk_test_postgres'), null);
