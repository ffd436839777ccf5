// The flows that the documents behind Paydesk describe, through `paydesk up` and its sandbox, with the balances
// they state: "Stripe Integration Guide" (S3) with the catalogue as it is, and the billing system with credits (S1)
// with its own.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { signIn } from '../support/api.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { root, sql, start, startUp, temporaryFolder, until } from '../support/processes.mjs'

// What both need of a running `paydesk up`.
function world(up) {
  const stripe = async (method, path, form) => {
    const response = await fetch(`${up.sandbox}/v1/${path}`, {
      method, headers: { authorization: 'Bearer sk_test_dashboard', 'content-type': 'application/x-www-form-urlencoded' }, body: form && new URLSearchParams(form),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }
  const control = (path, body = {}) => fetch(`${up.sandbox}/_sandbox/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const rows = (text) => sql(up.databaseUrl(), text)
  return {
    stripe, control, rows,
    advance: (days) => control('clock', { advance_seconds: days * 86400 }),
    async buy(user, what) {
      const { url } = await user.post('/api/create-checkout', what)
      await payCheckout(url, '4242424242424242')
    },
    // Until the balance is that: the ledger's, and what the app is told with the entitlements.
    async has(user, credits, plan) {
      await until(`${credits} credits of ${plan}`, async () => {
        const { balance } = await user.get('/api/credits')
        const { entitlements } = await user.get('/api/entitlements')
        if (balance === credits && entitlements.credits === credits && entitlements.plan_key === plan) return true
        throw new Error(`${balance} in the ledger, ${entitlements.credits} of ${entitlements.plan_key} for the app`)
      })
    },
    async subscriptionOf(user) {
      const [{ id }] = await rows(`select provider_customer_id as id from paydesk.customers where account_id = '${user.session.user.id}'`)
      return (await stripe('GET', `subscriptions?customer=${id}&status=all`)).data[0]
    },
    async changePlan(user, lookup_key, proration_behavior) {
      const subscription = await this.subscriptionOf(user)
      const [price] = (await stripe('GET', `prices?lookup_keys[]=${lookup_key}`)).data
      await stripe('POST', `subscriptions/${subscription.id}`, { 'items[0][id]': subscription.items.data[0].id, 'items[0][price]': price.id, proration_behavior })
    },
    // Every event once more, delivered and processed: nothing is granted, taken or told again.
    async redeliverAll() {
      const books = 'select (select count(*) from paydesk.credit_transactions) as booked, (select count(*) from paydesk.credit_grants) as grants, (select count(*) from paydesk.emails) as mails'
      const events = await rows('select event_id as id from paydesk.webhook_events')
      const before = await rows(books)
      for (const { id } of events) await control(`events/${id}/resend`)
      const replay = await start('paydesk', ['replay', ...events.map((event) => event.id), '--var', up.folder], { env: { PAYDESK_SHARE: root } })
      assert.equal(await replay.ended, 0, replay.output())
      await until('all to be processed again', async () => (await rows("select 1 from paydesk.webhook_events where status not in ('processed', 'ignored')")).length === 0)
      assert.deepEqual(await rows(books), before)
    },
  }
}

async function isSound(rows) {
  const [wrong] = await rows(`select
    (select coalesce(sum(case side when 'to' then amount else -amount end), 0) from paydesk.credit_entries, (values ('from'), ('to')) s (side))::int as sum,
    (select count(*) from paydesk.credit_grants where remaining < 0 or held < 0)::int as negative,
    (select count(*) - count(distinct (account_id, fact_key)) from paydesk.credit_grants)::int as twice`)
  assert.deepEqual(wrong, { sum: 0, negative: 0, twice: 0 })
}

describe('S3: subscribe, top up, renew, cancel', () => {
  let up, ada, grace, it
  before(async () => {
    up = await startUp()
    ;[ada, grace] = await Promise.all(['ada', 'grace'].map((name) => signIn(up, `${name}@example.com`)))
    it = world(up)
  })
  after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

  test('the subscription flow: tier pro, 2,500 credits', async () => {
    await it.has(grace, 100, 'free')
    await it.buy(grace, { planId: 'pro', billingCycle: 'monthly' })
    await it.has(grace, 2500, 'pro')
  })

  test('the cancellation flow: tier free, 100 credits', async () => {
    const { id } = await it.subscriptionOf(grace)
    await grace.post('/api/stripe/cancel-subscription', { subscriptionId: id, immediately: true })
    await it.has(grace, 100, 'free')
  })

  test('the top-up flow: existing and 1,000', async () => {
    await it.has(ada, 100, 'free')
    await it.buy(ada, { planId: 'credits_1000' })
    await it.has(ada, 1100, 'free')
    const [mail] = await it.rows("select data from paydesk.emails where kind = 'credits_topped_up'")
    assert.deepEqual(mail.data, { credits: 1000, balance: 1100 })
  })

  test('2,500 and the top-up carry-over; the plan pays first', async () => {
    await it.buy(ada, { planId: 'pro', billingCycle: 'monthly' })
    await it.has(ada, 3500, 'pro')
    await ada.post('/api/credits/consume', { amount: 2600, description: 'AI Chat - GPT-4' })
    await it.has(ada, 900, 'pro')
  })

  test('the monthly credit refresh: 2,500 and what is left of the top-up', async () => {
    await it.advance(32)
    await it.has(ada, 3400, 'pro')
  })

  test('cancelled in the portal: free at the end of the period; what was bought stays', async () => {
    const { id } = await it.subscriptionOf(ada)
    await ada.post('/api/stripe/cancel-subscription', { subscriptionId: id, cancelAtPeriodEnd: true })
    await it.has(ada, 3400, 'pro')
    await it.advance(32)
    await it.has(ada, 1000, 'free')
  })

  test('told again, nothing is granted again', async () => {
    await it.redeliverAll()
    await isSound(it.rows)
  })
})

describe('S1: reset at each cycle, change of plan, refund', () => {
  let up, ada, admin, it
  before(async () => {
    const plans = join(temporaryFolder('s1'), 'plans.toml')
    const plan = (key, rank, credits, monthly) => `[[plan]]\nkey = "${key}"\nname = "${key}"\nrank = ${rank}\ncredits = ${credits}\n${monthly ? `prices = { monthly = "${monthly}" }\n` : ''}`
    writeFileSync(plans, ['currency = "usd"', plan('free', 0, 100), plan('pro', 1, 1000, '29.00'), plan('business', 2, 5000, '99.00')].join('\n'))
    up = await startUp({ env: { PAYDESK_PLANS: plans } })
    ;[ada, admin] = await Promise.all(['ada', 'admin'].map((name) => signIn(up, `${name}@example.com`)))
    it = world(up)
  })
  after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

  test('new users get 100 free credits, Pro gives 1,000 a month', async () => {
    await it.has(ada, 100, 'free')
    await it.buy(ada, { planId: 'pro', billingCycle: 'monthly' })
    await it.has(ada, 1000, 'pro')
  })

  test('use is deducted and logged with its description', async () => {
    await ada.post('/api/credits/consume', { amount: 30, description: 'AI Chat - GPT-4' })
    await it.has(ada, 970, 'pro')
    const { entries } = await ada.get('/api/credits/entries')
    assert.deepEqual([entries[0].description, entries[0].amount, entries[0].balance], ['AI Chat - GPT-4', -30, 970])
  })

  test('an upgrade with proration adds the difference', async () => {
    await it.changePlan(ada, 'business_monthly', 'always_invoice')
    await it.has(ada, 4970, 'business')
  })

  test('a refund in part takes no credits, one in full the unspent ones of what was paid', async () => {
    const payments = (await ada.get('/api/payments')).payments
    const first = payments.find((p) => p.amount === 2900)
    await admin.post('/api/admin/refunds', { paymentId: first.id, amount: 900, reason: 'requested_by_customer' })
    await it.has(ada, 4970, 'business')
    await admin.post('/api/admin/refunds', { paymentId: first.id, reason: 'requested_by_customer' })
    await it.has(ada, 4000, 'business')
    assert.equal((await ada.get('/api/payments')).payments.find((p) => p.id === first.id).status, 'refunded')
  })

  test('credits are set anew by each paid invoice', async () => {
    await ada.post('/api/credits/consume', { amount: 1500 })
    await it.has(ada, 2500, 'business')
    await it.advance(32)
    await it.has(ada, 5000, 'business')
  })

  test('a downgrade counts from the next cycle', async () => {
    await it.changePlan(ada, 'pro_monthly', 'none')
    await it.has(ada, 5000, 'pro')
    await it.advance(31)
    await it.has(ada, 1000, 'pro')
  })

  test('cancelled at the period end: the free plan and its 100', async () => {
    const { id } = await it.subscriptionOf(ada)
    await ada.post('/api/stripe/cancel-subscription', { subscriptionId: id, cancelAtPeriodEnd: true })
    await it.has(ada, 1000, 'pro')
    await it.advance(32)
    await it.has(ada, 100, 'free')
  })

  test('told again, nothing is granted or taken again', async () => {
    await it.redeliverAll()
    await isSound(it.rows)
  })
})
