/** A company while it is edited: what was typed stays as typed, and what is wrong is said at its field. */
import { m } from '$lib/paraglide/messages.js';
import type { Company } from '$lib/api/types/Company';
import type { MemberId } from '$lib/api/types/MemberId';
import { listOf } from './ruleDraft';

/** What the server takes. */
export const COMPANIES_MOST = 1000;
const DOMAINS_MOST = 20;

export interface CompanyDraft {
  name: string;
  /** With commas between. */
  domains: string;
  owner: MemberId | '';
  tier: string;
  accountType: string;
  region: string;
}

export const companyDraft = (company: Company): CompanyDraft => ({
  name: company.name,
  domains: company.domains.join(', '),
  owner: company.owner ?? '',
  tier: company.tier ?? '',
  accountType: company.accountType ?? '',
  region: company.region ?? '',
});

export const newCompany = (): CompanyDraft => companyDraft({ name: '', domains: [], owner: null });

/** A domain as it is compared: of an address only what stands behind the @. */
export const bareDomain = (domain: string): string => domain.trim().toLowerCase().replace(/^.*@/, '');

export const isDomain = (domain: string): boolean =>
  domain.length <= 253 && /^[^\s/\\@,;:.]+(\.[^\s/\\@,;:.]+)+$/.test(domain);

const domainsOf = (draft: CompanyDraft): string[] => [...new Set(listOf(draft.domains).map(bareDomain))];

export const nameProblem = ({ name }: CompanyDraft): string | null =>
  name.trim() === '' ? m.company_name_empty() : null;

/** Who has one of these domains already. */
export const holderOf = (domains: string[], companies: Company[]): Company | undefined =>
  companies.find((other) => other.domains.some((domain) => domains.includes(domain)));

/** What is wrong with the domains, beside those of the other companies. */
export function domainsProblem(draft: CompanyDraft, others: Company[]): string | null {
  const domains = domainsOf(draft);
  if (domains.length === 0) return m.company_no_domain();
  if (domains.length > DOMAINS_MOST) return m.company_many_domains({ most: DOMAINS_MOST });
  if (!domains.every(isDomain)) return m.company_domain_wrong();
  const holder = holderOf(domains, others);
  if (holder === undefined) return null;
  const domain = domains.find((one) => holder.domains.includes(one)) ?? '';
  return m.company_domain_taken({ name: holder.name, domain });
}

/** What was typed, for the server; of a sound draft. */
export function companyOf(draft: CompanyDraft): Company {
  const [tier, accountType, region] = [draft.tier, draft.accountType, draft.region].map((text) =>
    text.trim(),
  );
  return {
    name: draft.name.trim(),
    domains: domainsOf(draft),
    owner: draft.owner === '' ? null : draft.owner,
    ...(tier ? { tier } : {}),
    ...(accountType ? { accountType } : {}),
    ...(region ? { region } : {}),
  };
}

/** What a form says, to be compared with what it said before. */
export const readsAs = (draft: CompanyDraft): string => JSON.stringify(companyOf(draft));

/** The same company, in a list that somebody may have changed since: the same domains, or at least one of them. */
export function found(company: Company, companies: Company[]): number {
  const own = JSON.stringify(company.domains);
  const same = companies.findIndex((other) => JSON.stringify(other.domains) === own);
  if (same >= 0) return same;
  return companies.findIndex((other) => other.domains.some((domain) => company.domains.includes(domain)));
}
