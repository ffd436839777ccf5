// The dashboard as its users meet it, against `paydesk up`: what happens elsewhere appears by itself, files are
// real files, both languages, two people on one browser, and the admin's console. Then every page is looked at by axe.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { signIn } from '../support/api.mjs'
import { by, fillCard, openBrowser } from '../support/browser.mjs'
import { judgeAccess, judgeWidth, openShape, shoot, signInAs } from '../support/dashboard.mjs'
import { sql, startUp, until } from '../support/processes.mjs'

let up, browser
const problems = []
before(async () => {
  up = await startUp()
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  assert.equal(await up?.stop(), 0, up?.output().slice(-3000))
  assert.deepEqual(problems, [])
})

const rows = (text) => sql(up.databaseUrl(), text)
const accountOf = (user) => `(select account_id from paydesk.accounts where email = '${user}@example.com')`

async function pay(page) {
  await page.waitForURL((url) => url.href.startsWith(up.sandbox))
  await fillCard(page, '4242 4242 4242 4242')
  await by(page, 'pay-button').click()
  await page.waitForURL(/\/success/)
  await page.locator('[data-testid="success-state"][data-state="complete"]').waitFor()
}

async function download(page, click) {
  const [file] = await Promise.all([page.waitForEvent('download'), click()])
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}

describe('a customer', () => {
  let page
  before(async () => {
    page = await openShape(browser, problems)
    await signInAs(page, up.url, 'ada')
  })

  test('has nothing yet, and every page says so kindly', async () => {
    for (const path of ['/dashboard', '/dashboard/billing', '/dashboard/credits', '/pricing']) {
      await page.goto(up.url + path)
      await page.locator('.pd-skeleton').first().waitFor({ state: 'detached' })
      await shoot(page, `empty${path.replaceAll('/', '-')}`)
      await judgeAccess(page, path)
      await judgeWidth(page, path)
    }
  })

  test('sees on an open page what happens on another, without a reload', async () => {
    const watching = await page.context().newPage()
    await watching.goto(`${up.url}/dashboard`)
    await by(watching, 'subscription-plan').waitFor({ state: 'detached' })
    await watching.evaluate(() => { globalThis.notReloaded = true })
    await page.goto(`${up.url}/pricing`)
    await by(page, 'plan-pro-subscribe').click()
    await pay(page)
    await by(watching, 'subscription-plan').getByText('Pro').waitFor()
    await by(watching, 'notification').first().waitFor()
    await by(watching, 'notification-bell-count').waitFor()
    assert.equal(await watching.evaluate(() => globalThis.notReloaded), true)
    await shoot(watching, 'live')
    await watching.close()
  })

  test('downloads the invoice as PDF and the list as CSV', async () => {
    await page.goto(`${up.url}/dashboard/billing`)
    const pdf = await download(page, () => by(page, 'invoice-pdf').first().click())
    assert.match(pdf.name, /\.pdf$/)
    assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-')
    const csv = await download(page, () => by(page, 'invoices-csv').click())
    assert.equal(csv.name, 'invoices.csv')
    assert.match(csv.bytes.toString(), /^\uFEFFNumber,Date,Status,Total,Paid,Currency,Description\r\n.*,paid,49\.00,49\.00,USD,/)
    await shoot(page, 'billing-active')
  })

  test('buys credits, uses them to the last one, and sees each step', async () => {
    const api = await signIn(up, 'ada@example.com')
    await page.goto(`${up.url}/dashboard/credits`)
    const before = await by(page, 'credit-balance').textContent()
    await by(page, 'top-up-credits_1000').click()
    await pay(page)
    await page.goto(`${up.url}/dashboard/credits`)
    await by(page, 'credit-bucket').getByText('Never expires').waitFor()
    const { balance } = await api.get('/api/credits')
    assert.equal(balance, Number(before.replace(/\D/g, '')) + 1000)
    await shoot(page, 'credits')
    await judgeAccess(page, 'credits')

    await api.post('/api/credits/consume', { amount: balance - 3, description: 'AI Chat <img src=x onerror=alert(1)>' })
    await page.reload()
    await by(page, 'credit-balance').getByText(/^3$/).waitFor()
    assert.equal(await page.locator('img[src=x]').count(), 0)
    await api.post('/api/credits/consume', { amount: 3 })
    await page.reload()
    await page.getByText('You have no credits left').waitFor()
    await shoot(page, 'credits-none')
    const refused = await api.raw('POST', '/api/credits/consume', { amount: 1 })
    assert.equal(refused.status, 402)
  })

  test('cancels and resumes', async () => {
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-cancel').click()
    await judgeAccess(page, 'the question before cancelling')
    await by(page, 'confirm-cancel').click()
    await by(page, 'subscription-resume').click()
    await by(page, 'subscription-cancel').waitFor()
  })

  test('reads everything in German, and so do her e-mails', async () => {
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'account-menu').click()
    await by(page, 'language').selectOption('de')
    await page.getByRole('heading', { level: 1, name: 'Abrechnung' }).waitFor()
    await page.keyboard.press('Escape')
    await by(page, 'subscription-status').getByText('Aktiv').waitFor()
    await until('the language of the account', async () => (await rows(`select language from paydesk.accounts where account_id = ${accountOf('ada')}`))[0]?.language === 'de')
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Abrechnung' }).waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de')
    await shoot(page, 'billing-german')
    await judgeAccess(page, 'German')
    for (const path of ['/dashboard', '/dashboard/credits', '/pricing']) {
      await page.goto(up.url + path)
      await page.locator('.pd-skeleton').first().waitFor({ state: 'detached' })
      await shoot(page, `german${path.replaceAll('/', '-')}`)
      await judgeWidth(page, path)
    }
  })

  test('a colleague takes over the browser and sees nothing of hers', async () => {
    await page.goto(`${up.url}/dashboard`)
    await by(page, 'subscription-plan').waitFor()
    await by(page, 'account-menu').click()
    await by(page, 'switch-to-grace@example.com').click()
    await by(page, 'subscription-plan').waitFor({ state: 'detached' })
    await page.getByText('Sie haben kein Abonnement').waitFor()
    assert.equal(await page.getByText('Ada').count(), 0)
  })

  test('somebody without the role finds no admin console', async () => {
    await page.goto(`${up.url}/admin`)
    await page.getByText('Nur für Admins').waitFor()
  })
})

describe('an admin', () => {
  let page
  before(async () => {
    page = await openShape(browser, problems)
    await signInAs(page, up.url, 'admin')
  })

  test('gives money back, once, after a question', async () => {
    const [payment] = await rows(`select id as payment_id, currency from paydesk.payments where account_id = ${accountOf('ada')} and amount = 4900`)
    await page.goto(`${up.url}/admin/refunds?payment=${payment.payment_id}&currency=${payment.currency}`)
    await page.getByLabel('Amount').fill('abc')
    await by(page, 'refund-submit').click()
    await page.getByText('This is not an amount of money.').waitFor()
    await page.getByLabel('Amount').fill('9.50')
    await page.getByLabel('Note for the audit log').fill('A kind gesture')
    await by(page, 'refund-submit').click()
    await page.getByRole('dialog').getByText('$9.50').waitFor()
    await shoot(page, 'admin-refund-question')
    await judgeAccess(page, 'refund')
    await by(page, 'admin-confirm').click()
    await by(page, 'admin-refund').getByText('A kind gesture').waitFor()
    await until('the refund', async () => (await rows('select amount from paydesk.refunds')).length === 1)
    assert.deepEqual(await rows('select amount, note from paydesk.refunds'), [{ amount: 950, note: 'A kind gesture' }])
    await shoot(page, 'admin-refunds')
  })

  test('reads why a refund is refused', async () => {
    await page.getByLabel('Amount').fill('100')
    await by(page, 'refund-submit').click()
    await by(page, 'admin-confirm').click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    await shoot(page, 'admin-refund-refused')
    await page.getByRole('button', { name: 'Cancel' }).click()
    assert.equal((await rows('select amount from paydesk.refunds')).length, 1)
  })

  test('gives credits, writes an e-mail, saves a rate', async () => {
    const [{ account_id }] = await rows(`select account_id from paydesk.accounts where email = 'grace@example.com'`)
    await page.goto(`${up.url}/admin/credits`)
    await page.getByRole('textbox', { name: 'Account' }).fill(account_id)
    await page.getByRole('textbox', { name: 'Credits' }).fill('250')
    await page.getByRole('textbox', { name: 'Reason' }).fill('Sorry for the outage')
    await shoot(page, 'admin-credits')
    await judgeAccess(page, 'admin credits')
    await by(page, 'grant-submit').click()
    await by(page, 'admin-confirm').click()
    await page.getByText('The credits are there').waitFor()
    const grace = await signIn(up, 'grace@example.com')
    assert.equal((await grace.get('/api/credits')).balance, 350)

    await page.goto(`${up.url}/admin/emails`)
    await page.getByRole('textbox', { name: 'Account' }).fill(account_id)
    await page.getByRole('textbox', { name: 'Subject' }).fill('Hello')
    await page.getByRole('textbox', { name: 'Message' }).fill('Just a word.')
    await by(page, 'email-submit').click()
    await by(page, 'admin-confirm').click()
    await page.getByText('The e-mail is queued').waitFor()
    await by(page, 'admin-email').first().waitFor()
    await shoot(page, 'admin-emails')
    await judgeAccess(page, 'admin e-mails')

    await page.goto(`${up.url}/admin/rates`)
    await page.getByLabel('is so many').fill('inr')
    await page.getByLabel('Rate', { exact: true }).fill('83.125')
    await page.getByLabel('Of the day').fill('2026-11-25')
    await page.getByLabel('Source').fill('RBI reference rate')
    await by(page, 'rate-submit').click()
    await by(page, 'admin-confirm').click()
    await by(page, 'admin-rate').getByText('1 USD = 83.125 INR').waitFor()
    await page.getByText('Nov 25, 2026').waitFor()
    await shoot(page, 'admin-rates')
    await judgeAccess(page, 'admin rates')
    await page.goto(`${up.url}/admin`)
    await page.getByText('Nothing needs you').waitFor()
    await shoot(page, 'admin')
    await judgeAccess(page, 'admin')
  })
})
