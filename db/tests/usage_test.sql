-- What no code path can write about usage, and what triggers say of periods.
\ir fixture.sql

create function pg_temp.record(changes jsonb) returns text language sql as $$
    select format(
        'insert into paydesk.usage_records (account_id, idempotency_key, day, metric, quantity, occurred_at, received_at,
                                            period_start, period_end, is_late)
         values (%L, %L, %L, ''api_calls'', %L, %L, now(), %L, %L, false)',
        v ->> 'account', v ->> 'key', v ->> 'day', v ->> 'quantity', v ->> 'at', v ->> 'start', v ->> 'end')
    from (select jsonb_build_object('account', 'aaaaaaaa-0000-4000-8000-000000000000', 'key', 'k9', 'day', '2026-11-01',
              'quantity', '1', 'at', '2026-11-01 12:00Z', 'start', '2026-11-01Z', 'end', '2026-12-01Z') || changes as v) d
$$;
select pg_temp.check('record ' || changes, pg_temp.outcome(pg_temp.record(changes::jsonb), 'paydesk_server'), expected)
from (values
    ('{}',                                        'accepted'),
    ('{"quantity": "-3.5"}',                      'accepted'),
    ('{"key": "k1"}',                             'records_20261101_pkey'),
    ('{"quantity": "NaN"}',                       'usage_records_quantity'),
    ('{"quantity": "Infinity"}',                  'usage_records_quantity'),
    ('{"quantity": "1e26"}',                      'usage_records_quantity'),
    ('{"at": "2026-11-02 00:00Z"}',               'usage_records_day'),
    ('{"at": "2026-11-01 00:00+01"}',             'usage_records_day'),
    ('{"end": "2026-11-01 12:00Z"}',              'usage_records_period'),
    ('{"start": "2026-11-01 12:00:01Z"}',         'usage_records_period'),
    ('{"key": ""}',                               'usage_records_key_length')
) as cases (changes, expected);

select pg_temp.check(sql, pg_temp.outcome(sql, role), expected) from (values
    ('paydesk_server', 'update paydesk.usage_records set quantity = 1', 'permission denied for table usage_records'),
    ('paydesk_server', 'delete from paydesk.usage_totals', 'permission denied for table usage_totals'),
    ('paydesk_server', 'select from paydesk_usage.records_20261101', 'permission denied for schema paydesk_usage'),
    ('authenticated', 'select paydesk.make_usage_partitions(''2026-11-03'', ''2026-11-03'')',
     'permission denied for function make_usage_partitions'),
    ('paydesk_server', 'select paydesk.make_usage_partitions(''2026-11-03'', ''2029-11-03'')', 'more than 500 days at once'),
    ('paydesk_server', 'update paydesk.usage_reports set status = ''sent''', 'usage_reports_sent_is_dated'),
    ('paydesk_server', 'update paydesk.usage_charges set amount = -1', 'usage_charges_amount_not_negative')
) as cases (role, sql, expected);
select pg_temp.check('owner: ' || sql, pg_temp.outcome(sql), expected) from (values
    ('update paydesk.usage_records set quantity = 1', 'usage_records_is_append_only'),
    ('truncate paydesk.usage_records', 'usage_records_is_append_only'),
    ('delete from paydesk.usage_totals', 'usage_totals_are_kept'),
    ('delete from paydesk.usage_reports', 'usage_reports_are_kept'),
    ('delete from paydesk.usage_charges', 'usage_charges_are_kept')
) as cases (sql, expected);

-- Periods are what subscriptions said, one after the other.
create function pg_temp.periods() returns text language sql as $$
    select string_agg(format('%s..%s%s', to_char(starts_at at time zone 'UTC', 'MM-DD'),
                             to_char(ends_at at time zone 'UTC', 'MM-DD'), case when renews then ' renews' else '' end), ', '
                      order by starts_at)
    from paydesk.usage_periods where account_id = 'aaaaaaaa-0000-4000-8000-000000000000'
$$;
select pg_temp.check('a period', pg_temp.periods(), '11-01..12-01 renews');
update paydesk.subscriptions set current_period_start = '2026-12-01Z', current_period_end = '2027-01-01Z' where account_id = :ann;
select pg_temp.check('renewed', pg_temp.periods(), '11-01..12-01 renews, 12-01..01-01 renews');
update paydesk.subscriptions set current_period_start = '2026-12-15Z', current_period_end = '2027-01-15Z' where account_id = :ann;
select pg_temp.check('another anchor', pg_temp.periods(), '11-01..12-01 renews, 12-01..12-15 renews, 12-15..01-15 renews');
update paydesk.subscriptions set cancel_at_period_end = true where account_id = :ann;
select pg_temp.check('will not renew', pg_temp.periods(), '11-01..12-01 renews, 12-01..12-15 renews, 12-15..01-15');
update paydesk.subscriptions set status = 'canceled', ended_at = '2026-12-20Z' where account_id = :ann;
select pg_temp.check('ended', pg_temp.periods(), '11-01..12-01 renews, 12-01..12-15 renews, 12-15..12-20');

update paydesk.invoices set billing_reason = 'subscription_cycle', provider_subscription_id = 'sub_a', period_start = '2026-11-01Z',
    period_end = '2026-12-01Z', status = 'paid' where account_id = :ann;
select pg_temp.check('invoiced', (select count(*)::text from paydesk.usage_periods where invoiced_at is not null), '1');

-- An invoice of PayPal's names the period that it pays in advance: it says nothing of what was used.
insert into paydesk.usage_periods (account_id, starts_at, subscription_id, ends_at, provider, provider_subscription_id, plan_key, renews)
values (:bob, '2026-01-01Z', gen_random_uuid(), '2026-02-01Z', 'paypal', 'I-B', 'pro', true);
insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, provider_subscription_id, status, currency, amount_due,
    amount_paid, billing_reason, period_start, period_end, provider_stamp, created_at)
values (:bob, gen_random_uuid(), 'paypal', 'I-B/2026-01-01', 'I-B', 'paid', 'usd', 4900, 4900, 'subscription_cycle', '2026-01-01Z',
        '2026-02-01Z', '2026-01-01Z', '2026-01-01Z');
select pg_temp.check('not invoiced by its renewal', (select count(*)::text from paydesk.usage_periods
    where provider_subscription_id = 'I-B' and invoiced_at is not null), '0');
insert into paydesk.usage_totals (account_id, metric, period_start, period_end, plan_key, events, quantity, maximum)
values (:bob, 'api_calls', '2026-01-01Z', '2026-02-01Z', 'pro', 1, 1, 1);
update paydesk.usage_periods set invoiced_at = now() where provider_subscription_id = 'I-B';
select pg_temp.check('the first event of a metric is flagged as late', pg_temp.outcome($$
    insert into paydesk.usage_totals (account_id, metric, period_start, period_end, plan_key, events, quantity, maximum)
    select account_id, 'storage_gb', starts_at, ends_at, 'pro', 1, 1, 1 from paydesk.usage_periods
    where provider_subscription_id = 'I-B'$$, 'paydesk_server'), 'usage of storage_gb was invoiced meanwhile');
insert into paydesk.usage_totals (account_id, metric, period_start, period_end, plan_key, events, quantity, maximum, late_events)
values (:bob, 'storage_gb', '2026-01-01Z', '2026-02-01Z', 'pro', 1, 1, 1, 1);

select pg_temp.check('the tutorials'' columns', (select format('%s %s %s %s', metric_name, quantity, synced_to_stripe,
    stripe_subscription_id) from public.usage_records where user_id = :bob), 'api_calls 5 f sub_b');
