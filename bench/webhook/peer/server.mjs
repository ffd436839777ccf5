// The peer of bench/webhook: @supabase/stripe-sync-engine behind Fastify, as its own app runs it.
// Arguments: the database's URL, the webhook secret. Prints its port when it is ready.
import Fastify from 'fastify'
import { createRequire } from 'node:module'

// The package's ES module looks for its migrations by a name that only CommonJS has, and goes on without them.
const { StripeSync, runMigrations } = createRequire(import.meta.url)('@supabase/stripe-sync-engine')

const [databaseUrl, secret] = process.argv.slice(2)
await runMigrations({ databaseUrl, schema: 'stripe', logger: { info() {}, error: (...what) => console.error(...what) } })
const sync = new StripeSync({
  poolConfig: { connectionString: databaseUrl, max: 10, keepAlive: true },
  stripeSecretKey: 'sk_test_bench',
  stripeWebhookSecret: secret,
  backfillRelatedEntities: false,
  autoExpandLists: false,
})

const app = Fastify({ logger: false, bodyLimit: 1 << 20 })
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhooks', async (request, reply) => {
  await sync.processWebhook(request.body, request.headers['stripe-signature'])
  return reply.send({ received: true })
})
app.setErrorHandler((error, _request, reply) => {
  if (process.env.PEER_LOG) console.error(error.message)
  return reply.status(400).send({ error: error.message })
})
console.log(JSON.stringify({ address: await app.listen({ host: '127.0.0.1', port: 0 }) }))
