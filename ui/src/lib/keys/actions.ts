/** Everything a person can do, once: the keyboard, the palette, the help and the menus read this list. */
import { m } from '$lib/paraglide/messages.js';
import type { Action as Doing } from '$lib/api/types/Action';
import type { View } from '$lib/api/types/View';
import type { Desk } from '../desk.svelte';
import { viewName } from '../words/labels';
import type { Panel } from '../conversation/conversation.svelte';
import { reviewActions } from './reviewing';

export type ActionGroup = 'move' | 'work' | 'write' | 'go' | 'window';

export interface Action {
  id: string;
  label: () => string;
  keys: string[];
  group: ActionGroup;
  run: () => void;
  enabled?: () => boolean;
  typing?: boolean;
  /** Not in the palette: it only makes sense as a key. */
  keyOnly?: boolean;
}

export const groupLabel: Record<ActionGroup, () => string> = {
  move: m.keys_move,
  work: m.keys_work,
  write: m.keys_write,
  go: m.keys_go,
  window: m.keys_window,
};

export function actions(desk: Desk): Action[] {
  const { list, open, composer } = desk;
  const reading = () => desk.page === 'inbox' || desk.page === 'review';
  const shown = () => reading() && open.current !== null;
  // What was merged into another goes on there.
  const hasOpen = () => shown() && open.current?.conversation.merged === undefined;
  const inInbox = () => desk.page === 'inbox';
  const may = (doing: Doing) => () => shown() && open.may(doing);
  const panel = (wanted: Panel) => () => (open.panel = wanted);
  const marking = () => list.marked.size > 0;
  const id = () => open.id ?? '';

  const go = (view: View, letter: string): Action => ({
    id: `go-${view}`,
    label: () => m.action_go_to({ view: viewName[view]() }),
    keys: [`g ${letter}`],
    group: 'go',
    run: () => {
      desk.page = 'inbox';
      void list.show(view);
    },
  });

  return [
    {
      id: 'next',
      label: m.action_next,
      keys: ['j', 'ArrowDown'],
      group: 'move',
      run: () => desk.step(1),
      enabled: reading,
      keyOnly: true,
    },
    {
      id: 'previous',
      label: m.action_previous,
      keys: ['k', 'ArrowUp'],
      group: 'move',
      run: () => desk.step(-1),
      enabled: reading,
      keyOnly: true,
    },
    {
      id: 'mark-down',
      label: m.action_mark_down,
      keys: ['Shift+J', 'Shift+ArrowDown'],
      group: 'move',
      enabled: inInbox,
      keyOnly: true,
      run: () => markStep(desk, 1),
    },
    {
      id: 'mark-up',
      label: m.action_mark_up,
      keys: ['Shift+K', 'Shift+ArrowUp'],
      group: 'move',
      enabled: inInbox,
      keyOnly: true,
      run: () => markStep(desk, -1),
    },
    {
      id: 'open',
      label: m.action_open,
      keys: ['Enter'],
      group: 'move',
      enabled: () => reading() && open.current !== null && !isControl(document.activeElement),
      keyOnly: true,
      run: () => document.querySelector<HTMLElement>('[data-thread]')?.focus(),
    },
    {
      id: 'search',
      label: m.action_search,
      keys: ['/'],
      group: 'move',
      run: () => {
        desk.page = 'inbox';
        desk.searchFocus += 1;
      },
    },

    {
      id: 'claim',
      label: m.action_claim,
      keys: ['c'],
      group: 'work',
      run: () =>
        marking() ? void desk.actOnMarked(() => ({ type: 'claim' })) : void desk.act({ type: 'claim' }),
      enabled: () => marking() || hasOpen(),
    },
    {
      id: 'assign',
      label: m.action_assign,
      keys: ['a'],
      group: 'work',
      run: panel('owner'),
      enabled: hasOpen,
    },
    {
      id: 'hand-off',
      label: m.action_hand_off,
      keys: ['h'],
      group: 'work',
      run: panel('handOff'),
      enabled: hasOpen,
    },
    {
      id: 'release',
      label: m.action_release,
      keys: [],
      group: 'work',
      run: () => void desk.act({ type: 'release' }),
      enabled: () => may('release')() && open.current?.conversation.owner !== null,
    },
    {
      id: 'next-step',
      label: m.action_next_step,
      keys: ['w'],
      group: 'work',
      run: panel('nextStep'),
      enabled: hasOpen,
    },
    {
      id: 'follow-up',
      label: m.action_follow_up,
      keys: ['f'],
      group: 'work',
      run: panel('followUp'),
      enabled: hasOpen,
    },
    {
      id: 'follow-up-done',
      label: m.action_follow_up_done,
      keys: ['d'],
      group: 'work',
      run: () => void desk.act({ type: 'completeFollowUp' }),
      enabled: () => hasOpen() && open.current?.conversation.followUp !== null,
    },
    {
      id: 'snooze',
      label: m.action_snooze,
      keys: ['s'],
      group: 'work',
      run: panel('snooze'),
      enabled: hasOpen,
    },
    {
      id: 'wake',
      label: m.action_wake,
      keys: [],
      group: 'work',
      run: () => void desk.act({ type: 'wake' }),
      enabled: () => hasOpen() && open.current?.conversation.snoozed !== null,
    },
    { id: 'block', label: m.action_block, keys: ['b'], group: 'work', run: panel('block'), enabled: hasOpen },
    {
      id: 'unblock',
      label: m.action_unblock,
      keys: [],
      group: 'work',
      run: () => void desk.act({ type: 'unblock' }),
      enabled: () => hasOpen() && open.current?.conversation.blocked !== null,
    },
    {
      id: 'escalate',
      label: m.action_escalate,
      keys: ['Shift+E'],
      group: 'work',
      run: panel('escalate'),
      enabled: may('escalate'),
    },
    {
      id: 'acknowledge',
      label: m.action_acknowledge,
      keys: ['i'],
      group: 'work',
      run: () => void desk.act({ type: 'acknowledgeEscalation' }),
      enabled: may('acknowledge'),
    },
    {
      id: 'route',
      label: m.action_route,
      keys: ['Shift+A'],
      group: 'work',
      run: () => void desk.act({ type: 'route' }),
      enabled: may('route'),
    },
    {
      id: 'move',
      label: m.action_move,
      keys: ['m'],
      group: 'work',
      run: panel('inbox'),
      enabled: may('move'),
    },
    {
      id: 'merge',
      label: m.action_merge,
      keys: ['Shift+M'],
      group: 'work',
      run: panel('merge'),
      enabled: may('merge'),
    },
    {
      id: 'unmerge',
      label: m.action_unmerge,
      keys: [],
      group: 'work',
      run: () => void desk.act({ type: 'unmerge' }),
      enabled: may('unmerge'),
    },
    {
      id: 'split',
      label: m.action_split,
      keys: ['Shift+S'],
      group: 'work',
      run: () => {
        open.splitAt = null;
        open.panel = 'split';
      },
      enabled: may('split'),
    },
    {
      id: 'name-status',
      label: m.action_name_status,
      keys: ['l'],
      group: 'work',
      run: panel('status'),
      enabled: () => hasOpen() && (open.current?.statuses.length ?? 0) > 0,
    },
    {
      id: 'close-now',
      label: m.action_close_now,
      keys: [],
      group: 'work',
      run: () => void desk.act({ type: 'setStatus', status: 'closed' }),
      enabled: () => hasOpen() && open.current?.conversation.status === 'resolved',
    },
    { id: 'close', label: m.action_close, keys: ['e'], group: 'work', run: panel('close'), enabled: hasOpen },
    {
      id: 'reopen',
      label: m.action_reopen,
      keys: [],
      group: 'work',
      run: () => void desk.act({ type: 'reopen' }),
      enabled: () => may('reopen')() && open.current?.conversation.closing !== null,
    },
    {
      id: 'no-reply-needed',
      label: m.action_no_reply_needed,
      keys: ['x'],
      group: 'work',
      run: () => void desk.act({ type: 'noReplyNeeded' }),
      enabled: hasOpen,
    },
    {
      id: 'not-a-lead',
      label: m.action_not_a_lead,
      keys: ['!'],
      group: 'work',
      run: () => void desk.act({ type: 'notALead' }),
      enabled: hasOpen,
    },
    { id: 'tag', label: m.action_tag, keys: ['t'], group: 'work', run: panel('tag'), enabled: hasOpen },
    {
      id: 'category',
      label: m.action_category,
      keys: [],
      group: 'work',
      run: panel('category'),
      enabled: hasOpen,
    },
    {
      id: 'priority',
      label: m.action_priority,
      keys: ['p'],
      group: 'work',
      run: panel('priority'),
      enabled: hasOpen,
    },
    { id: 'value', label: m.action_value, keys: ['v'], group: 'work', run: panel('value'), enabled: hasOpen },
    { id: 'undo', label: m.action_undo, keys: ['z'], group: 'work', run: () => desk.undo() },

    {
      id: 'new-message',
      label: m.action_new_message,
      keys: ['Shift+N'],
      group: 'write',
      run: () => (desk.starting = true),
    },
    {
      id: 'reply',
      label: m.action_reply,
      keys: ['r'],
      group: 'write',
      run: () => composer.open(),
      enabled: hasOpen,
    },
    {
      id: 'cover',
      label: m.action_cover,
      keys: ['Shift+R'],
      group: 'write',
      run: () => composer.open(true),
      enabled: hasOpen,
    },
    {
      id: 'forward',
      label: m.action_forward,
      keys: ['Shift+F'],
      group: 'write',
      run: () => void desk.forward(),
      enabled: () => hasOpen() && desk.mayForward,
    },
    {
      id: 'note',
      label: m.action_note,
      keys: ['n'],
      group: 'write',
      run: () => desk.notes.open(id()),
      enabled: hasOpen,
    },
    {
      id: 'send',
      label: m.action_send,
      keys: ['Mod+Enter'],
      group: 'write',
      run: () => undefined,
      enabled: () => false,
      keyOnly: true,
    },
    {
      id: 'owe',
      label: m.action_owe,
      keys: ['Alt+1'],
      group: 'write',
      run: () => undefined,
      enabled: () => false,
      keyOnly: true,
    },
    {
      id: 'nothing-more',
      label: m.action_nothing_more,
      keys: ['Alt+2'],
      group: 'write',
      run: () => undefined,
      enabled: () => false,
      keyOnly: true,
    },
    {
      id: 'adopt',
      label: m.action_adopt,
      keys: ['Alt+u'],
      group: 'write',
      run: () => undefined,
      enabled: () => false,
      keyOnly: true,
    },

    go('today', 't'),
    go('mine', 'm'),
    go('unassigned', 'u'),
    go('waiting', 'w'),
    go('quotesOut', 'q'),
    go('blocked', 'b'),
    go('snoozed', 's'),
    go('closed', 'c'),
    go('all', 'a'),
    go('leftOver', 'l'),
    go('escalated', 'e'),
    ...reviewActions(desk),
    {
      id: 'go-exceptions',
      label: m.action_go_held,
      keys: ['g x', 'g h'],
      group: 'go',
      run: () => (desk.page = 'exceptions'),
    },
    {
      id: 'go-settings',
      label: m.action_go_settings,
      keys: ['g ,', 'Mod+,'],
      group: 'go',
      run: () => (desk.page = 'settings'),
      typing: true,
    },

    {
      id: 'context',
      label: m.action_context,
      keys: ['.'],
      group: 'window',
      run: () => desk.toggleContext(),
      enabled: reading,
    },
    {
      id: 'palette',
      label: m.action_palette,
      keys: ['Mod+k'],
      group: 'window',
      run: () => (desk.palette = !desk.palette),
      typing: true,
      keyOnly: true,
    },
    { id: 'help', label: m.action_help, keys: ['?'], group: 'window', run: () => (desk.help = !desk.help) },
    {
      id: 'escape',
      label: m.action_escape,
      keys: ['Escape'],
      group: 'window',
      run: () => escape(desk),
      keyOnly: true,
    },
  ];
}

/** The first key of an action, to be shown beside it. */
export const keyOf = (all: Action[], id: string): string | undefined =>
  all.find((action) => action.id === id)?.keys[0];

function isControl(element: Element | null): boolean {
  return (
    element instanceof HTMLElement &&
    element.matches('button, a, input, summary, [role=menuitem]') &&
    !element.matches('[role=row]')
  );
}

/** One layer at a time, the topmost first. */
function escape(desk: Desk): void {
  if (desk.help) desk.help = false;
  else if (desk.palette) desk.palette = false;
  else if (desk.open.panel !== null) desk.open.panel = null;
  else if (desk.open.refused !== null) desk.open.refused = null;
  else if (desk.list.marked.size > 0) desk.list.unmark();
  else if (desk.page !== 'inbox') desk.page = 'inbox';
  else if (desk.list.search !== null) desk.list.find(null);
}

function markStep(desk: Desk, by: 1 | -1): void {
  const { list } = desk;
  if (list.selected !== null) list.mark(list.selected, true);
  const row = list.step(by);
  if (!row) return;
  list.mark(row.id, true);
  list.select(row.id);
}
