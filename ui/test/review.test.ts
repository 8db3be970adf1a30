/** The daily review: frozen, by keyboard, each row with its reason, and signed off where the team sees it. */
import { expect, test } from 'vitest';
import { anna, ben, mira, NOW } from './scripted/cast';
import { toReview } from './scripted/review';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

const rows = () => [...document.querySelectorAll<HTMLElement>('[data-testid="review"] [data-conversation]')];
const numbers = () => rows().map((row) => Number(row.dataset.testid?.slice('review-'.length)));
const current = () =>
  Number(
    rows()
      .find((row) => row.ariaCurrent === 'true')
      ?.dataset.testid?.slice(7),
  );

async function begin(prepare?: Parameters<typeof openWindow>[0]) {
  const opened = await openWindow(prepare);
  await press('gr');
  await expect.poll(() => rows().length).toBe(toReview.length);
  await find('review-strip');
  return opened;
}

test('each row says why it is there, most at risk first, and the first is open', async () => {
  await begin();
  expect(numbers()).toEqual(toReview.map(([number]) => number));
  expect(textOf('review-1038')).toContain('The follow-up is overdue 2 d late +1');
  expect(textOf('review-1045')).toContain('Nobody has taken it since');
  expect(textOf('review-1044')).toContain('Waits for Mira since');
  expect(textOf('review-1042')).toContain('The follow-up is due today in 38 min');
  expect(textOf('review-progress')).toBe('0 of 10 · 4 min');
  expect(current()).toBe(1037);
  expect(hook('review-1038')?.ariaLabel).toContain('High value, but quiet');
});

test('by keyboard: nudge, fine until tomorrow, assign; each goes on to the next and counts', async () => {
  const { backend } = await begin();
  await press('u');
  await expect.poll(() => textOf('review-progress')).toBe('1 of 10 · 4 min');
  expect(backend.asked('act').at(-1)).toMatchObject({ conversation: 'c-1037', body: { type: 'nudge' } });
  await expect.poll(current).toBe(1038);
  await expect.poll(() => textOf('review-1037')).toContain('Ben nudged by you');
  await press('y');
  await expect.poll(current).toBe(1031);
  expect(backend.asked('act').at(-1)).toMatchObject({
    conversation: 'c-1038',
    body: { type: 'fineUntilTomorrow', reasons: toReview[1]?.[1] },
  });
  await press('jj');
  await expect.poll(current).toBe(1045);
  await find('claim');
  await press('c');
  await expect.poll(() => textOf('review-1045')).toContain('Assigned to you');
  await expect.poll(current).toBe(1039);
  expect(textOf('review-progress')).toBe('3 of 10 · 4 min');
});

test('what needs more eyes is escalated from the review, with words', async () => {
  const { backend } = await begin();
  await click('review-escalate');
  const words = (await find('escalate-reason')) as HTMLInputElement;
  words.value = 'They may leave';
  words.dispatchEvent(new Event('input', { bubbles: true }));
  await click('escalate-save');
  await expect
    .poll(() => backend.asked('act').at(-1))
    .toMatchObject({ conversation: 'c-1037', body: { type: 'escalate', reason: 'They may leave' } });
});

test('an owner is nudged once a day, and nobody nudges themselves', async () => {
  const { backend } = await begin((backend) => {
    const nudged = { by: mira.id, to: ben.id, at: NOW, reason: null };
    backend.review = { owners: new Map(), signedOff: null };
    backend.scene('c-1037').conversation.nudged = nudged;
  });
  await press('k');
  await click('review-1037');
  await expect.poll(() => textOf('review-nudged')).toContain('Ben nudged by Mira');
  expect(hook('review-nudge')).toHaveProperty('disabled', true);
  await press('u');
  await click('review-1042');
  await expect.poll(() => document.querySelector('[data-testid="thread"]')?.textContent).toContain('Kiel');
  expect(backend.scene('c-1042').conversation.owner).toBe(anna.id);
  expect(hook('review-nudge')).toBeNull();
  expect(backend.asked('act')).toEqual([]);
});

test('what a colleague settles shows, and the list stays as it was', async () => {
  const { backend } = await begin();
  backend.scene('c-1046').conversation.owner = ben.id;
  backend.emit({ event: 'changed', data: ['c-1046'] });
  await expect.poll(() => textOf('review-1046')).toContain('Assigned to Ben');
  expect(numbers()).toEqual(toReview.map(([number]) => number));
  expect(current()).toBe(1037);
});

test('the sign-off says what was left, and the whole team sees it', async () => {
  const { backend } = await begin();
  await press('y');
  await expect.poll(() => textOf('review-progress')).toBe('1 of 10 · 4 min');
  expect(hook('reviewed')).toBeNull();
  await click('review-sign-off');
  await expect.poll(() => textOf('review-signed')).toContain('Signed off by you');
  expect(textOf('review-signed')).toContain('1 of 10 · 4 min · 9 left as they are · Sales and Large offices');
  await expect.poll(() => textOf('reviewed')).toContain('Reviewed by you');
  await click('review-anew');
  await expect.poll(() => backend.asked('review').at(-1)).toEqual({ anew: true });
  await expect.poll(() => hook('review-signed')).toBeNull();
});

test('whoever leads nothing has no review, and sees who reviewed', async () => {
  await openWindow((backend) => {
    const signOff = { by: mira.id, at: NOW, inboxes: ['i-sales'], listed: 23, settled: 23, tookMs: 240_000 };
    backend.me = ben;
    backend.team = { ...backend.team, reviews: [signOff] };
  });
  expect(hook('review-open')).toBeNull();
  expect(textOf('reviewed')).toContain('Reviewed by Mira');
  await press('gr');
  expect(hook('review')).toBeNull();
});

test('with nothing to review it says what would be there, and can be signed off', async () => {
  const { backend } = await openWindow((backend) => {
    backend.answers.review = () => ({
      frozenAt: NOW,
      inboxes: ['i-sales'],
      rows: [],
      settled: 0,
      tookMs: 0,
      signedOff: null,
    });
  });
  await click('review-open');
  await expect.poll(() => document.body.textContent).toContain('Nothing to review');
  await click('review-sign-off');
  await expect.poll(() => backend.asked('signOffReview')).toHaveLength(1);
});

test('what is in no inbox of mine any more is passed over', async () => {
  await openWindow((backend) => {
    backend.answers.review = () => ({
      frozenAt: NOW,
      inboxes: ['i-sales'],
      rows: ['c-1', 'c-1042'].map((conversation, at) => ({
        conversation,
        number: at === 0 ? 1 : 1042,
        row: at === 0 ? null : backend.row(backend.scene('c-1042')),
        reasons: at === 0 ? [] : [{ type: 'quiet' as const, since: NOW - 86_400_000 }],
        settled: at === 0 ? { type: 'elsewhere' as const } : null,
        nudged: null,
        mayNudge: false,
      })),
      settled: 1,
      tookMs: 0,
      signedOff: null,
    });
  });
  await press('gr');
  await expect.poll(current).toBe(1042);
  expect(textOf('review-1')).toContain('In another inbox now');
  await press('k');
  expect(current()).toBe(1042);
});

test('whoever is nudged reads in the conversation by whom and why, until they answered', async () => {
  const opened = await openWindow((backend) => {
    const nudged = { by: mira.id, to: anna.id, at: NOW - 60_000, reason: toReview[1]?.[1][0] ?? null };
    backend.scene('c-1038').conversation.nudged = nudged;
  });
  await openConversation(opened, 1038);
  await expect
    .poll(() => textOf('nudge-notice'))
    .toBe('Mira asks you to look at this: the follow-up is overdue.');
  opened.backend.customerWrites('c-1038', 'Is there news?');
  await expect.poll(() => hook('nudge-notice')).toBeNull();
});
