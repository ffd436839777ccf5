// The API as functions. Paths, parameters and answers are typed by ../../../openapi/openapi.yaml
// (schema.gen.ts is generated from it), so a change of the contract is a compile error here.

import createFetchClient from 'openapi-fetch';

import { adminCalls } from './admin_calls';
import { newIdempotencyKey, type CallOptions, type WriteOptions } from './call_options';
import { NetworkError, PaydeskError, UnexpectedAnswerError, errorOfAnswer } from './errors';
import { openEventStream, type EventStream, type StreamState } from './event_stream';
import { paypalCalls } from './paypal_calls';
import { resilientFetch, type ResilientFetchOptions } from './resilient_fetch';
import type { components, paths } from './schema.gen';
import { subscriptionCalls } from './subscription_calls';
import { uuidV7 } from './usage';

type Schemas = components['schemas'];
export type Subscription = Schemas['Subscription'];
export type SubscriptionStatus = Schemas['SubscriptionStatus'];
export type PaymentProvider = Subscription['provider'];
export type Invoice = Schemas['Invoice'];
export type InvoiceList = Schemas['InvoiceList'];
export type PaymentMethod = Schemas['PaymentMethod'];
export type Plan = Schemas['Plan'];
export type PlanList = Schemas['PlanList'];
export type Price = Schemas['Price'];
export type BillingCycle = Schemas['BillingCycle'];
export type Notification = Schemas['Notification'];
export type NotificationList = Schemas['NotificationList'];
export type Session = Schemas['Session'];
export type PublicConfig = Schemas['PublicConfig'];
export type Payment = Schemas['Payment'];
export type PaymentList = Schemas['PaymentList'];
export type Entitlements = Schemas['Entitlements'];
export type Credits = Schemas['Credits'];
export type CreditBucket = Schemas['CreditBucket'];
export type CreditEntry = Schemas['CreditEntry'];
export type CreditEntryKind = Schemas['CreditEntryKind'];
export type CreditEntryList = Schemas['CreditEntryList'];
export type CreditBooking = Schemas['CreditBooking'];
export type CreditHold = Schemas['CreditHold'];
export type ConsumeCreditsRequest = Schemas['ConsumeCreditsRequest'];
export type HoldCreditsRequest = Schemas['HoldCreditsRequest'];
export type SettleCreditHoldRequest = Schemas['SettleCreditHoldRequest'];
export type Usage = Schemas['Usage'];
export type UsageOfMetric = Usage['usage'][number];
export type UsageLimit = Schemas['UsageLimit'];
export type LocalUser = Schemas['LocalUser'];
export type LocalSignInResult = Schemas['LocalSignInResult'];
export type CheckoutStatus = Schemas['CheckoutStatus'];
export type CheckoutSession = Schemas['CheckoutSession'];
export type CreateCheckoutRequest = Schemas['CreateCheckoutRequest'];
export type CreatePortalRequest = Schemas['CreatePortalRequest'];
export type CancelSubscriptionRequest = Schemas['CancelSubscriptionRequest'];
export type MarkNotificationsRequest = Schemas['MarkNotificationsRequest'];
/** The stable `code` of every error answer. */
export type ErrorCode = Schemas['ErrorCode'];

export type TokenProvider = () => string | null | Promise<string | null>;

export interface PaydeskOptions extends ResilientFetchOptions {
  /** Where the API is. Default: the page's own origin. */
  baseUrl?: string;
  /** The user's bearer token now, or null when signed out. Asked before every call. */
  getToken?: TokenProvider;
  /** A call that carried `token` was answered 401. */
  onUnauthorized?: (token: string) => void;
}

/** What the stream tells: a new notification, or that something of the user's billing has changed. */
export type LiveEvent = { type: 'notification'; notification: Notification } | { type: 'changed' };

export interface LiveOptions {
  onEvent: (event: LiveEvent) => void;
  onState?: (state: StreamState) => void;
  lastEventId?: string;
}

export type Paydesk = ReturnType<typeof createPaydesk>;

export interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

function parseLiveEvent(event: string, data: string): LiveEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (event === 'notification' && 'id' in value) {
    return { type: 'notification', notification: value as Notification };
  }
  if (event === 'changed') return { type: 'changed' };
  return null; // a newer server's event
}

export function createPaydesk(options: PaydeskOptions = {}) {
  const base_url = (options.baseUrl ?? globalThis.location?.origin ?? '').replace(/\/+$/, '');
  const getToken: TokenProvider = options.getToken ?? (() => null);
  const send = resilientFetch(options);

  const api = createFetchClient<paths>({ baseUrl: base_url, fetch: send });

  api.use({
    async onRequest({ request }) {
      const token = await getToken();
      if (token) request.headers.set('authorization', `Bearer ${token}`);
      request.headers.set('accept', 'application/json, application/problem+json');
      return request;
    },
    onResponse({ request, response }) {
      const token = request.headers.get('authorization')?.slice('Bearer '.length);
      if (response.status === 401 && token) options.onUnauthorized?.(token);
    },
  });

  /** The answer's body, or the exception that fits. */
  async function data<T>(call: Promise<Answer<T>>): Promise<T> {
    let answer: Answer<T>;
    try {
      answer = await call;
    } catch (error) {
      if (error instanceof PaydeskError || (error as Error).name === 'AbortError') throw error;
      if (error instanceof SyntaxError) {
        throw new UnexpectedAnswerError({
          code: 'unexpected_answer',
          message: 'The billing service answered in a form that this page does not understand.',
          cause: error,
        });
      }
      throw new NetworkError({
        code: 'network',
        message: 'The connection broke while the billing service was answering.',
        cause: error,
      });
    }
    if (!answer.response.ok) throw errorOfAnswer(answer.response, answer.error);
    if (answer.data === undefined || answer.data === null) {
      throw new UnexpectedAnswerError({
        code: 'unexpected_answer',
        message: 'The billing service gave an empty answer.',
        status: answer.response.status,
      });
    }
    return answer.data;
  }

  const call = (given: CallOptions) => ({ signal: given.signal ?? null });
  const write = (given: WriteOptions) => ({
    signal: given.signal ?? null,
    params: { header: { 'Idempotency-Key': given.idempotencyKey ?? newIdempotencyKey() } },
  });

  return {
    getConfig: (o: CallOptions = {}) => data(api.GET('/api/config', call(o))),
    getSession: (o: CallOptions = {}) => data(api.GET('/api/session', call(o))),
    getPlans: (o: CallOptions = {}) => data(api.GET('/api/plans', call(o))),
    getSubscription: (o: CallOptions = {}) =>
      data(api.GET('/api/stripe/get-subscription', call(o))),
    getPaymentMethods: (o: CallOptions = {}) => data(api.GET('/api/payment-methods', call(o))),

    getInvoices: (page: { limit?: number; starting_after?: string } = {}, o: CallOptions = {}) =>
      data(api.GET('/api/stripe/get-invoices', { ...call(o), params: { query: page } })),

    /** What was used in the billing period, what is left of it and what it costs. */
    getUsage: (query: { metric?: string; at?: string; series?: 'day' } = {}, o: CallOptions = {}) =>
      data(api.GET('/api/stripe/get-usage', { ...call(o), params: { query } })),

    /** Records, if the limit allows it, in one step. */
    consumeUsage: (body: Schemas['UsageEvent'], o: WriteOptions = {}) =>
      data(api.POST('/api/usage/consume', { ...write({ idempotencyKey: uuidV7(), ...o }), body })),

    trackUsage: (body: Schemas['UsageEvent'], o: WriteOptions = {}) =>
      data(
        api.POST('/api/stripe/track-usage', {
          ...write({ idempotencyKey: uuidV7(), ...o }),
          body,
        }),
      ),

    getNotifications: (
      page: { unread?: boolean; limit?: number; starting_after?: string } = {},
      o: CallOptions = {},
    ) => data(api.GET('/api/notifications', { ...call(o), params: { query: page } })),

    markNotifications: (body: MarkNotificationsRequest, o: CallOptions = {}) =>
      data(api.PATCH('/api/notifications', { ...call(o), body })),

    /** What became of a checkout, as far as the server's own database knows. */
    getCheckout: (sessionId: string, o: CallOptions = {}) =>
      data(api.GET('/api/checkout/{sessionId}', { ...call(o), params: { path: { sessionId } } })),

    getPayments: (page: { limit?: number; starting_after?: string } = {}, o: CallOptions = {}) =>
      data(api.GET('/api/payments', { ...call(o), params: { query: page } })),

    /** What the user may do now: plan, features, limits. */
    getEntitlements: (o: CallOptions = {}) => data(api.GET('/api/entitlements', call(o))),

    getExchangeRates: (pair: { base?: string; quote?: string } = {}, o: CallOptions = {}) =>
      data(api.GET('/api/exchange-rates', { ...call(o), params: { query: pair } })),

    /** One invoice as our own PDF. The file, not a link: the call carries the user's token. */
    getInvoicePdf: (id: string, language?: string, o: CallOptions = {}) =>
      data<Blob>(
        api.GET('/api/invoices/{id}.pdf', {
          ...call(o),
          params: { path: { id }, query: language === undefined ? {} : { language } },
          parseAs: 'blob',
        }) as unknown as Promise<Answer<Blob>>,
      ),

    /** The language of the user's e-mails and invoices, two letters. */
    changeAccount: (body: { language: string }, o: WriteOptions = {}) =>
      data(api.PATCH('/api/account', { ...write(o), body })),

    getCredits: (o: CallOptions = {}) => data(api.GET('/api/credits', call(o))),
    getCreditEntries: (
      page: { limit?: number; starting_after?: number } = {},
      o: CallOptions = {},
    ) => data(api.GET('/api/credits/entries', { ...call(o), params: { query: page } })),
    getCreditHolds: (o: CallOptions = {}) => data(api.GET('/api/credits/holds', call(o))),

    /** All or nothing: PaymentRequiredError with `problem.balance` and `problem.shortfall`. */
    consumeCredits: (body: ConsumeCreditsRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/credits/consume', { ...write(o), body })),
    /** Sets credits aside for work of unknown cost; settle or release the hold after it. */
    holdCredits: (body: HoldCreditsRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/credits/holds', { ...write(o), body })),
    settleCreditHold: (id: string, body: SettleCreditHoldRequest = {}, o: WriteOptions = {}) =>
      data(
        api.POST('/api/credits/holds/{id}/settle', {
          signal: o.signal ?? null,
          params: { path: { id }, ...write(o).params },
          body,
        }),
      ),
    releaseCreditHold: (id: string, o: WriteOptions = {}) =>
      data(
        api.POST('/api/credits/holds/{id}/release', {
          signal: o.signal ?? null,
          params: { path: { id }, ...write(o).params },
          body: {},
        }),
      ),

    ...subscriptionCalls(api, data),

    paypal: paypalCalls(api, data),

    /** For operators: everybody else is answered 403. */
    admin: adminCalls(api, data),

    createCheckout: (body: CreateCheckoutRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/stripe/create-checkout', { ...write(o), body })),

    createPortal: (body: CreatePortalRequest = {}, o: WriteOptions = {}) =>
      data(api.POST('/api/stripe/create-portal', { ...write(o), body })),

    cancelSubscription: (body: CancelSubscriptionRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/stripe/cancel-subscription', { ...write(o), body })),

    /** The people of `paydesk up`. A server in production answers 404. */
    getLocalUsers: (o: CallOptions = {}) => data(api.GET('/api/local/users', call(o))),
    localSignIn: (user: string, o: CallOptions = {}) =>
      data(api.POST('/api/local/sign-in', { ...call(o), body: { user } })),

    /** Live events of the signed-in user until close(). Reconnects by itself and misses nothing. */
    live(live: LiveOptions): EventStream {
      let token: string | null = null;
      return openEventStream({
        url: `${base_url}/api/notifications/stream`,
        getToken: async () => (token = await getToken()),
        onUnauthorized: () => token && options.onUnauthorized?.(token),
        onEvent: ({ event, data: text }) => {
          const parsed = parseLiveEvent(event, text);
          if (parsed) live.onEvent(parsed);
        },
        ...(live.onState && { onState: live.onState }),
        ...(live.lastEventId && { lastEventId: live.lastEventId }),
        ...(options.fetch && { fetch: options.fetch }),
      });
    },
  };
}
