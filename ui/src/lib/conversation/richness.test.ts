import { expect, test } from 'vitest';
import { folded, hasFolds, isRich } from './richness';

const page = (body: string) =>
  `<!doctype html><html><head><meta charset="utf-8"></head><body>${body}</body></html>`;

test.each([
  [
    'what a web mailer wraps around plain words',
    '<div dir="ltr"><div>Hi,</div><div><br></div><div>thanks</div></div>',
    false,
  ],
  ['fonts of an office program', '<p style="margin:0;font-family:Calibri;color:black">Hello</p>', false],
  ['a table with one cell', '<table><tr><td>Hello</td></tr></table>', false],
  [
    'rich words that are only quoted',
    'Yes<div class="gmail_quote"><b>bold</b><img src="data:,"></div>',
    false,
  ],
  ['a signature with a picture', 'Yes<div class="gmail_signature"><img src="data:,"></div>', false],
  ['a list', '<ul><li>one</li></ul>', true],
  ['emphasis', '<p>not <b>that</b> one</p>', true],
  ['a picture', '<img src="data:image/png;base64,x">', true],
  ['a table of cells', '<table><tr><td>A</td><td>10 €</td></tr></table>', true],
  ['a coloured ground', '<div style="background-color:#fde">Sale</div>', true],
  ['a white ground', '<div style="background-color: #ffffff">Hello</div>', false],
])('%s', (_, body, rich) => expect(isRich(page(body))).toBe(rich));

test('what is quoted is folded by a style of ours, and only where there is some', () => {
  const html = page('Yes<div class="gmail_quote">old</div>');
  expect(hasFolds(html)).toBe(true);
  expect(hasFolds(page('Yes'))).toBe(false);
  const frame = document.createElement('iframe');
  frame.srcdoc = folded(html);
  document.body.append(frame);
  return new Promise<void>((resolve) => {
    frame.onload = () => {
      const quote = frame.contentDocument?.querySelector('.gmail_quote');
      expect(quote && getComputedStyle(quote).display).toBe('none');
      frame.remove();
      resolve();
    };
  });
});
