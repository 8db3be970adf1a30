import '../src/lib/shared/base.css';
import { afterEach, beforeEach } from 'vitest';
import { language } from '../src/lib/session/language.svelte';
import { applyTheme } from '../src/lib/session/theme';
import { clock } from '../src/lib/time/clock.svelte';
import { zone } from '../src/lib/time/zone.svelte';
import { NOW } from './scripted/cast';

// Tests speak English, in Berlin, on a Thursday in November.
beforeEach(() => {
  language.choose('en');
  zone.choose('Europe/Berlin');
  clock.set(NOW);
  applyTheme('light');
});

afterEach(() => {
  localStorage.clear();
  document.querySelector('.baton-hint')?.setAttribute('hidden', '');
});
