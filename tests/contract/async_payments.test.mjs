// Payments that take days (SEPA, ACH, Bacs), and payments that are captured by hand, as each version's SDK sees them.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { payCheckout, payCheckoutByBank } from '../support/hosted_pages.mjs'
import { startSandbox, temporaryFolder } from '../support/processes.mjs'
import { allEvents, judgeMeaning } from './invariants.mjs'
import { judgeRecording, sdks } from './stripe_contract.mjs'

const record = join(temporaryFolder('contract-async'), 'recording.jsonl')
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

const control = async (path, body) => {
  const response = await fetch(`http://127.0.0.1:${sandbox.port}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })
  assert.equal(response.status, 200, await response.clone().text())
  return response.json()
}
const days = (count) => control('clock', { advance_seconds: count * 86400 })
const billing_details = { name: 'Ada Lovelace', email: 'ada@example.com' }
const mandate_data = { customer_acceptance: { type: 'online', online: { ip_address: '127.0.0.1', user_agent: 'test' } } }

for (const { name, version, age, load } of sdks) {
  const since = (named) => age >= sdks.find((sdk) => sdk.name === named).age
  // The same wish in the words of each version.
  const only = (...types) => (since('endive') ? { allowed_payment_method_types: types } : { payment_method_types: types })

  describe(`payments that take days by the stripe SDK of ${version}`, () => {
    let stripe, endpoint, customer, prices

    before(async () => {
      const { default: Stripe } = await load()
      stripe = new Stripe('sk_test_0123456789abcdefghij', { host: '127.0.0.1', port: sandbox.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
      // Nobody listens there: what is sent is recorded all the same.
      endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/hook', enabled_events: ['*'], api_version: version })
      customer = await stripe.customers.create({ email: `${name}@example.com` })
      const product = await stripe.products.create({ name: 'Pro' })
      const price = (currency, more) => stripe.prices.create({ product: product.id, currency, unit_amount: 2900, ...more })
      prices = { eur: await price('eur', { recurring: { interval: 'month' } }), usd: await price('usd', { recurring: { interval: 'month' } }), once: await price('eur') }
    })
    after(async () => { await stripe.webhookEndpoints.del(endpoint.id) })

    // Events keep the version that they were made in, so that an SDK of another one would be misled by them.
    const happened = async (type, id) => (await allEvents(sandbox.url)).some((event) => event.type === type && event.data.object.id === id)

    test('a SEPA debit is processing, then it has succeeded', async () => {
      const method = await stripe.paymentMethods.create({ type: 'sepa_debit', sepa_debit: { iban: 'AT321904300235473204' }, billing_details })
      assert.deepEqual([method.sepa_debit.country, method.sepa_debit.last4], ['AT', '3204'])
      const intent = await stripe.paymentIntents.create({ amount: 1500, currency: 'eur', ...only('sepa_debit'), payment_method: method.id, confirm: true, mandate_data, expand: ['latest_charge'] })
      assert.deepEqual([intent.status, intent.latest_charge.status, intent.amount_received, intent.payment_method_types], ['processing', 'pending', 0, ['sepa_debit']])
      const mandate = await stripe.mandates.retrieve(intent.latest_charge.payment_method_details.sepa_debit.mandate)
      assert.deepEqual([mandate.status, mandate.payment_method], ['active', method.id])
      await days(5)
      const paid = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge.balance_transaction'] })
      assert.deepEqual([paid.status, paid.amount_received, paid.latest_charge.status, paid.latest_charge.balance_transaction.amount], ['succeeded', 1500, 'succeeded', 1500])
      for (const type of ['payment_intent.processing', 'payment_intent.succeeded']) assert.ok(await happened(type, intent.id), type)
      for (const type of ['charge.pending', 'charge.succeeded']) assert.ok(await happened(type, paid.latest_charge.id), type)

      const refund = await stripe.refunds.create({ payment_intent: intent.id })
      assert.equal(refund.status, 'pending')
      await days(5)
      assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'succeeded')
    })

    test('one that fails asks for another method', async () => {
      const intent = await stripe.paymentIntents.create({ amount: 1500, currency: 'eur', ...only('sepa_debit', 'card'), payment_method: 'pm_failedDelayed_de', confirm: true, mandate_data })
      await days(5)
      const failed = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] })
      assert.deepEqual([failed.status, failed.latest_charge.status, failed.latest_charge.failure_code], ['requires_payment_method', 'failed', 'generic_could_not_process'])
      assert.equal((await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa', return_url: 'http://127.0.0.1:9/' })).status, 'succeeded')
    })

    test('a US bank account is verified before it pays', async () => {
      const method = await stripe.paymentMethods.create({ type: 'us_bank_account', us_bank_account: { account_holder_type: 'individual', account_number: '000123456789', routing_number: '110000000' }, billing_details })
      const intent = await stripe.paymentIntents.create({ amount: 1500, currency: 'usd', ...only('us_bank_account'), payment_method: method.id, confirm: true, mandate_data })
      assert.deepEqual([intent.status, intent.next_action.type], ['requires_action', 'verify_with_microdeposits'])
      await assert.rejects(stripe.paymentIntents.verifyMicrodeposits(intent.id, { descriptor_code: 'SM99ZZ' }), { code: 'payment_method_microdeposit_verification_descriptor_code_mismatch' })
      assert.equal((await stripe.paymentIntents.verifyMicrodeposits(intent.id, { amounts: [32, 45] })).status, 'processing')
      assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded')
      const setup = await stripe.setupIntents.create({ customer: customer.id, ...only('us_bank_account'), payment_method: 'pm_usBankAccount_success', confirm: true, mandate_data })
      assert.deepEqual([setup.status, typeof setup.mandate], ['succeeded', 'string'])
    })

    test('without a mandate, in a wrong currency, of a kind that is not allowed: refused', async () => {
      const create = (more) => stripe.paymentIntents.create({ amount: 1500, confirm: true, ...more })
      await assert.rejects(create({ currency: 'eur', ...only('sepa_debit'), payment_method: 'pm_success_de' }), { statusCode: 400, code: 'payment_intent_mandate_invalid' })
      await assert.rejects(create({ currency: 'usd', payment_method: 'pm_success_de', mandate_data }), { statusCode: 400, param: 'currency' })
      await assert.rejects(create({ currency: 'eur', ...only('card'), payment_method: 'pm_success_de', mandate_data }), { statusCode: 400, param: 'payment_method' })
      const other = since('endive') ? { payment_method_types: ['card'] } : { allowed_payment_method_types: ['card'] }
      await assert.rejects(create({ currency: 'eur', ...other }), { statusCode: 400, code: since('endive') ? 'payment_method_types_no_longer_supported' : 'parameter_unknown' })
    })

    test('Checkout completes unpaid; the bank answers later', async () => {
      for (const [iban, status, type] of [['DE08370400440532013003', 'paid', 'checkout.session.async_payment_succeeded'], ['DE78370400440532013004', 'unpaid', 'checkout.session.async_payment_failed']]) {
        const session = await stripe.checkout.sessions.create({ mode: 'payment', ...only('card', 'sepa_debit'), line_items: [{ price: prices.once.id, quantity: 1 }], invoice_creation: { enabled: true }, success_url: 'http://127.0.0.1:9/' })
        await payCheckoutByBank(session.url, 'sepa_debit', iban)
        const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })
        assert.deepEqual([done.status, done.payment_status, done.payment_intent.status, done.invoice], ['complete', 'unpaid', 'processing', null])
        await days(5)
        const settled = await stripe.checkout.sessions.retrieve(session.id, { expand: ['invoice'] })
        assert.equal(settled.payment_status, status)
        assert.equal(settled.invoice?.status ?? null, status === 'paid' ? 'paid' : null)
        assert.ok(await happened(type, session.id), type)
      }
    })

    test('a subscription is active while its first debit is processed, and past due when it fails', async () => {
      for (const [iban, ends] of [['DE08370400440532013003', ['active', 'paid']], ['DE78370400440532013004', ['past_due', 'open']]]) {
        const session = await stripe.checkout.sessions.create({ mode: 'subscription', ...only('sepa_debit'), line_items: [{ price: prices.eur.id, quantity: 1 }], success_url: 'http://127.0.0.1:9/' })
        await payCheckoutByBank(session.url, 'sepa_debit', iban)
        const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription.latest_invoice'] })
        assert.deepEqual([done.payment_status, done.subscription.status, done.subscription.latest_invoice.status, done.subscription.latest_invoice.attempt_count], ['unpaid', 'active', 'open', 1])
        await days(5)
        const later = await stripe.subscriptions.retrieve(done.subscription.id, { expand: ['latest_invoice'] })
        assert.deepEqual([later.status, later.latest_invoice.status, later.latest_invoice.attempt_count], [...ends, 1])
        await stripe.subscriptions.cancel(later.id)
      }
    })

    test('an account saved by Checkout pays a subscription by the API, and its renewal', async () => {
      const session = await stripe.checkout.sessions.create({ mode: 'setup', customer: customer.id, currency: 'usd', ...only('us_bank_account'), success_url: 'http://127.0.0.1:9/' })
      await payCheckoutByBank(session.url, 'us_bank_account', '000123456789', { routing: '110000000' })
      const { setup_intent: setup } = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] })
      assert.equal(setup.status, 'succeeded')
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: prices.usd.id }], default_payment_method: setup.payment_method, expand: ['latest_invoice'] })
      assert.deepEqual([subscription.status, subscription.latest_invoice.status], ['active', 'open'])
      assert.equal((await stripe.invoices.retrieve(subscription.latest_invoice.id)).status, 'paid')
      await days(32)
      const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data
      assert.deepEqual([renewal.billing_reason, renewal.status], ['subscription_cycle', 'paid'])
      await control(`customers/${customer.id}/fail_payments`, { decline_code: 'insufficient_funds' })
      await days(31)
      assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, 'past_due')
      await stripe.subscriptions.cancel(subscription.id)
    })

    test('what is held is captured in part, or let go of', async () => {
      const hold = () => stripe.paymentIntents.create({ amount: 2000, currency: 'usd', payment_method: 'pm_card_visa', capture_method: 'manual', confirm: true, return_url: 'http://127.0.0.1:9/' })
      const held = await hold()
      assert.deepEqual([held.status, held.amount_capturable, held.amount_received], ['requires_capture', 2000, 0])
      await assert.rejects(stripe.paymentIntents.capture(held.id, { amount_to_capture: 2001 }), { statusCode: 400, code: 'amount_too_large' })
      const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1500, expand: ['latest_charge'] })
      assert.deepEqual([captured.status, captured.amount_received, captured.amount_capturable, captured.latest_charge.amount_captured], ['succeeded', 1500, 0, 1500])
      await assert.rejects(stripe.paymentIntents.capture(held.id), { code: 'payment_intent_unexpected_state' })
      assert.equal((await stripe.refunds.create({ payment_intent: held.id })).amount, 1500)
      const released = await stripe.paymentIntents.cancel((await hold()).id, { cancellation_reason: 'requested_by_customer', expand: ['latest_charge'] })
      assert.deepEqual([released.status, released.latest_charge.captured, released.latest_charge.refunded], ['canceled', false, true])
      const forgotten = await hold()
      await days(8)
      assert.equal((await stripe.paymentIntents.retrieve(forgotten.id)).status, 'canceled')
    })

    test('Checkout holds a payment, too', async () => {
      const session = await stripe.checkout.sessions.create({ mode: 'payment', line_items: [{ price: prices.once.id, quantity: 1 }], payment_intent_data: { capture_method: 'manual' }, success_url: 'http://127.0.0.1:9/' })
      await payCheckout(session.url, '4242424242424242')
      const done = await stripe.checkout.sessions.retrieve(session.id)
      assert.deepEqual([done.status, done.payment_status], ['complete', 'unpaid'])
      await stripe.paymentIntents.capture(done.payment_intent)
      assert.equal((await stripe.checkout.sessions.retrieve(session.id)).payment_status, 'paid')
    })

    test('Checkout without a payment: a trial without a card, all of it off, a trial with a bank account', async () => {
      const coupon = await stripe.coupons.create({ percent_off: 100, duration: 'once' })
      const open = (more) => stripe.checkout.sessions.create({ success_url: 'http://127.0.0.1:9/', ...more })
      const done = async (session) => {
        const { status, payment_status, payment_intent, subscription } = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription'] })
        assert.deepEqual([status, payment_status, payment_intent], ['complete', 'no_payment_required', null])
        return subscription
      }
      const free = await open({ mode: 'payment', line_items: [{ price: prices.once.id, quantity: 1 }], discounts: [{ coupon: coupon.id }] })
      await payCheckout(free.url, '')
      assert.equal(await done(free), null)
      const trial = { mode: 'subscription', line_items: [{ price: prices.eur.id, quantity: 1 }], subscription_data: { trial_period_days: 14 } }
      const cardless = await open({ ...trial, payment_method_collection: 'if_required' })
      await payCheckout(cardless.url, '')
      const begun = await done(cardless)
      assert.deepEqual([begun.status, begun.default_payment_method], ['trialing', null])
      const banked = await open({ ...trial, ...only('sepa_debit') })
      await payCheckoutByBank(banked.url, 'sepa_debit', 'DE89370400440532013000')
      const trialing = await done(banked)
      assert.equal((await stripe.paymentMethods.retrieve(trialing.default_payment_method)).type, 'sepa_debit')
      await days(15)
      assert.equal((await stripe.subscriptions.retrieve(trialing.id)).status, 'active')
      for (const { id } of [begun, trialing]) await stripe.subscriptions.cancel(id)
    })

    test('the network renews a card', async () => {
      const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
      await control(`payment_methods/${method.id}/update_automatically`, { exp_month: 11, exp_year: 2040 })
      assert.equal((await stripe.paymentMethods.retrieve(method.id)).card.exp_year, 2040)
      assert.ok(await happened('payment_method.automatically_updated', method.id))
    })
  })
}

test('everything that was emitted means what it says', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
})

test('everything that was emitted passes the types of the version that asked', () => {
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 300 && checked.events > 300, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
