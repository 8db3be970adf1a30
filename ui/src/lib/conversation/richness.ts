/**
 * Whether a message's HTML says more than its text. Most programs write HTML around plain words; those words read better, fold
 * better and follow the theme when they are shown as text. The document is only looked at, never put in ours.
 */

/** What shows that somebody meant the form: pictures, tables of several cells, lists, headings, emphasis, coloured grounds. */
const MEANT =
  'img[src], h1, h2, h3, ul, ol, b, strong, i, em, u, hr, [bgcolor], [background], video, picture, svg';
const GROUND =
  /background(?:-color)?\s*:\s*(?!\s*(?:white|#fff(?:fff)?|transparent|none|inherit|initial|rgb\(255,\s*255,\s*255\)))/i;

/** Where the programs put what they quote, and signatures. */
const QUOTES =
  '.gmail_quote, .gmail_extra, .moz-cite-prefix, blockquote[type="cite"], .yahoo_quoted, .protonmail_quote, #appendonsend ~ *, #divRplyFwdMsg, #divRplyFwdMsg ~ *';
const SIGNATURES = '.gmail_signature, .gmail_signature_prefix, .moz-signature, .protonmail_signature_block';

const parsed = new Map<string, boolean>();

/** Whether the form is part of the message. */
export function isRich(html: string): boolean {
  const known = parsed.get(html);
  if (known !== undefined) return known;
  const rich = judge(new DOMParser().parseFromString(html, 'text/html').body);
  if (parsed.size > 200) parsed.clear();
  parsed.set(html, rich);
  return rich;
}

function judge(body: HTMLElement): boolean {
  // What is only quoted was judged when it came.
  for (const element of body.querySelectorAll(`${QUOTES}, ${SIGNATURES}`)) element.remove();
  if (body.querySelector(MEANT)) return true;
  if ([...body.querySelectorAll('tr')].some((row) => row.querySelectorAll('td, th').length > 1)) return true;
  return [...body.querySelectorAll<HTMLElement>('[style]')].some((element) =>
    GROUND.test(element.getAttribute('style') ?? ''),
  );
}

/** The document with what is quoted in it folded away, where its program marked it. */
export function folded(html: string): string {
  const style = `<style>${QUOTES}{display:none!important}</style>`;
  return html.includes('</head>') ? html.replace('</head>', `${style}</head>`) : style + html;
}

/** Whether folding would hide something. */
export const hasFolds = (html: string): boolean =>
  new DOMParser().parseFromString(html, 'text/html').querySelector(QUOTES) !== null;
