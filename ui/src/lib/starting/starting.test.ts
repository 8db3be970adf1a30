import { expect, test } from 'vitest';
import type { Account } from '$lib/api/types/Account';
import type { Capability } from '$lib/api/types/Capability';
import type { Inbox } from '$lib/api/types/Inbox';
import type { Member } from '$lib/api/types/Member';
import type { Team } from '$lib/api/types/Team';
import { customer, writable } from './starting';

const anna = { id: 'anna', role: 'rep' } as Member;
const account = (id: string, mode: Account['mode'] = 'together') =>
  ({ id, inbox: 'sales', address: `${id}@baton.example`, mode }) as Account;
const team = (capabilities: Capability[], accounts: Account[]): Team => ({
  workspace: '',
  members: [anna],
  inboxes: [{ id: 'sales', access: [{ member: 'anna', capabilities }] } as unknown as Inbox],
  accounts,
  reviews: [],
});

test('a rep begins from the mailboxes they may both work in and send from', () => {
  const all = [account('sales'), account('leads')];
  const addresses = (capabilities: Capability[]) =>
    writable(team(capabilities, all), anna).map((one) => one.address);
  expect(addresses(['read', 'work', 'sendOnBehalf'])).toEqual(['leads@baton.example', 'sales@baton.example']);
  expect(addresses(['read', 'work'])).toEqual([]);
  expect(addresses(['read', 'sendAs'])).toEqual([]);
});

test('who leads may begin from all, an observer and a mailbox that is only watched from none', () => {
  const all = [account('sales'), account('old', 'watch')];
  expect(writable(team([], all), { ...anna, role: 'manager' }).map((one) => one.id)).toEqual(['sales']);
  expect(writable(team(['work', 'sendAs'], all), { ...anna, role: 'observer' })).toEqual([]);
  expect(writable(team(['work', 'sendAs'], all), null)).toEqual([]);
});

test('a customer is one address, with or without a name', () => {
  expect(customer('Carl Brandt <carl@acme.example>')).toEqual({
    name: 'Carl Brandt',
    email: 'carl@acme.example',
  });
  expect(customer(' carl@acme.example ')).toEqual({ name: '', email: 'carl@acme.example' });
  expect(customer('carl')).toBeNull();
  expect(customer('carl@acme.example, dora@acme.example')).toBeNull();
  expect(customer('')).toBeNull();
});
