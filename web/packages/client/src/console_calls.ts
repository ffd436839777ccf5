// What operators read of all customers, and what they set going again.

import type { Client } from 'openapi-fetch';

import { newIdempotencyKey, type CallOptions, type WriteOptions } from './call_options';
import type { Answer } from './client';
import type { components, paths } from './schema.gen';

type Schemas = components['schemas'];
export type CustomerSummary = Schemas['AdminCustomerSummary'];
export type Customer = Schemas['AdminCustomer'];
export type WebhookEvent = Schemas['WebhookEvent'];
export type WebhookEventStatus = Schemas['WebhookEventStatus'];
export type Job = Schemas['Job'];
export type JobState = Schemas['JobState'];
export type Revenue = Schemas['Revenue'];
export type RevenueMonth = Schemas['RevenueMonth'];
export type UsageByDay = Schemas['AdminUsage'];

type Query<Path extends keyof paths> = paths[Path] extends {
  get: { parameters: { query?: infer Q } };
}
  ? NonNullable<Q>
  : never;

export function consoleCalls(
  api: Client<paths>,
  data: <T>(call: Promise<Answer<T>>) => Promise<T>,
) {
  const call = (given: CallOptions) => ({ signal: given.signal ?? null });
  const header = (given: WriteOptions) => ({
    'Idempotency-Key': given.idempotencyKey ?? newIdempotencyKey(),
  });
  const write = (given: WriteOptions) => ({ ...call(given), params: { header: header(given) } });
  const of = (id: string, given: WriteOptions) => ({
    ...call(given),
    params: { path: { id }, header: header(given) },
  });
  return {
    /** By a part of an e-mail address or a name, or by any whole id. */
    searchCustomers: (query: Query<'/api/admin/customers'> = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/customers', { ...call(o), params: { query } })),
    /** Everything about one, the newest 50 of each list. */
    getCustomer: (account: string, o: CallOptions = {}) =>
      data(
        api.GET('/api/admin/customers/{account}', { ...call(o), params: { path: { account } } }),
      ),
    getWebhookEvents: (query: Query<'/api/admin/webhook-events'> = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/webhook-events', { ...call(o), params: { query } })),
    getWebhookEvent: (id: string, o: CallOptions = {}) =>
      data(api.GET('/api/admin/webhook-events/{id}', { ...call(o), params: { path: { id } } })),
    /** Applying an event again changes nothing that has happened already. */
    replayWebhookEvent: (id: string, o: WriteOptions = {}) =>
      data(api.POST('/api/admin/webhook-events/{id}/replay', of(id, o))),
    /** All that failed, are dead or wait for their customer. */
    replayWebhookEvents: (o: WriteOptions = {}) =>
      data(api.POST('/api/admin/webhook-events/replay', write(o))),
    getJobs: (query: Query<'/api/admin/jobs'> = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/jobs', { ...call(o), params: { query } })),
    retryJob: (id: string, o: WriteOptions = {}) =>
      data(api.POST('/api/admin/jobs/{id}/retry', of(id, o))),
    retryDeadJobs: (body: Schemas['RetryJobsRequest'] = {}, o: WriteOptions = {}) =>
      data(api.POST('/api/admin/jobs/retry', { ...write(o), body })),
    getRevenue: (query: Query<'/api/admin/revenue'> = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/revenue', { ...call(o), params: { query } })),
    getUsageByDay: (query: Query<'/api/admin/usage'> = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/usage', { ...call(o), params: { query } })),
  };
}
