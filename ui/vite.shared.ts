import { fileURLToPath } from 'node:url';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';

/** Seen from here, wherever the root of what is built is. */
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The plugins every build of the interface needs: the compiler and the message catalogue. */
export function plugins() {
  return [
    paraglideVitePlugin({
      project: at('./project.inlang'),
      outdir: at('./src/lib/paraglide'),
      strategy: ['preferredLanguage', 'baseLocale'],
      emitTsDeclarations: true,
    }),
    svelte({ configFile: at('./svelte.config.js') }),
  ];
}

export const alias = {
  $lib: at('./src/lib'),
  $test: at('./test'),
};
