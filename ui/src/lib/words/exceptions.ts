/** Exceptions in words: what happened. */
import { m } from '$lib/paraglide/messages.js';
import type { Correction } from '$lib/api/types/Correction';
import type { ExceptionKind } from '$lib/api/types/ExceptionKind';
import { all, past } from '$lib/time/format';
import { outcomeName } from './labels';
import { fullName, type People } from './people';

/** What somebody changed about where the rules had sent it: a sentence without its full stop. */
function correctionWords({ how, by, sent }: Correction, people: People): string {
  switch (how.type) {
    case 'moved':
      return m.exception_moved({
        name: fullName(people, by),
        inbox: people.inbox?.(how.to)?.name ?? m.exception_moved_elsewhere(),
      });
    case 'reassigned':
      return m.exception_reassigned({ right: fullName(people, sent.owner), to: fullName(people, how.to) });
    case 'givenBack':
      return m.exception_given_back({ name: fullName(people, by) });
  }
}

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
    case 'misrouted': {
      const changed = correctionWords(what.correction, people);
      if (what.rule !== null) return m.exception_misrouted_by({ what: changed, rule: what.rule });
      return what.correction.sent.rule === null
        ? m.exception_misrouted_no_rule({ what: changed })
        : `${changed}.`;
    }
    case 'reopened':
      return m.exception_reopened({
        outcome: outcomeName[what.outcome](),
        when: past(what.closedAt),
      });
    case 'stale':
      return m.exception_stale({ when: past(what.since) });
    case 'answeredUnseen':
      return what.quotedFrom === null
        ? m.exception_unseen({ id: what.headerId })
        : m.exception_unseen_quoted({ address: what.quotedFrom });
    case 'answeredOutside':
      return m.exception_outside();
  }
}
