// What people do in the dashboard beyond a first purchase, and what an admin sees and mends of it afterwards, against one
// `paydesk up`: cards that are refused, a change of plan, usage up to its limit, a team, then the whole console.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { signIn } from '../support/api.mjs'
import { by, fillCard, openBrowser } from '../support/browser.mjs'
import { calm } from '../support/calm.mjs'
import { judgeAccess, judgeWidth, openShape, shoot, signInAs } from '../support/dashboard.mjs'
import { sql, startUp, until } from '../support/processes.mjs'

const hostile = '<img src=x onerror=alert(1)>\u202Egnirts 🧾 ' + 'Å'.repeat(300)
let up, browser, grace, page
const problems = []
before(async () => {
  up = await startUp()
  browser = await openBrowser()
  grace = await signIn(up, 'grace@example.com')
  const coupon = await stripe('coupons', { amount_off: '1000', currency: 'usd', duration: 'once' })
  await stripe('promotion_codes', { 'promotion[type]': 'coupon', 'promotion[coupon]': coupon.id, code: 'SPRING' })
  page = await openShape(browser, problems)
  await signInAs(page, up.url, 'grace')
})
after(async () => {
  await browser?.close()
  assert.equal(await up?.stop(), 0, up?.output().slice(-3000))
  assert.deepEqual(problems, [])
})

const rows = (text) => sql(up.databaseUrl(), text)
// What no route can do: rows as a bad day leaves them.
const change = (text) => execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', up.databaseUrl(), '-c', text])
const accountOf = (user) => `(select account_id from paydesk.accounts where email = '${user}@example.com')`
const current = async () => (await grace.get('/api/stripe/get-subscription')).subscription
// Stripe's API as its dashboard uses it.
async function stripe(path, form) {
  const response = await fetch(`${up.sandbox}/v1/${path}`, { method: form ? 'POST' : 'GET', headers: { authorization: 'Bearer sk_test_dashboard', 'stripe-version': '2026-10-28.endive', 'content-type': 'application/x-www-form-urlencoded' }, body: form && new URLSearchParams(form) })
  const answer = await response.json()
  assert.equal(response.status, 200, JSON.stringify(answer))
  return answer
}
async function look(name, at = page) {
  await at.waitForFunction(() => document.querySelectorAll('.pd-skeleton').length === 0)
  await shoot(at, name)
  await judgeAccess(at, name)
  await judgeWidth(at, name)
}

describe('a customer', () => {
  test('is told why a card was refused, confirms another at the bank, and is subscribed', async () => {
    await page.goto(`${up.url}/pricing`)
    await by(page, 'promotion-open').click()
    await by(page, 'promotion-code').fill('nope')
    await by(page, 'plan-pro-subscribe').click()
    await by(page, 'promotion-error').getByText('There is no such promotion code.').waitFor()
    await look('pricing-wrong-code')
    await by(page, 'promotion-code').fill('spring')
    await by(page, 'plan-pro-subscribe').click()
    await page.waitForURL((url) => url.href.startsWith(up.sandbox))
    await page.getByText('$39.00').first().waitFor() // 49 less 10
    await fillCard(page, '4000 0000 0000 0002')
    await by(page, 'pay-button').click()
    await by(page, 'card-error').getByText(/declined/i).waitFor()
    await fillCard(page, '4000 0025 0000 3155')
    await by(page, 'pay-button').click()
    await by(page, '3ds-complete').click()
    await page.locator('[data-testid="success-state"][data-state="complete"]').waitFor()
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-plan').getByText('Pro').waitFor()
  })

  test('sees what a change of plan costs, and pays exactly that', async () => {
    await calm(up)
    // The bank was asked once; the renewals of this card it lets pass.
    await page.goto(`${up.url}/pricing`)
    await by(page, 'plan-business-subscribe').click()
    const preview = by(page, 'change-preview')
    await preview.waitFor()
    await look('change-preview')
    // A code that is looked at, and not used.
    const dialog = page.getByRole('dialog')
    const discounts = async () => (await stripe(`subscriptions/${(await current()).stripe_subscription_id}`)).discounts
    const lookAtCode = async () => {
      await preview.getByText('you pay $99.00').waitFor()
      await by(dialog, 'promotion-open').click()
      await by(dialog, 'promotion-code').fill('spring')
      await by(dialog, 'promotion-apply').click()
      await preview.getByText('you pay $89.00').waitFor()
    }
    await lookAtCode()
    await look('change-with-code')
    await dialog.getByRole('button', { name: 'Back' }).click()
    await preview.waitFor({ state: 'detached' })
    assert.deepEqual(await discounts(), [])
    await by(page, 'plan-business-subscribe').click()
    await lookAtCode()
    const shown = await preview.locator('tfoot .pd-amount').textContent()
    await by(page, 'confirm-change').click()
    await preview.waitFor({ state: 'detached' })
    await until('the new plan', async () => (await current()).plan_key === 'business')
    assert.equal((await discounts()).length, 1)
    const { invoices } = await until('its invoice', async () => {
      const list = await grace.get('/api/stripe/get-invoices')
      return list.invoices[0]?.billing_reason === 'subscription_update' && list
    })
    assert.equal(Number(shown.replace(/\D/g, '')), invoices[0].total)
  })

  test('uses the plan up to its limit and reads that it is reached', async () => {
    const left = await grace.get('/api/usage/check?metric=projects')
    await grace.post('/api/usage/consume', { metric: 'projects', quantity: left.limit - 1 })
    await page.goto(`${up.url}/dashboard/usage`)
    const metric = by(page, 'usage-metric').filter({ hasText: `of ${left.limit}` })
    await metric.and(page.locator('[data-tone="warning"]')).waitFor()
    await grace.post('/api/usage/consume', { metric: 'projects', quantity: left.limit }) // counts the last one, not the sum
    await page.reload()
    await metric.and(page.locator('[data-tone="danger"]')).waitFor()
    const refused = await grace.raw('POST', '/api/usage/consume', { metric: 'projects', quantity: left.limit + 1 })
    assert.equal((await refused.json()).allowed, false)
    await grace.post('/api/usage/events', { events: [{ metric: 'api_calls', quantity: 12 }] })
    await page.reload()
    await look('usage-limit')
  })

  test('shares seats: invites, is joined, and takes the seat back', async () => {
    await grace.patch(`/api/subscriptions/${(await current()).id}`, { quantity: 2 })
    await until('two seats', async () => (await grace.get('/api/seats')).total === 2)
    await page.goto(`${up.url}/dashboard/team`)
    await page.getByPlaceholder('E-mail').fill('admin@example.com')
    await by(page, 'seat-invite').click()
    await by(page, 'seat-member').getByText('admin@example.com').waitFor()
    await look('team')
    const [{ url }] = await until('the invitation', async () => {
      const mails = await rows("select data ->> 'url' as url from paydesk.emails where kind = 'seat_invitation'")
      return mails.length === 1 && mails
    })

    const colleague = await openShape(browser, problems)
    await signInAs(colleague, up.url, 'admin')
    await colleague.goto(up.url + new URL(url).pathname + new URL(url).search)
    await look('invitation', colleague)
    await colleague.locator('main button.pd-button-primary').click()
    await until('the member', async () => (await grace.get('/api/seats')).members.some((m) => m.joined_at))
    await colleague.context().close()
  })
})

describe('an admin', () => {
  let admin
  before(async () => {
    admin = await openShape(browser, problems)
    await signInAs(admin, up.url, 'admin')
    change(`update paydesk.accounts set name = '${hostile}' where email = 'grace@example.com'`)
    await calm(up)
  })

  test('finds a customer and sees everything about them', async () => {
    await admin.goto(`${up.url}/admin/customers`)
    await by(admin, 'admin-customer').first().waitFor()
    await look('admin-customers', admin)
    await admin.getByRole('searchbox').fill('grace@')
    await by(admin, 'filter-submit').click()
    await admin.waitForURL(/query=grace/)
    await until('one row', async () => (await by(admin, 'admin-customer').count()) === 1)
    await by(admin, 'admin-customer').getByRole('link').click()
    await by(admin, 'customer-status').getByText('Active').waitFor()
    await admin.getByText('invoice.paid').first().waitFor()
    assert.equal(await admin.locator('img[src=x]').count(), 0)
    await look('admin-customer', admin)
    await by(admin, 'customer-refund').first().click()
    await admin.waitForURL(/\/admin\/refunds\?payment=/)
  })

  test('gives money back from there, and the customer’s page shows it', async () => {
    await admin.getByLabel('Amount').fill('1.00')
    await by(admin, 'refund-submit').click()
    await by(admin, 'admin-confirm').click()
    await by(admin, 'admin-refund').first().waitFor()
    const [{ id }] = await rows(`select ${accountOf('grace')} as id`)
    await admin.goto(`${up.url}/admin/customers/${id}`)
    await admin.getByText('$1.00 refunded').waitFor()
  })

  test('replays dead letters, after a question', async () => {
    await calm(up)
    const [{ id }] = await rows("select event_id as id from paydesk.webhook_events where type = 'invoice.paid' order by received_at limit 1")
    change(`update paydesk.webhook_events set status = 'dead', processed_at = null, attempts = 12, error = '${hostile.slice(0, 200)}' where event_id = '${id}'`)
    await admin.goto(`${up.url}/admin/webhooks?status=dead`)
    await by(admin, 'admin-event').first().waitFor()
    await look('admin-dead-letters', admin)
    await by(admin, 'admin-event').getByRole('link').click()
    await admin.getByText('"object": "event"').waitFor()
    await look('admin-webhook', admin)
    const before = await rows('select id, status, amount from paydesk.payments order by id')
    await by(admin, 'replay').click()
    await look('admin-replay-question', admin)
    await by(admin, 'admin-confirm').click()
    await until('it to be applied', async () => (await rows(`select status from paydesk.webhook_events where event_id = '${id}'`))[0].status === 'processed')
    assert.deepEqual(await rows('select id, status, amount from paydesk.payments order by id'), before)
    assert.equal((await rows(`select 1 from paydesk.audit_log where action = 'webhook.replay' and details ->> 'event_id' = '${id}'`)).length, 1)
    await admin.goto(`${up.url}/admin/webhooks`)
    await look('admin-webhooks', admin)
  })

  test('runs a dead job again', async () => {
    change(`insert into paydesk.jobs (kind, status, attempts, last_error, payload, finished_at) values ('send_emails', 'dead', 10, 'the mail server said no', '{"note": "from the test"}', now())`)
    await admin.goto(`${up.url}/admin/jobs?state=dead`)
    await by(admin, 'admin-job').first().waitFor()
    await look('admin-jobs', admin)
    await by(admin, 'retry-job').click()
    await by(admin, 'admin-confirm').click()
    await until('the job to run', async () => (await rows(`select 1 from paydesk.jobs where status = 'dead'`)).length === 0)
  })

  test('reads revenue and usage', async () => {
    await admin.goto(`${up.url}/admin/revenue`)
    await by(admin, 'mrr').getByText('$198.00').waitFor() // two seats of Business
    await admin.locator('.recharts-surface').first().waitFor()
    await look('admin-revenue', admin)
    await admin.goto(`${up.url}/admin/usage`)
    await by(admin, 'usage-api_calls').getByText('12').waitFor()
    await admin.locator('.recharts-surface').first().waitFor()
    await look('admin-usage', admin)
  })

  test('does all of it in German, in the dark, on a phone', async () => {
    const phone = await openShape(browser, problems, { shape: 'phone', theme: 'dark', locale: 'de-DE' })
    await signInAs(phone, up.url, 'admin')
    const [{ id }] = await rows(`select ${accountOf('grace')} as id`)
    for (const path of ['customers', `customers/${id}`, 'revenue', 'usage', 'webhooks', 'jobs']) {
      await phone.goto(`${up.url}/admin/${path}`)
      await look(`phone-admin-${path.split('/')[0]}${path.includes('/') ? '-one' : ''}`, phone)
    }
    await phone.context().close()
  })
})
