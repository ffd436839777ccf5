import { describe, expect, it } from 'vitest';

import { convertMoney, formatInr, formatUsd, usdToInr, type ExchangeRate } from '../src/exchange';

const rate = (value: string, base = 'usd', quote = 'inr'): ExchangeRate => ({
  base,
  quote,
  rate: value,
  source: 'RBI',
  as_of: '2026-11-25',
});

describe('exchange', () => {
  it('shows dollars and rupees as people there write them', () => {
    expect(formatUsd(900)).toBe('$9.00');
    expect(formatInr(75600)).toBe('₹756.00');
    expect(formatInr(12345600)).toBe('₹1,23,456.00');
  });

  it('converts exactly, half away from zero', () => {
    expect(usdToInr(900, rate('84'))).toBe(75600n);
    expect(usdToInr(7900, rate('88.7123'))).toBe(700827n);
    expect(usdToInr(-1, rate('0.5'))).toBe(-1n);
    expect(usdToInr(9007199254740991n, rate('88.52'))).toBe(797317278029672523n);
  });

  it('knows currencies of other sizes', () => {
    expect(convertMoney(1000, rate('155.25', 'usd', 'jpy'))).toBe(1553n);
    expect(convertMoney(1553, rate('0.0064', 'jpy', 'usd'))).toBe(994n);
    expect(convertMoney(1000, rate('0.3071', 'usd', 'kwd'))).toBe(3071n);
  });

  it('refuses what is no rate, and the wrong one', () => {
    expect(() => convertMoney(1, rate('1e3'))).toThrow(RangeError);
    expect(() => convertMoney(1, rate('-1'))).toThrow(RangeError);
    expect(() => usdToInr(1, rate('1', 'eur', 'inr'))).toThrow(RangeError);
  });
});
