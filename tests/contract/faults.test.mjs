// Faults as a caller sees them on the wire, and the commands that talk to a running sandbox.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startSandbox, until } from '../support/processes.mjs'
import { sdks } from './stripe_contract.mjs'

const binary = join(process.env.PAYDESK_BUILD ?? new URL('../../build/checked', import.meta.url).pathname, 'paydesk-sandbox')
let sandbox, stripe
before(async () => {
  sandbox = await startSandbox({ args: ['--seed', '1'] })
  const { default: Stripe } = await sdks.at(-1).load()
  stripe = (options) => new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0, ...options })
})
after(async () => { assert.equal(await sandbox?.stop(), 0) })

const control = async (method, path, body) => (await fetch(`${sandbox.url}/_sandbox/${path}`, { method, body: body && JSON.stringify(body) })).json()
const fault = (one) => control('POST', 'faults', { count: 1, route: 'POST /v1/customers', ...one })

test('each fault of calls is the error that the SDK has for it', async () => {
  for (const [one, type] of [
    [{ fault: '429' }, 'StripeRateLimitError'], [{ fault: '500' }, 'StripeAPIError'], [{ fault: '502' }, 'StripeAPIError'],
    [{ fault: 'reset' }, 'StripeConnectionError'], [{ fault: 'timeout', seconds: 1 }, 'StripeConnectionError'],
  ]) {
    // Without a count: the SDK itself tries once more after a reset, for connections that idled.
    await fault({ ...one, count: undefined })
    await assert.rejects(stripe().customers.create({}), (error) => { assert.equal(error.type, type, one.fault); return true }, one.fault)
    await control('DELETE', 'faults')
  }
  assert.equal((await stripe().customers.list()).data.length, 0)
  assert.deepEqual([...new Set((await control('GET', 'faults/log')).data.map((hit) => hit.fault))], ['timeout', 'reset', '502', '500', '429'])
})

test('an answer lost after its effect is recovered by the SDK with its idempotency key', async () => {
  for (const lost of ['reset', '500', '502']) {
    await fault({ fault: lost, when: 'after' })
    const email = `${lost}@example.com`
    const made = await stripe({ maxNetworkRetries: 2 }).customers.create({ email })
    assert.deepEqual((await stripe().customers.list({ email })).data.map((one) => one.id), [made.id], lost)
  }
})

test('slow bytes arrive whole', async () => {
  await fault({ fault: 'slow', seconds: 1 })
  const began = Date.now()
  assert.equal((await stripe().customers.create({ name: 'Slow' })).name, 'Slow')
  assert.ok(Date.now() - began > 500)
})

// A command under way, with what it has said so far.
function command(args) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const it = { child, out: '', ended: new Promise((resolve) => child.on('close', resolve)) }
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => { it.out += part })
  return it
}

test('listen forwards what trigger makes, signed, and leaves nothing behind', async () => {
  const got = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => { body += part })
    request.on('end', () => { got.push({ body, signature: request.headers['stripe-signature'] }); response.end() })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listening = command(['listen', '--forward-to', `127.0.0.1:${server.address().port}/hook`, '--sandbox', sandbox.url, '--events', 'invoice.paid', '--api-version', '2024-11-20.acacia'])
  try {
    await until('listen is ready', () => listening.out.includes('Ready!'))
    const secret = /whsec_\w+/.exec(listening.out)[0]
    const triggered = command(['trigger', 'invoice.paid', '--sandbox', sandbox.url])
    assert.equal(await triggered.ended, 0, triggered.out)
    await until('the forwarded event', () => got.length === 1 && listening.out.includes('<--  [200]'))
    const event = stripe().webhooks.constructEvent(got[0].body, got[0].signature, secret)
    assert.equal(event.type, 'invoice.paid')
    assert.equal(event.api_version, '2024-11-20.acacia')
    assert.match(triggered.out, new RegExp(event.id))
  } finally {
    listening.child.kill('SIGINT')
    server.close()
  }
  assert.equal(await listening.ended, 0)
  assert.equal((await stripe().webhookEndpoints.list()).data.length, 0)
})

test('listen prints events, and takes the places of the endpoints that there are', async () => {
  const got = []
  const server = createServer((request, response) => { request.resume(); got.push(request.url); response.end() })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = await stripe().webhookEndpoints.create({ url: 'http://127.0.0.1:9/api/webhooks/stripe', enabled_events: ['product.created'] })
  const printing = command(['listen', '--print-json', '--sandbox', sandbox.url])
  const loading = command(['listen', '-l', '-f', `http://127.0.0.1:${server.address().port}`, '--sandbox', sandbox.url])
  try {
    await until('both are ready', () => printing.out.includes('Ready!') && loading.out.includes('Ready!'))
    const product = await stripe().products.create({ name: 'Listened to' })
    await stripe().customers.create({ name: 'Not taken by the endpoint' })
    await until('what was printed', () => printing.out.includes('customer.created'))
    const events = printing.out.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    assert.equal(events.find((event) => event.type === 'product.created').data.object.id, product.id)
    await until('the forwarded event', () => got.length === 1)
    assert.deepEqual(got, ['/api/webhooks/stripe'])
  } finally {
    for (const one of [printing, loading]) one.child.kill('SIGINT')
    server.close()
    await stripe().webhookEndpoints.del(endpoint.id)
  }
  assert.deepEqual([await printing.ended, await loading.ended], [0, 0])
  const nowhere = command(['listen', '--sandbox', 'http://127.0.0.1:9'])
  assert.equal(await nowhere.ended, 1)
  assert.match(nowhere.out, /Is a sandbox running/)
})

test('trigger takes overrides', async () => {
  const run = async (...args) => { const it = command(['trigger', ...args, '--sandbox', sandbox.url]); return { code: await it.ended, out: it.out } }
  const { code, out } = await run('invoice.paid', '--override', 'price:unit_amount=5000', '--override', 'price:recurring.interval=year', '--override', 'customer:name=Grace & Co')
  assert.equal(code, 0, out)
  const event = await stripe().events.retrieve(/evt_\w+/.exec(out)[0])
  assert.equal(event.data.object.amount_paid, 5000)
  assert.equal(event.data.object.customer_name, 'Grace & Co')
  for (const [wrong, says] of [['nobody:name=x', /makes customer, payment_method/], ['customer', /is not NAME:field=value/], ['price:currency=nope', /currency/i]]) {
    const refused = await run('invoice.paid', '--override', wrong)
    assert.equal(refused.code, 1, wrong)
    assert.match(refused.out, says)
  }
})

test('every recipe of trigger makes its event', async () => {
  const unknown = command(['trigger', 'no.such.event', '--sandbox', sandbox.url])
  assert.equal(await unknown.ended, 1)
  const listed = command(['trigger', '--list'])
  assert.equal(await listed.ended, 0)
  const events = listed.out.trim().split('\n')
  assert.ok(events.length > 70)
  for (const event of events) {
    assert.ok(unknown.out.includes(`  ${event}\n`))
    const triggered = command(['trigger', event, '--sandbox', sandbox.url])
    assert.equal(await triggered.ended, 0, `${event}: ${triggered.out}`)
  }
})
