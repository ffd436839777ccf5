// Usage, changes of plan and seats. The names are those of openapi.yaml's schemas; a server that does not
// have the routes yet answers 404 (NotFoundError), and the components then leave the part out.

import { newIdempotencyKey, type CallOptions, type WriteOptions } from './call_options';
import type { BillingCycle, Invoice, Subscription } from './client';
import {
  createUsageBatcher,
  type SentUsageFact,
  type UsageBatcher,
  type UsageBatcherOptions,
  type UsageOutcome,
} from './usage_batcher';

export interface UsageEvent {
  metric: string;
  quantity?: number | string;
  timestamp?: string;
  idempotencyKey?: string;
  value?: string;
  metadata?: Record<string, unknown>;
}

export interface UsageLimit {
  allowed: boolean;
  used: number;
  /** -1 is unlimited. */
  limit: number;
  remaining: number | null;
  limit_kind: 'hard' | 'soft';
  metric_name: string;
  billing_period_start: string;
  billing_period_end: string;
}

export interface UsageOfMetric {
  metric_name: string;
  name: string;
  unit: string;
  aggregation: 'sum' | 'count' | 'max' | 'last' | 'unique';
  used: number;
  forecast: number;
  limit: number;
  limit_kind: 'hard' | 'soft';
  included: number;
  late_events: number;
  estimated_amount: number | null;
  forecast_amount: number | null;
  days?: { date: string; quantity: number }[];
}

export interface Usage {
  billing_period_start: string;
  billing_period_end: string;
  subscription_id: string | null;
  plan_key: string | null;
  currency: string;
  base_amount: number;
  estimated_amount: number | null;
  forecast_amount: number | null;
  usage: UsageOfMetric[];
}

export interface ChangeRequest {
  planId?: string;
  billingCycle?: BillingCycle;
  quantity?: number;
}

export interface ChangePreview {
  subscription_id: string;
  when: 'now' | 'period_end';
  effective_at: string | null;
  plan_key: string;
  plan_name: string;
  plan_type: BillingCycle;
  price_id: string;
  quantity: number;
  currency: string;
  amount_due: number;
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
  lines: Invoice['line_items'];
  proration_date: string | null;
  renewal_amount: number;
  renews_at: string;
}

export interface SubscriptionChange {
  success: true;
  state: 'applied' | 'scheduled' | 'requires_action' | 'processing';
  hosted_invoice_url: string | null;
  expires_at: string | null;
  subscription: Subscription;
}

export type SeatRole = 'owner' | 'admin' | 'member';

export interface SeatMember {
  id: string;
  user_id: string | null;
  email: string | null;
  role: SeatRole;
  status: 'active' | 'invited' | 'expired';
  invited_at: string;
  joined_at: string | null;
  expires_at: string | null;
}

export interface Seats {
  account_id: string;
  role: SeatRole;
  total: number | null;
  used: number;
  members: SeatMember[];
  memberships: {
    account_id: string;
    id: string;
    account_name: string | null;
    role: SeatRole;
    joined_at: string | null;
  }[];
}

export interface Invitation {
  id: string;
  account_id: string;
  email: string;
  role: SeatRole;
  expires_at: string;
  url: string;
}

export type Send = <T>(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  given: { body?: unknown; query?: Record<string, string | undefined>; idempotencyKey?: string },
  options: CallOptions,
) => Promise<T>;

export function nextCalls(send: Send) {
  const keyOf = (o: WriteOptions) => o.idempotencyKey ?? newIdempotencyKey();
  const write = <T>(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: unknown,
    o: WriteOptions,
  ) => send<T>(method, path, { body, idempotencyKey: keyOf(o) }, o);
  const subscription = (id: string) => `/api/subscriptions/${encodeURIComponent(id)}`;
  const recordUsageEvents = (events: UsageEvent[], o: CallOptions = {}) =>
    // Each event has a key of its own; the call's key only says that it may be repeated.
    send<{ results: UsageOutcome[] }>(
      'POST',
      '/api/usage/events',
      { body: { events }, idempotencyKey: newIdempotencyKey() },
      o,
    );
  return {
    getUsage: (query: { metric?: string; at?: string; series?: 'day' } = {}, o: CallOptions = {}) =>
      send<Usage>('GET', '/api/stripe/get-usage', { query }, o),
    trackUsage: (event: UsageEvent, o: WriteOptions = {}) =>
      write<{ success: true; duplicate: boolean }>('POST', '/api/stripe/track-usage', event, o),
    /** Records, if the plan's limit allows it, in one step. */
    consumeUsage: (event: UsageEvent, o: WriteOptions = {}) =>
      write<UsageLimit>('POST', '/api/usage/consume', event, o),
    checkUsage: (query: { metric: string; quantity?: string }, o: CallOptions = {}) =>
      send<UsageLimit>('GET', '/api/usage/check', { query }, o),
    recordUsageEvents,
    /** Many small facts in few calls; see UsageBatcher. */
    usageBatcher: (options: Omit<UsageBatcherOptions, 'send'> = {}): UsageBatcher =>
      createUsageBatcher({
        ...options,
        send: (facts: SentUsageFact[]) => recordUsageEvents(facts),
      }),

    previewChange: (id: string, body: ChangeRequest, o: WriteOptions = {}) =>
      write<{ preview: ChangePreview }>('POST', `${subscription(id)}/preview`, body, o),
    changeSubscription: (
      id: string,
      body: ChangeRequest & { prorationDate?: string },
      o: WriteOptions = {},
    ) => write<SubscriptionChange>('PATCH', subscription(id), body, o),
    cancelScheduledChange: (id: string, o: WriteOptions = {}) =>
      write<SubscriptionChange>('DELETE', `${subscription(id)}/scheduled-change`, undefined, o),
    pauseSubscription: (id: string, o: WriteOptions = {}) =>
      write<SubscriptionChange>('POST', `${subscription(id)}/pause`, undefined, o),
    resumeSubscription: (id: string, o: WriteOptions = {}) =>
      write<SubscriptionChange>('POST', `${subscription(id)}/resume`, undefined, o),

    getSeats: (query: { accountId?: string } = {}, o: CallOptions = {}) =>
      send<Seats>('GET', '/api/seats', { query }, o),
    inviteToSeat: (body: { email: string; role?: 'admin' | 'member' }, o: WriteOptions = {}) =>
      write<{ invitation: Invitation }>('POST', '/api/seats/invitations', body, o),
    acceptInvitation: (token: string, o: WriteOptions = {}) =>
      write<{ success: true; account_id: string }>('POST', '/api/seats/accept', { token }, o),
    changeSeatRole: (id: string, role: 'admin' | 'member', o: WriteOptions = {}) =>
      write<{ success: true }>('PATCH', `/api/seats/${encodeURIComponent(id)}`, { role }, o),
    giveSeatBack: (id: string, o: WriteOptions = {}) =>
      write<{ success: true }>('DELETE', `/api/seats/${encodeURIComponent(id)}`, undefined, o),
  };
}
