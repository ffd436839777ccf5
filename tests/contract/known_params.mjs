// Writes sandbox/stripe/known_params.inc: what Stripe's API knows as parameters, by route and version, from the types of the six
// SDKs. `node contract/known_params.mjs` writes it; params.test.mjs fails while it is not what the SDKs say.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../support/processes.mjs'
import { sdkParams } from './sdk_params.mjs'
import { sdks } from './stripe_contract.mjs'

export const file = join(root, 'sandbox/stripe/known_params.inc')

// Routes outside of these never come to the sandbox.
const scope = /^\w+ \/v1\/(accounts?|balance|balance_transactions|billing\/(meter|meters|meter_events|meter_event_adjustments)|billing_portal|charges|checkout|coupons|credit_notes|customers|disputes|events|invoice_payments|invoiceitems|invoices|mandates|payment_intents|payment_methods|plans|prices|products|promotion_codes|refunds|setup_intents|sources|subscription_items|subscription_schedules|subscriptions|tax_rates|test_helpers\/test_clocks|webhook_endpoints)(\/|$)/
const outside = /\/(cash_balance|cash_balance_transactions|funding_instructions|capabilities|external_accounts|login_links|persons|reject)(\/|$)|^(POST|DELETE) \/v1\/accounts|features/
// Looked into no further: hundreds of fields of payment methods that a listing names as a whole.
export const whole = /^(payment_method_options|payment_method_data|evidence|mandate_data|account_data)$/

// What the API knew before the first SDK of a version did: [route, parameter, since].
export const earlier = [
  ['POST /v1/subscriptions', 'billing_mode', 'basil', 'came with 2025-06-30.basil'],
  ['POST /v1/checkout/sessions', 'subscription_data.billing_mode', 'basil', 'came with 2025-06-30.basil'],
]

const at = (fields, path) => path.split('.').reduce((holder, name, i, all) => (i === all.length - 1 ? holder?.[name] : holder?.[name]?.fields), fields)

const decimals = /percent|percentage/
// Not held to their values: more than a message could name, and versions of the API, which every SDK ends with its own.
export const isOpen = (name, values) => values.length > 150 || name === 'api_version'

// What a value may be, as the listing language says it (sandbox/stripe/params.h); the names of its fields follow.
function typeOf(name, shape) {
  const { kinds, values, items } = shape
  const list = kinds.includes('list')
  const one = list ? items : shape
  const has = (kind) => one.kinds.includes(kind)
  if (list && kinds.some((kind) => !['list', 'empty'].includes(kind))) return { type: ':any' }
  const inner = whole.test(name) ? undefined : has('map') ? undefined : one.fields
  const scalar = has('number') ? (decimals.test(name) ? ':d' : ':i') : has('boolean') ? ':b' : has('text') ? '' : undefined
  const choices = isOpen(name, one.values) ? [] : one.values
  let type = scalar
  if (has('enum') && scalar !== '') type = `${scalar ?? ''}${choices.length ? ':()' : scalar ?? ''}`
  if (has('map')) type = ':o'
  else if (has('object') && type === undefined) type = inner && Object.keys(inner).length ? '{}' : ':o'
  return { type: `${list ? '[]' : ''}${type ?? ''}`, choices: type?.includes('()') ? choices : [], inner, map: has('map') ? one.items?.fields : undefined }
}

// name -> type -> {ages, values, fields}
function merge(into, fields, age) {
  for (const [name, shape] of Object.entries(fields)) {
    const { type, choices, inner, map } = typeOf(name, shape)
    const known = ((into[name] ??= {})[type] ??= { ages: [], values: new Set(), fields: {} })
    known.ages.push(age)
    choices?.forEach((value) => known.values.add(value))
    // The keys of a map are the caller's.
    if (map) merge(known.fields, { '*': { kinds: ['object'], values: [], fields: map } }, age)
    else if (inner) merge(known.fields, inner, age)
  }
}

function* ranges(ages) {
  const sorted = [...new Set(ages)].sort((a, b) => a - b)
  for (let i = 0; i < sorted.length; i += 1) {
    const from = sorted[i]
    while (sorted[i + 1] === sorted[i] + 1) i += 1
    yield [from, sorted[i]]
  }
}

const newest = sdks.length - 1
function words(fields, first = 0, last = newest) {
  const all = []
  for (const name of Object.keys(fields).sort()) {
    for (const [type, { ages, values, fields: inside }] of Object.entries(fields[name])) {
      for (const [from, to] of ranges(ages.filter((age) => age >= first && age <= last))) {
        const inner = words(inside, from, to)
        let told = type.replace('()', `(${[...values].sort().join('|')})`).replace('{}', '')
        if (inner) told = told.replace(':o', '') || (type === '' ? ':s' : '')
        all.push(name + (from > first ? `>=${sdks[from].name}` : '') + (to < last ? `<${sdks[to + 1].name}` : '') + told + (inner ? `{${inner}}` : ''))
      }
    }
  }
  return all.join(' ')
}

export async function knownParams() {
  const routes = {}
  for (const { name, age } of sdks) {
    for (const [route, fields] of Object.entries(await sdkParams(name))) {
      if (!scope.test(route) || outside.test(route)) continue
      const all = structuredClone(fields)
      for (const [of, path, since] of earlier) {
        if (of !== route || age < sdks.find((sdk) => sdk.name === since).age || at(all, path)) continue
        const from = at((await sdkParams('endive'))[route], path)
        const holder = path.includes('.') ? at(all, path.slice(0, path.lastIndexOf('.')))?.fields : all
        holder[path.split('.').at(-1)] = from
      }
      merge((routes[route] ??= {}), all, age)
    }
  }
  return Object.fromEntries(Object.entries(routes).sort(([a], [b]) => (a < b ? -1 : 1)).map(([route, fields]) => [route, words(fields)]))
}

export async function text() {
  const fold = (listing) => {
    const lines = ['']
    for (const word of listing.replaceAll(/\(([^)]{60,})\)/g, (all) => all.replaceAll('|', '| ')).split(' ')) {
      if (lines.at(-1).length + word.length > 88) lines.push('')
      lines[lines.length - 1] += word.endsWith('|') ? word : `${word} `
    }
    return lines.map((line) => `     "${line}"`).join('\n')
  }
  const rows = Object.entries(await knownParams()).map(([route, listing]) => `    {"${route}",\n${fold(listing)}},`)
  return `// Generated by tests/contract/known_params.mjs from the types of Stripe's SDKs: not edited by hand.
${rows.join('\n')}
`
}

export async function isCurrent() { return readFileSync(file, 'utf8') === await text() }

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, await text())
