// Money as it moves in life, through `paydesk up` and its sandbox: paid, refunded by us and in the provider's
// dashboard, disputed, owed, collected with a new card. Then both recordings are judged.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { judgeResponses } from '../contract/openapi_contract.mjs'
import { judgeRecording } from '../contract/stripe_contract.mjs'
import { signIn } from '../support/api.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

const folder = temporaryFolder('money')
const recordings = { responses: join(folder, 'responses.jsonl'), sandbox: join(folder, 'sandbox.jsonl') }
let up, ada, grace, admin

// Stripe's API as its dashboard uses it: behind our server's back.
async function stripe(method, path, form) {
  const response = await fetch(`${up.sandbox}/v1/${path}`, {
    method, headers: { authorization: 'Bearer sk_test_dashboard', 'content-type': 'application/x-www-form-urlencoded' }, body: form && new URLSearchParams(form),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}
const control = (path, body) => fetch(`${up.sandbox}/_sandbox/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const rows = (text) => sql(up.databaseUrl(), text)
const paymentsOf = async (user) => (await user.get('/api/payments')).payments
const entitlementsOf = async (user) => (await user.get('/api/entitlements')).entitlements

async function buy(user, what, card = '4242424242424242') {
  const { url } = await user.post('/api/create-checkout', what)
  await payCheckout(url, card)
}

before(async () => {
  up = await startUp({ args: ['--record-responses', recordings.responses, '--record-sandbox', recordings.sandbox] })
  ;[ada, grace, admin] = await Promise.all(['ada', 'grace', 'admin'].map((name) => signIn(up, `${name}@example.com`)))
})
after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

test('a subscription is a payment with its charge and receipt, and grants its plan', async () => {
  assert.equal((await entitlementsOf(ada)).plan_key, 'free')
  await buy(ada, { planId: 'pro', billingCycle: 'monthly' })
  await until('the plan', async () => (await entitlementsOf(ada)).plan_key === 'pro')
  const [payment] = await until('the charge of the payment', async () => { const all = await paymentsOf(ada); return all[0]?.stripe_charge_id && all })
  assert.deepEqual([payment.status, payment.amount, payment.amount_refunded], ['succeeded', 4900, 0])
  assert.match(payment.receipt_url, /^http/)
  assert.equal((await paymentsOf(ada)).length, 1, 'the charge and the invoice are one payment')
})

test('entitlements are sent once', async () => {
  const first = await ada.raw('GET', '/api/entitlements')
  const again = await ada.raw('GET', '/api/entitlements', undefined, { 'if-none-match': first.headers.get('etag') })
  assert.deepEqual([first.status, again.status, await again.text()], [200, 304, ''])
})

test('an operator refunds a part, the dashboard the rest', async () => {
  const [payment] = await paymentsOf(ada)
  await assert.rejects(ada.post('/api/admin/refunds', { paymentId: payment.id }), { status: 403 })
  const { refund } = await admin.post('/api/admin/refunds', { paymentId: payment.id, amount: 900, reason: 'requested_by_customer', note: 'was away' })
  assert.equal(refund.status, 'succeeded')
  assert.deepEqual([(await paymentsOf(ada))[0]].map((p) => [p.status, p.amount_refunded]), [['partially_refunded', 900]])
  await assert.rejects(admin.post('/api/admin/refunds', { paymentId: payment.id, amount: 4001 }), (e) => e.problem.code === 'refund_exceeds_payment')

  await stripe('POST', 'refunds', { charge: payment.stripe_charge_id, amount: '4000', reason: 'duplicate' })
  await until('the refund of the dashboard', async () => (await paymentsOf(ada))[0].status === 'refunded')
  const { refunds } = await admin.get(`/api/admin/refunds?payment_id=${payment.id}`)
  assert.deepEqual(refunds.map((r) => [r.amount, r.status, r.actor]).sort(), [[4000, 'succeeded', 'provider'], [900, 'succeeded', `admin:${admin.session.user.id}`]])
  const told = await rows("select fact_key from paydesk.notifications where type = 'refund_succeeded'")
  assert.equal(told.length, 2)
})

test('a top-up is a payment of its own, with the invoice that was made for it', async () => {
  await buy(grace, { planId: 'credits_1000', quantity: 2 })
  const [payment] = await until('the payment', async () => { const all = await paymentsOf(grace); return all[0]?.stripe_charge_id && all })
  assert.deepEqual([payment.amount, payment.status], [4000, 'succeeded'])
  assert.match(payment.stripe_invoice_id, /^in_/)
})

test('a disputed payment is told to the operator', async () => {
  await buy(grace, { planId: 'credits_1000', quantity: 3 }, '4000000000000259')
  const dispute = await until('the dispute', async () => (await admin.get('/api/admin/disputes')).disputes[0])
  assert.equal(dispute.amount, 6000)
  await until('which payment it is about', async () => (await admin.get('/api/admin/disputes')).disputes[0].payment_id)
  assert.ok((await admin.get('/api/admin/notifications')).notifications.some((n) => n.type === 'dispute_opened'))
})

// From here on the sandbox's time runs ahead of ours: no new checkout.
test('a refund that fails later gives the amount back to the payment', async () => {
  await buy(grace, { planId: 'credits_1000' }, '4000000000005126') // before the clock moves
  const payment = await until('the payment', async () => (await paymentsOf(grace)).find((p) => p.amount === 2000 && p.stripe_charge_id))
  await admin.post('/api/admin/refunds', { paymentId: payment.id })
  await control('clock', { advance_seconds: 10 * 86400 })
  await until('the refund to fail', async () => (await admin.get(`/api/admin/refunds?payment_id=${payment.id}`)).refunds[0].status === 'failed')
  await until('the payment to be whole again', async () => (await paymentsOf(grace)).find((p) => p.id === payment.id).amount_refunded === 0)
})

test('a renewal that fails is past due since then, and a new card pays it at once', async () => {
  const [{ id: customer }] = await rows(`select provider_customer_id as id from paydesk.customers where account_id = '${ada.session.user.id}'`)
  const attach = async (card) => {
    const method = await stripe('POST', `payment_methods/${card}/attach`, { customer })
    await stripe('POST', `customers/${customer}`, { 'invoice_settings[default_payment_method]': method.id })
    const [{ id }] = (await stripe('GET', `subscriptions?customer=${customer}`)).data
    await stripe('POST', `subscriptions/${id}`, { default_payment_method: method.id })
  }
  await attach('pm_card_chargeCustomerFail')
  await control('clock', { advance_seconds: 32 * 86400 })
  await until('past due', async () => (await entitlementsOf(ada)).status === 'past_due')
  const owing = await until('since when', async () => { const e = await entitlementsOf(ada); return e.past_due_since && e })
  assert.equal(owing.plan_key, 'pro', 'within the grace period')
  const [{ failed }] = await rows("select min(first_failed_at) as failed from paydesk.invoices where status = 'open'")
  assert.equal(Date.parse(owing.past_due_since), Date.parse(failed))

  await attach('pm_card_visa')
  await until('the invoice to be paid with the new card', async () => (await entitlementsOf(ada)).status === 'active', 40)
  assert.equal((await entitlementsOf(ada)).past_due_since, null)
  assert.equal((await rows("select * from paydesk.invoice_retries")).length, 1)
})

test('what was sent and answered is what the contracts say', async () => {
  const sent = judgeRecording(recordings.sandbox, { requests: true })
  assert.deepEqual(sent.wrong, [])
  const answers = judgeResponses(recordings.responses)
  assert.deepEqual(answers.wrong, [])
  for (const seen of ['POST /api/admin/refunds 201', 'GET /api/payments 200', 'GET /api/entitlements 304']) assert.ok(answers.seen.includes(seen), seen)
})
