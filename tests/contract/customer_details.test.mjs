// Who a customer is, on invoices and in the portal, and prices described inline, driven by the six SDKs and judged by their types.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startSandbox, temporaryFolder } from '../support/processes.mjs'
import { judgeMeaning } from './invariants.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const record = join(temporaryFolder('details'), 'recording.jsonl')
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

for (const { version, load } of sdks) {
  describe(`the SDK of ${version}`, () => {
    let stripe, customer
    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_details', { host: '127.0.0.1', port: sandbox.port, protocol: 'http' })
      customer = await stripe.customers.create({
        email: 'ada@example.com', name: 'Ada', phone: '123', address: { city: 'Berlin', country: 'DE' }, shipping: { name: 'Ada', address: { country: 'FR' } },
        tax_id_data: [{ type: 'eu_vat', value: 'DE123456789' }], payment_method: 'pm_card_visa', invoice_settings: { default_payment_method: 'pm_card_visa' },
      })
    })

    test('an invoice names its customer, until it is final as they are', async () => {
      await stripe.invoiceItems.create({ customer: customer.id, amount: 1000, currency: 'usd' })
      const draft = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: 'include' })
      assert.deepEqual([draft.customer_name, draft.customer_email, draft.customer_phone, draft.customer_address.city, draft.customer_shipping.address.country, draft.customer_tax_ids],
        ['Ada', 'ada@example.com', '123', 'Berlin', 'FR', [{ type: 'eu_vat', value: 'DE123456789' }]])
      await stripe.customers.update(customer.id, { name: 'Countess' })
      const final = await stripe.invoices.finalizeInvoice(draft.id)
      assert.equal(final.customer_name, 'Countess')
      await stripe.customers.update(customer.id, { name: 'Ada' })
      assert.equal((await stripe.invoices.retrieve(draft.id)).customer_name, 'Countess')
    })

    test('the portal lets them say who they are', async () => {
      const session = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'http://shop.example/', ...(version.endsWith('endive') ? { flow_data: { type: 'customer_update' } } : {}) })
      const answer = await fetch(`${session.url}/details`, {
        method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ email: 'countess@example.com', name: 'Ada', phone: '', address_city: 'Paris', address_country: 'FR', tax_id_type: 'eu_vat', tax_id_value: 'FR12345678901' }),
      })
      assert.equal(answer.status, 303, await answer.text())
      const after = await stripe.customers.retrieve(customer.id, { expand: ['tax_ids'] })
      assert.deepEqual([after.email, after.phone, after.address.city, after.tax_ids.data.length], ['countess@example.com', null, 'Paris', 2])
    })

    test('a subscription takes prices that are described', async () => {
      const product = await stripe.products.create({ name: 'Pro' })
      const price = (amount) => ({ currency: 'usd', product: product.id, unit_amount: amount, recurring: { interval: 'month' } })
      const { recurring, ...once } = price(500)
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price_data: price(1700) }], add_invoice_items: [{ price_data: once }] })
      assert.equal(subscription.items.data[0].price.active, false)
      assert.equal((await stripe.invoices.retrieve(subscription.latest_invoice)).amount_paid, 2200)
      const changed = await stripe.subscriptions.update(subscription.id, { items: [{ id: subscription.items.data[0].id, price_data: price(2700) }], proration_behavior: 'none' })
      assert.equal(changed.items.data[0].price.unit_amount, 2700)
      await assert.rejects(stripe.subscriptions.create({ customer: customer.id, items: [{ price: changed.items.data[0].price.id, price_data: price(1) }] }), { code: 'parameters_exclusive' })
    })
  })
}

test('everything means what it says and passes the types of the SDKs', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 50, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
