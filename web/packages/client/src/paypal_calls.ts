// PayPal's routes under the names of its clients. Whoever lets people choose uses createCheckout({ provider }).

import type { Client } from 'openapi-fetch';

import { newIdempotencyKey, type CallOptions, type WriteOptions } from './call_options';
import type { Answer } from './client';
import type { components, paths } from './schema.gen';

type Schemas = components['schemas'];
export type PayPalOrder = Schemas['PayPalOrder'];
export type PayPalSubscription = Schemas['PayPalSubscription'];

export function paypalCalls(api: Client<paths>, data: <T>(call: Promise<Answer<T>>) => Promise<T>) {
  const call = (given: CallOptions) => ({ signal: given.signal ?? null });
  const write = (given: WriteOptions) => ({
    ...call(given),
    params: { header: { 'Idempotency-Key': given.idempotencyKey ?? newIdempotencyKey() } },
  });
  type Of = Schemas['PayPalSubscriptionRequest'];
  return {
    createOrder: (body: Schemas['CreatePayPalOrderRequest'], o: WriteOptions = {}) =>
      data(api.POST('/api/paypal/create-order', { ...write(o), body })),
    /** Takes the money of an approved order; as often as you like, it is taken once. */
    captureOrder: (orderId: string, o: WriteOptions = {}) =>
      data(api.POST('/api/paypal/capture-order', { ...write(o), body: { orderId } })),
    /** An order for what an open invoice of usage asks for. */
    payInvoice: (body: Schemas['PayPalPayInvoiceRequest'], o: WriteOptions = {}) =>
      data(api.POST('/api/paypal/pay-invoice', { ...write(o), body })),
    getOrder: (id: string, o: CallOptions = {}) =>
      data(api.GET('/api/paypal/orders/{id}', { ...call(o), params: { path: { id } } })),
    createSubscription: (body: Schemas['CreatePayPalSubscriptionRequest'], o: WriteOptions = {}) =>
      data(api.POST('/api/paypal/create-subscription', { ...write(o), body })),
    /** For good: PayPal cannot undo it. Access stays until what is paid for is over. */
    cancelSubscription: (body: Of, o: WriteOptions = {}) =>
      data(api.POST('/api/paypal/cancel-subscription', { ...write(o), body })),
    suspendSubscription: (body: Of, o: WriteOptions = {}) =>
      data(api.POST('/api/paypal/suspend-subscription', { ...write(o), body })),
    reactivateSubscription: (body: Of, o: WriteOptions = {}) =>
      data(api.POST('/api/paypal/reactivate-subscription', { ...write(o), body })),
    getSubscription: (id: string, o: CallOptions = {}) =>
      data(api.GET('/api/paypal/subscriptions/{id}', { ...call(o), params: { path: { id } } })),
  };
}
