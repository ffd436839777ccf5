// In: tables as the tutorials make them and as @supabase/stripe-sync-engine keeps them. Out: everything, and back again.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { signIn } from '../support/api.mjs'
import { calm } from '../support/calm.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { program, root, sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

let up, ada, grace
const rows = (text, url = up.databaseUrl()) => sql(url, text)
const run = (command, args, env = {}) => new Promise((resolve, reject) => execFile(command, args, { encoding: 'utf8', env: { ...process.env, PAYDESK_SHARE: root, ...env }, maxBuffer: 1 << 26 }, (error, out, err) => (error ? reject(Object.assign(new Error(err || out), { code: error.code })) : resolve(out))))
const script = (text, url = up.databaseUrl()) => run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', text])
const paydesk = (...args) => run(program, [...args, '--var', up.folder])
const imported = async (from, schema, ...args) => JSON.parse(await paydesk('import', '--from', from, '--source', up.databaseUrl(), '--schema', schema, '--json', ...args)).tables
const users = { lin: '0190ada0-0000-7000-8000-0000000000a1', max: '0190ada0-0000-7000-8000-0000000000a2' }

before(async () => {
  up = await startUp({ env: { PAYDESK_RECONCILE_REQUESTS: '0' } })
  ;[ada, grace] = await Promise.all(['ada', 'grace'].map((name) => signIn(up, `${name}@example.com`)))
})
after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

const counts = (table) => [table.read, table.taken, table.known, Object.values(table.skipped).reduce((a, b) => a + b, 0)]

// S0: uuid keys and stripe_..._id columns.
test('the first tutorial: customers, subscriptions, invoices, cards, notifications', async () => {
  const [{ price }] = await rows("select provider_price_id as price from paydesk.plan_prices where lookup_key = 'pro_monthly'")
  await script(`
    create schema first;
    create table first.customers (id uuid primary key default gen_random_uuid(), user_id uuid unique not null, stripe_customer_id text unique not null, email text not null, created_at timestamptz default now(), updated_at timestamptz default now());
    create table first.subscriptions (id uuid primary key default gen_random_uuid(), user_id uuid not null, stripe_subscription_id text unique not null, stripe_customer_id text not null, status text not null, price_id text not null, quantity integer default 1, cancel_at_period_end boolean default false, current_period_start timestamptz not null, current_period_end timestamptz not null, canceled_at timestamptz, ended_at timestamptz, trial_start timestamptz, trial_end timestamptz, plan_type text not null, plan_name text not null, created_at timestamptz default now(), updated_at timestamptz default now());
    create table first.invoices (id uuid primary key default gen_random_uuid(), user_id uuid not null, stripe_invoice_id text unique not null, stripe_customer_id text not null, stripe_subscription_id text, amount_due integer not null, amount_paid integer not null, currency text default 'usd', status text not null, invoice_pdf text, hosted_invoice_url text, billing_reason text, created_at timestamptz not null, period_start timestamptz, period_end timestamptz, paid_at timestamptz);
    create table first.payment_methods (id uuid primary key default gen_random_uuid(), user_id uuid not null, stripe_payment_method_id text unique not null, stripe_customer_id text not null, type text not null, card_brand text, card_last4 text, card_exp_month integer, card_exp_year integer, is_default boolean default false, created_at timestamptz default now(), updated_at timestamptz default now());
    create table first.usage_records (id uuid primary key default gen_random_uuid(), user_id uuid not null, stripe_subscription_id text, metric_name text not null, quantity numeric not null, timestamp timestamptz default now(), billing_period_start timestamptz not null default now(), billing_period_end timestamptz not null default now(), synced_to_stripe boolean default false, stripe_usage_record_id text, created_at timestamptz default now());
    create table first.webhook_events (id uuid primary key default gen_random_uuid(), stripe_event_id text unique not null, type text not null, data jsonb not null, created_at timestamptz default now());
    create table first.notifications (id uuid primary key default gen_random_uuid(), user_id uuid not null, type text not null, title text not null, message text not null, read boolean default false, metadata jsonb, created_at timestamptz default now());
    insert into first.customers (user_id, stripe_customer_id, email) values ('${users.lin}', 'cus_lin', 'lin@example.com'), ('${users.max}', 'cus_max', 'max@example.com');
    insert into first.subscriptions (user_id, stripe_subscription_id, stripe_customer_id, status, price_id, current_period_start, current_period_end, plan_type, plan_name, created_at) values
      ('${users.lin}', 'sub_lin', 'cus_lin', 'active', '${price}', '2026-11-01Z', '2026-12-01Z', 'monthly', 'pro', '2026-11-01Z'), ('${users.max}', 'sub_max', 'cus_max', 'broken', 'price_x', '2026-11-01Z', '2026-12-01Z', 'monthly', 'pro', '2026-11-01Z');
    insert into first.invoices (user_id, stripe_invoice_id, stripe_customer_id, stripe_subscription_id, amount_due, amount_paid, status, created_at, paid_at) values ('${users.lin}', 'in_lin', 'cus_lin', 'sub_lin', 4900, 4900, 'paid', '2026-11-01Z', '2026-11-01Z'), ('${users.lin}', 'in_open', 'cus_lin', 'sub_lin', 4900, 0, 'open', '2026-11-02Z', null);
    insert into first.payment_methods (user_id, stripe_payment_method_id, stripe_customer_id, type, card_brand, card_last4, card_exp_month, card_exp_year) values ('${users.lin}', 'pm_lin', 'cus_lin', 'card', 'visa', '4242', 12, 2030);
    insert into first.usage_records (user_id, metric_name, quantity, timestamp) select '${users.lin}', m, q, now() - d::interval from (values ('api_calls', 5, '1 minute'), ('api_calls', 2.5, '3 days'), ('api_calls', 'NaN', '1 minute'), ('api_calls', 9, '200 days'), ('storage', 1, '1 minute')) v (m, q, d);
    insert into first.webhook_events (stripe_event_id, type, data) values ('evt_old', 'invoice.paid', '{}');
    insert into first.notifications (user_id, type, title, message, read) values ('${users.lin}', 'payment_success', 'Paid', 'Thank you', true);`)
  const told = await rows('select count(*)::int as n from paydesk.emails')
  const looked = await imported('seeds', 'first', '--dry-run')
  assert.deepEqual(await rows("select 1 from paydesk.customers where provider_customer_id = 'cus_lin'"), [])
  const taken = await imported('seeds', 'first')
  assert.deepEqual(taken, looked, 'a dry run says what will be')
  assert.deepEqual(Object.fromEntries(Object.entries(taken).map(([name, table]) => [name, counts(table)])), {
    customers: [4, 4, 0, 0], invoices: [2, 2, 0, 0], notifications: [1, 1, 0, 0], payment_methods: [1, 1, 0, 0], subscriptions: [2, 1, 0, 1], usage_records: [5, 2, 0, 3], webhook_events: [1, 0, 0, 1],
  })
  assert.match(taken.subscriptions.examples[0], /^sub_max: .*status 'broken'/)
  assert.deepEqual(await rows(`select plan_key, status, quantity from paydesk.subscriptions where account_id = '${users.lin}'`), [{ plan_key: 'pro', status: 'active', quantity: 1 }])
  assert.deepEqual(await rows(`select amount, status from paydesk.payments where account_id = '${users.lin}'`), [{ amount: 4900, status: 'succeeded' }])
  assert.deepEqual(await rows(`select title, read from paydesk.notifications where account_id = '${users.lin}'`), [{ title: 'Paid', read: true }])
  assert.deepEqual(await rows('select count(*)::int as n from paydesk.emails'), told, 'nobody was mailed')
  assert.deepEqual(Object.keys(taken.usage_records.skipped).sort(), ['it is older than 90 days (PAYDESK_USAGE_KEEP_DAYS)', 'its quantity is no number that can be counted', 'no [[meter]] of plans.toml counts storage'])
  const used = `select sum(quantity)::float as quantity, sum(events)::int as events from paydesk.usage_totals where account_id = '${users.lin}'`
  assert.deepEqual(await rows(used), [{ quantity: 7.5, events: 2 }])
  const again = await imported('seeds', 'first')
  assert.deepEqual(counts(again.usage_records), [5, 0, 2, 3])
  assert.deepEqual(await rows(used), [{ quantity: 7.5, events: 2 }], 'once')
  assert.ok(Object.values(again).every((table) => table.taken === 0), JSON.stringify(again))
})

// S2: Stripe's ids as keys. The rows are those of a person who is here already: they stay.
test('the second tutorial, of people who are here already: known, and nothing changes', async () => {
  await payCheckout((await ada.post('/api/create-checkout', { planId: 'pro', billingCycle: 'monthly' })).url, '4242424242424242')
  await until('the plan', async () => (await rows(`select 1 from paydesk.subscriptions where account_id = '${ada.session.user.id}' and status = 'active'`)).length === 1)
  await until('calm', async () => (await rows("select 1 from paydesk.webhook_events where status = 'received'")).length === 0)
  await script(`
    create schema second;
    create table second.customers (id uuid primary key, stripe_customer_id text unique not null, email text not null, full_name text, created_at timestamptz default now(), updated_at timestamptz default now());
    create table second.subscriptions (id text primary key, user_id uuid not null, customer_id text not null, status text not null, price_id text not null, quantity int default 1, cancel_at_period_end boolean default false, cancel_at timestamptz, canceled_at timestamptz, current_period_start timestamptz not null, current_period_end timestamptz not null, trial_start timestamptz, trial_end timestamptz, created_at timestamptz default now(), updated_at timestamptz default now());
    create table second.usage_records (id uuid default gen_random_uuid() primary key, user_id uuid not null, subscription_id text not null, metric text not null, quantity int not null, timestamp timestamptz default now(), reported_to_stripe boolean default false);
    create table second.payments (id text primary key, user_id uuid, customer_id text, amount int not null, currency text default 'usd', status text not null, description text, metadata jsonb, created_at timestamptz default now());
    insert into second.customers (id, stripe_customer_id, email, full_name) select account_id, provider_customer_id, 'other@example.com', 'Other' from paydesk.customers where account_id = '${ada.session.user.id}';
    insert into second.customers (id, stripe_customer_id, email) values ('${users.max}', 'cus_second', 'max@example.com');
    insert into second.subscriptions (id, user_id, customer_id, status, price_id, current_period_start, current_period_end) select provider_subscription_id, account_id, 'cus_x', 'canceled', 'price_x', '2026-01-01Z', '2026-02-01Z' from paydesk.subscriptions where account_id = '${ada.session.user.id}';
    insert into second.usage_records (user_id, subscription_id, metric, quantity, reported_to_stripe) select '${ada.session.user.id}', 'sub', 'api_calls', q, q > 50 from (values (40), (60)) v (q);
    insert into second.payments (id, user_id, customer_id, amount, status) values ('pi_1', '${users.lin}', 'cus_lin', 4900, 'succeeded');`)
  const everything = () => rows("select to_jsonb(s) as s from paydesk.subscriptions s union all select to_jsonb(c) from paydesk.customers c")
  const before = await everything()
  const taken = await imported('seeds', 'second')
  assert.deepEqual(await everything(), before)
  assert.equal(taken.subscriptions.known, 1)
  assert.match(Object.keys(taken.customers.skipped)[0], /another customer/)
  assert.match(Object.keys(taken.payments.skipped)[0], /paydesk reconcile/)
  assert.deepEqual(counts(taken.usage_records), [2, 2, 0, 0])
  const { usage } = await ada.get('/api/stripe/get-usage?metric=api_calls')
  assert.equal(usage[0].used, 100)
})

// S4: PayPal, decimal amounts.
test('the PayPal tutorial: subscriptions and exact amounts', async () => {
  await script(`
    create schema third;
    create table third.profiles (id uuid primary key, email text);
    create table third.subscriptions (id uuid primary key default gen_random_uuid(), user_id uuid not null, paypal_sub_id text unique not null, plan_id text not null, status text not null default 'active', current_period_start timestamptz not null default now(), current_period_end timestamptz, cancel_at_period_end boolean not null default false, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
    create table third.invoices (id uuid primary key default gen_random_uuid(), user_id uuid not null, amount decimal(10,2) not null, currency text not null default 'USD', description text, paypal_id text unique, status text not null default 'paid', line_items jsonb, created_at timestamptz not null default now());
    create table third.usage_events (id uuid primary key default gen_random_uuid(), user_id uuid not null, feature text not null, quantity int not null default 1, metadata jsonb, created_at timestamptz not null default now());
    create table third.users (id text primary key, credits int not null);
    insert into third.profiles values ('0190ada0-0000-7000-8000-0000000000b1', 'pat@example.com');
    insert into third.subscriptions (user_id, paypal_sub_id, plan_id, status, current_period_end) values ('0190ada0-0000-7000-8000-0000000000b1', 'I-BW452GLLEP1G', 'business', 'active', now() + interval '20 days'), ('0190ada0-0000-7000-8000-0000000000b1', 'I-OLD', 'pro', 'cancelled', now() - interval '20 days');
    insert into third.invoices (user_id, amount, currency, paypal_id, status) select '0190ada0-0000-7000-8000-0000000000b1', a, c, p, s from (values (19.00, 'USD', '5O1', 'paid'), (0.07, 'EUR', '5O2', 'paid'), (1900, 'JPY', '5O3', 'paid'), (19.50, 'JPY', '5O4', 'paid'), (5, 'USD', '5O5', 'failed'), (7, 'USD', '5O6', 'refunded'), (12, 'USD', null, 'paid')) v (a, c, p, s);
    insert into third.usage_events (user_id, feature, quantity, metadata) values ('0190ada0-0000-7000-8000-0000000000b1', 'api_calls', 3, '{"model": "gpt-4"}'), ('0190ada0-0000-7000-8000-0000000000b1', 'api', 1, null);
    insert into third.users values ('0190ada0-0000-7000-8000-0000000000b1', 250), ('ckx1', 5), ('${users.max}', 0);`)
  const taken = await imported('seeds', 'third')
  assert.deepEqual(counts(taken.invoices), [7, 4, 0, 3])
  assert.deepEqual(counts(taken.subscriptions), [2, 2, 0, 0])
  const of = "account_id = '0190ada0-0000-7000-8000-0000000000b1'"
  assert.deepEqual(await rows(`select provider, amount, trim(currency) as currency from paydesk.payments where ${of} order by amount, currency`), [
    { provider: 'paypal', amount: 7, currency: 'eur' }, { provider: 'paypal', amount: 1200, currency: 'usd' }, { provider: 'paypal', amount: 1900, currency: 'jpy' }, { provider: 'paypal', amount: 1900, currency: 'usd' }])
  assert.deepEqual(await rows(`select status, plan_key from paydesk.subscriptions where ${of} order by status`), [{ status: 'active', plan_key: 'business' }, { status: 'canceled', plan_key: 'pro' }])
  assert.deepEqual(counts(taken.users), [3, 1, 0, 2])
  assert.deepEqual(counts(taken.usage_events), [2, 1, 0, 1])
  assert.deepEqual(await rows(`select metric, quantity, metadata from paydesk.usage_records where ${of}`), [{ metric: 'api_calls', quantity: 3, metadata: { model: 'gpt-4' } }])
  const balance = () => rows(`select sum(remaining)::int as credits from paydesk.credit_grants where ${of} and fact_key = 'import/credits'`)
  assert.deepEqual(await balance(), [{ credits: 250 }])
  assert.ok(Object.values(await imported('seeds', 'third')).every((table) => table.taken === 0))
  assert.deepEqual(await balance(), [{ credits: 250 }], 'once')
})

test("stripe-sync-engine's schema, made by its own migrations", async () => {
  const folder = join(root, 'tests/node_modules/@supabase/stripe-sync-engine/dist/migrations')
  const migrations = readdirSync(folder).filter((name) => name.endsWith('.sql')).sort()
  assert.ok(migrations.length > 40)
  await script(`create schema stripe; set search_path = stripe; ${migrations.map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('owner to postgres', 'owner to current_user')).join(';\n')}`) // this cluster has no such role
  const fill = (table, object) => script(`insert into stripe.${table} select (jsonb_populate_record(null::stripe.${table}, '${JSON.stringify(object).replaceAll("'", "''")}')).* `).catch((error) => { throw new Error(`${table}: ${error.message}`) })
  const [{ price }] = await rows("select provider_price_id as price from paydesk.plan_prices where lookup_key = 'business_monthly'")
  const now = 1_780_000_000
  await fill('customers', { id: 'cus_eng', object: 'customer', email: 'grace@example.com', name: 'Grace', created: now, metadata: {}, deleted: false, invoice_settings: { default_payment_method: 'pm_eng' }, updated_at: '2026-11-01Z' })
  await fill('customers', { id: 'cus_alien', object: 'customer', email: 'nobody@example.com', created: now, metadata: {}, deleted: false, updated_at: '2026-11-01Z' })
  await fill('payment_methods', { id: 'pm_eng', object: 'payment_method', customer: 'cus_eng', type: 'card', created: now, card: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2030 } })
  await fill('subscriptions', { id: 'sub_eng', object: 'subscription', customer: 'cus_eng', status: 'active', created: now, cancel_at_period_end: false, metadata: {}, livemode: false, current_period_start: now, current_period_end: now + 2_592_000, items: { object: 'list', data: [{ id: 'si_eng', quantity: 2, price: { id: price, object: 'price' } }] }, updated_at: '2026-11-01Z' })
  await fill('subscriptions', { id: 'sub_alien', object: 'subscription', customer: 'cus_alien', status: 'active', created: now, items: { object: 'list', data: [] }, updated_at: '2026-11-01Z' })
  await fill('invoices', { id: 'in_eng', object: 'invoice', customer: 'cus_eng', subscription: 'sub_eng', status: 'paid', currency: 'usd', created: now, amount_due: 9900, amount_paid: 9900, amount_remaining: 0, subtotal: 9900, total: 9900, attempt_count: 1, number: 'E-1', payment_intent: 'pi_eng', status_transitions: { paid_at: now + 5 }, lines: { object: 'list', data: [] }, updated_at: '2026-11-01Z' })
  await fill('charges', { id: 'ch_eng', object: 'charge', customer: 'cus_eng', invoice: 'in_eng', payment_intent: 'pi_eng', amount: 9900, amount_refunded: 900, currency: 'usd', status: 'succeeded', captured: true, created: now, updated_at: '2026-11-01Z' })
  await fill('refunds', { id: 're_eng', object: 'refund', charge: 'ch_eng', payment_intent: 'pi_eng', amount: 900, currency: 'usd', status: 'succeeded', created: now, updated_at: '2026-11-01Z' })
  const taken = await imported('stripe-sync-engine', 'stripe')
  assert.deepEqual(Object.fromEntries(['customers', 'payment_methods', 'subscriptions', 'invoices', 'charges', 'refunds'].map((name) => [name, counts(taken[name])])), {
    customers: [2, 1, 0, 1], payment_methods: [1, 1, 0, 0], subscriptions: [2, 1, 0, 1], invoices: [1, 1, 0, 0], charges: [1, 1, 0, 0], refunds: [1, 1, 0, 0],
  })
  const id = grace.session.user.id
  assert.deepEqual(await rows(`select plan_key, quantity from paydesk.subscriptions where account_id = '${id}'`), [{ plan_key: 'business', quantity: 2 }])
  assert.deepEqual(await rows(`select status, amount_refunded, provider_charge_id from paydesk.payments where account_id = '${id}'`), [{ status: 'partially_refunded', amount_refunded: 900, provider_charge_id: 'ch_eng' }])
  const again = await imported('stripe-sync-engine', 'stripe')
  assert.ok(Object.values(again).every((table) => table.taken === 0), JSON.stringify(again))
})

test('tables that nobody knows are refused, told how to mend it', async () => {
  await script('create schema empty')
  await assert.rejects(imported('seeds', 'empty'), /--schema/)
})

test('exported as SQL and restored elsewhere: the same rows in every table', async () => {
  await calm(up)
  const folder = temporaryFolder('export')
  const said = await paydesk('export', '--format', 'sql', '--to', folder)
  assert.match(said, /rows of \d+ tables are in/)
  await assert.rejects(paydesk('export', '--format', 'sql', '--to', folder), /is there already/)
  const text = readFileSync(join(folder, 'restore.sql'), 'utf8')
  const state = readFileSync(join(up.folder, 'state.json'), 'utf8')
  for (const name of ['webhook_secret', 'jwt_secret', 'service_key']) assert.ok(!text.includes(JSON.parse(state)[name]), name)

  await script('create database elsewhere')
  const elsewhere = up.databaseUrl().replace(/(dbname=|\/)paydesk\b/, '$1elsewhere')
  assert.notEqual(elsewhere, up.databaseUrl())
  await run(program, ['migrate'], { DATABASE_URL: elsewhere, PAYDESK_MIGRATION_URL: elsewhere })
  await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', elsewhere, '-f', join(folder, 'restore.sql')])
  const tables = (await rows("select relname as name from pg_class where relnamespace = 'paydesk'::regnamespace and relkind in ('r', 'p') and not relispartition")).map((r) => r.name)
  for (const name of tables.filter((t) => !['jobs', 'idempotency_keys', 'credit_refusals', 'credit_due', 'schema_migrations', 'access_policy'].includes(t))) {
    const digest = `select count(*)::int as n, md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) as md5 from paydesk.${name} t`
    assert.deepEqual(await rows(digest, elsewhere), await rows(digest), name)
  }
})

test('exported as CSV: one file for each table, readable as it is', async () => {
  const folder = temporaryFolder('csv')
  await paydesk('export', '--format', 'csv', '--to', folder)
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
  assert.ok(manifest.tables.length > 15)
  await script('create table first.copy (like paydesk.invoices)')
  const columns = readFileSync(join(folder, 'invoices.csv'), 'utf8').split('\r\n')[0]
  await script(`\\copy first.copy (${columns}) from '${join(folder, 'invoices.csv')}' csv header`)
  assert.deepEqual(await rows('(table first.copy except table paydesk.invoices) union all (table paydesk.invoices except table first.copy)'), [])
})
