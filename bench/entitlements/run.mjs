// bench/entitlements: GET /api/entitlements against the same read straight from Postgres under row level security,
// in turns, on one cluster, in one run. Prints a table and writes build/bench-entitlements.json.
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuSeconds, memoryMB, startCluster } from '../postgres.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const jwtSecret = 'bench-jwt-secret-bench-jwt-secret-0123'
const accounts = 10_000
const rounds = Number(process.env.BENCH_ROUNDS ?? 2)
const seconds = 2 // of pgbench, each
const plan = [{ connections: 1, count: 2_500 }, { connections: 16, count: 12_000 }, { connections: 64, count: 12_000 }]

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const accountOf = (n) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const work = mkdtempSync(join(tmpdir(), 'paydesk-bench-entitlements-'))
chmodSync(work, 0o755)
const cluster = startCluster()
const children = []
const stopAll = () => {
  for (const child of children) child.kill('SIGKILL')
  cluster.stop()
  rmSync(work, { recursive: true, force: true })
}
process.on('SIGINT', () => { stopAll(); process.exit(130) })

function token(n) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: accountOf(n), role: 'authenticated', aud: 'authenticated', exp: Math.floor(Date.now() / 1000) + 3600 })}`
  return `${text}.${createHmac('sha256', jwtSecret).update(text).digest('base64url')}`
}

// Whole requests for accounts in a scattered order, the same in every run.
function corpus() {
  const file = join(work, 'requests')
  const requests = Array.from({ length: Math.max(...plan.map((p) => p.count)) }, (_, i) =>
    `GET /api/entitlements HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token((i * 7919) % accounts)}\r\n\r\n`)
  writeFileSync(file, requests.join('\x1e'))
  return file
}

// The same question as the API asks, by whoever holds a connection: `pipelined` in one round trip, else in the four of a
// transaction as PostgREST makes them.
function script(name, pipelined) {
  const file = join(work, name)
  const [open, close] = pipelined ? ['\\startpipeline\n', '\n\\endpipeline'] : ['', '']
  writeFileSync(file, `\\set n random(0, ${accounts - 1})\n${open}begin;
select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '{"sub":"00000000-0000-7000-8000-' || lpad(:n::text, 12, '0') || '","role":"authenticated"}', true);
select * from paydesk.entitlements order by is_active desc, rank desc limit 1;
commit;${close}\n`)
  return file
}

function pgbench(file, connections) {
  const out = execFileSync('pgbench', ['-n', '-M', 'prepared', '-c', connections, '-j', 1, '-T', seconds, '-f', file, '-r', cluster.url('paydesk', 'paydesk_server')].map(String), { encoding: 'utf8' })
  return { rate: Number(out.match(/tps = ([\d.]+)/)[1]), p50_ms: Number(out.match(/latency average = ([\d.]+)/)[1]) }
}

function load(port, file, connections, count) {
  const child = spawn(join(root, 'build/release/bench_webhook_load'), ['--port', port, '--corpus', file, '--connections', connections, '--count', count].map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (data) => { out += data })
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`the load generator failed (${code}): ${out}`))))
  })
}

async function startPaydesk() {
  cluster.sql('postgres', 'create database paydesk')
  const env = {
    ...process.env, DATABASE_URL: cluster.url('paydesk', 'paydesk_server'), PAYDESK_MIGRATION_URL: cluster.url('paydesk'), STRIPE_SECRET_KEY: 'sk_test_bench0123456789',
    STRIPE_WEBHOOK_SECRET: 'whsec_bench_0123456789abcdef', STRIPE_API_BASE: 'http://127.0.0.1:9', SUPABASE_JWT_SECRET: jwtSecret, APP_URL: 'http://127.0.0.1:8080', PORT: '0', LOG_LEVEL: 'warning',
    ...(process.env.PAYDESK_SHARE ? {} : { PAYDESK_SHARE: root }),
  }
  const program = join(root, 'build/release/paydesk')
  execFileSync(program, ['migrate'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  cluster.sql('paydesk', `
    insert into paydesk.plans (plan_key, name, tier, rank, purchasable, limits, features) values
      ('free', 'Free', 'free', 0, false, '{"api_calls": 1000}', '["Basic AI models"]'),
      ('pro', 'Pro', 'pro', 1, true, '{"api_calls": 100000, "projects": 10}', '["All AI models", "API access"]');
    insert into paydesk.accounts (account_id) select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid from generate_series(0, ${accounts - 1}) n;
    -- two of three subscribe, half of them had another one before
    insert into paydesk.subscriptions (account_id, id, provider, provider_subscription_id, plan_key, plan_name, billing_cycle, status, current_period_start, current_period_end, ended_at, provider_stamp)
      select account_id, gen_random_uuid(), 'stripe', 'sub_' || k || account_id, 'pro', 'Pro', 'monthly', case k when 0 then 'active' else 'canceled' end,
        now(), now() + interval '30 days', case k when 1 then now() end, now()
      from paydesk.accounts, generate_series(0, 1) k where hashtext(account_id::text) % 3 <> 0 and (k = 0 or hashtext(account_id::text) % 2 = 0);`)
  cluster.sql('paydesk', 'vacuum analyze')
  const child = spawn(program, ['serve', '--role', 'api'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
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
  return { pid: child.pid, port }
}

try {
  const server = await startPaydesk()
  const file = corpus()
  const direct = script('direct.sql', false), pipelined = script('pipelined.sql', true)
  await load(server.port, file, 16, 2_000) // warm
  const results = {}
  for (let round = 0; round < rounds; ++round) {
    for (const { connections, count } of plan) {
      const cpu = cpuSeconds(server.pid), database = cpuSeconds(cluster.postmaster, true)
      const api = await load(server.port, file, connections, count)
      if (JSON.stringify(api.statuses) !== JSON.stringify({ 200: count })) throw new Error(`answers: ${JSON.stringify(api.statuses)}`)
      api.cpu_us = ((cpuSeconds(server.pid) - cpu) / count) * 1e6
      api.postgres_us = ((cpuSeconds(cluster.postmaster, true) - database) / count) * 1e6
      ;(results[connections] ??= []).push({ api, direct: pgbench(direct, connections), pipelined: pgbench(pipelined, connections) })
    }
  }
  const rows = plan.map(({ connections }) => {
    const pick = (who, key) => median(results[connections].map((r) => r[who][key]))
    const rate = pick('api', 'rate'), direct = pick('direct', 'rate'), pipelined = pick('pipelined', 'rate')
    return {
      connections, 'paydesk /s': Math.round(rate), 'p50 ms': pick('api', 'p50_ms'), 'p99 ms': pick('api', 'p99_ms'), 'CPU us': Math.round(pick('api', 'cpu_us')),
      'Postgres us': Math.round(pick('api', 'postgres_us')), 'direct /s': Math.round(direct), 'direct mean ms': pick('direct', 'p50_ms'), 'pipelined /s': Math.round(pipelined),
      'to direct': (rate / direct).toFixed(2), 'to pipelined': (rate / pipelined).toFixed(2),
    }
  })
  for (const row of rows) console.log(Object.entries(row).map(([k, v]) => `${k}: ${v}`).join('\n  ') + '\n')
  console.log('memory MB:', JSON.stringify(memoryMB(server.pid)))
  writeFileSync(join(root, 'build/bench-entitlements.json'), JSON.stringify({ at: new Date().toISOString(), rounds, rows }, null, 2))
} finally {
  stopAll()
}
