import { expect, test } from 'vitest';
import { draftOf, newStatus, standings, toKind, workflowOf, wrongOf } from './statusesDraft';

test('what is as Baton has it is not said', () => {
  expect(workflowOf(draftOf({ kind: 'sales' }), 'sales')).toEqual({ kind: 'sales' });
  expect(workflowOf(draftOf({ kind: 'support' }), 'support')).toEqual({ kind: 'support' });
  expect(
    draftOf({ kind: 'support' })
      .filter((one) => !one.shown)
      .map((one) => one.id),
  ).toEqual(['followUpDue', 'needsInput']);
});

test('another order, a name or something hidden is', () => {
  const named = draftOf({ kind: 'sales' });
  if (named[1]) named[1].name = ' Working ';
  const saved = workflowOf(named, 'sales');
  expect(saved?.statuses?.[1]).toMatchObject({ id: 'assigned', name: 'Working' });
  expect(draftOf(saved ?? { kind: 'sales' }).map((one) => one.id)).toEqual(standings.sales);
  const hidden = draftOf({ kind: 'sales' });
  if (hidden[5]) hidden[5].shown = false;
  expect(workflowOf(hidden, 'sales')?.statuses?.[5]).toMatchObject({ id: 'quoteSent', hidden: true });
  const ordered = draftOf({ kind: 'sales' }).reverse();
  expect(workflowOf(ordered, 'sales')?.statuses?.[0]?.id).toBe('closed');
});

test('what is wrong is said at its field, and nothing is saved', () => {
  const drafts = [...draftOf({ kind: 'sales' }), newStatus()];
  expect(wrongOf(drafts, 9, 'sales')).toMatchObject({
    name: 'Give it a name.',
    sentence: 'Say in a sentence what it means.',
    shown: null,
  });
  expect(workflowOf(drafts, 'sales')).toBeNull();
  const ended = draftOf({ kind: 'sales' });
  if (ended[6]) ended[6].shown = false;
  expect(wrongOf(ended, 6, 'sales').shown).not.toBeNull();
  const open = draftOf({ kind: 'sales' });
  if (open[1]) open[1].shown = false;
  expect(wrongOf(open, 1, 'sales').shown).toBeNull();
  if (open[3]) open[3].shown = false;
  expect(wrongOf(open, 1, 'sales').shown).not.toBeNull();
});

test('the other kind keeps what both know', () => {
  const sales = draftOf({ kind: 'sales' });
  if (sales[1]) sales[1].name = 'Working';
  const support = toKind(sales, 'support');
  expect(support.map((one) => one.id)).toEqual(standings.support);
  expect(support[1]?.name).toBe('Working');
});

test('the other kind shows and hides what it usually does, and saves nothing of its own', () => {
  expect(workflowOf(toKind(draftOf({ kind: 'sales' }), 'support'), 'support')).toEqual({ kind: 'support' });
  expect(workflowOf(toKind(draftOf({ kind: 'support' }), 'sales'), 'sales')).toEqual({ kind: 'sales' });
});

test('looking at the other kind loses nothing', () => {
  const sales = draftOf({ kind: 'sales' }).reverse();
  const quote = sales.find((one) => one.id === 'quoteSent');
  const due = sales.find((one) => one.id === 'followUpDue');
  if (quote) quote.name = 'Offer out';
  if (due) due.shown = false;
  const own = {
    ...newStatus(),
    name: 'Verbal yes',
    sentence: 'They said so.',
    standsFor: 'quoteSent' as const,
  };
  sales.push(own);
  const support = toKind(sales, 'support');
  const open = support.find((one) => one.id === 'assigned');
  if (open) open.name = 'In work';
  const back = toKind(support, 'sales', sales);
  expect(back.map((one) => one.id)).toEqual(sales.map((one) => one.id));
  expect(back.find((one) => one.id === 'quoteSent')?.name).toBe('Offer out');
  expect(back.find((one) => one.id === own.id)).toEqual(own);
  expect(back.find((one) => one.id === 'followUpDue')?.shown).toBe(false);
  // What was typed there is not lost either.
  expect(back.find((one) => one.id === 'assigned')?.name).toBe('In work');
});
