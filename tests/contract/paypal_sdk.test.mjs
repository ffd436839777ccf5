// The official PayPal SDK drives the sandbox; what it has no calls for is called plainly. Everything that the sandbox answers
// and every event that it sends must then pass PayPal's own OpenAPI documents, and every signature its own offline check.
import { strict as assert } from 'node:assert'
import { createVerify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import axios from 'axios'
import { CheckoutPaymentIntent, Client, Environment, OrdersController, PaymentsController, PatchOp, SubscriptionsController } from '@paypal/paypal-server-sdk'
import { approve, linkOf } from '../support/paypal_pages.mjs'
import { startSandbox, temporaryFolder, until } from '../support/processes.mjs'
import { judgePayPalRecording } from './paypal_contract.mjs'

const folder = temporaryFolder('paypal')
const record = join(folder, 'recording.jsonl')
const caFile = join(folder, 'root.pem')
const webhookId = '0PAYDESKSANDBOX01'
const got = [] // deliveries, as they came
let refused = { times: 0, about: () => false } // deliveries that are answered with 500
let sandbox, receiver, orders, payments, subscriptions, token
before(async () => {
  receiver = createServer((request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const event = JSON.parse(body)
      got.push({ headers: request.headers, body, event })
      response.statusCode = refused.about(event.resource) && refused.times-- > 0 ? 500 : 200
      response.end()
    })
  })
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  sandbox = await startSandbox({ record, args: ['--seed', '5', '--paypal-webhook-url', `http://127.0.0.1:${receiver.address().port}/hook`, '--paypal-ca-file', caFile] })
  await logIn()
})
after(async () => {
  receiver.closeAllConnections()
  receiver.close()
  assert.equal(await sandbox?.stop(), 0)
})

const basic = (text) => ({ authorization: `Basic ${btoa(text)}`, 'content-type': 'application/x-www-form-urlencoded' })
// Tokens end on the sandbox's clock, and the SDK looks at its own: whoever moves the one logs in again.
async function logIn() {
  const http = axios.getAdapter('http')
  const client = new Client({
    clientCredentialsAuthCredentials: { oAuthClientId: 'paydesk_sandbox_client', oAuthClientSecret: 'paydesk_sandbox_secret' },
    environment: Environment.Sandbox,
    // The SDK's hosts are fixed.
    unstable_httpClientOptions: { adapter: (config) => http({ ...config, url: config.url.replace('https://api-m.sandbox.paypal.com', `${sandbox.url}/paypal`) }) },
  })
  orders = new OrdersController(client)
  payments = new PaymentsController(client)
  subscriptions = new SubscriptionsController(client)
  token = (await call('POST', '/v1/oauth2/token', 'grant_type=client_credentials', basic('paydesk_sandbox_client:paydesk_sandbox_secret'))).body.access_token
}

async function call(method, path, body, headers = {}) {
  const response = await fetch(`${sandbox.url}/paypal${path}`, { method, body: typeof body === 'string' || !body ? body : JSON.stringify(body), headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers } })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null }
}
const whole = { prefer: 'return=representation' }
const control = async (path, body) => (await fetch(`${sandbox.url}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body ?? {}) })).json()
async function advance(days) {
  await control('clock', { advance_seconds: Math.round(days * 86400) })
  await logIn()
}
const now = async () => (await (await fetch(`${sandbox.url}/_sandbox/clock`)).json()).now
// The events of this type that came, oldest first; waits for so many.
const came = (type, count = 1, about = () => true) => until(`${count} ${type}`, () => {
  const all = got.filter(({ event }) => event.event_type === type && about(event.resource))
  return all.length >= count && all
})
// "422 ORDER_NOT_APPROVED"; the SDK reads the body of those statuses only for which a call has its own words.
const issue = async (promise) => {
  try {
    await promise
  } catch (error) {
    assert.ok(error.statusCode, error.stack)
    return `${error.statusCode} ${(error.result ?? JSON.parse(error.body)).details?.[0]?.issue}`
  }
  return 'nothing'
}
let number = 0
const key = () => `test-${(number += 1)}`
const unit = (value, more = {}) => ({ referenceId: 'default', amount: { currencyCode: 'USD', value }, customId: 'user-1', ...more })
const urls = { returnUrl: 'http://127.0.0.1:9/return', cancelUrl: 'http://127.0.0.1:9/cancel' }
const newOrder = async (value = '19.00', more = {}) => (await orders.createOrder({ paypalRequestId: key(), ...whole, body: { intent: CheckoutPaymentIntent.Capture, purchaseUnits: [unit(value, more)], paymentSource: { paypal: { experienceContext: urls } } } })).result
const captureOf = (order) => order.purchaseUnits[0].payments.captures[0]

describe('orders', () => {
  test('a payment source gives payer-action, approval and capture; the custom id is everywhere', async () => {
    const order = await newOrder('19.00', { description: '100 credits', invoiceId: 'inv-1' })
    assert.equal(order.status, 'PAYER_ACTION_REQUIRED')
    assert.equal(linkOf(order, 'approve'), undefined)
    assert.equal(await issue(orders.captureOrder({ id: order.id, paypalRequestId: key() })), '422 ORDER_NOT_APPROVED')
    const page = await (await fetch(linkOf(order, 'payer-action'))).text()
    assert.match(page, /19\.00 USD/)
    assert.match(page, /data-testid="approve-button"/)
    assert.match(await approve(linkOf(order, 'payer-action')), new RegExp(`^http://127.0.0.1:9/return\\?token=${order.id}&PayerID=[2-9A-HJ-NP-Z]{13}$`))
    assert.equal((await orders.getOrder({ id: order.id })).result.status, 'APPROVED')
    const captured = (await orders.captureOrder({ id: order.id, paypalRequestId: key(), ...whole })).result
    const capture = captureOf(captured)
    assert.equal(captured.status, 'COMPLETED')
    assert.deepEqual([capture.status, capture.customId, capture.invoiceId, capture.amount.value], ['COMPLETED', 'user-1', 'inv-1', '19.00'])
    assert.equal(captured.purchaseUnits[0].customId, 'user-1')
    const { grossAmount, paypalFee, netAmount } = capture.sellerReceivableBreakdown
    assert.equal(Math.round(100 * (Number(grossAmount.value) - Number(paypalFee.value))), Math.round(100 * Number(netAmount.value)))
    assert.equal((await payments.getCapturedPayment({ captureId: capture.id })).result.status, 'COMPLETED')
    assert.equal(await issue(orders.captureOrder({ id: order.id, paypalRequestId: key() })), '422 ORDER_ALREADY_CAPTURED')
    await came('CHECKOUT.ORDER.COMPLETED', 1, (resource) => resource.id === order.id)
    const told = got.map(({ event }) => event.event_type).filter((type) => /CHECKOUT|CAPTURE/.test(type))
    assert.deepEqual(told.slice(-3), ['CHECKOUT.ORDER.APPROVED', 'PAYMENT.CAPTURE.COMPLETED', 'CHECKOUT.ORDER.COMPLETED'])
    const again = await newOrder('19.00', { invoiceId: 'inv-1' })
    await approve(linkOf(again, 'payer-action'))
    assert.equal(await issue(orders.captureOrder({ id: again.id, paypalRequestId: key() })), '422 DUPLICATE_INVOICE_ID')
  })

  test('an application context gives approve; cancelling goes back and leaves it as it was', async () => {
    const { result: order } = await orders.createOrder({ ...whole, body: { intent: CheckoutPaymentIntent.Capture, purchaseUnits: [unit('5.00')], applicationContext: urls } })
    assert.equal(order.status, 'CREATED')
    assert.equal(await approve(linkOf(order, 'approve'), { answer: 'cancel' }), `http://127.0.0.1:9/cancel?token=${order.id}`)
    assert.equal((await orders.getOrder({ id: order.id })).result.status, 'CREATED')
    await orders.patchOrder({ id: order.id, body: [{ op: PatchOp.Replace, path: "/purchase_units/@reference_id=='default'/amount", value: { currency_code: 'USD', value: '7.00' } }] })
    assert.equal((await orders.getOrder({ id: order.id })).result.purchaseUnits[0].amount.value, '7.00')
  })

  test('minimal says id, status and links; a request id answers once more with 200', async () => {
    const body = { intent: 'CAPTURE', purchase_units: [{ amount: { currency_code: 'USD', value: '3.00' } }] }
    const first = await call('POST', '/v2/checkout/orders', body, { 'paypal-request-id': 'again' })
    const second = await call('POST', '/v2/checkout/orders', body, { 'paypal-request-id': 'again' })
    assert.deepEqual([first.status, second.status], [201, 200])
    assert.deepEqual(first.body, second.body)
    assert.deepEqual(Object.keys(first.body), ['id', 'status', 'links'])
    assert.match(first.headers.get('paypal-debug-id'), /^[0-9a-z]{13}$/)
    await advance(0.26)
    assert.equal((await call('POST', '/v2/checkout/orders', body, { 'paypal-request-id': 'again' })).status, 201)
    assert.equal((await call('GET', `/v2/checkout/orders/${first.body.id}`)).status, 404, 'nobody approved it in six hours')
    const sourced = await call('POST', '/v2/checkout/orders', { ...body, payment_source: { paypal: {} } })
    assert.equal(sourced.body.details[0].issue, 'PAYPAL_REQUEST_ID_REQUIRED')
  })

  test('a declined instrument leaves it approved; another way to pay is asked for and works', async () => {
    const order = await newOrder('8.00')
    await approve(linkOf(order, 'payer-action'), { funding: 'declined' })
    const declined = await call('POST', `/v2/checkout/orders/${order.id}/capture`, undefined, {})
    assert.deepEqual([declined.status, declined.body.details[0].issue], [422, 'INSTRUMENT_DECLINED'])
    assert.equal((await orders.getOrder({ id: order.id })).result.status, 'APPROVED')
    await approve(linkOf(declined.body, 'redirect'))
    assert.equal(captureOf((await orders.captureOrder({ id: order.id, ...whole })).result).status, 'COMPLETED')
  })

  test('eChecks are pending for days and then arrive, or not; a capture may come out declined', async () => {
    const captured = {}
    for (const funding of ['echeck', 'bounced_echeck', 'refused']) {
      const order = await newOrder('9.00')
      await approve(linkOf(order, 'payer-action'), { funding })
      const { result } = await orders.captureOrder({ id: order.id, ...whole })
      assert.equal(result.status, 'COMPLETED')
      captured[funding] = captureOf(result)
    }
    assert.deepEqual([captured.echeck.status, captured.echeck.statusDetails.reason, captured.refused.status], ['PENDING', 'ECHECK', 'DECLINED'])
    assert.equal(await issue(payments.refundCapturedPayment({ captureId: captured.echeck.id })), '422 PENDING_CAPTURE')
    await advance(6)
    await came('PAYMENT.CAPTURE.COMPLETED', 1, (resource) => resource.id === captured.echeck.id)
    await came('PAYMENT.CAPTURE.DENIED', 1, (resource) => resource.id === captured.bounced_echeck.id)
    const { result: refund } = await payments.refundCapturedPayment({ captureId: captured.echeck.id, ...whole })
    assert.equal(refund.status, 'PENDING')
    await advance(4)
    await came('PAYMENT.CAPTURE.REFUNDED', 1, (resource) => resource.id === refund.id)
  })

  test('an approval that is not captured is reversed', async () => {
    const order = await newOrder('8.00')
    await approve(linkOf(order, 'payer-action'))
    await advance(4)
    await came('CHECKOUT.PAYMENT-APPROVAL.REVERSED', 1, (resource) => resource.order_id === order.id)
    assert.equal((await orders.getOrder({ id: order.id })).result.status, 'VOIDED')
  })

  test('money is held to the currency; sums have to add up', async () => {
    const with_ = async (currency_code, value, more = {}) => {
      const { status, body } = await call('POST', '/v2/checkout/orders', { intent: 'CAPTURE', purchase_units: [{ amount: { currency_code, value, ...more } }] })
      return body.details?.[0]?.issue ?? status
    }
    for (const [currency, value, expected] of [
      ['USD', '1', 201], ['USD', '.5', 201], ['USD', '1.005', 'DECIMAL_PRECISION'], ['USD', '0.00', 'CANNOT_BE_ZERO_OR_NEGATIVE'], ['USD', '-1', 'CANNOT_BE_ZERO_OR_NEGATIVE'], ['USD', '1,00', 'INVALID_PARAMETER_SYNTAX'],
      ['JPY', '500', 201], ['JPY', '500.0', 'DECIMALS_NOT_SUPPORTED'], ['HUF', '1.5', 'DECIMALS_NOT_SUPPORTED'], ['TWD', '1.50', 'DECIMALS_NOT_SUPPORTED'], ['KWD', '1.00', 'INVALID_CURRENCY_CODE'],
      ['USD', '9999999999999999.99', 'MAX_VALUE_EXCEEDED'], ['USD', '', 'INVALID_PARAMETER_SYNTAX'],
    ]) assert.equal(await with_(currency, value), expected, `${value} ${currency}`)
    const parts = { breakdown: { item_total: { currency_code: 'USD', value: '9.00' }, tax_total: { currency_code: 'USD', value: '1.00' } } }
    assert.equal(await with_('USD', '10.00', parts), 201)
    assert.equal(await with_('USD', '10.01', parts), 'AMOUNT_MISMATCH')
    assert.equal(await with_('USD', '10.00', { breakdown: { ...parts.breakdown, tax_total: { currency_code: 'EUR', value: '1.00' } } }), 'MULTI_CURRENCY_ORDER')
  })

  test('what the sandbox has not is refused by name', async () => {
    assert.equal(await issue(orders.createOrder({ body: { intent: CheckoutPaymentIntent.Authorize, purchaseUnits: [unit('1.00')] } })), '400 NOT_SUPPORTED')
    const order = await newOrder()
    assert.equal(await issue(orders.authorizeOrder({ id: order.id })), '422 ACTION_DOES_NOT_MATCH_INTENT')
    assert.equal(await issue(orders.confirmOrder({ id: order.id, body: { paymentSource: {} } })), '404 INVALID_URI')
    assert.equal(await issue(payments.getAuthorizedPayment({ authorizationId: '1' })), '404 INVALID_URI')
    assert.equal(await issue(orders.getOrder({ id: 'NOTHING' })), '404 INVALID_RESOURCE_ID')
  })

  test('errors on demand: PayPal-Mock-Response', async () => {
    for (const [code, status] of [['INSTRUMENT_DECLINED', 422], ['PAYER_CANNOT_PAY', 422], ['PERMISSION_DENIED', 403], ['INTERNAL_SERVER_ERROR', 500]]) {
      const header = { 'paypal-mock-response': JSON.stringify({ mock_application_codes: code }) }
      const answer = await call('POST', '/v2/checkout/orders', {}, header)
      assert.equal(answer.status, status)
      assert.equal(answer.body.details?.[0]?.issue ?? answer.body.name, code)
    }
  })
})

describe('refunds', () => {
  async function captured(value) {
    const order = await newOrder(value)
    await approve(linkOf(order, 'payer-action'))
    return captureOf((await orders.captureOrder({ id: order.id, ...whole })).result)
  }

  test('in part and whole, never more than was paid', async () => {
    const { id } = await captured('20.00')
    const part = { currencyCode: 'USD', value: '5.00' }
    const { result: first } = await payments.refundCapturedPayment({ captureId: id, paypalRequestId: key(), ...whole, body: { amount: part, noteToPayer: 'sorry', invoiceId: 'refund-1' } })
    assert.deepEqual([first.status, first.amount.value, first.sellerPayableBreakdown.totalRefundedAmount.value], ['COMPLETED', '5.00', '5.00'])
    assert.equal((await payments.getRefund({ refundId: first.id })).result.noteToPayer, 'sorry')
    assert.equal((await payments.getCapturedPayment({ captureId: id })).result.status, 'PARTIALLY_REFUNDED')
    const tries = (body) => issue(payments.refundCapturedPayment({ captureId: id, body }))
    assert.equal(await tries({ amount: { currencyCode: 'USD', value: '15.01' } }), '422 REFUND_AMOUNT_EXCEEDED')
    assert.equal(await tries({ amount: { currencyCode: 'EUR', value: '1.00' } }), '422 REFUND_CAPTURE_CURRENCY_MISMATCH')
    assert.equal(await tries({ amount: { currencyCode: 'USD', value: '0.001' } }), '422 DECIMAL_PRECISION')
    assert.equal(await tries({ amount: part, invoiceId: 'refund-1' }), '422 DUPLICATE_INVOICE_ID')
    const { result: rest } = await payments.refundCapturedPayment({ captureId: id, paypalRequestId: 'rest' })
    assert.deepEqual(Object.keys(rest).sort(), ['id', 'links', 'status'])
    assert.equal((await payments.refundCapturedPayment({ captureId: id, paypalRequestId: 'rest' })).result.id, rest.id)
    assert.equal(await tries({}), '422 CAPTURE_FULLY_REFUNDED')
    assert.equal((await payments.getCapturedPayment({ captureId: id })).result.status, 'REFUNDED')
    const [{ event }] = await came('PAYMENT.CAPTURE.REFUNDED', 1, (resource) => resource.id === rest.id)
    assert.match(linkOf(event.resource, 'up'), new RegExp(`/captures/${id}$`))
  })

  test('after half a year no more; while it is disputed only whole', async () => {
    const [old, disputed] = [await captured('4.00'), await captured('6.00')]
    const opened = await control(`paypal/captures/${disputed.id}/dispute`, { reason: 'UNAUTHORISED' })
    assert.equal(await issue(payments.refundCapturedPayment({ captureId: disputed.id, body: { amount: { currencyCode: 'USD', value: '1.00' } } })), '422 TRANSACTION_DISPUTED')
    assert.equal((await call('GET', `/v1/customer/disputes/${opened.dispute_id}`)).body.status, 'OPEN')
    await control(`paypal/disputes/${opened.dispute_id}/resolve`, { outcome: 'buyer' })
    await came('CUSTOMER.DISPUTE.CREATED')
    await came('PAYMENT.CAPTURE.REVERSED')
    await came('CUSTOMER.DISPUTE.RESOLVED')
    await advance(181)
    const late = await call('POST', `/v2/payments/captures/${old.id}/refund`, {})
    assert.equal(late.body.details[0].issue, 'REFUND_TIME_LIMIT_EXCEEDED')
  })
})

describe('tokens', () => {
  test('a wrong secret, no token, a wrong one, one that has expired', async () => {
    const wrong = await call('POST', '/v1/oauth2/token', 'grant_type=client_credentials', basic('paydesk_sandbox_client:wrong'))
    assert.deepEqual([wrong.status, wrong.body.error], [401, 'invalid_client'])
    const { body } = await call('POST', '/v1/oauth2/token', 'grant_type=client_credentials', basic('paydesk_sandbox_client:paydesk_sandbox_secret'))
    assert.equal(body.token_type, 'Bearer')
    const get = async (authorization) => { const { status, body: said } = await call('GET', '/v1/catalogs/products', undefined, { authorization }); return `${status} ${said.error ?? said.name ?? 'OK'}` }
    assert.equal(await get(''), '401 AUTHENTICATION_FAILURE')
    assert.equal(await get('Bearer A21AAwrong'), '401 invalid_token')
    assert.equal(await get(`Bearer ${body.access_token}`), '200 OK')
    await control('clock', { advance_seconds: body.expires_in + 1 })
    assert.equal(await get(`Bearer ${body.access_token}`), '401 invalid_token')
    await logIn()
  })
})

const product = async () => (await call('POST', '/v1/catalogs/products', { name: 'Pro', type: 'SERVICE', description: 'All of it' }, { 'paypal-request-id': key() })).body.id
const price = (value) => ({ fixed_price: { currency_code: 'USD', value } })
const cycle = (more) => ({ tenure_type: 'REGULAR', sequence: 1, total_cycles: 0, frequency: { interval_unit: 'MONTH', interval_count: 1 }, pricing_scheme: price('9.00'), ...more })
const camel = (value) => (Array.isArray(value) ? value.map(camel) : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name.replaceAll(/_(\w)/g, (_, c) => c.toUpperCase()), camel(part)])) : value)
const newPlan = async (product_id, billing_cycles, more = {}, preferences = {}) => (await subscriptions.createBillingPlan({ paypalRequestId: key(), ...whole, body: camel({ product_id, name: 'Pro monthly', billing_cycles, payment_preferences: { payment_failure_threshold: 2, ...preferences }, ...more }) })).result
const newSubscription = async (planId, more = {}) => (await subscriptions.createSubscription({ paypalRequestId: key(), ...whole, body: { planId, customId: 'user-7', subscriber: { emailAddress: 'grace@example.com' }, applicationContext: urls, ...more } })).result
const read = async (id, fields) => (await subscriptions.getSubscription({ id, fields })).result
async function subscribed(billing_cycles, { plan = {}, preferences = {}, funding = 'balance', more = {} } = {}) {
  const made = await newPlan(await product(), billing_cycles, plan, preferences)
  const subscription = await newSubscription(made.id, more)
  const back = await approve(linkOf(subscription, 'approve'), { funding })
  return { id: subscription.id, plan: made, back }
}
const about = (id) => (resource) => resource.id === id || resource.billing_agreement_id === id

describe('products and plans', () => {
  test('are made, listed, changed, switched off and on', async () => {
    const product_id = await product()
    assert.equal((await call('PATCH', `/v1/catalogs/products/${product_id}`, [{ op: 'replace', path: '/description', value: 'More of it' }])).status, 204)
    assert.equal((await call('GET', `/v1/catalogs/products/${product_id}`)).body.description, 'More of it')
    const listed = (await call('GET', '/v1/catalogs/products?page_size=20&total_required=true')).body
    assert.ok(listed.total_items >= 1 && listed.products.some(({ id }) => id === product_id))
    assert.equal((await call('POST', '/v1/catalogs/products', { id: product_id, name: 'Again', type: 'SERVICE' })).body.details[0].issue, 'DUPLICATE_RESOURCE_IDENTIFIER')

    const plan = await newPlan(product_id, [cycle()], { quantity_supported: true, taxes: { percentage: '10', inclusive: false } })
    assert.equal(plan.status, 'ACTIVE')
    assert.equal((await subscriptions.getBillingPlan(plan.id)).result.name, 'Pro monthly')
    assert.deepEqual((await subscriptions.listBillingPlans({ productId: product_id })).result.plans.map(({ id }) => id), [plan.id])
    await subscriptions.patchBillingPlan({ id: plan.id, body: [{ op: PatchOp.Replace, path: '/payment_preferences/payment_failure_threshold', value: 5 }] })
    await subscriptions.updateBillingPlanPricingSchemes({ id: plan.id, body: { pricingSchemes: [{ billingCycleSequence: 1, pricingScheme: camel(price('12.00')) }] } })
    const changed = (await subscriptions.getBillingPlan(plan.id)).result
    assert.deepEqual([changed.paymentPreferences.paymentFailureThreshold, changed.billingCycles[0].pricingScheme.fixedPrice.value, changed.billingCycles[0].pricingScheme.version], [5, '12.00', 2])
    await subscriptions.deactivateBillingPlan(plan.id)
    assert.equal(await issue(subscriptions.deactivateBillingPlan(plan.id)), '422 PLAN_STATUS_INVALID')
    assert.equal(await issue(newSubscription(plan.id)), '422 PLAN_STATUS_INVALID')
    await subscriptions.activateBillingPlan(plan.id)
    assert.equal((await subscriptions.getBillingPlan(plan.id)).result.status, 'ACTIVE')
    for (const type of ['CATALOG.PRODUCT.CREATED', 'CATALOG.PRODUCT.UPDATED', 'BILLING.PLAN.CREATED', 'BILLING.PLAN.UPDATED', 'BILLING.PLAN.PRICING-CHANGE.ACTIVATED', 'BILLING.PLAN.DEACTIVATED', 'BILLING.PLAN.ACTIVATED']) await came(type)
  })

  test('cycles that PayPal does not bill are refused', async () => {
    const product_id = await product()
    const trial = (sequence, more = {}) => ({ tenure_type: 'TRIAL', sequence, total_cycles: 1, frequency: { interval_unit: 'WEEK' }, ...more })
    const tries = async (...billing_cycles) => (await call('POST', '/v1/billing/plans', { product_id, name: 'x', billing_cycles, payment_preferences: {} })).body.details?.[0].issue ?? 'made'
    assert.equal(await tries(trial(1), cycle({ sequence: 2 })), 'made')
    assert.equal(await tries(trial(1)), 'MISSING_REGULAR_BILLING_CYCLE')
    assert.equal(await tries(cycle(), cycle({ sequence: 2 })), 'MULTIPLE_REGULAR_BILLING_CYCLES_NOT_SUPPORTED')
    assert.equal(await tries(trial(1), trial(2), cycle({ sequence: 3 })), 'MULTIPLE_FREE_TRIAL_BILLING_CYCLES_NOT_SUPPORTED')
    assert.equal(await tries(trial(1, { total_cycles: 0 }), cycle({ sequence: 2 })), 'INVALID_TRIAL_BILLING_TOTAL_CYCLES')
    assert.equal(await tries(trial(1, { pricing_scheme: { fixed_price: { currency_code: 'EUR', value: '1.00' } } }), cycle({ sequence: 2 })), 'CURRENCY_MISMATCH')
    assert.equal(await tries(cycle({ frequency: { interval_unit: 'FORTNIGHT' } })), 'INVALID_PARAMETER_VALUE')
    assert.equal((await call('POST', '/v1/billing/plans', { product_id: 'PROD-NONE', name: 'x', billing_cycles: [cycle()], payment_preferences: {} })).status, 404)
  })
})

describe('subscriptions', () => {
  test('approval, first payment, renewals as sales in the old shape', async () => {
    const { id, back } = await subscribed([cycle()])
    assert.match(back, new RegExp(`^http://127.0.0.1:9/return\\?subscription_id=${id}&ba_token=(BA-\\w+)&token=\\1$`))
    const active = await read(id)
    assert.deepEqual([active.status, active.customId, active.billingInfo.lastPayment.amount.value, active.billingInfo.failedPaymentsCount], ['ACTIVE', 'user-7', '9.00', 0])
    assert.equal(active.plan, undefined)
    assert.equal((await read(id, 'plan')).plan.name, 'Pro monthly')
    await came('PAYMENT.SALE.COMPLETED', 1, about(id))
    assert.deepEqual(got.filter(({ event }) => about(id)(event.resource)).map(({ event }) => event.event_type), ['BILLING.SUBSCRIPTION.CREATED', 'BILLING.SUBSCRIPTION.ACTIVATED', 'PAYMENT.SALE.COMPLETED'])
    await advance(32)
    const [, { event }] = await came('PAYMENT.SALE.COMPLETED', 2, about(id))
    assert.deepEqual([event.resource.amount.total, event.resource.amount.currency, event.resource.state, event.resource.custom, event.resource.billing_agreement_id], ['9.00', 'USD', 'completed', 'user-7', id])
    const renewed = await read(id)
    assert.equal(renewed.billingInfo.cycleExecutions[0].cyclesCompleted, 2)
    assert.ok(Date.parse(renewed.billingInfo.nextBillingTime) > Date.parse(active.billingInfo.nextBillingTime))
    assert.equal(renewed.updateTime, active.updateTime, 'a renewal is no update')
    const time = (seconds) => new Date(seconds * 1000).toISOString()
    const { result } = await subscriptions.listSubscriptionTransactions({ id, startTime: time((await now()) - 90 * 86400), endTime: time(await now()) })
    assert.deepEqual(result.transactions.map(({ status }) => status), ['COMPLETED', 'COMPLETED'])
    assert.equal((await call('GET', `/v1/billing/subscriptions/${id}/transactions`)).body.details[0].issue, 'MISSING_REQUIRED_PARAMETER')
    assert.ok((await subscriptions.listSubscriptions({ statuses: 'ACTIVE' })).result.subscriptions.some((one) => one.id === id))
  })

  test('a sale is refunded by either API', async () => {
    const { id } = await subscribed([cycle()])
    const [{ event }] = await came('PAYMENT.SALE.COMPLETED', 1, about(id))
    const sale = event.resource.id
    assert.equal((await payments.getCapturedPayment({ captureId: sale })).result.amount.value, '9.00')
    const { result } = await payments.refundCapturedPayment({ captureId: sale, ...whole, body: { amount: { currencyCode: 'USD', value: '4.00' } } })
    assert.equal(result.sellerPayableBreakdown.totalRefundedAmount.value, '4.00')
    const old = await call('POST', `/v1/payments/sale/${sale}/refund`, { amount: { total: '5.00', currency: 'USD' } })
    assert.deepEqual([old.status, old.body.state, old.body.sale_id, old.body.total_refunded_amount.value], [201, 'completed', sale, '9.00'])
    assert.equal((await call('GET', `/v1/payments/sale/${sale}`)).body.state, 'refunded')
    assert.equal((await call('POST', `/v1/payments/sale/${sale}/refund`, {})).body.details[0].issue, 'CAPTURE_FULLY_REFUNDED')
    assert.equal((await payments.getRefund({ refundId: old.body.id })).result.status, 'COMPLETED')
    await came('PAYMENT.SALE.REFUNDED', 2, (resource) => resource.sale_id === sale)
  })

  test('a free trial, then so many cycles, then EXPIRED; a setup fee and taxes', async () => {
    const { id } = await subscribed([
      { tenure_type: 'TRIAL', sequence: 1, total_cycles: 1, frequency: { interval_unit: 'DAY', interval_count: 7 } },
      cycle({ sequence: 2, total_cycles: 2 }),
    ], { plan: { taxes: { percentage: '10', inclusive: false } }, preferences: { setup_fee: { currency_code: 'USD', value: '3.00' } } })
    assert.deepEqual((await came('PAYMENT.SALE.COMPLETED', 1, about(id))).map(({ event }) => event.resource.amount.total), ['3.00'])
    await advance(8)
    await advance(32)
    await came('PAYMENT.SALE.COMPLETED', 3, about(id))
    assert.equal((await read(id)).status, 'ACTIVE')
    assert.equal((await read(id)).billingInfo.nextBillingTime, undefined, 'nothing more is due')
    await advance(32)
    await came('BILLING.SUBSCRIPTION.EXPIRED', 1, about(id))
    const expired = await read(id)
    assert.deepEqual([expired.status, expired.billingInfo.cycleExecutions.map(({ cyclesCompleted }) => cyclesCompleted)], ['EXPIRED', [1, 2]])
    assert.deepEqual(got.filter(({ event }) => event.resource.billing_agreement_id === id).map(({ event }) => event.resource.amount.total), ['3.00', '9.90', '9.90'])
  })

  test('failed renewals: retries, a failure, the balance, the threshold, and the balance collected', async () => {
    const { id } = await subscribed([cycle()], { funding: 'renewals_fail', preferences: { payment_failure_threshold: 2 } })
    await advance(31.5)
    const [{ event }] = await came('BILLING.SUBSCRIPTION.PAYMENT.FAILED', 1, about(id))
    const { last_failed_payment: failed, failed_payments_count: count } = event.resource.billing_info
    assert.equal(count, 0)
    assert.equal(Date.parse(failed.next_payment_retry_time) - Date.parse(failed.time), 5 * 86400 * 1000)
    await advance(11)
    await came('BILLING.SUBSCRIPTION.PAYMENT.FAILED', 3, about(id))
    let now_ = (await read(id, 'last_failed_payment')).billingInfo
    assert.deepEqual([now_.failedPaymentsCount, now_.outstandingBalance.value, now_.lastFailedPayment.reasonCode], [1, '9.00', 'PAYMENT_DENIED'])
    await advance(45)
    await came('BILLING.SUBSCRIPTION.SUSPENDED', 1, about(id))
    now_ = await read(id)
    assert.deepEqual([now_.status, now_.billingInfo.failedPaymentsCount, now_.billingInfo.outstandingBalance.value, now_.billingInfo.nextBillingTime], ['SUSPENDED', 2, '18.00', undefined])
    assert.equal(await issue(subscriptions.activateSubscription({ id, body: { reason: 'again' } })), '422 SUBSCRIPTION_CANNOT_BE_ACTIVATED')
    const collect = (value) => subscriptions.captureSubscription({ id, body: { note: 'what is owed', captureType: 'OUTSTANDING_BALANCE', amount: { currencyCode: 'USD', value } } })
    assert.equal(await issue(collect('18.01')), '422 AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE')
    assert.equal(await issue(collect('18.00')), '422 INSTRUMENT_DECLINED')
    await control(`paypal/subscriptions/${id}/funding`, { funding: 'balance' })
    assert.equal((await collect('18.00')).result.status, 'COMPLETED')
    assert.equal(await issue(collect('1.00')), '422 ZERO_OUTSTANDING_BALANCE')
    await subscriptions.activateSubscription({ id, body: { reason: 'paid' } })
    await came('BILLING.SUBSCRIPTION.RE-ACTIVATED', 1, about(id))
    const back = await read(id)
    assert.deepEqual([back.status, back.statusChangeNote], ['ACTIVE', 'paid'])
    assert.ok(Date.parse(back.billingInfo.nextBillingTime) > (await now()) * 1000)
  })

  test('suspend, activate, cancel: the reason is kept, the next payment is not; cancelled is final', async () => {
    const { id } = await subscribed([cycle()])
    assert.equal(await issue(subscriptions.activateSubscription({ id, body: { reason: 'x' } })), '422 SUBSCRIPTION_STATUS_INVALID')
    assert.equal((await call('POST', `/v1/billing/subscriptions/${id}/suspend`, {})).body.details[0].issue, 'MISSING_REQUIRED_PARAMETER')
    await subscriptions.suspendSubscription({ id, body: { reason: 'holiday' } })
    let one = await read(id)
    assert.deepEqual([one.status, one.statusChangeNote, one.billingInfo.nextBillingTime], ['SUSPENDED', 'holiday', undefined])
    await advance(40)
    await subscriptions.activateSubscription({ id, body: { reason: 'back' } })
    await came('BILLING.SUBSCRIPTION.RE-ACTIVATED', 1, about(id))
    await came('PAYMENT.SALE.COMPLETED', 1, about(id))
    assert.equal(got.filter(({ event }) => event.resource.billing_agreement_id === id).length, 1, 'nothing is made up for')
    await subscriptions.cancelSubscription({ id, body: { reason: 'too dear' } })
    one = await read(id)
    assert.deepEqual([one.status, one.statusChangeNote, one.billingInfo.nextBillingTime], ['CANCELLED', 'too dear', undefined])
    assert.ok(one.statusUpdateTime)
    for (const action of ['activateSubscription', 'suspendSubscription', 'cancelSubscription']) assert.equal(await issue(subscriptions[action]({ id, body: { reason: 'x' } })), '422 SUBSCRIPTION_STATUS_INVALID')
    await came('BILLING.SUBSCRIPTION.CANCELLED', 1, about(id))
  })

  test('a revision counts when the buyer has agreed, from the next payment on', async () => {
    const { id, plan } = await subscribed([cycle()])
    const larger = await newPlan(plan.productId, [cycle({ pricing_scheme: price('29.00') })])
    const other = await newPlan(await product(), [cycle()])
    assert.equal(await issue(subscriptions.reviseSubscription({ id, body: { planId: other.id } })), '422 PLAN_PRODUCT_NOT_COMPATIBLE')
    const { result } = await subscriptions.reviseSubscription({ id, body: { planId: larger.id, applicationContext: urls } })
    assert.equal((await read(id)).planId, plan.id)
    assert.match(await (await fetch(linkOf(result, 'approve'))).text(), /29\.00 USD/)
    assert.match(await approve(linkOf(result, 'approve')), new RegExp(`^http://127.0.0.1:9/return\\?subscription_id=${id}&`))
    assert.equal((await read(id)).planId, larger.id)
    await came('BILLING.SUBSCRIPTION.UPDATED', 1, about(id))
    await advance(32)
    const sales = await came('PAYMENT.SALE.COMPLETED', 2, about(id))
    assert.deepEqual(sales.map(({ event }) => event.resource.amount.total), ['9.00', '29.00'])
  })

  test('a merchant who says CONTINUE activates; a start in the future waits; quantities and overrides count', async () => {
    const continued = await subscribed([cycle()], { more: { applicationContext: { ...urls, userAction: 'CONTINUE' } } })
    assert.equal((await read(continued.id)).status, 'APPROVED')
    await subscriptions.activateSubscription({ id: continued.id, body: { reason: 'go' } })
    assert.equal((await read(continued.id)).status, 'ACTIVE')
    const startTime = new Date(((await now()) + 10 * 86400) * 1000).toISOString()
    const { id } = await subscribed([cycle()], { plan: { quantity_supported: true }, more: { startTime, quantity: '3', plan: { billingCycles: [{ sequence: 1, pricingScheme: camel(price('5.00')) }] } } })
    const waiting = await read(id)
    assert.deepEqual([waiting.status, waiting.planOverridden, waiting.billingInfo.lastPayment], ['ACTIVE', true, undefined])
    assert.equal(Math.floor(Date.parse(waiting.billingInfo.nextBillingTime) / 1000), Math.floor(Date.parse(startTime) / 1000))
    await advance(11)
    const [{ event }] = await came('PAYMENT.SALE.COMPLETED', 1, about(id))
    assert.equal(event.resource.amount.total, '15.00')
    await subscriptions.patchSubscription({ id, body: [{ op: PatchOp.Replace, path: '/custom_id', value: 'user-8' }, { op: PatchOp.Replace, path: '/plan/billing_cycles/@sequence==1/pricing_scheme/fixed_price', value: { currency_code: 'USD', value: '6.00' } }] })
    await advance(31)
    const [, { event: later }] = await came('PAYMENT.SALE.COMPLETED', 2, about(id))
    assert.deepEqual([later.resource.amount.total, later.resource.custom], ['18.00', 'user-8'])
  })
})

describe('webhooks', () => {
  const text = ({ headers, body }, id = webhookId) => `${headers['paypal-transmission-id']}|${headers['paypal-transmission-time']}|${id}|${crc32(body)}`
  const verifies = async (delivery, id) => {
    const pem = await (await fetch(delivery.headers['paypal-cert-url'])).text()
    return createVerify('sha256').update(text(delivery, id)).verify(new X509Certificate(pem).publicKey, delivery.headers['paypal-transmission-sig'], 'base64')
  }
  const ask = async ({ headers, body }, change = {}) => (await call('POST', '/v1/notifications/verify-webhook-signature', `{"auth_algo": ${JSON.stringify(headers['paypal-auth-algo'])}, "cert_url": "${headers['paypal-cert-url']}", "transmission_id": "${headers['paypal-transmission-id']}", "transmission_sig": "${headers['paypal-transmission-sig']}", "transmission_time": "${headers['paypal-transmission-time']}", "webhook_id": "${change.id ?? webhookId}", "webhook_event": ${change.body ?? body}}`)).body.verification_status

  test('each delivery is signed by a certificate of our root, and both checks of it agree', async () => {
    const [delivery] = await came('CHECKOUT.ORDER.APPROVED')
    for (const name of ['paypal-transmission-id', 'paypal-transmission-time', 'paypal-transmission-sig', 'paypal-cert-url', 'paypal-auth-algo', 'paypal-auth-version']) assert.ok(delivery.headers[name], name)
    assert.equal(delivery.headers['paypal-auth-algo'], 'SHA256withRSA')
    const root = new X509Certificate(readFileSync(caFile, 'utf8'))
    const leaf = new X509Certificate(await (await fetch(delivery.headers['paypal-cert-url'])).text())
    assert.ok(root.ca && leaf.checkIssued(root) && leaf.verify(root.publicKey))
    assert.ok(Date.parse(leaf.validTo) > Date.now() && Date.parse(leaf.validFrom) < Date.now())
    assert.equal(await (await fetch(`${sandbox.url}/_sandbox/paypal/root.pem`)).text(), readFileSync(caFile, 'utf8'))
    for (const one of got) assert.ok(await verifies(one), one.event.event_type)
    assert.equal(await ask(delivery), 'SUCCESS')
    assert.equal(await ask(delivery, { body: JSON.stringify(delivery.event, null, 1) }), 'FAILURE', 'written again it is another text')
    assert.equal(await ask(delivery, { id: 'OTHER' }), 'FAILURE')
  })

  test('what is not answered is sent again on the clock, as the same event in a new transmission', async () => {
    const order = await newOrder('2.00')
    const mine = (resource) => resource.id === order.id
    refused = { times: 2, about: mine }
    await approve(linkOf(order, 'payer-action'))
    // The next try is planned when this one's answer is known.
    const noted = async (tries) => {
      const [{ event }] = await came('CHECKOUT.ORDER.APPROVED', tries, mine)
      await until(`${tries} attempts`, async () => (await (await fetch(`${sandbox.url}/_sandbox/paypal/deliveries`)).json()).data.find((one) => one.event === event.id).attempts.length === tries)
    }
    await noted(1)
    await advance(11 / 86400)
    await noted(2)
    await advance(31 / 86400)
    await noted(3)
    const tries = await came('CHECKOUT.ORDER.APPROVED', 3, mine)
    assert.equal(new Set(tries.map(({ event }) => event.id)).size, 1)
    assert.equal(new Set(tries.map(({ headers }) => headers['paypal-transmission-id'])).size, 3)
    const deliveries = (await (await fetch(`${sandbox.url}/_sandbox/paypal/deliveries`)).json()).data
    assert.deepEqual(deliveries.find(({ event }) => event === tries[0].event.id).attempts.map(({ status }) => status), [500, 500, 200])
    assert.equal((await call('POST', `/v1/notifications/webhooks-events/${tries[0].event.id}/resend`, {})).status, 202)
    await came('CHECKOUT.ORDER.APPROVED', 4, mine)
  })

  test('faults: a lost cancellation, a renewal told again days later, duplicates', async () => {
    const fault = (one) => control('faults', { count: 1, ...one })
    await fault({ fault: 'lost_cancelled' })
    await fault({ fault: 'late_repeat', seconds: 2 * 86400 })
    await fault({ fault: 'duplicate', event: 'BILLING.SUBSCRIPTION.CREATED', copies: 2 })
    const { id } = await subscribed([cycle()])
    await came('BILLING.SUBSCRIPTION.CREATED', 3, about(id))
    await came('PAYMENT.SALE.COMPLETED', 1, about(id))
    await subscriptions.cancelSubscription({ id, body: { reason: 'x' } })
    await advance(2.1)
    const twice = await came('PAYMENT.SALE.COMPLETED', 2, about(id))
    assert.equal(twice[0].event.id, twice[1].event.id)
    assert.equal(got.filter(({ event }) => event.event_type === 'BILLING.SUBSCRIPTION.CANCELLED' && about(id)(event.resource)).length, 0)
    const kept = (await call('GET', '/v1/notifications/webhooks-events?event_type=BILLING.SUBSCRIPTION.CANCELLED')).body.events
    assert.ok(kept.some((event) => event.resource.id === id), 'the list of events has it')
  })

  test('webhooks are managed; simulated events are signed for nobody', async () => {
    const url = `http://127.0.0.1:${receiver.address().port}/other`
    const made = await call('POST', '/v1/notifications/webhooks', { url, event_types: [{ name: 'CATALOG.PRODUCT.CREATED' }] })
    assert.equal(made.status, 201)
    assert.equal((await call('POST', '/v1/notifications/webhooks', { url, event_types: [{ name: '*' }] })).body.name, 'WEBHOOK_URL_ALREADY_EXISTS')
    await product()
    await until('both webhooks', () => got.filter(({ event }) => event.id === got.at(-1).event.id).length === 2)
    assert.equal((await call('PATCH', `/v1/notifications/webhooks/${made.body.id}`, [{ op: 'replace', path: '/event_types', value: [{ name: '*' }] }])).body.event_types[0].name, '*')
    assert.deepEqual((await call('GET', '/v1/notifications/webhooks')).body.webhooks.map(({ id }) => id).sort(), [webhookId, made.body.id].sort())
    assert.equal((await call('DELETE', `/v1/notifications/webhooks/${made.body.id}`)).status, 204)
    assert.equal((await call('GET', `/v1/notifications/webhooks/${made.body.id}`)).status, 404)
    const all = (await call('GET', '/v1/notifications/webhooks-event-types')).body.event_types
    for (const { name } of all) {
      const simulated = await call('POST', '/v1/notifications/simulate-event', { webhook_id: webhookId, event_type: name })
      assert.equal(simulated.status, 202)
      const [delivery] = await until(name, () => { const some = got.filter(({ event }) => event.id === simulated.body.id); return some.length && some })
      assert.equal(await verifies(delivery), false)
      assert.ok(await verifies(delivery, 'WEBHOOK_ID'))
    }
    assert.ok(all.length > 25)
  })
})

describe('everything that was said', () => {
  test('passes PayPal\'s own documents', () => {
    const { checked, wrong, types } = judgePayPalRecording(record)
    assert.deepEqual(wrong, [])
    assert.ok(checked.responses > 250 && checked.events > 120, JSON.stringify(checked))
    assert.ok(types.length > 25, types.join())
  })
})
