-- The ledger defends itself: what no code path, not even the server's, can write.
\ir fixture.sql

-- One transaction of Ann's with one line, changed where a case says so. Her ledger has
-- three: a grant of 1000, 10 consumed, a hold of 10.
create function pg_temp.book(changes jsonb) returns text language sql as $$
    select format(
        'with booked as (insert into paydesk.credit_transactions (account_id, number, kind, amount,
             balance_after, entry_count, description, hold_id, created_at)
         select %1$L, %2$s, %3$L, %4$s, %5$s, %6$s, ''test'', %7$L, now())
         insert into paydesk.credit_entries (account_id, number, position, grant_id, from_account, to_account, amount)
         select %1$L, %8$s, %9$s, %10$L, %11$L, %12$L, %13$s',
        v ->> 'account', v ->> 'number', v ->> 'kind', v ->> 'amount', v ->> 'after', v ->> 'lines', v ->> 'hold',
        coalesce(v ->> 'line_of', v ->> 'number'), v ->> 'position', v ->> 'grant', v ->> 'source', v ->> 'target',
        v ->> 'moved')
    from (select jsonb_build_object('account', 'aaaaaaaa-0000-4000-8000-000000000000', 'number', 4,
              'kind', 'consume', 'amount', -5, 'after', 975, 'lines', 1, 'position', 1,
              'grant', 'aaaaaaaa-0000-4000-8000-000000000000', 'source', 'available',
              'target', 'consumed', 'moved', 5) || changes as v) d
$$;

select pg_temp.check('book ' || changes, pg_temp.outcome(pg_temp.book(changes::jsonb), 'paydesk_server'), expected)
from (values
    ('{}',                                                     'accepted'),
    -- a transaction is what its lines say
    ('{"moved": 4}',                                           'credit_transactions_balance'),
    ('{"amount": -4, "after": 976}',                           'credit_transactions_balance'),
    ('{"lines": 2}',                                           'credit_transactions_balance'),
    ('{"position": 2}',                                        'credit_transactions_balance'),
    ('{"target": "expired"}',                                  'accepted'),
    ('{"source": "held"}',                                     'credit_transactions_balance'),
    ('{"line_of": 1, "position": 2}',                          'credit_transactions_balance'),
    ('{"line_of": 1}',                                         'credit_entries_pkey'),
    -- and continues what was
    ('{"after": 976}',                                         'credit_transactions_continue'),
    ('{"number": 5}',                                          'credit_transactions_continue'),
    ('{"number": 2}',                                         'credit_entries_pkey'),
    ('{"number": 1, "account": "eeeeeeee-0000-4000-8000-000000000000", "amount": -5, "after": -5}',
                                                               'credit_transactions_balance_not_negative'),
    -- nothing is spent that is not there
    ('{"amount": -980, "after": 0, "moved": 980}',             'accepted'),
    ('{"amount": -981, "after": -1, "moved": 981}',            'credit_transactions_balance_not_negative'),
    ('{"grant": "bbbbbbbb-0000-4000-8000-000000000000"}',      'credit_entries_have_grants'),
    ('{"kind": "release", "amount": 11, "after": 991, "moved": 11, "source": "held", "target": "available", "hold": "aaaaaaaa-0000-4000-8000-000000000000"}',
                                                               'credit_grants_not_negative'),
    -- or made out of nothing
    ('{"kind": "grant", "amount": 1000, "after": 1980, "moved": 1000, "source": "issued", "target": "available"}',
                                                               'credit_grants_issued_whole'),
    ('{"source": "consumed", "target": "available", "amount": 5, "after": 985, "kind": "grant"}', 'credit_entries_ways'),
    ('{"source": "available", "target": "available"}',         'credit_entries_ways'),
    ('{"amount": 5, "after": 985}',                            'credit_transactions_sign'),
    ('{"kind": "gift"}',                                       'credit_transactions_kind'),
    ('{"moved": -5}',                                          'credit_entries_amount'),
    ('{"kind": "hold"}',                                       'credit_transactions_hold')
) as cases (changes, expected);

create function pg_temp.refuses(sql text, expected text) returns void language sql as $$
    select pg_temp.check(sql, pg_temp.outcome(sql, 'paydesk_server'), expected)
$$;
select pg_temp.refuses(sql, expected) from (values
    -- a transaction without lines
    ('insert into paydesk.credit_transactions (account_id, number, kind, amount, balance_after, entry_count, description, created_at)
      values (''aaaaaaaa-0000-4000-8000-000000000000'', 4, ''consume'', -5, 975, 1, '''', now())', 'credit_transactions_continue'),
    -- a bucket changes by entries alone
    ('update paydesk.credit_grants set remaining = remaining + 1', 'credit_grants_change_by_entries'),
    ('update paydesk.credit_grants set amount = 2000', 'permission denied for table credit_grants'),
    ('insert into paydesk.credit_grants (account_id, id, kind, fact_key, since, amount, priority, effective_at, description, created_at, issued, remaining)
      values (gen_random_uuid(), gen_random_uuid(), ''admin'', ''x'', now(), 5, 1, now(), '''', now(), 5, 5)', 'credit_grants_change_by_entries'),
    -- one fact, one grant
    ('insert into paydesk.credit_grants (account_id, id, kind, fact_key, since, amount, priority, effective_at, description, created_at)
      select account_id, gen_random_uuid(), kind, fact_key, since, amount, priority, effective_at, '''', now() from paydesk.credit_grants', 'credit_grants_once'),
    ('insert into paydesk.credit_grants (account_id, id, kind, fact_key, since, amount, priority, effective_at, expires_at, description, created_at)
      select gen_random_uuid(), gen_random_uuid(), kind, ''x'', since, amount, priority, now(), now(), '''', now() from paydesk.credit_grants', 'credit_grants_lifetime'),
    -- history
    ('update paydesk.credit_entries set amount = 1', 'permission denied for table credit_entries'),
    ('delete from paydesk.credit_transactions', 'permission denied for table credit_transactions'),
    -- holds
    ('update paydesk.credit_holds set status = ''settled'', settled_amount = 11, ended_at = now()', 'credit_holds_settled_within'),
    ('update paydesk.credit_holds set status = ''settled'', ended_at = now()', 'credit_holds_settled'),
    ('update paydesk.credit_holds set status = ''released''', 'credit_holds_ended'),
    ('update paydesk.credit_holds set status = ''released'', ended_at = now();
      update paydesk.credit_holds set status = ''held'', ended_at = null', 'credit_holds_status_is_final')
) as cases (sql, expected);

-- One key books once, whatever the request was.
select pg_temp.check('the key', pg_temp.outcome(
    replace(replace(pg_temp.book('{}'), 'created_at)', 'created_at, idempotency_key, request_sha256)'), 'now())', 'now(), ''k'', ''x'')')
    || '; ' ||
    replace(replace(pg_temp.book('{"number": 5, "after": 970}'), 'created_at)', 'created_at, idempotency_key, request_sha256)'), 'now())', 'now(), ''k'', ''y'')'),
    'paydesk_server'), 'credit_transactions_once');

-- The owner's own session is stopped too.
select pg_temp.check('owner: ' || sql, pg_temp.outcome(sql), expected) from (values
    ('update paydesk.credit_grants set held = 0', 'credit_grants_change_by_entries'),
    ('update paydesk.credit_grants set amount = 2000', 'credit_grants_change_by_entries'),
    ('delete from paydesk.credit_grants', 'credit_grants_are_kept'),
    ('truncate paydesk.credit_grants', 'credit_grants_are_kept'),
    ('update paydesk.credit_transactions set amount = -1', 'credit_transactions_is_append_only'),
    ('delete from paydesk.credit_entries', 'credit_entries_is_append_only'),
    ('truncate paydesk.credit_entries', 'credit_entries_is_append_only'),
    ('delete from paydesk.credit_holds', 'credit_holds_are_kept')
) as cases (sql, expected);

-- What the buckets say is what the lines say.
select pg_temp.check('ann''s bucket', (select format('%s %s %s', issued, remaining, held) from paydesk.credit_grants
                                       where account_id = :ann), '1000 980 10');
