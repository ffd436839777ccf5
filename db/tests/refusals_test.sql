-- What the database itself must refuse, by the name of what refuses it. As paydesk_server, as in life,
-- unless the owner's own psql is what is to be stopped.
\ir fixture.sql

create function pg_temp.server(sql text) returns text language sql as $$
    select pg_temp.outcome(sql, 'paydesk_server')
$$;
create function pg_temp.refuses(sql text, expected text) returns void language sql as $$
    select pg_temp.check(sql, pg_temp.server(sql), expected)
$$;
-- A row like Ann's, with some columns changed.
create function pg_temp.like_anns(target text, changes jsonb) returns text language plpgsql as $$
declare
    columns text;
    found jsonb;
begin
    select string_agg(format('%I', attname), ', ') into columns from pg_attribute
    where attrelid = ('paydesk.' || target)::regclass and attnum > 0 and attgenerated = '' and not attisdropped;
    execute format('select to_jsonb(t) from paydesk.%I t where account_id = ''aaaaaaaa-0000-4000-8000-000000000000''',
                   target) into strict found;
    return format('insert into paydesk.%I (%s) select %2$s from jsonb_populate_record(null::paydesk.%1$I, %3$L)',
                  target, columns, found || changes);
end $$;

select pg_temp.check(target || ' ' || changes, pg_temp.server(pg_temp.like_anns(target, changes::jsonb)), expected)
from (values
    -- one fact, one row
    ('customers',       '{"provider_customer_id": "cus_2"}',                     'customers_pkey'),
    ('customers',       '{"provider": "paypal"}',                                'accepted'),
    ('customers',       '{"provider": "paddle"}',                                'customers_provider'),
    ('subscriptions',   '{"id": "11111111-0000-7000-8000-000000000000"}',        'subscriptions_once'),
    ('invoices',        '{"id": "11111111-0000-7000-8000-000000000000"}',        'invoices_once'),
    ('payments',        '{"id": "11111111-0000-7000-8000-000000000000"}',        'payments_once'),
    ('payment_methods', '{"id": "11111111-0000-7000-8000-000000000000", "is_default": false}', 'payment_methods_once'),
    ('notifications',   '{"id": "11111111-0000-7000-8000-000000000000"}',        'notifications_once'),
    ('idempotency_keys', '{}',                                                   'idempotency_keys_pkey'),
    -- one live checkout per slot
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000"}',              'checkouts_one_live'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "provider_checkout_id": "cs_2", "plan_key": "business", "billing_cycle": "yearly"}', 'checkouts_one_live'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "provider_checkout_id": "cs_2", "plan_family": "add_on"}', 'accepted'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "provider_checkout_id": "cs_2", "mode": "payment", "plan_key": "credits_1000"}', 'accepted'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "provider_checkout_id": "cs_2", "status": "expired"}', 'accepted'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "provider_checkout_id": "cs_a", "status": "expired"}', 'checkouts_by_provider_id'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "plan_family": "add_on", "provider_checkout_id": "cs_2", "url": null}', 'checkouts_open_has_url'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "plan_family": "add_on", "quantity": 0}', 'checkouts_quantity'),
    -- nonsense
    ('subscriptions', '{"provider_subscription_id": "s2", "status": "actve"}',   'subscriptions_status'),
    ('subscriptions', '{"provider_subscription_id": "s2", "quantity": -3}',      'subscriptions_quantity_not_negative'),
    ('subscriptions', '{"provider_subscription_id": "s2", "current_period_end": "2026-10-01Z"}', 'subscriptions_period'),
    ('subscriptions', '{"provider_subscription_id": "s2", "trial_start": "2026-10-02Z", "trial_end": "2026-10-01Z"}', 'subscriptions_trial'),
    ('subscriptions', '{"provider_subscription_id": "s2", "currency": "USD"}',   'subscriptions_currency'),
    ('subscriptions', '{"provider_subscription_id": "s2", "unit_amount": -1}',   'subscriptions_amount_not_negative'),
    ('subscriptions', '{"provider_subscription_id": "s2", "billing_cycle": "weekly"}', 'subscriptions_billing_cycle'),
    ('subscription_items', '{"provider_item_id": "si_2", "quantity": -1}',       'subscription_items_quantity_not_negative'),
    ('subscription_items', '{"provider_item_id": "si_2", "period_start": "2026-10-02Z", "period_end": "2026-10-01Z"}', 'subscription_items_period'),
    ('invoices', '{"provider_invoice_id": "in_2", "status": "refunded"}',        'invoices_status'),
    ('invoices', '{"provider_invoice_id": "in_2", "currency": "us"}',            'invoices_currency'),
    ('invoices', '{"provider_invoice_id": "in_2", "amount_due": -1}',            'invoices_amounts_not_negative'),
    ('invoices', '{"provider_invoice_id": "in_2", "line_items": {}}',            'invoices_line_items_are_a_list'),
    ('invoices', '{"provider_invoice_id": "in_2", "period_start": "2026-10-02Z", "period_end": "2026-10-01Z"}', 'invoices_period'),
    ('invoices', '{"provider_invoice_id": "in_2", "attempt_count": -1}',         'invoices_attempts_not_negative'),
    ('invoices', '{"provider_invoice_id": "in_2", "id": "11111111-0000-7000-8000-000000000000", "amount_due": 99999999999999}', 'accepted'),
    ('payments', '{"source_id": "in_2", "amount": -1}',                          'payments_amount_not_negative'),
    ('payments', '{"source_id": "in_2", "amount_refunded": 2901, "status": "refunded"}', 'payments_refunded_within_amount'),
    ('payments', '{"source_id": "in_2", "amount_refunded": 5}',                  'payments_refund_has_amount'),
    ('payments', '{"source_id": "in_2", "status": "refunded"}',                  'payments_refund_has_amount'),
    ('payments', '{"source_id": "in_2", "status": "lost"}',                      'payments_status'),
    ('payments', '{"source_id": "in_2", "source_kind": "gift"}',                 'payments_source_kind'),
    ('payment_methods', '{"provider_payment_method_id": "pm_2", "id": "11111111-0000-7000-8000-000000000000"}', 'payment_methods_one_default'),
    ('payment_methods', '{"provider_payment_method_id": "pm_2", "provider": "paypal", "id": "11111111-0000-7000-8000-000000000000"}', 'accepted'),
    ('payment_methods', '{"provider_payment_method_id": "pm_2", "card_last4": "42424242"}', 'payment_methods_last4'),
    ('payment_methods', '{"provider_payment_method_id": "pm_2", "card_exp_month": 13}', 'payment_methods_expiry'),
    ('payment_methods', '{"provider_payment_method_id": "pm_2", "detached_at": "2026-11-01Z"}', 'payment_methods_detached_is_no_default'),
    ('notifications', '{"fact_key": "2", "metadata": []}',                       'notifications_metadata_is_an_object'),
    ('checkouts', '{"id": "11111111-0000-7000-8000-000000000000", "provider_checkout_id": "cs_2", "status": "processing"}', 'accepted'),
    ('charges',  '{"id": "11111111-0000-7000-8000-000000000000"}',               'charges_once'),
    ('charges',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_charge_id": "ch_2", "status": "refunded"}', 'charges_status'),
    ('charges',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_charge_id": "ch_2", "amount_refunded": -1}', 'charges_amounts_not_negative'),
    ('disputes', '{"id": "11111111-0000-7000-8000-000000000000"}',               'disputes_once'),
    ('disputes', '{"id": "11111111-0000-7000-8000-000000000000", "provider_dispute_id": "dp_2", "status": "appeal_under_review"}', 'accepted'),
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000"}',               'refunds_once'),
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": "re_2", "amount": 0}', 'refunds_amount_positive'),
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": "re_2", "status": "lost"}', 'refunds_status'),
    -- an intent: of the 2900 paid, 900 are given back already
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": null, "status": "pending", "amount": 2000}', 'accepted'),
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": null, "status": "pending", "amount": 2001}', 'refunds_within_payment'),
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": null, "status": "pending", "amount": 1, "currency": "eur"}', 'refunds_currency_of_payment'),
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": null, "status": "pending", "payment_id": "11111111-0000-7000-8000-000000000000"}', 'refunds_of_a_payment'),
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": null, "status": "succeeded", "amount": 1}', 'refunds_succeeded_at_the_provider'),
    -- what the provider tells has happened: it is stored
    ('refunds',  '{"id": "11111111-0000-7000-8000-000000000000", "provider_refund_id": "re_2", "amount": 2900}', 'accepted'),
    ('idempotency_keys', '{"key": ""}',                                          'idempotency_keys_length'),
    ('idempotency_keys', '{"key": "k2", "request_sha256": "\\x00"}',             'idempotency_keys_sha256'),
    ('idempotency_keys', '{"key": "k2", "status": "done"}',                      'idempotency_keys_done_has_response')
) as cases (target, changes, expected);

select pg_temp.refuses(sql, expected) from (values
    ('insert into paydesk.accounts (account_id, kind) values (gen_random_uuid(), ''robot'')', 'accounts_kind'),
    ('insert into paydesk.account_members (account_id, role) values (gen_random_uuid(), ''member'')', 'account_members_someone'),
    ('insert into paydesk.account_members (account_id, user_id) select account_id, user_id from paydesk.account_members where user_id is not null', 'account_members_once'),
    ('insert into paydesk.account_members (account_id, invited_email) select account_id, upper(invited_email) from paydesk.account_members where user_id is null', 'account_members_invited_once'),
    ('insert into paydesk.account_members (account_id, user_id, role) values (gen_random_uuid(), gen_random_uuid(), ''god'')', 'account_members_role'),
    -- never more members than seats: the owner, two members, and no fourth
    ('insert into paydesk.account_members (account_id, user_id) select account_id, gen_random_uuid() from paydesk.accounts where kind = ''person'' and email like ''ann%'' union all select account_id, gen_random_uuid() from paydesk.accounts where email like ''ann%''', 'accepted'),
    ('insert into paydesk.account_members (account_id, user_id) select account_id, gen_random_uuid() from paydesk.accounts, generate_series(1, 3) where email like ''ann%''', 'account_members_within_seats'),
    ('update paydesk.account_members set user_id = gen_random_uuid(), expires_at = null where invited_email = ''new@example.com''', 'accepted'),
    ('insert into paydesk.subscription_schedules (account_id, id, provider, provider_schedule_id, status, effective_at, provider_stamp) select account_id, gen_random_uuid(), ''stripe'', ''x'', ''active'', now(), now() from paydesk.accounts', 'subscription_schedules_change_is_whole'),
    ('update paydesk.subscription_schedules set status = ''released''', 'accepted'),
    ('delete from paydesk.trials', 'permission denied for table trials'),
    -- A provider's id belongs to one account, for ever.
    ('insert into paydesk.provider_refs values (''stripe'', ''customer'', ''cus_a'', gen_random_uuid())', 'provider_refs_pkey'),
    ('insert into paydesk.provider_refs values (''stripe'', ''teapot'', ''x'', gen_random_uuid())', 'provider_refs_kind'),
    ('update paydesk.provider_refs set account_id = gen_random_uuid()', 'permission denied for table provider_refs'),
    ('delete from paydesk.provider_refs', 'permission denied for table provider_refs'),
    -- the catalogue
    ('insert into paydesk.plan_prices select plan_key, billing_cycle, currency, 1, provider, ''price_2'' from paydesk.plan_prices where provider_price_id = ''price_1''', 'plan_prices_one_active'),
    ('insert into paydesk.plan_prices select ''old'', ''yearly'', currency, 1, provider, ''price_1'' from paydesk.plan_prices where provider_price_id = ''price_1''', 'plan_prices_known_once'),
    ('update paydesk.plan_prices set unit_amount = -1', 'plan_prices_amount_not_negative'),
    ('update paydesk.plan_prices set currency = ''USD''', 'plan_prices_currency'),
    ('insert into paydesk.plans (plan_key, name, kind) values (''t'', ''T'', ''top_up'')', 'plans_top_up_has_credits'),
    ('insert into paydesk.plans (plan_key, name, limits) values (''t'', ''T'', ''[]'')', 'plans_limits_are_an_object'),
    ('insert into paydesk.plans (plan_key, name, features) values (''t'', ''T'', ''{}'')', 'plans_features_are_a_list'),
    ('insert into paydesk.plans (plan_key, name, trial_days) values (''t'', ''T'', 731)', 'plans_trial_days'),
    ('insert into paydesk.plans (plan_key, name, credits_per_month) values (''t'', ''T'', -1)', 'plans_credits_not_negative'),
    -- the inbox
    ('insert into paydesk.webhook_events (provider, event_id, type, occurred_at, payload) values (''stripe'', ''evt_a'', ''t'', now(), ''{}'')', 'webhook_events_pkey'),
    ('insert into paydesk.webhook_events (provider, event_id, type, occurred_at, payload) values (''stripe'', ''evt_2'', ''t'', now(), ''{"a": "\u0000"}'')', 'accepted'),
    ('update paydesk.webhook_events set status = ''processed''', 'webhook_events_done_is_dated'),
    ('update paydesk.webhook_events set processed_at = now()', 'webhook_events_done_is_dated'),
    ('update paydesk.webhook_events set status = ''lost''', 'webhook_events_status'),
    -- jobs
    ('insert into paydesk.jobs (kind, unique_key) values (''sweep'', ''x''), (''sweep'', ''x'')', 'jobs_one_live'),
    ('insert into paydesk.jobs (kind, unique_key, status) values (''sweep'', ''x'', ''queued''), (''sweep'', ''x'', ''done'')', 'accepted'),
    ('update paydesk.jobs set status = ''running''', 'jobs_running_is_leased'),
    -- the flip of the default, in one statement and in the comment's words; and back, so that
    -- whichever row comes first in the table, one of the two makes the new default first
    ('insert into paydesk.payment_methods (account_id, id, provider, provider_payment_method_id, type) select account_id, gen_random_uuid(), provider, ''pm_2'', ''card'' from paydesk.payment_methods;
      update paydesk.payment_methods set is_default = (provider_payment_method_id = ''pm_2'')
      where is_default <> (provider_payment_method_id = ''pm_2'') and detached_at is null;
      update paydesk.payment_methods set is_default = (provider_payment_method_id <> ''pm_2'')
      where is_default <> (provider_payment_method_id <> ''pm_2'') and detached_at is null', 'accepted'),
    -- evidence stays
    ('delete from paydesk.invoices', 'permission denied for table invoices'),
    ('delete from paydesk.notifications', 'permission denied for table notifications'),
    ('update paydesk.audit_log set action = ''x''', 'permission denied for table audit_log'),
    -- the server is not the owner
    ('alter table paydesk.invoices disable row level security', 'must be owner of table invoices'),
    ('drop table paydesk.invoices', 'must be owner of table invoices'),
    ('create table paydesk.t ()', 'permission denied for schema paydesk'),
    ('call paydesk.protect(''invoices'', ''all'', true)', 'permission denied for procedure protect')
) as cases (sql, expected);

-- The owner's own session is stopped too.
select pg_temp.check('owner: ' || sql, pg_temp.outcome(sql), expected) from (values
    ('delete from paydesk.accounts', 'accounts_are_kept'),
    ('delete from paydesk.subscriptions', 'subscriptions_are_kept'),
    ('delete from paydesk.invoices where false', 'invoices_are_kept'),
    ('truncate paydesk.invoices', 'invoices_are_kept'),
    ('truncate paydesk.payments', 'payments_are_kept'),
    ('delete from paydesk.refunds', 'refunds_are_kept'),
    ('delete from paydesk.charges', 'charges_are_kept'),
    ('truncate paydesk.disputes', 'disputes_are_kept'),
    ('insert into paydesk.access_policy (is_the_row) values (false)', 'access_policy_one_row'),
    ('update paydesk.access_policy set dispute_access = ''maybe''', 'access_policy_dispute_access'),
    ('update paydesk.audit_log set action = ''x''', 'audit_log_is_append_only'),
    ('delete from paydesk.audit_log', 'audit_log_is_append_only'),
    ('truncate paydesk.audit_log', 'audit_log_is_append_only')
) as cases (sql, expected);

-- Tombstones: every status against every other, by the rule and not by a list of examples.
create function pg_temp.change_of_status(target text, was text, becomes text, also text default '')
returns text language sql as $$
    select pg_temp.outcome(format(
        'set local session_replication_role = replica; update paydesk.%1$I set status = %2$L %4$s;
         set local session_replication_role = origin; update paydesk.%1$I set status = %3$L %4$s, updated_at = now()',
        target, was, becomes, also))
$$;
select pg_temp.check(format('subscription %s -> %s', was, becomes), pg_temp.change_of_status('subscriptions', was, becomes),
    case when was in ('canceled', 'incomplete_expired') and was <> becomes then 'subscriptions_status_is_final'
         else 'accepted' end)
from unnest(array['incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused']) was,
     unnest(array['incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused']) becomes;
select pg_temp.check(format('invoice %s -> %s', was, becomes), pg_temp.change_of_status('invoices', was, becomes),
    case when was in ('paid', 'void') and was <> becomes then 'invoices_status_is_final' else 'accepted' end)
from unnest(array['draft', 'open', 'paid', 'uncollectible', 'void']) was,
     unnest(array['draft', 'open', 'paid', 'uncollectible', 'void']) becomes;
select pg_temp.check(format('checkout %s -> %s', was, becomes), pg_temp.change_of_status('checkouts', was, becomes),
    case when was = 'complete' and was <> becomes then 'checkouts_status_is_final' else 'accepted' end)
from unnest(array['creating', 'open', 'processing', 'complete', 'failed', 'expired', 'abandoned']) was,
     unnest(array['creating', 'open', 'processing', 'complete', 'failed', 'expired', 'abandoned']) becomes;
select pg_temp.check(format('refund %s -> %s', was, becomes), pg_temp.change_of_status('refunds', was, becomes),
    case when was in ('failed', 'canceled') and was <> becomes then 'refunds_status_is_final' else 'accepted' end)
from unnest(array['pending', 'succeeded', 'failed', 'canceled']) was,
     unnest(array['pending', 'succeeded', 'failed', 'canceled']) becomes;

-- updated_at is the trigger's, whatever the statement says.
select pg_temp.check('updated_at of ' || t, pg_temp.outcome(format(
    'update paydesk.%1$I set updated_at = ''2000-01-01Z'';
     do $d$ begin if exists (select from paydesk.%1$I where updated_at <> now()) then raise ''not touched''; end if; end $d$', t)),
    'accepted')
from unnest(array['accounts', 'account_members', 'customers', 'plans', 'checkouts', 'subscriptions', 'invoices',
                  'payments', 'payment_methods']) t;
