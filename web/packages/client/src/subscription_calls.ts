// Changing what one has: plan, cycle, quantity, pauses, codes; and the seats of those who share it.

import type { Client } from 'openapi-fetch';

import { newIdempotencyKey, type CallOptions, type WriteOptions } from './call_options';
import type { Answer } from './client';
import type { components, paths } from './schema.gen';

type Schemas = components['schemas'];
export type ChangeRequest = Schemas['PreviewChangeRequest'];
export type ChangeSubscriptionRequest = Schemas['ChangeSubscriptionRequest'];
export type ChangePreview = Schemas['ChangePreview'];
export type ScheduledChange = Schemas['ScheduledChange'];
export type SubscriptionChange = Schemas['SubscriptionChange'];
export type Seats = Schemas['Seats'];
export type SeatMember = Schemas['SeatMember'];
export type SeatRole = Schemas['SeatRole'];
export type InviteRequest = Schemas['InviteRequest'];
export type Invitation = Schemas['Invitation'];

export function subscriptionCalls(
  api: Client<paths>,
  data: <T>(call: Promise<Answer<T>>) => Promise<T>,
) {
  const call = (given: CallOptions) => ({ signal: given.signal ?? null });
  const header = (o: WriteOptions) => ({
    'Idempotency-Key': o.idempotencyKey ?? newIdempotencyKey(),
  });
  const of = (id: string, o: WriteOptions) => ({
    ...call(o),
    params: { path: { id }, header: header(o) },
  });
  const write = (o: WriteOptions) => ({ ...call(o), params: { header: header(o) } });
  return {
    getSubscriptions: (o: CallOptions = {}) => data(api.GET('/api/subscriptions', call(o))),
    /** What a change would cost; changes nothing. */
    previewChange: (id: string, body: ChangeRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/subscriptions/{id}/preview', { ...of(id, o), body })),
    changeSubscription: (id: string, body: ChangeSubscriptionRequest, o: WriteOptions = {}) =>
      data(api.PATCH('/api/subscriptions/{id}', { ...of(id, o), body })),
    cancelScheduledChange: (id: string, o: WriteOptions = {}) =>
      data(api.DELETE('/api/subscriptions/{id}/scheduled-change', of(id, o))),
    pauseSubscription: (id: string, o: WriteOptions = {}) =>
      data(api.POST('/api/subscriptions/{id}/pause', of(id, o))),
    resumeSubscription: (id: string, o: WriteOptions = {}) =>
      data(api.POST('/api/subscriptions/{id}/resume', of(id, o))),
    applyPromotionCode: (id: string, promotionCode: string, o: WriteOptions = {}) =>
      data(
        api.POST('/api/subscriptions/{id}/promotion-code', {
          ...of(id, o),
          body: { promotionCode },
        }),
      ),
    removePromotionCode: (id: string, o: WriteOptions = {}) =>
      data(api.DELETE('/api/subscriptions/{id}/promotion-code', of(id, o))),

    getSeats: (query: { accountId?: string } = {}, o: CallOptions = {}) =>
      data(api.GET('/api/seats', { ...call(o), params: { query } })),
    inviteToSeat: (body: InviteRequest, o: WriteOptions = {}) =>
      data(api.POST('/api/seats/invitations', { ...write(o), body })),
    acceptInvitation: (token: string, o: WriteOptions = {}) =>
      data(api.POST('/api/seats/accept', { ...write(o), body: { token } })),
    changeSeatRole: (id: string, role: 'admin' | 'member', o: WriteOptions = {}) =>
      data(api.PATCH('/api/seats/{id}', { ...of(id, o), body: { role } })),
    giveSeatBack: (id: string, o: WriteOptions = {}) =>
      data(api.DELETE('/api/seats/{id}', of(id, o))),
  };
}
