/** Companies from a table of comma separated values: what can be used is, and of every other line it is said why not. */
import { m } from '$lib/paraglide/messages.js';
import type { Company } from '$lib/api/types/Company';
import type { Member } from '$lib/api/types/Member';
import {
  bareDomain,
  COMPANIES_MOST,
  companyDraft,
  companyOf,
  domainsProblem,
  found,
  nameProblem,
} from './companyDraft';

/** What a heading means, in the languages of the window and as other programs write it. */
const headings: Record<Column, string[]> = {
  name: [
    'name',
    'company',
    'account',
    'account name',
    'company name',
    'firma',
    'firmenname',
    'unternehmen',
    'empresa',
    'nombre',
  ],
  domains: ['domain', 'domains', 'website', 'email domain', 'domänen', 'dominio', 'dominios'],
  owner: [
    'owner',
    'account owner',
    'company owner',
    'betreut von',
    'betreuer',
    'responsable',
    'responsable de la cuenta',
  ],
  tier: ['tier', 'account tier', 'kundenstufe', 'stufe', 'nivel'],
  accountType: ['type', 'account type', 'kundenart', 'art', 'tipo'],
  region: ['region', 'territory', 'gebiet', 'región'],
};

type Column = 'name' | 'domains' | 'owner' | 'tier' | 'accountType' | 'region';

/** A line that can't be used. */
export interface BadLine {
  /** Where it begins in the text, from 1. */
  line: number;
  why: string;
  /** As it was. */
  text: string;
}

export interface Import {
  /** The whole list as it would be. */
  companies: Company[];
  added: number;
  changed: number;
  /** Those that are there already, just so. */
  same: number;
  bad: BadLine[];
  /** Why nothing at all can be read. */
  problem: string | null;
  /** The line with the headings, as it was. */
  head: string;
  /** From which line a company came, and what stood in its place before. */
  lines: Map<Company, { line: number; text: string; before: Company | undefined }>;
}

interface Line {
  line: number;
  text: string;
  cells: string[];
}

/** The lines of a table. A cell within quotes may hold separators and ends of lines. */
function linesOf(text: string): Line[] {
  const separator = [';', '\t', ','].map((one) => ({
    one,
    count: (text.split('\n')[0] ?? '').split(one).length,
  }));
  const by = separator.reduce((most, next) => (next.count > most.count ? next : most)).one;
  const lines: Line[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let number = 1;
  let begins = 1;
  let from = 0;
  const end = (at: number) => {
    cells.push(cell);
    if (cells.some((one) => one.trim() !== '')) {
      lines.push({
        line: begins,
        text: text.slice(from, at).replace(/\r$/, ''),
        cells: cells.map((one) => one.trim()),
      });
    }
    cells = [];
    cell = '';
    from = at + 1;
    begins = number;
  };
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at] ?? '';
    if (one === '\n') number += 1;
    if (quoted) {
      if (one !== '"') cell += one;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (one === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (one === by) {
      cells.push(cell);
      cell = '';
    } else if (one === '\n') end(at);
    else cell += one;
  }
  end(text.length);
  return lines;
}

/** Of an address of a web site only the domain. */
const domainOf = (text: string): string =>
  bareDomain(
    text
      .trim()
      .replace(/^[a-z]+:\/\//i, '')
      .replace(/^www\./i, '')
      .replace(/[/?#].*$/, ''),
  );

/** What importing `text` into the list would do. A company is the same where it shares a domain; an empty cell changes nothing. */
export function imported(text: string, known: Company[], members: Member[]): Import {
  const [head, ...lines] = linesOf(text.replace(/^\uFEFF/, ''));
  const result: Import = {
    companies: [...known],
    added: 0,
    changed: 0,
    same: 0,
    bad: [],
    problem: null,
    head: head?.text ?? '',
    lines: new Map(),
  };
  const columns = (head?.cells ?? []).map((cell) =>
    (Object.keys(headings) as Column[]).find((column) => headings[column].includes(cell.toLowerCase())),
  );
  if (!columns.includes('name') || !columns.includes('domains')) {
    return { ...result, problem: m.companies_import_headings() };
  }
  for (const { line, text: whole, cells } of lines) {
    const cell = (column: Column): string => cells[columns.indexOf(column)] ?? '';
    const bad = (why: string) => result.bad.push({ line, why, text: whole });
    const domains = cell('domains')
      .split(/[,;\s]+/)
      .filter((one) => one !== '')
      .map(domainOf);
    const at = found({ name: '', domains, owner: null }, result.companies);
    const before = result.companies[at];
    const draft = companyDraft(before ?? { name: '', domains: [], owner: null });
    draft.name = cell('name');
    draft.domains = [...new Set([...(before?.domains ?? []), ...domains])].join(', ');
    for (const column of ['tier', 'accountType', 'region'] as const)
      draft[column] = cell(column) || draft[column];
    const named = cell('owner').toLowerCase();
    if (named !== '') {
      const called = members.filter(
        (member) =>
          member.active && (member.email.toLowerCase() === named || member.name.toLowerCase() === named),
      );
      if (called.length !== 1) {
        bad(
          called.length === 0
            ? m.company_owner_unknown({ name: cell('owner') })
            : m.company_owner_several({ name: cell('owner') }),
        );
        continue;
      }
      draft.owner = called[0]?.id ?? '';
    }
    const others = result.companies.filter((_, other) => other !== at);
    const wrong =
      domains.length === 0 ? m.company_no_domain() : (nameProblem(draft) ?? domainsProblem(draft, others));
    const tooLong = [draft.name, draft.tier, draft.accountType, draft.region].some((one) => one.length > 200);
    if (wrong !== null || tooLong) {
      bad(wrong ?? m.company_too_long());
      continue;
    }
    const company = companyOf(draft);
    result.lines.set(company, { line, text: whole, before });
    if (before === undefined) {
      if (result.companies.length >= COMPANIES_MOST) {
        bad(m.companies_full({ most: COMPANIES_MOST }));
        continue;
      }
      result.companies.push(company);
      result.added += 1;
    } else if (JSON.stringify(companyOf(companyDraft(before))) === JSON.stringify(company)) {
      result.same += 1;
    } else {
      result.companies[at] = company;
      result.changed += 1;
    }
  }
  return result;
}

/** What is left to be mended, as a table again. */
export const leftOver = ({ head, bad }: Import): string =>
  bad.length === 0 ? '' : [head, ...bad.map(({ text }) => text)].join('\n');
