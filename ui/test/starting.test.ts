/** Writing first: to somebody who has not written. */
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { click, find, hook, openWindow, press, textOf } from './window';

test('a new message asks for a customer and a subject, and opens its composer', async () => {
  const { backend, desk } = await openWindow();
  await press('{Shift>}n{/Shift}');
  const to = await find('new-to');
  await expect.poll(() => document.activeElement).toBe(to);
  await press('{Enter}');
  await expect.element(to).toHaveAccessibleDescription(/.+/);
  expect(document.activeElement).toBe(to);
  await userEvent.fill(to, 'Rosa Luna <rosa@luna.example>');
  await press('{Enter}');
  await expect.poll(() => document.activeElement).toBe(hook('new-subject'));
  expect(backend.asked('begin')).toEqual([]);
  await press('Booths for Madrid{Enter}');
  await expect.poll(() => backend.asked('begin')).toHaveLength(1);
  expect(backend.asked('begin')[0]).toMatchObject({
    to: { name: 'Rosa Luna', email: 'rosa@luna.example' },
    subject: 'Booths for Madrid',
  });
  await find('composer-text');
  expect(textOf('title')).toContain('Booths for Madrid');
  expect(desk.composer.visible).toBe(true);
});

test('who is known already is shown, and one of theirs opens instead', async () => {
  const { desk } = await openWindow();
  await click('new-message-open');
  await userEvent.fill(await find('new-to'), 'carl@acme-logistics.example');
  await expect.poll(() => textOf('new-known')).toContain('#1042 Quote for 40 phone booths');
  await userEvent.click(document.querySelector<HTMLElement>('[data-testid="new-known"] button')!);
  await expect.poll(() => desk.open.id).toBe('c-1042');
  expect(hook('new-to')).toBeNull();
});

test('our own address is refused while it is typed, and Escape leaves', async () => {
  const { desk } = await openWindow();
  await click('new-message-open');
  await userEvent.fill(await find('new-to'), 'sales@murmel.example');
  await expect.element(hook('new-to')).toHaveAccessibleDescription(/.+/);
  await press('{Escape}');
  await expect.poll(() => desk.starting).toBe(false);
});
