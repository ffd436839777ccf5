import type { Tone } from './describeSubscription';

/** The colour of a notification, by its type's words; types are many and grow. */
export function notificationTone(type: string): Tone {
  if (/fail|declin|past_due|dispute|unpaid|doubled/.test(type)) return 'danger';
  if (/action_required|expir|cancel|will_end|trial|invoiced/.test(type)) return 'warning';
  if (/success|paid|activ|recover|resum|refund/.test(type)) return 'success';
  return 'info';
}
