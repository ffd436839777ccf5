// Taxes, currencies, search and the account, driven by the six SDKs and judged by their types.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { payCheckout } from '../support/hosted_pages.mjs'
import { startSandbox, temporaryFolder } from '../support/processes.mjs'
import { judgeMeaning } from './invariants.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const record = join(temporaryFolder('taxes'), 'recording.jsonl')
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

const sum = (list, pick) => list.reduce((total, one) => total + pick(one), 0)

for (const { name, version, age, load } of sdks) {
  const since = (named) => age >= sdks.find((sdk) => sdk.name === named).age
  describe(`taxes with the SDK of ${version}`, () => {
    let stripe, price, customer, vat, included, subscription

    // What the versions call the taxes of an invoice or a line: [amount, inclusive, rate].
    const taxesOf = (object) => (object.total_taxes ?? object.taxes ?? object.total_tax_amounts ?? object.tax_amounts)
      .map((tax) => (since('basil') ? [tax.amount, tax.tax_behavior === 'inclusive', tax.tax_rate_details.tax_rate] : [tax.amount, tax.inclusive, tax.tax_rate]))

    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
      // Without a receiver no event would be recorded in this version.
      await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'], api_version: version })
      const product = await stripe.products.create({ name: `Pro ${name}` })
      price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 3333, recurring: { interval: 'month' }, currency_options: { eur: { unit_amount: 2999, tax_behavior: 'inclusive' }, jpy: { unit_amount: 4000 } } })
      customer = await stripe.customers.create({ email: 'ada@example.com', name: `Ada ${name}`, address: { country: 'DE', city: 'Berlin', line1: 'Weg 1' }, metadata: { sdk: name } })
      const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
      await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } })
    })

    test('tax rates', async () => {
      vat = await stripe.taxRates.create({ display_name: 'VAT', percentage: 19.6, inclusive: false, country: 'FR', jurisdiction: 'FR', tax_type: 'vat' })
      included = await stripe.taxRates.create({ display_name: 'GST', percentage: 10, inclusive: true })
      assert.deepEqual([vat.percentage, vat.inclusive, included.inclusive], [19.6, false, true])
      assert.equal((await stripe.taxRates.update(vat.id, { description: 'of goods' })).description, 'of goods')
      assert.equal((await stripe.taxRates.list({ inclusive: true })).data[0].id, included.id)
      await assert.rejects(stripe.taxRates.retrieve('txr_none'), { statusCode: 404, code: 'resource_missing' })
    })

    test('a taxed subscription: the lines, their discounts and their taxes are the total', async () => {
      const coupon = await stripe.coupons.create({ percent_off: 12.5, duration: 'forever' })
      subscription = await stripe.subscriptions.create({
        customer: customer.id, items: [{ price: price.id, quantity: 3, tax_rates: [included.id] }, { price: price.id }], default_tax_rates: [vat.id],
        ...(since('basil') ? { discounts: [{ coupon: coupon.id }] } : { coupon: coupon.id }), expand: ['latest_invoice'],
      })
      const invoice = subscription.latest_invoice
      assert.deepEqual(subscription.default_tax_rates.map((rate) => rate.id), [vat.id])
      const lines = invoice.lines.data
      const off = sum(lines, (line) => sum(line.discount_amounts, (one) => one.amount))
      const added = sum(lines.flatMap(taxesOf), ([amount, inclusive]) => (inclusive ? 0 : amount))
      assert.equal(sum(lines, (line) => line.amount) - off + added, invoice.total)
      assert.equal(sum(taxesOf(invoice), ([amount]) => amount), sum(lines.flatMap(taxesOf), ([amount]) => amount))
      assert.deepEqual(taxesOf(invoice).map(([, , rate]) => rate).sort(), [vat.id, included.id].sort())
      assert.equal(invoice.total_excluding_tax, invoice.total - sum(taxesOf(invoice), ([amount]) => amount))
      if (!since('basil')) assert.equal(invoice.tax, sum(taxesOf(invoice), ([amount]) => amount))
      assert.equal(invoice.amount_paid, invoice.total)
    })

    test('automatic tax', async () => {
      const taxed = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], automatic_tax: { enabled: true }, currency: 'usd', expand: ['latest_invoice'] })
      assert.deepEqual([taxed.automatic_tax.enabled, taxed.latest_invoice.automatic_tax.status], [true, 'complete'])
      const [[amount, inclusive, rate]] = taxesOf(taxed.latest_invoice)
      assert.deepEqual([amount, inclusive], [633, false])
      assert.equal((await stripe.taxRates.retrieve(rate)).country, 'DE')
      const { tax } = await stripe.customers.retrieve(customer.id, { expand: ['tax'] })
      assert.deepEqual([tax.automatic_tax, tax.location.country], ['supported', 'DE'])
      const nowhere = await stripe.customers.create({})
      await assert.rejects(stripe.subscriptions.create({ customer: nowhere.id, items: [{ price: price.id }], automatic_tax: { enabled: true } }), { statusCode: 400, code: 'customer_tax_location_invalid' })
    })

    test('Checkout with tax rates, in another currency', async () => {
      const session = await stripe.checkout.sessions.create({ mode: 'subscription', currency: 'eur', line_items: [{ price: price.id, quantity: 1, tax_rates: [vat.id] }], success_url: 'http://127.0.0.1:9/' })
      assert.deepEqual([session.currency, session.amount_subtotal, session.total_details.amount_tax, session.amount_total], ['eur', 2999, 588, 3587])
      await payCheckout(session.url, '4242424242424242')
      const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription.latest_invoice', 'line_items.data.taxes', 'total_details.breakdown'] })
      assert.deepEqual([paid.subscription.latest_invoice.amount_paid, paid.subscription.currency], [3587, 'eur'])
      assert.equal(paid.line_items.data[0].taxes[0].rate.id, vat.id)
      assert.equal(paid.total_details.breakdown.taxes[0].amount, 588)
    })

    test('prices, coupons and customers in several currencies', async () => {
      const shown = await stripe.prices.retrieve(price.id, { expand: ['currency_options'] })
      assert.deepEqual(Object.keys(shown.currency_options).sort(), ['eur', 'jpy', 'usd'])
      assert.equal(shown.currency_options.eur.unit_amount, 2999)
      const coupon = await stripe.coupons.create({ amount_off: 500, currency: 'usd', currency_options: { jpy: { amount_off: 700 } }, duration: 'once' })
      assert.equal((await stripe.coupons.retrieve(coupon.id, { expand: ['currency_options'] })).currency_options.jpy.amount_off, 700)
      const yen = await stripe.customers.create({ payment_method: 'pm_card_visa' })
      const [method] = (await stripe.customers.listPaymentMethods(yen.id)).data
      const bought = await stripe.subscriptions.create({ customer: yen.id, currency: 'jpy', items: [{ price: price.id }], default_payment_method: method.id, expand: ['latest_invoice'],
        ...(since('basil') ? { discounts: [{ coupon: coupon.id }] } : { coupon: coupon.id }) })
      assert.deepEqual([bought.currency, bought.latest_invoice.amount_paid], ['jpy', 3300])
      await assert.rejects(stripe.paymentIntents.create({ amount: 5005, currency: 'kwd' }), { statusCode: 400, param: 'amount' })
      await assert.rejects(stripe.paymentIntents.create({ amount: 49, currency: 'jpy' }), { statusCode: 400, code: 'amount_too_small' })
    })

    test('a draft with lines of its own, and a credit note with tax', async () => {
      const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd', default_tax_rates: [vat.id], pending_invoice_items_behavior: 'exclude' })
      const item = await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 1000, description: 'Work' })
      await stripe.invoiceItems.update(item.id, { amount: 2000 })
      if (since('acacia')) {
        const more = await stripe.invoices.addLines(draft.id, { lines: [{ amount: 100, description: 'Pen' }] })
        assert.equal(more.lines.data.length, 2)
        await stripe.invoices.removeLines(draft.id, { lines: [{ id: more.lines.data[1].id, behavior: 'delete' }] })
      }
      const paid = await stripe.invoices.pay((await stripe.invoices.finalizeInvoice(draft.id)).id)
      assert.deepEqual([paid.subtotal, paid.total, paid.amount_paid], [2000, 2392, 2392])
      const note = await stripe.creditNotes.create({ invoice: paid.id, lines: [{ type: 'invoice_line_item', invoice_line_item: paid.lines.data[0].id, amount: 500 }], credit_amount: 598 })
      assert.deepEqual([note.subtotal, note.total, taxesOf(note)[0][0]], [500, 598, 98])
    })

    test('search', async () => {
      const query = `metadata['sdk']:'${name}' AND name~"ada"`
      const found = await stripe.customers.search({ query, expand: ['total_count'] })
      assert.deepEqual([found.object, found.total_count, found.data[0].id, found.next_page], ['search_result', 1, customer.id, null])
      const pages = []
      for await (const one of stripe.subscriptions.search({ query: "status:'active'", limit: 2 })) pages.push(one.id)
      assert.equal(new Set(pages).size, pages.length)
      assert.ok(pages.includes(subscription.id))
      assert.equal((await stripe.prices.search({ query: `product:'${price.product}'` })).data[0].id, price.id)
      assert.ok((await stripe.invoices.search({ query: `customer:'${customer.id}' AND total>1000` })).data.length > 1)
      assert.ok((await stripe.charges.search({ query: "payment_method_details.card.last4:'4242'" })).data.length > 1)
      assert.ok((await stripe.paymentIntents.search({ query: '-status:"canceled"' })).data.length > 1)
      assert.equal((await stripe.products.search({ query: `name:"pro ${name}"` })).data.length, 1)
      await assert.rejects(stripe.products.search({ query: 'name:pro' }), { statusCode: 400, param: 'query' })
    })

    test('the account', async () => {
      const account = await stripe.accounts.retrieve()
      assert.equal((await stripe.accounts.retrieve(account.id)).id, account.id)
      await assert.rejects(stripe.accounts.create({}), { statusCode: 404, message: /sandbox lacks this route; Stripe has it. Connect/ })
      await assert.rejects(stripe.customers.list({}, { stripeAccount: 'acct_other' }), { code: 'sandbox_unsupported' })
    })
  })
}

test('everything means what it says', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
})

test('everything passes the types of the SDKs', () => {
  const { wrong } = judgeRecording(record)
  assert.deepEqual(wrong, [])
})
