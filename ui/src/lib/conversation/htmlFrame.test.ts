import { expect, test } from 'vitest';
import { render } from 'vitest-browser-svelte';
import HtmlFrame from './HtmlFrame.svelte';

const mail = (body: string) =>
  `<!doctype html><html><head><style>body{margin:0;overflow-wrap:break-word}img{max-width:100%}table{max-width:100%}</style></head><body>${body}</body></html>`;

/** A newsletter as they are built: a table of fixed cells that can't be narrower. */
const newsletter = (width: number) =>
  mail(
    `<table width="${width}" style="width:${width}px;min-width:${width}px" cellpadding="0" cellspacing="0"><tr>${[
      0, 1, 2, 3,
    ]
      .map((n) => `<td style="min-width:${width / 4}px" width="${width / 4}">Column ${n}</td>`)
      .join('')}</tr></table>`,
  );

async function shown(html: string, columnWidth: number) {
  const column = document.createElement('div');
  column.style.width = `${columnWidth}px`;
  document.body.append(column);
  render(HtmlFrame, {
    target: column,
    props: { html, title: 'Mail', onlink: () => undefined, onhover: () => undefined },
  });
  const frame = column.querySelector('iframe') as HTMLIFrameElement;
  const sheet = column.querySelector('[data-testid="mail-sheet"]') as HTMLElement;
  await expect.poll(() => frame.contentDocument?.body.textContent?.length ?? 0).toBeGreaterThan(0);
  const scale = () => frame.getBoundingClientRect().width / frame.offsetWidth;
  const root = () => frame.contentDocument?.documentElement as HTMLElement;
  return { column, frame, sheet, scale, root };
}

test.each([
  [500, 600],
  [640, 900],
  [640, 640],
])('in a column of %i a newsletter of %i is made smaller and all of it is seen', async (column, width) => {
  const { sheet, scale, root, frame } = await shown(newsletter(width), column);
  await expect.poll(() => frame.offsetWidth).toBeGreaterThanOrEqual(width);
  await expect.poll(() => frame.getBoundingClientRect().width).toBeLessThanOrEqual(sheet.clientWidth + 1);
  expect(scale()).toBeLessThan(1);
  expect(root().scrollWidth).toBe(frame.offsetWidth);
  expect(sheet.scrollWidth).toBeLessThanOrEqual(sheet.clientWidth + 1);
  // What is smaller takes less room: nothing empty is left below it.
  const box = sheet.getBoundingClientRect();
  expect(Math.abs(box.height - frame.getBoundingClientRect().height)).toBeLessThan(2);
});

test('what could not be read any smaller is scrolled within its paper, to its end', async () => {
  const { sheet, scale, frame } = await shown(newsletter(1600), 480);
  await expect.poll(() => sheet.classList.contains('scrolls')).toBe(true);
  expect(scale()).toBeGreaterThan(0.6);
  // What scrolls is reached by keyboard.
  expect(sheet.tabIndex).toBe(0);
  sheet.scrollLeft = 10_000;
  const paper = sheet.getBoundingClientRect();
  expect(frame.getBoundingClientRect().right).toBeLessThanOrEqual(paper.right + 1);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(innerWidth);
});

test('a mail that adapts is as wide as the column, and again as large when there is room', async () => {
  const { column, frame, scale } = await shown(newsletter(700), 500);
  await expect.poll(scale).toBeLessThan(1);
  column.style.width = '900px';
  await expect.poll(scale).toBe(1);
  const text = await shown(mail('<p>Just a few words, and a few more of them.</p>'), 400);
  expect(text.scale()).toBe(1);
  expect(text.frame.offsetWidth).toBeLessThan(400);
  expect(frame.isConnected).toBe(true);
});
