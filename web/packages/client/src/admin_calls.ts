// The calls of operators (`app_metadata.role` admin or super_admin). The server decides who is one.

import type { Client } from 'openapi-fetch';

import { newIdempotencyKey, type CallOptions, type WriteOptions } from './call_options';
import type { Answer } from './client';
import { consoleCalls } from './console_calls';
import type { components, paths } from './schema.gen';

type Schemas = components['schemas'];
export type Refund = Schemas['Refund'];
export type Dispute = Schemas['Dispute'];
export type Reconciliation = Schemas['Reconciliation'];
export type Explanation = Schemas['Explanation'];
export type Email = Schemas['Email'];
export type EmailStatus = Email['status'];
export type OperatorNotification = Schemas['OperatorNotification'];
export type CreateRefundRequest = Schemas['CreateRefundRequest'];
export type GrantCreditsRequest = Schemas['GrantCreditsRequest'];
export type SendEmailRequest = Schemas['SendEmail'];
export type NewExchangeRate = Schemas['NewExchangeRate'];

export interface Page {
  limit?: number;
  starting_after?: string;
}

export function adminCalls(api: Client<paths>, data: <T>(call: Promise<Answer<T>>) => Promise<T>) {
  const call = (given: CallOptions) => ({ signal: given.signal ?? null });
  const key = (given: WriteOptions) => ({
    'Idempotency-Key': given.idempotencyKey ?? newIdempotencyKey(),
  });
  const write = (given: WriteOptions) => ({ ...call(given), params: { header: key(given) } });
  return {
    ...consoleCalls(api, data),
    getRefunds: (page: Page & { payment_id?: string } = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/refunds', { ...call(o), params: { query: page } })),
    createRefund: (body: CreateRefundRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/admin/refunds', { ...write(o), body })),
    getDisputes: (page: Page = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/disputes', { ...call(o), params: { query: page } })),
    /** What the operator must know of: disputes, refunds that failed. */
    getNotifications: (page: Page = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/notifications', { ...call(o), params: { query: page } })),
    grantCredits: (body: GrantCreditsRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/admin/credits/grants', { ...write(o), body })),
    getEmails: (
      page: Page & { status?: EmailStatus; account_id?: string } = {},
      o: CallOptions = {},
    ) => data(api.GET('/api/admin/emails', { ...call(o), params: { query: page } })),
    retryEmail: (id: string, o: WriteOptions = {}) =>
      data(
        api.POST('/api/admin/emails/{id}/retry', {
          ...call(o),
          params: { path: { id }, header: key(o) },
        }),
      ),
    sendEmail: (body: SendEmailRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/admin/send-email', { ...write(o), body })),
    /** Runs that compared the database with the provider. */
    getReconciliations: (page: Page = {}, o: CallOptions = {}) =>
      data(api.GET('/api/admin/reconciliations', { ...call(o), params: { query: page } })),
    /** Why a balance, an invoice or a subscription is as it is. */
    explain: (query: { kind: Explanation['kind']; id: string }, o: CallOptions = {}) =>
      data(api.GET('/api/admin/explain', { ...call(o), params: { query } })),
    saveExchangeRate: (body: NewExchangeRate, o: WriteOptions = {}) =>
      data(api.POST('/api/admin/exchange-rates', { ...write(o), body })),
  };
}
