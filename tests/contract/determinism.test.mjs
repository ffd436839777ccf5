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
