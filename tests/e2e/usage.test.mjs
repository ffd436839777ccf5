// Usage under kill -9 of the server and of Postgres: what was acknowledged counts exactly once, and so does what is sent
// again because nobody knows.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { signIn } from '../support/api.mjs'
import { sleep, sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

function uuidV7() {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = 0x70 | (bytes[6] & 0x0f)
  bytes[8] = 0x80 | (bytes[8] & 0x3f)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

// One request over a kept-alive connection; its status and body, or 0 where the connection broke.
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
function send(url, path, token, body, headers = {}) {
  return new Promise((resolve) => {
    const sent = request(`${url}${path}`, { method: 'POST', agent, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers } }, (response) => {
      const parts = []
      response.on('data', (part) => parts.push(part))
      response.on('end', () => { try { resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(parts)) }) } catch { resolve({ status: 0 }) } })
      response.on('error', () => resolve({ status: 0 }))
    })
    sent.on('error', () => resolve({ status: 0 }))
    sent.end(body)
  })
}

// What a recount of the records gives, against the roll-ups.
const differences = `
  select * from (
    (select account_id, metric, period_start, events, quantity from paydesk.usage_totals
     except select account_id, metric, period_start, count(*), sum(quantity) from paydesk.usage_records group by 1, 2, 3)
    union all
    (select account_id, metric, period_start, sum(events)::bigint, sum(quantity) from paydesk.usage_hours group by 1, 2, 3
     except select account_id, metric, period_start, count(*), sum(quantity) from paydesk.usage_records group by 1, 2, 3)) d`

describe('kill -9 under load, twenty times', () => {
  test('every acknowledged event is counted exactly once', async () => {
    const folder = temporaryFolder('usage')
    let up = await startUp({ folder })
    let token = (await signIn(up, 'ada@example.com')).token
    const events = new Map() // key -> {body, acknowledged}
    let stopped = false
    let url = up.url

    const worker = async (single) => {
      while (!stopped) {
        const mine = Array.from({ length: single ? 1 : 20 }, () => {
          const key = uuidV7()
          const event = { metric: 'api_calls', quantity: 0.5, idempotencyKey: key }
          events.set(key, { event, acknowledged: false })
          return key
        })
        const body = mine.map((key) => events.get(key).event)
        const answer = await send(url, single ? '/api/stripe/track-usage' : '/api/usage/events', token, JSON.stringify(single ? body[0] : body))
        if (answer.status === 200) {
          for (const [i, key] of mine.entries()) {
            if (!single) assert.equal(answer.body.results[i].status, 'recorded', JSON.stringify(answer.body.results[i]))
            events.get(key).acknowledged = true
          }
        } else {
          assert.ok(answer.status === 0 || answer.status === 503, JSON.stringify(answer))
          await sleep(20)
        }
      }
    }
    const workers = Array.from({ length: 8 }, (_, i) => worker(i % 2 === 0))
    const acknowledged = () => [...events.values()].filter((one) => one.acknowledged).length
    const goesOn = async (what) => {
      const before = acknowledged()
      await until(`events to be acknowledged ${what}`, () => acknowledged() > before + 100, 60)
    }

    for (let round = 0; round < 10; ++round) {
      await goesOn(`before kill ${round}`)
      await sleep(Math.random() * 150)
      up.child.kill('SIGKILL')
      await up.ended
      up = await startUp({ folder, port: up.port, sandboxPort: up.sandboxPort })
      url = up.url
    }
    // What was committed just before a kill is acknowledged after it: that events go on does not say that Postgres is back.
    const asked = (text) => until('Postgres to be back', () => sql(up.databaseUrl(), text), 60)
    for (let round = 0; round < 10; ++round) {
      await goesOn(`after kill ${round} of Postgres`)
      await sleep(Math.random() * 150)
      // One of its processes: Postgres ends all the others at once and recovers from the log.
      const [{ pid }] = await asked("select pid from pg_stat_activity where usename = 'paydesk_server' order by random() limit 1")
      process.kill(pid, 'SIGKILL')
    }
    await goesOn('in the end')
    stopped = true
    await Promise.all(workers)

    const stored = new Map((await asked('select idempotency_key as key, count(*) as times from paydesk.usage_records group by 1')).map(({ key, times }) => [key, times]))
    for (const [key, { acknowledged: known }] of events) {
      const times = stored.get(key) ?? 0
      assert.ok(times <= 1, `${key} is recorded ${times} times`)
      assert.ok(!known || times === 1, `${key} was acknowledged and is not there`)
    }
    assert.deepEqual(await sql(up.databaseUrl(), differences), [])

    // All of it again, in other batches: each counts once, known or not.
    const all = [...events.values()].map(({ event }) => event)
    for (let i = 0; i < all.length; i += 700) {
      const lines = all.slice(i, i + 700).map((event) => JSON.stringify(event)).join('\n')
      const answer = await send(up.url, '/api/usage/events', token, gzipSync(lines), { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' })
      assert.equal(answer.status, 200, JSON.stringify(answer))
      assert.equal(answer.body.rejected, 0, JSON.stringify(answer.body.results.find((one) => one.status === 'rejected')))
    }
    const [{ events: counted, quantity }] = await sql(up.databaseUrl(), 'select sum(events)::int as events, sum(quantity)::text as quantity from paydesk.usage_totals')
    assert.equal(counted, events.size)
    assert.equal(Number(quantity), events.size / 2)
    assert.deepEqual(await sql(up.databaseUrl(), differences), [])
    assert.equal(await up.stop(), 0)
  }, { timeout: 600_000 })
})

describe('what is sent wrongly', () => {
  let up, ada
  before(async () => { up = await startUp(); ada = await signIn(up, 'ada@example.com') })
  after(async () => { assert.equal(await up?.stop(), 0) })

  const post = (path, body, headers) => send(up.url, path, ada.token, body, headers)
  const event = (quantity) => `{"metric":"api_calls","quantity":${quantity}}`
  const cases = [
    ['NaN', () => post('/api/stripe/track-usage', event('NaN')), 400, 'malformed_request'],
    ['NaN as text', () => post('/api/stripe/track-usage', event('"NaN"')), 422, 'invalid_input'],
    ['1e400', () => post('/api/stripe/track-usage', event('1e400')), 422, 'invalid_input'],
    ['negative', () => post('/api/stripe/track-usage', event('-1')), 422, 'invalid_input'],
    ['40 digits', () => post('/api/stripe/track-usage', event('1'.repeat(40))), 422, 'invalid_input'],
    ['the future', () => post('/api/stripe/track-usage', '{"metric":"api_calls","timestamp":"2999-01-01T00:00:00Z"}'), 422, 'invalid_input'],
    ['an unknown metric', () => post('/api/stripe/track-usage', '{"metric":"api_cals"}'), 422, 'invalid_input'],
    ['10 MB', () => post('/api/usage/events', `[${event(1)}${`,${event(1)}`.repeat(290_000)}]`), 413, 'body_too_large'],
    ['a gzip cut short', () => post('/api/usage/events', gzipSync(`[${event(1)}]`).subarray(0, 20), { 'content-encoding': 'gzip' }), 400, 'malformed_request'],
    ['a zip bomb', () => post('/api/usage/events', gzipSync(Buffer.alloc(256 << 20, 32)), { 'content-encoding': 'gzip' }), 413, 'body_too_large'],
  ]
  for (const [name, ask, status, code] of cases) {
    test(`${name}: ${status} ${code}`, async () => {
      const answer = await ask()
      assert.deepEqual([answer.status, answer.body?.code], [status, code])
      assert.ok(answer.body.detail.length > 10, 'it says what was wrong')
      assert.deepEqual(await sql(up.databaseUrl(), 'select 1 from paydesk.usage_records'), [])
    })
  }

  test('the tutorials\' page reads usage_records, and nobody else\'s', async () => {
    assert.equal((await post('/api/stripe/track-usage', event('2.5'))).status, 200)
    const { usage } = await ada.get('/api/stripe/get-usage?metric=api_calls&series=day')
    assert.deepEqual([usage[0].used, usage[0].days.length], [2.5, 1])
    const grace = await signIn(up, 'grace@example.com')
    assert.equal((await grace.get('/api/stripe/get-usage?metric=api_calls')).usage[0].used, 0)
  })
})
