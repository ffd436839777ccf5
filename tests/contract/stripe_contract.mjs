// Judges what the sandbox emits and what our server sends, by the official SDK's types.
import { readFileSync } from 'node:fs'
import Ajv from 'ajv/dist/2020.js'
import { sdkSchema } from './schema.mjs'

// What the API's versions are called here, and the SDK (a folder of sdk/) whose types judge each of them.
export const sdks = [
  { name: '2023-10-16', version: '2023-10-16' }, { name: 'acacia', version: '2024-11-20.acacia' }, { name: 'basil', version: '2025-03-31.basil' },
  { name: 'clover', version: '2025-09-30.clover' }, { name: 'dahlia', version: '2026-03-25.dahlia' }, { name: 'endive', version: '2026-10-28.endive' },
].map((sdk, age) => ({ ...sdk, age, load: () => import(`./sdk/${sdk.name}/stripe.mjs`) }))

// `object` on the wire -> the SDK's type, and what its deleted form is called. A type that an SDK lacks is an object that
// its version must never emit.
const objectTypes = {
  account: 'Account', balance: 'Balance', balance_transaction: 'BalanceTransaction', 'billing.meter': 'Billing.Meter', 'billing.meter_event': 'Billing.MeterEvent',
  'billing.meter_event_adjustment': 'Billing.MeterEventAdjustment', 'billing.meter_event_summary': 'Billing.MeterEventSummary',
  'billing_portal.configuration': 'BillingPortal.Configuration', 'billing_portal.session': 'BillingPortal.Session', card: 'Card', charge: 'Charge',
  'checkout.session': 'Checkout.Session', coupon: 'Coupon', credit_note: 'CreditNote', credit_note_line_item: 'CreditNoteLineItem', customer: 'Customer',
  customer_balance_transaction: 'CustomerBalanceTransaction', discount: 'Discount', dispute: 'Dispute', event: null, invoice: 'Invoice', invoice_payment: 'InvoicePayment',
  invoiceitem: 'InvoiceItem', item: 'LineItem', line_item: 'InvoiceLineItem', mandate: 'Mandate', payment_intent: 'PaymentIntent', payment_link: 'PaymentLink', payment_method: 'PaymentMethod',
  plan: 'Plan', price: 'Price', product: 'Product', promotion_code: 'PromotionCode', quote: 'Quote', refund: 'Refund', setup_intent: 'SetupIntent', source: 'Source',
  subscription: 'Subscription', subscription_item: 'SubscriptionItem', subscription_schedule: 'SubscriptionSchedule', tax_id: 'TaxId', tax_rate: 'TaxRate',
  'test_helpers.test_clock': 'TestHelpers.TestClock', usage_record: 'UsageRecord', usage_record_summary: 'UsageRecordSummary', webhook_endpoint: 'WebhookEndpoint',
}
const deletedTypes = {
  coupon: 'DeletedCoupon', customer: 'DeletedCustomer', discount: 'DeletedDiscount', invoice: 'DeletedInvoice', invoiceitem: 'DeletedInvoiceItem', plan: 'DeletedPlan',
  price: 'DeletedPrice', product: 'DeletedProduct', subscription_item: 'DeletedSubscriptionItem', tax_id: 'DeletedTaxId',
  'test_helpers.test_clock': 'TestHelpers.DeletedTestClock', webhook_endpoint: 'DeletedWebhookEndpoint',
}
// A preview has no id in the versions that have this type.
const upcomingType = 'UpcomingInvoice'

// Where the wire is known to differ from the types (seen in recorded responses of the real Stripe).
const allowed = [/\/total_count$/]
// Paths whose answers no SDK has a type for.
const unjudged = [
  [/^\/v1\/payment_pages\//, 'undocumented: what the hosted page and the official command line use'],
]

// (method, path) -> the type of its parameters. A call that is not here fails: add it with its type.
const paramTypes = [
  ['POST', /^\/v1\/customers$/, 'CustomerCreateParams'], ['POST', /^\/v1\/customers\/[^/]+$/, 'CustomerUpdateParams'],
  ['GET', /^\/v1\/customers$/, 'CustomerListParams'], ['GET', /^\/v1\/customers\/[^/]+$/, 'CustomerRetrieveParams'],
  ['GET', /^\/v1\/customers\/[^/]+\/payment_methods$/, 'CustomerListPaymentMethodsParams'],
  ['POST', /^\/v1\/products$/, 'ProductCreateParams'], ['POST', /^\/v1\/products\/[^/]+$/, 'ProductUpdateParams'],
  ['GET', /^\/v1\/products$/, 'ProductListParams'], ['GET', /^\/v1\/products\/[^/]+$/, 'ProductRetrieveParams'],
  ['POST', /^\/v1\/prices$/, 'PriceCreateParams'], ['POST', /^\/v1\/prices\/[^/]+$/, 'PriceUpdateParams'],
  ['GET', /^\/v1\/prices$/, 'PriceListParams'], ['GET', /^\/v1\/prices\/[^/]+$/, 'PriceRetrieveParams'],
  ['POST', /^\/v1\/checkout\/sessions$/, 'Checkout.SessionCreateParams'], ['GET', /^\/v1\/checkout\/sessions$/, 'Checkout.SessionListParams'],
  ['POST', /^\/v1\/checkout\/sessions\/[^/]+\/expire$/, 'Checkout.SessionExpireParams'], ['GET', /^\/v1\/checkout\/sessions\/[^/]+$/, 'Checkout.SessionRetrieveParams'],
  ['GET', /^\/v1\/checkout\/sessions\/[^/]+\/line_items$/, 'Checkout.SessionListLineItemsParams'],
  ['POST', /^\/v1\/subscriptions\/[^/]+$/, 'SubscriptionUpdateParams'], ['DELETE', /^\/v1\/subscriptions\/[^/]+$/, 'SubscriptionCancelParams'],
  ['GET', /^\/v1\/subscriptions\/[^/]+$/, 'SubscriptionRetrieveParams'], ['GET', /^\/v1\/subscriptions$/, 'SubscriptionListParams'],
  ['POST', /^\/v1\/payment_methods\/[^/]+\/attach$/, 'PaymentMethodAttachParams'],
  ['POST', /^\/v1\/refunds$/, 'RefundCreateParams'], ['GET', /^\/v1\/refunds$/, 'RefundListParams'],
  ['POST', /^\/v1\/invoices\/[^/]+\/pay$/, 'InvoicePayParams'], ['GET', /^\/v1\/invoice_payments$/, 'InvoicePaymentListParams'],
  ['POST', /^\/v1\/invoices\/create_preview$/, 'InvoiceCreatePreviewParams'], ['POST', /^\/v1\/invoices\/[^/]+\/void$/, 'InvoiceVoidInvoiceParams'],
  ['POST', /^\/v1\/coupons$/, 'CouponCreateParams'], ['POST', /^\/v1\/promotion_codes$/, 'PromotionCodeCreateParams'],
  ['GET', /^\/v1\/promotion_codes$/, 'PromotionCodeListParams'], ['POST', /^\/v1\/subscriptions$/, 'SubscriptionCreateParams'],
  ['POST', /^\/v1\/subscriptions\/[^/]+\/pause$/, 'SubscriptionPauseParams'], ['POST', /^\/v1\/subscriptions\/[^/]+\/resume$/, 'SubscriptionResumeParams'],
  ['POST', /^\/v1\/subscription_schedules$/, 'SubscriptionScheduleCreateParams'], ['GET', /^\/v1\/subscription_schedules$/, 'SubscriptionScheduleListParams'],
  ['POST', /^\/v1\/subscription_schedules\/[^/]+\/cancel$/, 'SubscriptionScheduleCancelParams'],
  ['POST', /^\/v1\/subscription_schedules\/[^/]+\/release$/, 'SubscriptionScheduleReleaseParams'],
  ['POST', /^\/v1\/subscription_schedules\/[^/]+$/, 'SubscriptionScheduleUpdateParams'],
  ['GET', /^\/v1\/subscription_schedules\/[^/]+$/, 'SubscriptionScheduleRetrieveParams'],
  ['GET', /^\/v1\/invoices\/[^/]+$/, 'InvoiceRetrieveParams'], ['GET', /^\/v1\/invoices$/, 'InvoiceListParams'],
  ['GET', /^\/v1\/payment_methods\/[^/]+$/, 'PaymentMethodRetrieveParams'], ['GET', /^\/v1\/charges\/[^/]+$/, 'ChargeRetrieveParams'],
  ['GET', /^\/v1\/refunds\/[^/]+$/, 'RefundRetrieveParams'], ['GET', /^\/v1\/disputes\/[^/]+$/, 'DisputeRetrieveParams'],
  ['POST', /^\/v1\/billing_portal\/sessions$/, 'BillingPortal.SessionCreateParams'],
  ['POST', /^\/v1\/billing_portal\/configurations$/, 'BillingPortal.ConfigurationCreateParams'],
  ['GET', /^\/v1\/billing_portal\/configurations$/, 'BillingPortal.ConfigurationListParams'],
  ['POST', /^\/v1\/webhook_endpoints$/, 'WebhookEndpointCreateParams'], ['POST', /^\/v1\/webhook_endpoints\/[^/]+$/, 'WebhookEndpointUpdateParams'],
  ['GET', /^\/v1\/webhook_endpoints$/, 'WebhookEndpointListParams'],
  ['POST', /^\/v1\/billing\/meters$/, 'Billing.MeterCreateParams'], ['GET', /^\/v1\/billing\/meters$/, 'Billing.MeterListParams'],
  ['GET', /^\/v1\/billing\/meters\/[^/]+$/, 'Billing.MeterRetrieveParams'], ['POST', /^\/v1\/billing\/meter_events$/, 'Billing.MeterEventCreateParams'],
  ['GET', /^\/v1\/billing\/meters\/[^/]+\/event_summaries$/, 'Billing.MeterListEventSummariesParams'],
  ['POST', /^\/v1\/billing\/meter_event_adjustments$/, 'Billing.MeterEventAdjustmentCreateParams'],
  ['GET', /^\/v1\/charges$/, 'ChargeListParams'], ['GET', /^\/v1\/disputes$/, 'DisputeListParams'],
  ['GET', /^\/v1\/events$/, 'EventListParams'], ['GET', /^\/v1\/events\/[^/]+$/, 'EventRetrieveParams'],
]

const roots = (sdk) => [...new Set([...Object.values(objectTypes).filter(Boolean), ...Object.values(deletedTypes), upcomingType, "Event['type']",
  ...(sdk === 'endive' ? paramTypes.map(([, , type]) => type) : [])])]

export function openContract(sdk) {
  const { $defs, schemas } = sdkSchema(sdk, roots(sdk))
  const options = { strict: false, allErrors: true, validateFormats: false, logger: false }
  const ajv = new Ajv(options)
  const form = new Ajv({ ...options, coerceTypes: true })
  for (const a of [ajv, form]) a.addSchema({ $id: 'sdk', $defs })
  const compiled = new Map()
  const validator = (a, type) => {
    const key = `${a === form} ${type}`
    if (!compiled.has(key)) {
      const schema = JSON.parse(JSON.stringify(schemas[type]).replaceAll('"#/$defs/', '"sdk#/$defs/'))
      compiled.set(key, a.compile(schema))
    }
    return compiled.get(key)
  }
  const eventTypes = new Set(schemas["Event['type']"].enum)

  const tell = (errors, prefix = '') => [...new Set((errors ?? [])
    .filter((e) => !['anyOf', 'const', 'if'].includes(e.keyword) && !(e.keyword === 'type' && e.params.type === 'string' && typeof e.data === 'object'))
    .map((e) => `${prefix}${e.instancePath}${e.keyword === 'additionalProperties' ? `/${e.params.additionalProperty}` : ''} ${e.message}${e.keyword === 'enum' ? ` (${JSON.stringify(e.params.allowedValues)})` : ''}`)
    .filter((text) => !allowed.some((pattern) => pattern.test(text.split(' ')[0]))))]

  function checkObject(value, where = '') {
    if (value?.object === 'list' || value?.object === 'search_result') {
      const wrong = ['data', 'has_more', 'url'].filter((key) => !(key in value)).map((key) => `${where} a list without ${key}`)
      return wrong.concat(value.data.flatMap((item, i) => checkObject(item, `${where}/data/${i}`)))
    }
    if (value?.object === 'event') return checkEvent(value, where)
    const known = value?.deleted === true ? deletedTypes[value.object] : objectTypes[value?.object]
    if (!known) return [`${where} is a '${value?.object}'${value?.deleted ? ' that was deleted' : ''}, which the contract does not know: add it to stripe_contract.mjs`]
    const upcoming = known === 'Invoice' && !('id' in value)
    // The newest SDK has one type for both, which calls the id required; an announced invoice has none all the same.
    if (upcoming && !schemas[upcomingType]) return checkObject({ ...value, id: 'in_upcoming' }, where)
    const type = upcoming ? upcomingType : known
    if (!schemas[type]) return [`${where} is a '${value.object}', which the SDK of ${sdk} does not have`]
    const validate = validator(ajv, type)
    return validate(value) ? [] : tell(validate.errors, `${where}${value.object}`)
  }

  function checkEvent(event, where = '') {
    const wrong = []
    if (!eventTypes.has(event.type)) wrong.push(`${where} event type ${event.type} is unknown to this version`)
    for (const key of ['id', 'api_version', 'created', 'livemode', 'pending_webhooks', 'request']) if (!(key in event)) wrong.push(`${where}${event.type} has no ${key}`)
    if (event.request && !('idempotency_key' in event.request && 'id' in event.request)) wrong.push(`${event.type} request has no id or idempotency_key`)
    if (/\.updated$/.test(event.type) && !Object.keys(event.data.previous_attributes ?? {}).length) wrong.push(`${event.type} has no previous_attributes`)
    if (!/\.updated$/.test(event.type) && event.data.previous_attributes && !/detached|deleted|automatically_updated/.test(event.type)) wrong.push(`${event.type} has previous_attributes`)
    for (const key of Object.keys(event.data.previous_attributes ?? {})) {
      if (JSON.stringify(event.data.previous_attributes[key]) === JSON.stringify(event.data.object[key])) wrong.push(`${event.type} previous_attributes.${key} equals the new value`)
    }
    if (event.data.object.created > event.created) wrong.push(`${event.type} is older than its object`)
    return wrong.concat(checkObject(event.data.object, `${where}${event.type} `))
  }

  function checkError(body) {
    const kinds = ['api_error', 'card_error', 'idempotency_error', 'invalid_request_error']
    const known = ['type', 'code', 'decline_code', 'message', 'param', 'doc_url', 'request_log_url', 'charge', 'payment_intent', 'payment_method', 'payment_method_type',
      'setup_intent', 'source', 'advice_code', 'network_decline_code', 'network_advice_code']
    if (!body?.error) return ['an error without `error`']
    return [...(kinds.includes(body.error.type) ? [] : [`error type ${body.error.type}`]), ...(typeof body.error.message === 'string' ? [] : ['an error without a message']),
      ...Object.keys(body.error).filter((key) => !known.includes(key)).map((key) => `error has the unknown key ${key}`)]
  }

  function checkParams(method, path, params) {
    const found = paramTypes.find(([m, pattern]) => m === method && pattern.test(path))
    if (!found) return [`${method} ${path} is not in the table of calls: add it to stripe_contract.mjs`]
    const validate = validator(form, found[2])
    return validate(structuredClone(params)) ? [] : tell(validate.errors, `${found[2]}`)
  }

  return { checkObject, checkEvent, checkError, checkParams }
}

// a[b][0]=x&a[b][1]=y -> {a: {b: ['x', 'y']}}
export function decodeForm(text) {
  const out = {}
  for (const pair of text.split('&').filter(Boolean)) {
    const [name, value = ''] = pair.split('=').map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
    const path = name.replaceAll(']', '').split('[')
    let at = out
    path.forEach((step, i) => {
      const key = step === '' ? Object.keys(at).length : step
      if (i === path.length - 1) at[key] = value
      else at = at[key] ??= {}
    })
  }
  const arrays = (v) => {
    if (typeof v !== 'object') return v
    const keys = Object.keys(v)
    return keys.length && keys.every((k, i) => k === String(i)) ? keys.map((k) => arrays(v[k])) : Object.fromEntries(keys.map((k) => [k, arrays(v[k])]))
  }
  return Object.fromEntries(Object.entries(out).map(([k, v]) => [k, arrays(v)]))
}

const sdkOf = (version) => version.split('.')[1] ?? '2023-10-16'

// Every line of a recording of the sandbox. `requests`: also judge the parameters of the calls (those of our server).
// Returns {checked: {responses, events, requests}, wrong: ["..."]}, where wrong names each thing once.
export function judgeRecording(file, { requests = false } = {}) {
  const contracts = {}
  const contract = (sdk) => (contracts[sdk] ??= openContract(sdk))
  const wrong = new Map()
  const checked = { responses: 0, events: 0, requests: 0 }
  // An event stays in the version that it was made in, whoever reads it.
  const judge = (sdk, body) => {
    if (body?.object === 'event') return contract(sdkOf(body.api_version)).checkEvent(body)
    if (body?.object !== 'list' || body.data?.[0]?.object !== 'event') return contract(sdk).checkObject(body)
    return contract(sdk).checkObject({ ...body, data: [] }).concat(body.data.flatMap((event) => judge(sdk, event)))
  }
  const add = (where, texts) => texts.forEach((text) => wrong.set(text, where))
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const record = JSON.parse(line)
    if (!record.api_version || unjudged.some(([pattern]) => pattern.test(record.path ?? ''))) continue
    const sdk = sdkOf(record.api_version)
    if (record.event) {
      checked.events += 1
      add('event', contract(sdk).checkEvent(typeof record.body === 'string' ? JSON.parse(record.body) : record.body))
      continue
    }
    const response = typeof record.response === 'string' ? JSON.parse(record.response) : record.response
    checked.responses += 1
    add(`${record.method} ${record.path} ${record.status}`, record.status >= 400 ? contract(sdk).checkError(response) : judge(sdk, response))
    if (requests && sdk === 'endive' && record.status < 400) {
      checked.requests += 1
      const text = record.method === 'POST' ? record.request_body : record.query
      add(`${record.method} ${record.path}`, contract(sdk).checkParams(record.method, record.path, decodeForm(text ?? '')))
    }
  }
  return { checked, wrong: [...wrong].map(([text, where]) => `${where}: ${text}`) }
}
