-- Rows for four people and a team, in every table. Included by tests with \ir.
--   aaaa... Ann, with an account    bbbb... Bob, with another    eeee... Eve, with none
--   cccc... Cid, a member of the team dddd..., with no rows of his own
\set ann '''aaaaaaaa-0000-4000-8000-000000000000'''
\set bob '''bbbbbbbb-0000-4000-8000-000000000000'''
\set cid '''cccccccc-0000-4000-8000-000000000000'''
\set team '''dddddddd-0000-4000-8000-000000000000'''
\set eve '''eeeeeeee-0000-4000-8000-000000000000'''

insert into paydesk.schema_migrations (name, checksum) values ('0000_fixture.sql', 'x');
insert into paydesk.accounts (account_id, kind, email)
values (:ann, 'person', 'ann@example.com'), (:bob, 'person', 'bob@example.com'),
       (:team, 'team', null);

insert into paydesk.customers (account_id, provider, provider_customer_id, email)
select a.account_id, 'stripe', 'cus_' || left(a.account_id::text, 1), email from paydesk.accounts a;
insert into paydesk.provider_refs
select 'stripe', 'customer', 'cus_' || left(a.account_id::text, 1), account_id from paydesk.accounts a;

insert into paydesk.plans (plan_key, name, tier, limits, features, is_active)
values ('pro', 'Pro', 'pro', '{"seats": 3}', '["All AI models"]', true),
       ('old', 'Old', 'pro', '{}', '[]', false);
insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider,
                                 provider_price_id, provider_product_id, is_active)
values ('pro', 'monthly', 'usd', 2900, 'stripe', 'price_1', 'prod_1', true),
       ('pro', 'monthly', 'usd', 1900, 'stripe', 'price_0', 'prod_1', false),
       ('old', 'yearly', 'usd', 9900, 'stripe', 'price_9', 'prod_9', true);

insert into paydesk.checkouts (account_id, id, plan_key, billing_cycle, mode, provider_checkout_id,
                               url, status)
select account_id, gen_random_uuid(), 'pro', 'monthly', 'subscription',
       'cs_' || left(account_id::text, 1), 'https://checkout.example', 'open'
from paydesk.accounts;
insert into paydesk.subscriptions (account_id, id, provider, provider_subscription_id, plan_key,
    plan_name, billing_cycle, status, price_id, current_period_start, current_period_end, provider_stamp)
select account_id, account_id, 'stripe', 'sub_' || left(account_id::text, 1), 'pro', 'Pro', 'monthly',
       'active', 'price_1', '2026-11-01Z', '2026-12-01Z', '2026-11-01Z'
from paydesk.accounts;
-- Seats are limited by the subscription ("pro" has 3 per unit).
insert into paydesk.account_members (account_id, user_id, role, invited_email)
values (:team, :cid, 'member', 'cid@example.com'), (:team, null, 'member', 'new@example.com'),
       ('99999999-0000-4000-8000-000000000000', :bob, 'owner', null);
insert into paydesk.subscription_schedules (account_id, id, provider, provider_schedule_id,
    provider_subscription_id, status, effective_at, plan_key, plan_name, price_id, quantity, provider_stamp)
select account_id, account_id, 'stripe', 'sub_sched_' || left(account_id::text, 1),
       'sub_' || left(account_id::text, 1), 'active', '2026-12-01Z', 'pro', 'Pro', 'price_1', 2, '2026-11-02Z'
from paydesk.accounts;
insert into paydesk.trials (account_id, provider, provider_subscription_id, started_at, fingerprint)
select account_id, 'stripe', 'sub_' || left(account_id::text, 1), '2026-11-01Z', 'fp_1' from paydesk.accounts;
insert into paydesk.subscription_items (account_id, subscription_id, provider_item_id, price_id)
select account_id, id, 'si_1', 'price_1' from paydesk.subscriptions;
insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, status, currency,
                              amount_due, amount_paid, provider_stamp, created_at, paid_at)
select account_id, gen_random_uuid(), 'stripe', 'in_' || left(account_id::text, 1), 'paid', 'usd', 2900,
       2900, '2026-11-01Z', '2026-11-01Z', '2026-11-01Z'
from paydesk.accounts;
insert into paydesk.payments (account_id, id, provider, source_kind, source_id, amount, currency, status)
select account_id, gen_random_uuid(), 'stripe', 'invoice', 'in_' || left(account_id::text, 1), 2900,
       'usd', 'succeeded'
from paydesk.accounts;
insert into paydesk.charges (account_id, id, provider, provider_charge_id, provider_payment_id,
    provider_invoice_id, amount, currency, status, provider_stamp, created_at)
select account_id, account_id, 'stripe', 'ch_' || left(account_id::text, 1),
       'pi_' || left(account_id::text, 1), 'in_' || left(account_id::text, 1), 2900, 'usd', 'succeeded',
       '2026-11-01Z', '2026-11-01Z'
from paydesk.accounts;
insert into paydesk.refunds (account_id, id, provider, provider_refund_id, payment_id, amount, currency,
                             status, note, actor, created_at)
select p.account_id, gen_random_uuid(), 'stripe', 're_' || left(p.account_id::text, 1), p.id, 900, 'usd',
       'succeeded', 'asked by phone', 'service', '2026-11-02Z'
from paydesk.payments p;
insert into paydesk.disputes (account_id, id, provider, provider_dispute_id, amount, currency, status,
                              provider_stamp, created_at)
select account_id, gen_random_uuid(), 'stripe', 'dp_' || left(account_id::text, 1), 2900, 'usd',
       'warning_closed', '2026-11-03Z', '2026-11-03Z'
from paydesk.accounts;
insert into paydesk.provider_polls (account_id, provider, kind, provider_id, polled_at)
select account_id, 'paypal', 'subscription', 'I-' || left(account_id::text, 1), '2026-11-04Z'
from paydesk.accounts;
insert into paydesk.invoice_retries (account_id, provider, provider_invoice_id, provider_payment_method_id)
select account_id, 'stripe', 'in_' || left(account_id::text, 1), 'pm_1' from paydesk.accounts;
insert into paydesk.payment_methods (account_id, id, provider, provider_payment_method_id, type,
    card_brand, card_last4, card_exp_month, card_exp_year, is_default)
select account_id, gen_random_uuid(), 'stripe', 'pm_' || left(account_id::text, 1), 'card', 'visa',
       '4242', 12, 2030, true
from paydesk.accounts;
insert into paydesk.notifications (account_id, type, title, message, fact_key)
select account_id, 'payment_success', 'Payment successful', '$29.00', 'invoice.paid/in_1'
from paydesk.accounts;
insert into paydesk.emails (account_id, fact_key, kind, recipient)
select account_id, 'payment_success:in_1', 'payment_success', email from paydesk.accounts;
insert into paydesk.exchange_rates (base, quote, as_of, rate, source)
values ('usd', 'inr', '2026-11-01', 88.5, 'RBI');
insert into paydesk.webhook_events (provider, event_id, type, occurred_at, account_id, payload)
select 'stripe', 'evt_' || left(account_id::text, 1), 'invoice.paid', '2026-11-01Z', account_id,
       '{"data": {"object": {"id": "in_1"}}}'
from paydesk.accounts;
insert into paydesk.reconciliations (id, provider, mode, origin, started_at)
values (gen_random_uuid(), 'stripe', 'events', 'schedule', '2026-11-01Z');
insert into paydesk.jobs (kind, account_id) select 'reconcile', account_id from paydesk.accounts;
insert into paydesk.idempotency_keys (account_id, key, request_sha256, method, path)
select account_id, 'k1', sha256('x'), 'POST', '/api/create-checkout' from paydesk.accounts;
insert into paydesk.audit_log (account_id, actor, action)
select account_id, 'service', 'test' from paydesk.accounts;

insert into paydesk.credit_grants (account_id, id, kind, fact_key, since, amount, priority, effective_at,
                                   description, created_at)
select account_id, account_id, 'top_up', 'top_up/stripe/cs_1', '2026-11-01Z', 1000, 30, '2026-11-01Z',
       'Credit top-up', '2026-11-01Z'
from paydesk.accounts;
with booked as (
    insert into paydesk.credit_transactions (account_id, number, kind, amount, balance_after, entry_count,
                                             description, hold_id, created_at)
    select account_id, n, t.kind, amount, after, 1, t.kind, case t.kind when 'hold' then account_id end,
           '2026-11-01Z'
    from paydesk.accounts, (values (1, 'grant', 1000, 1000), (2, 'consume', -10, 990), (3, 'hold', -10, 980)) t (n, kind, amount, after))
insert into paydesk.credit_entries (account_id, number, position, grant_id, from_account, to_account, amount)
select account_id, n, 1, account_id, source, target, amount
from paydesk.accounts,
     (values (1, 'issued', 'available', 1000), (2, 'available', 'consumed', 10),
             (3, 'available', 'held', 10)) t (n, source, target, amount);
insert into paydesk.credit_holds (account_id, id, number, amount, description, expires_at, created_at)
select account_id, account_id, 3, 10, 'hold', '2026-11-02Z', '2026-11-01Z' from paydesk.accounts;
insert into paydesk.credit_refusals (account_id, idempotency_key, request_sha256, code, message, balance,
                                     shortfall, created_at)
select account_id, 'k1', sha256('x'), 'insufficient_credits', 'No.', 980, 10, '2026-11-01Z'
from paydesk.accounts;
insert into paydesk.credit_due (account_id, due_at) select account_id, '2026-11-02Z' from paydesk.accounts;

insert into paydesk.meters (metric, name, aggregation, charge) values ('api_calls', 'API calls', 'sum', 'meter');
insert into paydesk.usage_prices (plan_key, metric, billing_cycle, currency, provider, provider_price_id,
                                  provider_product_id, lookup_key)
values ('pro', 'api_calls', 'monthly', 'usd', 'stripe', 'price_calls', 'usage_calls', 'pro_monthly.api_calls');
select paydesk.make_usage_partitions('2026-11-01', '2026-11-02') \gset
insert into paydesk.usage_records (account_id, idempotency_key, day, metric, quantity, occurred_at, received_at,
                                   period_start, period_end, plan_key, is_late)
select account_id, 'k1', '2026-11-01', 'api_calls', 5, '2026-11-01 10:00Z', '2026-11-01 10:00Z', '2026-11-01Z',
       '2026-12-01Z', 'pro', false
from paydesk.accounts;
insert into paydesk.usage_undated_keys (account_id, idempotency_key, day)
select account_id, 'k2', '2026-11-01' from paydesk.accounts;
insert into paydesk.usage_uniques (account_id, metric, period_start, unique_value)
select account_id, 'people', '2026-11-01Z', 'u1' from paydesk.accounts;
insert into paydesk.usage_hours (account_id, metric, hour, period_start, events, quantity, maximum, is_reported)
select account_id, 'api_calls', '2026-11-01 10:00Z', '2026-11-01Z', 1, 5, 5, false from paydesk.accounts;
insert into paydesk.usage_totals (account_id, metric, period_start, period_end, plan_key, events, quantity, maximum)
select account_id, 'api_calls', '2026-11-01Z', '2026-12-01Z', 'pro', 1, 5, 5 from paydesk.accounts;
insert into paydesk.usage_reports (account_id, metric, hour, period_start, sequence, provider, identifier, quantity,
                                   occurred_at, created_at)
select account_id, 'api_calls', '2026-11-01 10:00Z', '2026-11-01Z', 1, 'stripe', 'usage-1', 5, '2026-11-01 10:00Z',
       '2026-11-01 11:00Z'
from paydesk.accounts;
insert into paydesk.usage_charges (account_id, metric, period_start, period_end, provider, provider_invoice_id, quantity,
                                   amount, currency, description, created_at)
select account_id, 'api_calls', '2026-11-01Z', '2026-12-01Z', 'stripe', 'in_1', 5, 5, 'usd', 'API calls', '2026-12-01Z'
from paydesk.accounts;
