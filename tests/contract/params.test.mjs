// Every parameter that the SDK of a version can send is honoured or refused as the sandbox's lack, never ignored; every other
// one is refused as unknown; one of the wrong type is refused with Stripe's code and its name. Asked over HTTP, of every
// route that the sandbox has, with what the types of the six SDKs say.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { request, Agent } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root, startSandbox } from '../support/processes.mjs'
import { earlier, isCurrent, isOpen, whole } from './known_params.mjs'
import { sdkParams } from './sdk_params.mjs'
import { sdks } from './stripe_contract.mjs'

// What is taken, checked against Stripe's types, and changes nothing: `name:any` in a listing, and why.
const harmless = {
  branding_settings: 'the hosted page has one look', custom_text: 'the hosted page has one text', wallet_options: 'the hosted page has no wallets',
  payment_method_options: 'the methods have no options here', payment_method_configuration: 'there is one', saved_payment_method_options: 'the hosted page offers no saved cards',
  networks: 'test cards have one network', shipping: 'nothing is shipped',
  created: 'honoured: read as it comes (created_matches)',
}
// What a listing refuses before it looks at the type.
const moved = 'payment_method_types_no_longer_supported'

let sandbox
const agent = new Agent({ keepAlive: true, maxSockets: 8 })
before(async () => { sandbox = await startSandbox() })
after(async () => { agent.destroy(); assert.equal(await sandbox?.stop(), 0) })

function ask(version, method, path, pairs) {
  const form = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  return new Promise((resolve, reject) => {
    const sends = method === 'POST'
    const call = request({ agent, host: '127.0.0.1', port: sandbox.port, method, path: sends || !form ? path : `${path}?${form}`,
      headers: { Authorization: 'Bearer sk_test_0123456789abcdefghij', 'Stripe-Version': version, ...(sends ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}) } }, (answer) => {
      let text = ''
      answer.on('data', (part) => { text += part })
      answer.on('end', () => resolve({ status: answer.statusCode, error: answer.statusCode >= 400 ? JSON.parse(text).error : undefined }))
    })
    call.on('error', reject)
    call.end(sends ? form : undefined)
  })
}

const inside = (path, name) => (path ? `${path}[${name}]` : name)

// [name on the wire, shape] of everything in these fields, outer ones first.
function* all(fields, path = '') {
  for (const [name, shape] of Object.entries(fields)) {
    const here = inside(path, name)
    yield { path: here, shape }
    // Hundreds of fields of payment methods: neither listed nor looked into.
    if (whole.test(name)) continue
    const entry = shape.items && shape.kinds.includes('list') ? inside(here, '0') : shape.items ? inside(here, 'eur') : here
    const inner = shape.fields ?? shape.items?.fields
    if (inner) yield* all(inner, entry)
  }
}

// Pairs that send one valid value of a shape at a path.
function valid(path, shape) {
  if (shape.kinds.includes('enum')) return [[path, shape.values[0]]]
  if (shape.kinds.includes('boolean')) return [[path, 'true']]
  if (shape.kinds.includes('number')) return [[path, '1']]
  if (shape.kinds.includes('text')) return [[path, 'x']]
  if (shape.kinds.includes('list')) return valid(inside(path, '0'), shape.items)
  if (shape.kinds.includes('map')) return shape.items?.fields ? valid(inside(path, 'eur'), shape.items) : [[inside(path, 'a'), 'x']]
  const [name, first] = Object.entries(shape.fields ?? {}).sort(([, a], [, b]) => Number(b.required) - Number(a.required))[0] ?? []
  return name ? valid(inside(path, name), first) : [[path, '']]
}

// A value that no type of this shape has: pairs, and the code that it is refused with (null for none).
function wrong(path, { kinds, values }) {
  if (kinds.includes('text') || kinds.length === 0) return null
  if (kinds.includes('enum') && isOpen(path, values)) return null
  if (kinds.includes('enum')) return kinds.includes('object') || kinds.includes('list') ? null : [[[path, values.includes('zzz') ? 'yyy' : 'zzz']], null]
  if (kinds.includes('number')) return kinds.includes('object') ? null : [[[path, 'zzz']], 'parameter_invalid_integer']
  if (kinds.includes('boolean')) return [[[path, 'zzz']], null]
  if (kinds.includes('list') || kinds.includes('object') || kinds.includes('map')) return [[[path, 'zzz']], null]
  return null
}

async function each(list, width, act) {
  const waiting = [...list]
  await Promise.all(Array.from({ length: width }, async () => { for (let one = waiting.shift(); one; one = waiting.shift()) await act(one) }))
}

const isAbsent = ({ status, error }) => status === 404 && /^Unrecognized request URL/.test(error?.message ?? '')
const concrete = (route) => { const [method, path] = route.split(' '); return [method, path.replaceAll('{}', 'x')] }
const decimals = /percent|_decimal$|percentage/

async function present(version, params) {
  const found = []
  await each(Object.keys(params), 8, async (route) => {
    const [method, path] = concrete(route)
    // A parameter that nobody knows: the route does nothing.
    const answer = await ask(version, method, path, [['no_such_parameter', '1']])
    if (isAbsent(answer)) {
      assert.match(answer.error.message, /sandbox lacks this route/)
      assert.equal(answer.error.type, 'invalid_request_error')
    } else if (answer.error?.code !== 'sandbox_unsupported') found.push([route, answer])
  })
  return found
}

test('what the sandbox takes for Stripe\'s parameters is what the SDKs say', async () => {
  assert.ok(await isCurrent(), 'sandbox/stripe/known_params.inc is out of date: cd tests && node contract/known_params.mjs')
})

test('what is taken without effect is known, with its reason', () => {
  const folder = join(root, 'sandbox/stripe')
  const taken = readdirSync(folder).filter((file) => file.endsWith('.cc') && !/^params|_test/.test(file))
    .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/(?<![\w:])(\w+)(?:[<>]=?\w+)?:any\b/g)].map(([, name]) => name))
  assert.deepEqual([...new Set(taken)].sort(), Object.keys(harmless).sort())
})

// Whatever an official SDK can call has a route here, or a reason why not: never a bare "no such URL".
test('what the sandbox lacks of the SDKs, it says, and why', async () => {
  const silent = new Set()
  for (const { name, version } of sdks) {
    await each(Object.keys(await sdkParams(name)), 8, async (route) => {
      if (!/^\w+ \/v1\//.test(route)) return
      const answer = await ask(version, ...concrete(route), [['no_such_parameter', '1']])
      if (isAbsent(answer) && !/sandbox lacks this route; Stripe has it\. [A-Z]/.test(answer.error.message)) silent.add(route)
    })
  }
  assert.deepEqual([...silent].sort(), [])
})

for (const { name, version, age } of sdks) {
  test(`every parameter of the SDK of ${version}`, async () => {
    const params = await sdkParams(name)
    const routes = await present(version, params)
    assert.ok(routes.length > 90, `${routes.length} routes`)
    const failures = []
    let asked = 0
    const others = await Promise.all(sdks.map((sdk) => sdkParams(sdk.name)))
    await each(routes, 8, async ([route, unknown]) => {
      const [method, path] = concrete(route)
      if (unknown.status !== 400 || unknown.error.code !== 'parameter_unknown') failures.push(`${route} takes an unknown parameter: ${unknown.status}`)
      const known = new Set()
      for (const { path: at, shape } of all(params[route])) {
        known.add(at)
        const good = await ask(version, method, path, valid(at, shape))
        asked += 1
        if (good.status >= 500) failures.push(`${route} ${at}: ${good.status}`)
        if (good.error?.code === 'parameter_unknown') failures.push(`${route} does not know ${at}`)
        if (good.error?.code === 'sandbox_unsupported' || good.error?.code === moved) continue
        const bad = wrong(at, shape)
        if (!bad) continue
        const [pairs, code] = bad
        const answer = await ask(version, method, path, pairs)
        asked += 1
        const expected = code && !decimals.test(at) ? [code] : [undefined, code, 'parameter_invalid_integer', 'parameter_invalid_empty']
        if (answer.status !== 400 || (answer.error.code !== 'sandbox_unsupported' && (!answer.error.param?.startsWith(at) || !expected.includes(answer.error.code)))) {
          failures.push(`${route} ${pairs[0].join('=')}: ${answer.status} ${JSON.stringify([answer.error?.code, answer.error?.param, answer.error?.message])}`)
        }
      }
      // What another version knows and this one does not.
      const foreign = new Map(others.flatMap((other) => [...all(other[route] ?? {})].map((one) => [one.path, one.shape])))
      for (const [at, shape] of foreign) {
        if (known.has(at) || [...known].some((one) => at.startsWith(`${one}[`) && !foreign.has(one))) continue
        const plainly = at.replaceAll(/\[(\w+)\]/g, '.$1')
        if (earlier.some(([of, what, since]) => of === route && (plainly === what || plainly.startsWith(`${what}.`)) && age >= sdks.find((sdk) => sdk.name === since).age)) continue
        const answer = await ask(version, method, path, valid(at, shape))
        asked += 1
        // Where it is a value of its own in this version, what is inside of it is of the wrong type.
        const wrongType = answer.status === 400 && known.has(answer.error.param) && at.startsWith(`${answer.error.param}[`)
        if (!wrongType && !['parameter_unknown', moved, 'sandbox_unsupported'].includes(answer.error?.code)) failures.push(`${route} takes ${at}, which ${version} does not know: ${answer.status} ${answer.error?.code} ${answer.error?.message}`)
      }
    })
    assert.ok(asked > 1000, `${asked} calls`)
    assert.ok(failures.length === 0, failures.sort().join('\n'))
  })
}
