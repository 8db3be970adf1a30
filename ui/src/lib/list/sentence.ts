/** A row as somebody would say it: what a screen reader hears. */
import { m } from '$lib/paraglide/messages.js';
import type { Row } from '$lib/api/types/Row';
import { clockName } from '$lib/time/clocks';
import { dueWords, stamp } from '$lib/time/format';
import { addressName, firstName, label, type People } from '$lib/words/people';
import { turnWords } from '$lib/words/turn';

export function rowSentence(row: Row, people: People): string {
  const name = addressName(row.contact);
  const parts = [
    row.company === null ? name : m.row_of_company({ name, company: row.company }),
    row.subject || m.no_subject(),
    row.owner === null ? m.row_unowned() : m.row_owner({ name: label(people, row.owner) }),
    ...(row.shown.name === undefined || row.turn === 'over' ? [] : [row.shown.name]),
    turnWords(row, people),
    row.due === null ? m.row_last({ time: stamp(row.at) }) : m.row_due({ when: dueWords(row.due).text }),
  ];
  if (row.clock !== null) {
    parts.push(m.row_clock({ what: clockName[row.clock.kind](), when: dueWords(row.clock.due).text }));
  }
  if (row.unread) parts.push(m.row_unread());
  if (row.replying !== null && row.replying !== people.me)
    parts.push(m.is_replying({ name: firstName(people, row.replying) }));
  if (row.draft) parts.push(m.mark_draft());
  if (row.pending) parts.push(m.mark_pending());
  if (row.trouble) parts.push(m.mark_trouble());
  if (row.hasAttachment) parts.push(m.mark_attachment());
  return `${parts.join('. ')}.`;
}
