/** Details of a conversation in words: what each is called, and languages by their names. */
import { m } from '$lib/paraglide/messages.js';
import type { Detail } from '$lib/api/types/Detail';
import type { Details } from '$lib/api/types/Details';
import { zone } from '$lib/time/zone.svelte';
import type { Words } from './labels';

export const detailName: Words<Detail> = {
  topic: m.detail_topic,
  product: m.detail_product,
  intent: m.detail_intent,
  lifecycleStage: m.detail_lifecycle_stage,
  dealStage: m.detail_deal_stage,
  region: m.detail_region,
  language: m.detail_language,
  accountTier: m.detail_account_tier,
  accountType: m.detail_account_type,
};

/** In the order they are read. */
export const allDetails = Object.keys(detailName) as Detail[];

/** The languages Baton can tell, as their codes. */
const LANGUAGES =
  'af ak am ar az be bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu hy id it ja jv ka km kn ko lt lv mk ml mr my nb ne nl or pa pl pt ro ru si sk sl sn sr sv ta te th tk tl tr uk ur uz vi yi zh zu'.split(
    ' ',
  );

const names = (locale: string) => new Intl.DisplayNames([locale], { type: 'language', fallback: 'none' });

/** A language's name in the window's language; what is no code as it is. */
export function languageName(text: string): string {
  if (!/^[a-z]{2,3}$/i.test(text)) return text;
  return names(zone.locale).of(text.toLowerCase()) ?? text;
}

/** The code of a language by its name, in the window's language or in English; what is none as it is. */
export function languageCode(text: string): string {
  const wanted = text.trim().toLocaleLowerCase(zone.locale);
  const known = [names(zone.locale), names('en')];
  const is = (code: string) => known.some((of) => of.of(code)?.toLocaleLowerCase(zone.locale) === wanted);
  return LANGUAGES.find(is) ?? text;
}

/** A detail's text as it is read. */
export const detailText = (detail: Detail, text: string): string =>
  detail === 'language' ? languageName(text) : text;

/** What was typed for a detail, as it is kept. */
export const typedDetail = (detail: Detail, text: string): string =>
  detail === 'language' ? languageCode(text.trim()) : text.trim();

/** "Topic: pricing", one for each that is said; of a change also what was taken away. */
export function detailWords(details: Details): string[] {
  const said = (name: string, text: string) =>
    m.detail_is({ name, text: text === '' ? m.why_nothing() : text });
  return [
    ...allDetails.flatMap((detail) => {
      const text = details[detail];
      return text === undefined ? [] : [said(detailName[detail](), detailText(detail, text))];
    }),
    ...Object.entries(details.custom ?? {}).map(([name, text]) => said(name, text)),
  ];
}
