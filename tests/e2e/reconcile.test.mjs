// Rows and events are lost at random; `paydesk reconcile` brings back what there was, equal to the sandbox, and finds
// nothing the second time. PAYDESK_SEED replays a run.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { judgeResponses } from '../contract/openapi_contract.mjs'
import { judgeRecording } from '../contract/stripe_contract.mjs'
import { signIn } from '../support/api.mjs'
import { calm } from '../support/calm.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { program, root, sql, startUp, temporaryFolder, until } from '../support/processes.mjs'

const folder = temporaryFolder('reconcile')
const recordings = { responses: join(folder, 'responses.jsonl'), sandbox: join(folder, 'sandbox.jsonl') }
const seed = Number(process.env.PAYDESK_SEED ?? Math.floor(Math.random() * 2 ** 31))
let up, ada, grace, admin, whole, grantedBefore

const rows = (text) => sql(up.databaseUrl(), text)
// As the owner, whom the triggers would stop.
const damage = (text) => new Promise((resolve, reject) => execFile('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', up.databaseUrl(), '-c', `set session_replication_role = replica; ${text}`], (error, out, err) => (error ? reject(new Error(err)) : resolve())))
async function stripe(method, path, form) {
  const response = await fetch(`${up.sandbox}/v1/${path}`, { method, headers: { authorization: 'Bearer sk_test_dashboard', 'content-type': 'application/x-www-form-urlencoded' }, body: form && new URLSearchParams(form) })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}
async function listed(path) {
  const all = []
  for (let page = { has_more: true }; page.has_more;) {
    page = await stripe('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100${all.length ? `&starting_after=${all.at(-1).id}` : ''}`)
    all.push(...page.data)
  }
  return all
}
const control = (path, body) => fetch(`${up.sandbox}/_sandbox/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
// {status, report}; status 3: drift is left.
const reconcile = (...args) => new Promise((resolve) => execFile(program, ['reconcile', '--var', up.folder, '--json', ...args], { encoding: 'utf8', env: { ...process.env, PAYDESK_SHARE: root } },
  (error, out, err) => { let runs = []; try { ({ runs } = JSON.parse(out)) } catch { /* shown by the assertions */ } resolve({ status: error?.code ?? 0, runs, drift: runs.reduce((sum, run) => sum + run.drift, 0), err }) }))
const settled = () => calm(up)

// Every table that the provider fills, without what is ours: ids, when we wrote, what only we know of a refund.
const tables = {
  customers: 'provider_customer_id', subscriptions: 'provider_subscription_id', subscription_items: 'provider_item_id', invoices: 'provider_invoice_id', payments: 'source_id',
  charges: 'provider_charge_id', refunds: 'provider_refund_id', disputes: 'provider_dispute_id', payment_methods: 'provider_payment_method_id', provider_refs: 'kind, provider_id',
  notifications: 'fact_key', webhook_events: 'event_id',
}
const ours = {
  customers: ['created_at'], subscriptions: ['created_at', 'answered_at'], payment_methods: ['created_at'], refunds: ['actor', 'note'], notifications: ['created_at', 'read'],
  charges: ['origin_asked_at', 'origin_asks'], webhook_events: ['payload', 'api_version', 'received_at', 'processed_at', 'attempts', 'next_attempt_at', 'error'],
}
const granted = () => rows('select account_id, fact_key, amount from paydesk.credit_grants order by 1, 2')
async function everything() {
  const found = {}
  for (const [table, order] of Object.entries(tables)) {
    const without = ['id', 'subscription_id', 'payment_id', 'updated_at', ...(ours[table] ?? [])]
    const where = table === 'webhook_events' ? "where status <> 'ignored'" : ''
    found[table] = (await rows(`select to_jsonb(t) - '{${without}}'::text[] as row from paydesk.${table} t ${where} order by account_id, ${order}`)).map((r) => r.row)
  }
  // What refunds and disputes are linked to, in the provider's words.
  found.links = await rows("select r.provider_refund_id as id, p.source_id from paydesk.refunds r join paydesk.payments p on p.account_id = r.account_id and p.id = r.payment_id union all select d.provider_dispute_id, p.source_id from paydesk.disputes d join paydesk.payments p on p.account_id = d.account_id and p.id = d.payment_id order by 1")
  return found
}

before(async () => {
  up = await startUp({ args: ['--record-responses', recordings.responses, '--record-sandbox', recordings.sandbox], env: { PAYDESK_RECONCILE_REQUESTS: '0' } })
  ;[ada, grace, admin] = await Promise.all(['ada', 'grace', 'admin'].map((name) => signIn(up, `${name}@example.com`)))
})
after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

test('a database is filled: bought, refunded, disputed, failed, a card replaced, cancelled, renewed', async () => {
  const buy = async (user, what, card = '4242424242424242') => payCheckout((await user.post('/api/create-checkout', what)).url, card)
  await buy(ada, { planId: 'pro', billingCycle: 'monthly' })
  await buy(grace, { planId: 'business', billingCycle: 'monthly' })
  await buy(grace, { planId: 'credits_1000', quantity: 2 })
  await buy(grace, { planId: 'credits_1000', quantity: 3 }, '4000000000000259')
  await until('the charges', async () => (await rows("select 1 from paydesk.payments where provider_charge_id is not null")).length === 4)
  const [{ id: charge }] = await rows("select provider_charge_id as id from paydesk.payments where amount = 4000")
  await stripe('POST', 'refunds', { charge, amount: '1500' })
  const [{ id: customer }] = await rows(`select provider_customer_id as id from paydesk.customers where account_id = '${ada.session.user.id}'`)
  const attach = async (card) => {
    const method = await stripe('POST', `payment_methods/${card}/attach`, { customer })
    await stripe('POST', `customers/${customer}`, { 'invoice_settings[default_payment_method]': method.id })
    const [{ id }] = await listed(`subscriptions?customer=${customer}`)
    await stripe('POST', `subscriptions/${id}`, { default_payment_method: method.id })
    return method.id
  }
  const failing = await attach('pm_card_chargeCustomerFail')
  await control('clock', { advance_seconds: 32 * 86400 })
  await until('a failed renewal', async () => (await rows("select 1 from paydesk.subscriptions where status = 'past_due'")).length === 1)
  await attach('pm_card_mastercard')
  await until('its payment', async () => (await rows("select 1 from paydesk.subscriptions where status = 'active'")).length === 2, 60)
  await stripe('POST', `payment_methods/${failing}/detach`)
  const [{ id: other }] = await rows(`select provider_subscription_id as id from paydesk.subscriptions where account_id = '${grace.session.user.id}'`)
  await stripe('POST', `subscriptions/${other}`, { cancel_at_period_end: 'true' })
  await until('the cancellation', async () => (await rows('select 1 from paydesk.subscriptions where cancel_at_period_end')).length === 1)
  await settled()
  await until('all charges to be linked', async () => (await rows("select 1 from paydesk.charges where status = 'succeeded' and provider_invoice_id is null and provider_checkout_id is null and not is_standalone")).length === 0, 90)
  whole = await everything()
  grantedBefore = await granted()
  assert.ok(whole.invoices.length >= 6 && whole.disputes.length === 1 && whole.refunds.length === 1, JSON.stringify(Object.fromEntries(Object.entries(whole).map(([k, v]) => [k, v.length]))))
})

test('it says what the sandbox says: no drift', async () => {
  const { status, runs, drift, err } = await reconcile('--dry-run')
  assert.deepEqual([status, drift], [0, 0], JSON.stringify(runs.map((run) => run.report.findings)) + err)
  assert.deepEqual(runs.map((run) => run.mode), ['events', 'objects', 'usage'])
  assert.ok(runs.every((run) => run.status === 'complete' && (run.checked > 0 || run.mode === 'usage'))) // nothing is metered here
})

test('why it is so: a subscription, an invoice and a balance, by API and command', async () => {
  const why = async (kind, id) => (await admin.get(`/api/admin/explain?kind=${kind}&id=${encodeURIComponent(id)}`)).explanation
  const texts = (explanation, kind) => explanation.steps.filter((step) => step.kind === kind).map((step) => step.text)
  const [sub] = await rows(`select provider_subscription_id as id, id as ours from paydesk.subscriptions where account_id = '${ada.session.user.id}'`)
  const subscription = await why('subscription', sub.id)
  assert.match(subscription.now, /^Subscription sub_\S+ of ada@example.com is active: plan pro, paid period to .*active grants its plan/)
  const times = subscription.steps.map((step) => Date.parse(step.at))
  assert.deepEqual(times, times.toSorted((a, b) => a - b))
  assert.ok(texts(subscription, 'event').some((text) => /status active -> past_due/.test(text)), JSON.stringify(texts(subscription, 'event')))
  assert.ok(texts(subscription, 'rule').some((text) => /failed for the first time: from here on the grace period counts/.test(text)))
  assert.ok(texts(subscription, 'told').some((text) => /failed\. Please update your payment method/.test(text)))
  assert.ok(texts(subscription, 'asked').some((text) => /began a checkout of pro/.test(text)))
  assert.equal((await why('subscription', sub.ours)).id, sub.id)

  const [{ id: retried }] = await rows('select provider_invoice_id as id from paydesk.invoice_retries')
  const invoice = await why('invoice', retried)
  assert.match(invoice.now, /is paid: 49\.00 USD due, 49\.00 USD paid\./)
  assert.ok(texts(invoice, 'entry').some((text) => /tried to take 49\.00 USD: failed \(/.test(text)), JSON.stringify(texts(invoice, 'entry')))
  assert.ok(texts(invoice, 'asked').some((text) => /default card changed while it was open/.test(text)))
  assert.ok(texts(invoice, 'rule').some((text) => /A paid line of a plan grants its credits, once/.test(text)), JSON.stringify(invoice.steps))
  assert.ok(invoice.steps.some((step) => /attempts to collect it 1/.test(step.text)))

  const balance = await why('balance', 'grace@example.com')
  assert.match(balance.now, /^grace@example.com has \d+ credits\. They are used in this order: /)
  assert.ok(texts(balance, 'entry').some((text) => /^\+2000 credits were granted: .*because checkout cs_\S+ was paid\. The balance is/.test(text)), JSON.stringify(balance.steps))
  assert.ok(texts(balance, 'entry').some((text) => /were taken back: what they were bought with was refunded/.test(text)))
  const said = await new Promise((resolve, reject) => execFile(program, ['explain', 'balance', grace.session.user.id, '--var', up.folder], { encoding: 'utf8', env: { ...process.env, PAYDESK_SHARE: root } }, (error, out, err) => (error ? reject(new Error(err)) : resolve(out))))
  assert.ok(said.startsWith(balance.now) && said.split('\n').filter((line) => / entry /.test(line)).length === balance.steps.length, said)

  await assert.rejects(ada.get('/api/admin/explain?kind=balance&id=ada@example.com'), { status: 403 })
  await assert.rejects(admin.get('/api/admin/explain?kind=invoice&id=in_nobody'), (e) => e.status === 404 && /paydesk reconcile/.test(e.problem.detail))
  for (const query of ['', '?kind=invoice', '?kind=coupon&id=x', '?kind=invoice&id=', '?kind=invoice&id=%00', `?kind=invoice&id=${'x'.repeat(400)}`]) await assert.rejects(admin.get(`/api/admin/explain${query}`), { status: 422 }, query)
})

for (const round of [1, 2, 3]) {
  test(`rows and events are lost at random (PAYDESK_SEED=${seed}, round ${round}), and come back`, async () => {
    const { now } = await (await fetch(`${up.sandbox}/_sandbox/clock`)).json()
    const lost = (table, share) => `delete from paydesk.${table} where random() < ${share}`
    await damage([
      `select setseed(${((seed + round) % 1000) / 1000})`,
      ...Object.keys(tables).filter((table) => !['webhook_events', 'notifications', 'provider_refs'].includes(table)).map((table) => lost(table, 0.5)),
      'delete from paydesk.subscription_items i where not exists (select from paydesk.subscriptions s where s.id = i.subscription_id)',
      // A detached card is in no list: what leads to it is its reference.
      "delete from paydesk.provider_refs where kind <> 'payment_method' and random() < 0.3",
      // Older ones the provider has forgotten; those that we do not follow nobody misses.
      `delete from paydesk.webhook_events where random() < 0.5 and status <> 'ignored' and occurred_at > to_timestamp(${now}) - interval '29 days'`,
      "update paydesk.subscriptions set status = 'past_due', quantity = 7 where random() < 0.5", "update paydesk.invoices set amount_paid = amount_paid + 1 where random() < 0.3",
      "update paydesk.payments set receipt_url = 'https://elsewhere.example' where random() < 0.3",
    ].join(';'))
    const looked = await reconcile('--dry-run')
    assert.equal(looked.status, 3, looked.err)
    const damaged = await everything()
    assert.notDeepEqual(damaged, whole)

    const { status, runs, drift, err } = await reconcile()
    assert.equal(status, 0, JSON.stringify(runs.map((run) => run.report)) + err)
    assert.ok(drift > 0)
    await settled()
    const mended = await everything()
    for (const table of Object.keys(mended)) assert.deepEqual(mended[table], whole[table], table)

    const again = await reconcile()
    assert.deepEqual([again.status, again.drift], [0, 0], JSON.stringify(again.runs.map((run) => run.report.findings)))
    assert.deepEqual(await everything(), whole)
  })
}

test('the rows are equal to the sandbox, object by object', async () => {
  const pairs = [
    ['subscriptions?status=all', 'select provider_subscription_id as id, status, cancel_at_period_end as ends, quantity from paydesk.subscriptions', (s) => ({ id: s.id, status: s.status, ends: s.cancel_at_period_end, quantity: s.items.data[0].quantity })],
    ['invoices', 'select provider_invoice_id as id, status, amount_due as due, amount_paid as paid, number, attempt_count as attempts from paydesk.invoices', (i) => ({ id: i.id, status: i.status, due: i.amount_due, paid: i.amount_paid, number: i.number, attempts: i.attempt_count })],
    ['charges', 'select provider_charge_id as id, status, amount, amount_refunded as refunded, disputed from paydesk.charges', (c) => ({ id: c.id, status: c.status, amount: c.amount, refunded: c.amount_refunded, disputed: c.disputed })],
    ['refunds', 'select provider_refund_id as id, status, amount from paydesk.refunds', (r) => ({ id: r.id, status: r.status, amount: r.amount })],
    ['disputes', 'select provider_dispute_id as id, status, amount, reason from paydesk.disputes', (d) => ({ id: d.id, status: d.status, amount: d.amount, reason: d.reason })],
    ['customers', 'select provider_customer_id as id, email, default_payment_method_id as card from paydesk.customers', (c) => ({ id: c.id, email: c.email, card: c.invoice_settings.default_payment_method })],
  ]
  const byId = (a, b) => (a.id < b.id ? -1 : 1)
  for (const [path, text, shape] of pairs) assert.deepEqual((await rows(text)).sort(byId), (await listed(path)).map(shape).sort(byId), path)
})

test('nobody was told or mailed anything twice, no credits were granted twice', async () => {
  assert.deepEqual(await rows('select fact_key from paydesk.emails group by account_id, fact_key having count(*) > 1'), [])
  assert.deepEqual(await granted(), grantedBefore)
})

test('a run stops within its budget and the next one goes on', async () => {
  await damage('delete from paydesk.disputes; delete from paydesk.refunds')
  const statuses = []
  for (let n = 0; n < 20 && statuses.at(-1) !== 'complete'; ++n) statuses.push((await reconcile('--objects', '--requests', '3')).runs[0].status)
  assert.ok(statuses.length > 2 && statuses.at(-1) === 'complete', statuses.join())
  assert.deepEqual((await everything()).disputes, whole.disputes)
})

test('an operator sees the runs', async () => {
  await assert.rejects(ada.get('/api/admin/reconciliations'), { status: 403 })
  const page = await admin.get('/api/admin/reconciliations?limit=3')
  assert.equal(page.reconciliations.length, 3)
  assert.ok(page.has_more)
  const next = await admin.get(`/api/admin/reconciliations?limit=100&starting_after=${page.reconciliations[2].id}`)
  assert.ok(next.reconciliations.some((run) => run.drift > 0 && run.repaired === run.drift && run.report.findings.length > 0))
  assert.equal((await ada.raw('GET', '/api/admin/reconciliations?limit=x')).status, 403)
  await assert.rejects(admin.get('/api/admin/reconciliations?limit=0'), { status: 422 })
})

test('what was sent and answered is what the contracts say', async () => {
  assert.deepEqual(judgeRecording(recordings.sandbox, { requests: true }).wrong, [])
  const answers = judgeResponses(recordings.responses)
  assert.deepEqual(answers.wrong, [])
  for (const seen of ['GET /api/admin/reconciliations 200', 'GET /api/admin/explain 200', 'GET /api/admin/explain 404']) assert.ok(answers.seen.includes(seen), seen)
})
