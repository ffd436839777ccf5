// The official SDKs drive the sandbox: six of them, each pinned to its own API version. Everything that the sandbox
// answers and every event that it makes must then pass the schema made from that SDK's own types.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startSandbox, temporaryFolder, until } from '../support/processes.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { judgeMeaning } from './invariants.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const folder = temporaryFolder('contract')
const record = join(folder, 'recording.jsonl')
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

// A webhook endpoint that keeps what it is sent.
async function receiver() {
  const deliveries = []
  const server = createServer((request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      deliveries.push({ body: Buffer.concat(parts), signature: request.headers['stripe-signature'] })
      response.end('{}')
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { deliveries, url: `http://127.0.0.1:${server.address().port}/hook`, close: () => server.close() }
}

for (const { name, version, age, load } of sdks) {
  const since = (named) => age >= sdks.find((sdk) => sdk.name === named).age
  describe(`stripe SDK of ${version}`, () => {
    let stripe, hook, endpoint, price, customer

    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 1 })
      hook = await receiver()
      endpoint = await stripe.webhookEndpoints.create({ url: hook.url, enabled_events: ['*'], api_version: version })
    })
    after(async () => {
      await stripe.webhookEndpoints.del(endpoint.id)
      hook.close()
    })

    test('a customer, a product, a price', async () => {
      customer = await stripe.customers.create({ email: 'ada@example.com', name: 'Ada & "Söhne" <b>', metadata: { user_id: 'u 1+1', note: '=?&' } })
      assert.equal(customer.metadata.user_id, 'u 1+1')
      assert.equal(customer.name, 'Ada & "Söhne" <b>')
      const product = await stripe.products.create({ name: 'Pro' })
      price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 4900, recurring: { interval: 'month' }, lookup_key: `pro_${name}` })
      assert.equal((await stripe.prices.list({ lookup_keys: [`pro_${name}`] })).data[0].id, price.id)
      assert.equal(String(price.unit_amount_decimal), '4900')
      const moved = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 5900, recurring: { interval: 'month' }, lookup_key: `pro_${name}`, transfer_lookup_key: true })
      assert.equal((await stripe.prices.list({ lookup_keys: [`pro_${name}`] })).data[0].id, moved.id)
      assert.equal((await stripe.prices.retrieve(price.id)).lookup_key, null)
      await stripe.prices.update(moved.id, { active: false })
    })

    test('checkout to an active subscription', async () => {
      const session = await stripe.checkout.sessions.create({
        mode: 'subscription', customer: customer.id, line_items: [{ price: price.id, quantity: 1 }], client_reference_id: 'u1',
        success_url: 'http://127.0.0.1:9/success?session_id={CHECKOUT_SESSION_ID}', cancel_url: 'http://127.0.0.1:9/cancel',
        metadata: { on: 'session' }, subscription_data: { metadata: { on: 'subscription' } },
      })
      assert.equal(session.status, 'open')
      assert.match(session.url, /^http:\/\/127\.0\.0\.1/)
      const back = await payCheckout(session.url, '4242424242424242')
      assert.equal(back, `http://127.0.0.1:9/success?session_id=${session.id}`)

      const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription.latest_invoice', 'line_items'] })
      assert.equal(paid.status, 'complete')
      assert.equal(paid.payment_status, 'paid')
      assert.equal(paid.url, null)
      assert.equal(paid.subscription.status, 'active')
      assert.equal(paid.subscription.metadata.on, 'subscription')
      assert.equal(paid.subscription.latest_invoice.status, 'paid')
      assert.equal(paid.subscription.latest_invoice.amount_paid, 4900)
      assert.equal(paid.line_items.data.length, 1)
      const period = since('basil') ? paid.subscription.items.data[0] : paid.subscription
      assert.ok(period.current_period_end > period.current_period_start)
      assert.equal('current_period_end' in paid.subscription, !since('basil'))
      const invoice = await stripe.invoices.retrieve(paid.subscription.latest_invoice.id)
      assert.equal(since('basil') ? invoice.parent.subscription_details.subscription : invoice.subscription, paid.subscription.id)
    })

    test('cancel at the period end, resume, cancel now', async () => {
      const [subscription] = (await stripe.subscriptions.list({ customer: customer.id })).data
      const scheduled = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })
      assert.equal(scheduled.cancel_at_period_end, true)
      assert.ok(scheduled.cancel_at > 0 && scheduled.canceled_at > 0)
      assert.equal(scheduled.status, 'active')
      const resumed = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false })
      assert.deepEqual([resumed.cancel_at_period_end, resumed.cancel_at, resumed.canceled_at], [false, null, null])
      const gone = await stripe.subscriptions.cancel(subscription.id)
      assert.equal(gone.status, 'canceled')
      assert.ok(gone.ended_at > 0)
      await assert.rejects(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }), { type: 'StripeInvalidRequestError' })
    })

    test('a one-time payment', async () => {
      const once = await stripe.prices.create({ product: price.product, currency: 'jpy', unit_amount: 2000 })
      for (const who of [{ customer: customer.id }, { customer_email: 'guest@example.com' }]) {
        const session = await stripe.checkout.sessions.create({ mode: 'payment', ...who, line_items: [{ price: once.id, quantity: 2 }], success_url: 'http://127.0.0.1:9/?s={CHECKOUT_SESSION_ID}', payment_intent_data: { metadata: { on: 'payment' } } })
        await payCheckout(session.url, '4242424242424242')
        const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent.latest_charge'] })
        assert.deepEqual([paid.status, paid.payment_status, paid.amount_total, paid.currency], ['complete', 'paid', 4000, 'jpy'])
        assert.equal(paid.payment_intent.metadata.on, 'payment')
        assert.equal(paid.payment_intent.latest_charge.amount_captured, 4000)
      }
    })

    test('a portal session', async () => {
      const portal = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'http://127.0.0.1:9/billing' })
      assert.match(portal.url, /^http:\/\/127\.0\.0\.1/)
    })

    test('refund of a payment', async () => {
      const charge = (await stripe.charges.list({ customer: customer.id })).data.find((c) => c.currency === 'usd')
      const refund = await stripe.refunds.create({ charge: charge.id, amount: 900, reason: 'requested_by_customer' })
      assert.equal(refund.status, 'succeeded')
      const after = await stripe.charges.retrieve(charge.id)
      assert.deepEqual([after.amount_refunded, after.refunded], [900, false])
      await assert.rejects(stripe.refunds.create({ charge: charge.id, amount: 5000 }), { type: 'StripeInvalidRequestError' })
    })

    test('lists page by themselves, newest first', async () => {
      const made = []
      for (let i = 0; i < 7; ++i) made.push((await stripe.customers.create({ email: `page-${name}@example.com` })).id)
      const seen = []
      for await (const one of stripe.customers.list({ email: `page-${name}@example.com`, limit: 3 })) seen.push(one.id)
      assert.deepEqual(seen, made.reverse())
    })

    test('idempotency: a replay, another request, and what was never executed', async () => {
      const idempotencyKey = `key-${name}`
      const first = await stripe.customers.create({ email: 'once@example.com' }, { idempotencyKey })
      const second = await stripe.customers.create({ email: 'once@example.com' }, { idempotencyKey })
      assert.equal(second.id, first.id)
      assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true')
      await assert.rejects(stripe.customers.create({ email: 'other@example.com' }, { idempotencyKey }), { type: 'StripeIdempotencyError' })
    })

    test('errors have Stripe\'s classes, codes and params', async () => {
      await assert.rejects(stripe.customers.retrieve('cus_nobody'), { type: 'StripeInvalidRequestError', statusCode: 404, code: 'resource_missing' })
      await assert.rejects(stripe.customers.create({ bogus: 1 }), { statusCode: 400, code: 'parameter_unknown', param: 'bogus' })
      await assert.rejects(stripe.prices.create({ currency: 'usd' }), { statusCode: 400 })
      await assert.rejects(stripe.checkout.sessions.create({ mode: 'subscription', line_items: [{ price: 'price_nothing', quantity: 1 }], success_url: 'http://127.0.0.1:9/' }), { statusCode: 400, code: 'resource_missing', param: 'line_items[0][price]' })
      const { default: Stripe } = await load()
      const stranger = new Stripe('wrong', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
      await assert.rejects(stranger.customers.list(), { type: 'StripeAuthenticationError', statusCode: 401 })
      const call = stripe.checkout.sessions.create({ mode: 'subscription', payment_method_types: ['card'], line_items: [{ price: price.id, quantity: 1 }], success_url: 'http://127.0.0.1:9/' })
      if (name === 'endive') await assert.rejects(call, { code: 'payment_method_types_no_longer_supported' })
      else assert.equal((await call).payment_method_types[0], 'card')
    })

    test('events arrive signed, and the SDK accepts them', async () => {
      const wanted = ['customer.created', 'payment_method.attached', 'payment_intent.succeeded', 'customer.subscription.created', 'invoice.created', 'invoice.finalized',
        'invoice.paid', 'checkout.session.completed', 'customer.subscription.updated', 'customer.subscription.deleted', 'charge.refunded', 'refund.created']
      const lacking = () => wanted.filter((type) => !hook.deliveries.some(({ body }) => JSON.parse(body).type === type))
      await until('every event to arrive', () => lacking().length === 0).catch((error) => { throw new Error(`${error.message}; not sent: ${lacking()}`) })
      for (const { body, signature } of hook.deliveries) {
        assert.equal(stripe.webhooks.constructEvent(body, signature, endpoint.secret).api_version, version)
      }
      const [{ body, signature }] = hook.deliveries
      assert.throws(() => stripe.webhooks.constructEvent(JSON.stringify(JSON.parse(body)), signature, endpoint.secret), /signature/i)
      assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other'), /signature/i)
    })
  })
}

test('everything that the sandbox emitted means what it says', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
})

test('everything that the sandbox emitted passes the types of the SDKs', () => {
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 60 && checked.events > 40, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
