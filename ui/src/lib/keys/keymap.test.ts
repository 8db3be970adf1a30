import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Desk } from '$lib/desk.svelte';
import { ScriptedBackend } from '$test/scripted/scripted';
import { actions } from './actions';
import { keyCaps } from './caps';
import { fuzzy } from './fuzzy';
import { chordOf, Keymap } from './keymap';

const key = (key: string, part: KeyboardEventInit = {}): KeyboardEvent =>
  new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...part });

describe('a chord', () => {
  test.each([
    [key('j'), 'j'],
    [key('J', { shiftKey: true }), 'Shift+J'],
    [key('!', { shiftKey: true }), '!'],
    [key('?', { shiftKey: true }), '?'],
    [key('k', { ctrlKey: true }), 'Mod+k'],
    [key('k', { metaKey: true }), 'Mod+k'],
    [key('¡', { altKey: true, code: 'Digit1' }), 'Alt+1'],
    [key('Enter', { ctrlKey: true }), 'Mod+Enter'],
    [key('Escape'), 'Escape'],
  ])('%#', (event, chord) => expect(chordOf(event)).toBe(chord));

  test('a lone modifier is none', () => expect(chordOf(key('Shift', { shiftKey: true }))).toBeNull());
});

describe('the keymap', () => {
  const ran = vi.fn<(what: string) => void>();
  let map: Keymap;

  beforeEach(() => {
    ran.mockClear();
    map = new Keymap();
    map.bind([
      { keys: ['c'], run: () => ran('claim') },
      { keys: ['g t'], run: () => ran('today') },
      { keys: ['t'], run: () => ran('tag') },
      { keys: ['Mod+k'], run: () => ran('palette'), typing: true },
      { keys: ['g ,'], run: () => ran('settings'), typing: true },
      { keys: ['x'], run: () => ran('never'), enabled: () => false },
    ]);
  });

  const into = (element: HTMLElement, event: KeyboardEvent): KeyboardEvent => {
    document.body.append(element);
    element.dispatchEvent(event);
    map.press(event);
    element.remove();
    return event;
  };

  test('a sequence is its second key in time, and only that', () => {
    map.press(key('g'));
    map.press(key('t'));
    map.press(key('t'));
    expect(ran.mock.calls).toEqual([['today'], ['tag']]);
  });

  test('no letter is taken from a text, not even the beginning of a sequence', () => {
    const letters = ['g', ',', 'c', 't'].map((letter) =>
      into(document.createElement('textarea'), key(letter)),
    );
    expect(ran).not.toHaveBeenCalled();
    expect(letters.some((event) => event.defaultPrevented)).toBe(false);
  });

  test('a chord with a modifier works while typing', () => {
    into(document.createElement('input'), key('k', { ctrlKey: true }));
    expect(ran).toHaveBeenCalledWith('palette');
  });

  test('what is not possible is left to the page', () => {
    const event = key('x');
    expect(map.press(event)).toBe(false);
    expect(event.defaultPrevented).toBe(false);
  });
});

test('no two actions share a key', () => {
  const keys = actions(new Desk(new ScriptedBackend())).flatMap((action) => action.keys);
  expect(keys.filter((one, index) => keys.indexOf(one) !== index)).toEqual([]);
});

test('caps are shown one by one', () => {
  expect(keyCaps('g t')).toEqual(['G', 'T']);
  expect(keyCaps('Shift+R')).toHaveLength(2);
});

test('the palette finds by beginnings, in any script of letters', () => {
  expect(fuzzy('hof', 'Hand off')).not.toBeNull();
  expect(fuzzy('ubergeben', 'Übergeben')).not.toBeNull();
  expect(fuzzy('zzz', 'Close')).toBeNull();
  expect(fuzzy('clo', 'Close') ?? 0).toBeGreaterThan(fuzzy('clo', 'Go to Closed') ?? 0);
});
