// What the webhook route refuses, what it stores, and that a crash at any moment changes nothing in the end.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { payCheckout } from '../support/hosted_pages.mjs'
import { signIn } from '../support/api.mjs'
import { program, root, sleep, sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

const sign = (body, secret, at = Math.floor(Date.now() / 1000)) => `t=${at},v1=${createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')}`
let serial = 0
const event = (type = 'customer.updated', object = { id: `cus_nobody_${serial}`, object: 'customer' }) => JSON.stringify({
  id: `evt_test_${++serial}_${Date.now()}`, object: 'event', api_version: '2026-10-28.endive', created: Math.floor(Date.now() / 1000),
  data: { object }, livemode: false, pending_webhooks: 1, request: { id: null, idempotency_key: null }, type,
}, null, 2)

describe('deliveries', () => {
  let up, secret, rows
  before(async () => {
    up = await startUp()
    secret = up.webhookSecret()
    rows = (text) => sql(up.databaseUrl(), text)
  })
  after(async () => { assert.equal(await up?.stop(), 0) })

  const deliver = async (body, signature) => {
    const response = await fetch(`${up.url}/api/webhooks/stripe`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...(signature === undefined ? {} : { 'stripe-signature': signature }) } })
    const text = await response.text()
    return { status: response.status, body: text ? JSON.parse(text) : null }
  }
  const stored = async (body) => (await rows(`select status from paydesk.webhook_events where event_id = '${JSON.parse(body).id}'`)).length === 1

  const now = () => Math.floor(Date.now() / 1000)
  const refusals = [
    ['no signature', 400, 'webhook_signature_invalid', (body) => [body, undefined]],
    ['an empty signature', 400, 'webhook_signature_invalid', (body) => [body, '']],
    ['garbage for a signature', 400, 'webhook_signature_invalid', (body) => [body, 't=,v1=,,,=;']],
    ['a wrong secret', 400, 'webhook_signature_invalid', (body) => [body, sign(body, 'whsec_wrong')]],
    ['a signature over an empty secret', 400, 'webhook_signature_invalid', (body) => [body, sign(body, ' ')]],
    ['another scheme only', 400, 'webhook_signature_invalid', (body) => [body, sign(body, secret).replace('v1=', 'v0=')]],
    ['a stale signature', 400, 'webhook_timestamp_stale', (body) => [body, sign(body, secret, now() - 301)]],
    ['a future signature', 400, 'webhook_timestamp_stale', (body) => [body, sign(body, secret, now() + 330)]],
    ['a tampered body', 400, 'webhook_signature_invalid', (body) => [body.replace('customer', 'customes'), sign(body, secret)]],
    ['a re-serialised body', 400, 'webhook_signature_invalid', (body) => [JSON.stringify(JSON.parse(body)), sign(body, secret)]],
    ['a body of 1 MB', 413, 'webhook_body_too_large', () => { const big = event('customer.updated', { id: 'cus_big', object: 'customer', description: 'x'.repeat(999_000) }); return [big, sign(big, secret)] }],
    ['a body beyond what the listener reads at all', 413, 'body_too_large', () => { const big = event('customer.updated', { id: 'cus_big', object: 'customer', description: 'x'.repeat(3 << 20) }); return [big, sign(big, secret)] }],
    ['signed garbage', 400, 'webhook_payload_invalid', () => ['\u0001\u0002 not json', sign('\u0001\u0002 not json', secret)]],
    ['signed JSON that is no event', 400, 'webhook_payload_invalid', () => ['[1,2,3]', sign('[1,2,3]', secret)]],
    ['a signed empty body', 400, 'webhook_payload_invalid', () => ['', sign('', secret)]],
  ]
  for (const [name, status, code, make] of refusals) {
    test(`${name}: ${status} ${code}`, async () => {
      const [body, signature] = make(event())
      const answer = await deliver(body, signature)
      assert.deepEqual([answer.status, answer.body.code], [status, code])
      assert.ok(answer.body.detail.length > 10, 'it says what was wrong')
      assert.deepEqual(await rows("select event_id from paydesk.webhook_events where event_id like 'evt_test_%'"), [])
    })
  }

  test('an unknown event type is stored, 200', async () => {
    const body = event('three_d_secure.something_new', { id: 'x_1', object: 'brand_new' })
    assert.deepEqual(await deliver(body, sign(body, secret)), { status: 200, body: { received: true } })
    assert.ok(await stored(body))
    await until('it to be done with', async () => (await rows(`select status from paydesk.webhook_events where event_id = '${JSON.parse(body).id}'`))[0].status === 'ignored')
  })

  test('the same event twice: 200 twice, one row', async () => {
    const body = event('three_d_secure.something_new', { id: 'x_2', object: 'brand_new' })
    for (let i = 0; i < 2; ++i) assert.equal((await deliver(body, sign(body, secret))).status, 200)
    assert.ok(await stored(body))
  })

  test('U+0000 in a string and invoice.upcoming without an id: stored and done with', async () => {
    const bodies = [event('customer.updated', { id: 'cus_nul', object: 'customer', name: 'a\u0000b', email: null, metadata: { 'k\u0000': 'v\u0000' } }), event('invoice.upcoming', { object: 'invoice', customer: 'cus_nobody', currency: 'usd', created: now(), status: 'draft', amount_due: 4900, amount_paid: 0, amount_remaining: 4900, subtotal: 4900, total: 4900, attempt_count: 0, lines: { object: 'list', data: [] } })]
    for (const body of bodies) {
      assert.equal((await deliver(body, sign(body, secret))).status, 200)
      await until('it to be stored', () => stored(body))
    }
    // Their customers are unknown: they wait, at growing pauses, and never spin.
    await sleep(1500)
    for (const body of bodies) {
      const [row] = await rows(`select status, attempts from paydesk.webhook_events where event_id = '${JSON.parse(body).id}'`)
      assert.ok(['waiting', 'ignored', 'processed'].includes(row.status), JSON.stringify(row))
      assert.ok(row.attempts <= 3, JSON.stringify(row))
    }
  })

  test('a followed type with an unusable object ends as a dead letter, told clearly', async () => {
    const body = event('customer.subscription.updated', { id: 'sub_x', object: 'subscription', status: 42, items: 'none' })
    assert.equal((await deliver(body, sign(body, secret))).status, 200)
    const row = await until('the dead letter', async () => (await rows(`select status, error, attempts from paydesk.webhook_events where event_id = '${JSON.parse(body).id}' and status = 'dead'`))[0])
    assert.ok(row.error.length > 10, row.error)

    // The operator takes it up again; it is as wrong as before, so it is a dead letter again.
    const { id } = JSON.parse(body)
    const said = execFileSync(program, ['replay', id, '--var', up.folder], { encoding: 'utf8', env: { ...process.env, PAYDESK_SHARE: root } })
    assert.match(said, /1/)
    await until('the second try', async () => (await rows(`select status from paydesk.webhook_events where event_id = '${id}' and status = 'dead'`)).length === 1)
    assert.throws(() => execFileSync(program, ['replay', 'evt_nobody', '--var', up.folder], { stdio: 'pipe', env: { ...process.env, PAYDESK_SHARE: root } }))
  })
})

describe('kill -9 of the server in the middle of the flow', () => {
  // The moments: before the checkout is made, while it is open, right after paying, while events are applied.
  for (const [moment, wait] of [['as the customer pays', 0], ['while the events come in', 60], ['after most of them', 400]]) {
    test(`${moment}: the same rows, one charge, one message per fact`, async () => {
      const folder = temporaryFolder('crash')
      let up = await startUp({ folder })
      const ada = await signIn(up, 'ada@example.com')
      const { url } = await ada.post('/api/stripe/create-checkout', { planId: 'pro', billingCycle: 'monthly' })
      const paying = payCheckout(url, '4242424242424242').catch(() => {})
      await sleep(wait)
      up.child.kill('SIGKILL')
      await paying
      await up.ended
      up = await startUp({ folder, port: up.port, sandboxPort: up.sandboxPort })
      const again = await signIn(up, 'ada@example.com')
      let { subscription } = await again.get('/api/stripe/get-subscription')
      if (!subscription) {
        // Killed before the sandbox took the payment: the same session is still open, and is the one given again.
        const retry = await again.post('/api/stripe/create-checkout', { planId: 'pro', billingCycle: 'monthly' }).catch(() => null)
        if (retry) { assert.equal(retry.url, url); await payCheckout(retry.url, '4242424242424242').catch(() => {}) }
        subscription = await until('the subscription', async () => (await again.get('/api/stripe/get-subscription')).subscription, 60)
      }
      const rows = (text) => sql(up.databaseUrl(), text)
      await until('every event to be applied', async () => (await rows("select count(*)::int n from paydesk.webhook_events where status in ('received', 'failed', 'waiting')"))[0].n === 0, 90)
      await until('the paid invoice', async () => (await rows("select status from paydesk.invoices"))[0]?.status === 'paid', 60)
      assert.deepEqual(await rows('select status, plan_key from paydesk.subscriptions'), [{ status: 'active', plan_key: 'pro' }])
      assert.deepEqual(await rows('select status, amount from paydesk.payments'), [{ status: 'succeeded', amount: 4900 }])
      assert.deepEqual(await rows('select fact_key from paydesk.notifications group by account_id, fact_key having count(*) > 1'), [])
      const charges = await (await fetch(`${up.sandbox}/v1/charges`, { headers: { authorization: 'Bearer sk_test_0123456789abcdef' } })).json()
      assert.equal(charges.data.filter((c) => c.status === 'succeeded').length, 1)
      assert.equal(await up.stop(), 0)
    })
  }
})
