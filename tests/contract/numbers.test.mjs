// Money in all its shapes, driven by the six SDKs and judged by their types: coupons, promotion codes, previews, credit
// notes, balances.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startSandbox, temporaryFolder } from '../support/processes.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const record = join(temporaryFolder('numbers'), 'recording.jsonl')
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

for (const { name, version, age, load } of sdks) {
  const since = (named) => age >= sdks.find((sdk) => sdk.name === named).age
  describe(`numbers with the SDK of ${version}`, () => {
    let stripe, price, dear, customer, coupon, code, subscription

    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
      // Without a receiver no event would be recorded in this version.
      await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'], api_version: version })
      const product = await stripe.products.create({ name: 'Pro' })
      price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 4900, recurring: { interval: 'month' } })
      dear = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 9900, recurring: { interval: 'month' } })
      customer = await stripe.customers.create({ email: 'ada@example.com' })
      const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
      await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } })
    })

    test('coupons and promotion codes', async () => {
      coupon = await stripe.coupons.create({ percent_off: 12.5, duration: 'forever', name: 'An eighth' })
      assert.deepEqual([coupon.percent_off, coupon.valid], [12.5, true])
      const fixed = await stripe.coupons.create({ amount_off: 500, currency: 'usd', duration: 'repeating', duration_in_months: 3, max_redemptions: 1 })
      assert.equal((await stripe.coupons.list()).data[0].id, fixed.id)
      assert.equal((await stripe.coupons.update(fixed.id, { name: 'Five' })).name, 'Five')
      assert.equal((await stripe.coupons.del(fixed.id)).deleted, true)
      const named = `EIGHTH-${name}`
      code = await stripe.promotionCodes.create({ ...(since('clover') ? { promotion: { type: 'coupon', coupon: coupon.id } } : { coupon: coupon.id }), code: named })
      assert.equal(since('clover') ? code.promotion.coupon : code.coupon.id, coupon.id)
      assert.equal((await stripe.promotionCodes.list({ code: named.toLowerCase() })).data[0].id, code.id)
      await assert.rejects(stripe.promotionCodes.create({ ...(since('clover') ? { promotion: { type: 'coupon', coupon: coupon.id } } : { coupon: coupon.id }), code: named.toLowerCase() }), { statusCode: 400 })
    })

    test('a discounted subscription', async () => {
      const by = since('basil') ? { discounts: [{ promotion_code: code.id }] } : { promotion_code: code.id }
      subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], ...by, expand: ['latest_invoice'] })
      const invoice = subscription.latest_invoice
      assert.deepEqual([invoice.subtotal, invoice.total, invoice.amount_paid], [4900, 4287, 4287])
      assert.equal(invoice.total_discount_amounts[0].amount, 613)
      if (!since('basil')) assert.equal(subscription.discount.coupon.id, coupon.id)
      const seen = await stripe.subscriptions.retrieve(subscription.id, { expand: ['discounts'] })
      assert.equal(seen.discounts[0].object, 'discount')
      assert.equal((await stripe.coupons.retrieve(coupon.id)).times_redeemed, 1)
    })

    test('the preview of a change', async () => {
      const items = [{ id: subscription.items.data[0].id, price: dear.id }]
      const preview = since('acacia')
        ? await stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: { items } })
        : await stripe.invoices.retrieveUpcoming({ subscription: subscription.id, subscription_items: items })
      assert.equal(preview.lines.data.filter((line) => line.amount < 0).length, 1)
      assert.equal(preview.status, 'draft')
      assert.equal((await stripe.subscriptions.retrieve(subscription.id)).items.data[0].price.id, price.id)
      await stripe.subscriptions.update(subscription.id, { items })
      const waiting = await stripe.invoiceItems.list({ customer: customer.id, pending: true })
      assert.equal(waiting.data.length, 2)
      await stripe.subscriptions.deleteDiscount(subscription.id)
    })

    test('balances and credit notes', async () => {
      const moved = await stripe.customers.createBalanceTransaction(customer.id, { amount: -1000, currency: 'usd' })
      assert.equal(moved.ending_balance, -1000)
      await stripe.invoiceItems.create({ customer: customer.id, amount: 3000, currency: 'usd' })
      const draft = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: 'include' })
      const open = await stripe.invoices.finalizeInvoice(draft.id)
      assert.deepEqual([open.total, open.amount_due, open.starting_balance, open.ending_balance], [3000, 2000, -1000, 0])
      const early = await stripe.creditNotes.create({ invoice: open.id, amount: 500 })
      assert.deepEqual([early.type, (await stripe.invoices.retrieve(open.id)).amount_due], ['pre_payment', 1500])
      await stripe.creditNotes.voidCreditNote(early.id)
      assert.equal((await stripe.invoices.pay(open.id)).amount_paid, 2000)
      const late = await stripe.creditNotes.create({ invoice: open.id, amount: 700, refund_amount: 300, credit_amount: 400, memo: 'sorry' })
      assert.equal(late.type, 'post_payment')
      assert.equal((await stripe.creditNotes.list({ invoice: open.id })).data.length, 2)
      assert.equal((await stripe.creditNotes.listLineItems(late.id)).data[0].amount, 700)
      assert.equal((await stripe.creditNotes.preview({ invoice: open.id, amount: 100, credit_amount: 100 })).amount, 100)
      const moves = await stripe.customers.listBalanceTransactions(customer.id)
      assert.deepEqual(moves.data.map(({ type, amount }) => [type, amount]), [['credit_note', -400], ['applied_to_invoice', 1000], ['adjustment', -1000]])
    })

    test('a tax id', async () => {
      const taxId = await stripe.customers.createTaxId(customer.id, { type: 'eu_vat', value: 'DE123456789' })
      assert.deepEqual([taxId.type, taxId.country], ['eu_vat', 'DE'])
      assert.equal((await stripe.customers.listTaxIds(customer.id)).data.length, 1)
      assert.equal((await stripe.customers.deleteTaxId(customer.id, taxId.id)).deleted, true)
    })
  })
}

test('everything passes the types of the SDKs', () => {
  const { wrong } = judgeRecording(record)
  assert.deepEqual(wrong, [])
})
