// A month of dunning under the sandbox's clock, day by day: exact e-mails on exact days, none twice, with every webhook
// delivered twice. Ada's card fails until her subscription ends; Grace replaces hers in the middle.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signIn } from '../support/api.mjs'
import { calm } from '../support/calm.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { freePort, sql, startUp, until } from '../support/processes.mjs'

const day = 86400
let up, people
const rows = (text) => sql(up.databaseUrl(), text)
async function stripe(method, path, form) {
  const response = await fetch(`${up.sandbox}/v1/${path}`, { method, headers: { authorization: 'Bearer sk_test_dashboard', 'content-type': 'application/x-www-form-urlencoded' }, body: form && new URLSearchParams(form) })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}
const sandbox = async (method, path, body) => (await fetch(`${up.sandbox}/_sandbox/${path}`, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) })).json()

const taken = new Set()
// The mails that have come since the last call: {"ada@example.com": ["subject", ...]}
async function newMails() {
  const { data } = await sandbox('GET', 'mails?limit=100')
  const fresh = {}
  for (const mail of data.toReversed()) {
    if (taken.has(mail.id)) continue
    taken.add(mail.id)
    for (const to of mail.envelope.to) (fresh[to] ??= []).push(mail.subject)
  }
  return fresh
}
async function replaceCard(person, card) {
  const [{ id: customer }] = await rows(`select provider_customer_id as id from paydesk.customers where account_id = '${person.session.user.id}'`)
  const method = await stripe('POST', `payment_methods/${card}/attach`, { customer })
  await stripe('POST', `customers/${customer}`, { 'invoice_settings[default_payment_method]': method.id })
  const { data: [{ id }] } = await stripe('GET', `subscriptions?customer=${customer}`)
  return stripe('POST', `subscriptions/${id}`, { default_payment_method: method.id })
}
const entitlementsOf = async (person) => (await person.get('/api/entitlements')).entitlements
const settle = async () => { await calm(up); return newMails() }

before(async () => {
  const smtp = await freePort()
  up = await startUp({ smtpPort: smtp, env: { SMTP_URL: `smtp://127.0.0.1:${smtp}`, SMTP_TLS: 'off', MAIL_FROM: 'billing@acme.example', BRAND_NAME: 'Acme', PAYDESK_RECONCILE_REQUESTS: '0' } })
  people = Object.fromEntries(await Promise.all(['ada', 'grace'].map(async (name) => [name, await signIn(up, `${name}@example.com`)])))
  await sandbox('POST', 'faults', { fault: 'duplicate', probability: 1 })
})
after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

const failed = 'Your payment to Acme did not go through'
const receipt = 'Your receipt from Acme: $49.00'

test('both buy, and their cards go bad: one receipt each', async () => {
  for (const person of Object.values(people)) await payCheckout((await person.post('/api/create-checkout', { planId: 'pro', billingCycle: 'monthly' })).url, '4242424242424242')
  await until('both plans', async () => (await Promise.all(Object.values(people).map(entitlementsOf))).every((e) => e.plan_key === 'pro'))
  for (const person of Object.values(people)) await replaceCard(person, 'pm_card_chargeCustomerFail')
  assert.deepEqual(await settle(), { 'ada@example.com': [receipt], 'grace@example.com': [receipt] })
})

test('the renewal, four attempts on days 0, 3, 8 and 15 and the end; or a new card on day 5', async () => {
  const { data: [subscription] } = await stripe('GET', 'subscriptions?limit=1')
  const end = subscription.items.data[0].current_period_end
  const renews = `Your Acme subscription renews on ${new Date(end * 1000).toLocaleDateString('en-US', { timeZone: 'UTC', year: 'numeric', month: 'long', day: 'numeric' })}`
  const clock = async () => (await sandbox('GET', 'clock')).now
  const advanceTo = async (at) => { const seconds = at - await clock(); if (seconds > 0) await sandbox('POST', 'clock', { advance_seconds: seconds }) }

  // Two hours after each day's turn: an invoice is a draft for an hour before it is collected.
  const told = {}
  for (let n = -8; n <= 20; ++n) {
    await advanceTo(end + n * day + 7200)
    const mails = await settle()
    if (Object.keys(mails).length > 0) told[n] = mails
    if (n === 0) {
      const { status, plan_key: plan } = await entitlementsOf(people.ada)
      assert.deepEqual([status, plan], ['past_due', 'pro'], 'within the grace period')
    }
    if (n === 5) {
      await replaceCard(people.grace, 'pm_card_visa')
      await until('the open invoice to be paid with the new card', async () => (await entitlementsOf(people.grace)).status === 'active', 40)
      told['5, new card'] = await settle()
      assert.equal((await entitlementsOf(people.grace)).past_due_since, null)
    }
  }
  const both = (...subjects) => ({ 'ada@example.com': subjects, 'grace@example.com': subjects })
  assert.deepEqual(told, {
    '-7': both(renews),
    0: both(failed),
    3: both(failed),
    '5, new card': { 'grace@example.com': [receipt] },
    8: { 'ada@example.com': [failed] },
    15: { 'ada@example.com': [failed, 'Your Acme subscription has ended'] },
  })
})

test('the end: the free plan, said once, with the reason', async () => {
  const { status, plan_key: plan } = await entitlementsOf(people.ada)
  assert.deepEqual([status, plan], ['canceled', 'free'])
  const { notifications } = await people.ada.get('/api/notifications')
  assert.match(notifications.find((n) => n.type === 'subscription_canceled').message, /payment failed repeatedly.*free plan/)
  assert.equal((await people.grace.get('/api/stripe/get-subscription')).subscription.status, 'active')
  assert.equal((await rows('select 1 from paydesk.invoice_retries')).length, 1)
})

test('every webhook came twice and every fact was told once', async () => {
  const deliveries = await sandbox('GET', 'deliveries')
  assert.ok(JSON.stringify(deliveries).length > 1000)
  assert.deepEqual(await rows('select fact_key from paydesk.notifications group by account_id, fact_key having count(*) > 1'), [])
  assert.equal((await rows("select 1 from paydesk.emails where status <> 'sent'")).length, 0)
  const failures = await rows("select fact_key from paydesk.notifications where type = 'payment_failed' order by 1")
  assert.equal(failures.length, 4 + 2)
})
