// What colour a state has, wherever it is shown.

import type { JobState, WebhookEventStatus } from '@paydesk/client';
import type { Tone } from '@paydesk/react';

export const eventTones: Record<WebhookEventStatus, Tone> = {
  received: 'info',
  processed: 'success',
  ignored: 'neutral',
  waiting: 'warning',
  failed: 'warning',
  dead: 'danger',
};
export const jobTones: Record<JobState, Tone> = {
  due: 'info',
  scheduled: 'neutral',
  running: 'info',
  done: 'success',
  dead: 'danger',
};

const tones: Record<string, Tone> = {
  active: 'success',
  paid: 'success',
  succeeded: 'success',
  sent: 'success',
  trialing: 'info',
  pending: 'info',
  queued: 'info',
  open: 'warning',
  past_due: 'warning',
  unpaid: 'danger',
  uncollectible: 'danger',
  failed: 'danger',
  dead: 'danger',
};

/** Of a subscription, an invoice, a payment, a refund, an e-mail. */
export const toneOf = (status: string): Tone => tones[status] ?? 'neutral';
