-- 0002_credit_usage: what a user's credits were used for, under the name that tutorials use (Prisma's
-- creditUsage: userId, amount, description). Only with `paydesk migrate --public-views`; may be run again.
--
-- Why     See 0001. The rows come from the ledger: nobody writes them here.
-- Locks   None on tables.
-- Undo    drop view public.credit_usage.

do $$
begin
    if exists (select from pg_class c
               where c.relnamespace = 'public'::regnamespace and c.relname = 'credit_usage'
                 and obj_description(c.oid, 'pg_class') is distinct from 'Paydesk view') then
        raise exception 'this is in the way of Paydesk''s views and is not its own: public.credit_usage'
            using errcode = 'duplicate_table',
                  hint = 'Nothing was changed. Rename it (alter table public.credit_usage rename to '
                         'credit_usage_old) or migrate without --public-views.';
    end if;
end $$;

create or replace view public.credit_usage with (security_invoker = true) as
select t.account_id as user_id, t.number as id, u.amount, t.description, t.created_at
from paydesk.credit_transactions t
cross join lateral (
    select sum(e.amount)::bigint as amount from paydesk.credit_entries e
    where e.account_id = t.account_id and e.number = t.number and e.to_account = 'consumed') u
where t.kind in ('consume', 'settle') and u.amount > 0;

comment on view public.credit_usage is 'Paydesk view';
revoke all on public.credit_usage from public, anon, authenticated, service_role;
grant select on public.credit_usage to service_role, authenticated;
