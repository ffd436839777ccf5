// Starts the programs under test and ends them. Everything listens on loopback, on ports of its own, in a
// folder of its own that goes away.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const build = process.env.PAYDESK_BUILD ?? join(root, 'build/checked')
export const program = join(build, 'paydesk')

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// Asks until `ask` gives something true; says what it waited for when it never does.
export async function until(what, ask, seconds = 20) {
  const end = Date.now() + seconds * 1000
  let last
  while (Date.now() < end) {
    try {
      last = await ask()
      if (last) return last
    } catch (error) {
      last = error
    }
    await sleep(50)
  }
  throw new Error(`waited ${seconds} s for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`)
}

// Below the range that outgoing connections are given: none of them takes it before the program does.
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000)
    const server = createServer()
    const taken = await new Promise((resolve) => server.on('error', resolve).listen(port, '127.0.0.1', () => resolve()))
    if (taken) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `paydesk-${name}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const running = new Set()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })

// Starts `program`, waits for `ready` in what it prints, keeps its output for failures.
export async function start(program, args, { env = {}, ready, seconds = 60 } = {}) {
  const child = spawn(join(build, program), args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let output = ''
  const keep = (data) => { output += data; if (process.env.PAYDESK_TEST_LOG) appendFileSync(process.env.PAYDESK_TEST_LOG, data) }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise((resolve) => child.on('close', (code, signal) => { running.delete(child); resolve(code ?? signal) }))
  const it = {
    child,
    ended,
    output: () => output,
    // Ends it as a person would; what it exits with.
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      let timer
      const late = new Promise((resolve) => { timer = setTimeout(resolve, 30_000, 'it did not end within 30 s') })
      const code = await Promise.race([ended, late])
      clearTimeout(timer)
      if (typeof code === 'string' && code !== signal) child.kill('SIGKILL')
      return code
    },
  }
  if (ready) {
    const early = ended.then((code) => { throw new Error(`${program} ended with ${code} before it was ready:\n${output.slice(-4000)}`) })
    it.match = await Promise.race([until(`${program} to be ready`, () => output.match(ready), seconds), early])
    early.catch(() => {})
  }
  return it
}

export async function startSandbox({ record, state = temporaryFolder('sandbox'), args = [] } = {}) {
  const it = await start('paydesk-sandbox', ['--port', '0', '--state', state, ...(record ? ['--record', record] : []), ...args], { ready: /listening on (http:\/\/127\.0\.0\.1:(\d+))/ })
  return Object.assign(it, { url: it.match[1], port: Number(it.match[2]), state })
}

// `paydesk up` with its own Postgres and sandbox.
export async function startUp({ folder = temporaryFolder('up'), port, sandboxPort, smtpPort, env = {}, args = [] } = {}) {
  port ??= await freePort()
  sandboxPort ??= await freePort()
  smtpPort ??= await freePort()
  const began = Date.now()
  const it = await start('paydesk', ['up', '--port', String(port), '--sandbox-port', String(sandboxPort), '--smtp-port', String(smtpPort), '--var', folder, ...args], { env: { PAYDESK_SHARE: root, ...env }, ready: /Ctrl-C/, seconds: 120 })
  const state = () => JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))
  return Object.assign(it, {
    url: `http://127.0.0.1:${port}`, sandbox: `http://127.0.0.1:${sandboxPort}`, port, sandboxPort, folder, startMs: Date.now() - began,
    // The owner's: tests look below row level security.
    databaseUrl: () => state().database_url.replace('paydesk_server@', 'paydesk_owner@'),
    webhookSecret: () => state().webhook_secret,
  })
}

// What the database says, asked by the owner: rows as objects.
export function sql(url, text) {
  return new Promise((resolve, reject) => {
    execFile('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', `select coalesce(json_agg(r), '[]') from (${text}) r`], { encoding: 'utf8', maxBuffer: 256 << 20 },
      (error, out, err) => (error ? reject(new Error(err || error.message)) : resolve(JSON.parse(out))))
  })
}

// Does the process still live?
export const alive = (pid) => existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
// Every process whose command line names `text`.
export const processesNaming = (text) => execFileSync('ps', ['-eo', 'pid,stat,args'], { encoding: 'utf8' }).split('\n')
  .filter((line) => line.includes(text) && !line.includes('ps -eo') && !/^\s*\d+\s+Z/.test(line))
