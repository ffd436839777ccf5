// What the samples show. Dates are relative to today, so that nothing looks old.

import type {
  ChangePreview,
  CreditEntry,
  Credits,
  Entitlements,
  Invoice,
  Notification,
  Payment,
  PaymentMethod,
  Plan,
  Price,
  Seats,
  Subscription,
  Usage,
} from '@paydesk/client';

const day_ms = 86_400_000;
export const at = (days: number) => new Date(Date.now() + days * day_ms).toISOString();
const uuid = (n: number) => `0190aaaa-0000-7000-8000-${String(n).padStart(12, '0')}`;

export const subscription = (given: Partial<Subscription> = {}): Subscription => ({
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
  current_period_start: at(-10),
  current_period_end: at(20),
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
  created_at: at(-40),
  updated_at: at(-10),
  ...given,
});

export const subscriptions: Record<string, Subscription | null> = {
  free: null,
  active: subscription(),
  trialing: subscription({ status: 'trialing', trial_start: at(-3), trial_end: at(11) }),
  'cancels soon': subscription({
    cancel_at_period_end: true,
    cancel_scheduled: true,
    cancel_at: at(20),
  }),
  PayPal: subscription({ provider: 'paypal', stripe_subscription_id: null }),
  'PayPal, cancels soon': subscription({
    provider: 'paypal',
    stripe_subscription_id: null,
    cancel_at_period_end: true,
    cancel_scheduled: true,
    cancel_at: at(20),
  }),
  'changes soon': subscription({
    scheduled_change: {
      plan_key: 'basic',
      plan_name: 'Basic',
      plan_type: 'monthly',
      price_id: 'price_0',
      quantity: 1,
      amount: 900,
      currency: 'usd',
      effective_at: at(20),
    },
  }),
  'past due': subscription({ status: 'past_due', access_until: at(9) }),
  unpaid: subscription({ status: 'unpaid', is_active: false }),
  incomplete: subscription({ status: 'incomplete', is_active: false }),
  paused: subscription({ status: 'paused', is_active: false }),
  ended: subscription({ status: 'canceled', is_active: false, ended_at: at(-2) }),
};

export const invoice = (n: number, given: Partial<Invoice> = {}): Invoice => ({
  id: uuid(100 + n),
  user_id: uuid(2),
  provider: 'stripe',
  stripe_invoice_id: `in_${n}`,
  stripe_customer_id: 'cus_1',
  stripe_subscription_id: 'sub_1',
  number: `A1B2-000${n}`,
  status: 'paid',
  amount_due: 4900,
  amount_paid: 4900,
  amount_remaining: 0,
  subtotal: 4900,
  total: 4900,
  currency: 'usd',
  invoice_pdf: null,
  hosted_invoice_url: 'https://pay.example/in',
  billing_reason: 'subscription_cycle',
  line_items: [],
  period_start: at(-40),
  period_end: at(-10),
  paid_at: at(-40),
  due_date: null,
  next_payment_attempt: null,
  attempt_count: 1,
  created_at: at(-10 * n),
  ...given,
});

export const invoices: Invoice[] = [
  invoice(1, { status: 'open', amount_paid: 900, amount_remaining: 4000 }),
  invoice(2),
  invoice(7, {
    provider: 'paypal',
    stripe_invoice_id: null,
    status: 'open',
    number: null,
    total: 4750,
    amount_paid: 0,
    amount_remaining: 4750,
    billing_reason: 'usage',
  }),
  invoice(3, { total: 490000, currency: 'inr', billing_reason: 'subscription_update' }),
  invoice(4, { total: 7350, currency: 'jpy', billing_reason: 'manual' }),
  invoice(5, { total: 15250, currency: 'kwd', status: 'void' }),
  invoice(6, { status: 'uncollectible', billing_reason: 'subscription_create' }),
];

export const payment = (n: number, given: Partial<Payment> = {}): Payment => ({
  id: uuid(400 + n),
  user_id: uuid(2),
  provider: 'stripe',
  status: 'succeeded',
  amount: 4900,
  amount_refunded: 0,
  currency: 'usd',
  description: 'Pro, monthly',
  receipt_url: 'https://pay.example/receipt',
  failure_message: null,
  stripe_payment_intent_id: `pi_${n}`,
  stripe_charge_id: `ch_${n}`,
  stripe_invoice_id: null,
  created_at: at(-10 * n),
  ...given,
});

export const method = (given: Partial<PaymentMethod> = {}): PaymentMethod => ({
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
  created_at: at(-40),
  ...given,
});

export const notification = (n: number, given: Partial<Notification> = {}): Notification => ({
  id: uuid(300 + n),
  user_id: uuid(2),
  type: 'payment_success',
  title: 'Payment Successful',
  message: 'Your payment of $49.00 has been processed.',
  read: false,
  metadata: {},
  created_at: at(-n / 3),
  ...given,
});

const price = (given: Partial<Price>): Price => ({
  price_id: 'price_1',
  lookup_key: null,
  billing_cycle: 'monthly',
  interval: 'month',
  amount: 4900,
  currency: 'usd',
  formatted: '$49.00',
  monthly_amount: 4900,
  saving_percent: 0,
  ...given,
});

function plan(key: string, name: string, amount: number, features: string[]): Plan {
  return {
    id: key,
    key,
    kind: 'plan',
    family: 'default',
    tier: key,
    rank: amount,
    name,
    description: `For ${name.toLowerCase()} use`,
    features,
    limits: {},
    credits: 100,
    trial_days: 0,
    is_free: amount === 0,
    purchasable: amount > 0,
    prices:
      amount === 0
        ? []
        : [
            price({ amount, monthly_amount: amount }),
            price({
              billing_cycle: 'yearly',
              interval: 'year',
              amount: amount * 10,
              monthly_amount: Math.floor((amount * 10) / 12),
              saving_percent: 17,
            }),
          ],
  };
}

export const plans = {
  plans: [
    plan('free', 'Free', 0, ['100 credits a month', 'Community support']),
    plan('pro', 'Pro', 4900, ['2,500 credits a month', 'All AI models', 'API access']),
    plan('business', 'Business', 9900, ['5,000 credits a month', 'Dedicated support']),
  ],
  top_ups: [
    {
      ...plan('credits_1000', 'Credit top-up', 2000, ['1,000 credits that never expire']),
      kind: 'top_up' as const,
      prices: [price({ billing_cycle: null, interval: null, amount: 2000, monthly_amount: null })],
    },
  ],
};

const bucket = (given: Partial<Credits['buckets'][number]>): Credits['buckets'][number] => ({
  id: uuid(500),
  kind: 'plan',
  description: 'Pro',
  amount: 2500,
  remaining: 2140,
  held: 20,
  priority: 10,
  effective_at: at(-10),
  expires_at: at(20),
  ...given,
});
export const credits: Credits = {
  balance: 3140,
  held: 20,
  next_expiry: { at: at(20), amount: 2140 },
  buckets: [
    bucket({}),
    bucket({
      id: uuid(501),
      kind: 'top_up',
      description: 'Credit top-up',
      amount: 1000,
      remaining: 1000,
      expires_at: null,
    }),
  ],
};
export const no_credits: Credits = { balance: 0, held: 0, next_expiry: null, buckets: [] };
export const few_credits: Credits = {
  ...credits,
  balance: 40,
  held: 0,
  buckets: [bucket({ remaining: 40, held: 0 })],
};

const entry = (id: number, given: Partial<CreditEntry>): CreditEntry => ({
  id,
  user_id: uuid(2),
  kind: 'consume',
  amount: -5,
  balance: 3140,
  description: 'AI Chat - GPT-4',
  hold_id: null,
  created_at: at(-id / 4),
  lines: [{ bucket_id: uuid(500), from: 'available', to: 'consumed', amount: 5 }],
  ...given,
});
export const entries: CreditEntry[] = [
  entry(5, {}),
  entry(4, { kind: 'hold', amount: -20, balance: 3145, description: 'Image generation' }),
  entry(3, { kind: 'grant', amount: 1000, balance: 3165, description: 'Credit top-up' }),
  entry(2, { kind: 'grant', amount: 2500, balance: 2165, description: 'Pro' }),
];

export const usage: Usage = {
  billing_period_start: at(-10),
  billing_period_end: at(20),
  subscription_id: uuid(1),
  plan_key: 'pro',
  currency: 'usd',
  base_amount: 2900,
  estimated_amount: 6900,
  forecast_amount: 14200,
  usage: [
    metric('api_calls', 'API calls', 5000, 100_000, { estimated_amount: 4000 }),
    metric('storage', 'Storage, GB', 45.5, 50, {}),
    metric('seats', 'Projects', 10, 10, {}),
    metric('tokens', 'Tokens', 1_250_000, -1, {}),
  ],
};
function metric(
  metric_name: string,
  name: string,
  used: number,
  limit: number,
  given: Partial<Usage['usage'][number]>,
): Usage['usage'][number] {
  return {
    metric_name,
    name,
    unit: '',
    aggregation: 'sum',
    used,
    forecast: used * 3,
    limit,
    limit_kind: 'hard',
    included: 0,
    late_events: 0,
    estimated_amount: null,
    forecast_amount: null,
    ...given,
  };
}

export const preview: ChangePreview = {
  subscription_id: uuid(1),
  when: 'now',
  effective_at: null,
  plan_key: 'business',
  plan_name: 'Business',
  plan_type: 'monthly',
  price_id: 'price_2',
  quantity: 1,
  currency: 'usd',
  amount_due: 3334,
  subtotal: 3334,
  discount: 0,
  tax: 0,
  total: 3334,
  lines: [line('Unused time on Pro', -3266), line('Remaining time on Business', 6600)],
  proration_date: at(0),
  renewal_amount: 9900,
  renews_at: at(20),
  promotion: null,
};
function line(description: string, amount: number): Invoice['line_items'][number] {
  return {
    description,
    amount,
    currency: 'usd',
    quantity: 1,
    price_id: null,
    period_start: at(0),
    period_end: at(20),
    proration: true,
  };
}

export const seats: Seats = {
  account_id: uuid(2),
  role: 'owner',
  total: 5,
  used: 3,
  members: [
    seat(1, { role: 'owner', email: 'ada@example.com' }),
    seat(2, { role: 'admin', email: 'grace@example.com' }),
    seat(3, { status: 'invited', email: 'alan@example.com', expires_at: at(6) }),
  ],
  memberships: [],
};
function seat(n: number, given: Partial<Seats['members'][number]>): Seats['members'][number] {
  return {
    id: uuid(600 + n),
    user_id: uuid(600 + n),
    email: null,
    role: 'member',
    status: 'active',
    invited_at: at(-20),
    joined_at: at(-19),
    expires_at: null,
    ...given,
  };
}

export const entitlements: Entitlements = {
  account_id: uuid(2),
  is_active: true,
  plan_key: 'pro',
  plan_name: 'Pro',
  tier: 'pro',
  rank: 1,
  features: ['API access'],
  limits: {},
  credits_per_month: 2500,
  credits: 3140,
  status: 'active',
  subscription_id: uuid(1),
  plan_type: 'monthly',
  current_period_end: at(20),
  trial_end: null,
  access_until: null,
  past_due_since: null,
  grace_until: null,
  suspended: false,
  add_ons: [],
};

export const config = {
  local_sign_in: false,
  sandbox_url: null,
  livemode: false,
  providers: ['stripe', 'paypal'],
  supabase_url: null,
  supabase_anon_key: null,
  version: '1',
};
