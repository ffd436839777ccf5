// The same seed, clock and calls give the same events, byte for byte.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { payCheckout } from '../support/hosted_pages.mjs'
import { startSandbox } from '../support/processes.mjs'
import { allEvents } from './invariants.mjs'
import { sdks } from './stripe_contract.mjs'

const running = []
after(async () => { for (const sandbox of running) assert.equal(await sandbox.stop(), 0) })

// A year in small: a subscription by checkout, renewals, a change of plan, a refund, the end.
async function run(seed) {
  const sandbox = await startSandbox({ args: ['--seed', String(seed), '--clock', '1800000000'] })
  running.push(sandbox)
  const { default: Stripe } = await sdks.at(-1).load()
  const stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
  const customer = await stripe.customers.create({ email: 'ada@example.com' }, { idempotencyKey: 'k1' })
  const product = await stripe.products.create({ name: 'Pro' }, { idempotencyKey: 'k2' })
  const price = (unit_amount, key) => stripe.prices.create({ product: product.id, currency: 'usd', unit_amount, recurring: { interval: 'month' } }, { idempotencyKey: key })
  const [small, large] = [await price(1900, 'k3'), await price(4900, 'k4')]
  const session = await stripe.checkout.sessions.create({ mode: 'subscription', customer: customer.id, line_items: [{ price: small.id, quantity: 1 }], success_url: 'http://127.0.0.1:9/' }, { idempotencyKey: 'k5' })
  await payCheckout(session.url, '4242424242424242')
  const { subscription: id } = await stripe.checkout.sessions.retrieve(session.id)
  const events = new Map()
  const keep = async () => { for (const event of await allEvents(sandbox.url)) events.set(event.id, event) }
  const advance = async (days) => {
    await keep() // the API shows those of the last 30 days
    await fetch(`${sandbox.url}/_sandbox/clock`, { method: 'POST', body: JSON.stringify({ advance_seconds: days * 86400 }) })
    await keep()
  }
  for (let month = 0; month < 3; ++month) await advance(29)
  const subscription = await stripe.subscriptions.retrieve(id)
  await stripe.subscriptions.update(id, { items: [{ id: subscription.items.data[0].id, price: large.id }], proration_behavior: 'none' }, { idempotencyKey: 'k6' })
  const charge = (await stripe.charges.list({ customer: customer.id })).data[0]
  await stripe.refunds.create({ charge: charge.id, amount: 500 }, { idempotencyKey: 'k7' })
  await advance(29)
  await stripe.subscriptions.cancel(id)
  await keep()
  // Ports are in the addresses of pages.
  return [...events.values()].map((event) => JSON.stringify(event).replaceAll(`127.0.0.1:${sandbox.port}`, 'sandbox'))
}

test('two runs with one seed make the same events; another seed makes others', async () => {
  const [first, second, other] = [await run(7), await run(7), await run(8)]
  assert.ok(first.length > 40, `only ${first.length} events`)
  assert.deepEqual(first, second)
  assert.equal(other.length, first.length)
  const ids = new Set(first.map((event) => JSON.parse(event).id))
  assert.ok(!other.some((event) => ids.has(JSON.parse(event).id)))
})

// The same of PayPal's side: orders, a subscription that fails and is collected, a refund.
async function runPayPal(seed) {
  const sandbox = await startSandbox({ args: ['--seed', String(seed), '--clock', '1800000000'] })
  running.push(sandbox)
  const call = async (method, path, body, headers = {}) => {
    const response = await fetch(`${sandbox.url}${path}`, { method, body: typeof body === 'string' ? body : body && JSON.stringify(body), headers })
    const text = await response.text()
    return text ? JSON.parse(text) : null
  }
  let bearer = {}
  const logIn = async () => {
    const { access_token } = await call('POST', '/paypal/v1/oauth2/token', 'grant_type=client_credentials', { authorization: `Basic ${btoa('paydesk_sandbox_client:paydesk_sandbox_secret')}` })
    bearer = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  }
  const post = (path, body) => call('POST', `/paypal${path}`, body, bearer)
  const control = (path, body = {}) => call('POST', `/_sandbox/${path}`, body)
  const pass = async (days) => { await control('clock', { advance_seconds: days * 86400 }); await logIn() }
  const usd = (value) => ({ currency_code: 'USD', value })
  await logIn()
  const order = await post('/v2/checkout/orders', { intent: 'CAPTURE', purchase_units: [{ amount: usd('19.00') }] })
  await control(`paypal/orders/${order.id}/approve`)
  await post(`/v2/checkout/orders/${order.id}/capture`)
  const product = await post('/v1/catalogs/products', { name: 'Pro', type: 'SERVICE' })
  const cycle = { tenure_type: 'REGULAR', sequence: 1, total_cycles: 0, frequency: { interval_unit: 'MONTH' }, pricing_scheme: { fixed_price: usd('9.00') } }
  const plan = await post('/v1/billing/plans', { product_id: product.id, name: 'Pro', billing_cycles: [cycle], payment_preferences: {} })
  const { id } = await post('/v1/billing/subscriptions', { plan_id: plan.id })
  await control(`paypal/subscriptions/${id}/approve`, { funding: 'renewals_fail' })
  await pass(45)
  await control(`paypal/subscriptions/${id}/funding`, { funding: 'balance' })
  await pass(45)
  const { data } = await (await fetch(`${sandbox.url}/_sandbox/paypal/events`)).json()
  await post(`/v1/payments/sale/${data.find((event) => event.event_type === 'PAYMENT.SALE.COMPLETED').resource.id}/refund`, {})
  await post(`/v1/billing/subscriptions/${id}/cancel`, { reason: 'done' })
  const { data: all } = await (await fetch(`${sandbox.url}/_sandbox/paypal/events`)).json()
  return all.map((event) => JSON.stringify(event).replaceAll(`127.0.0.1:${sandbox.port}`, 'sandbox'))
}

test('PayPal: two runs with one seed make the same events; another seed makes others', async () => {
  const [first, second, other] = [await runPayPal(7), await runPayPal(7), await runPayPal(8)]
  assert.ok(first.length >= 14, `only ${first.length} events`)
  assert.deepEqual(first, second)
  assert.equal(other.length, first.length)
  const ids = new Set(first.map((event) => JSON.parse(event).id))
  assert.ok(!other.some((event) => ids.has(JSON.parse(event).id)))
})
