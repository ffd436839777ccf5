// PayPal through `paydesk up` and its sandbox: the examples of a PayPal block's documentation by name, a person in a
// browser, one page over both providers, and rows that equal PayPal's state after webhooks were lost.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { judgeResponses } from '../contract/openapi_contract.mjs'
import { judgePayPalRecording } from '../contract/paypal_contract.mjs'
import { signIn } from '../support/api.mjs'
import { by, openBrowser, openPage } from '../support/browser.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { approve } from '../support/paypal_pages.mjs'
import { sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

const folder = temporaryFolder('paypal')
const recording = join(folder, 'responses.jsonl'), said = join(folder, 'sandbox.jsonl')
const day = 86_400
let up, browser, ada, grace, admin, key
const problems = []

before(async () => {
  up = await startUp({ args: ['--record-responses', recording, '--record-sandbox', said] })
  ;[ada, grace, admin] = await Promise.all(['ada', 'grace', 'admin'].map((name) => signIn(up, `${name}@example.com`)))
  key = JSON.parse(readFileSync(join(up.folder, 'state.json'), 'utf8')).service_key
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  assert.equal(await up?.stop(), 0, up?.output().slice(-3000))
  assert.deepEqual(problems, [])
})

const rows = (text) => sql(up.databaseUrl(), text)
const control = async (path, body) => {
  const response = await fetch(`${up.sandbox}/_sandbox/${path}`, { method: body === undefined ? 'GET' : 'POST', headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
const advance = (seconds) => control('clock', { advance_seconds: seconds })
const refusal = (code) => (error) => { assert.equal(error.problem?.code, code, error.message); return true }
const current = async (user) => (await user.get('/api/stripe/get-subscription')).subscription
const access = async (user) => (await user.get('/api/entitlements')).entitlements.plan_key
const pollAll = () => admin.post('/api/admin/paypal/poll', { all: true, objects: 1000 })
// All that PayPal has sent is applied, and what that set off is done.
const calm = () => until('calm', async () => {
  const [{ busy }] = await rows("select (select count(*) from paydesk.webhook_events where status in ('received', 'failed')) + (select count(*) from paydesk.jobs where kind in ('capture_checkout', 'end_second_subscription') and status in ('queued', 'running')) as busy")
  return busy === 0
}, 60)

// A service that acts for an account of its own choosing.
function serviceFor(account) {
  const call = async (method, path, body) => {
    const response = await fetch(`${up.url}${path}`, { method, headers: { authorization: `Bearer ${key}`, 'paydesk-account': account, 'content-type': 'application/json' }, body: body && JSON.stringify(body) })
    const answer = await response.json()
    if (!response.ok) throw Object.assign(new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`), { problem: answer })
    return answer
  }
  return { account, get: (path) => call('GET', path), post: (path, body = {}) => call('POST', path, body) }
}

// PayPal's API as its dashboard uses it: behind our server's back.
let token
async function paypal(method, path, body, renewed = false) {
  token ??= (await (await fetch(`${up.sandbox}/paypal/v1/oauth2/token`, { method: 'POST', headers: { authorization: `Basic ${btoa('paydesk_sandbox_client:paydesk_sandbox_secret')}`, 'content-type': 'application/x-www-form-urlencoded' }, body: 'grant_type=client_credentials' })).json()).access_token
  const response = await fetch(`${up.sandbox}/paypal${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) })
  const text = await response.text()
  if (response.status === 401 && !renewed) { // it ends with the sandbox's clock
    token = undefined
    return paypal(method, path, body, true)
  }
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text ? JSON.parse(text) : undefined
}

async function subscribe(user, planId = 'pro_monthly', form = {}) {
  const { subscriptionId, approvalUrl } = await user.post('/api/paypal/create-subscription', { planId })
  const back = await approve(approvalUrl, form)
  assert.ok(back.startsWith(up.url), back)
  await until('the subscription', async () => (await current(user))?.is_active, 30)
  return subscriptionId
}

describe('the examples of the PayPal block', () => {
  test('one-time purchase flow: create an order, approve, capture; twice, and by webhook too', async () => {
    const { orderId, approvalUrl } = await ada.post('/api/paypal/create-order', { planId: 'credits_1000' })
    await assert.rejects(ada.post('/api/paypal/capture-order', { orderId }), refusal('checkout_not_approved'))
    const back = new URL(await approve(approvalUrl))
    assert.equal(back.searchParams.get('token'), orderId)
    await assert.rejects(grace.post('/api/paypal/capture-order', { orderId }), refusal('not_found'))
    const captured = await Promise.all([1, 2].map(() => ada.post('/api/paypal/capture-order', { orderId })))
    for (const order of captured) assert.deepEqual([order.status, order.amount, order.currency], ['complete', 2000, 'usd'])
    assert.equal((await ada.get(`/api/checkout/${back.searchParams.get('session_id')}`)).status, 'complete', 'what the success page asks for')
    await calm()
    assert.deepEqual(await rows("select status, amount, provider from paydesk.payments"), [{ status: 'succeeded', amount: 2000, provider: 'paypal' }])
    assert.equal((await rows("select count(*)::int as n from paydesk.credit_grants where kind = 'top_up' and issued = 1000"))[0].n, 1)
    assert.equal((await rows("select count(*)::int as n from paydesk.notifications where type = 'payment_success'"))[0].n, 1)
    assert.equal((await ada.get(`/api/paypal/orders/${orderId}`)).captureId, captured[0].captureId)
  })

  test('one-time purchase flow: an amount that the server names', async () => {
    const service = serviceFor('0190ada0-0000-7000-8000-0000000000f1')
    const { orderId, approvalUrl } = await service.post('/api/paypal/create-order', { amount: 1900, currency: 'usd', description: 'Auth System block' })
    await approve(approvalUrl)
    // Nobody comes back: the webhook of the approval captures.
    const order = await until('the webhook to capture', async () => { const o = await service.get(`/api/paypal/orders/${orderId}`); return o.status === 'complete' && o })
    assert.deepEqual([order.amount, order.description], [1900, 'Auth System block'])
    await assert.rejects(ada.post('/api/paypal/create-order', { amount: 1, currency: 'usd' }), refusal('invalid_input'))
  })

  test('issueRefund: in part, then the rest, never more', async () => {
    const [{ captureId }] = await rows("select provider_charge_id as \"captureId\" from paydesk.payments where amount = 1900")
    await admin.post('/api/admin/refunds', { captureId, amount: 400, reason: 'requested_by_customer' })
    await admin.post('/api/admin/refunds', { captureId })
    await assert.rejects(admin.post('/api/admin/refunds', { captureId, amount: 1 }), refusal('refund_exceeds_payment'))
    await calm()
    assert.deepEqual(await rows("select status, amount_refunded from paydesk.payments where amount = 1900"), [{ status: 'refunded', amount_refunded: 1900 }])
  })

  test('subscription creation: pro_monthly, approved, and nobody has to come back', async () => {
    const service = serviceFor('0190ada0-0000-7000-8000-0000000000f2')
    const id = await subscribe(service)
    const details = await service.get(`/api/paypal/subscriptions/${id}`)
    assert.deepEqual([details.status, details.subscription.plan_key, details.subscription.provider], ['active', 'pro', 'paypal'])
    await until('the invoice', async () => (await service.get('/api/stripe/get-invoices')).invoices.length === 1)
    await assert.rejects(service.post('/api/paypal/create-subscription', { planId: 'business', billingCycle: 'yearly' }), refusal('subscription_exists'))
  })

  test('usage gate before an AI call', async () => {
    const service = serviceFor('0190ada0-0000-7000-8000-0000000000f3')
    const gate = (idempotencyKey) => service.post('/api/usage/consume', { metric: 'api_calls', quantity: 1001, idempotencyKey })
    assert.equal((await gate('free')).allowed, false)
    await subscribe(service)
    const { allowed, limit } = await gate('pro')
    assert.deepEqual([allowed, Number(limit)], [true, 100000])
  })
})

// Before the clock is moved: Stripe's checkouts end by the server's.
describe('both providers', () => {
  test("one page: Stripe's history and PayPal's subscription", async () => {
    const { url } = await grace.post('/api/create-checkout', { planId: 'pro', billingCycle: 'monthly' })
    await payCheckout(url, '4242424242424242')
    const stripe = await until('the subscription', async () => { const s = await current(grace); return s?.is_active && s })
    await assert.rejects(grace.post('/api/paypal/create-subscription', { planId: 'business_monthly' }), refusal('subscription_exists'))
    await grace.post('/api/stripe/cancel-subscription', { subscriptionId: stripe.id, immediately: true })
    await until('its end', async () => (await current(grace)).status === 'canceled')
    await until('its checkout', async () => (await rows("select id from paydesk.checkouts where provider = 'stripe' and status <> 'complete'")).length === 0)

    const id = await subscribe(grace, 'business_monthly')
    assert.equal((await current(grace)).paypal_subscription_id, id)
    assert.equal(await access(grace), 'business')
    await until('both invoices', async () => (await grace.get('/api/stripe/get-invoices')).invoices.length === 2)
    const { invoices } = await grace.get('/api/stripe/get-invoices')
    assert.deepEqual(invoices.map((invoice) => [invoice.provider, invoice.status]), [['paypal', 'paid'], ['stripe', 'paid']])
    assert.equal((await grace.get('/api/subscriptions')).subscriptions.length, 2)
    await assert.rejects(grace.post('/api/create-checkout', { planId: 'pro', billingCycle: 'monthly' }), refusal('subscription_exists'))
  })

  test('a change of plan is consented to at PayPal', async () => {
    const { id } = await current(grace)
    const { preview } = await grace.post(`/api/subscriptions/${id}/preview`, { planId: 'enterprise' })
    assert.deepEqual([preview.when, preview.amount_due, preview.renewal_amount], ['period_end', 0, 19900])
    const changed = await grace.patch(`/api/subscriptions/${id}`, { planId: 'enterprise' })
    assert.equal(changed.state, 'requires_action')
    await approve(changed.hosted_invoice_url)
    await until('the plan', async () => (await current(grace)).plan_key === 'enterprise')
  })

  test('a second subscription that was left open and approved later is ended', async () => {
    const service = serviceFor('0190ada0-0000-7000-8000-0000000000f4')
    const open = await service.post('/api/paypal/create-subscription', { planId: 'pro_monthly' })
    const id = await subscribe(service, 'business_monthly')
    await approve(open.approvalUrl)
    await until('its end', async () => (await paypal('GET', `/v1/billing/subscriptions/${open.subscriptionId}`)).status === 'CANCELLED')
    assert.equal((await paypal('GET', `/v1/billing/subscriptions/${id}`)).status, 'ACTIVE')
    await until('what people see', async () => (await current(service)).paypal_subscription_id === id)
  })
})

describe('a person in a browser', () => {
  let page
  test('subscribes through the approval page', async () => {
    page = await openPage(browser, problems)
    await page.goto(up.url)
    await by(page, 'sign-in-user-ada@example.com').click()
    await page.waitForURL(/dashboard|pricing/)
    await page.goto(`${up.url}/pricing`)
    await by(page, 'provider-paypal').click()
    await by(page, 'billing-cycle-monthly').click()
    await by(page, 'plan-pro-subscribe').click()
    await page.waitForURL((url) => url.href.startsWith(up.sandbox))
    await by(page, 'approve-button').click()
    await page.waitForURL(/\/success/)
    await page.locator('[data-testid="success-state"][data-state="complete"]').waitFor()
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-status').getByText(/active/i).waitFor()
    await by(page, 'invoice-row').first().waitFor()
  })

  test('buys a top-up with PayPal', async () => {
    const before = (await ada.get('/api/credits')).balance
    await page.goto(`${up.url}/dashboard/credits`)
    await by(page, 'provider-paypal').click()
    await by(page, 'top-up-credits_1000').click()
    await page.waitForURL((url) => url.href.startsWith(up.sandbox))
    await by(page, 'approve-button').click()
    await page.waitForURL(/\/success/)
    await page.locator('[data-testid="success-state"][data-state="complete"]').waitFor()
    assert.equal((await ada.get('/api/credits')).balance, before + 1000)
  })

  test('cancels, and keeps access until what is paid for is over', async () => {
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-cancel').click()
    await by(page, 'confirm-cancel').click()
    const cancelled = await until('the cancellation', async () => { const s = await current(ada); return s.cancel_scheduled && s })
    assert.equal(cancelled.is_active, true)
    assert.equal((await paypal('GET', `/v1/billing/subscriptions/${cancelled.paypal_subscription_id}`)).status, 'CANCELLED', 'PayPal has ended it already')
    assert.equal(await access(ada), 'pro')
    await assert.rejects(ada.post('/api/paypal/reactivate-subscription', { subscriptionId: cancelled.id }), refusal('subscription_not_resumable'))

    const { now } = await control('clock')
    const left = Math.floor(Date.parse(cancelled.access_until) / 1000) - now
    assert.ok(left > 20 * day && left < 32 * day, `${left} s`)
    await advance(left - day)
    await pollAll()
    assert.equal(await access(ada), 'pro', 'a day before')
    await advance(2 * day)
    await pollAll()
    assert.equal((await current(ada)).status, 'canceled')
    assert.equal(await access(ada), 'free')
  })
})

describe('webhooks that are doubled, out of order and lost', () => {
  const people = Array.from({ length: 6 }, (_, i) => `0190ada0-0000-7000-8000-0000000001${String(i).padStart(2, '0')}`)
  test('after the poller the rows equal what PayPal says', async () => {
    const services = people.map(serviceFor)
    await control('faults', { faults: [
      { fault: 'drop', probability: 0.1 }, { fault: 'duplicate', probability: 0.3 }, { fault: 'reorder', probability: 0.3, seconds: 1 }, { fault: 'delay', probability: 0.1, seconds: 2 },
    ] })
    const ids = []
    for (const service of services) {
      const { subscriptionId, approvalUrl } = await service.post('/api/paypal/create-subscription', { planId: 'pro_monthly' })
      await approve(approvalUrl, { funding: ids.length === 5 ? 'renewals_fail' : 'balance' })
      ids.push(subscriptionId)
    }
    await advance(32 * day)
    await paypal('POST', `/v1/billing/subscriptions/${ids[0]}/suspend`, { reason: 'in the dashboard' })
    await paypal('POST', `/v1/billing/subscriptions/${ids[1]}/cancel`, { reason: 'in the dashboard' })
    await advance(32 * day)
    await fetch(`${up.sandbox}/_sandbox/faults`, { method: 'DELETE' })
    await calm()
    await pollAll()
    await calm()

    for (const [i, id] of ids.entries()) {
      const said = await paypal('GET', `/v1/billing/subscriptions/${id}`)
      const [row] = await rows(`select status, cancel_at_period_end from paydesk.subscriptions where provider_subscription_id = '${id}'`)
      const expected = { ACTIVE: i === 5 ? 'past_due' : 'active', SUSPENDED: i === 5 ? 'unpaid' : 'paused', CANCELLED: 'canceled' }[said.status]
      assert.equal(row.status, expected, `${id}: PayPal says ${said.status}`)
      const { transactions = [] } = await paypal('GET', `/v1/billing/subscriptions/${id}/transactions?start_time=2020-01-01T00:00:00Z&end_time=2040-01-01T00:00:00Z`)
      const paid = transactions.filter((transaction) => transaction.status === 'COMPLETED')
      const payments = await rows(`select p.provider_charge_id from paydesk.payments p where p.provider = 'paypal' and p.status = 'succeeded' and p.source_id like '${id}/%'`)
      assert.deepEqual(payments.map((p) => p.provider_charge_id).sort(), paid.map((t) => t.id).sort(), id)
    }
    assert.deepEqual(await rows("select event_id, error from paydesk.webhook_events where status = 'dead'"), [])
  })

  test('a delivery that PayPal did not sign is refused', async () => {
    const body = JSON.stringify({ id: 'WH-1', event_type: 'PAYMENT.SALE.COMPLETED', create_time: '2026-01-01T00:00:00Z', resource: { id: 'S-1' } })
    for (const headers of [{}, { 'paypal-transmission-id': 'a', 'paypal-transmission-time': new Date().toISOString(), 'paypal-transmission-sig': 'AAAA', 'paypal-cert-url': 'https://api.paypal.com.evil.example/v1/notifications/certs/CERT', 'paypal-auth-algo': 'SHA256withRSA' }]) {
      const response = await fetch(`${up.url}/api/webhooks/paypal`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
      assert.equal(response.status, 400)
    }
  })
})

test('what was answered is what the contract says', () => {
  const answers = judgeResponses(recording)
  assert.deepEqual(answers.wrong, [])
  for (const seen of ['POST /api/paypal/create-order 200', 'POST /api/paypal/capture-order 409', 'GET /api/paypal/subscriptions/{id} 200', 'POST /api/admin/paypal/poll 200']) assert.ok(answers.seen.includes(seen), seen)
})

test("what the server and PayPal's sandbox said to each other is what PayPal's documents say", () => {
  const { checked, wrong } = judgePayPalRecording(said)
  assert.ok(checked.responses > 50 && checked.events > 30, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
