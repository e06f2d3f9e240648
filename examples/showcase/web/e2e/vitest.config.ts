import { defineConfig } from 'vitest/config'

/** A real server and a real browser: one test after the other, in one process that keeps the browser open. */
export default defineConfig({
  cacheDir: '../node_modules/.vite-e2e',
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    fileParallelism: false,
    isolate: false,
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    globalSetup: ['./global.ts'],
  },
})
