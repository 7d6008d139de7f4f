import { defineConfig } from 'vitest/config';

/** Tests in a real Chromium, apart from `npm test`: they need Debian's chromium and some minutes. */
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.browser.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // A browser, a bot and a market on one machine: a glance may come a moment too early. A fault fails twice.
    retry: process.env['CI'] === undefined ? 0 : 1,
    pool: 'forks',
    // One after the other: each starts a bot and a browser of its own.
    fileParallelism: false,
  },
});
