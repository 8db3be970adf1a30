import { expect, test } from 'vitest';
import de from '../../../messages/de.json';
import en from '../../../messages/en.json';
import es from '../../../messages/es.json';

type Catalogue = Record<string, unknown>;

const params = (text: unknown): string[] =>
  [...new Set(JSON.stringify(text).match(/\{(\w+)\}/g) ?? [])].sort();

test.each([
  ['German', de as Catalogue],
  ['Spanish', es as Catalogue],
])('%s says everything English says, with the same names in it', (_, catalogue) => {
  expect(Object.keys(catalogue)).toEqual(Object.keys(en));
  for (const [key, text] of Object.entries(en as Catalogue)) {
    if (key === '$schema') continue;
    expect(params(catalogue[key]), key).toEqual(params(text));
    expect(JSON.stringify(catalogue[key]).length, key).toBeGreaterThan(2);
  }
});
