import { describe, expect, test } from 'vitest';

import { formatMoney, fromDecimal, minorDigits, toDecimal } from '../src';

// Intl separates with no-break spaces; which one is not our business.
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('money', () => {
  test.each([
    [1234, 'usd', 'en-US', '$12.34'],
    [0, 'usd', 'en-US', '$0.00'],
    [-5, 'usd', 'en-US', '-$0.05'],
    [1234, 'jpy', 'en-US', '¥1,234'],
    [1234, 'kwd', 'en-US', 'KWD 1.234'],
    [1, 'kwd', 'en-US', 'KWD 0.001'],
    [123456, 'eur', 'de-DE', '1.234,56 €'],
    [75600, 'inr', 'en-IN', '₹756.00'],
    // browsers think that these two have no decimals; ISO 4217 says otherwise
    [1234, 'iqd', 'en-US', 'IQD 1.234'],
    [1234, 'mga', 'en-US', 'MGA 12.34'],
  ])('%d %s in %s is %s', (amount, currency, locale, expected) => {
    expect(plain(formatMoney(amount, currency, { locale }))).toBe(expected);
  });

  test('the largest amount is exact to the last unit', () => {
    expect(formatMoney(9007199254740991, 'usd', { locale: 'en-US' })).toBe(
      '$90,071,992,547,409.91',
    );
    expect(formatMoney(9223372036854775807n, 'usd', { locale: 'en-US' })).toBe(
      '$92,233,720,368,547,758.07',
    );
  });

  test('a fraction of a minor unit, or a number that lost digits, is refused', () => {
    expect(() => toDecimal(0.5, 'usd')).toThrow(RangeError);
    expect(() => toDecimal(2 ** 53, 'usd')).toThrow(RangeError);
    expect(() => toDecimal(NaN, 'usd')).toThrow(RangeError);
  });

  test('a price tag leaves out a fraction of zeros only', () => {
    const tag = (amount: number, currency: string) =>
      formatMoney(amount, currency, { locale: 'en-US', trimZeroFraction: true });
    expect(tag(4900, 'usd')).toBe('$49');
    expect(tag(4083, 'usd')).toBe('$40.83');
    expect(tag(4900, 'jpy')).toBe('¥4,900');
    expect(plain(tag(9000, 'kwd'))).toBe('KWD 9');
    expect(plain(tag(9010, 'kwd'))).toBe('KWD 9.010');
  });

  test('a currency that is none does not break the page', () => {
    expect(formatMoney(1234, 'not money', { locale: 'en-US' })).toBe('12.34 NOT MONEY');
  });

  test.each([
    ['usd', 2],
    ['JPY', 0],
    ['kwd', 3],
    ['xyz', 2],
  ])('%s has %d decimals', (currency, digits) => {
    expect(minorDigits(currency)).toBe(digits);
  });
});

test.each([
  ['12.34', 'usd', 1234],
  ['12.3', 'usd', 1230],
  ['12', 'jpy', 12],
  ['12.0', 'jpy', 12],
  ['12.5', 'jpy', null],
  ['1.234', 'kwd', 1234],
  ['1.235', 'usd', null],
  ['-5', 'usd', -500],
  ['', 'usd', null],
  ['1e3', 'usd', null],
  ['999999999999999', 'usd', null],
])('the amount %j of %s', (text, currency, expected) => {
  expect(fromDecimal(text, currency)).toBe(expected);
});
