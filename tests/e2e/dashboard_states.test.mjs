// Every state of a subscription, on a desk and on a phone, light and dark. The server is `paydesk up`; what it would take months to reach is put in its mouth.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { by, openBrowser } from '../support/browser.mjs'
import { answer, judgeAccess, judgeWidth, openShape, shoot, signInAs, states } from '../support/dashboard.mjs'
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
// For people who want to look, all four.
const shapes = [['desktop', 'light'], ['phone', 'dark'], ...(process.env.PAYDESK_SHOTS ? [['desktop', 'dark'], ['phone', 'light']] : [])]
const settled = (page) => page.locator('.pd-skeleton').first().waitFor({ state: 'detached' })

describe('each state is told in words, fits the screen and can be read by all', () => {
  for (const [shape, theme] of shapes) {
    test(`${shape}, ${theme}`, async () => {
        const page = await open('ada', { shape, theme })
        for (const [name, row] of Object.entries(states)) {
          await page.unrouteAll()
          await answer(page, '/api/stripe/get-subscription', { subscription: row })
          await page.goto(`${up.url}/dashboard/billing`)
          await settled(page)
          await by(page, 'subscription-status').waitFor()
          await shoot(page, `${shape}-${theme}-${name}`)
          await judgeWidth(page, name)
          await judgeAccess(page, `${name}, ${shape}, ${theme}`)
        }
        for (const path of ['/pricing', '/dashboard', '/dashboard/credits', '/success', '/nowhere']) {
          await page.goto(up.url + path)
          await settled(page)
          await shoot(page, `${shape}-${theme}${path.replaceAll('/', '-')}`)
          await judgeWidth(page, path)
          await judgeAccess(page, `${path}, ${shape}, ${theme}`)
        }
        await page.context().close()
      })
  }
})
