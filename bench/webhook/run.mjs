// bench/webhook: the same signed deliveries against Paydesk and against its peer, in turns, on the same
// cluster, in one run. Prints a table and writes build/bench-webhook.json.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuSeconds, memoryMB, startCluster } from '../postgres.mjs'
import { priceId } from './corpus.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const secret = 'whsec_bench_0123456789abcdef'
const customers = 10_000
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
// Requests of one measurement, by connections: a few seconds each. BENCH_CONNECTIONS=64 measures those alone.
const only = process.env.BENCH_CONNECTIONS
const plan = [
  { connections: 1, paydesk: 6_000, peer: 2_500 },
  { connections: 16, paydesk: 30_000, peer: 6_000 },
  { connections: 64, paydesk: 40_000, peer: 6_000 },
].filter(({ connections }) => !only || Number(only) === connections)

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const work = mkdtempSync(join(tmpdir(), 'paydesk-bench-corpus-'))
const cluster = startCluster()
const children = []
const stopAll = () => {
  watcher?.on('error', () => {}).end().catch(() => {})
  for (const child of children) child.kill('SIGKILL')
  cluster.stop()
  rmSync(work, { recursive: true, force: true })
}
process.on('SIGINT', () => { stopAll(); process.exit(130) })

function corpus(name, count, first) {
  const file = join(work, name)
  execFileSync('node', [join(here, 'corpus.mjs'), file, String(count), String(customers), String(first)])
  return file
}

function load({ port, path, file, connections, skip, count }) {
  const child = spawn(join(root, 'build/release/bench_webhook_load'), ['--port', port, '--path', path, '--secret', secret, '--corpus', file,
    '--connections', connections, '--skip', skip, '--count', count].map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (data) => { out += data })
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`the load generator failed (${code}): ${out}`))))
  })
}

async function startPaydesk() {
  cluster.sql('postgres', 'create database paydesk')
  const env = {
    ...process.env, DATABASE_URL: cluster.url('paydesk', 'paydesk_server'), PAYDESK_MIGRATION_URL: cluster.url('paydesk'),
    STRIPE_SECRET_KEY: 'sk_test_bench0123456789', STRIPE_WEBHOOK_SECRET: secret, STRIPE_API_BASE: 'http://127.0.0.1:9',
    SUPABASE_JWT_SECRET: 'bench-jwt-secret-bench-jwt-secret-0123', APP_URL: 'http://127.0.0.1:8080', PORT: '0', LOG_LEVEL: 'warning', ...(process.env.PAYDESK_SHARE ? {} : { PAYDESK_SHARE: root }),
  }
  const program = join(root, 'build/release/paydesk')
  execFileSync(program, ['migrate'], { env, stdio: 'inherit' })
  cluster.sql('paydesk', `
    insert into paydesk.plans (plan_key, name, tier) values ('pro', 'Pro', 'pro');
    insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider, provider_price_id, lookup_key)
      values ('pro', 'monthly', 'usd', 4900, 'stripe', '${priceId}', 'pro_monthly');
    insert into paydesk.accounts (account_id, email) select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com' from generate_series(0, ${customers - 1}) n;
    insert into paydesk.customers (account_id, provider, provider_customer_id) select account_id, 'stripe', 'cus_bench' || lpad(right(account_id::text, 10), 10, '0') from paydesk.accounts;
    insert into paydesk.provider_refs (provider, kind, provider_id, account_id) select provider, 'customer', provider_customer_id, account_id from paydesk.customers;`)
  const started = performance.now()
  const child = spawn(program, ['serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const port = await new Promise((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
      const match = out.match(/http:\/\/127\.0\.0\.1:(\d+)/)
      if (match) resolve(Number(match[1]))
    })
    child.on('close', (code) => reject(new Error(`paydesk ended (${code}): ${out}`)))
  })
  const startMs = performance.now() - started
  return { name: 'paydesk', pid: child.pid, port, path: '/api/webhooks/stripe', startMs }
}

async function startPeer() {
  cluster.sql('postgres', 'create database peer')
  cluster.sql('peer', 'create schema if not exists stripe')
  const started = performance.now()
  const child = spawn('node', [join(here, 'peer/server.mjs'), cluster.url('peer'), secret], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const port = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => resolve(Number(new URL(JSON.parse(data).address).port)))
    child.on('close', (code) => reject(new Error(`the peer ended (${code})`)))
  })
  return { name: 'peer', pid: child.pid, port, path: '/webhooks', startMs: performance.now() - started }
}

// Asked over a connection that stays: a psql each time would take the cores from what is measured.
const { Client } = createRequire(join(here, 'peer/package.json'))('pg')
let watcher
const isApplied = async () => {
  if (!watcher) await (watcher = new Client({ connectionString: cluster.url('paydesk') })).connect()
  const { rows } = await watcher.query("select exists (select from paydesk.webhook_events where status in ('received','waiting','failed')) as some_left")
  return !rows[0].some_left
}
const dead = () => Number(cluster.sql('paydesk', "select count(*) from paydesk.webhook_events where status = 'dead'"))

async function measure(server, file, { connections, skip, count }) {
  const cpu = cpuSeconds(server.pid), databaseCpu = cpuSeconds(cluster.postmaster, true), start = performance.now()
  const result = await load({ port: server.port, path: server.path, file, connections, skip, count })
  // The peer's acknowledgement means "applied"; ours means "durable", so wait for the rest.
  let appliedSeconds = result.seconds
  if (server.name === 'paydesk') {
    while (!await isApplied()) {
      if (performance.now() - start > 120_000) throw new Error('events are not applied after two minutes')
      await sleep(20)
    }
    // The load generator prepares its requests first: count from its first byte.
    appliedSeconds = Math.max(result.seconds, (performance.now() - start) / 1000 - result.prepare_seconds)
  }
  const wrong = Object.entries(result.statuses).filter(([status]) => status !== '200')
  if (wrong.length) throw new Error(`${server.name} answered ${JSON.stringify(result.statuses)}`)
  return {
    ...result, applied_rate: count / appliedSeconds,
    cpu_us: ((cpuSeconds(server.pid) - cpu) / count) * 1e6, postgres_us: ((cpuSeconds(cluster.postmaster, true) - databaseCpu) / count) * 1e6,
    memory: memoryMB(server.pid),
  }
}

try {
  const total = (who) => plan.reduce((sum, step) => sum + step[who], 0) * rounds
  const files = { paydesk: corpus('paydesk', total('paydesk'), 0), peer: corpus('peer', total('peer'), 0) }
  const servers = [await startPaydesk(), await startPeer()]
  const skip = { paydesk: 0, peer: 0 }
  const results = {}
  for (let round = 0; round < rounds; ++round) {
    for (const step of plan) {
      for (const server of servers) {
        const count = step[server.name]
        const result = await measure(server, files[server.name], { connections: step.connections, skip: skip[server.name], count })
        skip[server.name] += count
        if (server.name === 'paydesk') cluster.profile(count)
        ;((results[step.connections] ??= {})[server.name] ??= []).push(result)
      }
    }
  }

  const rows = []
  for (const { connections } of plan) {
    const pick = (who, key) => median(results[connections][who].map((r) => r[key]))
    const row = { connections }
    for (const who of ['paydesk', 'peer']) {
      row[`${who} ack/s`] = Math.round(pick(who, 'rate'))
      row[`${who} p50 ms`] = pick(who, 'p50_ms')
      row[`${who} p99 ms`] = pick(who, 'p99_ms')
      row[`${who} applied/s`] = Math.round(pick(who, 'applied_rate'))
      row[`${who} CPU us`] = Math.round(pick(who, 'cpu_us'))
      row[`${who} Postgres us`] = Math.round(pick(who, 'postgres_us'))
    }
    row['ack ratio'] = (row['paydesk ack/s'] / row['peer ack/s']).toFixed(1)
    row['applied ratio'] = (row['paydesk applied/s'] / row['peer applied/s']).toFixed(1)
    rows.push(row)
  }
  const memory = Object.fromEntries(servers.map((s) => [s.name, memoryMB(s.pid)]))
  const start = Object.fromEntries(servers.map((s) => [s.name, Math.round(s.startMs)]))
  for (const row of rows) console.log(Object.entries(row).map(([k, v]) => `${k}: ${v}`).join('\n  ') + '\n')
  console.log('memory MB (resident now, peak):', JSON.stringify(memory))
  console.log('start to ready, ms (peer: migrations on an empty database included):', JSON.stringify(start))
  console.log('dead letters:', dead())
  writeFileSync(join(root, 'build/bench-webhook.json'), JSON.stringify({ at: new Date().toISOString(), rounds, rows, memory, start }, null, 2))
} finally {
  stopAll()
}
