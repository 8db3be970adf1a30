import type { Theme } from '$lib/api/types/Theme';

const dark = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-color-scheme: dark)');
let chosen: Theme = 'system';

/** Puts the theme on the root element; the system's own is followed as it changes. */
export function applyTheme(theme: Theme): void {
  chosen = theme;
  const isDark = theme === 'dark' || (theme === 'system' && dark?.matches === true);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}

dark?.addEventListener('change', () => applyTheme(chosen));
