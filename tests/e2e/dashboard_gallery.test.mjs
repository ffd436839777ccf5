// The gallery of components: every name that the documents use is there, each of its states fits the screen and passes
// axe, light and dark, wide and narrow, in English and German, under the server's content security policy.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { after, before, test } from 'node:test'
import { by, openBrowser } from '../support/browser.mjs'
import { judgeAccess, judgeWidth, openShape, shoot } from '../support/dashboard.mjs'
import { root } from '../support/processes.mjs'

const dist = join(root, 'web/apps/gallery/dist')
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const names = ['SubscriptionCard', 'SubscriptionStatus', 'InvoiceHistory', 'PaymentHistory', 'PaymentMethodCard', 'UsageDisplay', 'NotificationsPanel', 'PricingCard', 'PricingTable', 'CreditBalance', 'CreditHistory', 'PlanChangeDialog', 'CheckoutButton', 'PromotionCodeField', 'ProviderChoice', 'SeatManager', 'Gate']
const problems = []
let server, browser, url

before(async () => {
  server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname)
    try {
      const body = await readFile(join(dist, path === '/' ? 'index.html' : path))
      response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/html', 'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'" }).end(body)
    } catch {
      response.writeHead(path === '/favicon.ico' ? 204 : 404).end()
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${server.address().port}`
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  server?.close()
  assert.deepEqual(problems, [])
})

for (const shape of ['desktop', 'phone']) {
  for (const theme of ['light', 'dark']) {
    test(`${shape}, ${theme}`, async () => {
      const page = await openShape(browser, problems, { shape, theme })
      await page.goto(url)
      await by(page, 'invoice-row').first().waitFor()
      for (const name of names) assert.equal(await by(page, `sample-${name}`).count(), 1, name)
      await judgeWidth(page, 'the gallery')
      await judgeAccess(page, `the gallery, ${shape}, ${theme}`)
      await shoot(page, `gallery-${shape}-${theme}`)
      if (shape === 'phone') {
        await page.getByLabel('Language').selectOption('de-DE')
        await page.getByText('Rechnungen').first().waitFor()
        await judgeWidth(page, 'the gallery in German')
        await shoot(page, `gallery-${shape}-${theme}-german`)
      }
      await page.context().close()
    })
  }
}

test('a change of plan shows its cost first', async () => {
  const page = await openShape(browser, problems)
  await page.goto(url)
  await by(page, 'open-change').click()
  await by(page, 'change-preview').getByText('$33.34').waitFor()
  await judgeAccess(page, 'the preview')
  await shoot(page, 'change-preview')
  await page.context().close()
})

test('six variables make it another brand', async () => {
  const page = await openShape(browser, problems)
  await page.goto(url)
  const colour = () => by(page, 'plan-pro-subscribe').first().evaluate((button) => getComputedStyle(button).backgroundColor)
  const ours = await colour()
  await page.getByLabel('Brand').selectOption('brand')
  assert.notEqual(await colour(), ours)
  await page.context().close()
})
