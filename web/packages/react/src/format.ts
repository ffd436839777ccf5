// Facts of the API -> words for people. Pure, so that every state can be read in a table of tests.

import { formatMoney, type Subscription } from '@paydesk/client';

import { english, type Words } from './words/en';

export function formatDate(instant: string | null, locale?: string): string {
  return format(instant, locale, { dateStyle: 'medium' });
}

/** Of a calendar day ("2026-11-25"), which is the same everywhere. */
export function formatDay(day: string, locale?: string): string {
  return format(day, locale, { dateStyle: 'medium', timeZone: 'UTC' });
}

export function formatDateTime(instant: string | null, locale?: string): string {
  return format(instant, locale, { dateStyle: 'medium', timeStyle: 'short' });
}

/** "12 Dec – 12 Jan 2027", as the locale writes a range; '' when either end is not known. */
export function formatPeriod(start: string | null, end: string | null, locale?: string): string {
  const from = start === null ? NaN : Date.parse(start);
  const to = end === null ? NaN : Date.parse(end);
  if (Number.isNaN(from) || Number.isNaN(to) || to < from) return '';
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  }).formatRange(from, to);
}

function format(
  instant: string | null,
  locale: string | undefined,
  options: Intl.DateTimeFormatOptions,
): string {
  const time = instant === null ? NaN : Date.parse(instant);
  return Number.isNaN(time) ? '—' : new Intl.DateTimeFormat(locale, options).format(time);
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** "5 minutes ago", "yesterday". A clock that is a little off never makes it "in 3 seconds". */
export function formatAgo(instant: string, now: number, locale?: string): string {
  const time = Date.parse(instant);
  if (Number.isNaN(time)) return '';
  const seconds = Math.min(0, Math.round((time - now) / 1000));
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  for (const [unit, size] of steps) {
    if (-seconds >= size) return relative.format(Math.ceil(seconds / size), unit);
  }
  return relative.format(0, 'second');
}

/** "$49.00 per month"; '' when the catalogue does not know the price. */
export function formatRecurring(
  amount: number | null,
  currency: string | null,
  plan_type: Subscription['plan_type'],
  quantity: number | null,
  locale?: string,
  words: Words = english,
): string {
  if (amount === null || currency === null) return '';
  const price = formatMoney(amount * (quantity ?? 1), currency, { locale });
  if (plan_type === 'yearly') return words.plan.perYear(price);
  return plan_type === 'monthly' ? words.plan.perMonth(price) : price;
}

const brand_names: Record<string, string> = {
  amex: 'American Express',
  diners: 'Diners Club',
  discover: 'Discover',
  eftpos_au: 'eftpos',
  jcb: 'JCB',
  mastercard: 'Mastercard',
  unionpay: 'UnionPay',
  visa: 'Visa',
  cartes_bancaires: 'Cartes Bancaires',
};

export function cardBrandName(brand: string | null, words: Words = english): string {
  if (brand === null || brand === '' || brand === 'unknown') return words.methods.card;
  return brand_names[brand] ?? brand;
}

/** "12/2027" */
export function formatExpiry(month: number | null, year: number | null): string {
  if (month === null || year === null) return '';
  return `${String(month).padStart(2, '0')}/${year}`;
}

/** A card is good until the end of the month that is printed on it. */
export function expiryState(
  month: number | null,
  year: number | null,
  now: number,
): 'ok' | 'soon' | 'expired' {
  if (month === null || year === null) return 'ok';
  const end = Date.UTC(year, month, 1);
  if (now >= end) return 'expired';
  return end - now < 45 * 86_400_000 ? 'soon' : 'ok';
}

/** The link if it leads to the web, else undefined: rows come from outside. */
export function safeHref(url: string | null | undefined): string | undefined {
  if (!url) return undefined;
  try {
    const { protocol } = new URL(url, globalThis.location?.href ?? 'http://localhost/');
    return protocol === 'https:' || protocol === 'http:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** 12345 -> "12,345" */
export function formatCount(count: number | bigint, locale?: string): string {
  return new Intl.NumberFormat(locale).format(count);
}

/** A metered quantity: up to six decimals, as many as there are. */
export function formatQuantity(quantity: number, locale?: string): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 6 }).format(quantity);
}

/** "+1,000", "-5": how a balance changed. */
export function formatChange(count: number, locale?: string): string {
  return new Intl.NumberFormat(locale, { signDisplay: 'exceptZero' }).format(count);
}
