// Hostile names, and a service that is down, slow, strict or out of patience. The server is `paydesk up`; the answers
// that it would not give are put in its mouth.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { by, openBrowser } from '../support/browser.mjs'
import { answer, judgeAccess, judgeWidth, openShape, shoot, signInAs, states, subscription } from '../support/dashboard.mjs'
import { startUp } from '../support/processes.mjs'

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

async function open(user, given) {
  const page = await openShape(browser, problems, given)
  await signInAs(page, up.url, user)
  return page
}
const settled = (page) => page.locator('.pd-skeleton').first().waitFor({ state: 'detached' })

describe('hostile names', () => {
  const names = {
    markup: '<img src=x onerror="document.title=1"><script>alert(1)</script>',
    reversed: '\u202Egnp.exe\u202C and \u2066more',
    long: 'Loooong'.repeat(1500),
    emoji: '👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🇦🇨 ﷽ Z͑ͫ̓a̴l̨g͎o',
  }
  for (const [kind, name] of Object.entries(names)) {
    test(kind, async () => {
      const page = await open('grace', { shape: 'phone' })
      page.on('dialog', () => problems.push('a name opened a dialog'))
      const plan = { id: 'pro', key: 'pro', kind: 'plan', family: 'default', tier: 'pro', rank: 1, name, description: name, features: [name, name], limits: {}, credits: 1, trial_days: 0, is_free: false, purchasable: true,
        prices: [{ price_id: 'p', lookup_key: null, billing_cycle: 'monthly', interval: 'month', amount: 4900, currency: 'usd', formatted: name, monthly_amount: 4900, saving_percent: 0 }] }
      const told = { id: '0190aaaa-0000-7000-8000-000000000009', user_id: subscription().user_id, type: name.slice(0, 40), title: name, message: name, read: false, metadata: {}, created_at: new Date().toISOString() }
      await answer(page, '/api/plans', { plans: [plan], top_ups: [{ ...plan, key: 'top', kind: 'top_up' }] })
      await answer(page, '/api/stripe/get-subscription', { subscription: subscription({ plan_name: name, cancel_at_period_end: true, cancel_scheduled: true }) })
      await answer(page, '/api/notifications', { notifications: [told], unread_count: 1, has_more: false })
      await answer(page, '/api/payment-methods', { payment_methods: [{ id: told.id, user_id: told.user_id, provider: 'stripe', stripe_payment_method_id: 'pm', stripe_customer_id: 'cus', type: name, card_brand: name, card_last4: '4242', card_exp_month: 1, card_exp_year: 2020, is_default: true, created_at: told.created_at }] })
      for (const path of ['/dashboard/billing', '/dashboard', '/pricing', '/dashboard/credits']) {
        await page.goto(up.url + path)
        await settled(page)
        await judgeWidth(page, `${kind} on ${path}`)
        await shoot(page, `hostile-${kind}${path.replaceAll('/', '-')}`)
        assert.equal(await page.locator('img[src=x], [onerror]').count(), 0)
        assert.notEqual(await page.title(), '1')
      }
      await page.context().close()
    })
  }
})

describe('when the service does not answer as it should', () => {
  test('down: the page says so, keeps its frame, and comes back by itself', async () => {
    const page = await open('ada')
    await page.route('**/api/**', (route) => route.abort())
    await page.goto(`${up.url}/dashboard/billing`)
    await page.getByText('The billing service cannot be reached', { exact: true }).waitFor()
    await shoot(page, 'down')
    await judgeAccess(page, 'down')
    await page.unrouteAll()
    await page.getByText('The billing service cannot be reached', { exact: true }).waitFor({ state: 'detached', timeout: 40_000 })
    await by(page, 'subscription-status').waitFor()
    await page.context().close()
  })

  test('slow: the frame and the shapes of what comes are there at once', async () => {
    const page = await open('ada')
    let release
    const held = new Promise((resolve) => { release = resolve })
    await page.route('**/api/**', async (route) => { await held; await route.continue().catch(() => {}) })
    await page.goto(`${up.url}/dashboard/billing`)
    await page.locator('.pd-skeleton').first().waitFor()
    await page.getByRole('navigation').first().waitFor()
    await shoot(page, 'slow')
    release()
    await by(page, 'subscription-status').waitFor()
    await page.context().close()
  })

  test('429: told apart, and waited for as asked', async () => {
    const page = await open('ada')
    await answer(page, '/api/stripe/get-subscription', { code: 'rate_limited', detail: 'Slow down.' }, 429, { 'retry-after': '7' })
    await page.goto(`${up.url}/dashboard/billing`)
    await page.getByText('A little too fast').waitFor()
    await shoot(page, 'too-fast')
    await page.unrouteAll()
    await by(page, 'subscription-status').waitFor({ timeout: 40_000 })
    await page.getByText('A little too fast').waitFor({ state: 'detached' })
    await page.context().close()
  })

  test('401: back to the sign-in, and from there to where one was', async () => {
    const page = await open('ada')
    await answer(page, '/api/stripe/get-invoices', { code: 'unauthenticated', detail: 'x' }, 401)
    await page.goto(`${up.url}/dashboard/billing`)
    await page.getByText('Your session has ended').waitFor()
    await shoot(page, 'session-ended')
    await judgeAccess(page, 'sign-in')
    await page.unrouteAll()
    await by(page, 'sign-in-user-ada@example.com').click()
    await page.getByRole('heading', { level: 1, name: 'Billing' }).waitFor()
    await page.context().close()
  })

  test('first paint does not wait for the API', async () => {
    const page = await open('ada')
    await page.route('**/api/**', () => {}) // never answered
    await page.goto(`${up.url}/dashboard`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.context().close()
  })

  test('all of it by keyboard', async () => {
    const page = await open('ada')
    await answer(page, '/api/stripe/get-subscription', { subscription: states.active })
    await page.goto(`${up.url}/dashboard/billing`)
    await by(page, 'subscription-cancel').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'subscription-cancel')
    await by(page, 'account-menu').focus()
    await page.keyboard.press('Enter')
    await by(page, 'language').waitFor()
    await page.keyboard.press('Escape')
    await by(page, 'language').waitFor({ state: 'detached' })
    await page.context().close()
  })
})
