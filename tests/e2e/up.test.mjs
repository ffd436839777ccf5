// `paydesk up` and `paydesk serve` as programs: what they leave behind, what they keep, what they say when something is wrong.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createTransport } from 'nodemailer'
import { signIn, userOf } from '../support/api.mjs'
import { payCheckout } from '../support/hosted_pages.mjs'
import { freePort, processesNaming, program, root, sql, start, startUp, temporaryFolder, until } from '../support/processes.mjs'

// One run to its end: {status, said}. Nothing of our own environment but what is named.
function run(args, env = {}, command = [program]) {
  const it = spawnSync(command[0], [...command.slice(1), ...args], { encoding: 'utf8', timeout: 60_000, env: { PATH: process.env.PATH, HOME: process.env.HOME, PAYDESK_SHARE: root, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', ...env } })
  return { status: it.status, said: it.stdout + it.stderr }
}
const oneMessage = (said) => { assert.doesNotMatch(said, /terminate called|Sanitizer|stack trace|core dumped/i); return said }

describe('the command line', () => {
  test('help, a version, and a command that is not there', () => {
    assert.match(run(['--version']).said, /^paydesk \d/)
    for (const args of [['help'], []]) assert.equal(run(args).said, run(['--help']).said)
    assert.match(run(['help', 'plans', 'sync']).said, /Usage: paydesk plans sync[\s\S]*--dry-run/)
    for (const [args, message] of [[['nonsense'], 'There is no command "nonsense": `paydesk --help`'], [['plans', 'list'], 'There is no command "list": `paydesk plans --help`'], [['help', 'nonsense'], 'There is no command "nonsense"']]) {
      const refused = run(args)
      assert.notEqual(refused.status, 0)
      assert.ok(oneMessage(refused.said).startsWith(message), refused.said)
    }
  })
})

describe('up', () => {
  const folder = temporaryFolder('up')
  let up

  test('starts, and Ctrl-C leaves nothing running', async () => {
    up = await startUp({ folder })
    const ada = await signIn(up, 'ada@example.com')
    const { url } = await ada.post('/api/stripe/create-checkout', { planId: 'pro', billingCycle: 'monthly' })
    await payCheckout(url, '4242424242424242')
    await until('the subscription', async () => (await ada.get('/api/stripe/get-subscription')).subscription?.status === 'active')
    const [, mailbox, smtp] = /Mailbox +(\S+) .*(smtp:\S+)\)/.exec(up.output())
    await createTransport(smtp).sendMail({ from: 'shop@example.com', to: 'ada@example.com', subject: 'Into the mailbox', text: 'x' })
    assert.match(await (await fetch(mailbox)).text(), /Into the mailbox/)
    // The receipt of the purchase is there too: nothing had to be configured.
    const receipt = await (await fetch(`${up.sandbox}/_sandbox/mails/wait?to=ada@example.com&subject=receipt&timeout=20`)).json()
    assert.match(receipt.text, /We have received your payment of \$/)
    assert.ok(receipt.attachments.some(({ content_type }) => content_type === 'application/pdf'), JSON.stringify(receipt.attachments))
    assert.equal(await up.stop('SIGINT'), 0)
    assert.deepEqual(processesNaming(folder), [])
  })

  test('a second start keeps the data and is quick', async () => {
    up = await startUp({ folder })
    const ada = await signIn(up, 'ada@example.com')
    assert.equal((await ada.get('/api/stripe/get-subscription')).subscription.status, 'active')
    assert.equal((await ada.get('/api/stripe/get-invoices')).invoices.length, 1)
    assert.ok(up.startMs < 5000, `it took ${up.startMs} ms`)
  })

  test('a second one in the same folder, and one whose port is taken, say what to do', async () => {
    const twin = run(['up', '--var', folder, '--port', String(await freePort()), '--sandbox-port', String(await freePort())])
    assert.notEqual(twin.status, 0)
    assert.match(oneMessage(twin.said), /already|running|uses/i)
    const taken = run(['up', '--var', temporaryFolder('taken'), '--port', String(up.port), '--sandbox-port', String(await freePort())])
    assert.notEqual(taken.status, 0)
    assert.match(oneMessage(taken.said), new RegExp(`${up.port}[\\s\\S]*--port`))
    const sandbox = run(['up', '--var', temporaryFolder('taken'), '--port', String(await freePort()), '--sandbox-port', String(up.sandboxPort)])
    assert.match(oneMessage(sandbox.said), new RegExp(`${up.sandboxPort}[\\s\\S]*--sandbox-port`))
  })

  test('kill -9 leaves no orphan that blocks the next start', async () => {
    up.child.kill('SIGKILL')
    await up.ended
    await until('its children to end', () => processesNaming(folder).length === 0)
    up = await startUp({ folder, port: up.port, sandboxPort: up.sandboxPort })
    const ada = await signIn(up, 'ada@example.com')
    assert.equal((await ada.get('/api/stripe/get-subscription')).subscription.status, 'active')
    assert.equal(await up.stop(), 0)
    assert.deepEqual(processesNaming(folder), [])
  })

  test('a folder that cannot be written, and a full disk: one message', async () => {
    const ports = ['--port', String(await freePort()), '--sandbox-port', String(await freePort())]
    const unwritable = run(['up', '--var', '/proc/paydesk', ...ports])
    assert.notEqual(unwritable.status, 0)
    assert.match(oneMessage(unwritable.said), /\/proc\/paydesk/)
    const small = temporaryFolder('small')
    const full = run([], {}, ['unshare', '--mount', ...(process.getuid() === 0 ? [] : ['--map-root-user']), 'bash', '-c',
      `mount -t tmpfs -o size=20m,mode=755 none ${small} && exec ${program} up --var ${small} ${ports.join(' ')}`])
    assert.notEqual(full.status, 0)
    assert.match(oneMessage(full.said), /space|disk/i, full.said)
  })
})

describe('serve', () => {
  test('lists all that is missing or wrong in one message, without values of secrets', () => {
    const empty = run(['serve'])
    assert.notEqual(empty.status, 0)
    for (const name of ['DATABASE_URL', 'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'APP_URL', 'SUPABASE']) assert.match(empty.said, new RegExp(name))
    const wrong = run(['serve'], { DATABASE_URL: 'mysql://x', STRIPE_SECRET_KEY: 'pk_test_hunter2hunter2', STRIPE_WEBHOOK_SECRET: ' , ', APP_URL: 'app.example.com', SUPABASE_JWT_SECRET: 'short', PORT: 'eighty' })
    assert.notEqual(wrong.status, 0)
    for (const name of ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'APP_URL', 'SUPABASE_JWT_SECRET', 'PORT']) assert.match(wrong.said, new RegExp(name))
    assert.doesNotMatch(wrong.said, /hunter2/)
  })

  describe('beside the database of an up', () => {
    let up, server
    before(async () => {
      up = await startUp()
      const state = JSON.parse(execFileSync('cat', [join(up.folder, 'state.json')], { encoding: 'utf8' }))
      server = await start('paydesk', ['serve'], {
        env: { PAYDESK_SHARE: root, DATABASE_URL: state.database_url, STRIPE_SECRET_KEY: 'sk_test_other_server', STRIPE_API_BASE: up.sandbox, STRIPE_WEBHOOK_SECRET: state.webhook_secret, SUPABASE_JWT_SECRET: state.jwt_secret, APP_URL: up.url, PORT: '0' },
        ready: /serves on (http:\/\/127\.0\.0\.1:\d+)/,
      })
    })
    after(async () => {
      assert.equal(await server?.stop(), 0)
      assert.equal(await up?.stop(), 0)
    })

    test('the doctor refuses a role whom row level security does not bind', () => {
      const state = JSON.parse(execFileSync('cat', [join(up.folder, 'state.json')], { encoding: 'utf8' }))
      const environment = { DATABASE_URL: state.database_url, STRIPE_SECRET_KEY: 'sk_test_other_server', STRIPE_API_BASE: up.sandbox, STRIPE_WEBHOOK_SECRET: state.webhook_secret, SUPABASE_JWT_SECRET: state.jwt_secret, APP_URL: up.url }
      const fine = run(['doctor'], environment)
      assert.equal(fine.status, 0, fine.said)
      const owner = run(['doctor'], { ...environment, DATABASE_URL: up.databaseUrl() })
      assert.equal(owner.status, 1)
      assert.match(oneMessage(owner.said), /FAIL +server role.*paydesk_owner.*paydesk_server.*PAYDESK_MIGRATION_URL/)
    })

    test('has no local sign-in, and knows the same users', async () => {
      const url = server.match[1]
      assert.equal((await userOf(url).raw('GET', '/api/local/users')).status, 404)
      assert.equal((await userOf(url).raw('POST', '/api/local/sign-in', { user: 'ada@example.com' })).status, 404)
      const ada = await signIn(up, 'ada@example.com')
      assert.equal((await userOf(url, ada.token).get('/api/stripe/get-subscription')).subscription, null)
      assert.equal((await fetch(`${url}/healthz`)).status, 200)
      assert.equal((await fetch(`${url}/readyz`)).status, 200)
    })

    test('two servers on one database apply each event once', async () => {
      const grace = await signIn(up, 'grace@example.com')
      const session = await grace.post('/api/stripe/create-checkout', { planId: 'pro', billingCycle: 'monthly' })
      await payCheckout(session.url, '4242424242424242')
      await until('the subscription', async () => (await grace.get('/api/stripe/get-subscription')).subscription?.status === 'active')
      // Every event once more, to the other server.
      const list = await (await fetch(`${up.sandbox}/v1/events?limit=100`, { headers: { authorization: 'Bearer sk_test_0123456789abcdef' } })).json()
      for (const { id } of list.data) {
        const { body, signature } = await (await fetch(`${up.sandbox}/_sandbox/events/${id}/payload`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ secret: up.webhookSecret() }) })).json()
        assert.equal((await fetch(`${server.match[1]}/api/webhooks/stripe`, { method: 'POST', body, headers: { 'stripe-signature': signature } })).status, 200)
      }
      await until('all to be applied', async () => (await sql(up.databaseUrl(), "select count(*)::int n from paydesk.webhook_events where status in ('received', 'waiting', 'failed')"))[0].n === 0)
      assert.deepEqual(await sql(up.databaseUrl(), 'select status, amount from paydesk.payments'), [{ status: 'succeeded', amount: 4900 }])
      assert.deepEqual(await sql(up.databaseUrl(), 'select type, count(*)::int n from paydesk.notifications group by type having count(*) > 1'), [])
    })

    test("nobody sees or changes another's through any route", async () => {
      const [ada, grace] = await Promise.all(['ada@example.com', 'grace@example.com'].map((user) => signIn(up, user)))
      const theirs = await grace.get('/api/stripe/get-subscription')
      const [checkout] = await sql(up.databaseUrl(), 'select provider_checkout_id, id from paydesk.checkouts limit 1')
      const [notification] = await sql(up.databaseUrl(), 'select id from paydesk.notifications limit 1')
      assert.equal((await ada.get('/api/stripe/get-subscription')).subscription, null)
      assert.deepEqual((await ada.get('/api/stripe/get-invoices')).invoices, [])
      assert.deepEqual((await ada.get('/api/payment-methods')).payment_methods, [])
      assert.deepEqual((await ada.get('/api/notifications')).notifications, [])
      for (const id of [theirs.subscription.id, theirs.subscription.stripe_subscription_id]) {
        assert.equal((await ada.raw('POST', '/api/stripe/cancel-subscription', { subscriptionId: id, cancelAtPeriodEnd: true })).status, 404)
      }
      for (const id of [checkout.provider_checkout_id, checkout.id]) assert.equal((await ada.raw('GET', `/api/checkout/${id}`)).status, 404)
      assert.ok([200, 404].includes((await ada.raw('PATCH', '/api/notifications', { id: notification.id, read: true })).status))
      assert.deepEqual(await sql(up.databaseUrl(), 'select count(*)::int n from paydesk.notifications where read'), [{ n: 0 }])
      assert.equal((await ada.raw('POST', '/api/stripe/create-portal', {})).status, 404)
      assert.equal((await sql(up.databaseUrl(), 'select cancel_at_period_end from paydesk.subscriptions'))[0].cancel_at_period_end, false)
      for (const [method, path] of [['GET', '/api/stripe/get-subscription'], ['GET', '/api/stripe/get-invoices'], ['GET', '/api/payment-methods'], ['GET', '/api/notifications'], ['POST', '/api/stripe/create-checkout']]) {
        assert.equal((await userOf(up.url).raw(method, path, method === 'POST' ? {} : undefined)).status, 401)
        assert.equal((await userOf(up.url, `${ada.token.slice(0, -4)}AAAA`).raw(method, path, method === 'POST' ? {} : undefined)).status, 401)
      }
    })
  })
})
