/** What axe finds on the main screens, light and dark: nothing. */
import axe from 'axe-core';
import { expect, test } from 'vitest';
import { applyTheme } from '../src/lib/session/theme';
import { mira } from './scripted/cast';
import { exceptions } from './scripted/exceptions';
import { again, merged } from './scripted/merging';
import type { ScriptedBackend } from './scripted/scripted';
import { click, find, openConversation, openWindow, press, type TestWindow } from './window';

async function violations(): Promise<string[]> {
  const found = await axe.run(document.body, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    // One window, not a document: its regions are what they are.
    rules: { 'page-has-heading-one': { enabled: false }, region: { enabled: false } },
  });
  return found.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
}

type Screen = [
  name: string,
  prepare: (backend: ScriptedBackend) => void,
  act: (window: TestWindow) => Promise<unknown>,
];

const screens: Screen[] = [
  ['a conversation', () => undefined, (window) => openConversation(window, 1042)],
  [
    'a reply under way',
    () => undefined,
    async (window) => {
      await openConversation(window, 1042);
      await press('r');
      await press('Hi Carl, you get the offer on Monday.');
      await find('lock-line');
    },
  ],
  [
    'a colleague replies',
    () => undefined,
    async (window) => {
      await openConversation(window, 1037);
      await click('reply');
      await press('Leasing works');
      await find('suggest');
    },
  ],
  ['a reply in doubt', () => undefined, (window) => openConversation(window, 1035)],
  [
    'the same enquiry twice, and the choice',
    (backend) => void backend.scenes.push(again()),
    async (window) => {
      await openConversation(window, 1047);
      await click('merge');
      await find('merge-1042');
    },
  ],
  [
    'a merged conversation',
    (backend) => {
      const other = again();
      backend.scenes.push(other);
      merged(other, backend.scene('c-1042'), mira.id, backend.now);
    },
    async (window) => {
      await openConversation(window, 1042);
      await find('part');
    },
  ],
  ['an empty inbox', (backend) => (backend.scenes = []), () => Promise.resolve()],
  ['first run', (backend) => (backend.state = { type: 'firstRun' }), () => find('setup-sample')],
  [
    'the keyring',
    (backend) => (backend.state = { type: 'locked', reason: 'x', passphraseSet: false }),
    () => find('unlock-retry'),
  ],
  ['settings', () => undefined, () => click('settings-open')],
  [
    'exceptions',
    (backend) => (backend.exceptions = exceptions),
    async () => {
      await click('exceptions-open');
      await click('quarantine-source');
      await find('source');
    },
  ],
  [
    'no exceptions',
    (backend) => ((backend.health = []), (backend.quarantine = [])),
    () => click('exceptions-open'),
  ],
  [
    'the mode of a mailbox',
    (backend) => (backend.me = mira),
    async () => {
      await click('settings-open');
      [...document.querySelectorAll<HTMLElement>('[role="radio"]')]
        .find((radio) => radio.textContent === 'Watch')
        ?.click();
      await find('mode-confirm');
    },
  ],
  [
    'the owner menu',
    () => undefined,
    async (window) => {
      await openConversation(window, 1042);
      await press('a');
    },
  ],
  ['the palette', () => undefined, () => press('{Control>}k{/Control}')],
];

test.each(
  screens.flatMap((screen) =>
    (['light', 'dark'] as const).map((theme) => [screen[0], theme, screen] as const),
  ),
)('%s, %s', async (_, theme, [, prepare, act]) => {
  const window = await openWindow((backend) => {
    backend.settings = { ...backend.settings, theme };
    prepare(backend);
  });
  applyTheme(theme);
  await act(window);
  // Colours settle.
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
  expect(await violations()).toEqual([]);
});
