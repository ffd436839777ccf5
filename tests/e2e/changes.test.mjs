// A subscription's whole life after the checkout, through `paydesk up` and its sandbox: previewed, upgraded, declined,
// confirmed at the bank, scheduled down, paused, shared, discounted, tried. Then both recordings are judged.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judgeResponses } from '../contract/openapi_contract.mjs'
import { judgeRecording } from '../contract/stripe_contract.mjs'
import { signIn } from '../support/api.mjs'
import { calm } from '../support/calm.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { root, sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

const folder = temporaryFolder('changes')
const recordings = { responses: join(folder, 'responses.jsonl'), sandbox: join(folder, 'sandbox.jsonl') }
let up, ada, grace, admin

// Stripe's API as its dashboard uses it: behind our server's back.
async function stripe(method, path, form) {
  const response = await fetch(`${up.sandbox}/v1/${path}`, {
    method, headers: { authorization: 'Bearer sk_test_dashboard', 'stripe-version': '2026-10-28.endive', 'content-type': 'application/x-www-form-urlencoded' }, body: form && new URLSearchParams(form),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}
const advance = (seconds) => fetch(`${up.sandbox}/_sandbox/clock`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ advance_seconds: seconds }) })
const rows = (text) => sql(up.databaseUrl(), text)
// A webhook of an older change can undo a newer answer until its own event comes: none is on its way when a test begins.
beforeEach(() => calm(up))
const current = async (user) => (await user.get('/api/stripe/get-subscription')).subscription
const refusal = (code) => (error) => { assert.equal(error.problem?.code, code, error.message); return true }

async function buy(user, what, card = '4242424242424242') {
  const { url } = await user.post('/api/create-checkout', what)
  await payCheckout(url, card)
  return until('the subscription', async () => { const s = await current(user); return s?.is_active && s })
}
// From now on this card pays: of the customer and of the subscription.
async function useCard(user, card) {
  const { stripe_customer_id: customer, stripe_subscription_id: id } = await current(user)
  const method = await stripe('POST', `payment_methods/${card}/attach`, { customer })
  await stripe('POST', `customers/${customer}`, { 'invoice_settings[default_payment_method]': method.id })
  await stripe('POST', `subscriptions/${id}`, { default_payment_method: method.id })
}

before(async () => {
  const plans = join(folder, 'plans.toml')
  writeFileSync(plans, readFileSync(join(root, 'plans.toml'), 'utf8').replace('key = "enterprise"', 'key = "enterprise"\ntrial_days = 14'))
  up = await startUp({ env: { PAYDESK_PLANS: plans }, args: ['--record-responses', recordings.responses, '--record-sandbox', recordings.sandbox] })
  ;[ada, grace, admin] = await Promise.all(['ada', 'grace', 'admin'].map((name) => signIn(up, `${name}@example.com`)))
})
after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

describe('a change of plan', () => {
  let path
  test('is charged as it was previewed', async () => {
    const { id } = await buy(ada, { planId: 'pro', billingCycle: 'monthly' })
    path = `/api/subscriptions/${id}`
    const { preview } = await ada.post(`${path}/preview`, { planId: 'business' })
    assert.deepEqual([preview.when, preview.plan_key, preview.renewal_amount], ['now', 'business', 9900])
    assert.ok(preview.amount_due > 0 && preview.amount_due <= 5000, JSON.stringify(preview))
    assert.equal(preview.lines.reduce((sum, line) => sum + line.amount, 0), preview.total)
    assert.ok(preview.proration_date)

    const changed = await ada.patch(path, { planId: 'business', prorationDate: preview.proration_date })
    assert.deepEqual([changed.state, changed.subscription.plan_key, changed.subscription.amount], ['applied', 'business', 9900])
    const [invoice] = await until('the invoice', () => rows("select amount_paid from paydesk.invoices where billing_reason = 'subscription_update' and status = 'paid'").then((all) => all.length && all))
    assert.equal(invoice.amount_paid, preview.amount_due)
    await assert.rejects(ada.patch(path, { planId: 'business' }), refusal('invalid_input'))
  })

  test('twice at once is once', async () => {
    const answers = await Promise.allSettled([1, 2, 3].map(() => ada.patch(path, { quantity: 2 })))
    assert.ok(answers.some((answer) => answer.status === 'fulfilled'), JSON.stringify(answers))
    assert.equal((await current(ada)).quantity, 2)
    const { data } = await stripe('GET', `invoices?subscription=${(await current(ada)).stripe_subscription_id}&limit=100`)
    assert.equal(data.filter((invoice) => invoice.billing_reason === 'subscription_update').length, 2, 'one for the plan, one for the unit')
  })

  test('of a declined card does not happen', async () => {
    await useCard(ada, 'pm_card_chargeCustomerFail')
    await assert.rejects(ada.patch(path, { planId: 'enterprise' }), (error) => error.status === 402 && refusal('payment_declined')(error))
    assert.equal((await current(ada)).plan_key, 'business')
    await until('its invoice to be void', async () => (await rows("select from paydesk.invoices where status = 'open'")).length === 0)
    const { pending_update } = await stripe('GET', `subscriptions/${(await current(ada)).stripe_subscription_id}`)
    assert.equal(pending_update, null)
  })

  test('that the bank asks about waits for its payment', async () => {
    await useCard(ada, 'pm_card_authenticationRequired')
    const asked = await ada.patch(path, { planId: 'enterprise' })
    assert.equal(asked.state, 'requires_action')
    assert.match(asked.hosted_invoice_url, /^http/)
    assert.ok(Date.parse(asked.expires_at) > Date.now())
    assert.equal(asked.subscription.plan_key, 'business')

    const { latest_invoice } = await stripe('GET', `subscriptions/${asked.subscription.stripe_subscription_id}`)
    await useCard(ada, 'pm_card_visa')
    await stripe('POST', `invoices/${latest_invoice}/pay`)
    await until('the new plan', async () => (await current(ada)).plan_key === 'enterprise')
  })

  test('down waits for the end of the period', async () => {
    const { preview } = await ada.post(`${path}/preview`, { planId: 'pro', quantity: 1 })
    assert.deepEqual([preview.when, preview.amount_due, preview.renewal_amount, preview.lines], ['period_end', 0, 4900, []])
    assert.equal(preview.renews_at, (await current(ada)).current_period_end)

    const scheduled = await ada.patch(path, { planId: 'pro', quantity: 1 })
    assert.equal(scheduled.state, 'scheduled')
    assert.equal(scheduled.subscription.plan_key, 'enterprise')
    const { scheduled_change: change, current_period_end } = await current(ada)
    assert.deepEqual([change.plan_key, change.quantity, change.amount, change.effective_at], ['pro', 1, 4900, current_period_end])

    const off = await ada.delete(`${path}/scheduled-change`)
    assert.equal(off.subscription.scheduled_change, null)
    assert.equal((await ada.patch(path, { planId: 'business' })).state, 'scheduled')
    assert.equal((await ada.patch(path, { planId: 'pro', quantity: 1 })).subscription.scheduled_change.plan_key, 'pro', 'the last wish counts')
  })

  test('in the provider\'s own dashboard is seen too', async () => {
    const { stripe_subscription_id } = await current(ada)
    const { schedule } = await stripe('GET', `subscriptions/${stripe_subscription_id}`)
    await stripe('POST', `subscription_schedules/${schedule}/release`)
    await until('nothing to be scheduled', async () => (await current(ada)).scheduled_change === null)
    assert.equal((await ada.patch(path, { planId: 'pro', quantity: 1 })).state, 'scheduled')
  })

  test('ends with who leaves, who may say why', async () => {
    const left = await ada.post('/api/stripe/cancel-subscription', { subscriptionId: (await current(ada)).id, cancelAtPeriodEnd: true, feedback: 'too_expensive', comment: 'maybe later' })
    assert.deepEqual([left.subscription.cancel_scheduled, left.subscription.cancel_feedback], [true, 'too_expensive'])
    await until('the schedule to be gone', async () => (await current(ada)).scheduled_change === null)
    const { cancellation_details } = await stripe('GET', `subscriptions/${left.subscription.stripe_subscription_id}`)
    assert.equal(cancellation_details.comment, 'maybe later')
    await assert.rejects(ada.patch(path, { planId: 'pro' }), refusal('subscription_not_changeable'))
    assert.equal((await ada.post(`${path}/resume`)).subscription.cancel_scheduled, false)
    assert.equal((await ada.patch(path, { planId: 'pro', quantity: 1 })).state, 'scheduled', 'for the end of this file')
  })
})

describe('a pause', () => {
  test('ends access and charges, and a resumption begins a new period', async () => {
    const { id } = await buy(grace, { planId: 'pro', billingCycle: 'monthly', quantity: 3 })
    const path = `/api/subscriptions/${id}`
    const paused = await grace.post(`${path}/pause`)
    assert.deepEqual([paused.subscription.status, paused.subscription.is_active], ['paused', false])
    assert.equal((await grace.get('/api/entitlements')).entitlements.plan_key, 'free')
    await assert.rejects(grace.patch(path, { quantity: 4 }), refusal('subscription_not_changeable'))
    const resumed = await grace.post(`${path}/resume`)
    assert.deepEqual([resumed.state, resumed.subscription.status], ['applied', 'active'])
    // The news of the pause, a moment old, may still come after the answer to the resumption.
    await until('all news of it', async () => (await rows("select from paydesk.webhook_events where type = 'customer.subscription.resumed' and status = 'processed'")).length === 1)
    await until('it to be active', async () => (await current(grace)).status === 'active')
    assert.equal((await grace.get('/api/entitlements')).entitlements.plan_key, 'pro')
  })
})

describe('a yearly plan', () => {
  test('is paid at once, and monthly again later', async () => {
    const { id } = await current(grace)
    const { preview } = await grace.post(`/api/subscriptions/${id}/preview`, { billingCycle: 'yearly' })
    assert.deepEqual([preview.when, preview.renewal_amount], ['now', 147000])
    assert.ok(Date.parse(preview.renews_at) - Date.now() > 360 * 86400e3, preview.renews_at)
    const changed = await grace.patch(`/api/subscriptions/${id}`, { billingCycle: 'yearly', prorationDate: preview.proration_date })
    assert.deepEqual([changed.state, changed.subscription.plan_type], ['applied', 'yearly'])
    assert.equal(changed.subscription.current_period_end, preview.renews_at)
    assert.equal((await grace.patch(`/api/subscriptions/${id}`, { billingCycle: 'monthly' })).state, 'scheduled')
    await grace.delete(`/api/subscriptions/${id}/scheduled-change`)
  })
})

describe('a promotion code', () => {
  test('is refused in words, used, and taken off', async () => {
    const coupon = await stripe('POST', 'coupons', { percent_off: '25', duration: 'forever', name: 'Spring' })
    const make = (code, more = {}) => stripe('POST', 'promotion_codes', { 'promotion[type]': 'coupon', 'promotion[coupon]': coupon.id, code, ...more })
    const { id, stripe_subscription_id, stripe_customer_id } = await current(grace)
    const { stripe_customer_id: other } = await current(ada)
    await Promise.all([make('SPRING'), make('ADASONLY', { customer: other }), make('FIRST', { 'restrictions[first_time_transaction]': 'true' })])
    const path = `/api/subscriptions/${id}/promotion-code`
    for (const [code, why] of [['NOPE', /no such/], ['ADASONLY', /another customer/], ['FIRST', /first purchase/]]) {
      await assert.rejects(grace.post(path, { promotionCode: code }), (error) => refusal('promotion_code_invalid')(error) && why.test(error.problem.detail))
    }
    const used = await grace.post(path, { promotionCode: 'spring' })
    assert.deepEqual([used.promotion.code, used.promotion.percent_off, used.promotion.duration], ['SPRING', '25', 'forever'])
    const { discounts } = await stripe('GET', `subscriptions/${stripe_subscription_id}`)
    assert.equal(discounts.length, 1)
    assert.ok(stripe_customer_id)
    await grace.delete(path)
    assert.equal((await stripe('GET', `subscriptions/${stripe_subscription_id}`)).discounts.length, 0)
  })

  test('is part of a change: previewed, and used if it happens', async () => {
    const { id, stripe_subscription_id } = await current(ada)
    const path = `/api/subscriptions/${id}`, more = { planId: 'enterprise', quantity: 3 }
    const subscription = () => stripe('GET', `subscriptions/${stripe_subscription_id}`)
    const [plain, preview] = [await ada.post(`${path}/preview`, more), await ada.post(`${path}/preview`, { ...more, promotionCode: 'spring' })].map((answer) => answer.preview)
    assert.deepEqual([plain.promotion, preview.promotion.code, preview.promotion.percent_off], [null, 'SPRING', '25'])
    assert.equal(preview.renewal_amount * 4, plain.renewal_amount * 3)
    assert.equal((await subscription()).discounts.length, 0, 'a preview sets nothing')

    await assert.rejects(ada.patch(path, { ...more, promotionCode: 'nope' }), refusal('promotion_code_invalid'))
    await useCard(ada, 'pm_card_chargeCustomerFail')
    await assert.rejects(ada.patch(path, { ...more, promotionCode: 'SPRING' }), refusal('payment_declined'))
    assert.equal((await subscription()).discounts.length, 0, 'nor does a change that does not happen')
    await useCard(ada, 'pm_card_visa')
    assert.equal((await ada.patch(path, { ...more, promotionCode: 'SPRING' })).state, 'applied')
    const { discounts, latest_invoice } = await subscription()
    assert.equal(discounts.length, 1)
    assert.deepEqual((await stripe('GET', `invoices/${latest_invoice}`)).discounts, discounts)

    await ada.delete(`${path}/promotion-code`)
    assert.equal((await ada.patch(path, { planId: 'pro', quantity: 1, promotionCode: 'SPRING' })).state, 'scheduled', 'for the end of this file')
    assert.equal((await subscription()).discounts.length, 0, 'until then')
  })

  test('works at the checkout', async () => {
    await assert.rejects(admin.post('/api/create-checkout', { planId: 'pro', billingCycle: 'monthly', promotionCode: 'NOPE' }), refusal('promotion_code_invalid'))
    const { url } = await admin.post('/api/create-checkout', { planId: 'pro', billingCycle: 'monthly', promotionCode: 'SPRING' })
    assert.match(await (await fetch(url)).text(), /36\.75/)
  })
})

describe('seats', () => {
  test('are invited to by mail, accepted, shared and given back', async () => {
    const { id } = await current(grace)
    const { invitation } = await grace.post('/api/seats/invitations', { email: 'admin@example.com' })
    const token = new URL(invitation.url).searchParams.get('token')
    const [mail] = await rows("select recipient, data ->> 'url' as url from paydesk.emails where kind = 'seat_invitation'")
    assert.deepEqual(mail, { recipient: 'admin@example.com', url: invitation.url })

    assert.equal((await admin.get('/api/entitlements')).entitlements.plan_key, 'free')
    assert.equal((await admin.post('/api/seats/accept', { token })).role, 'member')
    assert.equal((await admin.get('/api/entitlements')).entitlements.plan_key, 'pro')
    const seats = await grace.get('/api/seats')
    assert.deepEqual([seats.total, seats.used, seats.members[0].email], [3, 2, 'admin@example.com'])
    await grace.post('/api/seats/invitations', { email: 'third@example.com' })
    await assert.rejects(grace.post('/api/seats/invitations', { email: 'fourth@example.com' }), refusal('seats_exhausted'))
    await assert.rejects(grace.patch(`/api/subscriptions/${id}`, { quantity: 1 }), refusal('seats_exhausted'))

    const [{ id: seat }] = (await admin.get('/api/seats')).memberships
    await admin.delete(`/api/seats/${seat}`)
    assert.equal((await admin.get('/api/entitlements')).entitlements.plan_key, 'free')
  })
})

describe('a trial', () => {
  test('is for one person, known by their card', async () => {
    const trial = await buy(admin, { planId: 'enterprise', billingCycle: 'monthly' }, '5555555555554444')
    assert.equal(trial.status, 'trialing')
    await until('the card to be known', async () => (await rows('select from paydesk.trials where fingerprint is not null')).length === 1)

    // In the dashboard somebody gives Ada a trial, with that card.
    const { stripe_customer_id: customer } = await current(ada)
    const method = await stripe('POST', 'payment_methods/pm_card_mastercard/attach', { customer })
    const second = await stripe('POST', 'subscriptions', { customer, 'items[0][price]': trial.price_id, trial_period_days: '14', default_payment_method: method.id })
    const statusOf = async (id) => (await rows(`select status from paydesk.subscriptions where provider_subscription_id = '${id}'`))[0]?.status
    await until('the second trial to end', async () => (await statusOf(second.id)) === 'canceled', 40)
    assert.equal((await current(admin)).status, 'trialing')
    assert.equal((await rows("select from paydesk.notifications where type = 'trial_refused'")).length, 1)
    assert.equal((await current(ada)).status, 'active', 'what she pays for stays')
  })

  test('ends with a reminder, once', async () => {
    await advance(12 * 86400)
    await until('the reminder', async () => (await rows("select from paydesk.notifications where type = 'trial_ending'")).length === 1)
  })
})

test('what was scheduled happens at the end of the period', async () => {
  await advance(20 * 86400)
  await until('the smaller plan', async () => (await current(ada)).plan_key === 'pro')
  const { quantity, scheduled_change } = await current(ada)
  assert.deepEqual([quantity, scheduled_change], [1, null])
  const { latest_invoice } = await stripe('GET', `subscriptions/${(await current(ada)).stripe_subscription_id}`)
  const { discounts, lines } = await stripe('GET', `invoices/${latest_invoice}`)
  assert.equal(discounts.length, 1)
  assert.deepEqual(lines.data.map((line) => [line.amount, line.discount_amounts[0]?.amount]), [[4900, 1225]])
})

test('what was sent and answered is what the contracts say', () => {
  const sent = judgeRecording(recordings.sandbox, { requests: true })
  assert.deepEqual(sent.wrong, [])
  const answers = judgeResponses(recordings.responses)
  assert.deepEqual(answers.wrong, [])
  for (const seen of ['PATCH /api/subscriptions/{id} 200', 'POST /api/subscriptions/{id}/preview 200', 'PATCH /api/subscriptions/{id} 402', 'POST /api/seats/invitations 201']) assert.ok(answers.seen.includes(seen), seen)
})
