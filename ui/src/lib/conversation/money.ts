/** Amounts as people type them: "18000", "18.000 €", "18,000.50 USD". */
import type { Money } from '$lib/api/types/Money';
import { zone } from '$lib/time/zone.svelte';

const SIGNS: Record<string, string> = { '€': 'EUR', $: 'USD', '£': 'GBP', '¥': 'JPY' };

/** The amount a text names, in the currency it names or the given one; `null` where it names none. */
export function parseMoney(text: string, currency: string): Money | null {
  // "CA$" is one sign: of the currency that is known to be meant, not of the one that is written with "$" alone.
  const sign = text.includes(signOf(currency)) ? undefined : [...text].find((char) => char in SIGNS);
  const code =
    sign === undefined && text.includes(signOf(currency))
      ? undefined
      : /\b([A-Za-z]{3})\b/.exec(text)?.[1]?.toUpperCase();
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

/** How amounts of a currency are written in the window's language: "€", "CA$", or its code. */
function signOf(currency: string): string {
  try {
    const parts = new Intl.NumberFormat(zone.locale, { style: 'currency', currency }).formatToParts(0);
    return parts.find((part) => part.type === 'currency')?.value ?? currency;
  } catch {
    return currency;
  }
}

/** The last sign with one or two digits behind it parts the cents; all others part thousands. */
function plain(digits: string): string {
  const cents = /[.,](\d{1,2})$/.exec(digits);
  return cents
    ? `${digits.slice(0, cents.index).replace(/[.,]/g, '')}.${cents[1] ?? '0'}`
    : digits.replace(/[.,]/g, '');
}
