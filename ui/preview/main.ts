/**
 * The interface on the scripted backend. `?theme=dark`, `?language=de`,
 * `?state=firstRun|locked|signedOut|offline|empty|held|exceptions|folders|reviewed|same|merged|split|huge`, `?open=1042`.
 */
import '../src/lib/shared/base.css';
import { mount } from 'svelte';
import App from '../src/App.svelte';
import { Desk } from '../src/lib/desk.svelte';
import { language } from '../src/lib/session/language.svelte';
import { applyTheme } from '../src/lib/session/theme';
import type { Row } from '../src/lib/api/types/Row';
import type { Theme } from '../src/lib/api/types/Theme';
import { HOUR, MINUTE, mira, NOW } from '../test/scripted/cast';
import { exceptions, oddities, unseen } from '../test/scripted/exceptions';
import { movedIn } from '../test/scripted/folders';
import { scenes } from '../test/scripted/inbox';
import { twoMatters } from '../test/scripted/splitting';
import { again, merged, twice } from '../test/scripted/merging';
import { ScriptedBackend } from '../test/scripted/scripted';

const query = new URLSearchParams(location.search);
const backend = new ScriptedBackend(query.get('state') === 'empty' ? [] : scenes());
const theme = query.get('theme') as Theme | null;
if (theme) backend.settings = { ...backend.settings, theme };
const spoken = query.get('language');
if (spoken) {
  backend.settings = { ...backend.settings, language: spoken };
  language.choose(spoken);
}
applyTheme(theme ?? 'system');

switch (query.get('state')) {
  case 'reviewed':
    for (const id of ['c-1037', 'c-1038', 'c-1031'])
      backend.scene(id).conversation.fine = {
        by: 'm-mira',
        at: NOW,
        until: NOW + 8 * 60 * MINUTE,
        reasons: [],
      };
    break;
  case 'exceptions':
    backend.exceptions = [...exceptions, twice, ...oddities];
    break;
  case 'same':
  case 'merged': {
    const other = again();
    backend.scenes.push(other, again(1048, 'Re: Forty seats', 2 * HOUR));
    if (query.get('state') === 'merged') merged(other, backend.scene('c-1042'), 'm-anna', NOW - 140 * MINUTE);
    break;
  }
  case 'split':
    backend.scenes.push(twoMatters());
    break;
  case 'firstRun':
    backend.state = { type: 'firstRun' };
    backend.answers.testMailbox = () => ({
      messages: 20_034,
      steps: [
        { step: 'imapConnect', server: 'imap.murmel.example:993', problem: null, tookMs: 12 },
        { step: 'imapTls', server: 'imap.murmel.example:993', problem: null, tookMs: 31 },
        { step: 'imapLogin', server: 'imap.murmel.example:993', problem: null, tookMs: 80 },
        { step: 'imapFolders', server: 'imap.murmel.example:993', problem: null, tookMs: 9 },
        { step: 'smtpConnect', server: 'smtp.murmel.example:465', problem: null, tookMs: 14 },
        { step: 'smtpTls', server: 'smtp.murmel.example:465', problem: null, tookMs: 22 },
        { step: 'smtpLogin', server: 'smtp.murmel.example:465', problem: null, tookMs: 61 },
      ],
      forecast: {
        folders: [
          { name: 'INBOX', planned: 'takenIn', messages: 20_034 },
          { name: 'Sent', planned: 'ours', messages: 8_120 },
          { name: 'Done', planned: 'left', messages: 1_412, offered: true, proposed: { type: 'done' } },
          { name: 'Anna', planned: 'left', messages: 40, offered: true },
          { name: 'Ben', planned: 'left', messages: null, offered: true },
          { name: 'Messe 2026', planned: 'left', messages: 310, offered: true },
          { name: 'Trash', planned: 'left', messages: 77 },
        ],
        recent: 214,
        uncounted: 0,
      },
    });
    break;
  case 'folders':
    backend.me = mira;
    backend.exceptions = [unseen];
    movedIn(backend);
    break;
  case 'locked':
    backend.state = { type: 'locked', reason: 'org.freedesktop.secrets: no such name', passphraseSet: false };
    break;
  case 'signedOut':
    backend.state = {
      type: 'signedOut',
      address: 'https://baton.murmel.example',
      email: 'anna@murmel.example',
    };
    break;
  case 'offline':
    backend.connection = {
      state: {
        type: 'offline',
        since: NOW - 4 * MINUTE,
        next: NOW + 8_000,
        error: { code: 'unreachable', message: '' },
      },
      server: 'https://baton.murmel.example',
      waiting: 3,
      held: 0,
    };
    break;
  case 'held':
    backend.held = [
      {
        id: 'h-1',
        conversation: 'c-1042',
        number: 1042,
        subject: 'Quote for 40 phone booths and delivery to Kiel',
        body: {
          type: 'reply',
          draft: 'd',
          digest: '',
          token: 1,
          after: { type: 'nothingMore' },
          quote: null,
          close: null,
        },
        draft: {
          to: [{ name: 'Carl Brandt', email: 'carl@acme-logistics.example' }],
          cc: [],
          subject: 'Re: Quote',
          text: 'Hi Carl,\n\nthe first ten before Easter will work.',
          files: [],
        },
        why: { type: 'ownerChanged', owner: 'm-ben' },
        issuedAt: NOW - 50 * MINUTE,
      },
    ];
    break;
  case 'huge': {
    const template = backend.row(scenes()[0]!);
    const total = 100_000;
    backend.answers.list = ({ offset, limit }) => ({
      rows: Array.from({ length: Math.min(limit, total - offset) }, (_, n): Row => ({
        ...template,
        id: `h-${offset + n}`,
        number: offset + n,
        group: 'rest',
        subject: `Conversation number ${offset + n}`,
      })),
      total,
      groups: [{ group: 'rest', count: total }],
    });
    break;
  }
}

const desk = new Desk(backend);
Object.assign(window, { desk, backend });
const target = document.getElementById('app');
if (target) mount(App, { target, props: { desk } });

const open = query.get('open');
if (open) addEventListener('baton:ready', () => void desk.go(`c-${open}`));
