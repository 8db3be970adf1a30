/** What only a reviewer does, as keys and entries of the palette. */
import { m } from '$lib/paraglide/messages.js';
import type { Desk } from '../desk.svelte';
import type { Action } from './actions';

export function reviewActions(desk: Desk): Action[] {
  const { review } = desk;
  const here = () => desk.page === 'review' && review.readable;
  return [
    {
      id: 'go-review',
      label: m.action_go_review,
      keys: ['g r'],
      group: 'go',
      run: () => void desk.goReview(),
      enabled: () => desk.session.reviews,
    },
    {
      id: 'nudge',
      label: m.action_nudge,
      keys: ['u'],
      group: 'work',
      run: () => void desk.nudge(),
      enabled: () => here() && review.row?.mayNudge === true,
    },
    {
      id: 'fine',
      label: m.action_fine,
      keys: ['y'],
      group: 'work',
      run: () => void desk.fineUntilTomorrow(),
      enabled: () => here() && (review.row?.reasons.length ?? 0) > 0,
    },
    {
      id: 'sign-off',
      label: m.action_sign_off,
      keys: [],
      group: 'work',
      run: () => void desk.signOffReview(),
      enabled: () => desk.page === 'review' && (review.current?.inboxes.length ?? 0) > 0,
    },
  ];
}
