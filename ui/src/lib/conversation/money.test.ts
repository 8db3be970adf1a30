import { describe, expect, it } from 'vitest';
import { money } from '$lib/time/format';
import { parseMoney } from './money';

describe('an amount', () => {
  it('is read as people write it', () => {
    expect(parseMoney('18000', 'EUR')).toEqual({ cents: 1_800_000, currency: 'EUR' });
    expect(parseMoney('18.000 €', 'USD')).toEqual({ cents: 1_800_000, currency: 'EUR' });
    expect(parseMoney('18,000.50 usd', 'EUR')).toEqual({ cents: 1_800_050, currency: 'USD' });
    expect(parseMoney('$18k', 'EUR')).toEqual({ cents: 1_800_000, currency: 'USD' });
    expect(parseMoney('a lot', 'EUR')).toBeNull();
  });

  it('comes back as it is shown, in whatever currency', () => {
    for (const currency of ['EUR', 'USD', 'GBP', 'CAD', 'AUD', 'BRL', 'CHF', 'SEK']) {
      const amount = { cents: 1_234_550, currency };
      expect(parseMoney(money(amount), currency), money(amount)).toEqual(amount);
    }
  });
});
