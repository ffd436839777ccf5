// Money as the API has it: an integer count of the currency's ISO 4217 minor unit. Nothing here
// divides by 100 or makes a fraction out of a binary number.

const zero_digits = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF';
const three_digits = 'BHD IQD JOD KWD LYD OMR TND';

const minor_digits = new Map<string, number>([
  ...zero_digits.split(' ').map((code) => [code, 0] as const),
  ...three_digits.split(' ').map((code) => [code, 3] as const),
]);

/**
 * How many decimals the currency has. Intl's own idea is not used: browsers take it from CLDR, which
 * differs from ISO 4217 (IQD, MGA and others), and an amount would show up 100 times too large.
 */
export function minorDigits(currency: string): number {
  return minor_digits.get(currency.toUpperCase()) ?? 2;
}

/** 1234 USD -> "12.34", 1234 JPY -> "1234", -5 KWD -> "-0.005". REQUIRES: an integer. */
export function toDecimal(minor_units: number | bigint, currency: string): string {
  if (typeof minor_units === 'number' && !Number.isSafeInteger(minor_units)) {
    throw new RangeError(`not an amount in minor units: ${minor_units}`);
  }
  const units = BigInt(minor_units);
  const digits = minorDigits(currency);
  const magnitude = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  const whole = magnitude.slice(0, magnitude.length - digits);
  const fraction = digits === 0 ? '' : `.${magnitude.slice(-digits)}`;
  return `${units < 0n ? '-' : ''}${whole}${fraction}`;
}

/** "12.34" USD -> 1234; null where it is no amount, or has more decimals than the currency. */
export function fromDecimal(decimal: string, currency: string): number | null {
  const parts = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(decimal.trim());
  if (parts === null) return null;
  const [, sign = '', whole = '', fraction = ''] = parts;
  const digits = minorDigits(currency);
  if (fraction.length > digits && /[1-9]/.test(fraction.slice(digits))) return null;
  const units = Number(`${sign}${whole}${fraction.slice(0, digits).padEnd(digits, '0')}`);
  return Number.isSafeInteger(units) ? units : null;
}

export interface FormatMoneyOptions {
  locale?: string | undefined;
  /** "$49" for 4900: for price tags. Amounts with a fraction keep it whole. */
  trimZeroFraction?: boolean;
}

/** "$12.34", "¥1,234", "KWD 1.234" in the reader's manner. An unknown currency shows its code. */
export function formatMoney(
  minor_units: number | bigint,
  currency: string,
  options: FormatMoneyOptions = {},
): string {
  const decimal = toDecimal(minor_units, currency);
  const digits = minorDigits(currency);
  const whole = options.trimZeroFraction === true && /\.0+$/.test(decimal);
  const shown = whole ? 0 : digits;
  try {
    return new Intl.NumberFormat(options.locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: shown,
      maximumFractionDigits: shown,
    }).format(decimal as `${number}`); // a string is exact; a number would pass through binary
  } catch {
    return `${decimal} ${currency.toUpperCase()}`; // not a code that Intl knows how to spell
  }
}
