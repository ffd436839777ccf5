// Test clocks, disputes, and refunds that end later, as each version's SDK sees them.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startSandbox, temporaryFolder, until } from '../support/processes.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const record = join(temporaryFolder('contract-time'), 'recording.jsonl')
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

const frozen = 1735689600
const day = 86400

for (const { version, load } of sdks) {
  describe(`time and failure by the stripe SDK of ${version}`, () => {
    let stripe, endpoint
    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false })
      // Nobody listens there: what is sent is recorded all the same.
      endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/hook', enabled_events: ['*'], api_version: version })
    })
    after(async () => { await stripe.webhookEndpoints.del(endpoint.id) })

    const charged = async (card) => {
      const intent = await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', payment_method: card, confirm: true, return_url: 'http://127.0.0.1:9/' })
      return intent.latest_charge
    }

    test('a customer follows a test clock', async () => {
      const clock = await stripe.testHelpers.testClocks.create({ frozen_time: frozen, name: 'a month' })
      const customer = await stripe.customers.create({ test_clock: clock.id, payment_method: 'pm_card_visa', invoice_settings: { default_payment_method: 'pm_card_visa' } })
      const product = await stripe.products.create({ name: 'Pro' })
      const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 900, recurring: { interval: 'month' } })
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] })
      assert.deepEqual([subscription.test_clock, subscription.created], [clock.id, frozen])
      assert.equal((await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: frozen + 33 * day })).status, 'advancing')
      await until('the clock to be ready', async () => (await stripe.testHelpers.testClocks.retrieve(clock.id)).status === 'ready')
      const invoices = await stripe.invoices.list({ customer: customer.id })
      assert.deepEqual(invoices.data.map((invoice) => [invoice.status, invoice.billing_reason]), [['paid', 'subscription_cycle'], ['paid', 'subscription_create']])
      await assert.rejects(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: frozen }), { type: 'StripeInvalidRequestError' })
      assert.equal((await stripe.testHelpers.testClocks.del(clock.id)).deleted, true)
    })

    test('a dispute is won, another lost', async () => {
      for (const [evidence, end] of [['winning_evidence', 'won'], ['losing_evidence', 'lost']]) {
        const charge = await charged('pm_card_createDispute')
        const [dispute] = (await stripe.disputes.list({ charge })).data
        assert.equal(dispute.status, 'needs_response')
        await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: evidence }, submit: true })
        assert.equal((await stripe.disputes.retrieve(dispute.id)).status, end)
      }
      const [inquiry] = (await stripe.disputes.list({ charge: await charged('pm_card_createDisputeInquiry') })).data
      assert.equal((await stripe.disputes.close(inquiry.id)).status, 'lost')
    })

    test('refunds end later', async () => {
      const pending = await stripe.refunds.create({ charge: await charged('pm_card_pendingRefund') })
      const failing = await stripe.refunds.create({ charge: await charged('pm_card_refundFail') })
      assert.deepEqual([pending.status, failing.status], ['pending', 'succeeded'])
      await fetch(`http://127.0.0.1:${sandbox.port}/_sandbox/clock`, { method: 'POST', body: JSON.stringify({ advance_seconds: 4 * day }) })
      assert.equal((await stripe.refunds.retrieve(pending.id)).status, 'succeeded')
      assert.equal((await stripe.refunds.retrieve(failing.id)).status, 'failed')
    })
  })
}

test('all of it passes the types of the SDKs', () => {
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 100)
  assert.deepEqual(wrong, [])
})
