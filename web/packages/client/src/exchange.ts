// Showing dollars in rupees, as the seed documents do, but at a dated rate with a source
// (GET /api/exchange-rates) instead of one that is written into the code. For show only: nothing is
// ever charged at these rates. Amounts are integers in minor units; no binary fraction is involved.

import { formatMoney, minorDigits } from './money';

export interface ExchangeRate {
  base: string;
  quote: string;
  /** One `base` is so many `quote`: a decimal, "88.52". */
  rate: string;
  source: string;
  /** "2026-11-25" */
  as_of: string;
}

const decimal = /^(\d{1,12})(?:\.(\d{1,12}))?$/;

/** Half away from zero, to the quote's minor unit. */
export function convertMoney(minor_units: number | bigint, rate: ExchangeRate): bigint {
  const parts = decimal.exec(rate.rate);
  if (parts === null) throw new RangeError(`not a rate: ${rate.rate}`);
  const [, whole = '', fraction = ''] = parts;
  const from = minorDigits(rate.base);
  const to = minorDigits(rate.quote);
  const numerator = BigInt(minor_units) * BigInt(whole + fraction) * 10n ** BigInt(to);
  const denominator = 10n ** BigInt(fraction.length + from);
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/** 900 -> "$9.00" */
export function formatUsd(cents: number | bigint): string {
  return formatMoney(cents, 'USD', { locale: 'en-US' });
}

/** Cents to paise. REQUIRES: a rate from usd to inr. */
export function usdToInr(cents: number | bigint, rate: ExchangeRate): bigint {
  if (rate.base !== 'usd' || rate.quote !== 'inr') {
    throw new RangeError(`a rate from ${rate.base} to ${rate.quote} is not one from usd to inr`);
  }
  return convertMoney(cents, rate);
}

/** 75600 -> "₹756.00", 12345600 -> "₹1,23,456.00" */
export function formatInr(paise: number | bigint): string {
  return formatMoney(paise, 'INR', { locale: 'en-IN' });
}
