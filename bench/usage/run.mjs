// bench/usage: usage through HTTP, against Postgres' own limits on the same tables, in one run; then what reading costs
// as the records grow. Prints tables and writes build/bench-usage.json.
//
//     BENCH_SECONDS=5 BENCH_ROUNDS=2 BENCH_CURVE=4,5,6   powers of ten of records behind get-usage; "" for none
//     BENCH_ROUNDS=0 BENCH_CURVE=4,5,6,7,8               reads alone: nothing is there before the first power
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuSeconds, memoryMB, startCluster } from '../postgres.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const accounts = 10_000
const connections = 64
const seconds = Number(process.env.BENCH_SECONDS ?? 5)
const rounds = Number(process.env.BENCH_ROUNDS ?? 2)
const curve = (process.env.BENCH_CURVE ?? '4,5,6').split(',').filter(Boolean).map(Number)
const serviceKey = 'paydesk-bench-service-key-0123456789'
const pgbench = join(process.env.PAYDESK_POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin', 'pgbench')
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]

const work = mkdtempSync(join(tmpdir(), 'paydesk-bench-usage-'))
chmodSync(work, 0o755)
const cluster = startCluster()
let server
const stopAll = () => {
  server?.kill('SIGKILL')
  cluster.stop()
  rmSync(work, { recursive: true, force: true })
}
process.on('SIGINT', () => { stopAll(); process.exit(130) })
const sql = (text) => cluster.sql('paydesk', text)

async function startPaydesk() {
  cluster.sql('postgres', 'create database paydesk')
  const env = {
    ...process.env, DATABASE_URL: cluster.url('paydesk', 'paydesk_server'), PAYDESK_MIGRATION_URL: cluster.url('paydesk'),
    STRIPE_SECRET_KEY: 'sk_test_bench0123456789', STRIPE_WEBHOOK_SECRET: 'whsec_bench_0123456789abcdef', STRIPE_API_BASE: 'http://127.0.0.1:9',
    SUPABASE_JWT_SECRET: 'bench-jwt-secret-bench-jwt-secret-0123', SUPABASE_SERVICE_ROLE_KEY: serviceKey, APP_URL: 'http://127.0.0.1:8080',
    PORT: '0', LOG_LEVEL: 'warning', ...(process.env.PAYDESK_SHARE ? {} : { PAYDESK_SHARE: root }),
  }
  const program = join(root, 'build/release/paydesk')
  execFileSync(program, ['migrate'], { env, stdio: 'inherit' })
  // Everybody has a subscription, of which the period began five days ago.
  sql(`
    insert into paydesk.meters (metric, name, aggregation, charge) values ('api_calls', 'API calls', 'sum', 'invoice_item');
    insert into paydesk.plans (plan_key, name, purchasable, limits) values ('free', 'Free', false, '{"api_calls": 1000}'),
      ('pro', 'Pro', true, '{"api_calls": 1000000000000}');
    insert into paydesk.accounts (account_id) select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid from generate_series(0, ${accounts - 1}) n;
    insert into paydesk.subscriptions (account_id, id, provider, provider_subscription_id, plan_key, status, currency, unit_amount,
        current_period_start, current_period_end, provider_stamp)
      select account_id, account_id, 'stripe', 'sub_' || account_id, 'pro', 'active', 'usd', 4900, date_trunc('day', now()) - interval '5 days',
             date_trunc('day', now()) + interval '25 days', now() from paydesk.accounts;`)
  sql('vacuum analyze')
  server = spawn(program, ['serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let out = ''
    server.stdout.on('data', (data) => {
      out += data
      const match = out.match(/http:\/\/127\.0\.0\.1:(\d+)/)
      if (match) resolve(Number(match[1]))
    })
    server.on('close', (code) => reject(new Error(`paydesk ended (${code}): ${out}`)))
  })
}

function load(port, options) {
  const args = Object.entries({ port, key: serviceKey, accounts, connections, seconds, ...options }).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn(join(root, 'build/release/bench_usage_load'), args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (options.kind === 'track') setTimeout(lookAtStatement, (seconds * 1000) / 2)
  return new Promise((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (data) => { out += data })
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`the load generator failed (${code}): ${out}`))))
  })
}

const walBytes = () => Number(sql("select pg_current_wal_lsn() - '0/0'::pg_lsn"))

// One kind of load: rates per event, and what each event cost.
async function measure(port, options) {
  const before = { cpu: cpuSeconds(server.pid), postgres: cpuSeconds(cluster.postmaster, true), wal: walBytes() }
  const result = await load(port, options)
  const wrong = Object.entries(result.statuses).filter(([status]) => status !== '200')
  if (wrong.length) throw new Error(`answered ${JSON.stringify(result.statuses)}`)
  const events = result.count * (options.batch ?? 1)
  return {
    ...result, events, events_per_second: events / result.seconds, cpu_us: ((cpuSeconds(server.pid) - before.cpu) / events) * 1e6,
    postgres_us: ((cpuSeconds(cluster.postmaster, true) - before.postgres) / events) * 1e6, wal_bytes: (walBytes() - before.wal) / events,
  }
}

// ---- Postgres itself: the same tables, indexes and roll-ups, no server in between ----

function bench(script, clients, time = seconds) {
  const file = join(work, 'script.sql')
  writeFileSync(file, script)
  const args = ['-n', '-M', 'prepared', '-c', clients, '-j', 1, '-T', time, '-f', file, '-h', cluster.dir, '-U', 'postgres', 'paydesk'].map(String)
  const rootUser = userInfo().uid === 0
  const out = execFileSync(rootUser ? 'setpriv' : pgbench, rootUser ? ['--reuid=postgres', '--regid=postgres', '--clear-groups', pgbench, ...args] : args,
    { encoding: 'utf8', cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] })
  return Number(out.match(/tps = ([\d.]+)/)[1])
}
// The server's own statement, as Postgres has it from the server; its arrays are laid out beforehand, but for the keys.
let statement = ''
const lookAtStatement = () => { statement ||= sql("select query from pg_stat_activity where usename = 'paydesk_server' and query like '%into paydesk.usage_records%' limit 1") }
function directScript(n) {
  if (!statement) throw new Error('the server has sent no statement that counts events')
  const values = ['(select accounts from public.bench_arrays where id = :n)', `(select array_agg(gen_random_uuid()::text) from generate_series(1, ${n}))`,
    `array_fill('api_calls'::text, array[${n}])`, `array_fill('3'::text, array[${n}])`, `array_fill(now(), array[${n}])`, `array_fill(null::text, array[${n}])`, 'now()', "'{}'::text[]"]
  sql(`create table if not exists public.bench_arrays (id int primary key, accounts text[]);
    truncate public.bench_arrays;
    insert into public.bench_arrays select n, (select array_agg(a order by a) from (select '00000000-0000-7000-8000-' || lpad((random() * ${accounts - 1} + n * 0)::int::text, 12, '0') as a from generate_series(1, ${n})) r)
    from generate_series(0, 199) n;`)
  return `\\set n random(0, 199)\n${statement.replaceAll(/\$(\d+)::/g, (_, i) => `(${values[i - 1]})::`)};\n`
}

// What is written through HTTP, then by each of Postgres' ways beside.
async function compareWrites(port) {
  const kinds = [
    { name: 'single events', kind: 'track', batch: 1, count: seconds * 45_000 },
    { name: 'batches of 100', kind: 'events', batch: 100, count: seconds * 1_500 },
    { name: 'batches of 1,000', kind: 'events', batch: 1_000, count: seconds * 130, connections: 16 },
  ]
  const results = new Map(kinds.map((kind) => [kind.name, []]))
  const direct = new Map()
  let sent = 0
  for (let round = 0; round < rounds; ++round) {
    for (const { name, ...options } of kinds) {
      const result = await measure(port, options)
      results.get(name).push(result)
      sent += result.events
    }
  }
  const memory = memoryMB(server.pid)
  const events = Number(sql('select sum(events) from paydesk.usage_totals')), records = Number(sql('select count(*) from paydesk.usage_records'))
  if (events !== sent || records !== sent) throw new Error(`${sent} were answered, ${records} are recorded, ${events} are added up`)

  console.log(JSON.stringify(Object.fromEntries([...results].map(([name, list]) => [name, list.map((r) => [Math.round(r.events_per_second), r.p50_ms, r.p99_ms, r.cpu_us.toFixed(1), r.postgres_us.toFixed(1), Math.round(r.wal_bytes)])]))))
  for (const [name, n, clients] of [['single-row commits, 64 connections', 1, 64], ['statement of 100, 2 connections', 100, 2], ['statement of 1,000, 2 connections', 1_000, 2]]) {
    const script = directScript(n)
    direct.set(name, median(Array.from({ length: rounds }, () => bench(script, clients) * n)))
  }
  const copied = 400_000
  sql(`create table public.copied (like paydesk.usage_records including all)`)
  const copyStart = Date.now()
  sql(`insert into public.copied (account_id, idempotency_key, day, metric, quantity, occurred_at, received_at, period_start, period_end, is_late)
    select ('00000000-0000-7000-8000-' || lpad((n % ${accounts})::text, 12, '0'))::uuid, gen_random_uuid()::text, current_date, 'api_calls', 3, current_date, now(),
           date_trunc('month', now()), date_trunc('month', now()) + interval '1 month', false from generate_series(1, ${copied}) n`)
  direct.set('one insert of 400,000 records, no roll-ups', copied / ((Date.now() - copyStart) / 1000))
  sql('drop table public.copied')

  const pick = (name, key) => median(results.get(name).map((r) => r[key]))
  const limits = ['single-row commits, 64 connections', 'statement of 100, 2 connections', 'statement of 1,000, 2 connections']
  const rows = kinds.map(({ name, batch }, i) => ({
    load: name, 'events/s': Math.round(pick(name, 'events_per_second')), 'requests/s': Math.round(pick(name, 'events_per_second') / batch), 'p50 ms': pick(name, 'p50_ms'),
    'p99 ms': pick(name, 'p99_ms'), 'CPU us': pick(name, 'cpu_us').toFixed(1), 'Postgres us': pick(name, 'postgres_us').toFixed(1), 'WAL bytes': Math.round(pick(name, 'wal_bytes')),
    'of Postgres alone': (pick(name, 'events_per_second') / direct.get(limits[i])).toFixed(2),
  }))
  console.table(rows)
  console.table([...direct].map(([way, rate]) => ({ 'Postgres alone': way, 'events/s': Math.round(rate) })))
  console.log('memory MB (resident now, peak):', JSON.stringify(memory))
  return { rows, direct: Object.fromEntries(direct), memory }
}

// The cost curve of reading.
async function readCurve(port) {
  const reading = []
  for (const power of curve) {
    const wanted = 10 ** power
    const there = Number(sql('select sum(events) from paydesk.usage_totals'))
    if (wanted > there) fill(wanted - there)
    for (const kind of ['get', 'check']) {
      const result = await measure(port, { kind, count: seconds * 40_000, connections: 4 })
      reading.push({ records: there > wanted ? there : wanted, read: kind, 'reads/s': Math.round(result.rate), 'p50 ms': result.p50_ms, 'p99 ms': result.p99_ms, 'CPU us': result.cpu_us.toFixed(0), 'Postgres us': result.postgres_us.toFixed(0) })
    }
  }
  return reading
}

try {
  const port = await startPaydesk()
  const written = rounds > 0 ? await compareWrites(port) : {}
  const reading = await readCurve(port)
  if (reading.length) console.table(reading)
  writeFileSync(join(root, 'build/bench-usage.json'), JSON.stringify({ at: new Date().toISOString(), rounds, seconds, connections, ...written, reading }, null, 2))
} finally {
  stopAll()
}

// Records as they would be after years, with their roll-ups: by COPY's own path, over the last 30 days.
function fill(records) {
  const perDay = Math.ceil(records / 5)
  for (let day = 1, left = records; left > 0; ++day) {
    const n = Math.min(perDay, left)
    left -= n
    sql(`set session_replication_role = replica; set synchronous_commit = off;
      insert into paydesk.usage_records (account_id, idempotency_key, day, metric, quantity, occurred_at, received_at, period_start, period_end, plan_key, is_late)
      select ('00000000-0000-7000-8000-' || lpad((n % ${accounts})::text, 12, '0'))::uuid, 'f${Date.now()}-' || n, (current_date - ${day})::date, 'api_calls', 1,
             (current_date - ${day})::timestamptz + (n % 86400) * interval '1 second', now(), current_date - interval '5 days', current_date + interval '25 days', 'pro', false
      from generate_series(1, ${n}) n;
      insert into paydesk.usage_hours as h (account_id, metric, hour, period_start, events, quantity, maximum, is_reported)
      select account_id, metric, date_trunc('hour', occurred_at, 'UTC'), period_start, count(*), sum(quantity), max(quantity), true
      from paydesk.usage_records where day = current_date - ${day} and idempotency_key like 'f%' group by 1, 2, 3, 4
      on conflict (account_id, metric, hour, period_start) do update set events = excluded.events, quantity = excluded.quantity;
      insert into paydesk.usage_totals as t (account_id, metric, period_start, period_end, plan_key, events, quantity, maximum)
      select account_id, metric, min(period_start), min(period_end), 'pro', count(*), sum(quantity), max(quantity)
      from generate_series(1, ${n}) n, lateral (select ('00000000-0000-7000-8000-' || lpad((n % ${accounts})::text, 12, '0'))::uuid as account_id, 'api_calls' as metric,
           1::numeric as quantity, current_date - interval '5 days' as period_start, current_date + interval '25 days' as period_end) e group by 1, 2
      on conflict (account_id, metric, period_start) do update set events = t.events + excluded.events, quantity = t.quantity + excluded.quantity;`)
  }
  sql('checkpoint'); sql('vacuum analyze paydesk.usage_hours'); sql('vacuum analyze paydesk.usage_totals')
}
