// Stripe's official command line plays its own recipes against the sandbox: `stripe trigger EVENT` must end well, and the
// event must be in the log afterwards. The command line itself only looks at statuses.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root, startSandbox, temporaryFolder, until } from '../support/processes.mjs'
import { judgeMeaning } from './invariants.mjs'
import { judgeRecording } from './stripe_contract.mjs'

// Why the sandbox does not do what a recipe needs, and the triggers that need it.
const outOfScope = {
  'Connect: the sandbox has one account, and no platform': ['account.updated', 'account.application.deauthorized', 'transfer.created', 'transfer.reversed', 'transfer.updated'],
  'payouts and top-ups of Stripe\'s own balance: no part of billing': ['balance.available', 'payout.created', 'payout.updated', 'topup.created'],
  'cash balances and bank transfers': ['cash_balance.funds_available', 'customer_cash_balance_transaction.created', 'payment_intent.partially_funded'],
  'Identity': ['identity.verification_session.canceled', 'identity.verification_session.created', 'identity.verification_session.redacted'],
  'Issuing': ['issuing_authorization.request', 'issuing_authorization.request.eu', 'issuing_authorization.request.gb', 'issuing_card.created', 'issuing_card.created.eu',
    'issuing_card.created.gb', 'issuing_cardholder.created', 'issuing_cardholder.created.eu', 'issuing_cardholder.created.gb', 'issuing_transaction.created',
    'issuing_transaction.purchase_details_receipt_updated', 'issuing_transaction.updated'],
  'Reporting': ['reporting.report_run.succeeded'],
  'payment links and quotes: not in the sandbox\'s scope': ['payment_link.created', 'payment_link.updated', 'quote.accepted', 'quote.canceled', 'quote.created', 'quote.finalized'],
  'the Sources API, which Stripe has deprecated': ['customer.source.created', 'customer.source.updated'],
  'their recipes send meter events to https://meter-events.stripe.com, whatever --api-base says: that would leave this machine': ['v1.billing.meter.error_report_triggered', 'v1.billing.meter.no_meter_found'],
}

// The name of a recipe that is not the name of the event it ends with.
const endsWith = {
  'subscription.payment_failed': 'invoice.payment_failed', 'subscription.payment_succeeded': 'invoice.payment_succeeded',
  // The recipe cancels a schedule that has not started. `aborted` is for one whose subscription ended unpaid (schedules.test.mjs).
  'subscription_schedule.aborted': 'subscription_schedule.canceled',
}

// A recipe whose test clock stops before the event that it is named for: how far it still has to go, in seconds.
const stopsShort = {
  // It stops 9 days before the schedule's end; the event is documented to come 7 days before.
  'subscription_schedule.expiring': 3 * 86400,
}

// Recipes that were written for an older API: these parameters have moved since.
const written = '2024-11-20.acacia'
const old = ['subscription_schedule.canceled', 'subscription_schedule.completed', 'subscription_schedule.created', 'subscription_schedule.released', 'subscription_schedule.updated',
  'customer.discount.created', 'customer.discount.deleted', 'customer.discount.updated', 'promotion_code.created', 'promotion_code.updated']

const folder = temporaryFolder('stripe-cli')
const record = join(folder, 'recording.jsonl')
const key = 'sk_test_0123456789abcdefghij'
let sandbox
before(async () => { sandbox = await startSandbox({ record }) })
after(async () => { assert.equal(await sandbox?.stop(), 0) })

function stripe(...args) {
  return new Promise((resolve) => {
    execFile(join(root, 'tests/node_modules/@stripe/cli-linux-x64/bin/stripe'), args, { env: { PATH: process.env.PATH, HOME: folder, STRIPE_CLI_TELEMETRY_OPTOUT: '1' }, encoding: 'utf8', timeout: 30_000 },
      (error, out, err) => resolve({ status: error ? error.code ?? error.signal : 0, output: out + err }))
  })
}

async function eventsOf(type, limit = 1) {
  const answer = await fetch(`${sandbox.url}/v1/events?limit=${limit}&type=${type}`, { headers: { Authorization: `Bearer ${key}` } })
  assert.equal(answer.status, 200)
  return (await answer.json()).data
}

// The test clock of the recipe's schedule goes on: of all recipes only that one makes a schedule that cancels.
async function goOn(seconds) {
  const { test_clock } = (await eventsOf('subscription_schedule.created', 100)).map((event) => event.data.object).find((schedule) => schedule.test_clock && schedule.end_behavior === 'cancel')
  const clock = `${sandbox.url}/v1/test_helpers/test_clocks/${test_clock}`
  const ask = async (path, options) => (await fetch(path, { headers: { Authorization: `Bearer ${key}` }, ...options })).json()
  const ready = () => until('the test clock', async () => (await ask(clock)).status === 'ready')
  await ready()
  await ask(`${clock}/advance`, { method: 'POST', body: new URLSearchParams({ frozen_time: (await ask(clock)).frozen_time + seconds }) })
  await ready()
}

test('every trigger of the official command line that is in scope works', async () => {
  const { output } = await stripe('trigger', '--help')
  const known = output.slice(output.indexOf('Supported events:'), output.indexOf('Usage:')).match(/^ {2}\S+$/gm).map((line) => line.trim())
  assert.ok(known.length > 100, output)
  const left = new Set(Object.values(outOfScope).flat())
  for (const name of left) assert.ok(known.includes(name), `${name} is no trigger of this command line`)

  const failures = []
  const waiting = known.filter((name) => !left.has(name))
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const { status, output: said } = await stripe('trigger', name, '--api-base', sandbox.url, '--api-key', key, ...(old.includes(name) ? ['--api-version', written] : []))
      if (status === 0 && stopsShort[name]) await goOn(stopsShort[name])
      if (status !== 0) failures.push(`${name} ended with ${status}: ${said.trim().split('\n').slice(-12).join(' | ').slice(-700)}`)
      else if (!(await eventsOf(endsWith[name] ?? name)).length) failures.push(`${name} ended well, but there is no such event`)
    }
  }))
  assert.deepEqual(failures, [])
})

test('what the recipes made passes the types and means what it says', async () => {
  assert.deepEqual(await judgeMeaning(record, sandbox.url), [])
  const { checked, wrong } = judgeRecording(record)
  assert.ok(checked.responses > 200, JSON.stringify(checked))
  assert.deepEqual(wrong, [])
})
