/** Exceptions in words: what happened. */
import { m } from '$lib/paraglide/messages.js';
import type { ExceptionKind } from '$lib/api/types/ExceptionKind';
import { all, past } from '$lib/time/format';
import { fullName, type People } from './people';

export function exceptionWords(what: ExceptionKind, people: People): string {
  switch (what.type) {
    case 'unknown':
      return m.exception_unknown({ name: fullName(people, what.by) });
    case 'failed':
      return what.reason === ''
        ? m.exception_dropped({ name: fullName(people, what.by) })
        : m.exception_failed({ name: fullName(people, what.by), reason: what.reason });
    case 'bounced':
      return m.exception_bounced();
    case 'escalated':
      return what.asked.length === 0
        ? m.exception_escalated_nobody()
        : m.exception_escalated({ names: all(what.asked.map((id) => fullName(people, id))) });
    case 'unassigned':
      return m.exception_unassigned({ when: past(what.due) });
    case 'duplicate':
      return m.exception_duplicate({
        number: `#${what.number}`,
        subject: what.subject || m.no_subject(),
      });
    case 'answeredOutside':
      return m.exception_outside();
  }
}
