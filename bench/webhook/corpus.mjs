// Writes a corpus of webhook bodies for load.cc: unique events, pretty-printed as Stripe sends them,
// separated by the byte 0x1e.
//
//     node corpus.mjs FILE COUNT [CUSTOMERS] [FIRST]
//
// The mix and the mean sizes are those of a SaaS account's busiest events: subscription.updated 40 %
// (7.3 kB), invoice.paid 20 % (6.5), charge.succeeded 15 % (5.5), customer.updated 10 % (1.4),
// payment_method.attached 10 % (1.9), invoice.payment_failed 5 % (6.5). Bodies are padded to those sizes by
// metadata, which real accounts use the same way.
import { createWriteStream } from 'node:fs'

const [file, count, customers = '10000', first = '0'] = process.argv.slice(2)
const version = '2026-10-28.endive'
const start = 1_790_000_000
export const priceId = 'price_bench_pro_monthly'

const id = (prefix, n) => `${prefix}_bench${String(n).padStart(10, '0')}`
// The same account for the same customer, in Paydesk's database as in the metadata.
export const accountId = (n) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`

function padded(object, bytes) {
  const missing = bytes - JSON.stringify(object, null, 2).length
  for (let i = 0, left = missing; left > 20 && i < 49; ++i) {
    const length = Math.min(480, Math.max(1, left - 18))
    object.metadata[`note_${i}`] = 'n'.repeat(length)
    left -= length + 18
  }
  return object
}

const owner = (n) => ({ user_id: accountId(n), supabase_user_id: accountId(n), plan_key: 'pro' })

const price = () => ({
  id: priceId, object: 'price', active: true, billing_scheme: 'per_unit', created: start, currency: 'usd', custom_unit_amount: null,
  livemode: false, lookup_key: 'pro_monthly', metadata: {}, nickname: null, product: 'prod_bench_pro',
  recurring: { interval: 'month', interval_count: 1, meter: null, trial_period_days: null, usage_type: 'licensed' },
  tax_behavior: 'unspecified', tiers_mode: null, transform_quantity: null, type: 'recurring', unit_amount: 4900, unit_amount_decimal: '4900',
})

const subscription = (n, at) => padded({
  id: id('sub', n), object: 'subscription', application: null, application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null }, billing_cycle_anchor: start, billing_cycle_anchor_config: null,
  billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: null }, billing_thresholds: null,
  cancel_at: null, cancel_at_period_end: false, canceled_at: null,
  cancellation_details: { comment: null, feedback: null, reason: null }, collection_method: 'charge_automatically', created: start,
  currency: 'usd', customer: id('cus', n), customer_account: null, days_until_due: null, default_payment_method: id('pm', n), default_source: null,
  default_tax_rates: [], description: null, discounts: [], ended_at: null,
  invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } },
  items: {
    object: 'list', has_more: false, total_count: 1, url: `/v1/subscription_items?subscription=${id('sub', n)}`,
    data: [{
      id: id('si', n), object: 'subscription_item', billing_thresholds: null, created: start, current_period_end: at + 2_592_000, current_period_start: at,
      discounts: [], metadata: {}, price: price(), quantity: 1, subscription: id('sub', n), tax_rates: [],
    }],
  },
  latest_invoice: id('in', n), livemode: false, metadata: owner(n), next_pending_invoice_item_invoice: null, on_behalf_of: null, pause_collection: null,
  payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: 'off' },
  pending_invoice_item_interval: null, pending_setup_intent: null, pending_update: null, schedule: null, start_date: start, status: 'active',
  test_clock: null, transfer_data: null, trial_end: null, trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } }, trial_start: null,
}, 6400)

const invoice = (n, serial, at, paid) => padded({
  id: id('in', serial), object: 'invoice', account_country: 'US', account_name: 'Bench', account_tax_ids: null, amount_due: 4900, amount_overpaid: 0,
  amount_paid: paid ? 4900 : 0, amount_remaining: paid ? 0 : 4900, amount_shipping: 0, application: null, attempt_count: 1, attempted: true,
  auto_advance: !paid, automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
  automatically_finalizes_at: null, billing_reason: 'subscription_cycle', collection_method: 'charge_automatically', created: at, currency: 'usd',
  custom_fields: null, customer: id('cus', n), customer_account: null, customer_address: null, customer_email: `user${n}@example.com`, customer_name: `User ${n}`,
  customer_phone: null, customer_shipping: null, customer_tax_exempt: 'none', customer_tax_ids: [], default_payment_method: null, default_source: null,
  default_tax_rates: [], description: null, discounts: [], due_date: null, effective_at: at, ending_balance: 0, footer: null, from_invoice: null,
  hosted_invoice_url: `https://invoice.example.com/i/${serial}`, invoice_pdf: `https://invoice.example.com/i/${serial}/pdf`,
  issuer: { type: 'self' }, last_finalization_error: null, latest_revision: null,
  lines: {
    object: 'list', has_more: false, total_count: 1, url: `/v1/invoices/${id('in', serial)}/lines`,
    data: [{
      id: id('il', serial), object: 'line_item', amount: 4900, currency: 'usd', description: '1 × Pro (at $49.00 / month)', discount_amounts: [], discountable: true,
      discounts: [], invoice: id('in', serial), livemode: false, metadata: {},
      parent: { invoice_item_details: null, subscription_item_details: { invoice_item: null, proration: false, proration_details: { credited_items: null }, subscription: id('sub', n), subscription_item: id('si', n) }, type: 'subscription_item_details' },
      period: { end: at + 2_592_000, start: at }, pretax_credit_amounts: [], pricing: { price_details: { price: priceId, product: 'prod_bench_pro' }, type: 'price_details', unit_amount_decimal: '4900' },
      quantity: 1, subscription: id('sub', n), subtotal: 4900, taxes: [],
    }],
  },
  livemode: false, metadata: {}, next_payment_attempt: paid ? null : at + 259_200, number: `BENCH-${serial}`, on_behalf_of: null,
  parent: { quote_details: null, subscription_details: { metadata: owner(n), subscription: id('sub', n) }, type: 'subscription_details' },
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null }, period_end: at, period_start: at - 2_592_000,
  post_payment_credit_notes_amount: 0, pre_payment_credit_notes_amount: 0, receipt_number: null, rendering: null, shipping_cost: null, shipping_details: null,
  starting_balance: 0, statement_descriptor: null, status: paid ? 'paid' : 'open',
  status_transitions: { finalized_at: at, marked_uncollectible_at: null, paid_at: paid ? at : null, voided_at: null },
  subtotal: 4900, subtotal_excluding_tax: 4900, test_clock: null, total: 4900, total_discount_amounts: [], total_excluding_tax: 4900,
  total_pretax_credit_amounts: [], total_taxes: [], webhooks_delivered_at: at,
}, 5600)

const card = (n) => ({
  brand: 'visa', checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' }, country: 'US', display_brand: 'visa', exp_month: 12,
  exp_year: 2030, fingerprint: id('fp', n), funding: 'credit', generated_from: null, last4: '4242', networks: { available: ['visa'], preferred: null },
  regulated_status: 'unregulated', three_d_secure_usage: { supported: true }, wallet: null,
})
const details = (n) => ({ address: { city: null, country: 'US', line1: null, line2: null, postal_code: '10001', state: null }, email: `user${n}@example.com`, name: `User ${n}`, phone: null, tax_id: null })

const paymentMethod = (n) => padded({
  id: id('pm', n), object: 'payment_method', allow_redisplay: 'always', billing_details: details(n), card: card(n), created: start, customer: id('cus', n),
  customer_account: null, livemode: false, metadata: {}, type: 'card',
}, 1400)

const charge = (n, serial, at) => padded({
  id: id('ch', serial), object: 'charge', amount: 4900, amount_captured: 4900, amount_refunded: 0, application: null, application_fee: null,
  application_fee_amount: null, balance_transaction: id('txn', serial), billing_details: details(n), calculated_statement_descriptor: 'BENCH', captured: true,
  created: at, currency: 'usd', customer: id('cus', n), description: 'Subscription update', disputed: false, failure_balance_transaction: null, failure_code: null,
  failure_message: null, fraud_details: {}, livemode: false, metadata: {}, on_behalf_of: null,
  outcome: { advice_code: null, network_advice_code: null, network_decline_code: null, network_status: 'approved_by_network', reason: null, risk_level: 'normal', risk_score: 12, seller_message: 'Payment complete.', type: 'authorized' },
  paid: true, payment_intent: id('pi', serial), payment_method: id('pm', n), payment_method_details: { card: { ...card(n), amount_authorized: 4900, authorization_code: '123456' }, type: 'card' },
  radar_options: {}, receipt_email: null, receipt_number: null, receipt_url: 'https://pay.example.com/receipts/x', refunded: false, review: null, shipping: null,
  source: null, source_transfer: null, statement_descriptor: null, statement_descriptor_suffix: null, status: 'succeeded', transfer_data: null, transfer_group: null,
}, 4800)

const customer = (n, at) => padded({
  id: id('cus', n), object: 'customer', address: null, balance: 0, created: start, currency: 'usd', customer_account: null, default_source: null, delinquent: false,
  description: null, discount: null, email: `user${n}@example.com`, invoice_prefix: 'BENCH', invoice_settings: { custom_fields: null, default_payment_method: id('pm', n), footer: null, rendering_options: null },
  livemode: false, metadata: { ...owner(n), seen: String(at) }, name: `User ${n}`, next_invoice_sequence: 2, phone: null, preferred_locales: [], shipping: null, tax_exempt: 'none', test_clock: null,
}, 900)

// Twenty slots make the mix.
const mix = [...'ssssssssiiiicccuuppf']

function event(serial) {
  const n = (serial * 7919) % Number(customers)
  const at = start + serial // every event its own second: no ties to settle
  const of = {
    s: ['customer.subscription.updated', () => subscription(n, at), { latest_invoice: id('in', n + 1) }],
    i: ['invoice.paid', () => invoice(n, serial, at, true)],
    c: ['charge.succeeded', () => charge(n, serial, at)],
    u: ['customer.updated', () => customer(n, at), { metadata: { seen: '0' } }],
    p: ['payment_method.attached', () => paymentMethod(n)],
    f: ['invoice.payment_failed', () => invoice(n, serial, at, false)],
  }
  const [type, object, previous_attributes] = of[mix[serial % mix.length]]
  return {
    id: id('evt', serial), object: 'event', api_version: version, created: at,
    data: { object: object(), ...(previous_attributes ? { previous_attributes } : {}) },
    livemode: false, pending_webhooks: 1, request: { id: null, idempotency_key: null }, type,
  }
}

if (file) {
  const out = createWriteStream(file)
  for (let serial = Number(first); serial < Number(first) + Number(count); ++serial) {
    if (!out.write(JSON.stringify(event(serial), null, 2) + '\x1e')) await new Promise((resume) => out.once('drain', resume))
  }
  await new Promise((resolve) => out.end(resolve))
}
