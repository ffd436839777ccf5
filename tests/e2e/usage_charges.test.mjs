// The tutorial's three examples, charged by Stripe's meters from end to end: what was used is reported, Stripe rates it on the
// renewal's invoice, and that says what our own rating does, line by line.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { signIn } from '../support/api.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { root, sql, start, startUp, temporaryFolder, until } from '../support/processes.mjs'

const catalogue = `
currency = "usd"
${[['api_calls', 'API calls'], ['storage_gb', 'Storage'], ['gpt4_tokens', 'GPT-4 tokens'], ['images', 'Images'], ['finetuning_hours', 'Fine-tuning hours']]
    .map(([key, name]) => `[[meter]]\nkey = "${key}"\nname = "${name}"\ncharge = "meter"\n`).join('')}
[[plan]]
key = "free"
name = "Free"
[[plan]]
key = "api"
name = "API service"
rank = 1
prices = { monthly = "29.00", yearly = "290.00" }
[plan.usage.api_calls]
included = 1000
price = "0.01"
[[plan]]
key = "storage"
name = "Cloud storage"
rank = 2
prices = { monthly = "10.00" }
[plan.usage.storage_gb]
included = 10
price = "0.10"
[[plan]]
key = "ai"
name = "AI platform"
rank = 3
prices = { monthly = "1.00" }
[plan.usage.gpt4_tokens]
price = "0.03"
per = 1000
[plan.usage.images]
price = "0.02"
[plan.usage.finetuning_hours]
price = "5.00"
`

const examples = [
  { name: 'an API service of $29 with 1,000 calls included, 5,000 made: $69.00', who: 'ada', plan: 'api', used: { api_calls: [4000, 999.5, 0.5] }, lines: { 'API calls': 4000 }, total: 6900 },
  { name: 'cloud storage of $10 with 10 GB included, 45 GB stored: $13.50', who: 'grace', plan: 'storage', used: { storage_gb: [45] }, lines: { Storage: 350 }, total: 1350 },
  { name: 'an AI platform: GPT-4 tokens at $0.03 per 1K, images at $0.02, hours at $5: $23.40', who: 'admin', plan: 'ai', used: { gpt4_tokens: [249_999, 1], images: [120], finetuning_hours: [2.5] }, lines: { 'GPT-4 tokens': 750, Images: 240, 'Fine-tuning hours': 1250 }, total: 2340 },
]

describe('usage charged by Stripe\'s meters', () => {
  let up, plans
  const users = {}
  before(async () => {
    plans = join(temporaryFolder('plans'), 'plans.toml')
    writeFileSync(plans, catalogue)
    up = await startUp({ env: { PAYDESK_PLANS: plans } })
    for (const { who } of examples) users[who] = await signIn(up, `${who}@example.com`)
  })
  after(async () => { assert.equal(await up?.stop(), 0, up?.output().slice(-3000)) })

  const rows = (text) => sql(up.databaseUrl(), text)
  const change = (text) => execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', up.databaseUrl(), '-c', text])
  const advance = async (seconds) => assert.equal((await fetch(`${up.sandbox}/_sandbox/clock`, { method: 'POST', body: JSON.stringify({ advance_seconds: seconds }) })).status, 200)
  const stripe = async (path) => (await fetch(`${up.sandbox}/v1/${path}`, { headers: { authorization: 'Bearer sk_test_dashboard' } })).json()
  async function paydesk(...args) {
    const { database_url } = JSON.parse(readFileSync(join(up.folder, 'state.json'), 'utf8'))
    const it = await start('paydesk', args, { env: { PAYDESK_SHARE: root, PAYDESK_PLANS: plans, DATABASE_URL: database_url, STRIPE_SECRET_KEY: 'sk_test_dashboard', STRIPE_API_BASE: up.sandbox } })
    assert.equal(await it.ended, 0, it.output())
    return it.output()
  }

  test('checkout puts every metered price of the plan beside its own', async () => {
    for (const { who, plan, used } of examples) {
      const { url } = await users[who].post('/api/create-checkout', { planId: plan, billingCycle: 'monthly' })
      await payCheckout(url, '4242424242424242')
      await until(`the subscription of ${who}`, async () => (await rows(`select 1 from paydesk.subscriptions s where plan_key = '${plan}' and status = 'active' and quantity = 1 and (select count(*) from paydesk.subscription_items i where i.subscription_id = s.id) = ${1 + Object.keys(used).length}`)).length === 1)
    }
  })

  test('what was used is on the renewal\'s invoice as we rate it ourselves', async () => {
    for (const { who, used } of examples) {
      const events = Object.entries(used).flatMap(([metric, quantities]) => quantities.map((quantity, i) => ({ metric, quantity, idempotencyKey: `${metric}-${i}` })))
      const answer = await users[who].post('/api/usage/events', events)
      assert.deepEqual(answer.results.map((one) => one.status), events.map(() => 'recorded'))
    }
    // The sandbox's clock moves and the server's does not: this hour is made the last one, which is over.
    change("update paydesk.usage_hours set hour = hour - interval '1 hour'")
    // By this or, at the same moment, by the server's own job.
    const reported = () => rows("select status, count(*)::int as n from paydesk.usage_reports group by 1")
    await paydesk('report-usage')
    await until('the reports', async () => assert.deepEqual(await reported(), [{ status: 'sent', n: 5 }]) ?? true)
    await paydesk('report-usage')
    assert.deepEqual(await reported(), [{ status: 'sent', n: 5 }])

    const rated = {}
    for (const { who, lines } of examples) {
      const usage = await users[who].get('/api/stripe/get-usage')
      rated[who] = usage.estimated_amount
      assert.deepEqual(Object.fromEntries(usage.usage.filter((one) => one.used > 0).map((one) => [one.name, one.estimated_amount])), lines)
    }
    await advance(32 * 86400)
    for (const { name, who, lines, total } of examples) {
      const invoice = await until(`the renewal of ${who}`, async () => (await rows(`select id, total, line_items from paydesk.invoices where account_id = '${users[who].session.user.id}' and billing_reason = 'subscription_cycle' and status = 'paid'`))[0])
      assert.equal(invoice.total, total, name)
      assert.equal(rated[who], total, `${name}: our own`)
      const charged = invoice.line_items.filter((line) => Object.keys(lines).some((metric) => line.description.includes(metric)))
      const sums = {}
      for (const metric of Object.keys(lines)) sums[metric] = charged.filter((line) => line.description.includes(metric)).reduce((sum, line) => sum + line.amount, 0)
      assert.deepEqual(sums, lines, name)
    }
  })

  test('a change of plan changes what charges usage, at once or at the period\'s end', async () => {
    const metricsOf = async (who) => (await rows(`select u.metric from paydesk.subscription_items i join paydesk.usage_prices u on u.provider_price_id = i.price_id where i.account_id = '${users[who].session.user.id}' order by 1`)).map((row) => row.metric)
    const change = async (who, planId) => {
      const { subscriptions: [{ id }] } = await users[who].get('/api/subscriptions')
      return users[who].patch(`/api/subscriptions/${id}`, { planId, billingCycle: 'monthly' })
    }
    assert.deepEqual(await metricsOf('grace'), ['storage_gb'])
    await change('grace', 'ai')
    await change('admin', 'storage')
    assert.deepEqual(await metricsOf('admin'), ['finetuning_hours', 'gpt4_tokens', 'images'])
    for (const [who, plan, metrics] of [['grace', 'ai', ['finetuning_hours', 'gpt4_tokens', 'images']], ['admin', 'storage', ['storage_gb']]]) {
      if (who === 'admin') await advance(32 * 86400)
      await until(`the items of ${who}`, async () => assert.deepEqual(await metricsOf(who), metrics) ?? true)
      const [{ plan_key, quantity }] = await rows(`select plan_key, quantity from paydesk.subscriptions where account_id = '${users[who].session.user.id}'`)
      assert.deepEqual([plan_key, quantity], [plan, 1])
    }
  })

  test('plans sync looks at meters by themselves', async () => {
    assert.match(await paydesk('plans', 'sync', '--yes'), /Nothing to do/)
    writeFileSync(plans, catalogue.replace('included = 1000', 'included = 2000'))
    const output = await paydesk('plans', 'sync', '--yes')
    assert.match(output, /metered price api_monthly\.api_calls: a new one; price_\w+ is archived/)
    assert.match(await paydesk('plans', 'sync', '--yes'), /Nothing to do/)
    const [{ id }] = await rows("select provider_price_id as id from paydesk.usage_prices where is_active and lookup_key = 'api_monthly.api_calls'")
    const { tiers } = await stripe(`prices/${id}?expand[]=tiers`)
    assert.deepEqual(tiers.map((tier) => [tier.up_to, tier.unit_amount]), [[2000, 0], [null, 1]])
    // What is lost here is found there, with nothing else to do.
    change("update paydesk.meters set event_name = null where metric = 'images'")
    assert.match(await paydesk('plans', 'sync', '--yes'), /charge images by the meter that is there/)
  })
})

// An account that is pinned to a version before meters: what was used is on the item of a price that newer versions refuse.
test('usage records where the account has no meters', async () => {
  const version = '2024-06-20'
  const plans = join(temporaryFolder('plans'), 'plans.toml')
  const meter = '[[meter]]\nkey = "api_calls"\nname = "API calls"\ncharge = "meter"\n'
  const offered = '[[plan]]\nkey = "free"\nname = "Free"\n[[plan]]\nkey = "api"\nname = "API service"\nrank = 1\nprices = { monthly = "29.00" }\n[plan.usage.api_calls]\nincluded = 1000\nprice = "0.01"\n'
  writeFileSync(plans, meter + offered)
  const up = await startUp({ env: { PAYDESK_PLANS: plans, STRIPE_USAGE_API_VERSION: version } })
  const rows = (text) => sql(up.databaseUrl(), text)
  const ada = await signIn(up, 'ada@example.com')
  const stripe = async (path, form) => {
    const response = await fetch(`${up.sandbox}/v1/${path}`, { method: form ? 'POST' : 'GET', headers: { authorization: 'Bearer sk_test_dashboard', 'stripe-version': version, 'content-type': 'application/x-www-form-urlencoded' }, body: form && new URLSearchParams(form) })
    const answer = await response.json()
    assert.equal(response.status, 200, JSON.stringify(answer))
    return answer
  }
  const paydesk = async (...args) => {
    const { database_url } = JSON.parse(readFileSync(join(up.folder, 'state.json'), 'utf8'))
    const it = await start('paydesk', args, { env: { PAYDESK_SHARE: root, PAYDESK_PLANS: plans, DATABASE_URL: database_url, STRIPE_SECRET_KEY: 'sk_test_dashboard', STRIPE_API_BASE: up.sandbox, STRIPE_USAGE_API_VERSION: version } })
    assert.equal(await it.ended, 0, it.output())
    return it.output()
  }
  const [plan] = (await stripe('prices?lookup_keys[]=api_monthly')).data
  const calls = await stripe('prices', { 'product_data[name]': 'Calls', currency: 'usd', billing_scheme: 'tiered', tiers_mode: 'graduated', 'tiers[0][up_to]': 1000, 'tiers[0][unit_amount]': 0, 'tiers[1][up_to]': 'inf', 'tiers[1][unit_amount]': 1, 'recurring[interval]': 'month', 'recurring[usage_type]': 'metered' })
  writeFileSync(plans, meter.replace('charge', `record_prices = ["${calls.id}"]\ncharge`) + offered)
  assert.match(await paydesk('plans', 'sync', '--yes'), /change what is said of meter api_calls/)

  const customer = await stripe('customers', { email: 'ada@example.com', 'metadata[user_id]': ada.session.user.id })
  const card = await stripe('payment_methods/pm_card_visa/attach', { customer: customer.id })
  await stripe(`customers/${customer.id}`, { 'invoice_settings[default_payment_method]': card.id })
  const subscription = await stripe('subscriptions', { customer: customer.id, 'items[0][price]': plan.id, 'items[1][price]': calls.id, 'metadata[user_id]': ada.session.user.id })
  await until('the subscription', async () => (await rows("select 1 from paydesk.subscriptions where plan_key = 'api' and status = 'active' and quantity = 1")).length === 1)

  const use = (quantity, key) => ada.post('/api/usage/events', [{ metric: 'api_calls', quantity, idempotencyKey: key }])
  for (const [quantity, key] of [[3000, 'first'], [2000, 'second']]) {
    await use(quantity, key)
    await paydesk('report-usage')
    await until('the report', async () => (await rows("select 1 from paydesk.usage_hours where not is_reported union all select 1 from paydesk.usage_reports where status <> 'sent'")).length === 0)
  }
  const item = subscription.items.data.find((one) => one.price.id === calls.id)
  const { data: [summary] } = await stripe(`subscription_items/${item.id}/usage_record_summaries`)
  assert.equal(summary.total_usage, 5000)
  await fetch(`${up.sandbox}/_sandbox/clock`, { method: 'POST', body: JSON.stringify({ advance_seconds: 32 * 86400 }) })
  const invoice = await until('the renewal', async () => (await rows("select total from paydesk.invoices where billing_reason = 'subscription_cycle' and status = 'paid'"))[0])
  assert.equal(invoice.total, 6900)
  assert.equal(await up.stop(), 0, up.output().slice(-3000))
})
