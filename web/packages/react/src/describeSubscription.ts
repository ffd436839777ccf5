// A subscription's row -> what the card says about it. Every status of the contract has a line here;
// the compiler refuses a missing one.

import type { ScheduledChange, Subscription, SubscriptionStatus } from '@paydesk/client';

import { formatDate, formatRecurring } from './format';
import { english, type Words } from './words/en';

export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger';

export type NextStep = 'update_card' | 'open_portal' | 'choose_plan' | 'resume' | 'keep_plan';

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

const tones: Record<SubscriptionStatus, Tone> = {
  active: 'success',
  trialing: 'info',
  past_due: 'danger',
  unpaid: 'danger',
  incomplete: 'warning',
  incomplete_expired: 'neutral',
  canceled: 'neutral',
  paused: 'neutral',
};

const cancelable: ReadonlySet<SubscriptionStatus> = new Set([
  'active',
  'trialing',
  'past_due',
  'unpaid',
  'paused',
]);

type Named = Pick<Subscription, 'plan_name' | 'plan_key'>;

export function planName(subscription: Named, words: Words = english): string {
  return subscription.plan_name ?? subscription.plan_key ?? words.plan.yours;
}

/** The same inside of a sentence: "You keep Pro", "You keep your plan". */
export function planInSentence(subscription: Named, words: Words = english): string {
  return subscription.plan_name ?? subscription.plan_key ?? words.plan.yoursInSentence;
}

/** When a scheduled cancellation takes effect. */
export function endsAt(subscription: Subscription): string | null {
  return subscription.cancel_at ?? subscription.access_until ?? subscription.current_period_end;
}

function dateOf(subscription: Subscription, words: Words): SubscriptionWords['date'] {
  const labels = words.plan.date;
  const { status } = subscription;
  const named = (label: string, instant: string | null) =>
    instant === null ? null : { label, instant };
  if (status === 'canceled')
    return named(labels.ended, subscription.ended_at ?? subscription.canceled_at);
  if (status === 'incomplete' || status === 'incomplete_expired')
    return named(labels.started, subscription.created_at);
  if (subscription.cancel_scheduled) return named(labels.ends, endsAt(subscription));
  if (status === 'trialing')
    return named(labels.trialEnds, subscription.trial_end ?? subscription.current_period_end);
  if (status === 'past_due' && subscription.access_until)
    return named(labels.accessUntil, subscription.access_until);
  if (status === 'active') return named(labels.nextPayment, subscription.current_period_end);
  return named(labels.periodEnds, subscription.current_period_end);
}

function noticeOf(
  subscription: Subscription,
  price: string,
  words: Words,
  locale?: string,
): SubscriptionWords['notice'] {
  const say = words.plan;
  const paypal = subscription.provider === 'paypal';
  switch (subscription.status) {
    case 'past_due':
      // What PayPal takes the money from is changed there; no page of ours leads to it.
      if (paypal)
        return { tone: 'danger', title: say.pastDue.title, text: say.pastDue.paypal, step: null };
      return {
        tone: 'danger',
        title: say.pastDue.title,
        text: subscription.access_until
          ? say.pastDue.until(
              planInSentence(subscription, words),
              formatDate(subscription.access_until, locale),
            )
          : say.pastDue.text,
        step: 'update_card',
      };
    case 'unpaid':
      return paypal
        ? { tone: 'danger', title: say.unpaid.title, text: say.pastDue.paypal, step: null }
        : { tone: 'danger', ...say.unpaid, step: 'update_card' };
    case 'incomplete':
      return { tone: 'warning', ...say.incomplete, step: 'open_portal' };
    case 'incomplete_expired':
      return { tone: 'neutral', ...say.expired, step: 'choose_plan' };
    case 'paused':
      return { tone: 'neutral', ...say.paused, step: 'resume' };
    case 'canceled':
      return { tone: 'neutral', ...say.ended, step: 'choose_plan' };
    case 'active':
    case 'trialing':
      if (subscription.cancel_scheduled) return endingNotice(subscription, words, locale);
      if (subscription.scheduled_change)
        return changeNotice(subscription.scheduled_change, words, locale);
      return subscription.status === 'trialing'
        ? trialNotice(subscription, price, words, locale)
        : null;
  }
}

function endingNotice(
  subscription: Subscription,
  words: Words,
  locale?: string,
): SubscriptionWords['notice'] {
  const say = words.plan.ending;
  const name = planName(subscription, words);
  const end = endsAt(subscription);
  return {
    tone: 'warning',
    title: end === null ? say.withPeriod(name) : say.on(name, formatDate(end, locale)),
    text: subscription.provider === 'paypal' ? words.cancel.paypalFinal : say.text,
    step: subscription.provider === 'paypal' ? null : 'resume',
  };
}

function changeNotice(
  change: ScheduledChange,
  words: Words,
  locale?: string,
): SubscriptionWords['notice'] {
  const say = words.plan.changing;
  return {
    tone: 'info',
    title: say.title(
      change.plan_name ?? change.plan_key ?? words.plan.yours,
      formatDate(change.effective_at, locale),
    ),
    text: say.text(
      formatRecurring(
        change.amount,
        change.currency,
        change.plan_type,
        change.quantity,
        locale,
        words,
      ),
    ),
    step: 'keep_plan',
  };
}

function trialNotice(
  subscription: Subscription,
  price: string,
  words: Words,
  locale?: string,
): SubscriptionWords['notice'] {
  const say = words.plan.trial;
  const end = subscription.trial_end ?? subscription.current_period_end;
  return {
    tone: 'info',
    title: end === null ? say.running : say.until(formatDate(end, locale)),
    text: price === '' ? say.continues : say.then(price),
    step: null,
  };
}

export function describeSubscription(
  subscription: Subscription,
  locale?: string,
  words: Words = english,
): SubscriptionWords {
  const price = formatRecurring(
    subscription.amount,
    subscription.currency,
    subscription.plan_type,
    subscription.quantity,
    locale,
    words,
  );
  const ends_at = endsAt(subscription);
  const end = ends_at === null ? words.cancel.periodEnd : formatDate(ends_at, locale);
  // A status of a newer server is shown as it is, rather than not at all.
  const tone = tones[subscription.status] ?? 'neutral';
  const label = words.plan.status[subscription.status] ?? subscription.status;
  const scheduled = subscription.cancel_scheduled && cancelable.has(subscription.status);
  return {
    badge:
      scheduled && tone !== 'danger'
        ? { tone: 'warning', label: words.plan.cancelsSoon }
        : { tone, label },
    date: dateOf(subscription, words),
    price,
    notice: noticeOf(subscription, price, words, locale),
    can_cancel: cancelable.has(subscription.status) && !subscription.cancel_scheduled,
    can_resume: scheduled && subscription.provider !== 'paypal',
    cancel_consequences: [
      words.cancel.keepUntil(planInSentence(subscription, words), end),
      subscription.status === 'trialing' ? words.cancel.notCharged : words.cancel.notChargedAgain,
      subscription.provider === 'paypal' ? words.cancel.paypalFinal : words.cancel.changeMind,
      words.cancel.invoicesStay,
    ],
  };
}
