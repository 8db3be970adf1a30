/** A morning in the window: the list, claiming, answering, taking back. */
import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { ConnectionState } from '$lib/api/types/ConnectionState';
import { anna, ben, HOUR, NOW } from './scripted/cast';
import { click, find, hook, openConversation, openWindow, press, textOf } from './window';

/** Long enough for what was asked to be answered. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('the list', () => {
  test('shows what needs doing today, most pressing first, in groups', async () => {
    await openWindow();
    await find('row-1038');
    const headers = [...document.querySelectorAll('.canvas .header')].map((header) =>
      header.textContent?.trim(),
    );
    expect(headers.slice(0, 2)).toEqual(['Overdue2', 'Due today3']);
    expect(textOf('row-1038')).toContain('2 d late');
    expect(textOf('row-1037') || 'not in view').toBeTruthy();
    expect(textOf('view-today')).toContain('2 · 13');
  });

  test('reads its rows as sentences', async () => {
    await openWindow();
    expect((await find('row-1042')).getAttribute('aria-label')).toBe(
      'Carl Brandt of Acme Logistics. Quote for 40 phone booths and delivery to Kiel. Owner You. your turn. Due in 38 min. Unread. Has a file.',
    );
    const grid = document.querySelector('[role=grid]');
    expect(grid?.getAttribute('aria-rowcount')).toBe('13');
  });

  test('moves by keyboard and opens what it moves to', async () => {
    const { desk } = await openWindow();
    await press('j');
    await expect.poll(() => textOf('strip-owner')).toContain('Anna');
    expect(desk.open.id).toBe('c-1038');
    await press('j');
    await expect.poll(() => desk.open.id).toBe('c-1031');
    await press('k');
    await expect.poll(() => desk.open.id).toBe('c-1038');
  });

  test('an empty view says what would be here', async () => {
    await openWindow((backend) => (backend.scenes = []));
    await expect.poll(() => document.body.textContent).toContain('Done for today');
  });

  test('a list that cannot be had says so, and can be asked again', async () => {
    const { backend } = await openWindow((fake) =>
      fake.fail('list', { code: 'storeUnavailable', message: 'raw words' }),
    );
    await expect.poll(() => document.body.textContent).toContain('The database does not answer');
    expect(document.body.textContent).not.toContain('raw words');
    backend.answers = {};
    await userEvent.click(
      [...document.querySelectorAll('button')].find((button) => button.textContent?.includes('Try again'))!,
    );
    await find('row-1038');
  });

  test('searches as one types, and says when nothing is found', async () => {
    await openWindow();
    await press('/');
    await press('Lefevre');
    await find('row-1041');
    expect(hook('row-1038')).toBeNull();
    await userEvent.clear(await find('search'));
    await press('zebra');
    await expect.poll(() => document.body.textContent).toContain('Nothing found for “zebra”');
  });

  test('shows the words around a find where they are not in the row, as text', async () => {
    await openWindow((fake) => {
      const found = [
        { text: '…and the ', found: false },
        { text: '<b>Müllerstraße</b>', found: true },
      ];
      const rows = [{ ...fake.row(fake.scenes[0]!), found }];
      fake.answers.search = () => ({ rows, total: 1, groups: [] });
    });
    await press('/');
    await press('muller');
    const excerpt = await find('found');
    expect(excerpt.textContent).toBe('…and the <b>Müllerstraße</b>');
    expect(excerpt.querySelector('mark')?.textContent).toBe('<b>Müllerstraße</b>');
  });

  test('offline it says that only this computer was searched, and asks again when the connection is back', async () => {
    const { backend, desk } = await openWindow((fake) => {
      fake.answers.search = ({ text }) => {
        const away = fake.connection.state.type === 'offline';
        const rows = text.startsWith('lamp') && !away ? [fake.row(fake.scenes[0]!)] : [];
        return { rows, total: rows.length, groups: [], searched: away ? 'offline' : 'everything' };
      };
    });
    const connect = (state: ConnectionState) => {
      backend.connection = { state, server: 'Lumen', waiting: 0, held: 0 };
      backend.emit({ event: 'connection', data: backend.connection });
    };
    const offline: ConnectionState = { type: 'offline', since: NOW, next: NOW + 8_000, error: null };
    await find('row-1038');
    connect(offline);
    await press('/');
    await press('lamp ');
    await expect.poll(() => textOf('searched')).toBe('Offline: searched what this computer holds');
    await expect.poll(() => document.body.textContent).toContain('The search is made again by itself');
    // The space says that the word is whole.
    expect(backend.asked('search').at(-1)?.text).toBe('lamp ');
    // That it is still away changes nothing; that it tries again neither.
    const asked = backend.asked('search').length;
    connect({ ...offline, next: NOW + 16_000 });
    connect({ type: 'connecting' });
    await settled();
    expect(backend.asked('search').length).toBe(asked);

    connect({ type: 'online' });
    await expect.poll(() => desk.list.total).toBe(1);
    expect(textOf('searched')).toBe('');
    connect(offline);
    await expect.poll(() => desk.list.total).toBe(0);
    expect(textOf('searched')).toContain('Offline');

    // A view is not a search, and says nothing of it.
    await press('{Escape}');
    await find('row-1038');
    expect(textOf('searched')).toBe('');
  });

  test('where the server does not answer a search, it can be asked again', async () => {
    await openWindow((fake) => {
      let times = 0;
      fake.answers.search = () => {
        times += 1;
        const rows = times > 1 ? [fake.row(fake.scenes[0]!)] : [];
        return { rows, total: rows.length, groups: [], searched: times > 1 ? 'everything' : 'unanswered' };
      };
    });
    await press('/');
    await press('zebra');
    await expect.poll(() => textOf('searched')).toContain('The server did not answer');
    await userEvent.click(
      [...document.querySelectorAll('button')].find((button) => button.textContent?.includes('Try again'))!,
    );
    await find('row-1042');
    expect(textOf('searched')).toBe('');
  });

  test('more is found than fits on a page, and stays when something changes', async () => {
    const { backend, desk } = await openWindow((fake) => {
      const template = fake.row(fake.scenes[0]!);
      fake.answers.search = () => {
        const rows = Array.from({ length: 150 }, (_, n) => ({ ...template, id: `s-${n}`, number: n }));
        return { rows, total: rows.length, groups: [], searched: 'everything' };
      };
    });
    await press('/');
    await press('lamp');
    await find('row-0');
    backend.emit({ event: 'changed', data: ['s-0'] });
    await expect.poll(() => backend.asked('search').length).toBeGreaterThan(1);
    await settled();
    expect(desk.list.rows.get(0)?.number).toBe(0);
    expect(desk.list.rows.get(149)?.number).toBe(149);
  });

  test('a hundred thousand conversations are a handful of rows', async () => {
    const { backend, desk } = await openWindow((fake) => {
      const template = fake.row(fake.scenes[0]!);
      fake.answers.list = ({ offset, limit }) => ({
        rows: Array.from({ length: limit }, (_, n) => ({
          ...template,
          id: `h-${offset + n}`,
          number: offset + n,
        })),
        total: 100_000,
        groups: [{ group: 'rest', count: 100_000 }],
      });
    });
    await find('row-0');
    const grid = document.querySelector('[role=grid]') as HTMLElement;
    expect(grid.getAttribute('aria-rowcount')).toBe('100000');
    grid.scrollTop = 70_000 * 76;
    await find('row-70001');
    expect(document.querySelectorAll('[role=row]').length).toBeLessThan(40);
    expect(hook('row-70001')?.getAttribute('aria-rowindex')).toBe('70002');
    expect(backend.asked('list').length).toBeLessThan(6);
    expect(desk.list.rows.get(70_001)?.number).toBe(70_001);
  });

  test('many are marked, closed together, and taken back together', async () => {
    const { backend } = await openWindow();
    await press('j');
    await press('{Shift>}J{/Shift}');
    await expect.poll(() => document.body.textContent).toContain('2 marked');
    await click('bulk-close');
    await userEvent.click(
      [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find((item) =>
        item.textContent?.includes('Lost'),
      )!,
    );
    await expect.poll(() => textOf('toast')).toContain('Closed: Lost · 2 conversations');
    expect(backend.asked('act').map((act) => act.conversation)).toEqual(['c-1038', 'c-1031']);
    await click('toast-undo');
    await expect.poll(() => backend.asked('undo').length).toBe(2);
    expect(backend.scene('c-1031').conversation.closing).toBeNull();
  });
});

describe('claiming', () => {
  test('takes what nobody has', async () => {
    const window = await openWindow();
    await openConversation(window, 1046);
    expect(textOf('strip-owner')).toContain('Nobody');
    await click('claim');
    await expect.poll(() => textOf('strip-owner')).toContain('Anna (you)');
    expect(textOf('toast')).toContain('Claimed');
  });

  test('a lost claim names who was first, without a dialog', async () => {
    const window = await openWindow();
    await openConversation(window, 1046);
    Object.assign(window.backend.scene('c-1046').conversation, { owner: ben.id, ownedSince: NOW - 1_000 });
    await press('c');
    await expect.poll(() => textOf('refusal-line')).toContain('Ben was first, at 14:21.');
    expect(document.querySelector('[role=dialog], dialog')).toBeNull();
  });
});

describe('the five answers', () => {
  test('the next step is written in place', async () => {
    const window = await openWindow();
    await openConversation(window, 1043);
    await press('w');
    await userEvent.fill(await find('next-step-text'), 'Call Mark');
    await press('{Enter}');
    await expect.poll(() => textOf('strip-next')).toContain('Call Mark');
    expect(window.backend.asked('act').at(-1)?.body).toEqual({ type: 'setNextStep', text: 'Call Mark' });
  });

  test('a follow-up is set in words', async () => {
    const window = await openWindow();
    await openConversation(window, 1043);
    await press('f');
    await userEvent.fill(await find('when-text'), 'tomorrow 9:00');
    await press('{Enter}');
    await expect.poll(() => textOf('strip-followup')).toContain('tomorrow 9:00');
  });

  test('closing asks how it ended, and goes on to the next', async () => {
    const window = await openWindow();
    await press('j');
    await expect.poll(() => window.desk.open.current?.conversation.id).toBe('c-1038');
    await press('e');
    await click('outcome-lost');
    await click('close-save');
    await expect.poll(() => window.backend.scene('c-1038').conversation.closing?.outcome).toBe('lost');
    await expect.poll(() => window.desk.open.id).toBe('c-1031');
  });

  test('a note is kept in the conversation it was begun in', async () => {
    const window = await openWindow();
    await openConversation(window, 1043);
    await press('n');
    await userEvent.fill(await find('note-text'), 'Ask @Ben about Accra');
    await openConversation(window, 1040);
    expect(hook('note-text')).toBeNull();
    await openConversation(window, 1043);
    await press('n');
    expect(((await find('note-text')) as HTMLTextAreaElement).value).toBe('Ask @Ben about Accra');
    await click('note-save');
    await expect
      .poll(() => window.backend.asked('act').at(-1)?.body)
      .toEqual({
        type: 'addNote',
        text: 'Ask @Ben about Accra',
        mentions: [ben.id],
      });
  });
});

describe('the thread', () => {
  test('HTML runs nothing, opens nothing, and its links are shown for what they are', async () => {
    const window = await openWindow();
    await openConversation(window, 1036);
    await expect
      .poll(() => document.querySelector('iframe')?.contentDocument?.querySelector('a'))
      .toBeTruthy();
    const frame = document.querySelector('iframe') as HTMLIFrameElement;
    // It is measured once it has arrived, and from then on its links are caught.
    await expect.poll(() => frame.style.width).not.toBe('');
    expect(frame.getAttribute('sandbox')).toBe('allow-same-origin');
    const [honest, trick] = frame.contentDocument!.querySelectorAll('a');
    honest!.click();
    await expect
      .poll(() => window.backend.asked('openLink'))
      .toEqual([{ url: 'https://roesterei-nord.example/plan' }]);
    trick!.click();
    await expect
      .poll(() => textOf('link-doubt'))
      .toContain('Its words say www.roesterei-nord.example, but it opens track.evil.example.');
    expect(textOf('link-doubt')).toContain('Opens https://track.evil.example/x?u=77');
    expect(window.backend.asked('openLink')).toHaveLength(1);
  });

  test('images from one sender are shown from now on, and wait again when that is taken back', async () => {
    const window = await openWindow();
    const { backend } = window;
    await openConversation(window, 1036);
    await click('always-show-images');
    await expect.poll(() => backend.settings.imagesFrom).toHaveLength(1);
    expect(backend.asked('body').at(-1)?.remoteImages).toBe(true);
    await click('toast-undo');
    await expect.poll(() => backend.settings.imagesFrom).toEqual([]);
    await expect.poll(() => backend.asked('body').at(-1)?.remoteImages).toBe(false);
  });

  test('images from elsewhere are loaded when asked', async () => {
    const window = await openWindow();
    await openConversation(window, 1036);
    await expect.poll(() => document.body.textContent).toContain('3 images from elsewhere were not loaded');
    await userEvent.click(
      [...document.querySelectorAll('button')].find((button) => button.textContent?.includes('Show images'))!,
    );
    await expect.poll(() => window.backend.asked('body').at(-1)?.remoteImages).toBe(true);
    await expect.poll(() => document.body.textContent).not.toContain('were not loaded');
  });

  test('an attachment is saved, and says where', async () => {
    const window = await openWindow();
    await openConversation(window, 1042);
    await click('attachment-0');
    await expect.poll(() => textOf('toast')).toContain('/home/anna/Downloads/file.pdf');
  });

  test('a message attached to a message is read in place, and says what it carries', async () => {
    const window = await openWindow((backend) => {
      const item = backend
        .scene('c-1042')
        .thread.find((item) => item.type === 'message' && item.message.attachments.length > 0);
      if (item?.type === 'message') item.message.attachments[0]!.mime = 'message/rfc822';
    });
    await openConversation(window, 1042);
    await click('nested-0');
    await expect.poll(() => textOf('nested-message')).toContain('As agreed on the phone: free delivery.');
    expect(textOf('nested-message')).toContain('terms.pdf (20 kB)');
    await click('nested-0');
    await expect.poll(() => hook('nested-message')).toBeNull();
  });

  test('a reply in doubt is shown to a person, with the ways out', async () => {
    const window = await openWindow();
    await openConversation(window, 1035);
    await expect.poll(() => textOf('message-1')).toContain('Nobody can tell whether it left.');
    await click('settle-again');
    await expect
      .poll(() => window.backend.asked('act').at(-1)?.body)
      .toMatchObject({ type: 'settleUnknown', how: 'sendAgain' });
  });

  test('a body that is not here yet says so', async () => {
    const window = await openWindow((backend) => {
      const body = backend.scene('c-1043').bodies.values().next().value!;
      backend.answers.body = () => ({ ...body, missing: true });
    });
    await openConversation(window, 1043);
    await expect.poll(() => document.body.textContent).toContain('It comes with the network.');
  });

  test('a conversation that cannot be opened says so', async () => {
    const window = await openWindow((backend) => backend.fail('open', { code: 'notFound', message: '' }));
    await window.desk.go('c-1042');
    await expect.poll(() => document.body.textContent).toContain('This conversation could not be opened');
  });
});

test('offline: the words count what waits, and work goes on', async () => {
  const window = await openWindow((backend) => {
    backend.connection = {
      state: { type: 'offline', since: NOW - HOUR, next: NOW + 8_000, error: null },
      server: 'https://x',
      waiting: 3,
      held: 0,
    };
    backend.answers.act = () => ({ type: 'pending', command: 'x' });
  });
  expect(textOf('connection')).toMatch(/^Offline · 3 actions waiting · tries again in \d s$/);
  await openConversation(window, 1046);
  await press('c');
  await expect.poll(() => textOf('toast')).toContain('done for everybody when the network is back');
});

test('a click on a notification shows its conversation', async () => {
  const { backend, desk } = await openWindow();
  backend.emit({ event: 'focus', data: 'c-1040' });
  await expect.poll(() => desk.open.current?.conversation.id).toBe('c-1040');
});

test('others who look are shown', async () => {
  const window = await openWindow();
  await openConversation(window, 1042);
  window.backend.emit({
    event: 'presence',
    data: [
      { member: ben.id, looking: 'c-1042', active: true },
      { member: anna.id, looking: 'c-1042', active: true },
    ],
  });
  await expect.poll(() => document.querySelectorAll('.looking .avatar').length).toBe(1);
});

test('the focus goes with the selection, and Tab comes into the list at one row', async () => {
  await openWindow();
  await find('row-1038');
  const stops = () =>
    [...document.querySelectorAll('[role=row][tabindex="0"]')].map((row) => row.getAttribute('data-testid'));
  expect(stops()).toEqual(['row-1038']);
  await press('j');
  await press('j');
  await expect.poll(() => document.activeElement?.getAttribute('data-testid')).toBe('row-1031');
  expect(stops()).toEqual(['row-1031']);
});

test('an offer to undo goes when something else was done', async () => {
  const window = await openWindow();
  await openConversation(window, 1046);
  await press('c');
  await expect.poll(() => textOf('toast')).toContain('Claimed');
  await press('t');
  await press('north{Enter}');
  await expect.poll(() => hook('toast')).toBeNull();
});
