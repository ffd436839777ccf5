// A stand-in for the API at the level of fetch: the real client, the real cache, the real components
// run against it, and each test says what the routes answer.

import {
  createPaydesk,
  type CreditEntry,
  type Credits,
  type Entitlements,
  type Invoice,
  type Notification,
  type Payment,
  type PaymentMethod,
  type Plan,
  type Price,
  type Subscription,
} from '@paydesk/client';
import { render } from '@testing-library/react';
import type { ReactNode } from 'react';

import { PaydeskProvider, type PaydeskProviderProps } from '../src';

export interface Asked {
  route: string;
  body: unknown;
  headers: Headers;
}
type Answer = unknown | ((asked: Asked) => unknown);

/** An answer with a status. */
export class Status {
  constructor(
    readonly status: number,
    readonly body: unknown = {},
    readonly headers: Record<string, string> = {},
  ) {}
}

/** An open stream that the test writes to. */
export class Live {
  private controllers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  response(signal: AbortSignal | null | undefined): Response {
    let own: ReadableStreamDefaultController<Uint8Array>;
    signal?.addEventListener('abort', () => {
      if (this.controllers.delete(own)) own.error(signal.reason);
    });
    return new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => void this.controllers.add((own = controller)),
        cancel: () => void this.controllers.delete(own),
      }),
    );
  }
  send(event: string, data: unknown, id = ''): void {
    const text = `${id && `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const controller of this.controllers) controller.enqueue(new TextEncoder().encode(text));
  }
  get open(): boolean {
    return this.controllers.size > 0;
  }
}

export function startServer(routes: Record<string, Answer>) {
  const asked: Asked[] = [];
  const live = new Live();
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = input instanceof Request ? input : new Request(input, init);
    const url = new URL(request.url);
    const route = `${request.method} ${url.pathname}`;
    if (route === 'GET /api/notifications/stream') return live.response(init?.signal);
    const text = await request.text();
    const call = {
      route: `${request.method} ${url.pathname}${url.search}`,
      body: text ? (JSON.parse(text) as unknown) : null,
      headers: request.headers,
    };
    asked.push(call);
    const answer = routes[route];
    const value: unknown = await (typeof answer === 'function'
      ? (answer as (asked: Asked) => unknown)(call)
      : answer);
    if (value instanceof Error) throw value;
    if (value === undefined)
      return Response.json({ code: 'not_found', detail: `no ${route}` }, { status: 404 });
    if (value instanceof Response) return value;
    if (value instanceof Status)
      return Response.json(value.body, { status: value.status, headers: value.headers });
    return Response.json(value);
  };
  const client = createPaydesk({
    baseUrl: 'http://127.0.0.1:8080',
    getToken: () => 'token',
    fetch,
    policy: { attempts_max: 1 },
  });
  return {
    client,
    fetch,
    routes,
    asked,
    live,
    calls: (route: string) => asked.filter((call) => call.route.startsWith(route)),
  };
}

export function show(
  children: ReactNode,
  server: ReturnType<typeof startServer>,
  props: Partial<PaydeskProviderProps> = {},
) {
  return render(
    <PaydeskProvider client={server.client} locale="en-US" {...props}>
      {children}
    </PaydeskProvider>,
  );
}

const uuid = (n: number) => `0190aaaa-0000-7000-8000-${String(n).padStart(12, '0')}`;

export function subscription(given: Partial<Subscription> = {}): Subscription {
  return {
    id: uuid(1),
    user_id: uuid(2),
    provider: 'stripe',
    stripe_subscription_id: 'sub_1',
    stripe_customer_id: 'cus_1',
    status: 'active',
    price_id: 'price_1',
    quantity: 1,
    cancel_at_period_end: false,
    cancel_at: null,
    cancel_scheduled: false,
    current_period_start: '2026-11-12T00:00:00Z',
    current_period_end: '2026-12-12T00:00:00Z',
    canceled_at: null,
    ended_at: null,
    trial_start: null,
    trial_end: null,
    plan_key: 'pro',
    plan_name: 'Pro',
    plan_type: 'monthly',
    amount: 4900,
    currency: 'usd',
    is_active: true,
    access_until: null,
    cancel_reason: null,
    cancel_feedback: null,
    cancel_comment: null,
    scheduled_change: null,
    created_at: '2026-10-12T00:00:00Z',
    updated_at: '2026-11-12T00:00:00Z',
    ...given,
  };
}

export const scheduled = () =>
  subscription({
    cancel_at_period_end: true,
    cancel_scheduled: true,
    cancel_at: '2026-12-12T00:00:00Z',
    access_until: '2026-12-12T00:00:00Z',
  });

export function invoice(n: number, given: Partial<Invoice> = {}): Invoice {
  return {
    id: uuid(100 + n),
    user_id: uuid(2),
    provider: 'stripe',
    stripe_invoice_id: `in_${n}`,
    stripe_customer_id: 'cus_1',
    stripe_subscription_id: 'sub_1',
    number: `A1-000${n}`,
    status: 'paid',
    amount_due: 4900,
    amount_paid: 4900,
    amount_remaining: 0,
    subtotal: 4900,
    total: 4900,
    currency: 'usd',
    invoice_pdf: 'https://pay.example/in.pdf',
    hosted_invoice_url: 'https://pay.example/in',
    billing_reason: 'subscription_cycle',
    line_items: [],
    period_start: '2026-11-12T00:00:00Z',
    period_end: '2026-12-12T00:00:00Z',
    paid_at: '2026-11-12T00:00:00Z',
    due_date: null,
    next_payment_attempt: null,
    attempt_count: 1,
    created_at: '2026-11-12T00:00:00Z',
    ...given,
  };
}

export function paymentMethod(given: Partial<PaymentMethod> = {}): PaymentMethod {
  return {
    id: uuid(200),
    user_id: uuid(2),
    provider: 'stripe',
    stripe_payment_method_id: 'pm_1',
    stripe_customer_id: 'cus_1',
    type: 'card',
    card_brand: 'visa',
    card_last4: '4242',
    card_exp_month: 12,
    card_exp_year: 2090,
    is_default: true,
    created_at: '2026-11-12T00:00:00Z',
    ...given,
  };
}

export function notification(n: number, given: Partial<Notification> = {}): Notification {
  return {
    id: uuid(300 + n),
    user_id: uuid(2),
    type: 'payment_success',
    title: `Payment ${n}`,
    message: 'Your payment of $49.00 has been processed.',
    read: false,
    metadata: {},
    created_at: new Date().toISOString(),
    ...given,
  };
}

export function price(given: Partial<Price> = {}): Price {
  return {
    price_id: 'price_1',
    lookup_key: 'pro_monthly',
    billing_cycle: 'monthly',
    interval: 'month',
    amount: 4900,
    currency: 'usd',
    formatted: '$49.00',
    monthly_amount: 4900,
    saving_percent: 0,
    ...given,
  };
}

export function plan(key: string, given: Partial<Plan> = {}): Plan {
  return {
    id: key,
    key,
    kind: 'plan',
    family: 'default',
    tier: key,
    rank: 1,
    name: key[0]!.toUpperCase() + key.slice(1),
    description: `About ${key}`,
    features: ['One', 'Two'],
    limits: {},
    credits: 100,
    trial_days: 0,
    is_free: false,
    purchasable: true,
    prices: [
      price(),
      price({
        billing_cycle: 'yearly',
        interval: 'year',
        amount: 49000,
        monthly_amount: 4083,
        saving_percent: 17,
      }),
    ],
    ...given,
  };
}

export function payment(n: number, given: Partial<Payment> = {}): Payment {
  return {
    id: uuid(400 + n),
    user_id: uuid(2),
    provider: 'stripe',
    status: 'succeeded',
    amount: 4900,
    amount_refunded: 0,
    currency: 'usd',
    description: 'Pro',
    receipt_url: 'https://pay.example/receipt',
    failure_message: null,
    stripe_payment_intent_id: `pi_${n}`,
    stripe_charge_id: `ch_${n}`,
    stripe_invoice_id: null,
    created_at: '2026-11-12T00:00:00Z',
    ...given,
  };
}

export function credits(given: Partial<Credits> = {}): Credits {
  return {
    balance: 3480,
    held: 20,
    next_expiry: { at: '2026-12-12T00:00:00Z', amount: 2480 },
    buckets: [
      {
        id: uuid(500),
        kind: 'plan',
        description: 'Pro',
        amount: 2500,
        remaining: 2480,
        held: 20,
        priority: 10,
        effective_at: '2026-11-12T00:00:00Z',
        expires_at: '2026-12-12T00:00:00Z',
      },
      {
        id: uuid(501),
        kind: 'top_up',
        description: 'Credit top-up',
        amount: 1000,
        remaining: 1000,
        held: 0,
        priority: 30,
        effective_at: '2026-11-12T00:00:00Z',
        expires_at: null,
      },
    ],
    ...given,
  };
}

export function creditEntry(id: number, given: Partial<CreditEntry> = {}): CreditEntry {
  return {
    id,
    user_id: uuid(2),
    kind: 'consume',
    amount: -5,
    balance: 3480,
    description: 'AI Chat - GPT-4',
    hold_id: null,
    created_at: '2026-11-12T10:00:00Z',
    lines: [{ bucket_id: uuid(500), from: 'available', to: 'consumed', amount: 5 }],
    ...given,
  };
}

export function entitlements(given: Partial<Entitlements> = {}): Entitlements {
  return {
    account_id: uuid(2),
    is_active: true,
    plan_key: 'pro',
    plan_name: 'Pro',
    tier: 'pro',
    rank: 1,
    features: ['API access'],
    limits: { api_calls: 100_000 },
    credits_per_month: 2500,
    credits: 3480,
    status: 'active',
    subscription_id: uuid(1),
    plan_type: 'monthly',
    current_period_end: '2026-12-12T00:00:00Z',
    trial_end: null,
    access_until: null,
    past_due_since: null,
    grace_until: null,
    suspended: false,
    add_ons: [],
    ...given,
  };
}
