// What no schema says: that ids name things, that amounts add up, that statuses only move along their tables, that numbers
// are what they stand for. Judged over all that a sandbox has emitted.
import { readFileSync } from 'node:fs'

const key = 'sk_test_0123456789abcdefghij'

// status -> what it may become
const moves = {
  subscription: {
    incomplete: ['active', 'trialing', 'incomplete_expired', 'canceled'], incomplete_expired: [], trialing: ['active', 'past_due', 'unpaid', 'paused', 'canceled'],
    active: ['past_due', 'unpaid', 'trialing', 'paused', 'canceled'], past_due: ['active', 'unpaid', 'paused', 'canceled'], unpaid: ['active', 'canceled'],
    paused: ['active', 'past_due', 'canceled'], canceled: [],
  },
  invoice: { draft: ['open', 'paid'], open: ['paid', 'void', 'uncollectible'], uncollectible: ['paid', 'void'], paid: [], void: [] },
  payment_intent: {
    requires_payment_method: ['requires_confirmation', 'requires_action', 'requires_capture', 'processing', 'succeeded', 'canceled'],
    requires_confirmation: ['requires_payment_method', 'requires_action', 'requires_capture', 'processing', 'succeeded', 'canceled'],
    requires_action: ['requires_payment_method', 'requires_confirmation', 'requires_capture', 'processing', 'succeeded', 'canceled'],
    requires_capture: ['succeeded', 'canceled'], processing: ['succeeded', 'requires_payment_method', 'requires_capture', 'canceled'], succeeded: [], canceled: [],
  },
  setup_intent: {
    requires_payment_method: ['requires_confirmation', 'requires_action', 'processing', 'succeeded', 'canceled'],
    requires_confirmation: ['requires_payment_method', 'requires_action', 'processing', 'succeeded', 'canceled'],
    requires_action: ['requires_payment_method', 'requires_confirmation', 'processing', 'succeeded', 'canceled'],
    processing: ['succeeded', 'requires_payment_method', 'canceled'], succeeded: [], canceled: [],
  },
  'checkout.session': { open: ['complete', 'expired'], complete: [], expired: [] },
  charge: { pending: ['succeeded', 'failed'], succeeded: [], failed: [] },
  refund: { requires_action: ['pending', 'succeeded', 'failed', 'canceled'], pending: ['succeeded', 'failed', 'canceled', 'requires_action'], succeeded: ['failed'], failed: [], canceled: [] },
  credit_note: { issued: ['void'], void: [] },
  dispute: {
    warning_needs_response: ['warning_under_review', 'warning_closed', 'needs_response', 'lost', 'won'], warning_under_review: ['warning_closed', 'needs_response'], warning_closed: [],
    needs_response: ['under_review', 'won', 'lost'], under_review: ['won', 'lost'], won: [], lost: ['won'], prevented: [],
  },
  subscription_schedule: { not_started: ['active', 'canceled', 'released'], active: ['completed', 'canceled', 'released'], completed: [], canceled: [], released: [] },
}

// Where an object of that kind of id is read.
const paths = [
  [/^cus_/, 'customers'], [/^prod_/, 'products'], [/^price_/, 'prices'], [/^sub_(?!sched)/, 'subscriptions'], [/^sub_sched_/, 'subscription_schedules'],
  [/^si_/, 'subscription_items'], [/^in_/, 'invoices'], [/^ii_/, 'invoiceitems'], [/^pi_(?!.*_secret_)/, 'payment_intents'], [/^seti_(?!.*_secret_)/, 'setup_intents'],
  [/^pm_/, 'payment_methods'], [/^(ch|py)_/, 'charges'], [/^(re|pyr)_/, 'refunds'], [/^mandate_/, 'mandates'], [/^cn_/, 'credit_notes'], [/^(dp|du)_/, 'disputes'], [/^cs_test_/, 'checkout/sessions'],
  [/^promo_/, 'promotion_codes'], [/^mtr_(?!evt)/, 'billing/meters'], [/^clock_/, 'test_helpers/test_clocks'], [/^inpay_/, 'invoice_payments'],
]
const fractions = /^(percent_off|percentage|effective_percentage|application_fee_percent|exchange_rate|aggregated_value|latitude|longitude)$/
const times = /^(created|frozen_time|deletes_after|effective_at|expires_at|timestamp|.*_(at|start|end|end_at)|next_payment_attempt|due_date|billing_cycle_anchor|redeem_by|due_by)$/

const sum = (list, pick) => list.reduce((total, item) => total + pick(item), 0)

function* objectsIn(value) {
  if (typeof value !== 'object' || value === null) return
  if (typeof value.object === 'string') yield value
  for (const inner of Object.values(value)) yield* objectsIn(inner)
}

function invoiceAmounts(invoice, say) {
  const overpaid = invoice.amount_overpaid ?? 0
  if (invoice.amount_due + overpaid !== invoice.amount_paid + invoice.amount_remaining) say('amount_due is not amount_paid + amount_remaining')
  if (invoice.lines && !invoice.lines.has_more && sum(invoice.lines.data, (line) => line.amount) !== invoice.subtotal) say('its lines do not add up to subtotal')
  const discounts = sum(invoice.total_discount_amounts ?? [], (discount) => discount.amount)
  const taxes = invoice.total_taxes ? sum(invoice.total_taxes.filter((tax) => tax.tax_behavior === 'exclusive'), (tax) => tax.amount) : sum((invoice.total_tax_amounts ?? []).filter((tax) => !tax.inclusive), (tax) => tax.amount)
  if (invoice.total !== invoice.subtotal - discounts + taxes) say('total is not subtotal - discounts + tax')
  if (invoice.status === 'draft' || invoice.ending_balance === null || !('id' in invoice) || invoice.id.startsWith('upcoming')) return
  const credited = invoice.pre_payment_credit_notes_amount ?? 0
  const due = invoice.total + invoice.starting_balance - invoice.ending_balance - credited
  if (invoice.status !== 'void' && invoice.amount_due !== due) say(`amount_due is not total + what the balance gave - credit notes (${due})`)
  if (invoice.status === 'paid' && invoice.amount_remaining !== 0) say('is paid, and something remains')
}

const amounts = {
  invoice: invoiceAmounts,
  charge(charge, say) {
    // What was held and never captured is let go of as a refund of all of it.
    const taken = charge.captured ? charge.amount_captured : charge.amount
    if (charge.amount_refunded > taken) say('more was refunded than captured')
    if (charge.refunded !== (charge.amount_refunded > 0 && charge.amount_refunded === taken)) say('refunded does not say whether all was refunded')
    if (charge.status === 'pending' && charge.amount_captured !== 0) say('is pending, and something was captured')
    if (charge.status === 'succeeded' && charge.captured && charge.amount_captured > charge.amount) say('more was captured than charged')
  },
  payment_intent(intent, say) {
    if (intent.amount_capturable !== (intent.status === 'requires_capture' ? intent.amount : 0)) say('amount_capturable is not what is held')
    if (intent.status === 'succeeded' && intent.amount_received > intent.amount) say('received more than its amount')
    if (intent.status !== 'succeeded' && intent.amount_received !== 0) say('received something without having succeeded')
  },
  'checkout.session'(session, say) {
    if (session.amount_total === null || !session.total_details) return
    const { amount_discount: discount, amount_shipping: shipping, amount_tax: tax } = session.total_details
    if (session.amount_total !== session.amount_subtotal - discount + (shipping ?? 0) + tax) say('amount_total is not amount_subtotal - discount + shipping + tax')
  },
  credit_note(note, say) {
    if (note.amount > note.subtotal + sum(note.total_taxes ?? note.tax_amounts ?? [], (tax) => tax.amount)) say('amount is above its subtotal and tax')
  },
}

function numbers(value, say, path = '') {
  for (const [name, inner] of Object.entries(value)) {
    const at = `${path}${name}`
    if (name === 'metadata') continue
    if (typeof inner === 'number') {
      if (!Number.isSafeInteger(inner) && !fractions.test(name)) say(`${at} is ${inner}, not an integer`)
      if (times.test(name) && name !== 'trial_period_days' && inner !== 0 && (inner < 1e9 || inner > 1e10)) say(`${at} is ${inner}, not Unix seconds`)
    } else if (typeof inner === 'object' && inner !== null) numbers(inner, say, `${at}.`)
  }
}

function* idsIn(value) {
  for (const [name, inner] of Object.entries(value)) {
    if (/^(metadata|request|client_reference_id|id|url|data)$/.test(name) && typeof inner !== 'object') continue
    if (name === 'metadata' || name === 'request') continue
    if (typeof inner === 'string') {
      if (/^[a-z_]+_(?=.*[A-Z0-9])\w+$/.test(inner) && paths.some(([pattern]) => pattern.test(inner))) yield inner
    } else if (typeof inner === 'object' && inner !== null) yield* idsIn(inner)
  }
}

async function ask(url, path) {
  const response = await fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${key}` } })
  return { status: response.status, body: await response.json() }
}

// All events of the sandbox, oldest first.
export async function allEvents(url) {
  const events = []
  for (let after = ''; ;) {
    const { status, body } = await ask(url, `/v1/events?limit=100${after}`)
    if (status !== 200) throw new Error(JSON.stringify(body))
    events.push(...body.data)
    if (!body.has_more) return events.reverse()
    after = `&starting_after=${body.data.at(-1).id}`
  }
}

function statusMoves(events, say) {
  const last = new Map()
  for (const event of events) {
    const { object } = event.data
    const table = moves[object.object]
    if (!table || !object.status) continue
    if (!table[object.status]) say(`${event.type}: ${object.object} has the status ${object.status}, which is in no table`)
    const before = last.get(object.id)
    if (before && before !== object.status && !table[before]?.includes(object.status)) say(`${event.type}: ${object.object} went from ${before} to ${object.status}`)
    last.set(object.id, object.status)
  }
}

// An event is no older than its object; an update says what it changed, and that is not as before.
function eventsMakeSense(events, say) {
  for (const { type, created, data: { object, previous_attributes: before } } of events) {
    if (object.created > created) say(`${type}: the event is older than its ${object.object}`)
    if (!type.endsWith('.updated')) continue
    if (!before || Object.keys(before).length === 0) say(`${type}: says nothing of what it updated`)
    for (const [name, value] of Object.entries(before ?? {})) {
      if (JSON.stringify(object[name]) === JSON.stringify(value)) say(`${type}: ${name} is as before`)
    }
  }
}

// What is wrong in the sandbox at `url`, whose recording is `file`; each thing once. The sandbox is asked for its events and for
// what was named and never shown.
export async function judgeMeaning(file, url) {
  const wrong = new Set()
  const events = await allEvents(url)
  statusMoves(events, (text) => wrong.add(text))
  eventsMakeSense(events, (text) => wrong.add(text))
  const bodies = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .filter((record) => record.event || record.status < 400).map((record) => record.body ?? record.response)
    .map((body) => (typeof body === 'string' ? JSON.parse(body) : body))
  const seen = new Set()
  const named = new Map()
  for (const body of [...bodies, ...events]) {
    const where = body.type ?? body.object
    numbers(body, (text) => wrong.add(`${where}: ${text}`))
    for (const object of objectsIn(body)) {
      if (object.id) seen.add(object.id)
      if (!object.deleted) amounts[object.object]?.(object, (text) => wrong.add(`${where}: ${object.object} ${object.id}: ${text}`))
    }
    for (const id of idsIn(body)) named.set(id, where)
  }
  for (const [id, where] of named) {
    if (seen.has(id)) continue
    const { status } = await ask(url, `/v1/${paths.find(([pattern]) => pattern.test(id))[1]}/${id}`)
    if (status !== 200) wrong.add(`${where} names ${id}, which is not there (${status})`)
  }
  return [...wrong]
}
