/** "1234.50" as the locale writes it, with all its digits: quantities may have more than a number holds. */
export function formatDecimal(decimal: string | null, locale?: string): string {
  if (decimal === null) return '—';
  const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 20 });
  return format.format(decimal as `${number}`);
}
