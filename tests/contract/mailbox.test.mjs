// The mailbox by a client that people use (nodemailer), read by the API and in a browser.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { createTransport } from 'nodemailer'
import { by, openBrowser, openPage } from '../support/browser.mjs'
import { startSandbox } from '../support/processes.mjs'

let sandbox, transport, welcome, tracker
let tracked = 0
const trackers = createServer((request, response) => { ++tracked; response.end() })
before(async () => {
  await new Promise((resolve) => trackers.listen(0, '127.0.0.1', resolve))
  tracker = `http://127.0.0.1:${trackers.address().port}/x.png`
  welcome = welcomeWith(tracker)
  sandbox = await startSandbox({ args: ['--smtp-port', '0'] })
  const port = Number(/fed by smtp:\/\/127\.0\.0\.1:(\d+)/.exec(sandbox.output())[1])
  transport = createTransport({ host: '127.0.0.1', port, secure: false, auth: { user: 'paydesk', pass: 'any' } })
})
after(async () => {
  transport?.close()
  trackers.close()
  assert.equal(await sandbox?.stop(), 0)
})

const asked = async (method, path, body) => {
  const response = await fetch(`${sandbox.url}/_sandbox/${path}`, { method, body: body && JSON.stringify(body) })
  return { status: response.status, body: await response.json() }
}
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const welcomeWith = (tracker) => ({
  from: '"Paydesk · Billing" <billing@example.com>', to: ['Ada <ada@example.com>', 'grace@example.com'], bcc: 'audit@example.com', subject: 'Willkommen, Ada · 你好',
  text: 'Grüße!\n.\nConfirm at http://127.0.0.1:9/confirm?a=1&b=2.\n',
  html: `<p>Grüße! <a href="http://127.0.0.1:9/confirm?a=1&amp;b=2">Confirm</a></p><img src="cid:logo" alt="logo"><img src="${tracker}"><script>document.title = 'ran'</script>`,
  attachments: [{ filename: 'Rechnung ü.pdf', content: Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 255]) }, { filename: 'logo.png', content: png, cid: 'logo' }],
})

test('a mail with everything in it is found by whom it is for and what it says', async () => {
  const waiting = asked('GET', 'mails/wait?to=ada&subject=willkommen&timeout=20')
  await transport.sendMail(welcome)
  const { status, body: mail } = await waiting
  assert.equal(status, 200)
  assert.equal(mail.subject, welcome.subject)
  assert.equal(mail.from, 'Paydesk · Billing <billing@example.com>')
  assert.deepEqual(mail.envelope, { from: 'billing@example.com', to: ['ada@example.com', 'grace@example.com', 'audit@example.com'], user: 'paydesk' })
  assert.equal(mail.text, welcome.text)
  assert.equal(mail.html.trim(), welcome.html)
  assert.deepEqual(mail.links, ['http://127.0.0.1:9/confirm?a=1&b=2', tracker])
  assert.deepEqual(mail.attachments.map(({ name, content_type, content_id, bytes }) => [name, content_type, content_id, bytes]),
    [['logo.png', 'image/png', 'logo', png.length], ['Rechnung ü.pdf', 'application/pdf', null, 6]])
  const file = await fetch(`${sandbox.url}${mail.attachments[1].url}`)
  assert.deepEqual([...new Uint8Array(await file.arrayBuffer())], [0x25, 0x50, 0x44, 0x46, 0, 255])
})

test('an international address and many mails over one connection', async () => {
  const pool = createTransport({ host: '127.0.0.1', port: transport.options.port, pool: true, maxConnections: 2 })
  await Promise.all(Array.from({ length: 40 }, (_, n) => pool.sendMail({ from: 'a@example.com', to: `bücher${n}@example.com`, subject: `n${n}`, text: 'x'.repeat(2000) })))
  pool.close()
  assert.equal((await asked('GET', 'mails?to=bücher')).body.data.length, 40)
  assert.equal((await asked('DELETE', 'mails?to=bücher')).body.deleted, 40)
})

test('faults of mail are the errors that the client has for them', async () => {
  const send = () => transport.sendMail({ from: 'a@example.com', to: 'fault@example.com', subject: 'fault', text: 'x' })
  for (const [fault, code] of [['mail_451', 451], ['mail_550', 550]]) {
    await asked('POST', 'faults', { fault, count: 1 })
    await assert.rejects(send(), (error) => error.code === 'EENVELOPE' && error.responseCode === code)
  }
  await asked('POST', 'faults', { fault: 'mail_reset', when: 'after', count: 1 })
  await assert.rejects(send(), (error) => ['ECONNECTION', 'ESOCKET', 'ECONNRESET'].includes(error.code))
  assert.equal((await asked('GET', 'mails?to=fault')).body.data.length, 1) // it came, and its sender cannot know
  await asked('POST', 'faults', { fault: 'mail_lost', count: 1 })
  await send()
  assert.equal((await asked('GET', 'mails?to=fault')).body.data.length, 1)
})

test('in a browser: listed, searched, read without its scripts and trackers, deleted', async () => {
  await asked('DELETE', 'mails')
  await transport.sendMail(welcome)
  await transport.sendMail({ from: 'billing@example.com', to: 'grace@example.com', subject: 'Receipt', text: 'Paid.' })
  const browser = await openBrowser()
  const problems = []
  try {
    const page = await openPage(browser, problems)
    await page.goto(`${sandbox.url}/mailbox`)
    assert.equal(await by(page, 'mail').count(), 2)
    await page.getByLabel('Search').fill('confirm')
    await page.getByRole('button', { name: 'Show' }).click()
    assert.equal(await by(page, 'mail').count(), 1)
    await page.getByRole('link', { name: welcome.subject }).click()
    const frame = page.frameLocator('[data-testid="mail-html"]')
    await frame.getByText('Grüße!').waitFor()
    assert.equal(await frame.locator('img[alt=logo]').evaluate((image) => image.complete && image.naturalWidth), 1)
    assert.equal(await page.frames()[1].title(), '')
    // The browser says that it blocked the script and the tracker: nothing else may be wrong.
    assert.equal(tracked, 0)
    assert.deepEqual(problems.filter((text) => !/Refused to|Content Security Policy|Blocked script|violates/.test(text)), [])
    await page.getByRole('link', { name: 'Text', exact: true }).click()
    assert.match(await by(page, 'mail-text').textContent(), /Confirm at/)
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Rechnung' }).click()])
    assert.equal(download.suggestedFilename(), 'Rechnung ü.pdf')
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL('**/mailbox')
    assert.equal(await by(page, 'mail').count(), 1)
    await by(page, 'delete-mails').click()
    await page.getByText('No mail yet.').waitFor()
  } finally {
    await browser.close()
  }
})
