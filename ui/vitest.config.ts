import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { alias, plugins } from './vite.shared.ts';

/** Tests run in a real browser: what is tested is what people get. */
export default defineConfig({
  plugins: plugins(),
  resolve: { alias },
  // Looked for anew at every start: what an older cache lacks would be found in the middle of a test, which is then loaded again.
  optimizeDeps: { include: ['temporal-polyfill', 'axe-core'], force: true },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: ['./test/setup.ts'],
    testTimeout: 15_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      viewport: { width: 1280, height: 800 },
      provider: playwright({
        launchOptions: {
          executablePath: process.env.BATON_CHROMIUM ?? '/usr/bin/chromium',
          args: ['--no-sandbox', '--disable-dev-shm-usage'],
        },
        contextOptions: { locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});
