/** Lists of companies, judged as the server does as far as the window depends on it. */
import type { Companies } from '$lib/api/types/Companies';
import type { CompaniesKept } from '$lib/api/types/CompaniesKept';
import type { Refusal } from '$lib/api/types/Refusal';

export function refusedCompanies(
  kept: CompaniesKept,
  { companies, basedOn }: { companies: Companies; basedOn: number },
): Refusal | null {
  if (basedOn !== kept.version) return { type: 'versionConflict', theirs: kept.version };
  const open = companies.companies.findIndex(({ domains }) => domains.includes('gmail.com'));
  return open < 0 ? null : { type: 'invalid', field: `companies.${open + 1}.domains`, why: 'openToAll' };
}
