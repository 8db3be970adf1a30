import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { alias, plugins } from './vite.shared.ts';

/** The interface on a scripted backend, for looking at it: `npm run preview`. Never part of a build. */
export default defineConfig({
  root: fileURLToPath(new URL('./preview', import.meta.url)),
  plugins: plugins()
    .flat()
    .filter((plugin) => plugin !== null),
  resolve: { alias },
  clearScreen: false,
  publicDir: fileURLToPath(new URL('./public', import.meta.url)),
  cacheDir: fileURLToPath(new URL('./node_modules/.vite-preview', import.meta.url)),
  server: { port: 1430, strictPort: true, fs: { allow: ['..'] } },
});
