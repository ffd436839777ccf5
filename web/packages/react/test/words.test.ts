// Facts -> words, without a browser.

import { describe, expect, test } from 'vitest';

import {
  cardBrandName,
  describeSubscription,
  expiryState,
  formatAgo,
  formatDate,
  formatPeriod,
  safeHref,
} from '../src';
import { notificationTone } from '../src/notificationTone';
import { scheduled, subscription } from './server';

const plain = (text: string) => text.replace(/[\u00a0\u202f\u2009]/g, ' ');

describe('describeSubscription', () => {
  const table = [
    // status, badge, date, notice's next step, can cancel, can resume
    [subscription(), 'success Active', 'Next payment 2026-12-12', null, true, false],
    [scheduled(), 'warning Cancels soon', 'Ends 2026-12-12', 'resume', false, true],
    [
      subscription({ status: 'trialing', trial_end: '2026-11-26T00:00:00Z' }),
      'info Trial',
      'Trial ends 2026-11-26',
      'none',
      true,
      false,
    ],
    [
      subscription({
        status: 'trialing',
        trial_end: '2026-11-26T00:00:00Z',
        cancel_scheduled: true,
        cancel_at: '2026-11-26T00:00:00Z',
      }),
      'warning Cancels soon',
      'Ends 2026-11-26',
      'resume',
      false,
      true,
    ],
    [
      subscription({ status: 'past_due', access_until: '2026-11-26T00:00:00Z' }),
      'danger Past due',
      'Access until 2026-11-26',
      'update_card',
      true,
      false,
    ],
    // what is owed is the louder fact than what ends
    [
      subscription({ status: 'past_due', cancel_scheduled: true }),
      'danger Past due',
      'Ends 2026-12-12',
      'update_card',
      false,
      true,
    ],
    [
      subscription({ status: 'unpaid', is_active: false }),
      'danger Unpaid',
      'Current period ends 2026-12-12',
      'update_card',
      true,
      false,
    ],
    [
      subscription({ status: 'paused', is_active: false }),
      'neutral Paused',
      'Current period ends 2026-12-12',
      'resume',
      true,
      false,
    ],
    [
      subscription({ status: 'incomplete', is_active: false }),
      'warning Payment not finished',
      'Started 2026-10-12',
      'open_portal',
      false,
      false,
    ],
    [
      subscription({ status: 'incomplete_expired', is_active: false }),
      'neutral Expired',
      'Started 2026-10-12',
      'choose_plan',
      false,
      false,
    ],
    [
      subscription({
        status: 'canceled',
        is_active: false,
        ended_at: '2026-11-20T00:00:00Z',
        cancel_scheduled: true,
      }),
      'neutral Canceled',
      'Ended 2026-11-20',
      'choose_plan',
      false,
      false,
    ],
    [
      subscription({ status: 'from_the_future' as never }),
      'neutral from_the_future',
      'Current period ends 2026-12-12',
      null,
      false,
      false,
    ],
  ] as const;

  test.each(table)('$status', (row, badge, date, step, can_cancel, can_resume) => {
    const words = describeSubscription(row, 'en-US');
    expect(`${words.badge.tone} ${words.badge.label}`).toBe(badge);
    expect(`${words.date?.label} ${words.date?.instant.slice(0, 10)}`).toBe(date);
    expect(words.notice ? (words.notice.step ?? 'none') : null).toBe(step);
    expect([words.can_cancel, words.can_resume]).toEqual([can_cancel, can_resume]);
  });

  test('the price counts the seats, in the currency, per cycle', () => {
    const price = (given: Parameters<typeof subscription>[0]) =>
      plain(describeSubscription(subscription(given), 'en-US').price);
    expect(price({})).toBe('$49.00 per month');
    expect(price({ quantity: 3, plan_type: 'yearly' })).toBe('$147.00 per year');
    expect(price({ currency: 'jpy', amount: 5000 })).toBe('¥5,000 per month');
    expect(price({ currency: 'kwd', amount: 1234 })).toBe('KWD 1.234 per month');
    expect(price({ amount: null })).toBe('');
  });

  test('what a cancellation means is told with its day', () => {
    const lines = describeSubscription(subscription(), 'en-US').cancel_consequences;
    expect(lines[0]).toBe('You keep Pro until Dec 12, 2026.');
    expect(lines[1]).toBe('You will not be charged again.');
    expect(
      describeSubscription(subscription({ status: 'trialing' }), 'en-US').cancel_consequences[1],
    ).toBe('You will not be charged.');
  });

  test('without any date it still makes sentences', () => {
    const bare = subscription({
      current_period_end: null,
      plan_name: null,
      plan_key: null,
      cancel_scheduled: true,
    });
    const words = describeSubscription(bare, 'en-US');
    expect(words.date).toBeNull();
    expect(words.notice?.title).toBe('Your plan ends with the paid period');
    expect(words.cancel_consequences[0]).toBe(
      'You keep your plan until the end of the paid period.',
    );
    for (const status of [
      'active',
      'trialing',
      'past_due',
      'unpaid',
      'paused',
      'canceled',
    ] as const) {
      const { notice, price, cancel_consequences } = describeSubscription(
        { ...bare, status, cancel_scheduled: false },
        'en-US',
      );
      expect(JSON.stringify([notice?.title, notice?.text, price, cancel_consequences])).not.toMatch(
        /undefined|Invalid|NaN|—|keep Your/,
      );
    }
  });
});

describe('dates', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  test.each([
    ['2026-11-21T12:00:30Z', 'now'], // their clock is ahead of ours
    ['2026-11-21T11:59:31Z', 'now'],
    ['2026-11-21T11:55:00Z', '5 minutes ago'],
    ['2026-11-21T09:00:00Z', '3 hours ago'],
    ['2026-11-20T11:00:00Z', 'yesterday'],
    ['2026-09-01T00:00:00Z', '2 months ago'],
    ['2024-11-01T00:00:00Z', '2 years ago'],
    ['nonsense', ''],
  ])('%s is %s', (instant, expected) => expect(formatAgo(instant, now, 'en-US')).toBe(expected));

  test('by locale, and never "Invalid Date"', () => {
    expect(formatDate('2026-12-12T00:00:00Z', 'en-GB')).toBe('12 Dec 2026');
    expect(formatDate('2026-12-12T00:00:00Z', 'de-DE')).toBe('12.12.2026');
    expect(formatDate(null, 'en-US')).toBe('—');
    expect(formatDate('soon', 'en-US')).toBe('—');
    expect(plain(formatPeriod('2026-11-12T00:00:00Z', '2026-12-12T00:00:00Z', 'en-US'))).toBe(
      'Nov 12 – Dec 12, 2026',
    );
    expect(formatPeriod('2026-12-12T00:00:00Z', '2026-11-12T00:00:00Z', 'en-US')).toBe('');
  });
});

describe('cards', () => {
  test('a card is good through the last day of its month', () => {
    expect(expiryState(11, 2026, Date.parse('2026-11-30T23:59:59Z'))).toBe('soon');
    expect(expiryState(11, 2026, Date.parse('2026-12-01T00:00:00Z'))).toBe('expired');
    expect(expiryState(12, 2026, Date.parse('2027-01-01T00:00:00Z'))).toBe('expired');
    expect(expiryState(12, 2030, Date.parse('2026-11-21T00:00:00Z'))).toBe('ok');
    expect(expiryState(null, null, 0)).toBe('ok');
  });
  test.each([
    ['visa', 'Visa'],
    ['amex', 'American Express'],
    ['newcard', 'newcard'],
    [null, 'Card'],
    ['unknown', 'Card'],
  ])('%s is %s', (brand, name) => {
    expect(cardBrandName(brand)).toBe(name);
  });
});

test.each([
  ['https://pay.example/x', true],
  ['http://127.0.0.1:8420/x', true],
  ['/dashboard', true],
  ['javascript:alert(1)', false],
  [' java\nscript:alert(1)', false],
  ['data:text/html,x', false],
  ['http://[', false],
  ['', false],
  [null, false],
])('safeHref(%j): %s', (url, safe) => expect(safeHref(url) !== undefined).toBe(safe));

test.each([
  ['payment_success', 'success'],
  ['payment_failed', 'danger'],
  ['subscription_canceled', 'warning'],
  ['card_expiring', 'warning'],
  ['payment_recovered', 'success'],
  ['something_new', 'info'],
])('a notification %s is %s', (type, tone) => expect(notificationTone(type)).toBe(tone));
