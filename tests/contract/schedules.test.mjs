// The whole life of a subscription in the words of each version: schedules, waiting updates, pauses, trials that move, and the
// portal that lets people switch. The official SDKs make the calls; their types judge the answers and the events.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { sleep, startSandbox, temporaryFolder } from '../support/processes.mjs'
import { judgeMeaning } from './invariants.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const record = join(temporaryFolder('schedules'), 'recording.jsonl')
const day = 86400
const start = 1_735_689_600 // 2025-01-01
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

for (const { name, age, load } of sdks) {
  const since = (named) => age >= sdks.find((sdk) => sdk.name === named).age

  describe(`a subscription's life on ${name}`, () => {
    let stripe, endpoint, product, small, large, clock, customer

    const monthly = (unit_amount) => stripe.prices.create({ product: product.id, currency: 'usd', unit_amount, recurring: { interval: 'month' } })
    const subscribe = (more = {}) => stripe.subscriptions.create({ customer: customer.id, items: [{ price: large.id }], ...more })
    const priceOf = async (id) => (await stripe.subscriptions.retrieve(id)).items.data[0].price.id
    const endOf = (subscription) => subscription.current_period_end ?? subscription.items.data[0].current_period_end
    const use = async (card) => {
      const method = await stripe.paymentMethods.attach(card, { customer: customer.id })
      await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } })
    }
    // To this time, in steps that a test clock allows.
    const advance = async (to) => {
      for (let now = (await stripe.testHelpers.testClocks.retrieve(clock.id)).frozen_time; now < to;) {
        now = Math.min(now + 50 * day, to)
        await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: now })
        while ((await stripe.testHelpers.testClocks.retrieve(clock.id)).status !== 'ready') await sleep(20)
      }
    }
    // Events keep the version in which they were made: the account's.
    const eventsOf = async (id, type) => (await stripe.events.list({ type, limit: 100 }, { apiVersion: '2026-03-25.dahlia' })).data.filter((event) => event.data.object.id === id).length

    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
      // Events are rendered in the version of an endpoint; nobody listens there.
      endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'], api_version: sdks[age].version })
      clock = await stripe.testHelpers.testClocks.create({ frozen_time: start })
      product = await stripe.products.create({ name: 'Pro' })
      small = await monthly(2000)
      large = await monthly(6000)
      customer = await stripe.customers.create({ email: `${name}@example.com`, test_clock: clock.id })
      await use('pm_card_visa')
    })
    // The next version's events are none of this endpoint's business.
    after(async () => { await sleep(300); await stripe.webhookEndpoints.del(endpoint.id) })

    test('a smaller plan from the end of the paid period on', async () => {
      const subscription = await subscribe()
      const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id })
      const [{ start_date, end_date }] = schedule.phases
      assert.equal(end_date, endOf(subscription))
      await stripe.subscriptionSchedules.update(schedule.id, {
        phases: [
          { items: [{ price: large.id, quantity: 1 }], start_date, end_date },
          { items: [{ price: small.id, quantity: 1 }], proration_behavior: 'none', ...(since('clover') ? { duration: { interval: 'month', interval_count: 1 } } : { iterations: 1 }) },
        ],
      })
      assert.equal((await stripe.subscriptions.retrieve(subscription.id, { expand: ['schedule'] })).schedule.phases.length, 2)
      await assert.rejects(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }), { statusCode: 400, message: /managed by the subscription schedule/ })
      assert.equal(await priceOf(subscription.id), large.id)
      await advance(end_date + 7200)
      assert.equal(await priceOf(subscription.id), small.id)
      const { latest_invoice } = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] })
      assert.deepEqual([latest_invoice.amount_paid, latest_invoice.billing_reason], [2000, 'subscription_cycle'])
      await advance(end_date + 35 * day)
      assert.equal((await stripe.subscriptionSchedules.retrieve(schedule.id)).status, 'completed')
      assert.equal((await stripe.subscriptions.retrieve(subscription.id)).schedule, null)
      for (const type of ['created', 'updated', 'expiring', 'completed']) assert.ok(await eventsOf(schedule.id, `subscription_schedule.${type}`), type)
      await stripe.subscriptions.cancel(subscription.id)
    })

    test('a schedule that is released, one that is cancelled, one that is aborted', async () => {
      const planned = async (start_date) => stripe.subscriptionSchedules.create({
        customer: customer.id, start_date, end_behavior: 'cancel', default_settings: { description: 'planned' },
        phases: [{ items: [{ price: small.id }], trial: true, ...(since('clover') ? { duration: { interval: 'week' } } : { end_date: start_date + 7 * day }), metadata: { step: '1' } }, { items: [{ price: large.id, quantity: 2 }] }],
      })
      const { frozen_time: now } = await stripe.testHelpers.testClocks.retrieve(clock.id)
      const released = await planned(now + day)
      assert.equal((await stripe.subscriptionSchedules.list({ customer: customer.id, scheduled: true })).data[0].id, released.id)
      assert.equal((await stripe.subscriptionSchedules.cancel((await planned(now + day)).id)).status, 'canceled')
      await advance(now + 2 * day)
      const { subscription: trialing } = await stripe.subscriptionSchedules.retrieve(released.id)
      assert.deepEqual([(await stripe.subscriptions.retrieve(trialing)).status, (await stripe.subscriptions.retrieve(trialing)).metadata], ['trialing', { step: '1' }])
      assert.equal((await stripe.subscriptionSchedules.release(released.id)).released_subscription, trialing)
      assert.equal((await stripe.subscriptions.retrieve(trialing)).cancel_at, null)
      await stripe.subscriptions.cancel(trialing)

      await use('pm_card_chargeCustomerFail')
      const doomed = await stripe.subscriptionSchedules.create({ customer: customer.id, start_date: 'now', phases: [{ items: [{ price: small.id }], end_date: now + 100 * day }] })
      await advance(now + 30 * day)
      assert.equal((await stripe.subscriptions.retrieve(doomed.subscription)).status, 'canceled')
      assert.equal(await eventsOf(doomed.id, 'subscription_schedule.aborted'), 1)
      await use('pm_card_visa')
    })

    test('an update that waits for its payment, and one that waits too long', async () => {
      const subscription = await subscribe({ items: [{ price: small.id }] })
      await use('pm_card_chargeCustomerFail')
      const change = { items: [{ id: subscription.items.data[0].id, price: large.id }], proration_behavior: 'always_invoice' }
      const waiting = await stripe.subscriptions.update(subscription.id, { ...change, payment_behavior: 'pending_if_incomplete' })
      assert.deepEqual([waiting.status, waiting.items.data[0].price.id, waiting.pending_update.subscription_items[0].price.id], ['active', small.id, large.id])
      await use('pm_card_visa')
      await stripe.invoices.pay(waiting.latest_invoice)
      assert.equal(await priceOf(subscription.id), large.id)
      assert.equal(await eventsOf(subscription.id, 'customer.subscription.pending_update_applied'), 1)

      await use('pm_card_chargeCustomerFail')
      const more = { items: [{ id: subscription.items.data[0].id, quantity: 3 }], proration_behavior: 'always_invoice' }
      await stripe.subscriptions.update(subscription.id, { ...more, payment_behavior: 'pending_if_incomplete' })
      await advance((await stripe.testHelpers.testClocks.retrieve(clock.id)).frozen_time + 24 * 3600)
      assert.equal((await stripe.subscriptions.retrieve(subscription.id)).pending_update, null)
      assert.equal(await eventsOf(subscription.id, 'customer.subscription.pending_update_expired'), 1)
      await assert.rejects(stripe.subscriptions.update(subscription.id, { ...more, payment_behavior: 'error_if_incomplete' }), { statusCode: 402, code: 'card_declined' })
      assert.equal((await stripe.subscriptions.update(subscription.id, more)).status, 'past_due')
      await use('pm_card_visa')
      await stripe.subscriptions.cancel(subscription.id)
    })

    test('a trial that moves, in truth and in the preview', async () => {
      const subscription = await subscribe({ trial_period_days: 10 })
      const later = subscription.trial_end + 10 * day
      const preview = since('basil') ? await stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: { trial_end: later } })
        : await stripe.invoices.retrieveUpcoming({ subscription: subscription.id, subscription_trial_end: later })
      assert.equal(preview.lines.data[0].period.start, later)
      assert.equal((await stripe.subscriptions.update(subscription.id, { trial_end: later })).billing_cycle_anchor, later)
      const ended = await stripe.subscriptions.update(subscription.id, { trial_end: 'now', expand: ['latest_invoice'] })
      assert.deepEqual([ended.status, ended.latest_invoice.amount_paid], ['active', 6000])
      const anchor = since('endive') ? { type: 'now' } : 'now'
      const restarted = await stripe.subscriptions.update(subscription.id, { billing_cycle_anchor: anchor, proration_behavior: 'none' })
      assert.equal(restarted.billing_cycle_anchor, (await stripe.testHelpers.testClocks.retrieve(clock.id)).frozen_time)
      await stripe.subscriptions.cancel(subscription.id, { prorate: true, invoice_now: true })
    })

    test('a pause of the money, and where the version has it, of the subscription', async () => {
      const subscription = await subscribe()
      const { frozen_time: now } = await stripe.testHelpers.testClocks.retrieve(clock.id)
      const paused = await stripe.subscriptions.update(subscription.id, { pause_collection: { behavior: 'void', resumes_at: now + 40 * day } })
      assert.deepEqual([paused.status, paused.pause_collection.behavior], ['active', 'void'])
      await advance(now + 41 * day)
      assert.equal((await stripe.subscriptions.retrieve(subscription.id)).pause_collection, null)
      if (since('endive')) {
        const stopped = await stripe.subscriptions.pause(subscription.id, { bill_for: { unused_time_from: { type: 'none' } } })
        assert.deepEqual([stopped.status, stopped.status_details.paused.subscription.type], ['paused', 'pause_requested'])
        assert.equal((await stripe.subscriptions.resume(subscription.id, { billing_cycle_anchor: { type: 'now' } })).status, 'active')
      }
      await stripe.subscriptions.cancel(subscription.id)
    })

    test('a person switches the plan in the portal', async () => {
      const subscription = await subscribe({ items: [{ price: small.id }] })
      const configuration = await stripe.billingPortal.configurations.create({
        business_profile: { headline: 'Paydesk' },
        features: {
          subscription_update: {
            enabled: true, default_allowed_updates: ['price', 'quantity'], proration_behavior: 'always_invoice', products: [{ product: product.id, prices: [small.id, large.id] }],
            ...(since('acacia') ? { schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }] } } : {}),
          },
        },
      })
      assert.equal(configuration.features.subscription_update.products[0].prices.length, 2)
      const session = await stripe.billingPortal.sessions.create({
        customer: customer.id, configuration: configuration.id,
        flow_data: { type: 'subscription_update_confirm', subscription_update_confirm: { subscription: subscription.id, items: [{ id: subscription.items.data[0].id, price: large.id, quantity: 1 }] } },
      })
      assert.match(await (await fetch(session.url)).text(), /portal-due-now">\$40\.00/)
      assert.equal((await fetch(`${session.url}/update`, { method: 'POST', redirect: 'manual' })).status, 303)
      assert.equal(await priceOf(subscription.id), large.id)
      const back = new URLSearchParams({ subscription: subscription.id, price: small.id, quantity: '1' })
      assert.equal((await fetch(`${session.url}/update`, { method: 'POST', redirect: 'manual', body: back })).status, 303)
      const after = await stripe.subscriptions.retrieve(subscription.id)
      if (since('acacia')) assert.ok(after.schedule)
      else assert.equal(after.items.data[0].price.id, small.id)
      await stripe.subscriptions.cancel(subscription.id)
    })
  })
}

test('everything that was emitted means what it says', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
})

test('everything that was emitted passes the types of the version that asked', () => {
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 300, JSON.stringify(checked))
  assert.ok(checked.events > 300, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
