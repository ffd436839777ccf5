// Usage-based billing, driven by the six SDKs and judged by their types: meters in all of them, usage records where the
// version has them, plans, and the invoice that is announced before it is made.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startSandbox, temporaryFolder, until } from '../support/processes.mjs'
import { judgeMeaning } from './invariants.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const day = 86400
const record = join(temporaryFolder('usage'), 'recording.jsonl')
const key = 'sk_test_0123456789abcdefghij'
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

async function control(path, body) {
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, body ? { method: 'POST', body: JSON.stringify(body) } : {})
  assert.equal(answer.status, 200)
  return answer.json()
}
const advance = (seconds) => control('clock', { advance_seconds: seconds })
const now = async () => (await control('clock')).now

for (const { name, version, age, load } of sdks) {
  const since = (named) => age >= sdks.find((sdk) => sdk.name === named).age

  describe(`usage with the SDK of ${version}`, () => {
    let stripe, endpoint, customer, meter
    const periodOf = (subscription) => (since('basil') ? subscription.items.data[0] : subscription)
    const preview = (subscription) => (since('acacia') ? stripe.invoices.createPreview({ subscription }) : stripe.invoices.retrieveUpcoming({ subscription }))
    const latestInvoice = async (id) => (await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).latest_invoice
    const priceOf = (line) => (since('basil') ? line.pricing.price_details.price : line.price.id)

    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe(key, { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
      endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'], api_version: version })
      customer = await stripe.customers.create({ email: `${name}@example.com` })
      const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
      await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } })
    })
    after(async () => { await stripe.webhookEndpoints.del(endpoint.id) })

    test('a meter', async () => {
      meter = await stripe.billing.meters.create({ display_name: 'Calls', event_name: `calls_${name}`, default_aggregation: { formula: 'sum' }, customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' }, value_settings: { event_payload_key: 'value' } })
      assert.equal((await stripe.billing.meters.update(meter.id, { display_name: 'API calls' })).display_name, 'API calls')
      assert.equal((await stripe.billing.meters.deactivate(meter.id)).status, 'inactive')
      assert.equal((await stripe.billing.meters.reactivate(meter.id)).status_transitions.deactivated_at, null)
      assert.equal((await stripe.billing.meters.list({ status: 'active' })).data[0].id, meter.id)
      assert.equal((await stripe.billing.meters.retrieve(meter.id)).event_name, `calls_${name}`)
    })

    test('metered usage, from the event to the paid invoice', async () => {
      const price = await stripe.prices.create({
        product_data: { name: 'Calls' }, currency: 'usd', billing_scheme: 'tiered', tiers_mode: 'graduated', tiers: [{ up_to: 100, unit_amount: 0 }, { up_to: 'inf', unit_amount_decimal: '12.5' }],
        recurring: { interval: 'month', usage_type: 'metered', meter: meter.id }, expand: ['tiers'],
      })
      assert.deepEqual([price.recurring.meter, String(price.tiers[1].unit_amount_decimal), price.tiers[1].unit_amount], [meter.id, '12.5', null])
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] })
      assert.equal('quantity' in subscription.items.data[0], false)
      const send = (value, identifier, timestamp) => stripe.billing.meterEvents.create({ event_name: meter.event_name, payload: { stripe_customer_id: customer.id, value }, identifier, timestamp })
      await send('100', `${name}-1`)
      await send('20.4', `${name}-2`)
      await send('999', `${name}-3`)
      await assert.rejects(send('1', `${name}-1`), { statusCode: 400, message: `An event already exists with identifier ${name}-1.` })
      await assert.rejects(send('1', `${name}-4`, (await now()) + 400), { statusCode: 400, code: 'timestamp_in_future' })
      const taken = await stripe.billing.meterEventAdjustments.create({ event_name: meter.event_name, type: 'cancel', cancel: { identifier: `${name}-3` } })
      assert.equal(taken.status, 'complete')

      const moment = await now()
      const midnight = moment - (moment % day)
      const [summary] = (await stripe.billing.meters.listEventSummaries(meter.id, { customer: customer.id, start_time: midnight, end_time: midnight + 2 * day, value_grouping_window: 'day' })).data
      assert.equal(summary.aggregated_value, 120.4)
      assert.equal((await preview(subscription.id)).total, 255)

      const end = periodOf(subscription).current_period_end
      await advance(end - await now())
      assert.equal((await latestInvoice(subscription.id)).status, 'draft')
      await send('1', `${name}-late`, end - 60)
      await advance(3600)
      const invoice = await latestInvoice(subscription.id)
      assert.deepEqual([invoice.status, invoice.total, invoice.lines.data.length], ['paid', 268, 1]) // 21.4 × 12.5 cents is 267.5
      const [line] = invoice.lines.data
      assert.deepEqual([priceOf(line), line.quantity, line.period.end], [price.id, 121, end])
      if (since('dahlia')) assert.equal(String(line.quantity_decimal), '121.4')
      await send('108', `${name}-last`)
      const gone = await stripe.subscriptions.cancel(subscription.id, { invoice_now: true })
      assert.equal((await stripe.invoices.retrieve(gone.latest_invoice)).total, 100)
    })

    test('a plan is a price', async () => {
      const plan = await stripe.plans.create({ id: `plan-${name}`, currency: 'usd', interval: 'month', amount: 2000, product: { name: 'Small' } })
      assert.equal((await stripe.prices.retrieve(plan.id)).unit_amount, 2000)
      assert.equal((await stripe.plans.update(plan.id, { nickname: 'Small one' })).nickname, 'Small one')
      assert.equal((await stripe.plans.list({ product: plan.product })).data[0].id, plan.id)
      assert.equal((await stripe.plans.retrieve(plan.id)).amount_decimal?.toString(), '2000')
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ plan: plan.id }] })
      assert.equal(subscription.items.data[0].plan.id, plan.id)
      await stripe.subscriptions.cancel(subscription.id)
      assert.equal((await stripe.plans.del(plan.id)).deleted, true)
    })

    test('usage records, before basil', async () => {
      const form = { product_data: { name: 'Seats' }, currency: 'usd', unit_amount: 100, recurring: { interval: 'month', usage_type: 'metered' } }
      if (since('basil')) {
        await assert.rejects(stripe.prices.create(form), { statusCode: 400, message: /must be backed by meters/ })
        const answer = await fetch(`${sandbox.url}/v1/subscription_items/si_1/usage_records`, { method: 'POST', body: 'quantity=1', headers: { Authorization: `Bearer ${key}`, 'Stripe-Version': version, 'Content-Type': 'application/x-www-form-urlencoded' } })
        assert.equal(answer.status, 404)
        return
      }
      const price = await stripe.prices.create({ ...form, recurring: { ...form.recurring, aggregate_usage: 'max' } })
      assert.equal(price.recurring.aggregate_usage, 'max')
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] })
      const item = subscription.items.data[0].id
      assert.equal(subscription.items.data[0].plan.aggregate_usage, 'max')
      await stripe.subscriptionItems.createUsageRecord(item, { quantity: 3, timestamp: (await now()) + 60, action: 'increment' })
      const more = await stripe.subscriptionItems.createUsageRecord(item, { quantity: 7, timestamp: 'now', action: 'set' })
      assert.equal(more.quantity, 7)
      await advance(subscription.current_period_end - await now() + 3600)
      assert.equal((await latestInvoice(subscription.id)).total, 700)
      const summaries = (await stripe.subscriptionItems.listUsageRecordSummaries(item)).data
      assert.deepEqual(summaries.map((one) => [one.total_usage, Boolean(one.invoice)]), [[0, false], [7, true]])
      await stripe.subscriptions.cancel(subscription.id)
    })

    test('the next invoice is announced in this version\'s shape', async () => {
      await control('settings', { upcoming_days: 3 })
      const price = await stripe.prices.create({ product_data: { name: 'Flat' }, currency: 'usd', unit_amount: 4900, recurring: { interval: 'month' } })
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] })
      await advance(periodOf(subscription).current_period_end - 3 * day - await now())
      const sent = (await control('deliveries')).data.find((one) => one.endpoint === endpoint.id && one.type === 'invoice.upcoming')
      const { body } = await control(`events/${sent.event}/payload`, { api_version: version, secret: endpoint.secret })
      const invoice = JSON.parse(body).data.object
      assert.equal('id' in invoice, false)
      assert.deepEqual([invoice.object, invoice.status, invoice.total, invoice.customer], ['invoice', 'draft', 4900, customer.id])
      await stripe.subscriptions.cancel(subscription.id)
    })

    test('meters are announced since basil', async () => {
      const sent = async () => (await control('deliveries')).data.filter((one) => one.endpoint === endpoint.id).map((one) => one.type)
      await until('the deliveries', async () => (await sent()).includes('invoice.upcoming'))
      assert.equal((await sent()).includes('billing.meter.created'), since('basil'))
      assert.ok((await sent()).includes('plan.deleted'))
    })
  })
}

// Thin events: the SDKs read notifications of them since clover.
for (const { version, load } of sdks.filter(({ age }) => age >= sdks.find((sdk) => sdk.name === 'clover').age)) {
  test(`what cannot be counted is told by a thin event, with the SDK of ${version}`, async () => {
    const { default: Stripe } = await load()
    const stripe = new Stripe(key, { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
    const notifications = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (part) => { body += part })
      request.on('end', () => { notifications.push({ body, signature: request.headers['stripe-signature'] }); response.end() })
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const destination = await stripe.v2.core.eventDestinations.create({
      name: 'usage', type: 'webhook_endpoint', event_payload: 'thin', enabled_events: ['v1.billing.meter.error_report_triggered'],
      webhook_endpoint: { url: `http://127.0.0.1:${server.address().port}/` }, include: ['webhook_endpoint.signing_secret'],
    })
    const meter = await stripe.billing.meters.create({ display_name: 'Thin', event_name: `thin_${version}`, default_aggregation: { formula: 'sum' } })
    const sent = await stripe.v2.billing.meterEvents.create({ event_name: meter.event_name, payload: { stripe_customer_id: 'cus_nobody', value: '1' } })
    assert.equal(sent.object, 'v2.billing.meter_event')
    await until('the notification', () => notifications.length === 1)
    const [{ body, signature }] = notifications
    const notification = stripe.parseEventNotification(body, signature, destination.webhook_endpoint.signing_secret)
    assert.equal(notification.type, 'v1.billing.meter.error_report_triggered')
    assert.equal((await notification.fetchRelatedObject()).id, meter.id)
    const { data } = await notification.fetchEvent()
    assert.deepEqual(data.reason.error_types.map(({ code, sample_errors: [{ request }] }) => [code, request.identifier]), [['meter_event_customer_not_found', sent.identifier]])
    const listed = await stripe.v2.core.events.list({ object_id: meter.id })
    assert.deepEqual(listed.data.map(({ id }) => id), [notification.id])
    await assert.rejects(stripe.v2.billing.meterEvents.create({ event_name: 'nothing', payload: { stripe_customer_id: 'cus_nobody', value: '1' } }), { statusCode: 400 })
    assert.equal((await stripe.v2.core.eventDestinations.disable(destination.id)).status, 'disabled')
    await stripe.v2.core.eventDestinations.del(destination.id)
    server.close()
  })
}

test('everything that was emitted means what it says', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
})

test('everything that was emitted passes the types of the SDKs', async () => {
  await until('the deliveries', () => readFileSync(record, 'utf8').split('\n').filter((line) => line && JSON.parse(line).event).length > 100, 60)
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 200 && checked.events > 100, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
