import { defineConfig } from 'vite';
import { alias, plugins } from './vite.shared.ts';

export default defineConfig({
  plugins: plugins(),
  resolve: { alias },
  clearScreen: false,
  // The port the desktop's development window expects (tauri.conf.json).
  server: { port: 1420, strictPort: true },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The oldest engines the desktop runs on: WebKitGTK 2.44, WebView2, WKWebView of macOS 14.
    target: ['safari17', 'chrome120'],
    // The window's Content-Security-Policy allows no inline script: the preload polyfill would be one.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
