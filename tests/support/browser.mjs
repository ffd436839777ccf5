// Debian's Chromium, driven by playwright-core.
import { chromium } from 'playwright-core'

export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  })
}

// A page that fails the test on any script error, broken CSP or request that leaves the machine.
export async function openPage(browser, problems) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: 'en-US' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
  page.on('console', (message) => { if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text())) problems.push(message.text()) })
  page.on('request', (request) => { if (!/^(https?:\/\/127\.0\.0\.1[:/]|data:|blob:|about:)/.test(request.url())) problems.push(`left the machine: ${request.url()}`) })
  return page
}

export const by = (page, id) => page.locator(`[data-testid="${id}"]`)

// Pays on the sandbox's hosted page.
export async function fillCard(page, number, { exp = '12 / 34', cvc = '123', name = 'Ada Lovelace' } = {}) {
  await by(page, 'card-number').fill(number)
  await by(page, 'card-exp').fill(exp)
  await by(page, 'card-cvc').fill(cvc)
  if (await by(page, 'card-name').count()) await by(page, 'card-name').fill(name)
}
