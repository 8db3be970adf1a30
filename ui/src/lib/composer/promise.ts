/**
 * A date promised in an answer: "you get the offer on Thursday". Only a sentence that says we will do something counts, and
 * not a question. Simple patterns in English, German and Spanish; when in doubt nothing is found, and the author chooses.
 */
import { m } from '$lib/paraglide/messages.js';
import { findDates } from '$lib/time/dates';
import { atTime, local, ms } from '$lib/time/local';

export interface Promised {
  /** What we owe, in the author's words where they can be told. */
  what: string;
  due: number;
  /** Where the promise stands in the text. */
  start: number;
  end: number;
}

const AFTERNOON = 15;
const EVENING = 17;

/** Who gives what: the words after the verb, up to the date, are what is owed. */
const COMMITMENTS: RegExp[] = [
  /\b(?:i|we)(?:'|’)?(?:ll| will| can| am going to| are going to)\s+(?:\w+ly\s+)?(?:send|get|have|give|prepare|write|share|deliver|bring|forward|email|let|come back|get back|call|follow up|provide|check|confirm)\b/iu,
  /\byou(?:'|’)?(?:ll| will|'re going to)?\s+(?:get|have|receive|hear)\b/iu,
  /\b(?:ich|wir)\s+(?:\p{L}+\s+){0,4}?(?:schicke|schicken|sende|senden|melde|melden|liefere|liefern|gebe|geben|bringe|bringen|erstelle|erstellen|kläre|klären|rufe|rufen|werde|werden)(?![\p{L}])/iu,
  /\b(?:schicke|sende|melde|liefere|gebe|erstelle|kläre|schicken|senden|melden|liefern)\s+(?:ich|wir)\b/iu,
  /\b(?:sie|du|ihr)\s+(?:bekommen|bekommst|bekommt|erhalten|erhältst|erhaltet|haben|hast|habt|hören)\b/iu,
  /\b(?:bekommen|erhalten|haben)\s+sie\b/iu,
  /(?<![\p{L}])(?:le|te|les|os)\s+(?:\p{L}+\s+)?(?:envío|enviaré|enviaremos|enviamos|mando|mandaré|mandaremos|paso|pasaré|llamo|llamaré|confirmo|confirmaré|doy|daré)(?![\p{L}])/iu,
  /(?<![\p{L}])(?:recibirá|recibirás|recibiréis|recibirán|tendrá|tendrás|tendréis|tendrán)(?![\p{L}])/iu,
];

/** The thing itself: "the offer", "das Angebot mit Lieferterminen", "la oferta". */
const THING =
  /(?<![\p{L}])((?:the|a|an|our|your|das|die|den|ein|eine|einen|unser|unsere|unseren|ihr|ihre|la|el|los|las|un|una|nuestra|nuestro|su)\s+(?:(?:\p{L}|[-])+\s+){0,2}?(?:offer|quote|quotation|proposal|dates?|price|prices|pricing|list|contract|invoice|drawing|drawings|sample|samples|answer|figures|numbers|details|draft|plan|angebot|preis|preise|liste|vertrag|rechnung|zeichnung|zeichnungen|muster|antwort|termin|termine|entwurf|zahlen|unterlagen|oferta|presupuesto|propuesta|precio|precios|lista|contrato|factura|plano|planos|muestra|muestras|respuesta|fechas?|datos))(?![\p{L}])/iu;

/** The first promise with a date in a text; `null` where there is none. */
export function findPromise(text: string, now: number, zone: string): Promised | null {
  for (const sentence of sentences(text)) {
    if (sentence.text.trimEnd().endsWith('?')) continue;
    const commitment = COMMITMENTS.map((pattern) => pattern.exec(sentence.text)).find(
      (match) => match !== null,
    );
    if (!commitment) continue;
    const date = findDates(sentence.text, now, zone).find(
      (found) => ms(found.day) >= startOfToday(now, zone),
    );
    if (!date) continue;
    const due = date.timed ? ms(date.day) : ms(atTime(date.day, AFTERNOON));
    const late = date.timed ? due : ms(atTime(date.day, EVENING));
    const chosen = due > now ? due : late;
    if (chosen <= now) continue;
    // "Forty booths with the service plan are fine, you get the offer on Thursday": what comes after the promise is meant.
    const thing = (THING.exec(sentence.text.slice(commitment.index)) ?? THING.exec(sentence.text))?.[1];
    return {
      what: thing ?? m.owe_what_was_promised(),
      due: chosen,
      start: sentence.start + Math.min(commitment.index, date.start),
      end: sentence.start + Math.max(commitment.index + commitment[0].length, date.end),
    };
  }
  return null;
}

const startOfToday = (now: number, zone: string): number => ms(atTime(local(now, zone), 0));

/** Sentences with their places. A dot between digits or after a number ("12. Dezember") ends none. */
function sentences(text: string): { text: string; start: number }[] {
  const found: { text: string; start: number }[] = [];
  const pattern = /(?:[^.!?\n]|(?<=\d)\.|\.(?=\d))+[.!?]*/gu;
  for (const match of text.matchAll(pattern)) {
    // What is quoted was promised by somebody else, or before.
    if (!match[0].trimStart().startsWith('>')) found.push({ text: match[0], start: match.index });
  }
  return found;
}
