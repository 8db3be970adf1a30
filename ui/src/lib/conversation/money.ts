/** Amounts as people type them: "18000", "18.000 €", "18,000.50 USD". */
import type { Money } from '$lib/api/types/Money';

const SIGNS: Record<string, string> = { '€': 'EUR', $: 'USD', '£': 'GBP', '¥': 'JPY' };

/** The amount a text names, in the currency it names or the given one; `null` where it names none. */
export function parseMoney(text: string, currency: string): Money | null {
  const sign = [...text].find((char) => char in SIGNS);
  const code = /\b([A-Za-z]{3})\b/.exec(text)?.[1]?.toUpperCase();
  const digits = text.replace(/[^\d.,]/g, '');
  if (!/\d/.test(digits)) return null;
  const amount = Number(plain(digits));
  if (!Number.isFinite(amount)) return null;
  const times = /\d\s*[kK](?![A-Za-z])/.test(text) ? 1_000 : 1;
  return {
    cents: Math.round(amount * 100 * times),
    currency: (sign === undefined ? undefined : SIGNS[sign]) ?? code ?? currency,
  };
}

/** The last sign with one or two digits behind it parts the cents; all others part thousands. */
function plain(digits: string): string {
  const cents = /[.,](\d{1,2})$/.exec(digits);
  return cents
    ? `${digits.slice(0, cents.index).replace(/[.,]/g, '')}.${cents[1] ?? '0'}`
    : digits.replace(/[.,]/g, '');
}
