// What the dashboard's tests share: signed-in pages of any shape, pictures, axe, and states that a server
// takes months to reach.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { by } from './browser.mjs'
import { root } from './processes.mjs'

const axe = readFileSync(join(root, 'web/node_modules/axe-core/axe.min.js'), 'utf8')
const shots = process.env.PAYDESK_SHOTS // a folder: keeps a picture of every page
let picture = 0

export const shapes = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
}

// A page that reports script errors, broken CSP and requests that leave the machine.
export async function openShape(browser, problems, { shape = 'desktop', theme = 'light', locale = 'en-US' } = {}) {
  const context = await browser.newContext({ ...shapes[shape], colorScheme: theme, locale, acceptDownloads: true })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
  page.on('console', (message) => { if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text())) problems.push(message.text()) })
  page.on('request', (request) => { if (!/^(https?:\/\/127\.0\.0\.1[:/]|data:|blob:|about:)/.test(request.url())) problems.push(`left the machine: ${request.url()}`) })
  return page
}

export async function signInAs(page, url, user) {
  await page.goto(`${url}/sign-in`)
  await by(page, `sign-in-user-${user}@example.com`).click()
  await page.waitForURL(/dashboard/)
}

export async function shoot(page, name) {
  if (!shots) return
  await page.waitForTimeout(250) // what fades in is there
  await page.screenshot({ path: join(shots, `${String(++picture).padStart(3, '0')}-${name}.png`), fullPage: true })
}

// Nothing serious for people with screen readers, keyboards or poor sight.
export async function judgeAccess(page, name) {
  await page.evaluate(axe)
  // What fades in has no contrast yet.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime < 10_000).map((a) => a.finished.catch(() => {}))))
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] })
    return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join(' | ')}`)
  })
  assert.deepEqual(found, [], `axe on ${name}`)
}

// Nothing sticks out sideways, whatever the names are.
export async function judgeWidth(page, name) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.ok(over <= 0, `${name} is ${over} px wider than the screen`)
}

const day = 86_400_000
const at = (days) => new Date(Date.now() + days * day).toISOString()

export const subscription = (given = {}) => ({
  id: '0190aaaa-0000-7000-8000-000000000001', user_id: '0190aaaa-0000-7000-8000-000000000002', provider: 'stripe',
  stripe_subscription_id: 'sub_1', stripe_customer_id: 'cus_1', status: 'active', price_id: 'price_1', quantity: 1,
  cancel_at_period_end: false, cancel_at: null, cancel_scheduled: false, current_period_start: at(-10), current_period_end: at(20),
  canceled_at: null, ended_at: null, trial_start: null, trial_end: null, plan_key: 'pro', plan_name: 'Pro', plan_type: 'monthly',
  amount: 4900, currency: 'usd', is_active: true, access_until: null, cancel_reason: null, cancel_feedback: null, cancel_comment: null, scheduled_change: null, created_at: at(-40), updated_at: at(-10), ...given,
})

export const states = {
  free: null,
  active: subscription(),
  trialing: subscription({ status: 'trialing', trial_start: at(-3), trial_end: at(11), current_period_end: at(11) }),
  'scheduled-cancel': subscription({ cancel_at_period_end: true, cancel_scheduled: true, cancel_at: at(20), access_until: at(20) }),
  'past-due': subscription({ status: 'past_due', access_until: at(9) }),
  unpaid: subscription({ status: 'unpaid', is_active: false }),
  incomplete: subscription({ status: 'incomplete', is_active: false }),
  paused: subscription({ status: 'paused', is_active: false }),
  ended: subscription({ status: 'canceled', is_active: false, ended_at: at(-2), canceled_at: at(-2) }),
  yen: subscription({ amount: 4900, currency: 'jpy', plan_type: 'yearly', quantity: 3 }),
}

// The page's own server answers `body` on `path`.
export const answer = (page, path, body, status = 200, headers = {}) =>
  page.route((url) => url.pathname === path, (route) => route.fulfill({ status, headers, contentType: status < 400 ? 'application/json' : 'application/problem+json', body: JSON.stringify(body) }))
