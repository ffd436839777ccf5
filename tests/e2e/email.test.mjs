// A purchase becomes a receipt with the invoice attached, over a real mail server; an admin's letter and a cancellation too.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { signIn } from '../support/api.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { root, sleep, sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

describe('e-mail', () => {
  const folder = temporaryFolder('mail')
  let server, up, ada, admin
  before(async () => {
    server = spawn('/usr/bin/python3', [join(root, 'src/notify/testdata/smtp_server.py'), folder], { stdio: 'inherit' })
    await until('the mail server', () => existsSync(join(folder, 'port')))
    up = await startUp({ env: {
      SMTP_URL: `smtp://127.0.0.1:${readFileSync(join(folder, 'port'), 'utf8')}`, SMTP_TLS: 'off', MAIL_FROM: 'billing@acme.example', BRAND_NAME: 'Acme',
      SELLER_NAME: 'Acme GmbH', SELLER_ADDRESS: 'Hauptstraße 1|10115 Berlin',
    } })
    ada = await signIn(up, 'ada@example.com')
    admin = await signIn(up, 'admin@example.com')
  })
  after(async () => {
    assert.equal(await up?.stop(), 0)
    server?.kill('SIGKILL')
  })

  const mails = () => {
    const taken = []
    for (let n = 1; existsSync(join(folder, `${n}.json`)); ++n) taken.push(JSON.parse(readFileSync(join(folder, `${n}.json`), 'utf8')))
    return taken
  }
  const header = (mail, name) => mail.headers.find(([key]) => key === name)?.[1]
  const mailAbout = (words) => until(`a mail about ${words}`, () => mails().find((mail) => header(mail, 'Subject').includes(words)))

  test('a purchase: one receipt, with the very PDF that the API gives', async () => {
    const { url } = await ada.post('/api/stripe/create-checkout', { planId: 'pro', billingCycle: 'monthly' })
    await payCheckout(url, '4242424242424242')
    const receipt = await mailAbout('receipt')
    assert.deepEqual([receipt.to, receipt.defects, header(receipt, 'From')], [['ada@example.com'], [], 'Acme <billing@acme.example>'])
    assert.match(receipt.parts[0].text, /We have received your payment of \$/)
    const { invoices } = await ada.get('/api/stripe/get-invoices')
    const pdf = Buffer.from(await (await ada.raw('GET', `/api/invoices/${invoices[0].id}.pdf`)).arrayBuffer())
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
    const attached = receipt.parts.find((part) => part.type === 'application/pdf')
    assert.equal(attached.sha256, createHash('sha256').update(pdf).digest('hex'))
    const page = await (await ada.raw('GET', `/api/invoices/${invoices[0].stripe_invoice_id}.html`)).text()
    assert.match(page, /Hauptstraße 1/)
    await sleep(1500)
    assert.equal(mails().filter((mail) => header(mail, 'Subject').includes('receipt')).length, 1)
  })

  test('a cancellation that is scheduled, in the language that the reader chose', async () => {
    await ada.patch('/api/account', { language: 'de' })
    const { subscription } = await ada.get('/api/stripe/get-subscription')
    await ada.post('/api/stripe/cancel-subscription', { subscriptionId: subscription.id, cancelAtPeriodEnd: true })
    const mail = await mailAbout('endet am')
    assert.match(mail.parts[0].text, /^Ihre Kündigung ist vorgemerkt/)
  })

  test('an admin writes, and sees the outbox', async () => {
    const [{ account_id: accountId }] = await sql(up.databaseUrl(), "select account_id from paydesk.accounts where email = 'ada@example.com'")
    await admin.post('/api/admin/send-email', { accountId, subject: 'Wartung am Sonntag', message: 'Am Sonntag von 2 bis 3 Uhr.\n<b>Danke</b>' })
    const mail = await mailAbout('Wartung')
    assert.match(mail.parts[1].text, /&lt;b&gt;Danke/)
    const { emails } = await until('all to be sent', async () => {
      const list = await admin.get('/api/admin/emails')
      return list.emails.every((email) => email.status === 'sent') && list
    })
    assert.deepEqual(emails.map((email) => email.kind).sort(), ['free_form', 'payment_success', 'subscription_cancel_scheduled'])
    await assert.rejects(() => ada.get('/api/admin/emails'), { status: 403 })
  })
})
