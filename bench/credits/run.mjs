// bench/credits: durable consumptions through HTTP, with full ledger rows, against the plain guarded UPDATE
// of the same Postgres by pgbench, in one run. Prints a table and writes build/bench-credits.json.
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
const seconds = Number(process.env.BENCH_SECONDS ?? 6)
const rounds = Number(process.env.BENCH_ROUNDS ?? 2)
const serviceKey = 'paydesk-bench-service-key-0123456789'
const pgbench = join(process.env.PAYDESK_POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin', 'pgbench')
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]

const work = mkdtempSync(join(tmpdir(), 'paydesk-bench-credits-'))
chmodSync(work, 0o755)
const cluster = startCluster()
let server
const stopAll = () => {
  server?.kill('SIGKILL')
  cluster.stop()
  rmSync(work, { recursive: true, force: true })
}
process.on('SIGINT', () => { stopAll(); process.exit(130) })

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
  // Everybody is on a plan and has topped up once.
  cluster.sql('paydesk', `
    insert into paydesk.plans (plan_key, name, credits_per_month) values ('pro', 'Pro', 1000000);
    create temp table buckets as
      select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid as account_id, gen_random_uuid() as id, kind, position
      from generate_series(0, ${accounts - 1}) n, (values ('plan', 1), ('top_up', 2)) k (kind, position);
    insert into paydesk.credit_grants (account_id, id, kind, fact_key, slot, supersedes, since, amount, priority, effective_at, expires_at, description, created_at)
      select account_id, id, kind, kind, case kind when 'plan' then 'main' else '' end, kind = 'plan', now() - interval '1 day', 1000000,
             position * 10, now() - interval '1 day', case kind when 'plan' then now() + interval '29 days' end, kind, now() from buckets;
    with booked as (
      insert into paydesk.credit_transactions (account_id, number, kind, amount, balance_after, entry_count, description, created_at)
      select account_id, position, 'grant', 1000000, position * 1000000, 1, kind, now() from buckets)
    insert into paydesk.credit_entries (account_id, number, position, grant_id, from_account, to_account, amount)
      select account_id, position, 1, id, 'issued', 'available', 1000000 from buckets;`)
  cluster.sql('paydesk', 'vacuum analyze')
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

function load(port, over, run) {
  const child = spawn(join(root, 'build/release/bench_credits_load'), ['--port', port, '--key', serviceKey, '--accounts', over, '--connections', connections,
    '--count', seconds * 40_000, '--seconds', seconds, '--run', run].map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (data) => { out += data })
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`the load generator failed (${code}): ${out}`))))
  })
}

// What one would write instead: a balance (no ledger, no key, no bucket), or a balance with a ledger that takes each key once.
cluster.sql('postgres', `create table bare (id int primary key, balance bigint not null);
  create table bare_ledger (account int not null, key text not null, amount bigint not null, balance_after bigint not null, description text not null,
    created_at timestamptz not null default now(), primary key (account, key));
  create index on bare_ledger (account, created_at desc);
  insert into bare select n, 1000000000 from generate_series(0, ${accounts - 1}) n;`)
cluster.sql('postgres', 'vacuum analyze bare')
const written = {
  bare: 'update bare set balance = balance - 1 where id = :id and balance >= 1',
  ledger: `with spent as (update bare set balance = balance - 1 where id = :id and balance >= 1 returning id, balance)
    insert into bare_ledger (account, key, amount, balance_after, description) select id, gen_random_uuid()::text, -1, balance, 'an image' from spent on conflict do nothing`,
}
async function inPostgres(way, over) {
  const script = join(work, `${way}_${over}.sql`)
  writeFileSync(script, `\\set id random(0, ${over - 1})\n${written[way].replaceAll('\n', ' ')};\n`)
  const rootUser = userInfo().uid === 0
  const args = ['-n', '-M', 'prepared', '-c', connections, '-j', 1, '-T', seconds, '-f', script, '-h', cluster.dir, '-U', 'postgres', 'postgres'].map(String)
  const out = execFileSync(rootUser ? 'setpriv' : pgbench, rootUser ? ['--reuid=postgres', '--regid=postgres', '--clear-groups', pgbench, ...args] : args,
    { encoding: 'utf8', cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] })
  return Number(out.match(/tps = ([\d.]+)/)[1])
}

async function measure(port, over, run) {
  const cpu = cpuSeconds(server.pid), databaseCpu = cpuSeconds(cluster.postmaster, true)
  const result = await load(port, over, run)
  const wrong = Object.entries(result.statuses).filter(([status]) => status !== '200')
  if (wrong.length) throw new Error(`answered ${JSON.stringify(result.statuses)}`)
  return {
    ...result, cpu_us: ((cpuSeconds(server.pid) - cpu) / result.count) * 1e6,
    postgres_us: ((cpuSeconds(cluster.postmaster, true) - databaseCpu) / result.count) * 1e6,
  }
}

try {
  const port = await startPaydesk()
  const results = { [accounts]: { paydesk: [], bare: [], ledger: [] }, 1: { paydesk: [], bare: [], ledger: [] } }
  let spent = 0
  for (let round = 0; round < rounds; ++round) {
    for (const over of [accounts, 1]) {
      for (const way of ['bare', 'ledger']) results[over][way].push(await inPostgres(way, over))
      const result = await measure(port, over, `${over}-${round}`)
      results[over].paydesk.push(result)
      spent += result.count
    }
  }
  // What was answered is in the ledger, each with its entry, and the buckets say so.
  const booked = Number(cluster.sql('paydesk', "select count(*) from paydesk.credit_transactions t join paydesk.credit_entries e using (account_id, number) where t.kind = 'consume' and e.amount = 1"))
  const left = Number(cluster.sql('paydesk', 'select sum(remaining) from paydesk.credit_grants'))
  if (booked !== spent || left !== accounts * 2_000_000 - spent) throw new Error(`${spent} were answered, ${booked} are booked, ${left} are left`)

  const rows = [accounts, 1].map((over) => {
    const { paydesk, bare, ledger } = results[over]
    const pick = (key) => median(paydesk.map((r) => r[key]))
    return {
      accounts: over, 'consume/s': Math.round(pick('rate')), 'p50 ms': pick('p50_ms'), 'p99 ms': pick('p99_ms'), 'bare UPDATE/s': Math.round(median(bare)),
      ratio: (pick('rate') / median(bare)).toFixed(2), 'with ledger/s': Math.round(median(ledger)),
      'ratio to it': (pick('rate') / median(ledger)).toFixed(2), 'CPU us': Math.round(pick('cpu_us')), 'Postgres us': Math.round(pick('postgres_us')),
    }
  })
  console.table(rows)
  const memory = memoryMB(server.pid)
  console.log('memory MB (resident now, peak):', JSON.stringify(memory))
  writeFileSync(join(root, 'build/bench-credits.json'), JSON.stringify({ at: new Date().toISOString(), rounds, seconds, connections, rows, memory }, null, 2))
} finally {
  stopAll()
}
