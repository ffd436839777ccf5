// A private PostgreSQL cluster for benchmarks: durable settings (fsync on), unix socket only, in a
// folder of its own that goes away with it.
import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const bin = process.env.PAYDESK_POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin'
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']))

// Postgres refuses to run as root.
function asUser(command, args, options = {}) {
  const root = userInfo().uid === 0
  return execFileSync(root ? 'setpriv' : command, root ? ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args] : args, { encoding: 'utf8', ...options })
}

// A virtual machine gets its memory from the host page by page, when first written to. Whoever fills the
// page cache first pays for that, many times the cost of the write: done here, before anything is measured.
function warmPageCache(file) {
  const chunk = Buffer.alloc(1 << 20, 1), out = openSync(file, 'w')
  for (let megabytes = 0; megabytes < 2_000; ++megabytes) writeSync(out, chunk)
  closeSync(out)
  rmSync(file)
}

// BENCH_PROFILE=N prints the N statements that took Postgres longest.
const profiled = Number(process.env.BENCH_PROFILE ?? 0)

export function startCluster() {
  const dir = mkdtempSync(join(tmpdir(), 'paydesk-bench-'))
  if (userInfo().uid === 0) execFileSync('chown', ['postgres', dir])
  chmodSync(dir, 0o700)
  const data = join(dir, 'data')
  asUser(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-instructions'], { stdio: 'ignore', cwd: '/' })
  asUser(join(bin, 'pg_ctl'), ['-D', data, '-w', '-l', join(dir, 'log'), '-o',
    `-k ${dir} -c listen_addresses= -c max_connections=80 -c shared_buffers=512MB -c max_wal_size=4GB -c min_wal_size=2GB -c track_activity_query_size=16384${profiled ? ' -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=all' : ''}`, 'start'], { stdio: 'ignore', cwd: '/' })
  warmPageCache(join(dir, 'warm'))
  const postmaster = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
  const sql = (database, text) => asUser(join(bin, 'psql'), ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', dir, '-U', 'postgres', '-d', database, '-f', '-'], { input: text, cwd: '/' }).trim()
  if (profiled) sql('postgres', 'create extension pg_stat_statements')
  // A cluster that has run for a while writes its WAL into recycled files; a new one makes and zeroes each.
  sql('postgres', `create table warm as select n, repeat('x', 1500) as filling from generate_series(1, 800000) n;
    drop table warm; checkpoint; select pg_switch_wal(); checkpoint`)
  return {
    dir,
    postmaster,
    url: (database, user = 'postgres') => `postgresql://${user}@/${database}?host=${dir}`,
    sql,
    // Microseconds of each statement by call and by one of `count` things that were done.
    profile(count) {
      if (!profiled) return
      console.log(sql('postgres', `select format('%s us each, %s calls of %s us, %s rows: %s', round((total_exec_time * 1000 / ${count})::numeric, 1), calls,
        round(total_exec_time * 1000 / calls), rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 110)) from pg_stat_statements order by total_exec_time desc limit ${profiled}`))
      sql('postgres', 'select pg_stat_statements_reset()')
    },
    stop() {
      asUser(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'], { stdio: 'ignore', cwd: '/' })
      if (existsSync(dir)) rmSync(dir, { recursive: true })
    },
  }
}

// CPU seconds of a process; of the whole cluster with its ended children where `children` is set.
export function cpuSeconds(pid, children = false) {
  const of = (p) => readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 15).map(Number)
  const [user, system, endedUser, endedSystem] = of(pid)
  let ticks = user + system
  if (children) {
    ticks += endedUser + endedSystem
    for (const p of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (Number(readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ')[1]) !== pid) continue
        const [u, s] = of(p)
        ticks += u + s
      } catch { /* ended meanwhile */ }
    }
  }
  return ticks / ticksPerSecond
}

export function memoryMB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name) => Math.round(Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024)
  return { resident: read('VmRSS'), peak: read('VmHWM') }
}
