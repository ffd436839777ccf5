// A subscription's row -> what the card says about it. Every status of the contract has a line here;
// the compiler refuses a missing one.

import type { Subscription, SubscriptionStatus } from '@paydesk/client';

import { formatDate, formatRecurring } from './format';

export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger';

export type NextStep = 'update_card' | 'open_portal' | 'choose_plan' | 'resume';

export interface SubscriptionWords {
  badge: { tone: Tone; label: string };
  /** The date that matters now, with its name. */
  date: { label: string; instant: string } | null;
  price: string;
  notice: { tone: Tone; title: string; text: string; step: NextStep | null } | null;
  can_cancel: boolean;
  can_resume: boolean;
  /** What the confirmation dialog tells before a cancellation. */
  cancel_consequences: string[];
}

const badges: Record<SubscriptionStatus, { tone: Tone; label: string }> = {
  active: { tone: 'success', label: 'Active' },
  trialing: { tone: 'info', label: 'Trial' },
  past_due: { tone: 'danger', label: 'Past due' },
  unpaid: { tone: 'danger', label: 'Unpaid' },
  incomplete: { tone: 'warning', label: 'Payment not finished' },
  incomplete_expired: { tone: 'neutral', label: 'Expired' },
  canceled: { tone: 'neutral', label: 'Canceled' },
  paused: { tone: 'neutral', label: 'Paused' },
};

const cancelable: ReadonlySet<SubscriptionStatus> = new Set([
  'active',
  'trialing',
  'past_due',
  'unpaid',
  'paused',
]);

export function planName(subscription: Pick<Subscription, 'plan_name' | 'plan_key'>): string {
  return subscription.plan_name ?? subscription.plan_key ?? 'Your plan';
}

/** The same inside of a sentence: "You keep Pro", "You keep your plan". */
export function planInSentence(subscription: Pick<Subscription, 'plan_name' | 'plan_key'>): string {
  return subscription.plan_name ?? subscription.plan_key ?? 'your plan';
}

/** When a scheduled cancellation takes effect. */
export function endsAt(subscription: Subscription): string | null {
  return subscription.cancel_at ?? subscription.access_until ?? subscription.current_period_end;
}

function dateOf(subscription: Subscription): SubscriptionWords['date'] {
  const { status } = subscription;
  const named = (label: string, instant: string | null) =>
    instant === null ? null : { label, instant };
  if (status === 'canceled')
    return named('Ended', subscription.ended_at ?? subscription.canceled_at);
  if (status === 'incomplete' || status === 'incomplete_expired')
    return named('Started', subscription.created_at);
  if (subscription.cancel_scheduled) return named('Ends', endsAt(subscription));
  if (status === 'trialing')
    return named('Trial ends', subscription.trial_end ?? subscription.current_period_end);
  if (status === 'past_due' && subscription.access_until)
    return named('Access until', subscription.access_until);
  if (status === 'active') return named('Next payment', subscription.current_period_end);
  return named('Current period ends', subscription.current_period_end);
}

function noticeOf(
  subscription: Subscription,
  price: string,
  locale?: string,
): SubscriptionWords['notice'] {
  const name = planInSentence(subscription);
  const { status } = subscription;
  switch (status) {
    case 'past_due':
      return {
        tone: 'danger',
        title: 'Your last payment did not go through',
        text: subscription.access_until
          ? `You keep ${name} until ${formatDate(subscription.access_until, locale)}. Update your card or pay the open invoice to stay on it.`
          : 'Update your card or pay the open invoice to stay on your plan.',
        step: 'update_card',
      };
    case 'unpaid':
      return {
        tone: 'danger',
        title: 'Your plan is on hold',
        text: 'An invoice is still open. Pay it with a working card to get your plan back.',
        step: 'update_card',
      };
    case 'incomplete':
      return {
        tone: 'warning',
        title: 'Your first payment is not finished',
        text: 'Your bank may have asked for a confirmation. Finish the payment to start your plan.',
        step: 'open_portal',
      };
    case 'incomplete_expired':
      return {
        tone: 'neutral',
        title: 'The first payment was never finished',
        text: 'You were not charged. You can choose a plan again at any time.',
        step: 'choose_plan',
      };
    case 'paused':
      return {
        tone: 'neutral',
        title: 'Your plan is paused',
        text: 'There are no charges while it is paused. Open the billing portal to continue.',
        step: 'open_portal',
      };
    case 'canceled':
      return {
        tone: 'neutral',
        title: 'This plan has ended',
        text: 'You are on the free plan now. Your invoices stay here.',
        step: 'choose_plan',
      };
    case 'active':
    case 'trialing':
      if (subscription.cancel_scheduled) {
        return {
          tone: 'warning',
          title: `${planName(subscription)} ends ${endsAt(subscription) ? `on ${formatDate(endsAt(subscription), locale)}` : 'with the paid period'}`,
          text: 'You keep everything until then and will not be charged again.',
          step: 'resume',
        };
      }
      if (status === 'trialing') {
        const trial_end = subscription.trial_end ?? subscription.current_period_end;
        return {
          tone: 'info',
          title:
            trial_end === null
              ? 'Your trial is running'
              : `Your trial runs until ${formatDate(trial_end, locale)}`,
          text:
            price === ''
              ? 'After that, your plan continues.'
              : `After that it is ${price}. Cancel before and you pay nothing.`,
          step: null,
        };
      }
      return null;
  }
}

export function describeSubscription(
  subscription: Subscription,
  locale?: string,
): SubscriptionWords {
  const name = planInSentence(subscription);
  const price = formatRecurring(
    subscription.amount,
    subscription.currency,
    subscription.plan_type,
    subscription.quantity,
    locale,
  );
  const ends_at = endsAt(subscription);
  const end = ends_at === null ? 'the end of the paid period' : formatDate(ends_at, locale);
  // A status of a newer server is shown as it is, rather than not at all.
  const badge = badges[subscription.status] ?? { tone: 'neutral', label: subscription.status };
  const scheduled = subscription.cancel_scheduled && cancelable.has(subscription.status);
  return {
    badge:
      scheduled && badge.tone !== 'danger' ? { tone: 'warning', label: 'Cancels soon' } : badge,
    date: dateOf(subscription),
    price,
    notice: noticeOf(subscription, price, locale),
    can_cancel: cancelable.has(subscription.status) && !subscription.cancel_scheduled,
    can_resume: scheduled,
    cancel_consequences: [
      `You keep ${name} until ${end}.`,
      subscription.status === 'trialing'
        ? 'You will not be charged.'
        : 'You will not be charged again.',
      'Until that day you can change your mind with one click.',
      'Your invoices stay available.',
    ],
  };
}
