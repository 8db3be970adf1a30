/** A rota as the core reckons it, in a zone without changes of clocks: enough to look at. */
import type { OnCallPreview } from '$lib/api/types/OnCallPreview';
import type { PreviewOnCall } from '$lib/api/types/PreviewOnCall';
import type { OnCallTurn } from '$lib/api/types/OnCallTurn';
import { DAY, HOUR, MINUTE } from './cast';

/** Berlin in winter. */
const OFFSET = HOUR;

export function previewOf({ rota, days }: PreviewOnCall, now: number): OnCallPreview {
  const begins = (day: number) => day * DAY + rota.handoverMinute * MINUTE - OFFSET;
  const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY;
  const first = Math.floor((now - begins(0)) / DAY);
  const turns: OnCallTurn[] = [];
  for (let day = first; begins(day) < now + days * DAY; day += 1) {
    const turn = Math.floor((day - dayOf(rota.firstDay)) / rota.daysEach);
    const count = rota.members.length;
    const usual = rota.members[((turn % count) + count) % count] ?? '';
    const other = rota.overrides.find((one) => dayOf(one.date) === day)?.member;
    const member = other ?? usual;
    const inPlaceOf = other === undefined || other === usual ? undefined : usual;
    const last = turns.at(-1);
    if (last?.member === member && last.inPlaceOf === inPlaceOf) last.until = begins(day + 1);
    else
      turns.push({
        member,
        from: begins(day),
        until: begins(day + 1),
        ...(inPlaceOf === undefined ? {} : { inPlaceOf }),
      });
  }
  return { wrong: null, turns };
}
