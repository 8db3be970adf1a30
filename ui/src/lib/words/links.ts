/** Links that are not what they seem, in words. */
import { m } from '$lib/paraglide/messages.js';
import type { LinkDoubt } from '$lib/api/types/LinkDoubt';

export function doubtWords(doubt: LinkDoubt): string {
  switch (doubt.type) {
    case 'otherHost':
      return m.link_doubt_other_host(doubt);
    case 'foreignLetters':
      return m.link_doubt_foreign_letters(doubt);
    case 'lookAlike':
      return m.link_doubt_look_alike(doubt);
    case 'numericHost':
      return m.link_doubt_numeric_host(doubt);
    case 'hostHidden':
      return m.link_doubt_host_hidden(doubt);
  }
}
