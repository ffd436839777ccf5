// Judges what the sandbox's PayPal emits and what our server sends, by PayPal's own OpenAPI documents. (Their package depends on linters that
// it does not need and that cannot be installed: the `overrides` of package.json put a tiny package in their places.)
import { readFileSync } from 'node:fs'
import Ajv from 'ajv'

const document = (name) => JSON.parse(readFileSync(new URL(`../node_modules/@paypal/paypal-rest-api-specifications/openapi/${name}.json`, import.meta.url), 'utf8'))
const names = ['checkout_orders_v2', 'payments_payment_v2', 'payments_payment_v1', 'catalogs_products_v1', 'billing_subscriptions_v1', 'notifications_webhooks_v1', 'customer_disputes_v1']

// Newer than the documents, or never in them; the official SDK has the first.
const undocumented = [
  ['GET', /^\/v1\/billing\/subscriptions$/, (judge, body) => [...(body.subscriptions ?? ['no subscriptions']).flatMap((one) => judge('billing_subscriptions_v1', 'subscription', one))]],
  ['POST', /^\/v1\/oauth2\/token$/, (judge, body) => ['access_token', 'app_id', 'expires_in', 'nonce', 'scope', 'token_type'].filter((key) => !(key in body)).map((key) => `a token without ${key}`)],
]

// Where the wire is known to say more than the documents, or other than they do.
const allowed = [
  [/^sale\/(billing_agreement_id|custom|links) /, "a subscription's payment has them (PayPal's webhook examples)"],
  [/^sale must have required property 'parent_payment'/, 'it comes of no payment of the old API'],
  [/^order\/payment_source\/paypal\/account_status /, 'newer than the document: the SDK has it'],
  [/^product_collection\/products must NOT have fewer than 1 items/, 'an empty catalogue is a list without products'],
  [/^sent: simulate_event\/event_type must match pattern/, "the pattern forbids the hyphens of PayPal's own names"],
]
const isAllowed = (text) => allowed.some(([pattern]) => pattern.test(text))

// What the documents call optional and every answer has all the same.
const always = {
  order: ['id', 'status', 'links'], capture: ['id', 'status', 'amount', 'links'], refund: ['id', 'status', 'links'], sale: ['id', 'state', 'amount', 'billing_agreement_id', 'create_time'],
  subscription: ['id', 'status', 'links'], plan: ['id', 'status', 'links'], product: ['id', 'links'], event: ['id', 'event_type', 'event_version', 'create_time', 'resource_type', 'resource', 'summary', 'links'],
}

// What an event is about: its type's document and schema.
const resources = [
  [/^CHECKOUT\.ORDER\./, 'checkout_orders_v2', 'order'], [/^PAYMENT\.CAPTURE\.(REFUNDED|REVERSED)$/, 'payments_payment_v2', 'refund'], [/^PAYMENT\.CAPTURE\./, 'payments_payment_v2', 'capture-2'],
  [/^PAYMENT\.SALE\.REFUNDED$/, 'payments_payment_v1', 'detailed_refund'], [/^PAYMENT\.SALE\./, 'payments_payment_v1', 'sale'], [/^BILLING\.SUBSCRIPTION\./, 'billing_subscriptions_v1', 'subscription'],
  [/^BILLING\.PLAN\./, 'billing_subscriptions_v1', 'plan'], [/^CATALOG\.PRODUCT\./, 'catalogs_products_v1', 'product'], [/^CUSTOMER\.DISPUTE\./, 'customer_disputes_v1', 'dispute'],
]

export function openPayPalContract() {
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false, unicodeRegExp: false })
  const documents = Object.fromEntries(names.map((name) => [name, document(name)]))
  for (const name of names) ajv.addSchema({ $id: name, components: documents[name].components })
  const operations = names.flatMap((name) => Object.entries(documents[name].paths).flatMap(([path, methods]) => Object.entries(methods)
    .filter(([, operation]) => operation.responses)
    .map(([method, operation]) => ({ name, path, method: method.toUpperCase(), operation, pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`), literals: path.replaceAll(/\{[^}]+\}/g, '').length }))))
    .sort((a, b) => b.literals - a.literals)

  const validators = new Map()
  const inline = (name, schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components', `"${name}#/components`))
  function validator(name, schema) {
    const key = `${name} ${JSON.stringify(schema)}`
    if (!validators.has(key)) validators.set(key, ajv.compile(inline(name, schema)))
    return validators.get(key)
  }

  // Properties by name, through references and allOf; null where anything goes.
  function propertiesOf(name, schema) {
    if (schema.$ref) return propertiesOf(name, documents[name].components.schemas[schema.$ref.split('/').pop()])
    if (schema.oneOf || schema.anyOf) return null
    const own = schema.properties ?? {}
    return Object.assign({}, ...(schema.allOf ?? []).map((part) => propertiesOf(name, part) ?? {}), own)
  }
  const target = (name, schema) => (schema.$ref ? target(name, documents[name].components.schemas[schema.$ref.split('/').pop()]) : schema)

  // Keys that no document knows, at any depth.
  function unknownKeys(name, schema, value, at) {
    const known = target(name, schema)
    if (Array.isArray(value)) return known.items ? value.flatMap((one) => unknownKeys(name, known.items, one, at)) : []
    if (typeof value !== 'object' || value === null) return []
    const properties = propertiesOf(name, schema)
    if (!properties || !Object.keys(properties).length) return []
    return Object.entries(value).flatMap(([key, part]) => (properties[key] ? unknownKeys(name, properties[key], part, `${at}/${key}`)
      : [`${at}/${key} is in no document`]))
  }

  const tell = (errors, at) => [...new Set((errors ?? []).filter((error) => !['anyOf', 'oneOf', 'if'].includes(error.keyword))
    .map((error) => `${at}${error.instancePath} ${error.message}${error.keyword === 'enum' ? ` (${JSON.stringify(error.params.allowedValues)})` : ''}${error.data === undefined ? '' : `: ${JSON.stringify(error.data)?.slice(0, 80)}`}`))]

  function judgeBy(name, schema, value, at) {
    const validate = validator(name, schema)
    const wrong = validate(value) ? [] : tell(validate.errors, at)
    return [...new Set([...wrong, ...unknownKeys(name, schema, value, at), ...(always[at] ?? []).filter((key) => !(key in value)).map((key) => `${at} has no ${key}`)])]
  }
  const judge = (name, type, value) => judgeBy(name, { $ref: `#/components/schemas/${type}` }, value, type.replace(/-2$/, ''))

  function checkEvent(event) {
    const found = resources.find(([pattern]) => pattern.test(event.event_type))
    const wrong = judge('notifications_webhooks_v1', 'event', event)
    if (event.event_type === 'CHECKOUT.PAYMENT-APPROVAL.REVERSED') return wrong
    if (!found) return [...wrong, `${event.event_type} is about nothing that the contract knows`]
    return [...wrong, ...judge(found[1], found[2], event.resource)]
  }

  const errorNames = { 400: 'INVALID_REQUEST', 401: 'AUTHENTICATION_FAILURE', 403: 'NOT_AUTHORIZED', 404: 'RESOURCE_NOT_FOUND', 409: 'RESOURCE_CONFLICT', 415: 'UNSUPPORTED_MEDIA_TYPE', 422: 'UNPROCESSABLE_ENTITY', 429: 'RATE_LIMIT_REACHED', 500: 'INTERNAL_SERVER_ERROR', 503: 'SERVICE_UNAVAILABLE' }
  function checkError(record) {
    const body = record.response
    if (body?.error) return Object.keys(body).sort().join() === 'error,error_description' ? [] : ['an OAuth error with other keys']
    const wrong = ['name', 'message', 'debug_id'].filter((key) => typeof body?.[key] !== 'string').map((key) => `an error without ${key}`)
    if (/webhooks/.test(record.path) && record.status === 400) return wrong
    if (body?.name !== errorNames[record.status]) wrong.push(`${record.status} is called ${body?.name}`)
    for (const detail of body?.details ?? []) if (typeof detail.issue !== 'string') wrong.push('a detail without an issue')
    return record.status === 429 ? wrong : [...wrong, ...(documents.checkout_orders_v2.components.schemas[`error_${record.status}`] ? judgeBy('checkout_orders_v2', { $ref: `#/components/schemas/error_${record.status}` }, { ...body, details: undefined, links: undefined }, 'error').filter((text) => !/details|links/.test(text)) : [])]
  }

  // One line of a recording. `requests`: also what was sent.
  function checkCall(record, requests) {
    if (record.status >= 400) return checkError(record)
    const special = undocumented.find(([method, pattern]) => method === record.method && pattern.test(record.path))
    if (special) return special[2](judge, record.response)
    const found = operations.find(({ method, pattern }) => method === record.method && pattern.test(record.path))
    if (!found) return ['no document has this call']
    const { name, operation } = found
    const wrong = []
    // A replay says 200 where the first answer was 201, whether or not the document lists it.
    const answered = operation.responses[record.status] ?? (record.status === 200 ? operation.responses[201] : undefined)
    const schema = answered?.content?.['application/json']?.schema
    if (!answered) wrong.push(`the document has no answer ${record.status}`)
    else if (schema) wrong.push(...judgeBy(name, schema, record.response, schema.$ref?.split('/').pop() ?? 'answer'))
    else if (record.response !== null) wrong.push(`${record.status} comes with a body`)
    const asked = operation.requestBody?.content?.['application/json']?.schema
    if (requests && asked && record.request_body) wrong.push(...judgeBy(name, asked, JSON.parse(record.request_body), asked.$ref?.split('/').pop() ?? 'request').map((text) => `sent: ${text}`))
    return wrong
  }

  return { judge, checkEvent, checkCall }
}

// Every line of a recording that is of PayPal's side: {checked: {responses, events}, wrong: ["..."], types: [event types]}.
export function judgePayPalRecording(file, { requests = true } = {}) {
  const contract = openPayPalContract()
  const wrong = new Map()
  const checked = { responses: 0, events: 0 }
  const types = new Set()
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const record = JSON.parse(line)
    if (record.provider !== 'paypal') continue
    checked[record.event ? 'events' : 'responses'] += 1
    if (record.event) types.add(record.body.event_type)
    const where = record.event ? record.body.event_type : `${record.method} ${record.path.replaceAll(/\/[A-Z0-9-]{9,}/g, '/*')} ${record.status}`
    for (const text of (record.event ? contract.checkEvent(record.body) : contract.checkCall(record, requests)).filter((one) => !isAllowed(one))) wrong.set(`${where}: ${text}`, true)
  }
  return { checked, wrong: [...wrong.keys()], types: [...types].sort() }
}
