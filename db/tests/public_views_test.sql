-- The seeds' page code on the public views, as supabase-js and PostgREST would run it.
\ir fixture.sql

-- What the tutorials' tables had; `select('*')` must bring at least these.
select pg_temp.check(format('public.%s.%s', v, c),
    (exists (select from pg_attribute where attrelid = format('public.%I', v)::regclass and attname = c))::text, 'true')
from (values
    ('customers', '{id,user_id,stripe_customer_id,email,full_name,created_at,updated_at}'::text[]),
    ('subscriptions', '{id,user_id,stripe_subscription_id,stripe_customer_id,customer_id,status,price_id,quantity,
        cancel_at_period_end,cancel_at,current_period_start,current_period_end,canceled_at,ended_at,trial_start,
        trial_end,plan_type,plan_name,created_at,updated_at}'),
    ('invoices', '{id,user_id,stripe_invoice_id,stripe_customer_id,stripe_subscription_id,amount_due,amount_paid,
        currency,status,invoice_pdf,hosted_invoice_url,billing_reason,created_at,period_start,period_end,paid_at}'),
    ('payment_methods', '{id,user_id,stripe_payment_method_id,stripe_customer_id,type,card_brand,card_last4,
        card_exp_month,card_exp_year,is_default,created_at,updated_at}'),
    ('notifications', '{id,user_id,type,title,message,read,metadata,created_at}'),
    ('webhook_events', '{id,stripe_event_id,type,data,processed,processing_error,created_at,processed_at}'),
    ('payments', '{id,user_id,customer_id,amount,currency,status,description,metadata,created_at}'),
    ('pricing_plans', '{id,product_id,name,description,amount,currency,interval,interval_count,trial_period_days,
        features,is_active,created_at}'),
    ('credit_usage', '{user_id,amount,description,created_at}')
) as tables (v, columns), unnest(columns) c;

create function pg_temp.ann(sql text) returns text language sql as $$
    select pg_temp.as_role('authenticated', pg_temp.claims('aaaaaaaa-0000-4000-8000-000000000000'), sql)
$$;
-- PostgREST wraps each read so, in a read-only transaction.
create function pg_temp.rest(query text) returns text language sql as $$
    select format('with source as (%s) select coalesce(json_agg(s), ''[]'')::jsonb from source s', query)
$$;

select pg_temp.check(query, pg_temp.ann(query), expected) from (values
    -- S0 create-checkout
    ($$select stripe_customer_id from customers where user_id = 'aaaaaaaa-0000-4000-8000-000000000000'$$, 'cus_a'),
    -- S2 create-checkout, create-portal-session
    ($$select stripe_customer_id from customers where id = 'aaaaaaaa-0000-4000-8000-000000000000'$$, 'cus_a'),
    -- S0 cancel-subscription
    ($$select stripe_subscription_id from subscriptions where user_id = 'aaaaaaaa-0000-4000-8000-000000000000'
       and stripe_subscription_id = 'sub_a'$$, 'sub_a'),
    -- S0 billing page, S2 useSubscription: .single() wants one row
    ($$select count(*) || ' ' || max(plan_type) || ' ' || max(plan_name) from subscriptions
       where user_id = 'aaaaaaaa-0000-4000-8000-000000000000' and status = 'active'$$, '1 monthly Pro'),
    -- S0 get-invoices
    ($$select string_agg(stripe_invoice_id || ' ' || amount_paid || ' ' || currency || ' ' || stripe_customer_id, ',' order by created_at desc)
       from invoices where user_id = 'aaaaaaaa-0000-4000-8000-000000000000'$$, 'in_a 2900 usd cus_a'),
    ($$select card_brand || ' ' || card_last4 || ' ' || is_default from payment_methods$$, 'visa 4242 true'),
    ($$select count(*)::text from payments where user_id = 'aaaaaaaa-0000-4000-8000-000000000000'$$, '1'),
    -- somebody else's, asked for by id
    ($$select count(*)::text from invoices where user_id = 'bbbbbbbb-0000-4000-8000-000000000000'$$, '0'),
    ($$select count(*)::text from subscriptions where stripe_subscription_id = 'sub_b'$$, '0'),
    -- NotificationsPanel
    ($$with u as (update notifications set read = true where user_id = 'aaaaaaaa-0000-4000-8000-000000000000'
       returning read, title) select count(*) || ' ' || bool_and(read) from u$$, '1 true'),
    ($$with u as (update notifications set read = true where user_id = 'bbbbbbbb-0000-4000-8000-000000000000'
       returning read) select count(*)::text from u$$, '0'),
    ($$update notifications set title = 'x'$$, 'permission denied for view notifications'),
    ($$update notifications set read = true, user_id = 'bbbbbbbb-0000-4000-8000-000000000000'$$,
     'permission denied for view notifications'),
    ($$select count(*) from webhook_events$$, 'permission denied for view webhook_events')
) as queries (query, expected);

select pg_temp.check('select * from ' || v, (pg_temp.ann(pg_temp.rest('select * from public.' || v)) like '[{%')::text, 'true')
from unnest(array['customers', 'subscriptions', 'invoices', 'payments', 'payment_methods', 'notifications']) v;

-- the plan page, before anyone signed in
select pg_temp.check('pricing_plans for anon', pg_temp.as_role('anon', '',
    $$select string_agg(id || ' ' || name || ' ' || amount || ' ' || interval || ' ' || (features ->> 0), ',') from pricing_plans$$),
    'price_1 Pro 2900 month All AI models');
-- an Edge Function with the service key
select pg_temp.check('webhook_events for service_role', pg_temp.as_role('service_role', '{"role": "service_role"}',
    $$select stripe_event_id || ' ' || (data -> 'object' ->> 'id') || ' ' || processed from webhook_events
      where stripe_event_id = 'evt_a'$$), 'evt_a in_1 false');
select pg_temp.check('service_role reads everybody', pg_temp.as_role('service_role', '{"role": "service_role"}',
    'select count(*)::text from subscriptions'), '3');
