// What applications call beyond the first purchase, in the words of each version: the six SDKs make the same changes, each in
// the form that its version takes, and get its version's shapes.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { payCheckout } from '../support/hosted_pages.mjs'
import { startSandbox, temporaryFolder } from '../support/processes.mjs'
import { judgeMeaning } from './invariants.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const record = join(temporaryFolder('versions'), 'recording.jsonl')
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

for (const { name, age, load } of sdks) {
  const since = (named) => age >= sdks.find((sdk) => sdk.name === named).age

  describe(`an application on ${name}`, () => {
    let stripe, product, small, large, customer, subscription

    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
      product = await stripe.products.create({ name: 'Pro' })
      const monthly = (unit_amount) => stripe.prices.create({ product: product.id, currency: 'usd', unit_amount, recurring: { interval: 'month' } })
      small = await monthly(2000)
      large = await monthly(6000)
      customer = await stripe.customers.create({ email: `${name}@example.com` })
      const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
      await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } })
    })

    test('subscribes by API', async () => {
      subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: small.id, quantity: 2 }], expand: ['latest_invoice'] })
      assert.equal(subscription.status, 'active')
      assert.equal(subscription.latest_invoice.total, 4000)
    })

    test('changes the plan: a credit and a debit that belong to the change', async () => {
      const [item] = subscription.items.data
      await stripe.subscriptions.update(subscription.id, { items: [{ id: item.id, price: large.id }], proration_behavior: 'create_prorations' })
      const pending = (await stripe.invoiceItems.list({ customer: customer.id, pending: true })).data
      assert.equal(pending.length, 2)
      const [credit, debit] = pending.map((one) => one.amount).sort((a, b) => a - b)
      assert.ok(credit < 0 && debit > 0 && Math.abs(debit + 3 * credit) <= 3, `${credit} ${debit}`)
      assert.ok(pending.every((one) => one.proration && one.currency === 'usd'))
    })

    test('sees the next invoice before it is made', async () => {
      const preview = since('basil') ? await stripe.invoices.createPreview({ subscription: subscription.id }) : await stripe.invoices.retrieveUpcoming({ subscription: subscription.id })
      // Two of the large plan for the next month, and the two prorations of this one.
      assert.ok(Math.abs(preview.total - 20000) <= 100, String(preview.total))
      assert.equal(preview.lines.data.length, 3)
    })

    test('cancels at the end, resumes, cancels', async () => {
      assert.equal((await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).cancel_at_period_end, true)
      assert.equal((await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false })).cancel_at, null)
      assert.equal((await stripe.subscriptions.cancel(subscription.id)).status, 'canceled')
    })

    test('saves a card by Checkout in setup mode', async () => {
      const session = await stripe.checkout.sessions.create({ mode: 'setup', customer: customer.id, currency: 'usd', success_url: 'http://127.0.0.1:9/' })
      await payCheckout(session.url, '5555555555554444')
      const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] })
      assert.deepEqual([done.status, done.setup_intent.status], ['complete', 'succeeded'])
      assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 2)
    })

    test('gives a discount by a code', async () => {
      const coupon = await stripe.coupons.create({ percent_off: 25, duration: 'once' })
      const code = `HELLO${age}`
      const form = since('clover') ? { promotion: { type: 'coupon', coupon: coupon.id }, code } : { coupon: coupon.id, code }
      const promotion = await stripe.promotionCodes.create(form)
      assert.equal(since('clover') ? promotion.promotion.coupon : promotion.coupon.id, coupon.id)
      assert.equal((await stripe.promotionCodes.list({ code })).data[0].id, promotion.id)
      const discounted = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: small.id }], discounts: [{ promotion_code: promotion.id }], expand: ['latest_invoice'] })
      assert.equal(discounted.latest_invoice.total, 1500)
      await stripe.subscriptions.cancel(discounted.id)
      const other = since('clover') ? { coupon: coupon.id, code: 'X' } : { promotion: { type: 'coupon', coupon: coupon.id }, code: 'X' }
      await assert.rejects(stripe.promotionCodes.create(other), { statusCode: 400, code: 'parameter_unknown' })
    })

    test('refunds all that is left', async () => {
      const charge = (await stripe.charges.list({ customer: customer.id })).data.find((one) => one.amount === 4000)
      await stripe.refunds.create({ payment_intent: charge.payment_intent, amount: 1000 })
      assert.equal((await stripe.refunds.create({ payment_intent: charge.payment_intent })).amount, 3000)
      assert.equal((await stripe.charges.retrieve(charge.id)).refunded, true)
    })
  })
}

test('everything that was emitted means what it says', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
})

test('everything that was emitted passes the types of the version that asked', () => {
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 120, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
