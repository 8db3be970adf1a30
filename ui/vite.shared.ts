import { fileURLToPath } from 'node:url';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';

/** The plugins every build of the interface needs: the compiler and the message catalogue. */
export function plugins() {
  return [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      strategy: ['preferredLanguage', 'baseLocale'],
      emitTsDeclarations: true,
    }),
    svelte(),
  ];
}

export const alias = {
  $lib: fileURLToPath(new URL('./src/lib', import.meta.url)),
  $test: fileURLToPath(new URL('./test', import.meta.url)),
};
