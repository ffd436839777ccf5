-- 0001_seed_names: views in `public` with the table and column names of the usual Supabase + Stripe
-- tutorials, so that page code written for them runs unchanged on supabase-js. Only with
-- `paydesk migrate --public-views`; may be run again.
--
-- Why     PostgREST exposes `public`; our tables are in `paydesk`. security_invoker makes each view
--         obey the row level security of the tables below it: a plain view would show everybody's rows.
-- Locks   None on tables.
-- Undo    drop view public.customers, public.subscriptions, public.invoices, public.payments,
--         public.payment_methods, public.notifications, public.webhook_events, public.pricing_plans.
-- Reading only, but for notifications.read: what these tables said is now written by the server.

do $$
declare
    taken text;
begin
    select string_agg(format('public.%I', c.relname), ', ' order by c.relname) into taken
    from pg_class c
    where c.relnamespace = 'public'::regnamespace
      and c.relname in ('customers', 'subscriptions', 'invoices', 'payments', 'payment_methods',
                        'notifications', 'webhook_events', 'pricing_plans')
      and obj_description(c.oid, 'pg_class') is distinct from 'Paydesk view';
    if taken is not null then
        raise exception 'these are in the way of Paydesk''s views and are not its own: %', taken
            using errcode = 'duplicate_table',
                  hint = 'Nothing was changed. Rename them (alter table public.x rename to x_old) or '
                         'migrate without --public-views.';
    end if;
end $$;

-- `id` is the user's id as in one tutorial; the others ask by user_id. Both find the row.
create or replace view public.customers with (security_invoker = true) as
select account_id as id, account_id as user_id, provider_customer_id as stripe_customer_id, email,
       name as full_name, created_at, updated_at
from paydesk.customers
where provider = 'stripe' and provider_customer_id is not null;

create or replace view public.subscriptions with (security_invoker = true) as
select s.id, s.account_id as user_id, s.provider_subscription_id as stripe_subscription_id,
       c.provider_customer_id as stripe_customer_id, c.provider_customer_id as customer_id, s.status,
       s.price_id, s.quantity, s.cancel_at_period_end, s.cancel_at, s.current_period_start,
       s.current_period_end, s.canceled_at, s.ended_at, s.trial_start, s.trial_end,
       s.billing_cycle as plan_type, s.plan_name, s.created_at, s.updated_at
from paydesk.subscriptions s
left join paydesk.customers c on c.account_id = s.account_id and c.provider = s.provider
where s.provider = 'stripe';

create or replace view public.invoices with (security_invoker = true) as
select i.id, i.account_id as user_id, i.provider_invoice_id as stripe_invoice_id,
       c.provider_customer_id as stripe_customer_id,
       i.provider_subscription_id as stripe_subscription_id, i.amount_due, i.amount_paid,
       i.currency::text as currency, i.status, i.invoice_pdf, i.hosted_invoice_url, i.billing_reason,
       i.created_at, i.period_start, i.period_end, i.paid_at
from paydesk.invoices i
left join paydesk.customers c on c.account_id = i.account_id and c.provider = i.provider
where i.provider = 'stripe';

create or replace view public.payments with (security_invoker = true) as
select coalesce(p.provider_payment_id, p.source_id) as id, p.account_id as user_id,
       c.provider_customer_id as customer_id, p.amount, p.currency::text as currency, p.status,
       p.description, p.metadata, p.created_at
from paydesk.payments p
left join paydesk.customers c on c.account_id = p.account_id and c.provider = p.provider
where p.provider = 'stripe';

create or replace view public.payment_methods with (security_invoker = true) as
select m.id, m.account_id as user_id, m.provider_payment_method_id as stripe_payment_method_id,
       c.provider_customer_id as stripe_customer_id, m.type, m.card_brand, m.card_last4,
       m.card_exp_month, m.card_exp_year, m.is_default, m.created_at, m.updated_at
from paydesk.payment_methods m
left join paydesk.customers c on c.account_id = m.account_id and c.provider = m.provider
where m.provider = 'stripe' and m.detached_at is null;

-- One table and no expression: Postgres lets `update notifications set read = true` through.
create or replace view public.notifications with (security_invoker = true) as
select id, account_id as user_id, type, title, message, read, metadata, created_at
from paydesk.notifications;

create or replace view public.webhook_events with (security_invoker = true) as
select left(encode(sha256(convert_to(event_id, 'UTF8')), 'hex'), 32)::uuid as id,
       event_id as stripe_event_id, type,
       payload::json -> 'data' as data, status in ('processed', 'ignored') as processed,
       error as processing_error, received_at as created_at, processed_at
from paydesk.webhook_events
where provider = 'stripe';

create or replace view public.pricing_plans with (security_invoker = true) as
select pp.provider_price_id as id, pp.provider_product_id as product_id, p.name, p.description,
       pp.unit_amount as amount, pp.currency::text as currency,
       case pp.billing_cycle when 'yearly' then 'year' else 'month' end as interval,
       1 as interval_count, p.trial_days as trial_period_days, p.features,
       pp.is_active and p.is_active as is_active, pp.created_at
from paydesk.plan_prices pp
join paydesk.plans p on p.plan_key = pp.plan_key
where pp.provider = 'stripe' and pp.billing_cycle in ('monthly', 'yearly');

do $$
declare
    view text;
begin
    foreach view in array array['customers', 'subscriptions', 'invoices', 'payments',
                                'payment_methods', 'notifications', 'webhook_events', 'pricing_plans']
    loop
        execute format('comment on view public.%I is %L', view, 'Paydesk view');
        execute format('revoke all on public.%I from public, anon, authenticated, service_role', view);
        execute format('grant select on public.%I to service_role', view);
    end loop;
end $$;

grant select on public.customers, public.subscriptions, public.invoices, public.payments,
    public.payment_methods, public.notifications, public.pricing_plans to authenticated;
grant update (read) on public.notifications to authenticated;
grant select on public.pricing_plans to anon;
