import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'commands/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['tests/architecture/fixtures/**', 'node_modules/**'],
    testTimeout: 60_000,
    // Many tests run real processes on real clocks; on a machine that others load, one may come too late. A fault fails
    // twice.
    retry: process.env['CI'] === undefined ? 0 : 1,
    pool: 'forks',
    maxWorkers: 2,
  },
});
