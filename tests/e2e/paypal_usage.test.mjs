// What was used on a PayPal plan, from its events to the receipt: `paydesk up`, its sandbox's approval page, a person in a browser.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { judgeResponses } from '../contract/openapi_contract.mjs'
import { signIn } from '../support/api.mjs'
import { by, openBrowser, openPage } from '../support/browser.mjs'
import { judgeAccess, judgeWidth, shoot } from '../support/dashboard.mjs'
import { approve } from '../support/paypal_pages.mjs'
import { root, sql, start, startUp, temporaryFolder, until } from '../support/processes.mjs'

const catalogue = `
currency = "usd"
[[meter]]
key = "api_calls"
name = "API calls"
charge = "meter"
[[plan]]
key = "free"
name = "Free"
[[plan]]
key = "api"
name = "API service"
rank = 1
prices = { monthly = "29.00" }
[plan.usage.api_calls]
included = 1000
price = "0.01"
limit = "soft"
`
const folder = temporaryFolder('paypal_usage')
const recording = join(folder, 'responses.jsonl'), plans = join(folder, 'plans.toml')
let up, browser, ada, grace, admin
const problems = []

before(async () => {
  writeFileSync(plans, catalogue)
  up = await startUp({ args: ['--record-responses', recording], env: { PAYDESK_PLANS: plans } })
  ;[ada, grace, admin] = await Promise.all(['ada', 'grace', 'admin'].map((name) => signIn(up, `${name}@example.com`)))
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  assert.equal(await up?.stop(), 0, up?.output().slice(-3000))
  assert.deepEqual(problems, [])
})

const rows = (text) => sql(up.databaseUrl(), text)
const refusal = (code) => (error) => { assert.equal(error.problem?.code, code, error.message); return true }
const usageInvoice = async (user) => (await user.get('/api/stripe/get-invoices')).invoices.find((invoice) => invoice.billing_reason === 'usage')

// The server's clock is the real one: the month that a person has used is moved into the past instead, as if it had ended
// an hour ago.
function endTheMonth(user) {
  const mine = `account_id = '${user.session.user.id}'`
  execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', up.databaseUrl(), '-c', `
    update paydesk.usage_totals t set period_start = p.starts_at - (p.ends_at - now()) - interval '1 hour', period_end = now() - interval '1 hour'
    from paydesk.usage_periods p where t.${mine} and p.account_id = t.account_id and p.starts_at = t.period_start;
    update paydesk.usage_periods set starts_at = starts_at - (ends_at - now()) - interval '1 hour', ends_at = now() - interval '1 hour' where ${mine}`])
}
// What the server's job does every five minutes.
async function invoiceUsage() {
  const { database_url } = JSON.parse(readFileSync(join(up.folder, 'state.json'), 'utf8'))
  const it = await start('paydesk', ['report-usage'], { env: {
    PAYDESK_SHARE: root, PAYDESK_PLANS: plans, DATABASE_URL: database_url, APP_URL: up.url, STRIPE_SECRET_KEY: 'sk_test_dashboard', STRIPE_API_BASE: up.sandbox,
    PAYPAL_CLIENT_ID: 'paydesk_sandbox_client', PAYPAL_CLIENT_SECRET: 'paydesk_sandbox_secret', PAYPAL_API_BASE: `${up.sandbox}/paypal`,
  } })
  assert.equal(await it.ended, 0, it.output())
  return it.output()
}
async function useAMonth(user, quantity) {
  const { approvalUrl } = await user.post('/api/paypal/create-subscription', { planId: 'api_monthly' })
  await approve(approvalUrl)
  await until('the subscription', async () => (await user.get('/api/stripe/get-subscription')).subscription?.is_active, 30)
  const { results } = await user.post('/api/usage/events', [{ metric: 'api_calls', quantity, idempotencyKey: `${user.session.user.id}-${quantity}` }])
  assert.equal(results[0].status, 'recorded')
  assert.ok(!results[0].late, 'a renewal that is paid in advance makes nothing late')
}

test('5,000 calls on a plan with 1,000 become an invoice of $40.00, told once', async () => {
  await useAMonth(ada, 5000)
  assert.equal((await ada.get('/api/stripe/get-usage')).estimated_amount, 6900)
  endTheMonth(ada)
  assert.match(await invoiceUsage(), /1 periods of PayPal's closed, 1 of them with an invoice/)
  assert.match(await invoiceUsage(), /0 periods of PayPal's closed/)
  const invoice = await usageInvoice(ada)
  assert.deepEqual([invoice.status, invoice.amount_remaining, invoice.line_items.map((line) => line.description)], ['open', 4000, ['API calls: 5000']])
  assert.deepEqual(await rows("select status, amount, provider_invoice_id like 'usage/I-%' as ours from paydesk.usage_charges"), [{ status: 'charged', amount: 4000, ours: true }])
  const mail = await fetch(`${up.sandbox}/_sandbox/mails/wait?to=ada&subject=usage&timeout=20`)
  assert.match(await mail.text(), /\$40\.00 to pay/)
  assert.equal((await ada.get('/api/stripe/get-subscription')).subscription.status, 'active')
  await assert.rejects(grace.post('/api/paypal/pay-invoice', { invoiceId: invoice.id }), refusal('not_found'))
})

test('a person pays it from the link of the mail, and the billing page says so', async () => {
  const page = await openPage(browser, problems)
  await page.goto(up.url)
  await by(page, 'sign-in-user-ada@example.com').click()
  await page.waitForURL(/dashboard|pricing/)
  const invoice = await usageInvoice(ada)
  await page.goto(invoice.hosted_invoice_url)
  await by(page, 'invoice-row').getByText('Usage', { exact: true }).waitFor()
  await by(page, 'invoice-pay').waitFor()
  await judgeAccess(page, 'an invoice to pay')
  await judgeWidth(page, 'an invoice to pay')
  await shoot(page, 'invoice-due')
  await by(page, 'invoice-due-pay').click()
  await page.waitForURL((url) => url.href.startsWith(up.sandbox))
  assert.match(await page.locator('body').innerText(), /40\.00/)
  const [{ id }] = await rows("select provider_checkout_id as id from paydesk.checkouts where plan_key like 'invoice:%'")
  assert.equal((await ada.post('/api/paypal/pay-invoice', { invoiceId: invoice.id })).orderId, id, 'a second tab gets the same order')

  await by(page, 'approve-button').click()
  await page.waitForURL(/\/dashboard\/billing\?paid=/)
  await page.locator('[data-testid="invoice-paid"][data-state="complete"]').waitFor()
  await page.locator('[data-testid="invoice-pay"]').waitFor({ state: 'detached' })
  await judgeAccess(page, 'an invoice that is paid')
  await shoot(page, 'invoice-paid')

  const paid = await usageInvoice(ada)
  assert.deepEqual([paid.status, paid.amount_paid, paid.amount_remaining], ['paid', 4000, 0])
  await until('all to be told', async () => (await rows("select count(*)::int as n from paydesk.webhook_events where status in ('received', 'failed')"))[0].n === 0)
  assert.deepEqual(await rows("select source_kind, status, amount, provider_charge_id is not null as charged from paydesk.payments where amount = 4000"), [{ source_kind: 'invoice', status: 'succeeded', amount: 4000, charged: true }])
  assert.equal((await rows("select count(*)::int as n from paydesk.notifications where type = 'payment_success' and fact_key like '%usage/%'"))[0].n, 1)
  await assert.rejects(ada.post('/api/paypal/pay-invoice', { invoiceId: invoice.id }), refusal('invoice_not_payable'))
  const pdf = await fetch(`${up.url}/api/invoices/${paid.id}.pdf`, { headers: { authorization: `Bearer ${ada.session.access_token}` } })
  assert.deepEqual([pdf.status, pdf.headers.get('content-type')], [200, 'application/pdf'])
})

test('the operator sees what it was for, and it is no recurring revenue', async () => {
  const invoice = await usageInvoice(ada)
  const explained = JSON.stringify(await admin.get(`/api/admin/explain?kind=invoice&id=${encodeURIComponent(new URL(invoice.hosted_invoice_url).searchParams.get('pay'))}`))
  for (const words of ['API calls: 5000 is 40.00 USD', 'The payment of 40.00 USD is succeeded']) assert.ok(explained.includes(words), explained)
  const { customer } = await admin.get(`/api/admin/customers/${ada.session.user.id}`)
  assert.ok(customer.invoices.some((one) => one.billing_reason === 'usage' && one.status === 'paid'))
  const { currencies: [{ months }] } = await admin.get('/api/admin/revenue')
  const month = months.at(-1)
  assert.deepEqual([month.mrr, month.collected], [2900, 6900])
  assert.equal((await admin.post('/api/admin/paypal/poll', { all: true, objects: 100 })).refused, 0)
})

test('its payment is refunded by the route of all providers', async () => {
  const [{ id }] = await rows('select id from paydesk.payments where amount = 4000')
  await admin.post('/api/admin/refunds', { paymentId: id, reason: 'requested_by_customer' })
  await until('the refund', async () => (await rows("select status from paydesk.payments where amount = 4000"))[0].status === 'refunded', 30)
  assert.equal((await usageInvoice(ada)).status, 'paid')
})

test('an eCheck keeps it open; when it bounces that is told, and another order pays', async () => {
  await useAMonth(grace, 2000)
  endTheMonth(grace)
  assert.match(await invoiceUsage(), /1 of them with an invoice/)
  const { id } = await usageInvoice(grace)
  const first = await grace.post('/api/paypal/pay-invoice', { invoiceId: id })
  await approve(first.approvalUrl, { email: 'grace@example.com', funding: 'echeck' })
  assert.equal((await grace.post('/api/paypal/capture-order', { orderId: first.orderId })).status, 'processing')
  assert.equal((await usageInvoice(grace)).status, 'open')
  await assert.rejects(grace.post('/api/paypal/pay-invoice', { invoiceId: id }), refusal('invoice_not_payable'))

  const [{ capture }] = await until('the charge', async () => { const found = await rows("select provider_charge_id as capture from paydesk.charges where status = 'pending'"); return found.length > 0 && found })
  const bounced = await fetch(`${up.sandbox}/_sandbox/paypal/captures/${capture}/settle`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: 'DECLINED' }) })
  assert.equal(bounced.status, 200, await bounced.text())
  await until('it to be told', async () => (await rows(`select 1 from paydesk.notifications where type = 'payment_failed' and account_id = '${grace.session.user.id}'`)).length === 1, 30)
  const second = await grace.post('/api/paypal/pay-invoice', { invoiceId: id })
  assert.notEqual(second.orderId, first.orderId)
  await approve(second.approvalUrl, { email: 'grace@example.com' })
  // Nobody comes back: the webhook of the approval captures.
  await until('the invoice', async () => (await usageInvoice(grace)).status === 'paid', 30)
  assert.deepEqual(await rows(`select amount, status from paydesk.payments where account_id = '${grace.session.user.id}' and source_id like 'usage/%'`), [{ amount: 1000, status: 'succeeded' }])
})

test('what was answered is what the contract says', () => {
  const answers = judgeResponses(recording)
  assert.deepEqual(answers.wrong, [])
  for (const seen of ['POST /api/paypal/pay-invoice 200', 'POST /api/paypal/pay-invoice 404', 'POST /api/paypal/pay-invoice 409']) assert.ok(answers.seen.includes(seen), seen)
})
