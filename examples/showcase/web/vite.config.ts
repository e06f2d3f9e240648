import { defineConfig } from 'vitest/config'

/** Where the API answers while the page is served by Vite. */
const api = process.env.CONTEST_API ?? 'http://127.0.0.1:8080'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    // The Content-Security-Policy allows nothing inline: neither small files as data, nor a script for preloading.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': api } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
