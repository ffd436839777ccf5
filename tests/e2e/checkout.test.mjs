// The main job as a person does it, in a real browser, against `paydesk up`: sign in, pick a plan, pay, see it in
// the dashboard, cancel, resume, change the card. Then the database is read.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { join } from 'node:path'
import { judgeResponses } from '../contract/openapi_contract.mjs'
import { judgeRecording } from '../contract/stripe_contract.mjs'
import { by, fillCard, openBrowser, openPage } from '../support/browser.mjs'
import { sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

let up, browser
const problems = []
const shots = process.env.PAYDESK_SHOTS // a folder: keeps a picture of every page
let picture = 0
const shoot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${String(++picture).padStart(2, '0')}-${name}.png`), fullPage: true }) }

const folder = temporaryFolder('browser')
const recordings = { responses: join(folder, 'responses.jsonl'), sandbox: join(folder, 'sandbox.jsonl') }

before(async () => {
  up = await startUp({ args: ['--record-responses', recordings.responses, '--record-sandbox', recordings.sandbox] })
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  assert.equal(await up?.stop(), 0, up?.output().slice(-3000))
  assert.deepEqual(problems, [])
})

async function signedIn(user) {
  const page = await openPage(browser, problems)
  await page.goto(up.url)
  await by(page, `sign-in-user-${user}@example.com`).click()
  await page.waitForURL(/dashboard|pricing/)
  return page
}

async function choose(page, plan, cycle) {
  await page.goto(`${up.url}/pricing`)
  await by(page, `billing-cycle-${cycle}`).click()
  await shoot(page, `pricing-${cycle}`)
  await by(page, `plan-${plan}-subscribe`).click()
  await page.waitForURL((url) => url.href.startsWith(up.sandbox))
}

const success = (page, state) => page.locator(`[data-testid="success-state"][data-state="${state}"]`).waitFor()
const rows = (text) => sql(up.databaseUrl(), text)
const accountOf = (user) => `(select account_id from paydesk.accounts where email = '${user}@example.com')`

describe('a card that works', () => {
  let page
  test('subscribes', async () => {
    page = await signedIn('ada')
    await shoot(page, 'signed-in')
    await choose(page, 'pro', 'monthly')
    await shoot(page, 'hosted-checkout')
    await fillCard(page, '4242 4242 4242 4242')
    await by(page, 'pay-button').click()
    await page.waitForURL(/\/success/)
    await success(page, 'complete')
    await shoot(page, 'success')

    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-status').getByText(/active/i).waitFor()
    await by(page, 'subscription-plan').getByText(/pro/i).waitFor()
    await by(page, 'invoice-row').first().waitFor()
    await by(page, 'invoice-status').first().getByText(/paid/i).waitFor()
    await by(page, 'payment-method').first().getByText('4242').waitFor()
    await by(page, 'notification').first().waitFor()
    await shoot(page, 'billing-active')
  })

  test('is in the database, once', async () => {
    const [subscription] = await rows(`select status, plan_key, billing_cycle, cancel_at_period_end, quantity, unit_amount from paydesk.subscriptions where account_id = ${accountOf('ada')}`)
    assert.deepEqual(subscription, { status: 'active', plan_key: 'pro', billing_cycle: 'monthly', cancel_at_period_end: false, quantity: 1, unit_amount: 4900 })
    const invoices = await rows(`select status, amount_due, amount_paid, currency, billing_reason from paydesk.invoices where account_id = ${accountOf('ada')}`)
    assert.deepEqual(invoices, [{ status: 'paid', amount_due: 4900, amount_paid: 4900, currency: 'usd', billing_reason: 'subscription_create' }])
    const payments = await rows(`select status, amount, currency from paydesk.payments where account_id = ${accountOf('ada')}`)
    assert.deepEqual(payments, [{ status: 'succeeded', amount: 4900, currency: 'usd' }])
    const cards = await rows(`select card_brand, card_last4, detached_at from paydesk.payment_methods where account_id = ${accountOf('ada')}`)
    assert.deepEqual(cards, [{ card_brand: 'visa', card_last4: '4242', detached_at: null }])
    const told = await rows(`select type, count(*) from paydesk.notifications where account_id = ${accountOf('ada')} group by type order by type`)
    for (const { count } of told) assert.equal(count, 1)
    assert.ok(told.length >= 2, JSON.stringify(told))
    assert.deepEqual(await rows("select event_id, error from paydesk.webhook_events where status in ('dead', 'failed')"), [])
  })

  test('cannot buy a second one', async () => {
    await page.goto(`${up.url}/pricing`)
    const token = await page.evaluate(() => Object.values({ ...localStorage, ...sessionStorage }).join(' ').match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)?.[0])
    assert.ok(token, 'the page keeps its session')
    const again = await fetch(`${up.url}/api/stripe/create-checkout`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify({ planId: 'business', billingCycle: 'monthly' }) })
    assert.equal(again.status, 409)
    const problem = await again.json()
    assert.equal(problem.code, 'subscription_exists')
    assert.match(problem.portal_url, /^http:\/\/127\.0\.0\.1/)
  })

  test('cancels at the period end and resumes', async () => {
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-cancel').click()
    await shoot(page, 'cancel-dialog')
    await by(page, 'confirm-cancel').click()
    await by(page, 'subscription-resume').waitFor()
    await shoot(page, 'billing-cancel-scheduled')
    await until('the cancellation in the database', async () => (await rows(`select cancel_at_period_end, status from paydesk.subscriptions where account_id = ${accountOf('ada')}`))[0].cancel_at_period_end)
    await by(page, 'subscription-resume').click()
    await by(page, 'subscription-cancel').waitFor()
    const [row] = await rows(`select cancel_at_period_end, cancel_at, canceled_at, status from paydesk.subscriptions where account_id = ${accountOf('ada')}`)
    assert.deepEqual(row, { cancel_at_period_end: false, cancel_at: null, canceled_at: null, status: 'active' })
  })

  test('changes the card in the portal', async () => {
    await by(page, 'update-card').click()
    await page.waitForURL((url) => url.href.startsWith(up.sandbox))
    await shoot(page, 'portal-card')
    if (!(await by(page, 'card-number').count())) await by(page, 'portal-update-card').click()
    await fillCard(page, '5555 5555 5555 4444')
    await by(page, 'portal-save-card').click()
    if (page.url().startsWith(up.sandbox)) {
      await by(page, 'portal-return').or(page.locator('body')).first().waitFor()
      if (await by(page, 'portal-return').count()) await by(page, 'portal-return').first().click()
    }
    await page.waitForURL((url) => url.href.startsWith(up.url))
    await until('the new card as the default', async () => (await rows(`select card_last4 from paydesk.payment_methods where account_id = ${accountOf('ada')} and is_default and detached_at is null`)).some((r) => r.card_last4 === '4444'))
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'payment-method').getByText('4444').first().waitFor()
    await shoot(page, 'billing-new-card')
  })

  test('cancels in the portal: only cancel_at is set, and it counts as scheduled', async () => {
    const portal = await page.evaluate(async () => {
      const token = Object.values({ ...localStorage, ...sessionStorage }).join(' ').match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)[0]
      return (await (await fetch('/api/stripe/create-portal', { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: '{}' })).json()).url
    })
    await page.goto(portal)
    await shoot(page, 'portal')
    await by(page, 'portal-cancel').click()
    await by(page, 'portal-confirm-cancel').click()
    await by(page, 'portal-resume').waitFor()
    await until('cancel_at in the database', async () => (await rows(`select cancel_at from paydesk.subscriptions where account_id = ${accountOf('ada')}`))[0].cancel_at)
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-resume').click()
    await by(page, 'subscription-cancel').waitFor()
    await until('nothing scheduled', async () => (await rows(`select cancel_at, cancel_at_period_end from paydesk.subscriptions where account_id = ${accountOf('ada')}`)).every((r) => r.cancel_at === null && !r.cancel_at_period_end))
  })
})

describe('cards that do not work at once', () => {
  test('declined, then insufficient funds, then 3-D Secure failed, then passed', async () => {
    const page = await signedIn('grace')
    await choose(page, 'business', 'yearly')
    await fillCard(page, '4000 0000 0000 0002')
    await by(page, 'pay-button').click()
    await by(page, 'card-error').getByText(/declined/i).waitFor()
    await shoot(page, 'declined')
    await fillCard(page, '4000 0000 0000 9995')
    await by(page, 'pay-button').click()
    await by(page, 'card-error').getByText(/insufficient/i).waitFor()

    await fillCard(page, '4000 0000 0000 3220')
    await by(page, 'pay-button').click()
    await by(page, '3ds-fail').waitFor()
    await shoot(page, '3ds')
    await by(page, '3ds-fail').click()
    await by(page, 'card-error').waitFor()
    assert.deepEqual(await rows(`select status from paydesk.subscriptions where account_id = ${accountOf('grace')}`), [])

    await fillCard(page, '4000 0025 0000 3155')
    await by(page, 'pay-button').click()
    await by(page, '3ds-complete').click()
    await page.waitForURL(/\/success/)
    await success(page, 'complete')
    const [row] = await rows(`select status, plan_key, billing_cycle from paydesk.subscriptions where account_id = ${accountOf('grace')}`)
    assert.deepEqual(row, { status: 'active', plan_key: 'business', billing_cycle: 'yearly' })
  })
})

describe('the way back', () => {
  test('leaving the checkout changes nothing and says so', async () => {
    const page = await signedIn('admin')
    await choose(page, 'pro', 'yearly')
    await by(page, 'cancel-link').click()
    await page.waitForURL((url) => url.href.startsWith(up.url))
    await shoot(page, 'returned')
    assert.deepEqual(await rows(`select status from paydesk.subscriptions where account_id = ${accountOf('admin')}`), [])
  })

  test('the success page waits for the webhook and does not guess', async () => {
    const page = await signedIn('admin')
    await choose(page, 'pro', 'yearly')
    await fetch(`${up.sandbox}/_sandbox/webhooks/pause`, { method: 'POST' })
    await fillCard(page, '4242 4242 4242 4242')
    await by(page, 'pay-button').click()
    await page.waitForURL(/\/success/)
    await success(page, 'pending')
    await shoot(page, 'success-pending')
    assert.deepEqual(await rows(`select status from paydesk.subscriptions where account_id = ${accountOf('admin')}`), [])
    await fetch(`${up.sandbox}/_sandbox/webhooks/resume`, { method: 'POST' })
    await success(page, 'complete')
  })
})

describe('a top-up', () => {
  test('is paid once and recorded as a payment', async () => {
    const page = await signedIn('grace')
    await page.goto(`${up.url}/pricing`)
    await by(page, 'plan-credits_1000-subscribe').click()
    await page.waitForURL((url) => url.href.startsWith(up.sandbox))
    await fillCard(page, '4242 4242 4242 4242')
    await by(page, 'pay-button').click()
    await page.waitForURL(/\/success/)
    await success(page, 'complete')
    await shoot(page, 'topped-up')
    const payment = await until('the payment', async () => (await rows(`select source_kind, status, amount, currency from paydesk.payments where account_id = ${accountOf('grace')} and amount = 2000`))[0])
    assert.deepEqual(payment, { source_kind: 'invoice', status: 'succeeded', amount: 2000, currency: 'usd' })
  })
})

describe('what went over the wire meanwhile', () => {
  test('every response of the server is what openapi.yaml says', () => {
    const { checked, wrong } = judgeResponses(recordings.responses)
    assert.ok(checked > 30, `only ${checked} responses`)
    assert.deepEqual(wrong, [])
  })
  test('every request that the server sent and every object and event that came back pass the SDK\'s types', () => {
    const { checked, wrong } = judgeRecording(recordings.sandbox, { requests: true })
    assert.ok(checked.requests > 15 && checked.events > 40, JSON.stringify(checked))
    assert.deepEqual(wrong, [])
  })
})
